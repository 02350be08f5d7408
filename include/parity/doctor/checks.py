"""Checks, run beside each other: an error of one is a line of its own and hides no other."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from parity.doctor.line import Finding, Line, Status, differs, missing, unreadable
from parity.errors import AccessDenied, BadInput, NotFound, ParityError

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")
WORKERS = 12
PATIENCE = 60.0
"""Seconds after which checks without an answer are reported as not readable."""
Progress = Callable[[int, int], None]
"""Called with the number of checks done and of all."""


class Unopened(Exception):
    """The connection that a check needs could not be opened; the connection has a line of its own."""


class Once(Generic[Answer]):
    """An answer that several checks need and that is asked for once; an error is raised for each of them."""

    def __init__(self, ask: Callable[[], Answer]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._answers: list[Answer] = []
        self._error: Exception | None = None

    def __call__(self) -> Answer:
        """Return the answer."""
        with self._lock:
            if self._error:
                raise self._error
            if not self._answers:
                try:
                    self._answers.append(self._ask())
                except Exception as error:
                    self._error = error
                    raise
            return self._answers[0]


@dataclass(frozen=True)
class Check:
    """One question to one place. ``ask`` returns what was found, or raises an error of :mod:`parity.errors`."""

    place: str
    kind: str
    name: str
    ask: Callable[[], Iterable[Finding]]
    right: str = ""
    """What to grant when access is denied: a command or a line of policy."""
    needed_by: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what makes two checks one."""
        return self.place, self.kind, self.name


def merged(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Return each check once, needed by all that need it, in the order of the first."""
    found: dict[tuple[str, str, str], Check] = {}
    for check in checks:
        first = found.get(check.key, check)
        needed = tuple(dict.fromkeys((*first.needed_by, *check.needed_by)))
        found[check.key] = Check(first.place, first.kind, first.name, first.ask, first.right, needed)
    return tuple(found.values())


def run_checks(
    checks: Iterable[Check],
    *,
    progress: Progress | None = None,
    patience: float = PATIENCE,
    workers: int = WORKERS,
) -> tuple[Line, ...]:
    """Return the lines of all checks in their order, after ``patience`` seconds at most."""
    wanted = merged(checks)
    questions = [partial(findings_of, check) for check in wanted]
    found = answers(questions, progress=progress, patience=patience, workers=workers)
    return tuple(
        Line(check.place, finding, check.needed_by)
        for at, check in enumerate(wanted)
        for finding in found.get(at) or (_late(check, patience),)
    )


def answers(
    questions: Sequence[Callable[[], Answer]],
    *,
    progress: Progress | None = None,
    patience: float = PATIENCE,
    workers: int = WORKERS,
) -> dict[int, Answer]:
    """Return the answers by position, of those that came within ``patience`` seconds; no question may raise.

    The threads do not outlive the process, so that one that hangs keeps nobody waiting.
    """
    asked: queue.SimpleQueue[int] = queue.SimpleQueue()
    arrived: queue.SimpleQueue[tuple[int, Answer]] = queue.SimpleQueue()
    for at in range(len(questions)):
        asked.put(at)

    def work() -> None:
        while True:
            try:
                at = asked.get_nowait()
            except queue.Empty:
                return
            arrived.put((at, questions[at]()))

    for _ in range(min(workers, len(questions))):
        threading.Thread(target=work, daemon=True).start()
    found: dict[int, Answer] = {}
    end = time.monotonic() + patience
    while len(found) < len(questions):
        try:
            at, answer = arrived.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            break
        found[at] = answer
        if progress:
            progress(len(found), len(questions))
    return found


def findings_of(check: Check) -> Sequence[Finding]:
    """Return what a check found, at least one finding; never raises."""
    try:
        return tuple(check.ask()) or (Finding(Status.OK, check.kind, check.name),)
    except Exception as error:  # noqa: BLE001 - an error of one check must never hide another's line
        return (finding_of(error, check.kind, check.name, check.right),)


def finding_of(error: Exception, kind: str, name: str, right: str = "") -> Finding:
    """Return the finding that an error is."""
    if isinstance(error, AccessDenied):
        return unreadable(kind, name, error.message, right or error.remedy)
    if isinstance(error, NotFound):
        return missing(kind, name, error.message, error.remedy)
    if isinstance(error, BadInput):
        return differs(kind, name, error.message, error.remedy)
    if isinstance(error, Unopened):
        return unreadable(kind, name, str(error))
    if isinstance(error, ParityError):
        return unreadable(kind, name, error.message, error.remedy)
    log.warning("A check of the doctor failed: %s %s", kind, name, exc_info=error)
    return unreadable(kind, name, f"The check itself failed ({type(error).__name__}: {error}).")


def _late(check: Check, patience: float) -> Finding:
    return unreadable(
        check.kind, check.name, f"No answer came within {patience:.0f} s.", "Check the address and the network."
    )
