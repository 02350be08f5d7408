"""The cells of similar columns, stacked in one relation, so that one statement tests all of them.

Planning a statement of some thirty tests takes milliseconds, whatever it runs on. Column by column, the causes
of 5,000 different columns took a minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parity.compare.schema.plan import PlannedColumn
from parity.compare.session import DuckSession


@dataclass(frozen=True)
class ColumnBatch:
    """Columns of one type and rule, and the relation of their cells.

    It holds ``place``, the position of a cell's column, and the structs ``l`` and ``t``, in which every value
    has the name of the first column's.
    """

    columns: tuple[PlannedColumn, ...]
    relation: str

    @property
    def first(self) -> PlannedColumn:
        """Return the column by whose name cells are called."""
        return self.columns[0]

    def by_column(self, rows: Sequence[tuple[Any, ...]]) -> dict[int, list[tuple[Any, ...]]]:
        """Return rows that begin with a place as lists by column index, without the place."""
        found: dict[int, list[tuple[Any, ...]]] = {c.index: [] for c in self.columns}
        for place, *rest in rows:
            found[self.columns[place].index].append(tuple(rest))
        return found


def column_batches(session: DuckSession, columns: list[PlannedColumn], prefix: str) -> list[ColumnBatch]:
    """Return the batches of some columns of ``sample``; those of several columns have a table of their own."""
    alike: dict[object, list[PlannedColumn]] = {}
    for c in columns:
        likeness = (c.kind, c.sql, c.scale, c.equality_rule, c.numbers_as_text, c.rule.sensitive)
        alike.setdefault(likeness, []).append(c)
    return [_batch(session, members, prefix, number) for number, members in enumerate(alike.values())]


def _batch(session: DuckSession, members: list[PlannedColumn], prefix: str, number: int) -> ColumnBatch:
    if len(members) == 1:
        return ColumnBatch((members[0],), f"(SELECT 0 AS place, l, t FROM {prefix}sample)")
    name = members[0].value
    left, right = (
        f"unnest([{', '.join(f'struct_pack({name} := {side}.{c.value})' for c in members)}]) AS {side}"
        for side in "lt"
    )
    relation = f"{prefix}cells{number}"
    session.run(
        f"CREATE TABLE {relation} AS SELECT unnest({[*range(len(members))]}) AS place, "
        f"{left}, {right} FROM {prefix}sample"
    )
    return ColumnBatch(tuple(members), relation)
