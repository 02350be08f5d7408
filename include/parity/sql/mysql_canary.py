"""The canary of a digest: one row, hashed as it is and again with one column changed at a time.

The change is the smallest that the type has: one unit of the last digit, one trailing blank, one second; away
from the type's limits, where a server would leave the value as it is.
Whatever hash comes out the same as before belongs to a column that the digest does not cover.
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
    names = [dialect.quote(column.name) for column in columns]
    shown = ", ".join(f"{name} AS o{at}" for at, name in enumerate(names))
    source = f"FROM {dialect.quote(table)}{f' WHERE {where}' if where else ''} LIMIT 1"
    row = [replace(column, name=f"o{at}") for at, column in enumerate(columns)]
    before = row_hash(dialect, row)

    def query(at: int) -> str:
        after = row_hash(dialect, [*row[:at], replace(row[at], name="changed"), *row[at + 1 :]])
        changed = f"{_changed(columns[at], names[at])} AS changed"
        return f"(SELECT {at}, {before}, {after} FROM (SELECT {shown}, {changed} {source}) AS one)"

    for start in range(0, len(columns), AT_ONCE):
        yield " UNION ALL ".join(map(query, range(start, min(start + AT_ONCE, len(columns)))))


def _changed(column: Column, value: str) -> str:
    """Return the smallest other value of the column's type; a NULL becomes an empty or first value."""
    stored = column.stored[0] if column.stored else column.kind
    scale = column.stored[1] if column.stored else column.scale
    if stored is Kind.DECIMAL:
        step = f"0.{'0' * (scale - 1)}1" if scale else "1"
        return f"COALESCE(IF({value} > 0, {value} - {step}, {value} + {step}), 0)"
    if column.native.startswith("vector"):  # which MySQL mixes with no text
        return f"CONCAT(COALESCE(CAST({value} AS BINARY), ''), x'00')"
    return _CHANGES.get(stored, "IF({0} IS NULL, '', CONCAT({0}, ' '))").format(value)


_CHANGES = {
    Kind.INTEGER: "COALESCE({0} ^ 1, 0)",
    Kind.BOOLEAN: "COALESCE({0} ^ 1, 0)",
    Kind.BIT: "COALESCE({0} ^ 1, 0)",
    Kind.FLOAT: "COALESCE(IF(ABS({0}) < 1e-300, 1e-9, {0} * (1 - 1e-9)), 0)",
    Kind.DATE: "COALESCE(DATE_ADD({0}, INTERVAL 1 DAY), '2000-01-01')",
    Kind.TIMESTAMP: "COALESCE(DATE_ADD({0}, INTERVAL 1 SECOND), '2000-01-01 00:00:00')",
    Kind.TIME: "COALESCE(IF({0} > 0, SUBTIME({0}, '00:00:01'), ADDTIME({0}, '00:00:01')), '00:00:00')",
    Kind.JSON: "COALESCE(CONCAT('[', {0}, ']'), 'null')",
    Kind.BINARY: "CONCAT(COALESCE({0}, ''), x'00')",
    Kind.GEOMETRY: "CONCAT(COALESCE({0}, ''), x'00')",
}
