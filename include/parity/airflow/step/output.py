"""The tasks of a run, as Airflow has them: their states, their outputs, and why they failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from airflow.sdk import Context

from parity.airflow.step.failures import FAILURE
from parity.errors import BadInput, ExportRefused
from parity.flow.codec import from_json
from parity.flow.run_verdict import PLAN, Facts, TaskFacts
from parity.flow.stages import Stage, StageFailure

Plan = TypeVar("Plan")


def task_output(context: Any, task_id: str) -> dict[str, Any]:
    """Return what a task returned, or an empty dict when it did not succeed.

    Airflow 3.3.2 encodes an XCom twice when a trigger ends the task (measured: the worker pulls text), and
    once when the worker does.
    """
    value = context["ti"].xcom_pull(task_ids=task_id)
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else value or {}
    return found


def required_output(context: Any, task_id: str) -> dict[str, Any]:
    """Return what a task returned; ExportRefused when it has no output, such as one that was marked by hand."""
    if found := task_output(context, task_id):
        return found
    raise ExportRefused(
        f"Task {task_id} has no output; it was marked by hand, or has not run.",
        remedy=f"Clear {task_id} with everything after it.",
    )


def read_plan(context: Context, kind: type[Plan]) -> Plan:
    """Return the plan of this run; BadInput when it has none."""
    if data := context["ti"].xcom_pull(task_ids=PLAN):
        return from_json(kind, data)
    raise BadInput("This run has no plan.", remedy="Clear its plan task, with everything after it.")


def task_states(context: Context) -> dict[str, str]:
    """Return the state of every task of this run, by task id (with the index of mapped ones)."""
    ti = context["ti"]
    states: dict[str, dict[str, Any]] = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])
    return {task: str(state) for task, state in states.get(ti.run_id, {}).items()}


def facts_of(context: Context, tasks: Mapping[str, Stage]) -> Facts:
    """Return the facts of some tasks, given by id with their stages."""
    states = task_states(context)
    return {
        task: TaskFacts(
            states.get(task, "missing"), task_output(context, task), _failure(context, stage, task, states)
        )
        for task, stage in tasks.items()
    }


def failure_of(context: Context, stage: Stage, task: str, state: str) -> StageFailure:
    """Return why a task failed."""
    if failure := context["ti"].xcom_pull(task_ids=task, key=FAILURE):
        return from_json(StageFailure, failure)
    return StageFailure(
        stage,
        f"Task {task} is {state}: it was stopped or killed before it could report why.",
        "Read the end of its log, then clear it with everything after it.",
    )


def attempt_of(context: Context) -> str:
    """Return Airflow's id of this attempt: a retry and a clear have another one, a deferral does not."""
    return str(context["ti"].id)


def _failure(context: Context, stage: Stage, task: str, states: Mapping[str, str]) -> StageFailure | None:
    state = states.get(task)
    if state in (None, "success", "skipped", "upstream_failed"):
        return None
    return failure_of(context, stage, task, str(state))
