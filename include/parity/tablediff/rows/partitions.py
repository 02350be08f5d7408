"""A large table cut into partitions of its key, so that several connections read it at once.

The cuts are stored with the table's checkpoint: a killed worker's successor must resume within the same ones.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from parity.sql.keys import Cells, KeyRange
from parity.tablediff.rows.checkpoint import Checkpoint
from parity.tablediff.table_plan import TablePlan

MIN_ROWS = 20_000
"""Rows that make a partition worth a snapshot of its own."""
CHUNKS_PER_PARTITION = 1_000_000
"""Numbers set aside for the chunks of one partition."""

Boundary = Callable[[KeyRange, int], Cells | None]
"""Returns the key so many rows into a range."""


@dataclass(frozen=True)
class Partition:
    """A part of a table, from one key up to another; number 0 without bounds is the whole."""

    number: int = 0
    key_range: KeyRange = field(default_factory=KeyRange)

    @property
    def whole(self) -> bool:
        """Return whether it is the whole table."""
        return self.key_range == KeyRange()

    def checkpoint_name(self, table: str) -> str:
        """Return the name of its checkpoint."""
        return table if self.whole else f"{table}/{self.number}"

    @property
    def chunk_numbers(self) -> range:
        """Return the numbers of its chunks."""
        first = self.number * CHUNKS_PER_PARTITION
        return range(sys.maxsize) if self.whole else range(first, first + CHUNKS_PER_PARTITION)


def partition_count(plan: TablePlan, connections: int) -> int:
    """Return into how many partitions a table should be cut."""
    return min(connections, plan.rows // MIN_ROWS) if plan.range_scannable else 1


def find_cuts(plan: TablePlan, count: int, boundary: Boundary) -> tuple[Cells, ...]:
    """Return the keys that cut a table into ``count`` partitions of about equally many rows."""
    ends: list[Cells] = []
    for _ in range(count - 1):
        end = boundary(KeyRange(ends[-1] if ends else None), -(-plan.rows // count))
        if end is None:
            break
        ends.append(end)
    return tuple(ends)


def partitions_between(cuts: Sequence[Cells]) -> tuple[Partition, ...]:
    """Return the partitions between the cuts; without any, the whole."""
    bounds = pairwise([None, *cuts, None])
    return tuple(Partition(number, KeyRange(*ends)) for number, ends in enumerate(bounds))


def merge_checkpoints(states: Sequence[Checkpoint], fingerprint: str) -> Checkpoint:
    """Return the checkpoint of a whole table from those of its partitions, all done."""
    columns: Counter[str] = Counter()
    for state in states:
        columns.update(state.columns)
    counts: dict[str, Any] = {name: sum(getattr(state, name) for state in states) for name in _COUNTS}
    return replace(
        states[0],
        fingerprint=fingerprint,
        after=None,
        done=all(state.done for state in states),
        count_checked=all(state.count_checked for state in states),
        partitions=len(states),
        cuts=(),
        columns=dict(columns),
        **counts,
    )


_COUNTS = (
    *("chunks", "legacy", "target", "rows_fetched", "hashes_fetched"),
    *("changed", "missing", "extra", "resumed"),
)
