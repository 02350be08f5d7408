"""The life of pipeline and activity runs: one table of Data Factory's words."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """A status as Data Factory writes it."""

    QUEUED = "Queued"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELING = "Canceling"
    CANCELLED = "Cancelled"
    SKIPPED = "Skipped"
    INACTIVE = "Inactive"

    @property
    def terminal(self) -> bool:
        """Return whether nothing more will happen."""
        return self in TERMINAL


TERMINAL = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.SKIPPED, State.INACTIVE})
CONDITIONS: dict[str, frozenset[State]] = {
    "Succeeded": frozenset({State.SUCCEEDED}),
    "Failed": frozenset({State.FAILED}),
    "Skipped": frozenset({State.SKIPPED}),
    "Completed": frozenset({State.SUCCEEDED, State.FAILED}),
}
"""Which end of an activity fulfils which dependency condition."""
