"""The clients that Databricks users have, unchanged, against the sandbox: databricks-sdk and Airflow's hook."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue, OperationFailed, PermissionDenied, ResourceDoesNotExist
from databricks.sdk.service import jobs
from databricks.sdk.service.workspace import ImportFormat, Language

from conftest import RunningSandbox

pytestmark = [pytest.mark.sandbox, pytest.mark.spark]

SCRIPT = b"import sys\nprint(sys.argv[1:], spark.range(5).count())\n"
NOTEBOOK = b"# Databricks notebook source\ndbutils.notebook.exit(dbutils.widgets.get('activity').upper())\n"


@pytest.fixture
def workspace(sandbox_light: RunningSandbox) -> WorkspaceClient:
    endpoints = sandbox_light.endpoints
    return WorkspaceClient(host=endpoints.databricks, token=endpoints.databricks_token)


@pytest.fixture
def job(workspace: WorkspaceClient) -> Iterator[int]:
    workspace.files.upload("/Volumes/main/code/export.py", io.BytesIO(SCRIPT), overwrite=True)
    workspace.workspace.mkdirs("/Shared")
    workspace.workspace.upload(
        "/Shared/shout", io.BytesIO(NOTEBOOK), format=ImportFormat.SOURCE, language=Language.PYTHON, overwrite=True
    )
    parameters = ["--activity", "{{job.parameters.activity}}"]
    script = jobs.SparkPythonTask(python_file="/Volumes/main/code/export.py", parameters=parameters)
    created = workspace.jobs.create(
        name="contract",
        max_concurrent_runs=5,
        parameters=[jobs.JobParameterDefinition(name="activity", default="none")],
        tasks=[
            jobs.Task(task_key="export", spark_python_task=script),
            jobs.Task(
                task_key="shout",
                depends_on=[jobs.TaskDependency(task_key="export")],
                notebook_task=jobs.NotebookTask(notebook_path="/Shared/shout"),
            ),
        ],
    )
    assert created.job_id
    yield created.job_id
    workspace.jobs.delete(created.job_id)


def output_of(workspace: WorkspaceClient, run: jobs.Run, key: str) -> jobs.RunOutput:
    task = next(task for task in run.tasks or [] if task.task_key == key)
    assert task.run_id
    return workspace.jobs.get_run_output(task.run_id)


def test_the_sdk_runs_a_job_and_reads_what_came_out(workspace: WorkspaceClient, job: int) -> None:
    run = workspace.jobs.run_now(job, job_parameters={"activity": "settle"}).result()

    assert run.state
    assert run.state.result_state == jobs.RunResultState.SUCCESS
    assert output_of(workspace, run, "export").logs == "['--activity', 'settle'] 5\n"
    notebook = output_of(workspace, run, "shout").notebook_output
    assert notebook
    assert notebook.result == "SETTLE"


def test_the_sdk_finds_the_job_by_name_and_the_run_by_job(workspace: WorkspaceClient, job: int) -> None:
    started = workspace.jobs.run_now(job, idempotency_token="once").run_id
    again = workspace.jobs.run_now(job, idempotency_token="once").run_id
    workspace.jobs.wait_get_run_job_terminated_or_skipped(started)

    assert [found.job_id for found in workspace.jobs.list(name="contract")] == [job]
    assert [run.run_id for run in workspace.jobs.list_runs(job_id=job)] == [started] == [again]


def test_the_sdk_cancels_a_run(workspace: WorkspaceClient, job: int, sandbox_light: RunningSandbox) -> None:
    sandbox_light.fault(kind="stays_running", target="export")
    run_id = workspace.jobs.run_now(job).run_id

    cancelled = workspace.jobs.cancel_run(run_id).result()

    assert cancelled.state
    assert cancelled.state.result_state == jobs.RunResultState.CANCELED


def test_the_sdk_repairs_a_failed_run(workspace: WorkspaceClient, job: int, sandbox_light: RunningSandbox) -> None:
    sandbox_light.fault(kind="fails_at", target="export", message="ValueError: no such table", times=1)
    run_id = workspace.jobs.run_now(job).run_id
    with pytest.raises(OperationFailed, match="Task export failed with message: Workload failed"):
        workspace.jobs.wait_get_run_job_terminated_or_skipped(run_id)
    failed = workspace.jobs.get_run(run_id)
    assert output_of(workspace, failed, "export").error == "ValueError: no such table"

    repaired = workspace.jobs.repair_run(run_id, rerun_all_failed_tasks=True).result()

    assert repaired.state
    assert repaired.state.result_state == jobs.RunResultState.SUCCESS


def test_the_sdk_reads_our_refusals(sandbox_light: RunningSandbox, workspace: WorkspaceClient) -> None:
    with pytest.raises(ResourceDoesNotExist):
        workspace.jobs.get(1)
    with pytest.raises(ResourceDoesNotExist):
        workspace.jobs.get_run(1)
    with pytest.raises(InvalidParameterValue):
        workspace.jobs.create(tasks=[jobs.Task(task_key="a", depends_on=[jobs.TaskDependency(task_key="b")])])
    with pytest.raises(PermissionDenied):
        WorkspaceClient(host=sandbox_light.endpoints.databricks, token="wrong").jobs.get(1)


def test_the_sdk_signs_in_as_a_service_principal(sandbox_light: RunningSandbox) -> None:
    endpoints = sandbox_light.endpoints
    client = WorkspaceClient(
        host=endpoints.databricks, client_id=endpoints.client_id, client_secret=endpoints.client_secret
    )

    assert client.current_user.me().active


def test_the_sdk_moves_files_of_any_size(workspace: WorkspaceClient) -> None:
    content = bytes(range(256)) * 20_000
    workspace.files.upload("/Volumes/main/code/big.bin", io.BytesIO(content), overwrite=True)

    downloaded = workspace.files.download("/Volumes/main/code/big.bin").contents
    assert downloaded
    assert downloaded.read() == content
    listed = {
        entry.name: entry.file_size for entry in workspace.files.list_directory_contents("/Volumes/main/code")
    }
    assert listed["big.bin"] == len(content)


def test_the_sdk_waits_as_long_as_a_throttled_workspace_asks(
    workspace: WorkspaceClient, sandbox_light: RunningSandbox
) -> None:
    since = sandbox_light.last_request()
    sandbox_light.fault(service="databricks", path="spark-versions", status=429, retry_after=1, times=1)

    assert workspace.clusters.spark_versions().versions

    statuses = [entry["status"] for entry in sandbox_light.requests("databricks", since)]
    assert [status for status in statuses if status == 429] == [429]
    assert statuses[-1] == 200


@pytest.fixture
def hook(sandbox_light: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> Any:
    databricks = pytest.importorskip("airflow.providers.databricks.hooks.databricks")
    url = urlsplit(sandbox_light.endpoints.databricks)
    connection = {
        "conn_type": "databricks",
        "schema": "http",
        "host": url.hostname,
        "port": url.port,
        "password": sandbox_light.endpoints.databricks_token,
    }
    monkeypatch.setenv("AIRFLOW_CONN_DATABRICKS_CONTRACT", json.dumps(connection))
    return databricks.DatabricksHook("databricks_contract", retry_delay=0.2)


@pytest.mark.airflow
def test_airflows_hook_runs_a_job_to_its_end(hook: Any, job: int) -> None:
    assert hook.test_connection()[0]
    assert hook.find_job_id_by_name("contract") == job

    run_id = hook.run_now({"job_id": job, "job_parameters": {"activity": "settle"}, "idempotency_token": "a1"})
    state = hook.get_run_state(run_id)
    while not state.is_terminal:
        state = hook.get_run_state(run_id)

    assert state.is_successful
    assert hook.get_run_page_url(run_id).endswith(f"/run/{run_id}")
    task = hook.get_run(run_id)["tasks"][0]["run_id"]
    assert hook.get_run_output(task)["logs"] == "['--activity', 'settle'] 5\n"


@pytest.mark.airflow
def test_airflows_hook_cancels_and_repairs(hook: Any, job: int, sandbox_light: RunningSandbox) -> None:
    sandbox_light.fault(kind="stays_running", target="export")
    run_id = hook.run_now({"job_id": job})
    hook.cancel_run(run_id)
    while not (state := hook.get_run_state(run_id)).is_terminal:
        pass
    assert state.result_state == "CANCELED"
    sandbox_light.heal()

    hook.repair_run({"run_id": run_id, "rerun_all_failed_tasks": True})
    while not (state := hook.get_run_state(run_id)).is_terminal:
        pass

    assert state.is_successful
    assert hook.get_latest_repair_id(run_id) > 0


@pytest.mark.airflow
def test_airflows_operator_runs_a_job_by_name(hook: Any, job: int, tmp_path: Path) -> None:
    operators = pytest.importorskip("airflow.providers.databricks.operators.databricks")
    operator = operators.DatabricksRunNowOperator(
        task_id="export",
        databricks_conn_id="databricks_contract",
        job_name="contract",
        job_parameters={"activity": "settle"},
        polling_period_seconds=1,
        durable=False,
        do_xcom_push=False,
    )

    operator.execute({"ti": None})

    run = hook.get_run(operator.run_id)
    assert (run["job_id"], run["state"]["result_state"]) == (job, "SUCCESS")
