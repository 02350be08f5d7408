"""The issues of a run, each with a fingerprint that stays the same from run to run.

An activity that could not be compared because another one failed is no issue of its own: the first failure is
reported once. Only names and counts are used, never a value of a row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from parity.alerts.outcome import ActivityOutcome, RunOutcome
from parity.compare.result import ColumnFacts, Money, Verdict
from parity.suite.models import Severity
from parity.wording import plural

COULD_NOT_COMPARE = "could_not_compare"
LATE = "late"
NOT_GREEN = "night_not_green"
NOT_IN_PLACE = "not_in_place"
AWAITED = "awaited"
MISSING = "missing_rows"
EXTRA = "extra_rows"
EXPECTATION = "expectation"
DIFFERENT = "different"
"""Causes that are not of a column; the others are :class:`parity.suite.models.Cause`."""


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong with one activity, or with the run itself (``activity`` is empty)."""

    activity: str
    column: str
    """For a run that is late, its id: each late run is an issue of its own."""
    cause: str
    what: str
    """Part of a sentence, such as ``differs``."""
    severity: Severity = Severity.CRITICAL
    rows: int = 0
    money: tuple[Money, ...] = ()

    def fingerprint(self, suite: str) -> str:
        """Return 64 hex digits that identify the same issue in later runs."""
        parts = (suite, self.activity, self.column, self.cause)
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def find_issues(run: RunOutcome) -> tuple[Issue, ...]:
    """Return every issue, without those that another one caused."""
    red = {activity.name for activity in run.activities if not activity.verdict.green}
    what = "is not green, though every activity is" if run.activities else "was not compared"
    of_run = (Issue("", "", NOT_GREEN, what),) if run.run_issue else ()
    return of_run + tuple(
        issue
        for activity in run.activities
        if activity.name in red and activity.caused_by not in red
        for issue in _of_activity(activity)
    )


def _of_activity(activity: ActivityOutcome) -> Iterator[Issue]:
    if activity.verdict is Verdict.INVALID:
        yield Issue(activity.name, "", COULD_NOT_COMPARE, "could not be compared", activity.severity)
        return
    found = [*_of_columns(activity), *_of_rows(activity), *_of_expectations(activity)]
    yield from found or [
        Issue(activity.name, "", DIFFERENT, "differs", activity.severity, activity.rows.different)
    ]


def _of_columns(activity: ActivityOutcome) -> Iterator[Issue]:
    for column in activity.columns:
        if column.different and not column.causes:
            yield _column(activity, column, "unexplained", column.different)
        for cause in column.causes:
            yield _column(activity, column, cause.cause, cause.rows)


def _column(activity: ActivityOutcome, column: ColumnFacts, cause: str, rows: int) -> Issue:
    what = f"{column.name} differs in {plural(rows, 'row')} ({str(cause).replace('_', ' ')})"
    return Issue(activity.name, column.name, str(cause), what, activity.severity, rows, column.money)


def _of_rows(activity: ActivityOutcome) -> Iterator[Issue]:
    for cause, count, side in ((MISSING, activity.rows.missing, "target"), (EXTRA, activity.rows.extra, "legacy")):
        if count:
            verb = "is" if count == 1 else "are"
            what = f"{plural(count, 'row')} {verb} not on the {side} side"
            yield Issue(activity.name, "", cause, what, activity.severity, count)


def _of_expectations(activity: ActivityOutcome) -> Iterator[Issue]:
    for subject, expectation in activity.broken_expectations:
        what = f"{expectation} failed on {subject}"
        yield Issue(activity.name, subject, f"{EXPECTATION}:{expectation}"[:64], what, activity.severity)
