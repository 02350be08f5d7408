"""What is written is read back, once, whoever writes it and however often."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from parity.compare.result import Verdict
from parity.errors import BadInput
from parity.history import tables
from parity.history.records import ActivityRecord, RunRecord
from parity.history.store import Store, open_store

Night = Callable[..., ActivityRecord]
Run = Callable[..., RunRecord]


def count(store: Store, table: sa.Table) -> int:
    with store.engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_a_result_is_read_back_as_it_was(store: Store, full: ActivityRecord) -> None:
    store.record_activity(full)
    assert store.activity_history("payments", "settle") == (full,)


def test_writing_a_result_again_replaces_it_and_leaves_no_parts(store: Store, full: ActivityRecord) -> None:
    store.record_activity(full)
    store.record_activity(full)
    assert count(store, tables.results) == 1
    assert count(store, tables.remote_runs) == 2
    bare = replace(full, verdict=Verdict.PASS, columns=(), findings=(), remote_runs=())
    store.record_activity(bare)
    assert store.activity_history("payments", "settle") == (bare,)
    assert [count(store, part) for part in tables.PARTS] == [0] * len(tables.PARTS)


def test_a_night_of_many_tables_is_written_in_a_few_transactions(store: Store, full: ActivityRecord) -> None:
    many = [replace(full, key=replace(full.key, activity=f"t{at}")) for at in range(501)]
    commits: list[sa.Connection] = []
    sa.event.listen(store.engine, "commit", commits.append)
    store.record_activities([*many, many[0]])
    assert len(commits) == 2
    assert count(store, tables.results) == 501
    assert store.activity_history("payments", "t500") == (many[500],)


def test_a_run_keeps_its_number_when_it_ends(store: Store, run: Run) -> None:
    begun = replace(run(0, verdict=None), ended=None)
    number = store.record_run(begun)
    assert store.record_run(run(0)) == number
    [kept] = store.runs()
    assert kept == replace(run(0), id=number)


def test_runs_are_listed_newest_first_and_by_suite(store: Store, run: Run) -> None:
    for position in (1, 3, 2):
        store.record_run(run(position))
    store.record_run(run(9, suite="other"))
    assert [r.run_id for r in store.runs("payments", limit=2)] == ["run-3", "run-2"]
    assert [r.suite for r in store.runs(limit=1)] == ["other"]


def test_a_run_is_found_by_number_and_by_id_with_the_last_attempts(store: Store, run: Run, night: Night) -> None:
    number = store.record_run(run(0))
    for record in (night(0, "INVALID"), night(0, "PASS", attempt=2), night(0, "FAIL", activity="fees")):
        store.record_activity(record)
    for name in (str(number), "run-0"):
        detail = store.run(name)
        assert detail.run.id == number
        assert [(a.key.activity, a.key.attempt) for a in detail.activities] == [("fees", 1), ("settle", 2)]


def test_a_run_that_is_not_there_is_bad_input(store: Store) -> None:
    with pytest.raises(BadInput, match="There is no run 'nope'"):
        store.run("nope")


def test_a_run_id_of_two_suites_asks_for_a_number(store: Store, run: Run) -> None:
    store.record_run(run(0))
    store.record_run(run(0, suite="other"))
    with pytest.raises(BadInput, match="2 runs are called 'run-0'"):
        store.run("run-0")
    assert store.run("run-0", suite="other").run.suite == "other"


def test_the_last_attempt_of_a_night_is_what_counts(store: Store, night: Night) -> None:
    store.record_activity(night(0, "FAIL"))
    store.record_activity(night(0, "PASS", attempt=2))
    [latest] = store.activity_history("payments", "settle")
    assert latest.verdict is Verdict.PASS


def test_the_history_of_an_activity_has_one_result_per_night(store: Store, night: Night) -> None:
    for record in (night(0, "FAIL"), night(1, "FAIL"), night(1, "PASS", attempt=2)):
        store.record_activity(record)
    history = store.activity_history("payments", "settle")
    assert [(r.key.business_date, r.verdict) for r in history] == [
        (night(1, "PASS").key.business_date, Verdict.PASS),
        (night(0, "PASS").key.business_date, Verdict.FAIL),
    ]
    assert len(store.activity_history("payments", "settle", limit=1)) == 1


def test_purging_takes_what_is_old_with_all_its_parts(
    store: Store, full: ActivityRecord, night: Night, run: Run
) -> None:
    store.record_activity(full)
    store.record_activity(night(5, "PASS"))
    store.record_run(run(0))
    store.record_run(run(5))
    assert store.purge(full.key.business_date + timedelta(days=1)) == 1
    assert count(store, tables.results) == 1
    assert count(store, tables.runs) == 1
    assert [count(store, part) for part in tables.PARTS] == [0] * len(tables.PARTS)


def test_many_writers_of_one_key_leave_one_row(store: Store, full: ActivityRecord, run: Run) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = set(pool.map(lambda _: store.record_run(run(0)), range(16)))
        list(pool.map(lambda _: store.record_activity(full), range(16)))
    assert len(numbers) == 1
    assert store.activity_history("payments", "settle") == (full,)


def test_opening_a_store_many_times_at_once_makes_its_tables_once(tmp_path: Path, full: ActivityRecord) -> None:
    url = f"sqlite:///{tmp_path / 'results.db'}"
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: open_store(url), range(8)))
    stores[0].record_activity(full)
    assert stores[-1].activity_history("payments", "settle") == (full,)


def test_a_naive_time_is_refused(store: Store, full: ActivityRecord) -> None:
    with pytest.raises(sa.exc.StatementError, match="aware times only"):
        store.record_activity(replace(full, recorded=datetime(2026, 3, 2)))  # noqa: DTZ001


@pytest.mark.parametrize("url", ["nonsense", "nosuch://db"])
def test_a_url_that_cannot_be_is_bad_input(url: str) -> None:
    with pytest.raises(BadInput, match="cannot be opened"):
        open_store(url)


def entry(number: int) -> dict[str, object]:
    return {
        "id": f"{number:064d}",
        "suite": "payments",
        "incident": "i",
        "channel": "slack",
        "event": "new",
        "payload": {"lines": ["wrong"]},
        "created": datetime(2026, 3, 2, 3, number, tzinfo=UTC),
    }


def test_an_entry_of_the_outbox_is_written_once_and_is_unsent_until_it_is_sent(store: Store) -> None:
    store.change_alerts("payments", lambda _: ([], [entry(2), entry(1)]))
    store.change_alerts("payments", lambda _: ([], [entry(1)]))
    assert [waiting["id"] for waiting in store.unsent("payments")] == [f"{1:064d}", f"{2:064d}"]
    store.mark_sent(f"{1:064d}", datetime(2026, 3, 2, 4, tzinfo=UTC))
    assert [waiting["id"] for waiting in store.unsent("payments")] == [f"{2:064d}"]
    assert store.unsent("other") == []
