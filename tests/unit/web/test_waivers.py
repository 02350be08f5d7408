"""All waivers: declared in the files, used by the nights."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parity.clients.artefacts import Artefacts
from parity.compare.result import Verdict
from parity.history.records import ActivityKey, ActivityRecord, RunRecord
from parity.history.store import Store, open_store
from parity.settings import Settings
from parity.web.app import create_app
from parity.web.waivers import WaiverLine, waivers

TODAY = date(2026, 3, 10)
SUITE = """\
suite: payments
owner: payments-data
wave: 1
azure: {pipeline: ingestion, helper_job: parity-helper}
aws: {database: payments_legacy, workgroup: parity, max_scan: 20 GiB}
activities:
  - {name: fees, legacy: {sql: fees.sql}, target: {table: payments.fees}, key: [id]}
"""
DATABASE = """\
database: ledger
owner: ledger-data
wave: 1
legacy: ledger_legacy
target: ledger_target
"""


def waiver(ticket: str, expires: str = "2026-12-31", suite: str = "payments", **more: Any) -> dict[str, Any]:
    about = {"suite": suite, "activity": "fees", "owner": "vendors", "reason": "agreed <b>with</b> finance"}
    return {
        **about,
        "ticket": ticket,
        "expires": expires,
        "max_rows": 60,
        "kind": "changed",
        "column": "fee",
        **more,
    }


@pytest.fixture
def configured(tmp_path: Path) -> Settings:
    suites, databases = tmp_path / "suites", tmp_path / "databases"
    (suites / "sql").mkdir(parents=True)
    databases.mkdir()
    (suites / "sql" / "fees.sql").write_text("select id, fee from fees")
    (suites / "payments.yaml").write_text(SUITE)
    (databases / "ledger.yaml").write_text(DATABASE)
    return Settings(home=tmp_path, suites=suites, databases=databases)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(f"sqlite:///{tmp_path / 'results.db'}")


def declare(folder: Path, *declared: dict[str, Any]) -> None:
    (folder / "waivers.yaml").write_text(json.dumps({"waivers": declared}))


def night(
    store: Store, back: int, *applied: dict[str, Any], suite: str = "payments", activity: str = "fees"
) -> None:
    """Record a night in which waivers were matched; each has its state and rows."""
    day = TODAY - timedelta(days=back)
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    store.record_run(RunRecord(suite, f"r{day}", day, at, at, Verdict.WAIVED))
    key = ActivityKey(suite, activity, day, f"r{day}")
    full = tuple({"cause": None, "rows_condition": None, "money": {}, "note": "", **one} for one in applied)
    store.record_activity(ActivityRecord(key, Verdict.WAIVED, "", at, waivers=full))


def found(store: Store, configured: Settings) -> dict[str, WaiverLine]:
    return {line.ticket: line for line in waivers(store, configured, TODAY).lines}


def test_each_waiver_has_what_the_newest_night_made_of_it(store: Store, configured: Settings) -> None:
    declare(
        configured.suites,
        waiver("COVERS"),
        waiver("SOON", "2026-03-12"),
        waiver("STALE"),
        waiver("OVER"),
        waiver("ENDED", "2026-03-09"),
        waiver("NEW"),
    )
    night(store, 2, *(waiver(t, state="covers", rows=9) for t in ("COVERS", "SOON", "STALE", "OVER", "ENDED")))
    night(
        store,
        1,
        waiver("COVERS", state="covers", rows=7, money={"EUR": "1.20"}),
        waiver("SOON", state="covers", rows=1),
        waiver("STALE", state="unused", rows=0, note="it matches nothing: remove it"),
        waiver("OVER", state="over_cap", rows=61),
        waiver("ENDED", state="expired", rows=3),
    )
    lines = found(store, configured)
    assert {ticket: line.state for ticket, line in lines.items()} == {
        "OVER": "over cap",
        "ENDED": "expired",
        "SOON": "expires soon",
        "STALE": "stale",
        "COVERS": "covers",
        "NEW": "not applied yet",
    }
    assert [*lines] == ["OVER", "ENDED", "SOON", "STALE", "COVERS", "NEW"]  # what needs somebody first
    covers, stale = lines["COVERS"], lines["STALE"]
    assert (covers.used_rows, covers.max_rows, covers.used_money) == (7, 60, "1.20 EUR")
    assert (stale.used, stale.applied) == (date(2026, 3, 8), date(2026, 3, 9))


def test_a_waiver_that_was_taken_out_is_still_listed_while_a_night_needed_it(
    store: Store, configured: Settings
) -> None:
    declare(configured.suites, waiver("KEPT"))
    night(store, 3, waiver("LONG AGO", state="covers", rows=1))
    night(store, 1, waiver("KEPT", state="covers", rows=1), waiver("OUT", state="covers", rows=2))
    assert {ticket: line.state for ticket, line in found(store, configured).items()} == {
        "KEPT": "covers",
        "OUT": "removed",
    }


def test_a_databases_waivers_are_those_of_its_tables_and_of_its_schema(store: Store, configured: Settings) -> None:
    schema = waiver("DBA-1", suite="ledger", activity="entries", kind="schema", column=None)
    declare(configured.databases, schema)
    night(
        store,
        1,
        {**schema, "column": None, "state": "covers", "rows": 2},
        suite="db.ledger",
        activity="(database)",
    )
    line = found(store, configured)["DBA-1"]
    assert (line.suite, line.activity, line.state, line.used_rows) == ("db.ledger", "entries", "covers", 2)


def test_a_broken_file_is_named_and_hides_no_other_waiver(store: Store, configured: Settings) -> None:
    declare(configured.suites, waiver("KEPT"), waiver("LOST", activity="fess"))
    seen = waivers(store, configured, TODAY)
    assert [line.ticket for line in seen.lines] == ["KEPT"]
    assert "fess" in seen.lost
    assert "waivers.yaml" in seen.lost


def test_the_page_shows_them_escaped_with_the_used_part_of_the_cap(
    store: Store, configured: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(configured.suites, waiver("PAY-1", expires="2999-12-31", max_money=50, approved_by="head of finance"))
    night(store, 1, waiver("PAY-1", state="covers", rows=7, money={"EUR": "1.20"}))
    monkeypatch.setenv("PARITY_SUITES", str(configured.suites))
    monkeypatch.setenv("PARITY_DATABASES", str(configured.databases))
    pages = TestClient(create_app(lambda: store, lambda: Artefacts.on_disk(Path("/nowhere"))))
    page = pages.get("/waivers").text
    assert "agreed &lt;b&gt;with" in page
    assert "7 of 60 rows" in page
    assert "head of finance" in page
    assert "1.20 EUR of 50" in page
    assert 'href="activities/payments/fees"' in page
    answer = pages.get("/tables/waivers.json")
    assert answer.status_code == 200, answer.text
    [row] = answer.json()["rows"]
    assert (row["ticket"], row["state"], row["used_rows"], row["max_money"]) == ("PAY-1", "covers", 7, "50")
    assert pages.get("/tables/waivers.json?suite=other").json()["rows"] == []
