"""The records of runs and their activities."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from parity.compare.control_totals import ControlTotals
from parity.compare.result import ColumnFacts, Rows, Verdict

NO_ROWS = Rows()
SEEDED = "seeded__"
"""What the ids of examples begin with, such as the past that the demo brings along. They prove nothing."""


@dataclass(frozen=True)
class RemoteRun:
    """One run in a cloud that belongs to an activity's result."""

    kind: str
    """adf_pipeline, adf_activity, databricks, athena or glue."""
    run_id: str
    state: str = ""
    url: str = ""
    error: str = ""


@dataclass(frozen=True)
class ExpectationResult:
    """One finding of Great Expectations."""

    side: str
    expectation: str
    subject: str
    severity: str
    outcome: str
    message: str = ""


@dataclass(frozen=True)
class ActivityKey:
    """What makes an activity's result unique; writing it twice replaces it."""

    suite: str
    activity: str
    business_date: date
    run_id: str
    attempt: int = 1

    @property
    def seeded(self) -> bool:
        """Return whether its run is an example."""
        return self.run_id.startswith(SEEDED)


@dataclass(frozen=True)
class ActivityRecord:
    """One activity of one run. Money and cost are exact decimals."""

    key: ActivityKey
    verdict: Verdict
    reason: str
    recorded: datetime
    """When it was recorded; aware."""
    rows: Rows = NO_ROWS
    columns: tuple[ColumnFacts, ...] = ()
    """Only columns with differences need to be here."""
    findings: tuple[ExpectationResult, ...] = ()
    remote_runs: tuple[RemoteRun, ...] = ()
    severity: str = "critical"
    first_broken: str = ""
    """The first stage that failed and why; empty when none did."""
    broken_stage: str = ""
    """Id of that stage."""
    caused_by: str = ""
    """Another activity whose failure this one waited for in vain."""
    seconds: float = 0.0
    report: str = ""
    """Path or URL of the report."""
    suite_sha: str = ""
    waivers: tuple[dict[str, Any], ...] = ()
    cost_usd: Decimal = Decimal(0)
    bytes_scanned: int = 0
    control_totals: ControlTotals | None = None
    """None: nothing was compared, or what was compared are two databases."""


@dataclass(frozen=True)
class RunRecord:
    """One run of a suite for one business date."""

    suite: str
    run_id: str
    business_date: date
    started: datetime
    ended: datetime | None = None
    verdict: Verdict | None = None
    """None while it runs."""
    reason: str = ""
    wave: int = 1
    suite_sha: str = ""
    url: str = ""
    id: int | None = None
    """Short number given by the store."""

    @property
    def seeded(self) -> bool:
        """Return whether it is an example."""
        return self.run_id.startswith(SEEDED)


@dataclass(frozen=True)
class RunDetail:
    """One run and, of each activity, the last attempt."""

    run: RunRecord
    activities: tuple[ActivityRecord, ...] = ()
