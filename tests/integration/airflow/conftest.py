"""One real Airflow per session, over a small suite of three activities, and what its tests say to it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from ruamel.yaml import YAML

from conftest import RunningSandbox
from parity.flow.suite_run.plan import PipelineUse, SuiteRunPlan
from parity.history.records import ActivityRecord
from parity.history.store import Store, open_store
from parity_sandbox.demo.airflow import USER, LocalAirflow
from parity_sandbox.demo.api import AirflowApi
from parity_sandbox.demo.connections import connections
from parity_sandbox.world import azure, defects
from parity_sandbox.world.aws import client, register_partitions, upload_raw
from parity_sandbox.world.night import run_job

PROJECT = Path(__file__).resolve().parents[3]
PAYMENTS = PROJECT / "include" / "suites"
SMALL, SOLO, HASTY, LATE = "parity__small", "parity__solo", "parity__hasty", "parity__late"
THRIFTY, DAILY, DIGESTED = "parity__thrifty", "parity__daily", "parity__digested"
HOUSEKEEPING = "parity_housekeeping"
PIPELINE, LIGHT_PIPELINE = "small_night", "light_night"
DATES = (date(2026, 3, 2), date(2026, 3, 3))
ACTIVITIES = ("sync_clients", "sync_partners", "attribute_ad_spend")
"""The last one needs the second one."""
SOURCES = ("clients", "partners", "ad_events", "fx_rates")
UPSTREAM = ("check_business_date", "copy_raw")
HELPER_JOB = "parity-helper"
ENDED = ("success", "failed")
PATIENCE = 150.0
TODAY = datetime.now(UTC).date()
MISSED = (TODAY - timedelta(days=2), TODAY - timedelta(days=1))
"""The nights that a suite which starts the day before yesterday has to catch up."""
GREEDY = """
SELECT a.client_id, a.snapshot_date, count(*) AS pairs
FROM clients a CROSS JOIN clients b CROSS JOIN clients c CROSS JOIN clients d
WHERE a.snapshot_date = :business_date
  AND length(concat(b.legal_name, c.legal_name, d.legal_name, a.legal_name)) > 3
GROUP BY a.client_id, a.snapshot_date
"""
"""Reads little and takes minutes: nobody waits for its end."""
IMPATIENT = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
    "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "15",
}
"""What Airflow notices after minutes by itself, it notices here after seconds."""


def until(what: Callable[[], Any], timeout: float = PATIENCE) -> Any:
    """Return the first true answer of ``what``; fail the test when there is none in ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while not (answer := what()):
        assert time.monotonic() < deadline, f"nothing came of it in {timeout:.0f} s"
        time.sleep(0.3)
    return answer


@dataclass
class DagRun:
    """One run, as a person at the REST API sees it."""

    world: World
    dag_id: str
    run_id: str
    conf: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/api/v2/dags/{self.dag_id}/dagRuns/{self.run_id}"

    @property
    def key(self) -> str:
        """Return the run's folder in the exchange."""
        suite = self.dag_id.removeprefix("parity__")
        day = date.fromisoformat(self.conf["business_date"])
        return SuiteRunPlan(suite, self.run_id, day, (), None, PipelineUse.LATEST, None, recover=False).key

    def state(self) -> str:
        return str(self.world.api.run(self.dag_id, self.run_id)["state"])

    def ended(self) -> str:
        """Wait until the run has ended and return how."""
        return str(until(lambda: (state := self.state()) in ENDED and state))

    def states(self) -> dict[str, str]:
        return {task["task_id"]: task["state"] for task in self.world.api.tasks(self.dag_id, self.run_id)}

    def tries(self) -> dict[str, int]:
        """Return how often each task has been tried."""
        return {task["task_id"]: task["try_number"] for task in self.world.api.tasks(self.dag_id, self.run_id)}

    def task(self, task_id: str) -> dict[str, Any]:
        return self.world.api.get(f"{self.path}/taskInstances/{task_id}")

    def wait_for(self, task_id: str, *states: str) -> None:
        until(lambda: self.states().get(task_id) in states)

    def verdicts(self) -> dict[str, str]:
        return {record.key.activity: str(record.verdict) for record in self.records()}

    def records(self) -> tuple[ActivityRecord, ...]:
        return self.world.store.run(self.run_id).activities

    def reason(self, activity: str) -> str:
        return next(record.reason for record in self.records() if record.key.activity == activity)

    def clear(self, *task_ids: str) -> None:
        """Clear tasks and everything after them, as the UI's button does."""
        body = {
            "dry_run": False,
            "dag_run_id": self.run_id,
            "task_ids": list(task_ids),
            "include_downstream": True,
            "only_failed": False,
            "reset_dag_runs": True,
        }
        self.world.http.post(f"/api/v2/dags/{self.dag_id}/clearTaskInstances", json=body).raise_for_status()

    def pid(self, task_id: str) -> int:
        """Return the process that runs a task, as soon as there is one."""
        return int(until(lambda: (task := self.task(task_id))["state"] == "running" and task["pid"]))

    def kept(self, task_id: str) -> dict[str, Any]:
        """Return what a task remembers, from Airflow's task state store."""
        entries = self.world.api.get(f"{self.path}/taskInstances/{task_id}/state-store")["task_state_store"]
        return {entry["key"]: entry["value"] for entry in entries}

    def log(self, task_id: str, attempt: int = 1) -> str:
        """Return what the on-call engineer reads when opening the task."""
        path = f"{self.path}/taskInstances/{task_id}/logs/{attempt}"
        answer = self.world.http.get(path, params={"full_content": True}, headers={"Accept": "application/json"})
        lines = answer.raise_for_status().json()["content"]
        return "\n".join(str(line.get("event", line)) if isinstance(line, dict) else str(line) for line in lines)

    def mark_failed(self, task_id: str) -> None:
        self._mark(task_id, "failed")

    def mark_success(self, task_id: str) -> None:
        self._mark(task_id, "success")

    def _mark(self, task_id: str, state: str) -> None:
        path = f"{self.path}/taskInstances/{task_id}"
        self.world.http.patch(path, json={"new_state": state}).raise_for_status()

    def pause(self, *, paused: bool = True) -> None:
        """Keep the scheduler from starting anything of this Dag, or let it again."""
        path = f"/api/v2/dags/{self.dag_id}"
        self.world.http.patch(path, json={"is_paused": paused}).raise_for_status()

    def make_again(self) -> None:
        """Delete the run, and start it once more under the same id."""
        self.world.http.delete(self.path).raise_for_status()
        body = {"dag_run_id": self.run_id, "logical_date": None, "conf": self.conf}
        self.world.http.post(f"/api/v2/dags/{self.dag_id}/dagRuns", json=body).raise_for_status()


@dataclass
class World:
    """Airflow, the clouds, and the results store."""

    airflow: LocalAirflow
    sandbox: RunningSandbox
    api: AirflowApi
    store: Store

    @property
    def http(self) -> httpx.Client:
        return self.api._http

    def run(self, dag_id: str = SMALL, **conf: Any) -> DagRun:
        """Start a run from parameters."""
        conf = {"business_date": DATES[0].isoformat(), "activities": ["sync_clients"], **conf}
        return DagRun(self, dag_id, self.api.trigger(dag_id, conf), conf)

    def again(self, dag_id: str = SOLO, **conf: Any) -> DagRun:
        """Start a run over what the pipeline has written already; one activity, so that it is soon over."""
        return self.run(dag_id, pipeline="use the latest run", **conf)

    def exports(self, run: DagRun) -> list[dict[str, Any]]:
        """Return the helper job's runs, from the workspace itself, that export for a Dag run."""
        mark = f"/{run.key}/"
        return [found for found in self._job_runs() if mark in _parameter(found, "destination")]

    def _job_runs(self) -> Iterator[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.sandbox.endpoints.databricks_token}"}
        with httpx.Client(base_url=self.sandbox.endpoints.databricks, headers=headers) as http:
            page: dict[str, Any] = {"limit": 24}
            while True:
                answer = http.get("/api/2.2/jobs/runs/list", params=page).raise_for_status().json()
                yield from answer.get("runs", [])
                if not answer.get("next_page_token"):
                    return
                page |= {"page_token": answer["next_page_token"]}

    def run_nows(self, since: int) -> list[dict[str, Any]]:
        """Return the bodies of the submissions to Databricks by Parity, not those by Data Factory."""
        asked = self.sandbox.requests("databricks", since)
        bodies = [json.loads(entry["body"]) for entry in asked if entry["path"].endswith("/jobs/run-now")]
        return [body for body in bodies if "destination" in body.get("job_parameters", {})]

    def unloads(self, since: int) -> list[dict[str, Any]]:
        asked = self.sandbox.requests("aws", since)
        return [
            json.loads(e["body"]) for e in asked if "UNLOAD" in e["body"] and "ClientRequestToken" in e["body"]
        ]

    def cancels(self, since: int) -> int:
        asked = self.sandbox.requests("databricks", since)
        return sum(entry["path"].endswith("/jobs/runs/cancel") for entry in asked)

    def messages(self) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self.sandbox.endpoints.sink}/_sandbox/messages").json()
        return found

    def incidents(self, suite: str) -> list[dict[str, Any]]:
        """Return the incidents of a suite that PagerDuty has."""
        return [i for i in self.messages()["incidents"] if i["dedup_key"].startswith(f"parity/{suite}/")]


def _parameter(run: dict[str, Any], name: str) -> str:
    return next((p.get("value", "") for p in run.get("job_parameters") or () if p["name"] == name), "")


@pytest.fixture(scope="session")
def suites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of suites cut out of the demo's, each with a temper of its own."""
    folder = tmp_path_factory.mktemp("suites")
    shutil.copytree(PAYMENTS / "sql", folder / "sql")
    (folder / "sql" / "greedy.sql").write_text(GREEDY)
    small = small_suite()
    quiet = {**small, "alerts": [], "activities": small["activities"][:1]}
    plain = [{key: value for key, value in one.items() if key != "expect"} for one in small["activities"]]
    greedy = {**quiet["activities"][0], "legacy": {"sql": "greedy.sql"}}
    light = {**small["azure"], "pipeline": LIGHT_PIPELINE}
    for suite in (
        small,
        {**quiet, "suite": "solo"},
        {**quiet, "suite": "hasty", "timeout": "25s"},
        {**small, "suite": "late", "deadline": "10s", "activities": small["activities"][:1]},
        {**quiet, "suite": "thrifty", "aws": {**small["aws"], "max_scan": "1 KB"}, "activities": [greedy]},
        {**quiet, "suite": "digested", "mode": "digest", "activities": plain},
        {**quiet, "suite": "daily", "schedule": "0 0 * * *", "start": MISSED[0], "azure": light},
    ):
        YAML(typ="safe", pure=True).dump(suite, folder / f"{suite['suite']}.yaml")
    return folder


def small_suite() -> dict[str, Any]:
    suite: dict[str, Any] = YAML(typ="safe", pure=True).load(PAYMENTS / "payments.yaml")
    chosen = [activity for activity in suite["activities"] if activity["name"] in ACTIVITIES]
    suite |= {"suite": "small", "activities": chosen, "schedule": None, "deadline": None}
    suite["azure"]["pipeline"] = PIPELINE
    return suite


@pytest.fixture(scope="session")
def world(sandbox: RunningSandbox, suites: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A real Airflow over the sandbox, after two legacy nights; everything ends with the session."""
    home = tmp_path_factory.mktemp("airflow")
    settings = {
        "PARITY_HOME": str(home / "parity"),
        "PARITY_SUITES": str(suites),
        "PARITY_POLL_SECONDS": "1",
        "PARITY_RETRY_SECONDS": "3",
        **IMPATIENT,
    }
    airflow = LocalAirflow(PROJECT, home, settings)
    defects.switch(sandbox.state, "ad_spend_fails", on=False)
    try:
        airflow.start()
        airflow.connect(connections(sandbox.endpoints))
        prepare(sandbox)
        airflow.wait(lambda _: None)
        api = AirflowApi(airflow.url, USER, airflow.password)
        for dag_id in (SMALL, SOLO, HASTY, LATE, THRIFTY, DAILY, DIGESTED, HOUSEKEEPING):
            api.wait_for_dag(dag_id)
        (home / "parity").mkdir(exist_ok=True)
        yield World(airflow, sandbox, api, open_store(f"sqlite:///{home / 'parity' / 'results.db'}"))
    finally:
        airflow.stop()
        defects.switch(sandbox.state, "ad_spend_fails", on=True)


def prepare(sandbox: RunningSandbox) -> None:
    """Put two smaller pipelines into the factory, and run the legacy jobs of their activities."""
    _put_pipeline(sandbox, PIPELINE, ACTIVITIES, SOURCES)
    _put_pipeline(sandbox, LIGHT_PIPELINE, ACTIVITIES[:1], SOURCES[:1])
    glue = client(sandbox.endpoints, "glue")
    for day in DATES:
        upload_raw(sandbox.endpoints, day)
        for activity in ACTIVITIES:
            run_job(glue, activity, day)
    for day in MISSED:
        upload_raw(sandbox.endpoints, day)
        run_job(glue, ACTIVITIES[0], day)
    register_partitions(sandbox.endpoints, glue)


def _put_pipeline(
    sandbox: RunningSandbox, name: str, activities: tuple[str, ...], sources: tuple[str, ...]
) -> None:
    document = azure.pipeline({"schedule_payouts": 0})
    properties = document["properties"]
    properties["activities"] = [a for a in properties["activities"] if a["name"] in (*UPSTREAM, *activities)]
    properties["parameters"]["sources"]["defaultValue"] = list(sources)
    properties["variables"] = {}
    url = f"{azure.factory_url(sandbox.endpoints)}/pipelines/{name}"
    headers = azure.sign_in(sandbox.endpoints)
    httpx.put(url, params=azure.API, json=document, headers=headers).raise_for_status()


@pytest.fixture(scope="session")
def green(world: World) -> DagRun:
    """A run from parameters, of one activity, over a pipeline that Parity started; it has ended."""
    run = world.run()
    run.ended()
    return run
