"""One real Airflow per session, over a small suite of three activities, and what its tests say to it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from ruamel.yaml import YAML

from conftest import RunningSandbox
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
SMALL, HASTY, DIGESTED = "parity__small", "parity__hasty", "parity__digested"
PIPELINE = "small_night"
DATES = (date(2026, 3, 2), date(2026, 3, 3))
ACTIVITIES = ("sync_clients", "sync_partners", "attribute_ad_spend")
"""The last one needs the second one."""
SOURCES = ("clients", "partners", "ad_events", "fx_rates")
UPSTREAM = ("check_business_date", "copy_raw")
ENDED = ("success", "failed")
PATIENCE = 150.0


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

    @property
    def path(self) -> str:
        return f"/api/v2/dags/{self.dag_id}/dagRuns/{self.run_id}"

    def state(self) -> str:
        return str(self.world.api.run(self.dag_id, self.run_id)["state"])

    def ended(self) -> str:
        """Wait until the run has ended and return how."""
        return str(until(lambda: (state := self.state()) in ENDED and state))

    def states(self) -> dict[str, str]:
        return {task["task_id"]: task["state"] for task in self.world.api.tasks(self.dag_id, self.run_id)}

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

    def mark_failed(self, task_id: str) -> None:
        path = f"{self.path}/taskInstances/{task_id}"
        self.world.http.patch(path, json={"new_state": "failed"}).raise_for_status()


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
        return DagRun(self, dag_id, self.api.trigger(dag_id, conf))

    def again(self, dag_id: str = SMALL, **conf: Any) -> DagRun:
        """Start a run over what the pipeline has written already."""
        return self.run(dag_id, pipeline="use the latest run", **conf)

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


@pytest.fixture(scope="session")
def suites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of suites cut out of the demo's: one patient, one in a hurry, one that digests."""
    folder = tmp_path_factory.mktemp("suites")
    shutil.copytree(PAYMENTS / "sql", folder / "sql")
    yaml = YAML(typ="safe", pure=True)
    suite = yaml.load(PAYMENTS / "payments.yaml")
    chosen = [activity for activity in suite["activities"] if activity["name"] in ACTIVITIES]
    suite |= {"suite": "small", "activities": chosen}
    suite["azure"]["pipeline"] = PIPELINE
    yaml.dump(suite, folder / "small.yaml")
    yaml.dump({**suite, "suite": "hasty", "timeout": "25s", "alerts": []}, folder / "hasty.yaml")
    plain = [{key: value for key, value in one.items() if key != "expect"} for one in chosen]
    digested = {**suite, "suite": "digested", "mode": "digest", "alerts": [], "activities": plain}
    yaml.dump(digested, folder / "digested.yaml")
    return folder


@pytest.fixture(scope="session")
def world(sandbox: RunningSandbox, suites: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A real Airflow over the sandbox, after two legacy nights; everything ends with the session."""
    home = tmp_path_factory.mktemp("airflow")
    settings = {
        "PARITY_HOME": str(home / "parity"),
        "PARITY_SUITES": str(suites),
        "PARITY_POLL_SECONDS": "1",
        "PARITY_SCHEDULED": "false",
    }
    airflow = LocalAirflow(PROJECT, home, settings)
    defects.switch(sandbox.state, "ad_spend_fails", on=False)
    try:
        airflow.start()
        airflow.connect(connections(sandbox.endpoints))
        prepare(sandbox)
        airflow.wait(lambda _: None)
        api = AirflowApi(airflow.url, USER, airflow.password)
        for dag_id in (SMALL, HASTY, DIGESTED):
            api.wait_for_dag(dag_id)
        (home / "parity").mkdir(exist_ok=True)
        yield World(airflow, sandbox, api, open_store(f"sqlite:///{home / 'parity' / 'results.db'}"))
    finally:
        airflow.stop()
        defects.switch(sandbox.state, "ad_spend_fails", on=True)


def prepare(sandbox: RunningSandbox) -> None:
    """Put a smaller pipeline into the factory, and run the legacy jobs of its activities."""
    _put_pipeline(sandbox)
    glue = client(sandbox.endpoints, "glue")
    for day in DATES:
        upload_raw(sandbox.endpoints, day)
        for activity in ACTIVITIES:
            run_job(glue, activity, day)
    register_partitions(sandbox.endpoints, glue)


def _put_pipeline(sandbox: RunningSandbox) -> None:
    document = azure.pipeline({"schedule_payouts": 0})
    properties = document["properties"]
    properties["activities"] = [a for a in properties["activities"] if a["name"] in (*UPSTREAM, *ACTIVITIES)]
    properties["parameters"]["sources"]["defaultValue"] = list(SOURCES)
    properties["variables"] = {}
    url = f"{azure.factory_url(sandbox.endpoints)}/pipelines/{PIPELINE}"
    headers = azure.sign_in(sandbox.endpoints)
    httpx.put(url, params=azure.API, json=document, headers=headers).raise_for_status()


@pytest.fixture(scope="session")
def green(world: World) -> DagRun:
    """A run from parameters, of one activity, over a pipeline that Parity started; it has ended."""
    run = world.run()
    run.ended()
    return run
