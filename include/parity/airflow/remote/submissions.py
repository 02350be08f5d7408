"""The submission of a remote run, stored in Airflow, so that a retry finds the run and a clear starts a new one.

It survives a retry, a killed worker and a restarted triggerer. Clearing a task on purpose is recognised because
Airflow raises a task's ``max_tries`` when it is cleared and at no other time, to the tries so far and the task's
retries. That number is the *generation* of a run, together with the retries: with fewer of them than before, two
clears could give the same number. Within one generation a run is found again; a new generation starts a new one
(otherwise "run it again after the fix" would compare the old output). The key is the business key, never the
task's position.

A Dag run that is deleted and created again has the same id, the same tasks and the same ``max_tries``: a worker
sees no difference. What is stored goes with the deleted run, though, so each submission has a random part, which
is stored before anything is submitted.
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
    """One submission of one remote run."""

    generation: int
    number: int
    token: str
    run_id: str = ""
    asked: str = ""
    """ISO time at which it was first going to be made; if set, an earlier attempt may have made it."""
    cancelled: bool = False
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """Its provenance (:mod:`parity.flow.provenance`) when it was submitted, as JSON."""
    retries: int | None = None
    """The task's retries when it was submitted; None when that is unknown."""


class SubmissionStore:
    """The submission of one task, in Airflow's task state store."""

    def __init__(self, context: Any, business_key: str) -> None:
        self._store = context["task_state_store"]
        self._ti = context["ti"]
        self._business_key = business_key
        self._key = f"remote_run:{business_key}"

    def current(self) -> Submission:
        """Return the stored submission of this generation, or a first one that has not been made."""
        stored = self._stored()
        return stored if stored and self._is_current(stored) else self._submission(1)

    @property
    def cleared(self) -> bool:
        """Return whether the stored submission is of an earlier generation, because the task was cleared."""
        stored = self._stored()
        return stored is not None and not self._is_current(stored)

    def following(self, submission: Submission) -> Submission:
        """Return the submission after one that failed or was cancelled."""
        return self._submission(submission.number + 1)

    def save(self, submission: Submission) -> Submission:
        """Store it; done *before* submitting too, so that a run is found by its token after a crash in between."""
        self._store.set(self._key, asdict(submission))
        return submission

    def mark_cancelled(self) -> None:
        """Store that the run was cancelled, so that no task waits for it again."""
        self.save(replace(self.current(), cancelled=True))

    def _stored(self) -> Submission | None:
        data = self._store.get(self._key)
        return Submission(**data) if data else None

    def _is_current(self, stored: Submission) -> bool:
        return stored.generation == self._generation and stored.retries in (None, self._retries)

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
