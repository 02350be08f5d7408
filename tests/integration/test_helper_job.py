"""``parity helper-job deploy`` against the sandbox's Databricks, faults included; no Spark is needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from conftest import RunningSandbox
from parity.cli import cli
from parity.errors import ParityError
from parity.helper_job.script import own_script
from parity_sandbox.demo.connections import connections

pytestmark = pytest.mark.sandbox
VOLUME = "/Volumes/main/parity/code"
WRITES = {"POST", "PUT", "PATCH", "DELETE"}


class Workspace:
    """The sandbox's workspace as a test looks at it."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        token = {"Authorization": f"Bearer {sandbox.endpoints.databricks_token}"}
        self.http = httpx.Client(base_url=sandbox.endpoints.databricks, headers=token)

    def jobs(self) -> list[dict[str, Any]]:
        found = self.http.get("/api/2.2/jobs/list", params={"limit": 100}).raise_for_status().json()
        numbers = [job["job_id"] for job in found.get("jobs", [])]
        return [self.http.get("/api/2.2/jobs/get", params={"job_id": n}).json() for n in numbers]

    def job(self) -> dict[str, Any]:
        (job,) = self.jobs()
        return job

    def settings(self) -> dict[str, Any]:
        return dict(self.job()["settings"])

    def call(self, path: str, **body: Any) -> Any:
        return self.http.post(path, json=body).raise_for_status().json()

    def exported(self, path: str) -> str:
        raw = self.http.get("/api/2.0/workspace/export", params={"path": path, "direct_download": "true"})
        return raw.raise_for_status().text

    def writes(self, since: int) -> list[str]:
        asked = self.sandbox.requests("databricks", since)
        return [entry["path"].partition("?")[0] for entry in asked if entry["method"] in WRITES]


@pytest.fixture
def workspace(sandbox_light: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace without jobs and files, behind the connection ``databricks_default``."""
    fields = connections(sandbox_light.endpoints)["databricks_default"]
    monkeypatch.setenv("AIRFLOW_CONN_DATABRICKS_DEFAULT", json.dumps(fields))
    found = Workspace(sandbox_light)
    clear(found)
    yield found
    sandbox_light.heal()
    clear(found)
    found.http.close()


def clear(workspace: Workspace) -> None:
    for job in workspace.jobs():
        workspace.call("/api/2.2/jobs/delete", job_id=job["job_id"])
    for folder in ("Users", "Shared"):
        workspace.http.post("/api/2.0/workspace/delete", json={"path": f"/{folder}", "recursive": True})
    workspace.http.delete(f"/api/2.0/fs/files{VOLUME}/export.py")


def deploy(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["helper-job", "deploy", *arguments])


def test_a_first_deployment_uploads_the_script_and_creates_the_job(workspace: Workspace) -> None:
    done = deploy()
    home = "/Workspace/Users/sandbox@parity.local/parity/export.py"
    job = workspace.job()
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        f"uploaded  {home}",
        f"  {own_script().version}",
        f"created   job parity-helper, id {job['job_id']}",
    ]
    assert workspace.exported(home) == own_script().text
    (task,) = job["settings"]["tasks"]
    assert task["spark_python_task"]["python_file"] == home
    assert task["environment_key"] == job["settings"]["environments"][0]["environment_key"]
    status = workspace.http.get("/api/2.0/workspace/get-status", params={"path": home}).json()
    assert status["object_type"] == "FILE"


@pytest.mark.parametrize(
    "options", [(), ("--to", VOLUME), ("--compute", "classic"), ("--to", "/Workspace/Shared/p")]
)
def test_a_second_deployment_writes_and_says_nothing(workspace: Workspace, options: tuple[str, ...]) -> None:
    deploy(*options)
    since = workspace.sandbox.last_request()
    again = deploy(*options)
    assert (again.exit_code, again.stdout, again.stderr) == (0, "", "Nothing to change.\n")
    assert workspace.writes(since) == []


def test_a_dry_run_writes_nothing_and_says_all(workspace: Workspace) -> None:
    since = workspace.sandbox.last_request()
    done = deploy("--dry-run", "--to", VOLUME)
    assert done.stdout.splitlines() == [
        f"would upload  {VOLUME}/export.py",
        f"  {own_script().version}",
        "would create  job parity-helper",
    ]
    assert workspace.writes(since) == []
    assert workspace.jobs() == []


def test_an_older_script_is_replaced_and_the_job_left_alone(workspace: Workspace) -> None:
    deploy("--to", VOLUME)
    older = own_script().text.replace('PROTOCOL = "2"', 'PROTOCOL = "1"')
    workspace.http.put(f"/api/2.0/fs/files{VOLUME}/export.py", content=older.encode()).raise_for_status()
    done = deploy()
    assert done.stdout.splitlines()[0] == f"uploaded  {VOLUME}/export.py"
    assert done.stdout.splitlines()[1].strip() == f"version 0.1.0, protocol 1 → {own_script().version}"
    assert len(done.stdout.splitlines()) == 2
    assert workspace.http.get(f"/api/2.0/fs/files{VOLUME}/export.py").text == own_script().text


def test_a_changed_job_is_set_right_and_what_is_its_owners_stays(workspace: Workspace) -> None:
    deploy()
    number = workspace.job()["job_id"]
    changes = {"max_concurrent_runs": 1, "tags": {"team": "data"}, "run_as": {"service_principal_name": "x"}}
    workspace.call("/api/2.2/jobs/update", job_id=number, new_settings=changes)
    done = deploy()
    assert done.stdout.splitlines() == [
        f"changed   job parity-helper, id {number}",
        "  max_concurrent_runs: 1 → 20",
    ]
    settings = workspace.settings()
    assert settings["max_concurrent_runs"] == 20
    assert (settings["tags"], settings["run_as"]) == ({"team": "data"}, {"service_principal_name": "x"})
    assert deploy().stdout == ""


def test_a_job_moves_to_classic_compute_and_back(workspace: Workspace) -> None:
    deploy()
    before = workspace.settings()
    deploy("--compute", "classic", "--workers", "4")
    classic = workspace.settings()
    assert "environments" not in classic
    assert classic["job_clusters"][0]["new_cluster"]["num_workers"] == 4
    assert classic["tasks"][0]["job_cluster_key"] == classic["job_clusters"][0]["job_cluster_key"]
    deploy()
    assert workspace.settings() == before


def test_two_jobs_of_one_name_are_refused(workspace: Workspace) -> None:
    for _ in range(2):
        workspace.call("/api/2.2/jobs/create", name="parity-helper")
    done = deploy()
    assert "Databricks has 2 jobs called 'parity-helper'" in str(done.exception)
    assert len(workspace.jobs()) == 2


def test_a_job_whose_name_differs_by_case_is_another_one(workspace: Workspace) -> None:
    workspace.call("/api/2.2/jobs/create", name="Parity-Helper")
    deploy()
    assert sorted(job["settings"]["name"] for job in workspace.jobs()) == ["Parity-Helper", "parity-helper"]


def test_an_unknown_catalogue_is_named_and_no_job_made(workspace: Workspace) -> None:
    done = deploy("--to", "/Volumes/nowhere/parity/code")
    assert "Catalog 'nowhere' does not exist." in str(done.exception)
    assert "--to" in str(done.exception)
    assert workspace.jobs() == []


def test_throttling_and_a_failing_server_are_waited_out(workspace: Workspace) -> None:
    workspace.sandbox.fault(service="databricks", path="import-file", status=429, retry_after=0, times=2)
    workspace.sandbox.fault(service="databricks", path="jobs/list", status=500, retry_after=0, times=1)
    assert deploy().exit_code == 0
    workspace.call(
        "/api/2.2/jobs/update", job_id=workspace.job()["job_id"], new_settings={"max_concurrent_runs": 2}
    )
    workspace.sandbox.fault(service="databricks", path="jobs/reset", status=503, retry_after=0, times=1)
    assert deploy().exit_code == 0
    assert workspace.settings()["max_concurrent_runs"] == 20


def test_a_creation_without_an_answer_is_not_repeated_blindly(workspace: Workspace) -> None:
    workspace.sandbox.fault(service="databricks", path="jobs/create", status=500)
    since = workspace.sandbox.last_request()
    done = deploy()
    assert isinstance(done.exception, ParityError)
    assert "Run this again: it looks for the job first." in str(done.exception)
    assert [path for path in workspace.writes(since) if path.endswith("create")] == ["/api/2.2/jobs/create"]
    workspace.sandbox.heal()
    assert deploy().stdout.startswith("created ")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("jobs/list", "the list of jobs"),
        ("workspace/mkdirs", "folder '/Workspace/Shared/p'"),
        ("import-file", "file '/Workspace/Shared/p/export.py'"),
        ("jobs/create", "the creation of job 'parity-helper'"),
    ],
)
def test_a_missing_right_is_named_by_what_it_is_for(workspace: Workspace, path: str, said: str) -> None:
    body = json.dumps({"error_code": "PERMISSION_DENIED", "message": "User does not have permission."})
    workspace.sandbox.fault(service="databricks", path=path, status=403, body=body)
    done = deploy("--to", "/Workspace/Shared/p")
    assert str(done.exception).startswith(f"Databricks refused access to {said} (403 PERMISSION_DENIED")
    workspace.sandbox.heal()
    assert workspace.jobs() == []


def test_a_connection_that_airflow_does_not_have_is_named(workspace: Workspace) -> None:
    assert "Airflow has no connection 'nowhere'" in str(deploy("--connection", "nowhere").exception)


def test_the_helpers_script_in_the_volume_is_what_runs(workspace: Workspace, tmp_path: Path) -> None:
    from parity_sandbox.databricks.scripts import locate

    deploy("--to", VOLUME)
    file = workspace.settings()["tasks"][0]["spark_python_task"]["python_file"]
    assert locate(workspace.sandbox.state, file).read_text() == own_script().text
