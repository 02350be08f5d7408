"""Proof that a digest sees: one row, hashed as it is and again with one column changed at a time.

The change is the smallest that the type has: one unit of the last digit, one trailing blank, one second.
Whatever hash comes out the same as before belongs to a column that the digest does not see.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from parity.sql.columns import Column, Columns, Kind
from parity.sql.mysql import MySQL
from parity.sql.mysql_row import row_hash

AT_ONCE = 32
"""Columns per query, so that the query for a wide table is no longer than a packet."""


def canaries(dialect: MySQL, table: str, columns: Columns, where: str = "") -> Iterator[str]:
    """Yield queries for (column number, a row's hash, its hash with that column changed).

    Both hashes are made of the same row, whichever the server reads first: an order would sort a heap.
    """
    parts = [_canary(dialect, table, columns, changed, where) for changed in range(len(columns))]
    for start in range(0, len(parts), AT_ONCE):
        yield " UNION ALL ".join(parts[start : start + AT_ONCE])


def _canary(dialect: MySQL, table: str, columns: Columns, changed: int, where: str) -> str:
    names = [dialect.quote(column.name) for column in columns]
    shown = ", ".join(f"{name} AS o{at}" for at, name in enumerate(names))
    shown += f", {_changed(columns[changed], names[changed])} AS c{changed}"
    before = [replace(column, name=f"o{at}") for at, column in enumerate(columns)]
    after = [replace(c, name=f"c{at}") if at == changed else c for at, c in enumerate(before)]
    row = f"SELECT {shown} FROM {dialect.quote(table)}{f' WHERE {where}' if where else ''} LIMIT 1"
    hashes = f"{row_hash(dialect, before)}, {row_hash(dialect, after)}"
    return f"(SELECT {changed}, {hashes} FROM ({row}) AS one)"


def _changed(column: Column, value: str) -> str:
    """Return the smallest other value of the column's type; a NULL becomes an empty or first value."""
    stored = column.stored[0] if column.stored else column.kind
    scale = column.stored[1] if column.stored else column.scale
    if stored is Kind.DECIMAL:
        step = f"0.{'0' * (scale - 1)}1" if scale else "1"
        return f"COALESCE({value} + {step}, 0)"
    return _CHANGES.get(stored, "IF({0} IS NULL, '', CONCAT({0}, ' '))").format(value)


_CHANGES = {
    Kind.INTEGER: "COALESCE({0} ^ 1, 0)",
    Kind.BOOLEAN: "COALESCE({0} ^ 1, 0)",
    Kind.BIT: "COALESCE({0} ^ 1, 0)",
    Kind.FLOAT: "COALESCE(IF({0} = 0, 1e-9, {0} * (1 + 1e-9)), 0)",
    Kind.DATE: "COALESCE(DATE_ADD({0}, INTERVAL 1 DAY), '2000-01-01')",
    Kind.TIMESTAMP: "COALESCE(DATE_ADD({0}, INTERVAL 1 SECOND), '2000-01-01 00:00:00')",
    Kind.TIME: "COALESCE(ADDTIME({0}, '00:00:01'), '00:00:00')",
    Kind.JSON: "COALESCE(CONCAT('[', {0}, ']'), 'null')",
    Kind.BINARY: "CONCAT(COALESCE({0}, ''), x'00')",
    Kind.GEOMETRY: "CONCAT(COALESCE({0}, ''), x'00')",
}
