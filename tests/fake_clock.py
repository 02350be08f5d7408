"""A clock for tests, in which nothing waits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass
class FakeClock:
    """A clock that moves only when something sleeps, and records every sleep in seconds."""

    time: datetime = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        """Return the set time."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Move forward by ``seconds`` at once."""
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)
