"""Time as an argument: whatever waits or stamps takes a clock, so that tests need no sleep."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def now(self) -> datetime:
        """Return the aware time, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass."""


def today(clock: Clock, zone: str) -> date:
    """Return the date that people in ``zone`` write."""
    return clock.now().astimezone(ZoneInfo(zone)).date()


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the aware time, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Block for ``seconds``."""
        time.sleep(seconds)


@dataclass
class FakeClock:
    """A clock that moves only when told to, and remembers every sleep in seconds."""

    time: datetime = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        """Return the time it stands at."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Move forward by ``seconds`` at once."""
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)
