"""Gentleness: how many rows the next query asks for, and when to wait before asking. Time is an argument."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf

from parity.clock import Clock
from parity.errors import DeadlineExceeded
from parity.suite.databases import ThrottleLimits
from parity.tablediff.mysql.load import ServerLoad

LEAST, MOST = 1_000, 2_000_000
STREAMED = 20_000
"""Most rows of a span that is streamed: they are in memory, both sides at once."""
GROWTH = 4.0
"""How much larger the next span may be."""
WAIT = 1.0
"""Seconds between two looks at a busy server."""


@dataclass
class ChunkSizer:
    """Rows per span, adapted so that one takes about as long as it may."""

    pace: ThrottleLimits
    rows: int = 0

    def __post_init__(self) -> None:
        """Start with as many rows as the pace says."""
        self.rows = self.pace.first

    @property
    def least(self) -> int:
        """Return the fewest rows that a span is worth."""
        return min(LEAST, self.pace.first)

    def next(self, *, streamed: bool) -> int:
        """Return how many rows the next span should hold."""
        return min(self.rows, self._allowed, STREAMED if streamed else MOST)

    @property
    def _allowed(self) -> int:
        """Return the rows that one chunk's time allows, so that a limited rate is no burst and a long pause."""
        limit = self.pace.rows_per_second
        return max(self.least, round(limit * self.pace.chunk.total_seconds())) if limit else MOST

    def learn(self, rows: int, seconds: float) -> None:
        """Adapt to how long a span of ``rows`` rows took."""
        wanted = self.pace.chunk.total_seconds()
        factor = min(GROWTH, wanted / seconds) if seconds > 0 else GROWTH
        if rows >= self.rows // 2 or factor < 1:
            self.rows = round(min(MOST, max(self.least, rows * factor)))

    def shrink(self) -> bool:
        """Halve after a time-out; tell whether there was anything left to halve."""
        before, self.rows = self.rows, max(self.least, self.rows // 2)
        return self.rows < before


@dataclass
class Throttle:
    """Waits while a server is busy, and keeps to a number of rows per second; all threads share one."""

    pace: ThrottleLimits
    clock: Clock
    _paid: datetime = datetime.min.replace(tzinfo=UTC)
    """When the rows read so far will have had their time."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, look: Callable[[], tuple[ServerLoad, ServerLoad]]) -> bool:
        """Return when both servers have room, and whether they had none; DeadlineExceeded when they never do."""
        self._pay()
        if self.pace.threads_running is None and self.pace.replica_lag is None:
            return False
        waited = 0.0
        while why := self.busy(*look()):
            if waited >= self.pace.patience.total_seconds():
                raise DeadlineExceeded(f"A server stayed busy for {waited:.0f} s: {why}.")
            self.clock.sleep(WAIT)
            waited += WAIT
        return waited > 0

    def busy(self, *loads: ServerLoad) -> str:
        """Return why to wait, or an empty string."""
        threads, lag = self.pace.threads_running, self.pace.replica_lag
        for load in loads:
            if threads is not None and load.running > threads:
                return f"{load.running} threads are running, the limit is {threads}"
            if lag is not None and load.lag is not None and load.lag > lag.total_seconds():
                behind = "does not follow" if load.lag == inf else f"is {load.lag:.0f} s behind"
                return f"a replica {behind} its source, the limit is {lag.total_seconds():.0f} s"
        return ""

    def spend(self, rows: int, seconds: float) -> None:
        """Remember that ``rows`` rows were read in ``seconds``, to be paid for before the next span."""
        if self.pace.rows_per_second:
            began = self.clock.now() - timedelta(seconds=seconds)
            with self._lock:
                self._paid = max(self._paid, began) + timedelta(seconds=rows / self.pace.rows_per_second)

    def _pay(self) -> None:
        debt = (self._paid - self.clock.now()).total_seconds()
        if debt > 0:
            self.clock.sleep(debt)
