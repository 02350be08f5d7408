"""What Data Factory refuses when a pipeline is saved: findings, not errors. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from parity_sandbox.azure.adf.graph import Activity, dependencies, has_cycle, lists
from parity_sandbox.azure.adf.states import CONDITIONS

Known = Callable[[str, str], bool]
"""Tells whether a resource of this kind and name exists."""


def findings(properties: Mapping[str, Any], known: Known) -> Iterator[str]:
    """Yield what is wrong with a pipeline's properties."""
    for activities in _well_formed(properties):
        if isinstance(activities, str):
            yield activities
            return
        yield from _duplicates(activities)
        yield from _edges(activities)
        for activity in activities:
            yield from _references(activity, known)


def _well_formed(properties: Mapping[str, Any]) -> Iterator[Sequence[Activity] | str]:
    try:
        found = list(lists(properties))
    except (AttributeError, TypeError):
        yield "The pipeline's activities are not a list of activities."
        return
    for activities in found:
        wrong = next((one for one in activities if not _is_activity(one)), None)
        yield activities if wrong is None else f"The activity {wrong!r} lacks a name or a type."


def _is_activity(one: Any) -> bool:
    if not (isinstance(one, Mapping) and isinstance(one.get("name"), str) and isinstance(one.get("type"), str)):
        return False
    return all(isinstance(edge, Mapping) and "activity" in edge for edge in one.get("dependsOn") or [])


def _duplicates(activities: Sequence[Activity]) -> Iterator[str]:
    names = [activity["name"] for activity in activities]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"The activity name '{name}' is used more than once."


def _edges(activities: Sequence[Activity]) -> Iterator[str]:
    names = {activity["name"] for activity in activities}
    sound = True
    for activity in activities:
        for name, conditions in dependencies(activity).items():
            if name not in names:
                sound = False
                yield f"The activity '{activity['name']}' depends on '{name}', which does not exist."
            for condition in sorted(set(conditions) - CONDITIONS.keys()):
                yield f"The activity '{activity['name']}' has the unknown condition '{condition}'."
    if sound and has_cycle(activities):
        yield "The pipeline's activities wait for each other in a circle."


def _references(activity: Activity, known: Known) -> Iterator[str]:
    service = (activity.get("linkedServiceName") or {}).get("referenceName")
    wanted = [("linkedservices", service)] if service else []
    wanted += [
        ("datasets", one.get("referenceName", ""))
        for side in ("inputs", "outputs")
        for one in activity.get(side) or []
    ]
    for kind, name in wanted:
        if not known(kind, name):
            yield f"The document creation or update failed because of invalid reference '{name}'."
