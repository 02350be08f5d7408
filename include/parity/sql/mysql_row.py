"""One row as one text and one hash, when both servers are of the MySQL family.

No other engine has to write the same text, so it is the one that both servers build fastest: numbers and
times as they print, texts as they are stored behind their lengths, doubles as their eight bytes in the
well-known binary form of a point (printing one costs more than the rest of the row). Parts, in this order:

1. everything whose text holds no separator, ``~`` for NULL; the length of each free text, ``~`` for NULL
2. the free texts; the lengths say where each ends
3. the doubles, 21 bytes a pair

So two different rows never have the same text. A NULL that none of them stands for, such as that of a function
whose result would be longer than a packet, makes the whole text NULL, and is found as such. SHA2 costs a third of
MD5 in MariaDB 10.11, which sets up OpenSSL's digest again for each row, and MySQL 9.6 has lost MD5 and SHA1.
"""

from __future__ import annotations

from parity.sql.columns import Column, Columns, Kind
from parity.sql.mysql import POISON, MySQL

DIGITS = 16
"""Hexadecimal digits of a hash that are summed and transferred: 64 bits."""
_BYTES = frozenset({Kind.BINARY, Kind.GEOMETRY})


def row_text(dialect: MySQL, columns: Columns) -> str:
    """Return the text of a row, as bytes."""
    texts = [column for column in columns if _free(column)]
    floats = [column for column in columns if column.kind is Kind.FLOAT]
    parts = [_plain(dialect, c) for c in columns if c.kind is not Kind.FLOAT and not _free(c)]
    parts += [f"ISNULL({dialect.quote(c.name)})" for c in floats if c.nullable]
    parts += [or_mark(dialect, c, f"LENGTH({_free_text(dialect, c)})") for c in texts]
    parts += [or_mark(dialect, c, _free_text(dialect, c), "''") for c in texts]
    parts += [_point(dialect, floats[at : at + 2]) for at in range(0, len(floats), 2)]
    # One binary part makes a binary text: no collation is mixed with another, and nothing is converted.
    return f"CONCAT(CAST('' AS BINARY), {_SEPARATOR.join(parts)})"


_SEPARATOR = ", x'1f', "


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
    """Return the bytes of a text, or of a binary value."""
    name = dialect.quote(column.name)
    return name if column.kind in _BYTES else dialect.characters(column, name)


def _plain(dialect: MySQL, column: Column) -> str:
    """Return a text without separators: digits, a date, the hash of what may outgrow a packet."""
    name = dialect.quote(column.name)
    spelled = _hash(dialect.content(column, name)) if column.long else dialect.spell(column, name)
    return or_mark(dialect, column, spelled)


def or_mark(dialect: MySQL, column: Column, value: str, mark: str = "'~'") -> str:
    """Return the value, or the mark where the column is NULL; what overflows is NULL without one."""
    if not column.nullable:
        return value
    name = dialect.quote(column.name)
    return f"IFNULL({value}, {mark})" if value == name else f"IF({name} IS NULL, {mark}, {value})"


def _point(dialect: MySQL, pair: Columns) -> str:
    numbers = [_number(dialect, column) for column in pair]
    point = f"ST_AsWKB(POINT({numbers[0]}, {numbers[-1]}))"
    narrow = [at for at, column in enumerate(pair) if (column.stored or (Kind.FLOAT,))[0] is not Kind.FLOAT]
    lost = [_lost(dialect, pair[at], at) for at in narrow]
    return ", ".join([point, *lost])


def _number(dialect: MySQL, column: Column) -> str:
    double = f"({dialect.quote(column.name)} + 0e0)"
    return f"IFNULL({double}, 0e0)" if column.nullable else double


def _lost(dialect: MySQL, column: Column, at: int) -> str:
    """Return the SQL that distinguishes a number from the double of it; empty where the double is exact."""
    name = dialect.quote(column.name)
    exact = dialect.exact(column, name)
    return f"IF({name} IS NULL OR {exact}, '', CONCAT('#{at}=', {name}))"
