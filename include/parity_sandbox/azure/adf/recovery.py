"""Running part of a pipeline again: what a recovery run takes over from the run that it refers to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parity_sandbox.azure.adf.arm import ArmError, Call
from parity_sandbox.azure.adf.factory import Factory, Resource
from parity_sandbox.azure.adf.graph import downstream
from parity_sandbox.azure.adf.parameters import resolve
from parity_sandbox.azure.adf.records import ActivityRun, PipelineRun
from parity_sandbox.azure.adf.states import State


def plan(factory: Factory, pipeline: Resource, call: Call) -> tuple[PipelineRun, dict[str, ActivityRun]]:
    """Return the run that ``createRun`` asks for, and the activity runs that it need not repeat.

    A reference alone takes over the parameters; in recovery mode the runs share their group, and only
    ``startActivityName`` or ``startFromFailure`` spare anything, and nothing downstream of what runs again.
    """
    reference = call.query.get("referencePipelineRunId", "")
    start = call.query.get("startActivityName", "")
    if not reference:
        if call.flag("isRecovery") or call.flag("startFromFailure"):
            text = "isRecovery and startFromFailure need a referencePipelineRunId."
            raise ArmError(400, "BadRequest", text, target=f"pipeline/{pipeline.name}/")
        run = PipelineRun(pipeline.name, resolve(pipeline, call.document()))
        return run, (_before(pipeline, start, {}, run) if start else {})
    earlier = _referenced(factory, pipeline, reference)
    if not call.flag("isRecovery"):
        return PipelineRun(pipeline.name, dict(earlier.parameters)), {}
    run = PipelineRun(pipeline.name, dict(earlier.parameters), group=earlier.group)
    succeeded = _succeeded(earlier)
    if start:
        return run, _before(pipeline, start, succeeded, run)
    return run, (_untouched(pipeline, succeeded) if call.flag("startFromFailure") else {})


def _referenced(factory: Factory, pipeline: Resource, reference: str) -> PipelineRun:
    found = factory.runs.get(reference)
    if found is None or found.pipeline != pipeline.name:
        text = f"The referenced pipeline run '{reference}' is not a valid run of the pipeline '{pipeline.name}'."
        raise ArmError(400, "ReferencedPipelineRunNotValid", text, target=f"pipeline/{pipeline.name}/")
    if not found.status.terminal:
        text = f"The referenced pipeline run '{reference}' has not ended."
        raise ArmError(400, "ReferencedPipelineRunNotValid", text, target=f"pipeline/{pipeline.name}/")
    return found


def _succeeded(earlier: PipelineRun) -> dict[str, ActivityRun]:
    return {one.name: one for one in earlier.listed() if one.status is State.SUCCEEDED}


def _untouched(pipeline: Resource, succeeded: Mapping[str, ActivityRun]) -> dict[str, ActivityRun]:
    """Return what succeeded, unless it waits for something that did not."""
    activities: list[Mapping[str, Any]] = pipeline.properties.get("activities") or []
    again = {
        name for one in activities if one["name"] not in succeeded for name in downstream(activities, one["name"])
    }
    return {name: one for name, one in succeeded.items() if name not in again}


def _before(
    pipeline: Resource, start: str, succeeded: Mapping[str, ActivityRun], run: PipelineRun
) -> dict[str, ActivityRun]:
    """Return what lies not downstream of ``start``; it counts as succeeded even if it never ran."""
    activities: list[Mapping[str, Any]] = pipeline.properties.get("activities") or []
    if start not in {activity["name"] for activity in activities}:
        text = f"The start activity '{start}' does not exist in the pipeline '{pipeline.name}'."
        raise ArmError(400, "BadRequest", text, target=f"pipeline/{pipeline.name}/")
    again = downstream(activities, start)
    return {
        one["name"]: succeeded.get(one["name"]) or _assumed(one, run)
        for one in activities
        if one["name"] not in again
    }


def _assumed(activity: Mapping[str, Any], run: PipelineRun) -> ActivityRun:
    record = ActivityRun(activity["name"], activity["type"], run.pipeline, run.id)
    return record.ended(State.SUCCEEDED)
