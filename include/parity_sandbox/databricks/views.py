"""Runs as the API shows them."""

from __future__ import annotations

from typing import Any

from parity_sandbox.databricks import errors
from parity_sandbox.databricks.jobs import USER
from parity_sandbox.databricks.runs import Run, TaskRun, Timed


def timed(what: Timed) -> dict[str, Any]:
    """Return state and times."""
    spent = what.ended - what.started if what.ended else 0
    return {
        "state": what.state.old,
        "status": what.state.new,
        "start_time": what.started,
        "end_time": what.ended,
        "setup_duration": 0,
        "execution_duration": spent,
        "cleanup_duration": 0,
    }


def page_url(run: Run, host: str) -> str:
    """Return where a person would look at a run."""
    return f"{host}/#job/{run.job_id}/run/{run.run_id}"


def task_view(run: Run, task: TaskRun, host: str) -> dict[str, Any]:
    """Return one task of a run."""
    return {
        **task.settings,
        **timed(task),
        "run_id": task.run_id,
        "attempt_number": task.attempt,
        "run_if": task.settings.get("run_if", "ALL_SUCCESS"),
        "run_page_url": page_url(run, host),
    }


def run_view(run: Run, host: str, *, tasks: bool = True) -> dict[str, Any]:
    """Return a run, with its tasks if wanted."""
    view = {
        "job_id": run.job_id,
        "run_id": run.run_id,
        "number_in_job": run.run_id,
        "original_attempt_run_id": run.run_id,
        "creator_user_name": USER,
        "run_name": run.name,
        "run_type": "SUBMIT_RUN" if run.submitted else "JOB_RUN",
        "run_page_url": page_url(run, host),
        "format": "MULTI_TASK",
        "trigger": "ONE_TIME",
        "attempt_number": 0,
        "job_parameters": run.job_parameters,
        "overriding_parameters": run.overrides,
        **timed(run),
        "run_duration": run.ended - run.started if run.ended else 0,
    }
    return {**view, "tasks": [task_view(run, task, host) for task in run.tasks]} if tasks else view


def found_view(run: Run, task: TaskRun | None, host: str) -> dict[str, Any]:
    """Return what ``runs/get`` answers for a run's id, or for the id of one of its tasks."""
    if task is None:
        return run_view(run, host)
    own = task_view(run, task, host)
    return {**run_view(run, host, tasks=False), **own, "tasks": [own]}


def output_view(run: Run, task: TaskRun | None, host: str) -> dict[str, Any]:
    """Return what ``runs/get-output`` answers; refused for a run with several tasks."""
    if task is None and len(run.tasks) != 1:
        raise errors.invalid(
            "Retrieving the output of runs with multiple tasks is not supported. "
            "Please retrieve the output of each individual task run instead."
        )
    shown = task or run.tasks[0]
    metadata = {**run_view(run, host, tasks=False), **task_view(run, shown, host)}
    return {"metadata": metadata, **_printed(shown), **_raised(shown)}


def _printed(task: TaskRun) -> dict[str, Any]:
    if task.outcome is None:
        return {}
    if "notebook_task" in task.settings:
        left_with = task.outcome.result
        return {"notebook_output": {"result": left_with, "truncated": False} if left_with else {}}
    return {"logs": task.outcome.stdout, "logs_truncated": False}


def _raised(task: TaskRun) -> dict[str, Any]:
    if task.outcome is None or not task.outcome.error:
        return {}
    return {"error": task.outcome.error, "error_trace": task.outcome.trace}


def history_view(run: Run) -> list[dict[str, Any]]:
    """Return the original run and its repairs."""
    first = {
        "type": "ORIGINAL",
        "start_time": run.started,
        "end_time": run.ended,
        "state": run.state.old,
        "task_run_ids": [task.run_id for task in run.tasks],
    }
    return [first, *run.repairs]
