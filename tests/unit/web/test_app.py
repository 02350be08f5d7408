from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from fastapi import Depends, HTTPException
from fastapi.testclient import TestClient

from parity.clients.artefacts import Artefacts
from parity.compare.control_totals import ControlTotals
from parity.compare.result import MoneyTotal, Rows, Verdict
from parity.doctor.implementation import Part, activity_move, unnamed_legacy
from parity.doctor.line import Line, missing, ok
from parity.doctor.report import Report
from parity.errors import AccessDenied
from parity.history.records import ActivityKey, ActivityRecord, RemoteRun, RunRecord
from parity.history.store import Store, open_store
from parity.web.app import create_app
from parity.web.doctor import save_report

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
RUN = RunRecord("payments", "manual__1", DAY, NOW, NOW, Verdict.FAIL, "compute_fees. <b>186</b> changed rows.")


def activity(name: str, verdict: Verdict) -> ActivityRecord:
    return ActivityRecord(
        key=ActivityKey("payments", name, DAY, "manual__1"),
        verdict=verdict,
        reason=f"{name} is {verdict}",
        recorded=NOW,
        rows=Rows(1000, 1000, 814, 186),
        report=f"payments/2026-03-02/run/{name}/report.json",
        remote_runs=(RemoteRun("athena", "q1", url="https://athena/q1"),),
    )


@pytest.fixture
def artefacts(tmp_path: Path) -> Path:
    folder = tmp_path / "artefacts" / "payments/2026-03-02/run/compute_fees"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("<h1>the report</h1>")
    (tmp_path / "secret.txt").write_text("not for you")
    return tmp_path / "artefacts"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    kept = open_store(f"sqlite:///{tmp_path / 'results.db'}")
    kept.record_run(RUN)
    kept.record_activity(activity("sync_clients", Verdict.PASS))
    kept.record_activity(activity("compute_fees", Verdict.FAIL))
    return kept


@pytest.fixture
def pages(store: Store, artefacts: Path) -> TestClient:
    return TestClient(create_app(lambda: store, lambda: Artefacts.on_disk(artefacts)))


def test_the_list_shows_each_run_with_its_verdict(pages: TestClient) -> None:
    page = pages.get("/").text
    assert "payments" in page
    assert ">FAIL<" in page


def test_what_came_from_outside_is_escaped(pages: TestClient) -> None:
    page = pages.get("/").text
    assert "<b>186</b>" not in page
    assert "&lt;b&gt;186" in page


@pytest.mark.parametrize("name", ["1", "manual__1"])
def test_a_run_is_found_by_number_and_by_id_with_the_worst_first(pages: TestClient, name: str) -> None:
    page = pages.get(f"/runs/{name}").text
    assert page.index("compute_fees") < page.index("sync_clients")
    assert "https://athena/q1" in page


def test_a_run_says_what_to_do_next_and_how_many_are_of_each_verdict(pages: TestClient) -> None:
    page = pages.get("/runs/1").text
    assert "Next: open the report; repair the job, or agree on a waiver." in page
    assert '<b class="FAIL">1</b>FAIL' in page
    assert '<b class="INVALID">0</b>INVALID' in page
    assert '<a href="../">Overview</a>' in page


def test_what_was_not_compared_has_no_counts(store: Store, pages: TestClient) -> None:
    unknown = replace(
        activity("lost", Verdict.INVALID), rows=Rows(), report="", first_broken="The export: " + "x" * 500
    )
    store.record_activity(unknown)
    page = pages.get("/runs/1").text
    row = page[page.index(">lost<") :]
    assert ">–<" in row[: row.index("</tr>")]
    assert "<details>" in row


def test_the_clouds_counts_are_shown_on_one_line_with_where_rows_went(store: Store, pages: TestClient) -> None:
    assert "Control totals" not in pages.get("/runs/1").text
    money = (MoneyTotal("amount", "<b>", Decimal(1), Decimal(2)),)
    totals = ControlTotals(glue=1203, athena=1200, databricks=1200, money=money)
    store.record_activity(replace(activity("compute_fees", Verdict.FAIL), control_totals=totals))
    page = pages.get("/runs/1").text
    assert [page.count(f'<td class="n">{count}</td>') for count in ("1,203", "not reported", "1,200")] == [1, 1, 2]
    assert "Athena returned 3 rows fewer than Glue wrote" in page
    assert "amount 1 → 2 &lt;b&gt;" in page


def test_only_reports_that_exist_are_linked(pages: TestClient) -> None:
    page = pages.get("/runs/1").text
    assert "compute_fees/report.html" in page
    assert "sync_clients/report.html" not in page


def test_verdicts_are_shown_while_the_artefacts_cannot_be_reached(store: Store) -> None:
    def lost() -> Artefacts:
        raise AccessDenied("S3 refused access to <bucket>.", remedy="Check the connection's rights.")

    pages = TestClient(create_app(lambda: store, lost))
    page = pages.get("/runs/1").text
    assert ">FAIL<" in page
    assert "Reports cannot be looked up now. S3 refused access to &lt;bucket&gt;. Check the connection" in page
    assert pages.get("/artefacts/payments/report.html").status_code == 502


def test_an_unknown_run_is_a_clear_404(pages: TestClient) -> None:
    assert pages.get("/runs/99").status_code == 404


def test_a_report_is_served_under_a_policy_that_forbids_other_addresses(pages: TestClient) -> None:
    answer = pages.get("/artefacts/payments/2026-03-02/run/compute_fees/report.html")
    assert answer.text == "<h1>the report</h1>"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["../secret.txt", "%2e%2e/secret.txt", "payments/..%2f..%2fsecret.txt", "nowhere"]
)
def test_nothing_outside_the_artefacts_is_served(pages: TestClient, path: str) -> None:
    answer = pages.get(f"/artefacts/{path}")
    assert answer.status_code == 404
    assert "not for you" not in answer.text


def test_every_page_is_behind_the_guard(store: Store, artefacts: Path) -> None:
    def nobody() -> None:
        raise HTTPException(401)

    guarded = TestClient(create_app(lambda: store, lambda: Artefacts.on_disk(artefacts), [Depends(nobody)]))
    for path in ("/", "/runs/1", "/artefacts/x"):
        assert guarded.get(path).status_code == 401
    assert guarded.get("/openapi.json").status_code == 404


def test_a_running_run_has_no_verdict_yet(store: Store, pages: TestClient) -> None:
    store.record_run(replace(RUN, run_id="manual__2", verdict=None, ended=None, reason=""))
    assert "running" in pages.get("/").text


def test_two_dags_whose_runs_share_an_id_have_a_page_each(pages: TestClient, store: Store) -> None:
    store.record_run(replace(RUN, suite="db.payments", reason="3 differences of schema"))
    assert pages.get("/runs/manual__1").status_code == 404
    assert "changed rows" in pages.get("/runs/manual__1", params={"dag": "parity__payments"}).text
    assert "3 differences of schema" in pages.get("/runs/manual__1", params={"dag": "parity_db__payments"}).text


def test_the_doctors_page_shows_lines_remedies_and_what_has_moved(pages: TestClient, artefacts: Path) -> None:
    assert "Trigger the Dag parity_doctor" in pages.get("/doctor").text
    lines = (
        Line("AWS", ok("identity", "arn:me", "account 1")),
        Line("AWS", missing("Glue job", "a<b>", "Glue has no job.", "Did you mean 'ab'?")),
    )
    job, gone = Part("job_a", state="SUCCEEDED 2026-03-02"), Part("act_a", False)
    moves = (activity_move("payments", 1, job, gone, Part(there=False)), unnamed_legacy("activity", "job_b"))
    save_report(Artefacts.on_disk(artefacts), Report(lines, NOW, 1.5, moves), "manual__1")
    page = pages.get("/doctor").text
    for text in (
        "a&lt;b&gt;",
        "→ Did you mean &#39;ab&#39;?",
        "account 1",
        "Wave 1",
        "not migrated",
        "job_b",
        "2026-03-03",
    ):
        assert text in page
    assert "<b>Glue" not in page
    assert pages.get("/").text.count('href="doctor"') == 1


def test_the_doctors_page_says_when_the_artefacts_cannot_be_reached(store: Store) -> None:
    def refused() -> Artefacts:
        raise AccessDenied("No.")

    page = TestClient(create_app(lambda: store, refused)).get("/doctor")
    assert page.status_code == 200
    assert "No." in page.text


@pytest.fixture
def guarded(store: Store, artefacts: Path) -> TestClient:
    """The pages for somebody who has not signed in."""

    def refuse() -> None:
        raise HTTPException(401, "Not authenticated")

    def login(back: str) -> str:
        return f"/login?next={back}"

    app = create_app(lambda: store, lambda: Artefacts.on_disk(artefacts), [Depends(refuse)], login)
    return TestClient(app, follow_redirects=False)


@pytest.mark.parametrize("path", ["/runs/1?dag=parity__payments", "/artefacts/a/report.html", "/"])
def test_a_browser_that_is_not_signed_in_goes_to_the_login_and_back(guarded: TestClient, path: str) -> None:
    answer = guarded.get(path, headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/login?next={path}"


def test_a_program_that_is_not_signed_in_gets_the_status(guarded: TestClient) -> None:
    for answer in (guarded.get("/runs/1"), guarded.post("/runs/1", headers={"accept": "text/html"})):
        assert answer.status_code in (401, 405)
        assert answer.json()["detail"] in ("Not authenticated", "Method Not Allowed")
