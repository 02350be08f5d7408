"""Rows that differ, on disk: one Parquet part per side and finished chunk, all columns as canonical text.

A chunk that fails half-way leaves parts that no checkpoint counts; they are removed before the chunk runs again.
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from parity.sql.columns import Column
from parity.sql.duckdb_dialect import read_parquet
from parity.sql.keys import unpack
from parity.tablediff.rows.matching import Difference
from parity.tablediff.table_plan import TablePlan

if TYPE_CHECKING:
    import duckdb

PART_ROWS = 5_000
"""Differences per part: what is held in memory."""
KEY = "parity_key"


@dataclass
class ChunkDifferences:
    """The differences of one chunk, counted as they come and written part by part."""

    plan: TablePlan
    folder: Path
    chunk: int
    last_chunk: int = sys.maxsize
    """The last number that belongs to the same partition of the table."""
    changed: int = 0
    missing: int = 0
    extra: int = 0
    columns: Counter[str] = field(default_factory=Counter)
    _pending: list[Difference] = field(default_factory=list)
    _parts: int = 0

    def __post_init__(self) -> None:
        """Remove what an earlier attempt at this chunk, or at a later one, left."""
        for part in parts(self.folder):
            if self.chunk <= part.chunk <= self.last_chunk:
                part.path.unlink()

    def add(self, differences: Sequence[Difference]) -> None:
        """Count differences, and write them when there are enough."""
        for difference in differences:
            self._count(difference)
        self._pending += differences
        if len(self._pending) >= PART_ROWS:
            self.flush()

    def _count(self, difference: Difference) -> None:
        if difference.target is None:
            self.missing += 1
        elif difference.legacy is None:
            self.extra += 1
        else:
            self.changed += 1
            cells = zip(difference.legacy.split(","), difference.target.split(","), strict=True)
            names = (column.name for column in self.plan.target)
            self.columns.update(name for name, (a, b) in zip(names, cells, strict=True) if a != b)

    def flush(self) -> None:
        """Write what is pending."""
        if not self._pending:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{self.chunk:08d}-{self._parts:04d}.parquet"
        with _duckdb() as duck:
            for side, columns in (("legacy", self.plan.legacy), ("target", self.plan.target)):
                _write(duck, self.folder / side / name, self._pending, columns)
        self._pending, self._parts = [], self._parts + 1


@dataclass(frozen=True)
class SpilledPart:
    """One file of one side."""

    path: Path
    chunk: int


def parts(folder: Path) -> list[SpilledPart]:
    """Return the parts of both sides, in order."""
    found = sorted(folder.glob("*/*-*.parquet"))
    return [SpilledPart(path, int(path.name.partition("-")[0])) for path in found]


def read_back(folder: Path) -> Iterator[Difference]:
    """Yield every difference that was written."""
    with _duckdb() as duck:
        for old in sorted((folder / "legacy").glob("*.parquet")):
            sides = [read_parquet([path]) for path in (old, folder / "target" / old.name)]
            found = duck.execute(
                f"SELECT l.{KEY}, l.parity_row, t.parity_row FROM {sides[0]} l POSITIONAL JOIN {sides[1]} t"
            )
            yield from (Difference(*row) for row in found.fetchall())


def clear(folder: Path) -> None:
    """Remove a table's parts."""
    shutil.rmtree(folder, ignore_errors=True)


def _write(
    duck: duckdb.DuckDBPyConnection, path: Path, differences: Sequence[Difference], columns: Sequence[Column]
) -> None:
    packed = [getattr(difference, path.parent.name) for difference in differences]
    rows = [None if text is None else unpack(columns, text) for text in packed]
    data = {f"c{at}": [None if row is None else _clean(row[at]) for row in rows] for at in range(len(columns))}
    data |= {KEY: [difference.key for difference in differences], "parity_row": packed}
    shown = ", ".join(f"unnest(${at}::VARCHAR[]) AS {name}" for at, name in enumerate(data, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    to = str(path).replace("'", "''")
    duck.execute(f"COPY (SELECT {shown}) TO '{to}' (FORMAT parquet)", list(data.values()))


def _duckdb() -> duckdb.DuckDBPyConnection:
    """Open DuckDB for a moment. PyArrow writes as well, but imports pandas for it, which takes a second."""
    import duckdb

    return duckdb.connect(config={"threads": 1})


def _clean(cell: str | None) -> str | None:
    """Return text that UTF-8 can carry."""
    return None if cell is None else cell.encode("utf-8", "replace").decode()
