"""Results in S3 and in ADLS, through Airflow's connections: one worker writes, another and the pages read."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from parity.airflow.connections.artefacts import open_artefacts
from parity.clients.artefacts import Artefacts
from parity.compare.result import Result, Rows, Verdict
from parity.errors import AccessDenied, BadInput, NotFound
from parity.expectations.docs import publish, refresh_above
from parity.expectations.findings import Finding, Findings, Outcome
from parity.flow.housekeeping import sweep_artefacts
from parity.flow.suite_run.files import FINDINGS, PAGE, ActivityFiles
from parity.history.records import ActivityKey, ActivityRecord, RunRecord
from parity.history.store import Store, open_store
from parity.web.app import create_app
from parity.web.pages import write_run_page
from parity_sandbox.demo.connections import connections
from parity_sandbox.world import aws

pytestmark = pytest.mark.sandbox
DAY = date(2026, 3, 2)
RUN = f"payments/{DAY}/run-1"
WRONG = (Finding("legacy", "ExpectColumnValuesToNotBeNull", "id", "critical", Outcome.FAIL, "3 <NULL>"),)


@pytest.fixture(params=["s3", "abfss"])
def place(request: Any, sandbox_light: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty folder in object storage, and Airflow's connections to it."""
    endpoints = sandbox_light.endpoints
    keys = {"login": endpoints.aws_access_key, "password": endpoints.aws_secret_key}  # of more than the exchange
    known = connections(endpoints)
    for name, connection in {**known, "aws_default": known["aws_default"] | keys}.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(connection))
    root = f"artefacts-{uuid4().hex[:8]}"
    if request.param == "s3":
        region = {"LocationConstraint": endpoints.region}
        aws.client(endpoints, "s3").create_bucket(Bucket=root, CreateBucketConfiguration=region)
        return f"s3://{root}/site"
    from azure.storage.blob import BlobServiceClient

    key = {"account_name": endpoints.storage_account, "account_key": endpoints.storage_key}
    BlobServiceClient(f"{endpoints.storage}/{endpoints.storage_account}", credential=key).create_container(root)
    return f"abfss://{root}@{endpoints.storage_account}.dfs.core.windows.net/site"


@pytest.fixture
def opened(place: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Artefacts]:
    """Open the folder as a worker, or the API server, does."""
    monkeypatch.setenv("PARITY_ARTEFACTS", place)
    return open_artefacts


def finish(artefacts: Artefacts, scratch: Path, folder: str, name: str) -> str:
    """Leave what an activity leaves, and return the name of its report."""
    files = ActivityFiles(artefacts, scratch, f"{folder}/{name}")
    report = files.write_result(Result(Verdict.FAIL, f"{name} differs", Rows(2, 2, 1, 1)))
    files.write(PAGE, f"<h1>{name}</h1>")
    docs = publish(artefacts, f"{folder}/{name}", {"legacy": "<p>page</p>"}, WRONG)
    files.write(FINDINGS, json.dumps({"findings": [], "details": [], "docs": docs, "seconds": 0.1}))
    return report


@pytest.fixture
def store(opened: Callable[[], Artefacts], tmp_path: Path) -> Store:
    """A results store with one finished run of two activities."""
    kept = open_store(f"sqlite:///{tmp_path / 'results.db'}")
    now = datetime(2026, 3, 3, 2, tzinfo=UTC)
    kept.record_run(RunRecord("payments", "manual__1", DAY, now, now, Verdict.FAIL, "differs"))
    for name in ("fees", "payouts"):
        report = finish(opened(), tmp_path, RUN, name)
        key = ActivityKey("payments", name, DAY, "manual__1")
        kept.record_activity(ActivityRecord(key, Verdict.FAIL, "differs", now, report=report))
    refresh_above(opened(), RUN)
    return kept


def test_another_worker_reads_what_one_has_written(opened: Callable[[], Artefacts], tmp_path: Path) -> None:
    written = Result(Verdict.FAIL, "Größe differs", Rows(2, 2, 1, 1))
    ActivityFiles(opened(), tmp_path / "one", f"{RUN}/fees").write_result(written)
    assert ActivityFiles(opened(), tmp_path / "other", f"{RUN}/fees").result() == written
    assert not list(tmp_path.rglob("report.json"))


def test_the_pages_lead_to_reports_and_data_docs(opened: Callable[[], Artefacts], store: Store) -> None:
    pages = TestClient(create_app(lambda: store, opened))
    run = pages.get("/runs/1").text
    assert f"artefacts/{RUN}/fees/report.html" in run
    assert pages.get(f"/artefacts/{RUN}/fees/report.html").text == "<h1>fees</h1>"
    assert f"artefacts/data_docs/{RUN}/payouts/index.html" in run
    docs = pages.get(f"/artefacts/data_docs/{RUN}/payouts/index.html")
    assert docs.headers["content-type"].startswith("text/html")
    assert "3 &lt;NULL&gt;" in docs.text
    for missing in (f"{RUN}/fees/nothing.html", "../x", "%2e%2e/x", ""):
        assert pages.get(f"/artefacts/{missing}").status_code == 404


def test_data_docs_sum_up_every_level(opened: Callable[[], Artefacts], store: Store, tmp_path: Path) -> None:
    later = "payments/2026-03-03/run-2"
    finish(opened(), tmp_path, later, "fees")
    refresh_above(opened(), later)
    index = opened().read("data_docs/payments/index.html").decode()
    assert index.index("2026-03-03") < index.index("2026-03-02")
    counted = json.loads(opened().read("data_docs/summary.json"))
    assert counted == {"pass": 0, "fail": 3, "invalid": 0}


def test_the_page_of_a_run_needs_no_server(opened: Callable[[], Artefacts], store: Store) -> None:
    name = write_run_page(store.run("1"), opened(), RUN)
    assert 'href="../../../payments/2026-03-02/run-1/fees/report.html"' in opened().read(name).decode()


def test_findings_come_back_as_they_went(opened: Callable[[], Artefacts], tmp_path: Path) -> None:
    files = ActivityFiles(opened(), tmp_path, f"{RUN}/fees")
    finish(opened(), tmp_path, RUN, "fees")
    assert isinstance(files.findings(), Findings)


def test_housekeeping_deletes_old_dates_and_nothing_else(opened: Callable[[], Artefacts], store: Store) -> None:
    opened().write("payments/notes/keep.txt", "mine")
    opened().write("payments/2026-03-03/run-2/fees/report.json", "{}")
    swept = sweep_artefacts(opened(), date(2026, 4, 1), timedelta(days=29))
    assert swept.deleted == 2  # the run's own folder of that date, and the one of its Data Docs
    assert swept.bytes > 0
    assert list(opened().folders("payments")) == ["2026-03-03", "notes"]
    assert opened().listed(f"data_docs/{RUN}") == []


def test_a_missing_artefact_is_not_found(opened: Callable[[], Artefacts]) -> None:
    with pytest.raises(NotFound):
        opened().read("payments/nothing.json")


def test_a_changed_secret_takes_effect_at_once(
    opened: Callable[[], Artefacts], place: str, monkeypatch: pytest.MonkeyPatch, sandbox_light: Any
) -> None:
    opened().write("a.txt", "a")
    known = connections(sandbox_light.endpoints)
    wrong = known["adls_default"] | {"password": "d3Jvbmc="}
    monkeypatch.setenv("AIRFLOW_CONN_ADLS_DEFAULT", json.dumps(wrong))
    if place.startswith("s3"):
        assert opened().read("a.txt") == b"a"
    else:
        with pytest.raises(AccessDenied):
            opened().read("a.txt")


def test_another_connection_can_be_named(opened: Callable[[], Artefacts], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARITY_ARTEFACT_CONNECTION", "results_lake")
    with pytest.raises(BadInput, match="Airflow has no connection 'results_lake'"):
        opened()


def test_an_unknown_kind_of_storage_says_what_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARITY_ARTEFACTS", "gs://bucket/site")
    with pytest.raises(BadInput, match="gs:// is no storage"):
        open_artefacts()
