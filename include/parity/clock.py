"""Time as an argument: whatever waits or stamps takes a clock, so that tests need no sleep."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """The time, and a way to wait."""

    def now(self) -> datetime:
        """Return the aware time, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""


def today(clock: Clock, zone: str) -> date:
    """Return the current date in ``zone``."""
    return clock.now().astimezone(ZoneInfo(zone)).date()


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the aware time, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Block for ``seconds``."""
        time.sleep(seconds)
