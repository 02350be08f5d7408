"""Whether an activity's success is final: facts in, one doubt out.

The factory lists a success as soon as an attempt, a round of a loop or an earlier run of the group had it. It
vouches for the activity's data only when nothing that belongs to this run can still run the activity, or what
lies upstream of it, again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from parity.clients.adf import ActivityDefinition, Definitions, Pipeline, PipelineRun
from parity.clients.adf_attempts import Statuses
from parity.clients.remote import Phase, RunStatus

ONCE = frozenset({"IfCondition", "Switch"})
"""Containers that run what they hold once at most; any other kind may repeat it."""


@dataclass(frozen=True)
class Doubt:
    """Why a success does not count."""

    reason: str
    final: bool
    """Whether waiting cannot dispel it."""


def doubt(pipeline: Pipeline, run: PipelineRun, activities: Statuses, name: str) -> Doubt | None:
    """Return why the success of ``name``, an activity of the pipeline, does not count yet, or never will."""
    by_name, ended = pipeline.by_name, run.status.phase.ended
    for holder in _containers(by_name, name):
        if by_name[holder].kind not in ONCE and (found := _of_loop(by_name[holder], activities.get(holder))):
            return found
    own = activities[name]
    if _performed_by(own, run) == run.run_id:
        return None
    for up in _upstream(by_name, name):
        if reason := _ran_since(up, activities.get(up), own):
            return Doubt(f"It succeeded in pipeline run {_performed_by(own, run)}, but {reason}.", ended)
    if own.output.get("spared") or ended:
        return None
    return Doubt("The recovery has not ended, and may run it again.", final=False)


def _of_loop(loop: ActivityDefinition, status: RunStatus | None) -> Doubt | None:
    if status is None or not status.phase.ended:
        return Doubt(f"{loop.kind} {loop.name}, which repeats it, has not ended.", final=False)
    if status.phase is not Phase.SUCCEEDED:
        return Doubt(f"{loop.kind} {loop.name}, which repeats it, ended as {status.state}.", final=True)
    return None


def _ran_since(up: str, status: RunStatus | None, own: RunStatus) -> str:
    if status is None or status.phase is not Phase.SUCCEEDED:
        return f"{up}, on which it depends, has not succeeded since"
    other = status.output.get("pipeline_run")
    later = not (status.started and own.started) or status.started > own.started
    if other != own.output.get("pipeline_run") and later:
        return f"{up}, on which it depends, ran again in {other}"
    return ""


def _containers(by_name: Definitions, name: str) -> Iterator[str]:
    """Yield what holds an activity, from the inside out."""
    while name := by_name[name].container:
        yield name


def _upstream(by_name: Definitions, name: str) -> list[str]:
    """Return everything that an activity waits for, directly or not, and what holds it."""
    found: dict[str, None] = {}
    pending = [name]
    while pending:
        definition = by_name[pending.pop()]
        near = [*definition.depends_on, *([definition.container] if definition.container else [])]
        new = [one for one in near if one in by_name and one not in found]
        found |= dict.fromkeys(new)
        pending += new
    return list(found)


def _performed_by(status: RunStatus, run: PipelineRun) -> str:
    return str(status.output.get("pipeline_run") or run.run_id)
