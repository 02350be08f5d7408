"""The ledger's night through a real scheduler, over two real database servers and both clouds' own APIs."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from sqlalchemy import select

from conftest import RunningSandbox, start_sandbox, stop_sandbox
from parity.history import tables
from parity.history.records import ActivityRecord
from parity.history.store import Store, open_store
from parity_sandbox.demo.airflow import USER, LocalAirflow
from parity_sandbox.demo.api import AirflowApi
from parity_sandbox.demo.connections import connections
from parity_sandbox.mysql import ledger
from parity_sandbox.status import ask

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.sandbox,
    pytest.mark.mariadb,
    pytest.mark.slow,
    pytest.mark.timeout(900),
]

PROJECT = Path(__file__).resolve().parents[3]
LEDGER, SLOW = "parity_db__ledger", "parity_db__slow"
FLAGS = ("--spark", "none", "--no-world", "--only", "aws,azure,databricks,sink,mysql")
ALERTS = 'alerts: [{slack: {connection: slack_default, channel: "#ledger"}}]\n'
SLOW_FILE = """
database: slow
owner: dba
legacy: rds_ledger
target: azure_ledger
throttle: {connections: 1, settle: 0s, first: 500, chunk: 50ms, rows_per_second: 2500, strategy: digest}
"""
"""Twenty thousand rows take eight seconds, in many chunks."""


@dataclass
class LedgerRun:
    """One run, as a person at the REST API sees it."""

    night: Night
    dag_id: str
    run_id: str

    def ended(self) -> str:
        return str(
            until(lambda: (state := self.night.api.run(self.dag_id, self.run_id)["state"]) in ENDED and state)
        )

    def tasks(self, name: str) -> list[dict[str, Any]]:
        return [t for t in self.night.api.tasks(self.dag_id, self.run_id) if t["task_id"] == name]

    def states(self) -> dict[str, list[str]]:
        found = self.night.api.tasks(self.dag_id, self.run_id)
        names = {task["task_id"] for task in found}
        return {name: sorted(str(t["state"]) for t in found if t["task_id"] == name) for name in names}

    def records(self) -> dict[str, ActivityRecord]:
        suite = self.dag_id.replace("parity_db__", "db.")
        return {record.key.activity: record for record in self.night.store.run(self.run_id, suite).activities}

    def verdicts(self) -> dict[str, str]:
        return {name: str(record.verdict) for name, record in self.records().items()}

    def report(self, activity: str) -> dict[str, Any]:
        path = self.night.home / "parity" / "artefacts" / self.records()[activity].report
        return dict(json.loads(path.read_text()))

    def clear(self, *task_ids: Any) -> None:
        body = {"dry_run": False, "dag_run_id": self.run_id, "task_ids": list(task_ids), "only_failed": False}
        body |= {"include_downstream": True, "reset_dag_runs": True}
        path = f"/api/v2/dags/{self.dag_id}/clearTaskInstances"
        self.night.api._http.post(path, json=body).raise_for_status()

    def logs(self, task: dict[str, Any]) -> str:
        folder = self.night.home / "logs"
        found = folder.rglob(f"*run_id={self.run_id}*/task_id={task['task_id']}/**/*.log")
        return "\n".join(file.read_text() for file in found)


@dataclass
class Night:
    """Airflow, both clouds, both servers, and the results store."""

    home: Path
    sandbox: RunningSandbox
    api: AirflowApi
    store: Store

    def planted(self, *defects: str) -> None:
        """Make both ledgers anew, the target's with these defects."""
        ledger.remember(self.sandbox.state, defects)
        ask(self.sandbox.state, "databases", method="POST")

    def run(self, dag_id: str = LEDGER, **conf: Any) -> LedgerRun:
        return LedgerRun(self, dag_id, self.api.trigger(dag_id, conf))

    def progress(self, table: str) -> dict[str, Any]:
        query = select(tables.checkpoints.c.state).where(tables.checkpoints.c.name == table)
        with self.store.engine.connect() as connection:
            found = connection.execute(query).scalar()
        return dict(json.loads(found)) if found else {}

    def updates(self) -> list[Any]:
        """Return every update of the ledger's asset."""
        events = self.api.get("/api/v2/assets/events", limit=1000)["asset_events"]
        return [event for event in events if event["name"] == "parity.db.ledger"]

    def reported(self) -> list[str]:
        messages = httpx.get(f"{self.sandbox.endpoints.sink}/_sandbox/messages").json()["messages"]
        return [json.dumps(message["body"], ensure_ascii=False) for message in messages]

    def rds(self) -> Any:
        at = self.sandbox.endpoints
        keys = {"aws_access_key_id": at.aws_access_key, "aws_secret_access_key": at.aws_secret_key}
        return boto3.client("rds", endpoint_url=at.aws, region_name=at.region, **keys)


ENDED = ("success", "failed")


def until(what: Callable[[], Any], timeout: float = 240.0) -> Any:
    deadline = time.monotonic() + timeout
    while not (answer := what()):
        assert time.monotonic() < deadline, f"nothing came of it in {timeout:.0f} s"
        time.sleep(0.2)
    return answer


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """A real Airflow with two databases to verify; it ends with the module."""
    home, state = tmp_path_factory.mktemp("airflow"), tmp_path_factory.mktemp("ledger")
    folder = tmp_path_factory.mktemp("databases")
    text = (PROJECT / "include" / "databases" / "ledger.yaml").read_text()
    before, _, rest = text.partition("alerts:")
    text = f"{before}{ALERTS}{rest.partition('exclude:')[1]}{rest.partition('exclude:')[2]}"
    (folder / "ledger.yaml").write_text(text)
    (folder / "slow.yaml").write_text(SLOW_FILE)
    (folder / "broken.yaml").write_text("database: broken\nowner: dba\nlegcy: x\n")
    settings = {"PARITY_HOME": str(home / "parity"), "PARITY_DATABASES": str(folder), "PARITY_SCHEDULED": "false"}
    sandbox = start_sandbox(state, *FLAGS)
    airflow = LocalAirflow(PROJECT, home, settings)
    try:
        airflow.start()
        airflow.connect(connections(sandbox.endpoints))
        airflow.wait(lambda _: None)
        api = AirflowApi(airflow.url, USER, airflow.password)
        for dag_id in (LEDGER, SLOW):
            api.wait_for_dag(dag_id)
        (home / "parity").mkdir(exist_ok=True)
        yield Night(home, sandbox, api, open_store(f"sqlite:///{home / 'parity' / 'results.db'}"))
    finally:
        airflow.stop()
        stop_sandbox(sandbox)


def test_the_night_finds_exactly_what_was_planted_and_tells_it_once(night: Night) -> None:
    night.planted(*ledger.defects())
    run = night.run()
    assert run.ended() == "failed"
    assert run.verdicts() == ledger.expected_verdicts(ledger.defects())
    records = run.records()
    counts = {t: {k: getattr(records[t].rows, k) for k in ("changed", "missing", "extra")} for t in ledger.TABLES}
    expected = ledger.expected_rows(ledger.defects())
    assert counts == {table: expected[table] for table in ledger.TABLES}
    assert {cause.cause for c in records["ledger_entries"].columns for cause in c.causes} >= {
        "rounding",
        "trailing_space",
    }
    assert [run.states()[task] for task in ("rds", "flexible_server", "survey")] == [["success"]] * 3
    assert set(run.states()["tables"]) == {"success", "failed"}
    assert run.tasks("tables")[0]["rendered_map_index"]
    whole = run.report(ledger.WHOLE)
    assert {(d["kind"], d["object"]) for d in whole["schema"]} == ledger.expected_schema(ledger.defects())
    checks = {line["check"]: line["status"] for line in whole["cutover"]}
    assert checks["engine version"] == checks["endpoint of the legacy connection"] == "ok"
    assert "DE0" not in json.dumps(run.report("ledger_entries"))
    assert any("ledger_entries" in message for message in night.reported())
    reported = len(night.reported())
    assert night.run().ended() == "failed"
    assert len(night.reported()) == reported


def test_a_repaired_ledger_is_green_and_what_was_open_is_told_to_be_over(night: Night) -> None:
    night.planted("merchants_case")
    run = night.run()
    assert run.ended() == "failed"
    assert {name for name, verdict in run.verdicts().items() if verdict != "PASS"} == {"merchants"}
    night.planted()
    [red] = [task for task in run.tasks("tables") if task["state"] == "failed"]
    assert "merchants" in red["rendered_map_index"]
    run.clear(["tables", red["map_index"]])
    assert run.ended() == "success"
    assert set(run.verdicts().values()) == {"PASS"}
    assert night.updates()
    until(lambda: any("RECOVERED" in message for message in night.reported()))  # a callback speaks after its task


def test_a_server_that_its_cloud_calls_stopped_makes_the_night_invalid_for_that_reason(night: Night) -> None:
    night.planted()
    night.rds().stop_db_instance(DBInstanceIdentifier="payments-legacy")
    try:
        run = night.run()
        assert run.ended() == "failed"
    finally:
        night.rds().start_db_instance(DBInstanceIdentifier="payments-legacy")
    assert run.verdicts() == {ledger.WHOLE: "INVALID"}
    first = run.records()[ledger.WHOLE].first_broken
    assert first.startswith("The legacy RDS server: RDS instance payments-legacy is stopped")
    assert run.states()["survey"] == ["upstream_failed"]
    assert any("is stopped" in line for line in night.reported())
    again = night.run()
    assert again.ended() == "success"


def test_only_the_tables_that_were_asked_for_are_compared_and_nothing_is_said_of_the_whole(night: Night) -> None:
    night.planted("balances_sign", "index_forgotten")
    updated = len(night.updates())
    run = night.run(tables="pay*, curr*")
    assert run.ended() == "success"
    assert run.verdicts() == {"payouts": "PASS", "currencies": "PASS"}
    assert "not part of this run" in json.dumps(run.report("payouts")["not_compared"])
    assert len(night.updates()) == updated
    assert "Only tables pay*, curr* were compared." in night.store.run(run.run_id, "db.ledger").run.reason


def test_a_killed_worker_goes_on_where_it_was_and_counts_nothing_twice(night: Night) -> None:
    night.planted(*ledger.defects())
    run = night.run(SLOW)

    def under_way() -> dict[str, Any] | None:
        state = night.progress("ledger_entries")
        return state if state.get("chunks", 0) >= 3 and not state["done"] else None

    seen = until(under_way)
    working = [task for task in run.tasks("tables") if task["state"] == "running"]
    os.kill(working[0]["pid"], signal.SIGKILL)

    assert run.ended() == "failed"
    found = run.records()["ledger_entries"].rows
    assert (found.changed, found.missing, found.extra) == (19, 3, 2)
    assert (found.legacy, found.target) == (20_000, 19_999)
    facts = run.report("ledger_entries")["extra"]["mysql"]
    assert facts["resumed"] >= 1
    assert facts["spans"] > seen["chunks"]
    assert "continuing after" in run.logs(working[0])
    assert night.progress("ledger_entries") == {}


def test_a_broken_file_is_an_import_error_and_no_password_is_in_any_log(night: Night) -> None:
    errors = until(lambda: night.api.get("/api/v2/importErrors")["import_errors"])
    assert "broken.yaml:3: legcy" in "\n".join(error["stack_trace"] for error in errors)
    night.planted()
    assert night.run(tables="currencies").ended() == "success"
    secret = night.sandbox.endpoints.client_secret
    logs = "\n".join(file.read_text(errors="replace") for file in (night.home / "logs").rglob("*.log"))
    assert secret not in logs
    assert ":parity@" not in logs
