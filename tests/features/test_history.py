"""Steps of ``history.feature``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pytest_bdd import given, parsers, scenarios, then, when

from parity.compare.result import Verdict
from parity.history import tables
from parity.history.records import ActivityKey, ActivityRecord, RunRecord
from parity.history.store import Store, open_store

scenarios("history.feature")

FIRST = date(2026, 3, 2)
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
NAME = "settle_card_payments"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    opened = open_store(f"sqlite:///{tmp_path / 'results.db'}")
    yield opened
    opened.engine.dispose()


def record(position: int, verdict: str, attempt: int = 1) -> ActivityRecord:
    key = ActivityKey("payments", NAME, FIRST + timedelta(days=position), f"run-{position}", attempt)
    return ActivityRecord(key, Verdict(verdict), "", NOON + timedelta(days=position, minutes=attempt))


@given(parsers.parse("a night in which {name} was INVALID at the first attempt and PASS at the second"))
def two_attempts(store: Store, name: str) -> None:
    store.record_run(RunRecord("payments", "run-0", FIRST, NOON))
    store.record_activity(record(0, "INVALID"))
    store.record_activity(record(0, "PASS", attempt=2))


@when("the second attempt is recorded again")
def again(store: Store) -> None:
    store.record_activity(record(0, "PASS", attempt=2))


@then(parsers.parse("the run shows {name} with {verdict}"))
def shows(store: Store, name: str, verdict: str) -> None:
    detail = store.run("run-0")
    assert [(a.key.activity, a.verdict.value) for a in detail.activities] == [(name, verdict)]


@then(parsers.parse("the store holds {count:d} results"))
def holds(store: Store, count: int) -> None:
    with store.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.results)).scalar() == count


@given(parsers.parse("{name} was PASS, FAIL, INVALID and FAIL on four business dates"))
def four_nights(store: Store, name: str) -> None:
    for position, verdict in enumerate(("PASS", "FAIL", "INVALID", "FAIL")):
        store.record_activity(record(position, verdict))


@when("everything before the third business date is purged")
def purge(store: Store) -> None:
    store.purge(FIRST + timedelta(days=2))
