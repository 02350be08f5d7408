"""Where a chain of activities broke first: facts in, one link out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from parity.clients.adf import ActivityDefinition, Pipeline
from parity.clients.remote import Phase, RemoteError, RunStatus

CONDITIONS: Mapping[str, frozenset[str]] = {
    "Succeeded": frozenset({"Succeeded", "Inactive"}),
    "Failed": frozenset({"Failed"}),
    "Skipped": frozenset({"Skipped"}),
    "Completed": frozenset({"Succeeded", "Failed", "Inactive"}),
}
"""Which states of an upstream activity let a dependant run."""


class BrokenLink(NamedTuple):
    """The first activity upstream (or the given one itself) that prevented data from being produced."""

    activity: str
    error: RemoteError | None
    """None: it did not fail; it is still going, was cancelled or never started."""


def first_broken(pipeline: Pipeline, activities: Mapping[str, RunStatus], name: str) -> BrokenLink:
    """Return the first broken link above ``name``, whose data are missing; NotFound for an unknown name."""
    pipeline.activity(name)
    by_name = {a.name: a for a in pipeline.activities}
    broken = _climb(by_name, activities, name, set())
    status = activities.get(broken)
    return BrokenLink(broken, status.error if status else None)


def _climb(
    by_name: Mapping[str, ActivityDefinition],
    activities: Mapping[str, RunStatus],
    name: str,
    seen: set[str],
) -> str:
    seen.add(name)
    status = activities.get(name)
    if status is not None and status.state != "Skipped":
        return name  # it did start, so nothing above held it back
    causes = [_climb(by_name, activities, up, seen) for up in _blockers(by_name, activities, name, seen)]
    return min(causes, key=lambda cause: _order(activities.get(cause)), default=name)


def _blockers(
    by_name: Mapping[str, ActivityDefinition],
    activities: Mapping[str, RunStatus],
    name: str,
    seen: set[str],
) -> list[str]:
    """Return the upstream activities, or the container, whose state does not let ``name`` run."""
    definition = by_name[name]
    found = [
        up
        for up, conditions in definition.depends_on.items()
        if up in by_name and up not in seen and not _lets_run(activities.get(up), conditions)
    ]
    container = activities.get(definition.container)
    held = definition.container and definition.container not in seen
    if held and (container is None or container.phase is not Phase.SUCCEEDED):
        found.append(definition.container)
    return found


def _lets_run(status: RunStatus | None, conditions: tuple[str, ...]) -> bool:
    return status is not None and any(status.state in CONDITIONS[condition] for condition in conditions)


def _order(status: RunStatus | None) -> tuple[bool, float]:
    """Sort failures before the rest, and the earliest end first."""
    failed = status is not None and status.phase is Phase.FAILED
    return not failed, status.ended.timestamp() if status and status.ended else float("inf")
