"""Activities that hold no others and touch no data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parity_sandbox.azure.adf.arm import ArmError
from parity_sandbox.azure.adf.failures import ActivityFailure, TimedOut
from parity_sandbox.azure.adf.parameters import resolve
from parity_sandbox.azure.adf.records import PipelineRun
from parity_sandbox.azure.adf.states import State
from parity_sandbox.azure.adf.step import Step

POLL = 0.05


def wait(step: Step) -> Mapping[str, Any]:
    """Let the asked seconds pass."""
    seconds = step.properties().get("waitTimeInSeconds")
    try:
        step.watch.sleep(float(seconds))  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise ActivityFailure("BadRequest", f"waitTimeInSeconds is not a number: {seconds!r}.") from error
    return {}


def fail(step: Step) -> Mapping[str, Any]:
    """End as the pipeline's author says."""
    properties = step.properties()
    raise ActivityFailure(str(properties.get("errorCode", "")), str(properties.get("message", "")))


def set_variable(step: Step) -> Mapping[str, Any]:
    """Give a variable a value."""
    properties = step.properties()
    name, value = properties["variableName"], properties.get("value")
    step.scope.variables.set(name, value)
    return {"name": name, "value": value}


def append_variable(step: Step) -> Mapping[str, Any]:
    """Add a value to an array variable."""
    properties = step.properties()
    step.scope.variables.append(properties["variableName"], properties.get("value"))
    return {"name": properties["variableName"], "value": properties.get("value")}


def execute_pipeline(step: Step) -> Mapping[str, Any]:
    """Start another pipeline and, unless told otherwise, wait for it."""
    name = step.raw["pipeline"]["referenceName"]
    arguments = step.properties().get("parameters") or {}
    child = step.engine.start(step.scope.factory, _child(step, name, arguments))
    output = {"pipelineName": child.pipeline, "pipelineRunId": child.id}
    step.show(output=output)
    if step.raw.get("waitOnCompletion", True):
        _follow(step, child)
    return output


def _child(step: Step, name: str, arguments: Mapping[str, Any]) -> PipelineRun:
    parent = step.scope.run
    origin = {"id": parent.id, "name": step.name, "invokedByType": "PipelineActivity"}
    origin |= {"pipelineName": parent.pipeline, "pipelineRunId": parent.id}
    try:
        pipeline = step.scope.factory.get("pipelines", name)
        return PipelineRun(pipeline.name, resolve(pipeline, arguments), invoked_by=origin)
    except ArmError as error:
        raise ActivityFailure("BadRequest", str(error)) from error


def _follow(step: Step, child: PipelineRun) -> None:
    """Wait for the child; that a cancelled parent's children stop too is for ``Engine.cancel`` to do."""
    while not child.status.terminal:
        try:
            step.watch.sleep(POLL)
        except TimedOut:
            step.engine.cancel(child, recursive=True)
            raise
    if child.status is not State.SUCCEEDED:
        raise ActivityFailure("BadRequest", child.message or f"The pipeline run ended as {child.status}.")
