"""What a task remembers of the run that it started, and for how long that counts.

It survives a retry, a killed worker and a restarted triggerer, and is told apart from a task that somebody
cleared on purpose: Airflow raises a task's ``max_tries`` when it is cleared and at no other time, to the tries so
far and the task's retries. That number names the *generation* of a run, together with the retries: with fewer of
them than before, two clears could come to the same number. Within one generation a run is found again; a new
generation starts a fresh one (otherwise "run it again after the fix" would compare the old output). The key is the
business key, never the task's position.

A run that is deleted and made again has the same id, the same tasks and the same ``max_tries``: nothing that a
worker is told of a Dag run differs. What is remembered goes with the deleted run, though, so each submission has a
random part, which is written down before anything is submitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from uuid import uuid4

SUBMITTED = "submitted"
"""XCom key of the run that a task has to cancel when it is stopped."""


@dataclass(frozen=True)
class Submission:
    """One attempt at one remote run."""

    generation: int
    number: int
    token: str
    run_id: str = ""
    asked: str = ""
    """ISO time at which it was first about to be made; set, an earlier attempt may have made it."""
    cancelled: bool = False
    made: Mapping[str, Any] = field(default_factory=dict)
    """What it was made by and from (:mod:`parity.flow.provenance`), as it was when it was submitted."""
    retries: int | None = None
    """The task's retries when it was submitted; None for one that does not say."""


class SubmissionStore:
    """The submission of one task, in Airflow's task state store."""

    def __init__(self, context: Any, business_key: str) -> None:
        self._store = context["task_state_store"]
        self._ti = context["ti"]
        self._business_key = business_key
        self._key = f"remote_run:{business_key}"

    def current(self) -> Submission:
        """Return what is remembered of this generation, or a first submission that has not been made."""
        known = self._kept()
        return known if known and self._is_now(known) else self._submission(1)

    @property
    def redone(self) -> bool:
        """Tell whether what is remembered is of an earlier generation, so that somebody cleared the task."""
        known = self._kept()
        return known is not None and not self._is_now(known)

    def after(self, submission: Submission) -> Submission:
        """Return the submission that follows one that came to nothing."""
        return self._submission(submission.number + 1)

    def keep(self, submission: Submission) -> Submission:
        """Write it down; done *before* submitting too, so that a crash in between is found by its token."""
        self._store.set(self._key, asdict(submission))
        return submission

    def cancelled(self) -> None:
        """Remember that the run was cancelled, so that nobody waits for it again."""
        self.keep(replace(self.current(), cancelled=True))

    def _kept(self) -> Submission | None:
        data = self._store.get(self._key)
        return Submission(**data) if data else None

    def _is_now(self, known: Submission) -> bool:
        return known.generation == self._generation and known.retries in (None, self._retries)

    @property
    def _generation(self) -> int:
        return int(self._ti.max_tries)

    @property
    def _retries(self) -> int | None:
        task = getattr(self._ti, "task", None)
        return None if task is None else int(task.retries)

    def _submission(self, number: int) -> Submission:
        ti, generation = self._ti, self._generation
        place = f"{self._business_key}|{ti.dag_id}|{ti.run_id}|{ti.task_id}"
        token = f"{place}|{uuid4().hex}|{generation}.{number}"
        return Submission(generation, number, token, retries=self._retries)
