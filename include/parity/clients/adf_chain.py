"""Where a chain of activities broke first."""

from __future__ import annotations

from collections.abc import Mapping

from parity.clients.adf import Definitions, Pipeline
from parity.clients.adf_attempts import Statuses
from parity.clients.remote import Phase, RemoteError, RunStatus

CONDITIONS: Mapping[str, frozenset[str]] = {
    "Succeeded": frozenset({"Succeeded", "Inactive"}),
    "Failed": frozenset({"Failed"}),
    "Skipped": frozenset({"Skipped"}),
    "Completed": frozenset({"Succeeded", "Failed", "Inactive"}),
}
"""Which states of an upstream activity let a dependant run."""


def first_broken(pipeline: Pipeline, activities: Statuses, name: str) -> tuple[str, RemoteError | None]:
    """Return the first activity upstream of ``name``, or itself, that prevented its data, and its error.

    Without an error it did not fail: it is still going, was cancelled or never started.
    """
    broken = _climb(pipeline.by_name, activities, name, set())
    status = activities.get(broken)
    return broken, status.error if status else None


def _climb(by_name: Definitions, activities: Statuses, name: str, seen: set[str]) -> str:
    seen.add(name)
    status = activities.get(name)
    if status is not None and status.state != "Skipped":
        return name  # it did start, so nothing above held it back
    causes = [_climb(by_name, activities, up, seen) for up in _blockers(by_name, activities, name, seen)]
    return min(causes, key=lambda cause: _order(activities.get(cause)), default=name)


def _blockers(by_name: Definitions, activities: Statuses, name: str, seen: set[str]) -> list[str]:
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
