"""Conditions on keys in MySQL: literals, ranges along an index, lists of keys.

A key is a tuple of cells: canonical texts, None for NULL. Comparisons in the server may follow a collation
and so find too much (``a`` and ``A``); the caller keeps only the cells that are equal by bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parity.sql.columns import FREE, Column, Columns, Kind
from parity.sql.mysql import MySQL, has_empty_member

Cells = tuple[str | None, ...]

_PLAIN = frozenset({Kind.INTEGER, Kind.BOOLEAN, Kind.DECIMAL, Kind.BIT})
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_QUOTED = frozenset({Kind.DATE, Kind.TIME, Kind.TIMESTAMP})
LOOKUP_KINDS = _PLAIN | _QUOTED | FREE - {Kind.JSON} | {Kind.BINARY}
"""Kinds whose values have exact literals; a FLOAT has none."""


def literal(column: Column, cell: str) -> str:
    """Return ``cell`` as a literal that no content can break out of."""
    if column.native.startswith("year"):
        return f"'{int(_digits(cell)):04d}'"  # as a number, 0 to 99 would be a year of this century or the last
    if column.kind in _PLAIN:
        return _digits(cell)
    if column.kind in _QUOTED:
        return f"'{_stamp(cell)}'"
    if column.kind is Kind.BINARY:
        return f"x'{bytes.fromhex(cell).hex()}'"
    return _words(column, cell)


def _words(column: Column, cell: str) -> str:
    """Return a text in the column's own character set and collation.

    Under any other the server finds the mix illegal (utf8mb4_unicode_ci beside its default), or converts the
    column and so uses no index (latin1). A character that the set lacks becomes ``?``; no cell equals that.
    """
    content = encoded(cell)
    if not column.collation:
        return f"CONVERT(x'{content.hex()}' USING utf8mb4)"
    own = column.charset or column.collation.partition("_")[0]
    if content.startswith(b"\xff"):  # characters without Unicode, as bytes of a set
        where, _, content = content[1:].partition(b":")
        return f"_{own} x'{content.hex()}' COLLATE {column.collation}" if where.decode() == own else "NULL"
    return f"CONVERT(_utf8mb4 x'{content.hex()}' USING {own}) COLLATE {column.collation}"


MARK = "\N{REPLACEMENT CHARACTER}"
"""Begins the digits of bytes that are no UTF-8; a text that begins with it gets another one in front."""


def decoded(content: bytes) -> str:
    """Return bytes as a text that no other bytes become."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return MARK + content.hex()
    return MARK + text if text.startswith(MARK) else text


def encoded(text: str) -> bytes:
    """Return the bytes of which :func:`decoded` made a text."""
    if not text.startswith(MARK):
        return text.encode()
    return text[1:].encode() if text.startswith(MARK, 1) else bytes.fromhex(text[1:])


def _digits(cell: str) -> str:
    if not _NUMBER.fullmatch(cell):
        raise ValueError(f"{cell!r} is no number")
    return cell


def _stamp(cell: str) -> str:
    if set(cell) - set("-:. 0123456789"):
        raise ValueError(f"{cell!r} is no date or time")
    return cell


@dataclass(frozen=True)
class KeyRange:
    """The rows after one key and up to another, in the order of the index; None means no bound."""

    after: Cells | None = None
    upto: Cells | None = None

    def where(self, dialect: MySQL, key: Columns) -> str:
        """Return the condition; empty when the range is the whole table."""
        parts = []
        if self.after is not None:
            parts.append(_beyond(dialect, key, self.after, ">", inclusive=False))
        if self.upto is not None:
            parts.append(_beyond(dialect, key, self.upto, "<", inclusive=True))
        return " AND ".join(parts)


def _beyond(dialect: MySQL, key: Columns, cells: Cells, sign: str, *, inclusive: bool) -> str:
    """Return the lexicographic comparison, spelled out: MySQL uses no index for (a, b) > (x, y)."""
    names = [dialect.quote(column.name) for column in key]
    values = [literal(column, cell or "") for column, cell in zip(key, cells, strict=True)]
    alternatives = []
    for depth in range(len(names)):
        last = depth == len(names) - 1
        strict = f"{names[depth]} {sign}{'=' if last and inclusive else ''} {values[depth]}"
        equal = [f"{n} = {v}" for n, v in zip(names[:depth], values[:depth], strict=True)]
        alternatives.append(" AND ".join([*equal, strict]))
    if len(alternatives) == 1:
        return alternatives[0]
    bound = f"{names[0]} {sign}= {values[0]}"
    return f"({bound} AND ({' OR '.join(f'({a})' for a in alternatives)}))"


def boundary(dialect: MySQL, table: str, key: Columns, keys: KeyRange, rows: int) -> str:
    """Return the query for the key of the range's row number ``rows``, in index order."""
    where = keys.where(dialect, key)
    names = ", ".join(dialect.quote(column.name) for column in key)
    return (
        f"SELECT {cells(dialect, key)} FROM {dialect.quote(table)}"
        f"{' WHERE ' + where if where else ''} ORDER BY {names} LIMIT 1 OFFSET {max(rows - 1, 0)}"
    )


def among(dialect: MySQL, key: Columns, wanted: Iterable[Cells]) -> str:
    """Return the condition that finds at least the rows with one of these keys."""
    if len(key) == 1:
        return _among_one(dialect, key[0], [cells[0] for cells in wanted])
    return " OR ".join(f"({_equals(dialect, key, cells)})" for cells in wanted)


def _among_one(dialect: MySQL, column: Column, wanted: Sequence[str | None]) -> str:
    name = dialect.quote(column.name)
    values = [literal(column, cell) for cell in wanted if cell is not None]
    parts = [f"{name} IN ({', '.join(values)})"] if values else []
    return " OR ".join([*parts, f"{name} IS NULL"] if None in wanted else parts)


def _equals(dialect: MySQL, key: Columns, cells: Cells) -> str:
    pairs = zip(key, cells, strict=True)
    names = dialect.quote
    return " AND ".join(
        f"{names(c.name)} IS NULL" if cell is None else f"{names(c.name)} = {literal(c, cell)}"
        for c, cell in pairs
    )


def allows_lookup(key: Columns) -> bool:
    """Return whether a condition can select single keys."""
    return bool(key) and all(
        column.kind in LOOKUP_KINDS and not column.long and _comparable(column) for column in key
    )


def _comparable(column: Column) -> bool:
    """Return whether a server compares a stored value with the literal of its canonical text."""
    stored = column.stored[0] if column.stored else column.kind
    spelled = stored in (Kind.BINARY, Kind.GEOMETRY, Kind.FLOAT) or has_empty_member(column)
    return column.kind not in FREE or not spelled


def same_order(legacy: Columns, target: Columns) -> bool:
    """Return whether both servers order the key alike, so that one range holds the same rows on both."""
    pairs = list(zip(legacy, target, strict=True))
    return (
        allows_lookup(legacy)
        and allows_lookup(target)
        and all(
            not a.nullable and not b.nullable and a.stored == b.stored and a.collation == b.collation
            for a, b in pairs
        )
    )


def cells(dialect: MySQL, columns: Columns) -> str:
    """Return one text that holds the cells of a row: ``,`` between them, ``~`` for NULL.

    Free texts and long columns are hexadecimal digits, so that nothing has to be escaped; a long
    column of more than 4 KiB is ``#``, its length and its hash. The text is NULL when a cell cannot be
    built, because it would be longer than a packet.
    """
    parts = ", ',', ".join(_cell(dialect, column) for column in columns)
    return f"CONCAT({parts})"


SHORT = 4096
"""Bytes of a long column that are transferred."""


def _cell(dialect: MySQL, column: Column) -> str:
    name = dialect.quote(column.name)
    if column.long:
        inner = dialect.content(column, name)
        whole = dialect.shown(column, name)
        whole = whole if column.kind in (Kind.BINARY, Kind.GEOMETRY) else f"HEX({whole})"
        cut = f"CONCAT('#', LENGTH({inner}), '#', SHA2({inner}, 224))"
        spelled = f"IF(LENGTH({inner}) <= {SHORT}, {whole}, {cut})"
    else:
        spelled = f"HEX({dialect.shown(column, name)})" if column.free else dialect.spell(column, name)
    return f"IF({name} IS NULL, '~', {spelled})" if column.nullable else spelled


def unpack(columns: Columns, packed: str) -> Cells:
    """Return the cells of one packed row."""
    parts = packed.split(",")
    if len(parts) != len(columns):
        raise ValueError(f"a row of {len(columns)} columns arrived with {len(parts)} cells")
    return tuple(_unpack_cell(column, part) for column, part in zip(columns, parts, strict=True))


def _unpack_cell(column: Column, part: str) -> str | None:
    if part == "~" and column.nullable:
        return None
    if column.kind in FREE and not part.startswith("#"):
        return decoded(bytes.fromhex(part))
    return part
