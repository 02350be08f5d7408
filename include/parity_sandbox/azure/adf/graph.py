"""The shape of a pipeline: what may start, what is skipped, and how the whole ended. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from parity_sandbox.azure.adf.states import CONDITIONS, State

Activity = Mapping[str, Any]
"""One activity's JSON."""
NESTED = ("activities", "ifTrueActivities", "ifFalseActivities", "defaultActivities")


def dependencies(activity: Activity) -> dict[str, tuple[str, ...]]:
    """Return the activities it waits for, with the conditions of which one must be met."""
    return {
        one["activity"]: tuple(one.get("dependencyConditions") or ("Succeeded",))
        for one in activity.get("dependsOn") or []
    }


def decided(activity: Activity, ended: Mapping[str, State]) -> bool:
    """Return whether everything it waits for has ended."""
    return all(name in ended for name in dependencies(activity))


def may_run(activity: Activity, ended: Mapping[str, State]) -> bool:
    """Return whether every dependency ended in one of the ways it asks for; otherwise it is skipped."""
    return all(
        any(ended[name] in CONDITIONS[condition] for condition in conditions)
        for name, conditions in dependencies(activity).items()
    )


def broken_by(activities: Sequence[Activity], ended: Mapping[str, State]) -> str | None:
    """Return the activity that fails the whole, or None.

    Data Factory looks at the leaves; where a leaf was skipped, at what it waited for, and so on. A failure
    that was handled on every path to a leaf does not fail the pipeline.
    """
    graph = {activity["name"]: dependencies(activity) for activity in activities}
    inner = {name for waits in graph.values() for name in waits}
    for leaf in (name for name in graph if name not in inner):
        culprit = _culprit(leaf, graph, ended)
        if culprit:
            return culprit
    return None


def _culprit(
    name: str, graph: Mapping[str, Mapping[str, tuple[str, ...]]], ended: Mapping[str, State]
) -> str | None:
    if ended.get(name) is State.FAILED:
        return name
    if ended.get(name) is not State.SKIPPED:
        return None
    return next(filter(None, (_culprit(parent, graph, ended) for parent in graph[name])), None)


def downstream(activities: Sequence[Activity], start: str) -> set[str]:
    """Return ``start`` and everything that waits for it, directly or not."""
    found = {start}
    while grown := {a["name"] for a in activities if found & dependencies(a).keys()} - found:
        found |= grown
    return found


def has_cycle(activities: Sequence[Activity]) -> bool:
    """Return whether some activity waits for itself."""
    waiting = {activity["name"]: set(dependencies(activity)) for activity in activities}
    while free := [name for name, waits in waiting.items() if not waits & waiting.keys()]:
        for name in free:
            del waiting[name]
    return bool(waiting)


def lists(properties: Mapping[str, Any]) -> Iterator[Sequence[Activity]]:
    """Yield the top list of activities, then each list inside of one, to any depth."""
    top = properties.get("activities") or []
    yield top
    for activity in top:
        inside = activity.get("typeProperties") or {}
        branches = [inside.get(name) for name in NESTED] + [
            case.get("activities") for case in inside.get("cases") or []
        ]
        for branch in filter(None, branches):
            yield from lists({"activities": branch})
