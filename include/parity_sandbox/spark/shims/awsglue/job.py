"""A Glue job as its script sees it: bookmarks are not kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Job:
    """Knows its name and arguments; committing only matters for bookmarks."""

    def __init__(self, glue_context: Any) -> None:
        self.glue_context = glue_context
        self.name = ""
        self.args: Mapping[str, str] = {}

    def init(self, job_name: str, args: Mapping[str, str] | None = None) -> None:
        """Remember what the script was started with."""
        self.name, self.args = job_name, args or {}

    def commit(self) -> None:
        """Do nothing: there are no bookmarks."""
