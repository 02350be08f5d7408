"""Results stores, and nights to put into them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from parity.compare.control_totals import ControlTotals
from parity.compare.result import CauseCount, ColumnFacts, Money, MoneyTotal, Rows, Verdict
from parity.history.records import ActivityKey, ActivityRecord, ExpectationResult, RemoteRun, RunRecord
from parity.history.store import Store, open_store
from parity.suite.models import Cause

DAY = date(2026, 3, 2)
EXACT = (Decimal("12345678901234567890.12"), Decimal("-0.10"))
NOON = datetime(2026, 3, 3, 2, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store in a file."""
    opened = open_store(f"sqlite:///{tmp_path / 'deep' / 'results.db'}")
    yield opened
    opened.engine.dispose()


@pytest.fixture
def full() -> ActivityRecord:
    """A result that uses every field."""
    amount = ColumnFacts(
        "amount",
        100,
        7,
        (CauseCount(Cause.ROUNDING, 5, "half-even"), CauseCount(Cause.UNEXPLAINED, 2)),
        (Money("EUR", Decimal("-0.10"), Decimal("12345678901234567890.12"), 7),),
    )
    return ActivityRecord(
        key=ActivityKey("payments", "settle", DAY, "scheduled__2026-03-02T02:00:00+00:00"),
        verdict=Verdict.FAIL,
        reason="7 rows differ — größer",
        recorded=NOON,
        rows=Rows(100, 101, 93, 7, 0, 1, 2, 3),
        columns=(amount, ColumnFacts("note", 100, 1)),
        findings=(
            ExpectationResult("legacy", "ExpectColumnToExist", "amount", "critical", "fail", "It is not there."),
        ),
        remote_runs=(
            RemoteRun("athena", "q-1", "SUCCEEDED", "https://example.test/q-1"),
            RemoteRun("databricks", "77", "FAILED", error="out of memory"),
        ),
        first_broken="",
        seconds=1.5,
        report="payments/report.json",
        suite_sha="ab" * 32,
        waivers=({"ticket": "PAY-1", "expires": "2026-06-30", "rows": 3},),
        cost_usd=Decimal("0.00048828125"),
        bytes_scanned=2**40,
        broken_stage="helper_job",
        caused_by="load",
        control_totals=ControlTotals(
            glue=100, copied=2**40, athena=100, databricks=101, money=(MoneyTotal("amount", "EUR", *EXACT),)
        ),
    )


@pytest.fixture
def night() -> Callable[..., ActivityRecord]:
    """Make the result of one night by its position and verdict."""

    def make(position: int, verdict: str, attempt: int = 1, activity: str = "settle") -> ActivityRecord:
        day = DAY + timedelta(days=position)
        return ActivityRecord(
            key=ActivityKey("payments", activity, day, f"run-{position}", attempt),
            verdict=Verdict(verdict),
            reason=f"attempt {attempt}",
            recorded=NOON + timedelta(days=position, minutes=attempt),
        )

    return make


@pytest.fixture
def run() -> Callable[..., RunRecord]:
    """Make a run by its position."""

    def make(position: int, suite: str = "payments", verdict: str | None = "PASS") -> RunRecord:
        day = DAY + timedelta(days=position)
        started = NOON + timedelta(days=position)
        known = Verdict(verdict) if verdict else None
        return RunRecord(suite, f"run-{position}", day, started, started + timedelta(minutes=9), known)

    return make
