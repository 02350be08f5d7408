"""The Databricks client against the sandbox's real wire protocol; no Spark is needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from fake_clock import FakeClock
from parity.clients.databricks import DatabricksClient, DatabricksConfig, DatabricksRuns
from parity.clients.remote import Phase, fingerprint
from parity.errors import AccessDenied, NotFound

pytestmark = pytest.mark.sandbox

JOB = "clients-export"
SCRIPT = "/Volumes/main/clients/export.py"


@pytest.fixture
def client(sandbox_light: Any) -> DatabricksClient:
    endpoints = sandbox_light.endpoints
    config = DatabricksConfig(endpoints.databricks, SecretStr(endpoints.databricks_token))
    return DatabricksClient(config)


@pytest.fixture
def runs(client: DatabricksClient) -> DatabricksRuns:
    return DatabricksRuns(client)


@pytest.fixture
def job(sandbox_light: Any) -> Iterator[int]:
    endpoints = sandbox_light.endpoints
    tasks = [{"task_key": "export", "spark_python_task": {"python_file": SCRIPT}}]
    settings = {"name": JOB, "tasks": tasks, "parameters": [{"name": "destination", "default": ""}]}
    header = {"Authorization": f"Bearer {endpoints.databricks_token}"}
    httpx.put(
        f"{endpoints.databricks}/api/2.0/fs/files{SCRIPT}?overwrite=true", content=b"pass", headers=header
    ).raise_for_status()
    with httpx.Client(
        base_url=f"{endpoints.databricks}/api/2.2/jobs",
        headers=header,
    ) as http:
        number = http.post("/create", json=settings).raise_for_status().json()["job_id"]
        yield number
        http.post("/delete", json={"job_id": number}).raise_for_status()


def ended(runs: DatabricksRuns, run_id: str) -> Any:
    for _ in range(400):
        if (status := runs.status(run_id)).phase.ended:
            return status
        runs._client.clock.sleep(0.05)
    raise AssertionError("the run did not end")


def test_a_job_is_found_by_name_and_number(client: DatabricksClient, job: int) -> None:
    assert client.job_id(JOB) == job
    assert client.job_id(str(job)) == job
    with pytest.raises(NotFound, match=f"Did you mean '{JOB}'"):
        client.job_id("clients-exprt")


def test_one_token_is_one_run_and_it_can_be_found_and_cancelled(
    runs: DatabricksRuns, job: int, sandbox_light: Any
) -> None:
    sandbox_light.fault(kind="stays_running", target="export")
    request = {"job": JOB, "parameters": {"destination": f"x/{fingerprint('t-1')[:12]}"}}
    first = runs.submit(request, "t-1")
    assert runs.submit(request, "t-1") == first
    assert runs.find(request, "t-1") == first
    assert not runs.status(first).phase.ended
    runs.cancel(first)
    assert ended(runs, first).phase is Phase.CANCELLED
    runs.cancel(first)


def test_a_failed_run_says_the_tasks_own_error(runs: DatabricksRuns, job: int, sandbox_light: Any) -> None:
    sandbox_light.fault(kind="fails_at", target="export", message="ValueError: no such table")
    status = ended(runs, runs.submit({"job": JOB, "parameters": {"destination": "y"}}, "t-2"))
    assert status.phase is Phase.FAILED
    assert "ValueError: no such table" in status.error.message
    assert status.url.startswith("http")


def test_throttling_is_waited_out(sandbox_light: Any, job: int) -> None:
    endpoints = sandbox_light.endpoints
    clock = FakeClock()
    config = DatabricksConfig(endpoints.databricks, SecretStr(endpoints.databricks_token))
    sandbox_light.fault(service="databricks", path="jobs/list", status=429, retry_after=3, times=2)
    assert DatabricksClient(config, clock=clock).job_id(JOB) == job
    assert clock.slept == [3.0, 3.0]


def test_a_wrong_token_is_access_denied(sandbox_light: Any) -> None:
    config = DatabricksConfig(sandbox_light.endpoints.databricks, SecretStr("wrong-token"))
    with pytest.raises(AccessDenied) as caught:
        DatabricksClient(config).job_id("7")
    assert "wrong-token" not in str(caught.value)
