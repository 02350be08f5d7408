"""What Airflow knows of the tasks of a run: their states, what they handed on, and why they failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow.sdk import Context

from parity.airflow.step.failures import BROKEN
from parity.errors import ExportRefused
from parity.flow.run_verdict import Facts, TaskFacts
from parity.flow.stages import Stage, StageFailure


def task_output(context: Any, task_id: str) -> dict[str, Any]:
    """Return what a task handed on, or an empty dict when it did not succeed.

    Airflow 3.3.2 encodes an XCom twice when a trigger ends the task (measured: the worker pulls text), and
    once when the worker does.
    """
    value = context["ti"].xcom_pull(task_ids=task_id)
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else value or {}
    return found


def required_output(context: Any, task_id: str) -> dict[str, Any]:
    """Return what a task handed on; ExportRefused when it handed on nothing, as one that was marked by hand."""
    if found := task_output(context, task_id):
        return found
    raise ExportRefused(
        f"Task {task_id} handed nothing on; it was marked by hand, or has not run.",
        remedy=f"Clear {task_id} with everything after it.",
    )


def task_states(context: Context) -> dict[str, str]:
    """Return the state of every task of this run, by task id (with the index of mapped ones)."""
    ti = context["ti"]
    states: dict[str, dict[str, Any]] = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])
    return {task: str(state) for task, state in states.get(ti.run_id, {}).items()}


def facts_of(context: Context, tasks: Mapping[str, Stage]) -> Facts:
    """Return what is known of some tasks, each by its id with the link that it is."""
    states = task_states(context)
    return {
        task: TaskFacts(
            states.get(task, "missing"), task_output(context, task), _broken(context, link, task, states)
        )
        for task, link in tasks.items()
    }


def attempt_of(context: Context) -> str:
    """Return Airflow's id of this attempt: a retry and a clear have another one, a deferral does not."""
    return str(context["ti"].id)


def _broken(context: Context, link: Stage, task: str, states: dict[str, str]) -> StageFailure | None:
    state = states.get(task)
    if state in (None, "success", "skipped", "upstream_failed"):
        return None
    if told := context["ti"].xcom_pull(task_ids=task, key=BROKEN):
        return StageFailure.from_json(told)
    return StageFailure(
        link,
        f"Task {task} is {state}: it was stopped or killed before it could say why.",
        "Read the end of its log, then clear it with downstream.",
    )
