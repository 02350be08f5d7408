"""The three Databricks activities: start a run in the workspace, follow it, and say how it ended."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from parity_sandbox.azure.adf.expressions.functions import text
from parity_sandbox.azure.adf.failures import ActivityFailure, Stopped, TimedOut
from parity_sandbox.azure.adf.step import Step
from parity_sandbox.azure.adf.workspace import ENDED, Workspace

POLL = 0.2
FAILED = "3204"
RUNTIME = "AutoResolveIntegrationRuntime (West Europe)"

Start = Callable[[Workspace, Mapping[str, Any]], int]


def spark_python(step: Step) -> Mapping[str, Any]:
    """Run a Python file once."""

    def start(workspace: Workspace, properties: Mapping[str, Any]) -> int:
        parameters = [text(one) for one in properties.get("parameters") or []]
        task = {"python_file": properties["pythonFile"], "parameters": parameters}
        return workspace.submit(_run_name(step), {"spark_python_task": task}, step.record.id)

    return _follow(step, start)


def notebook(step: Step) -> Mapping[str, Any]:
    """Run a notebook once."""

    def start(workspace: Workspace, properties: Mapping[str, Any]) -> int:
        given = properties.get("baseParameters") or {}
        parameters = {name: text(value) for name, value in given.items()}
        task = {"notebook_path": properties["notebookPath"], "base_parameters": parameters}
        return workspace.submit(_run_name(step), {"notebook_task": task}, step.record.id)

    return _follow(step, start)


def job(step: Step) -> Mapping[str, Any]:
    """Run a job of the workspace."""

    def start(workspace: Workspace, properties: Mapping[str, Any]) -> int:
        given = properties.get("jobParameters") or {}
        parameters = {name: text(value) for name, value in given.items()}
        return workspace.run_now(int(properties["jobId"]), parameters, step.record.id)

    return _follow(step, start)


def _run_name(step: Step) -> str:
    run = step.scope.run
    return f"ADF_{step.scope.factory.name}_{run.pipeline}_{step.name}_{step.record.id}"


def _follow(step: Step, start: Start) -> Mapping[str, Any]:
    properties = step.properties()
    endpoints = step.engine.context.endpoints
    authorization = {"authorization": f"Bearer {endpoints.databricks_token}"}
    with httpx.Client(base_url=endpoints.databricks, headers=authorization, timeout=30) as http:
        workspace = Workspace(http, step.watch.sleep)
        began = time.monotonic()
        try:
            run_id = start(workspace, properties)
        except (KeyError, TypeError, ValueError) as error:
            raise ActivityFailure("BadRequest", f"The activity's type properties are wrong: {error!r}") from error
        run = _wait(step, workspace, run_id)
        return _judge(step, workspace, run, int(time.monotonic() - began))


def _wait(step: Step, workspace: Workspace, run_id: int) -> dict[str, Any]:
    """Return the ended run; cancel it when the activity must end first."""
    try:
        while True:
            run = workspace.run(run_id)
            step.show(output={"runPageUrl": run.get("run_page_url", ""), "runId": run_id})
            if run["state"]["life_cycle_state"] in ENDED:
                return run
            step.watch.sleep(POLL)
    except (Stopped, TimedOut):
        workspace.cancel(run_id)
        raise


def _judge(step: Step, workspace: Workspace, run: Mapping[str, Any], seconds: int) -> Mapping[str, Any]:
    output = {
        **step.record.output,
        "effectiveIntegrationRuntime": RUNTIME,
        "executionDuration": seconds,
        "durationInQueue": {"integrationRuntimeQueue": 0},
        "billingReference": {"activityType": "ExternalActivity", "billableDuration": []},
    }
    if run["state"].get("result_state") != "SUCCESS":
        raise ActivityFailure(FAILED, _complaint(workspace, run))
    result = _result(workspace, run)
    return {**output, "runOutput": _handed_on(result)} if result else output


def _handed_on(result: str) -> Any:
    """Return a notebook's result as the activity's output shows it: an object or a list for JSON of one."""
    try:
        found = json.loads(result)
    except ValueError:
        return result
    return found if isinstance(found, dict | list) else result


def _complaint(workspace: Workspace, run: Mapping[str, Any]) -> str:
    state = run["state"]
    ended = state.get("result_state") or state["life_cycle_state"]
    said = state.get("state_message", "")
    reason = next(filter(None, (_error(workspace, task) for task in run.get("tasks") or [])), "")
    where = f"For more details please check the run page url: {run.get('run_page_url', '')}"
    why = f"{said.rstrip('.')}. {reason}".strip()
    return f"Databricks execution failed with error state: {ended}, error message: {why}. {where}"


def _error(workspace: Workspace, task: Mapping[str, Any]) -> str:
    if (task.get("state") or {}).get("result_state") != "FAILED":
        return ""
    try:
        return str(workspace.output(task["run_id"]).get("error") or "").rstrip(".")
    except ActivityFailure:
        return ""


def _result(workspace: Workspace, run: Mapping[str, Any]) -> str:
    """Return what a notebook gave to ``dbutils.notebook.exit``, if there was one."""
    tasks = run.get("tasks") or []
    if len(tasks) != 1 or "notebook_task" not in tasks[0]:
        return ""
    return str((workspace.output(tasks[0]["run_id"]).get("notebook_output") or {}).get("result") or "")
