"""Where a comparison tells how far it is; the terminal draws it, everybody else stays silent."""

from __future__ import annotations

from typing import Protocol


class ProgressReporter(Protocol):
    """Is told about each step as it starts."""

    def step(self, name: str) -> None:
        """Say that the step called ``name`` begins."""


class SilentReporter:
    """Tells nobody."""

    def step(self, name: str) -> None:
        """Do nothing."""
