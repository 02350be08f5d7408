"""Scans one table from its first key to its last, chunk by chunk, and resumes where it was interrupted.

::

    wait while a server is busy → where does the next chunk end? → compare it → store its differences → checkpoint

Every chunk is compared under both sides' snapshots. A lost connection is opened again, with new snapshots, and
only the chunk that was lost is compared again.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from parity.clients.mysql import StatementStopped
from parity.errors import ExportRefused, Transient
from parity.sql.keys import KeyRange
from parity.sql.mysql_packed import BucketRanges, has_integer_key
from parity.tablediff.mysql.server import read_load
from parity.tablediff.mysql.table import MySQLTable
from parity.tablediff.rows.checkpoint import Checkpoint, CheckpointStore
from parity.tablediff.rows.chunk_diff import SMALL_CHUNK, ChunkFacts, StrategyChooser, compare_chunk
from parity.tablediff.rows.partitions import Partition
from parity.tablediff.rows.spill import ChunkDifferences
from parity.tablediff.rows.throttle import MAX_STREAMED_ROWS, ChunkSizer, Throttle
from parity.tablediff.sessions.pair import TablePair
from parity.tablediff.sessions.reconnecting import ReconnectingPair
from parity.tablediff.table_plan import TablePlan
from parity.wording import plural

LAST_CHUNK = 1.5
"""How much larger than the others the last chunk may be."""


@dataclass
class ChunkScan:
    """One partition of a table being compared."""

    plan: TablePlan
    pair: ReconnectingPair
    store: CheckpointStore
    run: str
    folder: Path
    """Where its differences are stored."""
    sizer: ChunkSizer
    throttle: Throttle
    strategy: StrategyChooser = field(default_factory=StrategyChooser)
    key_bounds: tuple[int, int] | None = None
    row_count: int | None = None
    partition: Partition = field(default_factory=Partition)
    statement_stopped: bool = False
    """A statement took too long: nothing is estimated any more."""

    @property
    def name(self) -> str:
        """Return the name of its checkpoint."""
        return self.partition.checkpoint_name(self.plan.name)

    def scan(self) -> Checkpoint:
        """Compare the whole partition and return what was counted; raises errors of :mod:`parity.errors`."""
        state = self._restore()
        before = state.done
        attempts = 0
        while not state.done:
            try:
                state = self._scan_chunk(state)
                attempts = 0
                self.store.save(self.run, self.name, state.to_json())
            except StatementStopped:
                self.statement_stopped = True
                attempts += not self.sizer.shrink()
                self.pair.back_off(attempts)
                state = replace(state, resumed=state.resumed + 1)
            except Transient:
                attempts += 1
                self.pair.back_off(attempts)
                state = replace(state, resumed=state.resumed + 1)
        return state if before else self._count_checked(state)

    def _count_checked(self, state: Checkpoint) -> Checkpoint:
        """Check the rows that were compared against the servers' COUNT(*); raises ExportRefused where they differ.

        Whatever cuts an answer off, or hides a row from a range of the key, does not do so to the whole count.
        Without one single snapshot there is nothing to check against.
        """
        if state.count_checked or state.resumed or not self.plan.consistent:
            return state
        tables = self.pair.sessions().tables(self.plan)
        try:
            found = tables.both(lambda table: table.count_compared(self.partition.key_range))
        except Transient:
            return state
        check_counts(self.plan.name, (state.legacy, state.target), found)
        state = replace(state, count_checked=True)
        self.store.save(self.run, self.name, state.to_json())
        return state

    def _restore(self) -> Checkpoint:
        mark = fingerprint(self.plan, self.partition)
        stored = self.store.load(self.run, self.name)
        state = Checkpoint.from_json(stored) if stored else None
        if (
            state
            and not state.cuts
            and state.fingerprint == mark
            and (not state.different or self.folder.is_dir())
        ):
            return replace(state, resumed=state.resumed + (state.chunks > 0 and not state.done))
        self._differences(0)  # removes what another plan's scan left
        return Checkpoint(mark, self.partition.key_range.after)

    def _differences(self, chunks: int) -> ChunkDifferences:
        numbers = self.partition.chunk_numbers
        return ChunkDifferences(self.plan, self.folder, numbers[chunks], numbers[-1])

    def _scan_chunk(self, state: Checkpoint) -> Checkpoint:
        sessions = self.pair.sessions()
        waited = self.throttle.wait(lambda: sessions.both(read_load))
        if waited and not state.chunks:  # an earlier snapshot would not show what a replica has caught up with
            sessions = self.pair.fresh_sessions()
        tables = sessions.tables(self.plan)
        total = self._total(tables)
        stream = self._should_stream(total)
        rows = self.sizer.next(streamed=stream)
        chunk, expected = self._next_chunk(tables, state, rows)
        found = self._differences(state.chunks)
        began = time.monotonic()
        small = stream and expected <= SMALL_CHUNK
        buckets = BucketRanges() if small else self._buckets(tables, chunk, expected, total)
        facts = compare_chunk(tables, chunk, buckets, found.add, stream=stream)
        found.flush()
        self._learn(facts, time.monotonic() - began)
        return _advanced(state, chunk, facts, found, done=chunk.upto == self.partition.key_range.upto)

    def _total(self, tables: TablePair) -> int:
        """Return the table's rows: the server's estimate, but a count for a table that must be read at once."""
        if self.plan.range_scannable:
            return self.plan.rows
        if self.row_count is None:
            self.row_count = max(tables.both(MySQLTable.count))
        return self.row_count

    def _should_stream(self, total: int) -> bool:
        """Return whether the next chunk is streamed; a table that cannot be cut must fit into memory for that."""
        if self.sizer.limits.strategy != "auto":
            return self.sizer.limits.strategy == "stream"
        fits = self.plan.range_scannable or total <= MAX_STREAMED_ROWS
        return fits and self.strategy.choose_stream(total)

    def _learn(self, facts: ChunkFacts, seconds: float) -> None:
        self.strategy.learn(facts, seconds)
        self.sizer.learn(facts.rows, seconds)
        self.throttle.record(facts.rows, seconds)

    def _next_chunk(self, tables: TablePair, state: Checkpoint, rows: int) -> tuple[KeyRange, int]:
        """Return the next chunk, and how many rows it should have: as many as wanted, or all that are left."""
        if not self.plan.range_scannable:
            return KeyRange(), self.plan.rows
        rest = KeyRange(state.after, self.partition.key_range.upto)
        left = self._rows_left(tables, state)
        if left is not None and left <= rows * LAST_CHUNK:
            return rest, left
        ends = tables.both(lambda table: table.boundary(rest, rows))
        end = ends[0] or ends[1]
        return (KeyRange(state.after, end), rows) if end else (rest, min(rows, self.plan.rows))

    def _rows_left(self, tables: TablePair, state: Checkpoint) -> int | None:
        """Return about how many rows are left, the larger of two estimates; None where there is but one.

        They are the server's own, and one from how dense the rows were so far. To find where a chunk ends, the
        server scans the index up to there, which takes a tenth of a digest.
        """
        if self.statement_stopped or state.after is None or not self.partition.whole or not self._has_integer_key:
            return None
        first, last = self._key_bounds(tables)
        after, done = int(state.after[0] or 0), max(state.legacy, state.target)
        dense = done * (last - after) // max(after - first + 1, 1)
        return max(self.plan.rows - done, dense, 1)

    @property
    def _has_integer_key(self) -> bool:
        return has_integer_key(self.plan.key_legacy) and has_integer_key(self.plan.key_target)

    def _buckets(self, tables: TablePair, chunk: KeyRange, expected: int, total: int) -> BucketRanges:
        expected, each = max(1, expected), self.strategy.bucket_rows
        if not self.plan.range_scannable:
            return BucketRanges.by_hash(max(total, 1), each)
        if not self._has_integer_key:
            return BucketRanges.by_hash(expected, each)
        first, last = self._key_bounds(tables)
        if chunk.after is not None:
            first = int(chunk.after[0] or 0) + 1
        if chunk.upto is not None:
            last = int(chunk.upto[0] or 0)
        return BucketRanges.by_width(first, last, expected, each)

    def _key_bounds(self, tables: TablePair) -> tuple[int, int]:
        """Return the smallest and the largest key of both sides; 0 and 0 when there is none."""
        if self.key_bounds is None:
            found = tables.both(MySQLTable.ends)
            lows, highs = [low for low, _ in found if low is not None], [h for _, h in found if h is not None]
            self.key_bounds = min(lows, default=0), max(highs, default=0)
        return self.key_bounds


def fingerprint(plan: TablePlan, partition: Partition) -> str:
    """Return what identifies a plan, so that no scan resumes from a checkpoint of another one."""
    # With the name: a results store that folds case returns for ``T`` what was saved for ``t``.
    columns = (plan.legacy, plan.target, plan.key_legacy, plan.key_target)
    identity = repr((plan.name, *columns, plan.definition_hashes, plan.rules.where, partition))
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def check_counts(table: str, compared: tuple[int, int], found: tuple[int, int]) -> None:
    """Refuse a table of which a server counts other rows than those that were compared."""
    for side, ours, theirs in zip(("legacy", "target"), compared, found, strict=True):
        if ours != theirs:
            raise ExportRefused(
                f"{table}: {plural(ours, 'row')} of the {side} side were compared, but the same snapshot holds "
                f"{theirs:,}.",
                remedy="Check the table and its indexes (CHECK TABLE), and any proxy before the server.",
            )


def _advanced(
    state: Checkpoint, chunk: KeyRange, facts: ChunkFacts, found: ChunkDifferences, *, done: bool
) -> Checkpoint:
    columns = dict(state.columns)
    for name, rows in found.columns.items():
        columns[name] = columns.get(name, 0) + rows
    return replace(
        state,
        after=chunk.upto,
        done=done,
        chunks=state.chunks + 1,
        legacy=state.legacy + facts.legacy,
        target=state.target + facts.target,
        rows_fetched=state.rows_fetched + facts.rows_fetched,
        hashes_fetched=state.hashes_fetched + facts.hashes_fetched,
        changed=state.changed + found.changed,
        missing=state.missing + found.missing,
        extra=state.extra + found.extra,
        columns=columns,
    )
