"""Whether a business date is proven, as another Dag asks before it uses the data."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from parity.compare.result import Verdict
from parity.errors import BadInput
from parity.flow.proof import why_unproven
from parity.history.records import ActivityKey, ActivityRecord, RunRecord
from parity.history.store import Store, open_store

DAY = date(2026, 3, 31)
SETTLE, LEDGER = "parity.payments.settle", "parity.db.ledger"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(f"sqlite:///{tmp_path / 'results.db'}")


def record(store: Store, verdict: Verdict, *names: str, suite: str = "payments", hour: int = 2) -> None:
    at = datetime(2026, 4, 1, hour, tzinfo=UTC)
    store.record_run(RunRecord(suite, f"run-{hour}", DAY, at, at, verdict))
    for name in names:
        key = ActivityKey(suite, name, DAY, f"run-{hour}")
        store.record_activity(ActivityRecord(key, verdict, "3 rows differ.", at))


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.WAIVED])
def test_a_green_date_is_proven(store: Store, verdict: Verdict) -> None:
    record(store, verdict, "settle")
    assert why_unproven(store, SETTLE, DAY) == ""


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.INVALID])
def test_the_newest_result_counts_and_the_run_to_look_at_is_named(store: Store, verdict: Verdict) -> None:
    record(store, Verdict.PASS, "settle")
    record(store, verdict, "settle", hour=3)
    why = why_unproven(store, SETTLE, DAY)
    assert why == f"{SETTLE} is not proven for {DAY}: settle is {verdict}, 3 rows differ. See parity show 2."


def test_what_was_not_compared_is_not_proven(store: Store) -> None:
    record(store, Verdict.PASS, "refund")
    assert "settle was not compared. Run parity__payments for that date." in why_unproven(store, SETTLE, DAY)
    assert why_unproven(store, SETTLE, date(2026, 3, 30)) != ""


def test_an_example_proves_nothing(store: Store) -> None:
    at = datetime(2026, 4, 1, 2, tzinfo=UTC)
    example = ActivityKey("payments", "settle", DAY, "seeded__1")
    store.record_activity(ActivityRecord(example, Verdict.PASS, "equal", at))
    assert "settle was not compared" in why_unproven(store, SETTLE, DAY)


def test_a_database_is_proven_by_a_run_of_every_table_only(store: Store) -> None:
    record(store, Verdict.PASS, "accounts", suite="db.ledger")
    assert "(database) was not compared. Run parity_db__ledger" in why_unproven(store, LEDGER, DAY)
    record(store, Verdict.PASS, "accounts", "(database)", suite="db.ledger")
    assert why_unproven(store, LEDGER, DAY) == ""
    record(store, Verdict.FAIL, "accounts", suite="db.ledger", hour=3)
    assert "accounts is FAIL" in why_unproven(store, LEDGER, DAY)


def test_a_table_that_a_later_run_of_the_whole_database_lacks_is_gone(store: Store) -> None:
    record(store, Verdict.FAIL, "accounts", "scratch", "(database)", suite="db.ledger")
    record(store, Verdict.PASS, "accounts", "scratch", suite="db.ledger", hour=3)
    record(store, Verdict.FAIL, "scratch", suite="db.ledger", hour=4)
    record(store, Verdict.PASS, "accounts", "(database)", suite="db.ledger", hour=5)
    assert why_unproven(store, LEDGER, DAY) == ""
    record(store, Verdict.FAIL, "scratch", suite="db.ledger", hour=6)
    assert "scratch is FAIL" in why_unproven(store, LEDGER, DAY)


@pytest.mark.parametrize("asset", ["payments.settle", "parity.payments", "parity.wave.1", "parity.a.b.c", ""])
def test_what_is_no_asset_of_a_verdict_is_refused(store: Store, asset: str) -> None:
    with pytest.raises(BadInput, match=r"Write parity\.<suite>\.<activity> or parity\.db\.<database>\."):
        why_unproven(store, asset, DAY)
