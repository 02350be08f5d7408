"""The cells of columns that are alike, one below the other, so that one statement looks at all of them.

Planning a statement of some thirty tests takes milliseconds, whatever it runs on. Column by column, the causes
of 5,000 different columns took a minute.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from parity.compare.plan import Column
from parity.compare.session import Session


@dataclass(frozen=True)
class Stack:
    """Columns of one type and meaning, and the relation of their cells.

    It holds ``place``, the position of a cell's column, and the structs ``l`` and ``t``, in which every value
    has the name of the first column's.
    """

    columns: tuple[Column, ...]
    relation: str

    @property
    def first(self) -> Column:
        """Return the column by whose name cells are called."""
        return self.columns[0]

    def by_column(self, rows: Sequence[tuple[Any, ...]]) -> dict[int, list[tuple[Any, ...]]]:
        """Return rows that begin with a place as lists by column index, without the place."""
        found: dict[int, list[tuple[Any, ...]]] = {c.index: [] for c in self.columns}
        for place, *rest in rows:
            found[self.columns[place].index].append(tuple(rest))
        return found


def stacks(session: Session, columns: list[Column], prefix: str) -> Iterator[Stack]:
    """Yield the stacks of some columns of ``probe``; each one lasts until the next."""
    alike: dict[object, list[Column]] = {}
    for c in columns:
        likeness = (c.kind, c.sql, c.scale, c.meaning, c.numbers_as_text, c.rule.sensitive)
        alike.setdefault(likeness, []).append(c)
    for members in alike.values():
        if len(members) == 1:
            yield Stack((members[0],), f"(SELECT 0 AS place, l, t FROM {prefix}probe)")
            continue
        name = members[0].value
        left, right = (
            f"unnest([{', '.join(f'struct_pack({name} := {side}.{c.value})' for c in members)}]) AS {side}"
            for side in "lt"
        )
        session.run(
            f"CREATE OR REPLACE TABLE {prefix}cells AS SELECT unnest({[*range(len(members))]}) AS place, "
            f"{left}, {right} FROM {prefix}probe"
        )
        yield Stack(tuple(members), f"{prefix}cells")
    session.drop(f"{prefix}cells")
