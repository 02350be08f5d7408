"""A large table cut into sections of its key, so that several connections read it at once.

The cuts are kept with the table's progress: a killed worker's successor must go on within the same ones.
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

WORTH = 20_000
"""Rows that make a section worth a snapshot of its own."""
PARTS = 1_000_000
"""Numbers set aside for the spans of one section."""

Boundary = Callable[[KeyRange, int], Cells | None]
"""Returns the key so many rows into a span."""


@dataclass(frozen=True)
class Partition:
    """A part of a table, from one key up to another; number 0 without bounds is the whole."""

    number: int = 0
    span: KeyRange = field(default_factory=KeyRange)

    @property
    def whole(self) -> bool:
        """Tell whether it is the whole table."""
        return self.span == KeyRange()

    def name(self, table: str) -> str:
        """Return the name under which its progress is kept."""
        return table if self.whole else f"{table}/{self.number}"

    @property
    def numbers(self) -> range:
        """Return the numbers of its spans."""
        return range(sys.maxsize) if self.whole else range(self.number * PARTS, (self.number + 1) * PARTS)


def partition_count(plan: TablePlan, connections: int) -> int:
    """Return into how many sections a table should be cut."""
    return min(connections, plan.rows // WORTH) if plan.walkable else 1


def find_cuts(plan: TablePlan, parts: int, boundary: Boundary) -> tuple[Cells, ...]:
    """Return where a table is cut into sections of about equally many rows."""
    ends: list[Cells] = []
    for _ in range(parts - 1):
        end = boundary(KeyRange(ends[-1] if ends else None), -(-plan.rows // parts))
        if end is None:
            break
        ends.append(end)
    return tuple(ends)


def partitions_between(cuts: Sequence[Cells]) -> tuple[Partition, ...]:
    """Return the sections between the cuts; without any, the whole."""
    bounds = pairwise([None, *cuts, None])
    return tuple(Partition(number, KeyRange(*ends)) for number, ends in enumerate(bounds))


def merge_checkpoints(states: Sequence[Checkpoint], fingerprint: str) -> Checkpoint:
    """Return the progress of a whole table from that of its sections, all done."""
    columns: Counter[str] = Counter()
    for state in states:
        columns.update(state.columns)
    counts: dict[str, Any] = {name: sum(getattr(state, name) for state in states) for name in _COUNTS}
    return replace(
        states[0],
        fingerprint=fingerprint,
        after=None,
        done=all(state.done for state in states),
        counted=all(state.counted for state in states),
        partitions=len(states),
        cuts=(),
        columns=dict(columns),
        **counts,
    )


_COUNTS = ("spans", "legacy", "target", "fetched", "looked_at", "changed", "missing", "extra", "resumed")
