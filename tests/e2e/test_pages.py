"""The pages of the results store in a browser, at three widths, held against axe-core's rules."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_core_python.selenium import Axe
from fastapi import FastAPI
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from parity.clients.artefacts import Artefacts
from parity.compare.result import CauseCount, ColumnFacts, Money, NotCompared, Result, Rows, Verdict
from parity.flow.database_run.files import DatabaseRunFiles
from parity.flow.database_run.plan import DATABASE, DatabaseRunPlan
from parity.flow.database_run.records import RecordContext, records
from parity.history.records import ActivityKey, ActivityRecord, ExpectationResult, RemoteRun, RunRecord
from parity.history.store import Store, open_store
from parity.suite.databases import Database
from parity.suite.models import Cause
from parity.tablediff.schema.cutover import CutoverLine
from parity.tablediff.schema.diff import SchemaDifference
from parity.tablediff.verdict import DatabaseResult, TableResult
from parity.web.app import create_app
from parity.web.pages import database_page, write_run_page
from parity.web.site import write_site

pytestmark = pytest.mark.browser
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
LAST = date(2026, 3, 31)
NIGHTS = 70
AT = datetime(2026, 4, 1, 2, 30, tzinfo=UTC)
LEDGER = DatabaseRunPlan("ledger", "db.ledger", "ledger", LAST)
PAGES = [
    "",
    "?verdict=FAIL&nights=30",
    "activities/payments/flaps",
    "runs/1",
    "runs/broken",
    "runs/ledger",
    "waivers",
    "readiness",
    "doctor",
    "artefacts/site/index.html",
    f"artefacts/{LEDGER.folder}/{DATABASE}/report.html",
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The pages over a store with nights of every verdict."""
    folder = tmp_path_factory.mktemp("pages")
    store, artefacts = open_store(f"sqlite:///{folder / 'results.db'}"), Artefacts.on_disk(folder / "artefacts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARITY_SUITES", str(declare(folder / "suites")))
        record(store)
        record_broken(store)
        record_database(store, artefacts)
        write_site(store, artefacts, "payments", AT)
        yield from serve(create_app(lambda: store, lambda: artefacts))


def serve(app: FastAPI) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def declare(folder: Path) -> Path:
    """Write a suite with waivers of each state, and return its folder."""
    (folder / "sql").mkdir(parents=True)
    (folder / "sql/any.sql").write_text("select id, fee from any_table")
    activities = [
        {"name": name, "legacy": {"sql": "any.sql"}, "target": {"table": "payments.any"}, "key": ["id"]}
        for name in ("flaps", "waived", "repaired")
    ]
    suite = {
        "suite": "payments",
        "owner": "payments-data",
        "wave": 1,
        "azure": {"pipeline": "ingestion", "helper_job": "parity-helper"},
        "aws": {"database": "legacy", "workgroup": "parity", "max_scan": "20 GiB"},
        "activities": activities,
    }
    (folder / "payments.yaml").write_text(json.dumps(suite))
    (folder / "waivers.yaml").write_text(json.dumps({"waivers": [waiver(name) for name in WAIVERS]}))
    return folder


WAIVERS = {
    "PAY-482": ("covers", 41, "2999-12-31"),
    "PAY-490": ("over_cap", 61, "2999-12-31"),
    "PAY-311": ("unused", 0, "2999-12-31"),
    "PAY-207": ("expired", 3, "2026-03-01"),
    "PAY-501": ("", 0, "2999-12-31"),
}
"""Ticket → the state and the rows of the newest night, and the last day."""


def waiver(ticket: str) -> dict[str, Any]:
    return {
        "suite": "payments",
        "activity": "waived",
        "column": "remittance_note",
        "cause": "null_vs_empty",
        "kind": "changed",
        "owner": "vendor-data-lead",
        "reason": "The vendors' portal writes an empty note where the lake has none; it moves in wave 2.",
        "ticket": ticket,
        "approved_by": "head of finance" if ticket == "PAY-482" else None,
        "expires": WAIVERS[ticket][2],
        "max_rows": 60,
    }


def applied(ticket: str) -> dict[str, Any]:
    state, rows, _ = WAIVERS[ticket]
    return {**waiver(ticket), "rows_condition": None, "state": state, "rows": rows, "money": {}, "note": ""}


def record_broken(store: Store) -> None:
    """Record a run in which one activity broke, two waited for it, one differs and three are equal."""
    store.record_run(RunRecord("vendors", "broken", LAST, AT, AT, Verdict.INVALID, "load, settle, refund."))
    ran = ("adf_pipeline", "glue", "adf_activity", "athena", "databricks")
    broken = "The Data Factory activity: 2108 The cluster of load could not be started. Repair it, then recover."
    for name, reached, facts in (
        ("load", 2, {"broken_stage": "adf_activity", "first_broken": broken}),
        ("settle", 2, {"broken_stage": "adf_activity", "caused_by": "load", "first_broken": broken}),
        ("refund", 2, {"broken_stage": "adf_activity", "caused_by": "load", "first_broken": broken}),
        ("fees", 5, {"report": "vendors/r/fees/report.json", "rows": Rows(1000, 1000, 990, 10)}),
        ("clients", 5, {"report": "vendors/r/clients/report.json", "rows": Rows(50, 50, 50)}),
    ):
        verdict = Verdict.INVALID if reached < 5 else Verdict.FAIL if name == "fees" else Verdict.PASS
        runs = tuple(RemoteRun(kind, "1", "Succeeded", "https://cloud.test/1") for kind in ran[:reached])
        key = ActivityKey("vendors", name, LAST, "broken")
        found = (ExpectationResult("legacy", "ExpectColumnToExist", "id", "critical", "pass"),) * (reached == 5)
        store.record_activity(ActivityRecord(key, verdict, "", AT, remote_runs=runs, findings=found, **facts))


def record_database(store: Store, artefacts: Artefacts) -> None:
    """Record a run of a database whose schema and one table differ."""
    result = DatabaseResult(
        "ledger",
        Verdict.FAIL,
        "3 rows differ in 1 table (entries); 1 schema difference.",
        (
            TableResult("entries", Result(Verdict.FAIL, "3 rows differ.", Rows(900, 900, 897, 3))),
            TableResult("accounts", Result(Verdict.PASS, "90 rows equal.", Rows(90, 90, 90))),
        ),
        (SchemaDifference("entries.by_day", "index", "missing", "(booked_on)", None),),
        (CutoverLine("sql_mode", "differs", "STRICT_TRANS_TABLES", ""), CutoverLine("TLS", "ok", "1.3", "1.3")),
        (NotCompared("table tmp_x", "scratch tables"),),
        ("8.0.40", "8.0.42"),
        (CutoverLine("engine version", "differs", "8.0.40", "8.0.42"),),
    )
    plan = LEDGER
    files = DatabaseRunFiles(artefacts, plan)
    reports = {"entries": files.write_table(result.tables[0])}
    reports[DATABASE] = files.write_result(result, database_page(result))
    spec = Database.model_validate({"database": "ledger", "owner": "o", "legacy": "a", "target": "b"})
    store.record_run(RunRecord(plan.key, plan.run_id, LAST, AT, AT, Verdict.FAIL, result.reason))
    store.record_activities(records(spec, plan, result, reports, RecordContext(1, AT, "a")))
    write_run_page(store.run(plan.run_id), artefacts, plan.folder)


def record(store: Store) -> None:
    """Record the nights of a suite with an activity that flaps, one under a waiver, and one that was repaired."""
    for back in range(NIGHTS):
        day = LAST - timedelta(days=back)
        at = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
        verdicts = {
            "flaps": Verdict.FAIL if back % 3 else Verdict.PASS,
            "waived": Verdict.WAIVED,
            "repaired": Verdict.INVALID if back > 30 else Verdict.PASS,
        }
        worst = Verdict.FAIL if back % 3 else Verdict.WAIVED
        store.record_run(RunRecord("payments", f"r{day}", day, at, at, worst, "3 activities"))
        store.record_activities(activity(name, verdict, day, at) for name, verdict in verdicts.items())


def activity(name: str, verdict: Verdict, day: date, at: datetime) -> ActivityRecord:
    changed = 0 if verdict is Verdict.PASS else day.day
    causes = (CauseCount(Cause.ROUNDING, changed, "cut"), CauseCount(Cause.UNEXPLAINED, 2, ""))
    fee = ColumnFacts("fee", 1000, changed, causes, (Money("EUR", Decimal(1), Decimal(changed), changed),))
    return ActivityRecord(
        ActivityKey("payments", name, day, f"r{day}"),
        verdict,
        "fee is cut" if changed else "",
        at,
        Rows(1000, 1000, 1000 - changed, changed),
        columns=(fee,) if changed else (),
        seconds=20 + day.day / 3,
        bytes_scanned=4_000_000,
        waivers=tuple(applied(ticket) for ticket in WAIVERS if WAIVERS[ticket][0]) if name == "waived" else (),
        suite_sha="a" if day < date(2026, 3, 1) else "b",
    )


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.binary_location = "/usr/bin/chromium"
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [500, 820, 1280])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_breaks_no_rule_of_axe(
    browser: webdriver.Chrome, site: str, page: str, width: int, colours: str
) -> None:
    browser.set_window_size(width, 1200)
    features = [{"name": "prefers-color-scheme", "value": colours}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get(f"{site}/{page}")
    found = Axe().run(browser)
    assert found["passes"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == []
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")


def test_the_newest_night_is_in_view_and_a_night_is_read_out_by_keyboard(
    browser: webdriver.Chrome, site: str
) -> None:
    browser.set_window_size(500, 1200)
    browser.get(site)
    grid = browser.find_element(By.CSS_SELECTOR, ".grid")
    newest = browser.find_elements(By.CSS_SELECTOR, ".heat tbody tr:nth-child(2) td a")[-1]
    assert newest.rect["x"] + newest.rect["width"] <= grid.rect["x"] + grid.rect["width"] + 1
    browser.execute_script("arguments[0].focus()", newest)
    assert browser.find_element(By.ID, "about").text == f"clients, {LAST}: PASS"
    newest.click()
    assert browser.find_element(By.TAG_NAME, "h1").text.startswith(f"vendors, {LAST}")
