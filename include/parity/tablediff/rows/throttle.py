"""How many rows the next query reads, and when to wait before it. Time is an argument."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf

from parity.clock import Clock
from parity.errors import DeadlineExceeded
from parity.suite.databases import ThrottleLimits
from parity.tablediff.mysql.server import ServerLoad

MIN_ROWS, MAX_ROWS = 1_000, 2_000_000
MAX_STREAMED_ROWS = 20_000
"""Rows of a chunk that is streamed: they are in memory, both sides at once."""
MAX_GROWTH = 4.0
"""How much larger the next chunk may be."""
POLL_SECONDS = 1.0


@dataclass
class ChunkSizer:
    """Rows per chunk, adapted so that one takes about as long as it may."""

    limits: ThrottleLimits
    rows: int = 0

    def __post_init__(self) -> None:
        """Start with as many rows as the limits say."""
        self.rows = self.limits.first

    @property
    def least(self) -> int:
        """Return the fewest rows of a chunk."""
        return min(MIN_ROWS, self.limits.first)

    def next(self, *, streamed: bool) -> int:
        """Return how many rows the next chunk should have."""
        return min(self.rows, self._allowed, MAX_STREAMED_ROWS if streamed else MAX_ROWS)

    @property
    def _allowed(self) -> int:
        """Return the rows that one chunk's time allows, so that a limited rate is no burst and a long pause."""
        limit = self.limits.rows_per_second
        return max(self.least, round(limit * self.limits.chunk.total_seconds())) if limit else MAX_ROWS

    def learn(self, rows: int, seconds: float) -> None:
        """Adapt to how long a chunk of ``rows`` rows took."""
        wanted = self.limits.chunk.total_seconds()
        factor = min(MAX_GROWTH, wanted / seconds) if seconds > 0 else MAX_GROWTH
        if rows >= self.rows // 2 or factor < 1:
            self.rows = round(min(MAX_ROWS, max(self.least, rows * factor)))

    def shrink(self) -> bool:
        """Halve after a time-out; return whether there was anything left to halve."""
        before, self.rows = self.rows, max(self.least, self.rows // 2)
        return self.rows < before


@dataclass
class Throttle:
    """Waits while a server is busy, and keeps to a number of rows per second; all threads share one."""

    limits: ThrottleLimits
    clock: Clock
    _due: datetime = datetime.min.replace(tzinfo=UTC)
    """When the rows read so far would have been read at the rate that is allowed."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, read_loads: Callable[[], tuple[ServerLoad, ServerLoad]]) -> bool:
        """Return when both servers have room, and whether they had none; DeadlineExceeded when they never do."""
        self._wait_for_rate()
        if self.limits.threads_running is None and self.limits.replica_lag is None:
            return False
        waited = 0.0
        while why := self.busy_reason(*read_loads()):
            if waited >= self.limits.patience.total_seconds():
                raise DeadlineExceeded(f"A server stayed busy for {waited:.0f} s: {why}.")
            self.clock.sleep(POLL_SECONDS)
            waited += POLL_SECONDS
        return waited > 0

    def busy_reason(self, *loads: ServerLoad) -> str:
        """Return why to wait, or an empty string."""
        threads, lag = self.limits.threads_running, self.limits.replica_lag
        for load in loads:
            if threads is not None and load.running > threads:
                return f"{load.running} threads are running, the limit is {threads}"
            if lag is not None and load.lag is not None and load.lag > lag.total_seconds():
                behind = "does not follow" if load.lag == inf else f"is {load.lag:.0f} s behind"
                return f"a replica {behind} its source, the limit is {lag.total_seconds():.0f} s"
        return ""

    def record(self, rows: int, seconds: float) -> None:
        """Record that ``rows`` rows were read in ``seconds``; the next chunk waits as the rate demands."""
        if self.limits.rows_per_second:
            began = self.clock.now() - timedelta(seconds=seconds)
            with self._lock:
                self._due = max(self._due, began) + timedelta(seconds=rows / self.limits.rows_per_second)

    def _wait_for_rate(self) -> None:
        rest = (self._due - self.clock.now()).total_seconds()
        if rest > 0:
            self.clock.sleep(rest)
