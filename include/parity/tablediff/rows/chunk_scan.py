"""Walks one table from its first key to its last, span by span, and goes on where it was interrupted.

::

    wait while a server is busy → where does the next span end? → compare it → keep its differences → remember

Every span is compared under both sides' snapshots. A lost connection is made anew, with new snapshots, and
only the span that was lost is compared again.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from parity.clients.mysql import StatementStopped
from parity.clock import Clock
from parity.errors import ExportRefused, Transient
from parity.sql.keys import KeyRange
from parity.sql.mysql_packed import BucketRanges, has_integer_key
from parity.tablediff.mysql.load import read_load
from parity.tablediff.rows.checkpoint import Checkpoint, CheckpointStore
from parity.tablediff.rows.chunk_diff import SMALL, ChunkFacts, Pair, StrategyChooser, compare_chunk
from parity.tablediff.rows.partitions import Partition
from parity.tablediff.rows.spill import ChunkDifferences
from parity.tablediff.rows.throttle import STREAMED, ChunkSizer, Throttle
from parity.tablediff.sessions.pair import SessionPair, both
from parity.tablediff.sessions.reconnecting import ReconnectingPair
from parity.tablediff.table_plan import TablePlan
from parity.wording import plural

LAST = 1.5
"""How much larger than the others the last span may be."""


@dataclass
class ChunkScan:
    """One table being compared."""

    plan: TablePlan
    line: ReconnectingPair
    store: CheckpointStore
    run: str
    folder: Path
    """Where its differences are kept."""
    clock: Clock
    stride: ChunkSizer
    brake: Throttle
    way: StrategyChooser = field(default_factory=StrategyChooser)
    bounds: tuple[int, int] | None = None
    counted: int | None = None
    partition: Partition = field(default_factory=Partition)
    stopped: bool = False
    """A statement took too long: nothing is estimated any more."""

    @property
    def name(self) -> str:
        """Return the name under which its progress is kept."""
        return self.partition.name(self.plan.name)

    def walk(self) -> Checkpoint:
        """Compare the whole section and return what was counted; raises errors of :mod:`parity.errors`."""
        state = self._begin()
        before = state.done
        attempts = 0
        while not state.done:
            try:
                state = self._step(state)
                attempts = 0
                self.store.save(self.run, self.name, state.to_json())
            except StatementStopped:
                self.stopped = True
                attempts += not self.stride.shrink()
                self.line.fail(attempts)
                state = self._again(state)
            except Transient:
                attempts += 1
                self.line.fail(attempts)
                state = self._again(state)
        return state if before else self._counted(state)

    def _counted(self, state: Checkpoint) -> Checkpoint:
        """Hold what was compared against the servers' own COUNT(*); raises ExportRefused where they differ.

        Whatever cuts an answer off, or hides a row from a range of the key, does not do so to the whole count.
        Without one single snapshot there is nothing to hold against.
        """
        if state.counted or state.resumed or not self.plan.consistent:
            return state
        pair = Pair(*self.line.sides().tables(self.plan), self.plan.allows_lookup)
        span = self.partition.span
        try:
            found = both(lambda: pair.legacy.count_compared(span), lambda: pair.target.count_compared(span))
        except Transient:
            return state
        check_counts(self.plan.name, (state.legacy, state.target), found)
        state = replace(state, counted=True)
        self.store.save(self.run, self.name, state.to_json())
        return state

    def _begin(self) -> Checkpoint:
        mark = fingerprint(self.plan, self.partition)
        kept = self.store.load(self.run, self.name)
        state = Checkpoint.from_json(kept) if kept else None
        if (
            state
            and not state.cuts
            and state.fingerprint == mark
            and (not state.different or self.folder.is_dir())
        ):
            return replace(state, resumed=state.resumed + (state.spans > 0 and not state.done))
        self._differences(0)  # removes what another plan's walk left
        return Checkpoint(mark, self.partition.span.after, started=self.clock.now().isoformat())

    def _differences(self, spans: int) -> ChunkDifferences:
        numbers = self.partition.numbers
        return ChunkDifferences(self.plan, self.folder, numbers[spans], numbers[-1])

    def _again(self, state: Checkpoint) -> Checkpoint:
        return replace(state, resumed=state.resumed + 1)

    def _step(self, state: Checkpoint) -> Checkpoint:
        sides = self.line.sides()
        waited = self.brake.wait(lambda: both(lambda: read_load(sides.legacy), lambda: read_load(sides.target)))
        if waited and not state.spans:  # a snapshot from before would not show what a replica has caught up with
            sides = self.line.fresh()
        pair = Pair(*sides.tables(self.plan), self.plan.allows_lookup)
        total = self._total(pair)
        stream = self._streamed(total)
        rows = self.stride.next(streamed=stream)
        span, expected = self._span(sides, pair, state, rows)
        found = self._differences(state.spans)
        began = time.monotonic()
        buckets = BucketRanges() if stream and expected <= SMALL else self._buckets(sides, span, expected, total)
        facts = compare_chunk(pair, span, buckets, found.add, stream=stream)
        found.flush()
        self._learn(facts, time.monotonic() - began)
        return _advanced(state, span, facts, found, done=span.upto == self.partition.span.upto)

    def _total(self, pair: Pair) -> int:
        """Return the table's rows: the server's estimate, but a count for a table that must be read at once."""
        if self.plan.walkable:
            return self.plan.rows
        if self.counted is None:
            self.counted = max(both(pair.legacy.count, pair.target.count))
        return self.counted

    def _streamed(self, total: int) -> bool:
        """Tell whether the next span is streamed; a table that cannot be cut must fit into memory for that."""
        if self.stride.pace.strategy != "auto":
            return self.stride.pace.strategy == "stream"
        fits = self.plan.walkable or total <= STREAMED
        return fits and self.way.choose(total)

    def _learn(self, facts: ChunkFacts, seconds: float) -> None:
        self.way.learn(facts, seconds)
        self.stride.learn(facts.rows, seconds)
        self.brake.spend(facts.rows, seconds)

    def _span(self, sides: SessionPair, pair: Pair, state: Checkpoint, rows: int) -> tuple[KeyRange, int]:
        """Return the next span, and how many rows it should hold: as many as wanted, or all that are left."""
        if not self.plan.walkable:
            return KeyRange(), self.plan.rows
        rest = KeyRange(state.after, self.partition.span.upto)
        left = self._left(sides, state)
        if left is not None and left <= rows * LAST:
            return rest, left
        ends = both(lambda: pair.legacy.boundary(rest, rows), lambda: pair.target.boundary(rest, rows))
        end = ends[0] or ends[1]
        return (KeyRange(state.after, end), rows) if end else (rest, min(rows, self.plan.rows))

    def _left(self, sides: SessionPair, state: Checkpoint) -> int | None:
        """Return about how many rows are left, the most of what two signs say; None where there is but one.

        They are the server's estimate, and how densely the rows lay so far. Where a span's end is, the
        server finds out by walking there, which is a tenth of a digest.
        """
        if self.stopped or state.after is None or not self.partition.whole or not self._divisible:
            return None
        first, last = self._bounds(sides)
        after, done = int(state.after[0] or 0), max(state.legacy, state.target)
        dense = done * (last - after) // max(after - first + 1, 1)
        return max(self.plan.rows - done, dense, 1)

    @property
    def _divisible(self) -> bool:
        return has_integer_key(self.plan.key_legacy) and has_integer_key(self.plan.key_target)

    def _buckets(self, sides: SessionPair, span: KeyRange, expected: int, total: int) -> BucketRanges:
        expected, each = max(1, expected), self.way.bucket
        if not self.plan.walkable:
            return BucketRanges.by_hash(max(total, 1), each)
        if not self._divisible:
            return BucketRanges.by_hash(expected, each)
        first, last = self._bounds(sides)
        if span.after is not None:
            first = int(span.after[0] or 0) + 1
        if span.upto is not None:
            last = int(span.upto[0] or 0)
        return BucketRanges.by_width(first, last, expected, each)

    def _bounds(self, sides: SessionPair) -> tuple[int, int]:
        """Return the smallest and the largest key of both sides; 0 and 0 when there is none."""
        if self.bounds is None:
            legacy, target = sides.tables(self.plan)
            found = both(legacy.ends, target.ends)
            lows, highs = [low for low, _ in found if low is not None], [h for _, h in found if h is not None]
            self.bounds = min(lows, default=0), max(highs, default=0)
        return self.bounds


def fingerprint(plan: TablePlan, partition: Partition) -> str:
    """Return what identifies a plan, so that progress under another one is not taken for its own."""
    # With the name: a results store that folds case answers for ``T`` with what was kept for ``t``.
    columns = (plan.legacy, plan.target, plan.key_legacy, plan.key_target)
    told = repr((plan.name, *columns, plan.marks, plan.rules.where, partition))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def check_counts(table: str, compared: tuple[int, int], found: tuple[int, int]) -> None:
    """Refuse a table of which a server counts other rows than those that were compared."""
    for side, ours, theirs in zip(("legacy", "target"), compared, found, strict=True):
        if ours != theirs:
            raise ExportRefused(
                f"{table}: {plural(ours, 'row')} of the {side} side were compared, but the same snapshot holds "
                f"{theirs:,}.",
                remedy="Check the table and its indexes (CHECK TABLE), and what stands between us and the server.",
            )


def _advanced(
    state: Checkpoint, span: KeyRange, facts: ChunkFacts, found: ChunkDifferences, *, done: bool
) -> Checkpoint:
    columns = dict(state.columns)
    for name, rows in found.columns.items():
        columns[name] = columns.get(name, 0) + rows
    return replace(
        state,
        after=span.upto,
        done=done,
        spans=state.spans + 1,
        legacy=state.legacy + facts.legacy,
        target=state.target + facts.target,
        fetched=state.fetched + facts.fetched,
        looked_at=state.looked_at + facts.looked_at,
        changed=state.changed + found.changed,
        missing=state.missing + found.missing,
        extra=state.extra + found.extra,
        columns=columns,
    )
