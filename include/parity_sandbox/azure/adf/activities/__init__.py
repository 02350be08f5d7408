"""What each type of activity does: one function per type, in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from parity_sandbox.azure.adf.activities.branches import for_each, if_condition, switch, until
from parity_sandbox.azure.adf.activities.copy import copy
from parity_sandbox.azure.adf.activities.databricks import job, notebook, spark_python
from parity_sandbox.azure.adf.activities.plain import append_variable, execute_pipeline, fail, set_variable, wait
from parity_sandbox.azure.adf.failures import ActivityFailure, limitation
from parity_sandbox.azure.adf.step import Step

POLL = 0.05
KINDS: Mapping[str, Callable[[Step], Mapping[str, Any]]] = {
    "AppendVariable": append_variable,
    "Copy": copy,
    "DatabricksJob": job,
    "DatabricksNotebook": notebook,
    "DatabricksSparkPython": spark_python,
    "ExecutePipeline": execute_pipeline,
    "Fail": fail,
    "ForEach": for_each,
    "IfCondition": if_condition,
    "SetVariable": set_variable,
    "Switch": switch,
    "Until": until,
    "Wait": wait,
}
FAULT = "2200"


def perform(step: Step) -> Mapping[str, Any]:
    """Run one attempt and return its output; faults on request come first."""
    _suffer(step)
    kind = str(step.activity["type"])
    if kind not in KINDS:
        raise limitation(f"activities of type '{kind}' are not supported; supported are {', '.join(KINDS)}.")
    return KINDS[kind](step)


def _suffer(step: Step) -> None:
    faults = step.engine.context.faults
    stuck = faults.engine("stays_running", step.name)
    while stuck and faults.holds(stuck):
        step.watch.sleep(POLL)
    broken = faults.engine("fails_at", step.name)
    if broken:
        raise ActivityFailure(FAULT, broken.message or f"The activity '{step.name}' failed on request.")
