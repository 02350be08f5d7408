"""One row as one text and one hash, when both servers are of the MySQL family.

No other engine has to write the same text, so it is the one that both servers build fastest: numbers and
times as they print, texts as they lie there behind their lengths, doubles as their eight bytes in the
well-known binary form of a point (printing one costs more than the rest of the row). Parts, in this order:

1. everything whose text holds no separator, ``~`` for NULL; the length of each free text, ``~`` for NULL
2. the free texts; the lengths say where each ends
3. the doubles, 21 bytes a pair

So two different rows never have the same text. SHA2 costs a third of MD5 in MariaDB 10.11, which sets up
OpenSSL's digest anew for each row.
"""

from __future__ import annotations

from parity.sql.columns import Column, Columns, Kind
from parity.sql.mysql import POISON, MySQL

DIGITS = 16
"""Hexadecimal digits of a hash that are summed, and that travel: 64 bits."""
_BYTES = frozenset({Kind.BINARY, Kind.GEOMETRY})


def row_text(dialect: MySQL, columns: Columns) -> str:
    """Return the text of a row, as bytes."""
    texts = [column for column in columns if _free(column)]
    floats = [column for column in columns if column.kind is Kind.FLOAT]
    parts = [_plain(dialect, c) for c in columns if c.kind is not Kind.FLOAT and not _free(c)]
    parts += [f"ISNULL({dialect.quote(c.name)})" for c in floats if c.nullable]
    parts += [_or_mark(f"LENGTH({_free_text(dialect, c)})", c) for c in texts]
    parts += [_free_text(dialect, c) for c in texts]
    parts += [_point(dialect, pair) for pair in _pairs(floats)]
    # A binary separator makes a binary text: no collation is mixed with another, and nothing is converted.
    return f"CONCAT_WS(CAST(x'1f' AS BINARY), {', '.join(parts)})"


def row_hash(dialect: MySQL, columns: Columns) -> str:
    """Return the last 64 bits of the row's hash, in hexadecimal."""
    return f"RIGHT({_hash(row_text(dialect, columns))}, {DIGITS})"


def total(hashed: str) -> str:
    """Return the exact sum of hashes; NULL, which a row's text longer than a packet becomes, is not left out."""
    return f"SUM(COALESCE(CAST(CONV({hashed}, 16, 10) AS UNSIGNED), {POISON}))"


def _hash(text: str) -> str:
    return f"SHA2({text}, 224)"


def _free(column: Column) -> bool:
    return column.free or (column.kind in _BYTES and not column.long)


def _free_text(dialect: MySQL, column: Column) -> str:
    """Return the bytes of a text in UTF-8, or of a binary value."""
    name = dialect.quote(column.name)
    return name if column.kind in _BYTES else dialect.characters(column, name)


def _plain(dialect: MySQL, column: Column) -> str:
    """Return a text without separators: digits, a date, the hash of what may outgrow a packet."""
    spelled = dialect.spell(column, dialect.quote(column.name))
    return _or_mark(_hash(spelled) if column.long else spelled, column)


def _or_mark(value: str, column: Column) -> str:
    return f"IFNULL({value}, '~')" if column.nullable else value


def _pairs(columns: Columns) -> list[Columns]:
    return [columns[start : start + 2] for start in range(0, len(columns), 2)]


def _point(dialect: MySQL, pair: Columns) -> str:
    numbers = [_number(dialect, column) for column in pair]
    return f"ST_AsWKB(POINT({numbers[0]}, {numbers[-1]}))"


def _number(dialect: MySQL, column: Column) -> str:
    spelled = dialect.spell(column, dialect.quote(column.name))
    return f"IFNULL({spelled}, 0e0)" if column.nullable else spelled
