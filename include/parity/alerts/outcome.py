"""The outcome of a run, as the alerts need it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from parity.compare.control_totals import ControlTotals
from parity.compare.result import ColumnFacts, Rows, Verdict
from parity.suite.models import Severity

NO_ROWS = Rows()


@dataclass(frozen=True)
class ActivityOutcome:
    """How one activity ended."""

    name: str
    verdict: Verdict
    reason: str
    severity: Severity = Severity.CRITICAL
    rows: Rows = NO_ROWS
    columns: tuple[ColumnFacts, ...] = ()
    broken_expectations: tuple[tuple[str, str], ...] = ()
    """(subject, expectation) of what failed at severity critical."""
    first_failure: str = ""
    """Its first failure, as text: ``ADF activity settle: UserError 2011 …``."""
    caused_by: str = ""
    """Activity whose failure made this one INVALID; it is not paged separately."""
    control_totals: ControlTotals | None = None
    url: str = ""
    recorded: datetime | None = None
    """When its verdict was recorded; None: just now."""


@dataclass(frozen=True)
class RunOutcome:
    """How a suite's run ended."""

    suite: str
    business_date: date
    run_id: str
    activities: tuple[ActivityOutcome, ...]
    url: str = ""
    owner: str = ""
    run_issue: str = ""
    """Why the run is not green although no activity is red: a pipeline that failed elsewhere, another date of its
    range, or a plan that failed, so that there is no activity at all."""
    whole: bool = True
    """Whether everything that is declared was part of the run."""

    @property
    def green(self) -> bool:
        """Return whether everything that is declared was compared and is green."""
        equal = bool(self.activities) and all(activity.verdict.green for activity in self.activities)
        return self.whole and equal and not self.run_issue
