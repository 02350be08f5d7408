"""The tables of the pages for spreadsheets and programs."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi import Depends, HTTPException
from fastapi.testclient import TestClient

from parity.clients.artefacts import Artefacts
from parity.compare.control_totals import ControlTotals
from parity.compare.result import CauseCount, ColumnFacts, Money, MoneyTotal, Rows, Verdict
from parity.flow.codec import to_text
from parity.flow.database_run.files import FACTS
from parity.flow.database_run.plan import DATABASE
from parity.history.records import ActivityKey, ActivityRecord, RunRecord
from parity.history.store import Store, open_store
from parity.suite.models import Cause
from parity.tablediff.schema.cutover import CutoverLine
from parity.tablediff.schema.diff import SchemaDifference
from parity.tablediff.verdict import DatabaseResult
from parity.web.app import create_app
from parity.web.tables import FILTERS

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 3, 2, tzinfo=UTC)


def activity(
    name: str, day: date = DAY, reason: str = "", suite: str = "payments", **facts: Any
) -> ActivityRecord:
    verdict = facts.pop("verdict", Verdict.PASS)
    return ActivityRecord(ActivityKey(suite, name, day, f"run-{day}"), verdict, reason, NOW, **facts)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    kept = open_store(f"sqlite:///{tmp_path / 'results.db'}")
    for back in range(3):
        day = DAY - timedelta(days=back)
        kept.record_run(
            RunRecord("payments", f"run-{day}", day, NOW, NOW, Verdict.PASS, "", url="https://airflow")
        )
        kept.record_activities([activity("fees", day), activity("refund", day)])
    return kept


@pytest.fixture
def artefacts(tmp_path: Path) -> Artefacts:
    return Artefacts.on_disk(tmp_path / "artefacts")


@pytest.fixture
def pages(store: Store, artefacts: Artefacts) -> TestClient:
    return TestClient(create_app(lambda: store, lambda: artefacts))


def rows(pages: TestClient, address: str) -> list[dict[str, Any]]:
    answer = pages.get(f"/tables/{address}")
    assert answer.status_code == 200, answer.text
    if ".json" in address:
        found: list[dict[str, Any]] = answer.json()["rows"]
        return found
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_csv_and_json_hold_the_same_rows_the_oldest_first(pages: TestClient) -> None:
    for form in ("csv", "json"):
        found = rows(pages, f"results.{form}?activity=fees")
        assert [(one["business_date"], one["verdict"]) for one in found] == [
            ("2026-02-28", "PASS"),
            ("2026-03-01", "PASS"),
            ("2026-03-02", "PASS"),
        ]
    answer = pages.get("/tables/results.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="parity-results.csv"'


def test_only_the_newest_result_of_a_date_is_listed(store: Store, pages: TestClient) -> None:
    again = activity("fees", verdict=Verdict.FAIL)
    later = replace(again, recorded=NOW + timedelta(hours=1), key=replace(again.key, run_id="again"))
    store.record_activity(later)
    assert [one["run_id"] for one in rows(pages, "results.csv?activity=fees&since=2026-03-02")] == ["again"]
    assert rows(pages, "results.csv?activity=fees&since=2026-03-02&verdict=PASS") == []


def followed(pages: TestClient, address: str | None) -> list[dict[str, Any]]:
    """Return the rows of a table, page by page to its end."""
    found: list[dict[str, Any]] = []
    while address:
        answer = pages.get(f"/tables/{address}")
        found += answer.json()["rows"]
        address = answer.json()["next"]
        assert ('rel="next"' in answer.headers.get("link", "")) == bool(address)
    return found


@pytest.mark.parametrize("name", ["runs", "results", "causes", "money", "control_totals", "run"])
def test_pages_of_any_size_follow_each_other_to_the_end(store: Store, pages: TestClient, name: str) -> None:
    money = tuple(Money(currency, Decimal(1), Decimal(1), 1) for currency in ("CHF", "EUR", "USD"))
    causes = (CauseCount(Cause.ROUNDING, 7, ""), CauseCount(Cause.SIGN, 1, ""))
    facts = {"columns": (ColumnFacts("fee", 9, 7, causes, money),), "control_totals": ControlTotals(glue=9)}
    store.record_run(RunRecord("invoices", "r", DAY, NOW, NOW, Verdict.PASS, ""))
    store.record_activities([activity(one, suite="payments", **facts) for one in ("a, b", "fees", "Ä/%&")])
    store.record_activity(activity("fees", suite="invoices", **facts))
    run = "&run=1" if name == "run" else ""
    whole = rows(pages, f"{name}.json?size=10000{run}")
    assert len(whole) >= 4
    for size in (1, 2, 3, len(whole)):
        assert followed(pages, f"{name}.json?size={size}{run}") == whole


def test_control_totals_say_what_each_cloud_counted_and_where_rows_went(store: Store, pages: TestClient) -> None:
    sums = (MoneyTotal("amount", "EUR", Decimal("5012.40"), Decimal("4998.15")),)
    totals = ControlTotals(glue=1203, athena=1203, databricks=1200, money=sums)
    store.record_activity(activity("fees", control_totals=totals))
    expected = {
        "business_date": "2026-03-02",
        "suite": "payments",
        "activity": "fees",
        "glue_wrote": 1203,
        "data_factory_read": None,
        "data_factory_copied": None,
        "athena_returned": 1203,
        "databricks_exported": 1200,
        "gaps": ["Databricks exported 3 rows fewer than Athena returned"],
        "money": [{"column": "amount", "currency": "EUR", "legacy": "5012.40", "target": "4998.15"}],
    }
    assert rows(pages, "control_totals.json") == [expected]
    [line] = rows(pages, "control_totals.csv?suite=payments&since=2026-03-02")
    assert (line["glue_wrote"], line["data_factory_copied"], line["gaps"]) == ("1203", "", *expected["gaps"])
    assert json.loads(line["money"]) == expected["money"]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1+1", "'+1+1"),
        ("-2-3", "'-2-3"),
        ("@sum", "'@sum"),
        ("\t=1", "'\t=1"),
        ("＝1", "'＝1"),
        ("-5.20", "-5.20"),
        ('said "no", twice\nand left', 'said "no", twice\nand left'),
    ],
)
def test_no_text_is_a_formula_and_no_number_is_spoilt(
    store: Store, pages: TestClient, text: str, cell: str
) -> None:
    store.record_activity(activity("odd", reason=text))
    [found] = rows(pages, "results.csv?activity=odd")
    assert found["reason"] == cell
    [plain] = rows(pages, "results.json?activity=odd")
    assert plain["reason"] == text


def test_causes_and_money_have_tables_of_their_own(store: Store, pages: TestClient) -> None:
    money = (Money("EUR", Decimal("-0.10"), Decimal("12345678901234567890.12"), 7),)
    causes = (CauseCount(Cause.ROUNDING, 7, "half-even"),)
    store.record_activity(activity("fees", columns=(ColumnFacts("fee", 9, 7, causes, money),)))
    [sums] = rows(pages, "money.csv")
    assert (sums["business_date"], sums["currency"], sums["net"]) == ("2026-03-02", "EUR", "-0.10")
    [cause] = rows(pages, "causes.json")
    assert (cause["column_name"], cause["cause"], cause["row_count"]) == ("fee", "rounding", 7)


def test_a_run_lists_its_activities_with_what_they_waited_for(store: Store, pages: TestClient) -> None:
    waited = activity("refund", broken_stage="adf_activity", caused_by="load", rows=Rows(9, 8, 7, 1, 1))
    store.record_activity(waited)
    found = {one["activity"]: one for one in rows(pages, "run.json?run=1")}
    assert set(found) == {"fees", "refund"}
    assert (found["refund"]["caused_by"], found["refund"]["rows_missing"]) == ("load", 1)


def test_a_database_lists_its_schema_and_its_cut_over(
    store: Store, pages: TestClient, artefacts: Artefacts
) -> None:
    store.record_run(RunRecord("db.ledger", "r", DAY, NOW, NOW, Verdict.FAIL))
    store.record_activity(
        replace(
            activity(DATABASE, suite="db.ledger"),
            key=ActivityKey("db.ledger", DATABASE, DAY, "r"),
            report=f"db.ledger/2026-03-02/r/{DATABASE}/report.json",
        )
    )
    result = DatabaseResult(
        "ledger",
        Verdict.FAIL,
        "1 difference",
        schema=(SchemaDifference("a.by_day", "index", "missing", "x", None),),
        cutover=(CutoverLine("sql_mode", "differs", "STRICT", ""),),
        cloud=(CutoverLine("engine version", "ok", "8.0", "8.0"),),
    )
    assert pages.get("/tables/schema.csv?run=r").status_code == 404
    artefacts.write(f"db.ledger/2026-03-02/r/{DATABASE}/{FACTS}", to_text(result))
    [difference] = rows(pages, "schema.csv?run=r&dag=parity_db__ledger")
    assert (difference["object"], difference["difference"]) == ("a.by_day", "missing")
    assert [one["check"] for one in rows(pages, "cutover.json?run=r")] == ["sql_mode", "engine version"]
    page = pages.get("/runs/r").text
    for said in ("a.by_day", "sql_mode", "engine version", "tables/cutover.csv?run=4"):
        assert said in page
    assert pages.get("/tables/schema.csv?run=1").status_code == 404


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("nothing.csv", 404, "There are runs, results"),
        ("results.xml", 422, "csv"),
        ("run.csv", 400, "Add run=NUMBER"),
        ("run.csv?run=99", 400, "no run"),
        ("doctor.csv", 404, "doctor/report.json"),
        ("runs.csv?activity=fees", 400, "no filter 'activity'. It has suite"),
        ("runs.csv?colour=red", 422, "colour"),
        ("results.csv?since=yesterday", 422, "since"),
        ("results.csv?size=100000", 422, "size"),
        ("results.csv?page=2", 422, "page"),
        ("results.csv?after=3", 422, "after"),
        ('results.csv?after=["yesterday","payments","fees"]', 400, "Take after from next"),
        ('results.csv?after=["2026-03-02"]', 400, "Take after from next"),
        ("waivers.csv?after=[-1]", 400, "Take after from next"),
    ],
)
def test_what_a_table_does_not_have_is_refused(pages: TestClient, address: str, status: int, words: str) -> None:
    answer = pages.get(f"/tables/{address}")
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


def test_every_table_is_behind_the_guard(store: Store, artefacts: Artefacts) -> None:
    def nobody() -> None:
        raise HTTPException(401)

    guarded = TestClient(create_app(lambda: store, lambda: artefacts, [Depends(nobody)]))
    for name in FILTERS:
        for form in ("csv", "json"):
            assert guarded.get(f"/tables/{name}.{form}").status_code == 401


def test_what_is_found_and_not_stored_has_every_column(pages: TestClient, artefacts: Artefacts) -> None:
    line = {
        "place": "AWS",
        "status": "missing",
        "kind": "Glue job",
        "name": "a",
        "detail": "",
        "remedy": "=1",
        "needed_by": ["payments"],
    }
    artefacts.write("doctor/report.json", json.dumps({"lines": [line]}))
    [found] = rows(pages, "doctor.csv")
    assert (found["name"], found["remedy"], found["needed_by"]) == ("a", "'=1", "payments")
    assert rows(pages, "incidents.csv") == []
