"""One chunk of one table, on both servers at once: digests first, then only what differs.

1. COUNT and SUM per bucket of about 128 rows, computed inside both servers; of fewer where many differ.
2. Where a bucket is unequal: key and hash of its rows. Still no row has travelled.
3. Where a key's hashes are unequal: its row, from both sides, and the exact comparison.

Where most buckets differ, or there are few rows, the first two steps would be wasted: all rows of the chunk
are fetched at once (:class:`StrategyChooser` measures which is quicker).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

from parity.errors import ExportRefused
from parity.sql.keys import KeyRange
from parity.sql.mysql_packed import ROWS, BucketRanges
from parity.tablediff.rows.matching import Difference, Unmatched
from parity.tablediff.sessions.pair import TablePair

SMALL_CHUNK = 1_000
"""Rows up to which fetching everything is one query instead of three."""
EXPLORE_EVERY = 16
"""After so many chunks with one strategy, the other is tried once."""
MIN_BUCKET_ROWS = 16
BUCKET_COST = 1.5
"""What one more bucket costs, in hashes fetched; the best size follows from it and from what differs."""
BUCKET_BATCH = 400
"""Unequal buckets fetched at once: 50,000 rows or so, which bounds the worker's memory."""
KEY_BATCH = 5_000
"""Rows fetched by key at once."""

Sink = Callable[[Sequence[Difference]], None]


@dataclass(frozen=True)
class ChunkFacts:
    """How many rows one chunk has on both sides, and how many of them had to be fetched."""

    legacy: int
    target: int
    rows_fetched: int = 0
    """Rows that travelled whole, both sides together."""
    hashes_fetched: int = 0
    """Rows whose key and hash travelled."""
    unequal_buckets: int = 0
    streamed: bool = False

    @property
    def rows(self) -> int:
        """Return the larger side's rows."""
        return max(self.legacy, self.target)


def compare_chunk(
    tables: TablePair, chunk: KeyRange, buckets: BucketRanges, sink: Sink, *, stream: bool
) -> ChunkFacts:
    """Compare one chunk and hand every difference to ``sink``."""
    return (_stream if stream else _digest)(tables, chunk, buckets, sink)


def _stream(tables: TablePair, chunk: KeyRange, buckets: BucketRanges, sink: Sink) -> ChunkFacts:
    legacy, target = tables.both(lambda table: list(table.rows(chunk, buckets, None)))
    sink(Unmatched.of(legacy, target).differences())
    return ChunkFacts(len(legacy), len(target), len(legacy) + len(target), streamed=True)


def _digest(tables: TablePair, chunk: KeyRange, buckets: BucketRanges, sink: Sink) -> ChunkFacts:
    legacy, target = tables.both(lambda table: table.digests(chunk, buckets))
    unequal = sorted(at for at in legacy.keys() | target.keys() if legacy.get(at) != target.get(at))
    fetch = _fetch_by_key if tables.allows_lookup else _fetch_buckets
    rows = hashes = 0
    for start in range(0, len(unequal), BUCKET_BATCH):
        some_hashes, some_rows = fetch(tables, chunk, buckets, unequal[start : start + BUCKET_BATCH], sink)
        hashes, rows = hashes + some_hashes, rows + some_rows
    legacy_rows, target_rows = (sum(count for count, _ in side.values()) for side in (legacy, target))
    return ChunkFacts(legacy_rows, target_rows, rows, hashes, len(unequal))


def _fetch_buckets(
    tables: TablePair, chunk: KeyRange, buckets: BucketRanges, wanted: Sequence[int], sink: Sink
) -> tuple[int, int]:
    legacy, target = tables.both(lambda table: list(table.rows(chunk, buckets, wanted)))
    sink(_confirmed(tables, Unmatched.of(legacy, target)))
    return 0, len(legacy) + len(target)


def _fetch_by_key(
    tables: TablePair, chunk: KeyRange, buckets: BucketRanges, wanted: Sequence[int], sink: Sink
) -> tuple[int, int]:
    legacy, target = tables.both(lambda table: list(table.hashes(chunk, buckets, wanted)))
    keys = Unmatched.of(legacy, target).keys
    rows_fetched = 0
    for start in range(0, max(len(keys), 1), KEY_BATCH):
        found = look_up(tables, keys[start : start + KEY_BATCH])
        rows_fetched += found.rows_fetched
        sink(_confirmed(tables, found.unmatched))
    return len(legacy) + len(target), rows_fetched


def _confirmed(tables: TablePair, unmatched: Unmatched) -> list[Difference]:
    """Return the differences; refuse the table when digests differ and no row does."""
    found = unmatched.differences()
    if not found:
        raise ExportRefused(
            f"{tables.legacy.name}: the digests differ, but the rows read after them are equal.",
            remedy="The table has no consistent snapshot; is its engine InnoDB?",
        )
    return found


@dataclass(frozen=True)
class KeyLookup:
    """The rows of some keys, as both sides have them now."""

    unmatched: Unmatched
    legacy: Sequence[str] = ()
    target: Sequence[str] = ()

    @property
    def rows_fetched(self) -> int:
        """Return how many rows travelled."""
        return len(self.legacy) + len(self.target)


def look_up(tables: TablePair, keys: Sequence[str]) -> KeyLookup:
    """Fetch the rows with these packed keys from both sides."""
    if not keys:
        return KeyLookup(Unmatched())
    legacy, target = tables.both(lambda table: list(table.by_key(keys)))
    return KeyLookup(Unmatched.of(legacy, target), legacy, target)


@dataclass
class StrategyChooser:
    """Which strategy is quicker on this table: seconds per row of both, as measured so far."""

    digest_cost: float | None = None
    stream_cost: float | None = None
    since_switch: int = 0
    """Chunks since the other strategy was tried."""
    streamed: bool = False
    unequal: float = 0.0
    """Fraction of the last digested chunk's rows that had to be fetched."""
    bucket_rows: int = ROWS
    """Rows per bucket of the next chunk."""

    def choose_stream(self, rows: int) -> bool:
        """Return whether the next chunk of ``rows`` rows is streamed."""
        if rows <= SMALL_CHUNK and self.digest_cost is None:
            return True
        if self.stream_cost is None:
            return self.unequal > 0.5
        if self.digest_cost is None:
            return False
        quicker = self.stream_cost < self.digest_cost
        return not quicker if self.since_switch >= EXPLORE_EVERY and self.unequal > 0.1 else quicker

    def learn(self, facts: ChunkFacts, seconds: float) -> None:
        """Take in how long a chunk took."""
        cost = seconds / max(facts.rows, 1)
        before = self.stream_cost if facts.streamed else self.digest_cost
        cost = cost if before is None else (before + cost) / 2
        if facts.streamed:
            self.stream_cost = cost
        else:
            self.digest_cost = cost
            self.unequal = max(facts.hashes_fetched, facts.rows_fetched) / max(facts.legacy + facts.target, 1)
            best = round(sqrt(BUCKET_COST * facts.rows / max(facts.unequal_buckets, 1)))
            self.bucket_rows = max(MIN_BUCKET_ROWS, min(ROWS, best))
        self.since_switch = 0 if self.streamed != facts.streamed else self.since_switch + 1
        self.streamed = facts.streamed
