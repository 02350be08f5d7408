"""Proof that a digest sees: one row, hashed as it is and again with one column changed at a time.

The change is the smallest that the type has: one unit of the last digit, one trailing blank, one second.
Whatever hash comes out the same as before belongs to a column that the digest does not see.
"""

from __future__ import annotations

from parity.sql.columns import Column, Columns, Kind
from parity.sql.mysql import MySQL
from parity.sql.mysql_row import row_hash

ROWS = 1
"""One: a changed row may well be equal to another row, which is no blindness."""


def canary(dialect: MySQL, table: str, columns: Columns, key: Columns, where: str = "") -> str:
    """Return the query for (column number, hashes of a few rows); number -1 is the rows as they are."""
    order = ", ".join(dialect.quote(column.name) for column in key)
    order = f" ORDER BY {order}" if order else ""
    condition = f" WHERE {where}" if where else ""

    def hashes(changed: int) -> str:
        shown = ", ".join(
            f"{_changed(column, dialect.quote(column.name))} AS {dialect.quote(column.name)}"
            if at == changed
            else dialect.quote(column.name)
            for at, column in enumerate(columns)
        )
        rows = f"SELECT {shown} FROM {dialect.quote(table)}{condition}{order} LIMIT {ROWS}"
        return f"(SELECT {changed}, GROUP_CONCAT({row_hash(dialect, columns)}) FROM ({rows}) AS few)"

    return " UNION ALL ".join(hashes(at) for at in range(-1, len(columns)))


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
