"""One span of one table, on both servers at once: digests first, then only what differs.

1. COUNT and SUM per bucket of about 128 rows, computed inside both servers; of fewer where many differ.
2. Where a bucket is unequal: key and hash of its rows. Still no row has travelled.
3. Where a key's hashes are unequal: its row, from both sides, and the exact comparison.

Where most buckets differ, or there are few rows, the first two steps would be wasted: all rows of the span
are fetched at once (:class:`StrategyChooser` measures which is quicker).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

from parity.errors import ExportRefused
from parity.sql.keys import KeyRange
from parity.sql.mysql_packed import ROWS, BucketRanges
from parity.tablediff.mysql.table import MySQLTable
from parity.tablediff.rows.matching import Difference, Unequal
from parity.tablediff.sessions.pair import both

SMALL = 1_000
"""Rows up to which fetching everything is one query instead of three."""
PROBE = 16
"""After so many spans by the same way, the other way is tried once."""
FINEST = 16
"""Fewest rows per bucket."""
LINE = 1.5
"""What one more bucket costs, in rows looked at again; the best size follows from it and from what differs."""
SLICE = 400
"""Unequal buckets looked at in one go: 50,000 rows or so, which bounds the worker's memory."""
KEYS = 5_000
"""Rows fetched by key in one go."""

Sink = Callable[[Sequence[Difference]], None]


@dataclass(frozen=True)
class ChunkFacts:
    """How many rows one span holds on both sides, and how many of them had to be looked at."""

    legacy: int
    target: int
    fetched: int = 0
    """Rows that travelled whole, both sides together."""
    looked_at: int = 0
    """Rows whose key and hash travelled."""
    unequal: int = 0
    """Buckets that were."""
    streamed: bool = False

    @property
    def rows(self) -> int:
        """Return the larger side's rows."""
        return max(self.legacy, self.target)


@dataclass(frozen=True)
class Pair:
    """One table on both sides."""

    legacy: MySQLTable
    target: MySQLTable
    allows_lookup: bool


def compare_chunk(pair: Pair, span: KeyRange, buckets: BucketRanges, sink: Sink, *, stream: bool) -> ChunkFacts:
    """Compare one span and hand every difference to ``sink``."""
    return _stream(pair, span, buckets, sink) if stream else _digest(pair, span, buckets, sink)


def _stream(pair: Pair, span: KeyRange, buckets: BucketRanges, sink: Sink) -> ChunkFacts:
    olds, news = _fetch(pair, span, buckets, None)
    sink(Unequal.of(olds, news).differences())
    return ChunkFacts(len(olds), len(news), len(olds) + len(news), streamed=True)


def _digest(pair: Pair, span: KeyRange, buckets: BucketRanges, sink: Sink) -> ChunkFacts:
    old, new = both(lambda: pair.legacy.digests(span, buckets), lambda: pair.target.digests(span, buckets))
    wanted = sorted(bucket for bucket in old.keys() | new.keys() if old.get(bucket) != new.get(bucket))
    look = _by_key if pair.allows_lookup else _whole
    fetched = looked_at = 0
    for start in range(0, len(wanted), SLICE):
        looked, got = look(pair, span, buckets, wanted[start : start + SLICE], sink)
        looked_at, fetched = looked_at + looked, fetched + got
    legacy, target = (sum(count for count, _ in side.values()) for side in (old, new))
    return ChunkFacts(legacy, target, fetched, looked_at, len(wanted))


def _fetch(
    pair: Pair, span: KeyRange, buckets: BucketRanges, wanted: Sequence[int] | None
) -> tuple[list[str], list[str]]:
    return both(
        lambda: list(pair.legacy.rows(span, buckets, wanted)),
        lambda: list(pair.target.rows(span, buckets, wanted)),
    )


def _whole(
    pair: Pair, span: KeyRange, buckets: BucketRanges, wanted: Sequence[int], sink: Sink
) -> tuple[int, int]:
    olds, news = _fetch(pair, span, buckets, wanted)
    sink(_believed(pair, Unequal.of(olds, news)))
    return 0, len(olds) + len(news)


def _by_key(
    pair: Pair, span: KeyRange, buckets: BucketRanges, wanted: Sequence[int], sink: Sink
) -> tuple[int, int]:
    olds, news = both(
        lambda: list(pair.legacy.hashes(span, buckets, wanted)),
        lambda: list(pair.target.hashes(span, buckets, wanted)),
    )
    keys = Unequal.of(olds, news).keys
    fetched = 0
    for start in range(0, max(len(keys), 1), KEYS):
        reading = read_keys(pair, keys[start : start + KEYS])
        fetched += reading.fetched
        sink(_believed(pair, reading.unequal))
    return len(olds) + len(news), fetched


def _believed(pair: Pair, unequal: Unequal) -> list[Difference]:
    """Return the differences; refuse to go on when a digest saw one that no row shows."""
    found = unequal.differences()
    if not found:
        raise ExportRefused(
            f"{pair.legacy.name}: the digests differ, but the rows read after them are equal.",
            remedy="The table has no consistent snapshot; is its engine InnoDB?",
        )
    return found


@dataclass(frozen=True)
class Reading:
    """The rows of some keys, as both sides hold them now."""

    unequal: Unequal
    legacy: Sequence[str] = ()
    target: Sequence[str] = ()

    @property
    def fetched(self) -> int:
        """Return how many rows travelled."""
        return len(self.legacy) + len(self.target)


def read_keys(pair: Pair, keys: Sequence[str]) -> Reading:
    """Fetch the rows with these packed keys from both sides."""
    if not keys:
        return Reading(Unequal())
    olds, news = both(lambda: list(pair.legacy.by_key(keys)), lambda: list(pair.target.by_key(keys)))
    return Reading(Unequal.of(olds, news), olds, news)


@dataclass
class StrategyChooser:
    """Which way is quicker on this table: seconds per row of both, as measured so far."""

    digest: float | None = None
    stream: float | None = None
    since: int = 0
    """Spans since the other way was tried."""
    streamed: bool = False
    unequal: float = 0.0
    """Fraction of the last digested span's rows that had to be looked at."""
    bucket: int = ROWS
    """Rows per bucket of the next span."""

    def choose(self, rows: int) -> bool:
        """Tell whether the next span of ``rows`` rows is streamed."""
        if rows <= SMALL and self.digest is None:
            return True
        if self.stream is None:
            return self.unequal > 0.5
        if self.digest is None:
            return False
        quicker = self.stream < self.digest
        return not quicker if self.since >= PROBE and self.unequal > 0.1 else quicker

    def learn(self, facts: ChunkFacts, seconds: float) -> None:
        """Remember how long a span took."""
        cost = seconds / max(facts.rows, 1)
        kept = self.stream if facts.streamed else self.digest
        cost = cost if kept is None else (kept + cost) / 2
        if facts.streamed:
            self.stream = cost
        else:
            self.digest = cost
            self.unequal = max(facts.looked_at, facts.fetched) / max(facts.legacy + facts.target, 1)
            self.bucket = max(FINEST, min(ROWS, round(sqrt(LINE * facts.rows / max(facts.unequal, 1)))))
        self.since = 0 if self.streamed != facts.streamed else self.since + 1
        self.streamed = facts.streamed
