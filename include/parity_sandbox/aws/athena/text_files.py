"""Text files as Hive's LazySimpleSerDe and OpenCSVSerde read them, seen on real Trino.

A blank line is a row. LazySimpleSerDe makes NULL of what it cannot parse, and parses more than one would think: 30
February is 1 March. ARRAY, MAP and STRUCT have a delimiter on each level, and BINARY is base64 where it can be.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path
from typing import Any

from sqlglot import exp

from parity_sandbox.aws.athena.failures import QueryFailed
from parity_sandbox.aws.athena.tables import Table

Kind = exp.DataType.Type
BITS = {Kind.TINYINT: 8, Kind.SMALLINT: 16, Kind.INT: 32, Kind.BIGINT: 64}
OPENERS: Mapping[str, Callable[[Path], bytes]] = {
    ".gz": lambda path: gzip.decompress(path.read_bytes()),
    ".bz2": lambda path: bz2.decompress(path.read_bytes()),
}
_WHOLE = re.compile(r"([+-]?)(\d+)(?:\.\d*)?|[+-]?(\.)\d+")
_FLOAT = re.compile(r"([+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))[dDfF]?")
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_DATE = re.compile(r"(\d+)-(\d+)-(\d+)(?: .*)?", re.DOTALL)
_TIME = re.compile(r"(\d+)-(\d+)-(\d+)[ T](\d+):(\d+):(\d+)(?:\.(\d{1,9}))?")


def arrow_table(table: Table, files: Sequence[Path]) -> Any:
    """Return the rows of a table's text files as an Arrow table with the catalogue's types; all text for a CSV."""
    import pyarrow as pa

    csv = "opencsv" in table.serde.lower()
    lines = (
        line for path in files for line in _lines(path, int(table.parameters.get("skip.header.line.count", 0)))
    )
    names = [column.name for column in table.columns]
    if csv:
        rows = [_csv(line, table.parameters, len(names)) for line in lines]
        return pa.table({name: pa.array(cells, pa.string()) for name, cells in _columns(names, rows)})
    serde = LazySimple.of(table.parameters)
    kinds = [exp.DataType.build(column.hive, dialect="hive") for column in table.columns]
    rows = [serde.row(line, kinds) for line in lines]
    types = [_arrow(kind) for kind in kinds]
    return pa.table(
        {name: pa.array(cells, kind) for (name, cells), kind in zip(_columns(names, rows), types, strict=True)}
    )


def _columns(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, list[Any]]]:
    return ((name, [row[place] for row in rows]) for place, name in enumerate(names))


def _lines(path: Path, skip: int) -> list[bytes]:
    content = OPENERS.get(path.suffix, Path.read_bytes)(path)
    lines = re.split(rb"\r\n|\n|\r", content)
    return lines[skip : len(lines) - (not lines[-1])]


@dataclass(frozen=True)
class LazySimple:
    """The delimiters of a table: of fields first, then of each level of nesting."""

    delimiters: tuple[bytes, ...]
    null: bytes
    escape: bytes

    @classmethod
    def of(cls, given: Mapping[str, str]) -> LazySimple:
        """Read a SerDe's parameters."""
        first = given.get("field.delim", given.get("serialization.format", "\x01"))
        second = given.get("collection.delim", given.get("colelction.delim", "\x02"))
        listed = (_delimiter(first), _delimiter(second), _delimiter(given.get("mapkey.delim", "\x03")))
        deeper = tuple(bytes([code]) for code in (4, 5, 6, 7, 8))
        escape = given.get("escape.delim", "")
        return cls(listed + deeper, given.get("serialization.null.format", "\\N").encode(), escape.encode())

    def row(self, line: bytes, kinds: Sequence[exp.DataType]) -> list[Any]:
        """Return the values of a line; what it lacks is NULL, and what it has too many is dropped."""
        fields: list[bytes | None] = [*self._split(line, 0)]
        fields += [None] * (len(kinds) - len(fields))
        return [self.value(field, kind, 1) for field, kind in zip(fields, kinds, strict=False)]

    def value(self, field: bytes | None, kind: exp.DataType, level: int) -> Any:
        """Return a field as a value of a type; ``level`` is that of its delimiter."""
        if field is None or field == self.null:
            return None
        if kind.this == Kind.ARRAY:
            return [
                self.value(part, kind.expressions[0], level + 1) for part in self._split(field, level) if field
            ]
        if kind.this == Kind.STRUCT:
            return self._struct(field, kind.expressions, level)
        if kind.this == Kind.MAP:
            return self._map(field, kind.expressions, level)
        return _scalar(self._unescaped(field), kind)

    def _struct(self, field: bytes, parts: Sequence[exp.ColumnDef], level: int) -> dict[str, Any]:
        cells: list[bytes | None] = [*self._split(field, level)]
        cells += [None] * (len(parts) - len(cells))
        return {
            part.name: self.value(cell, part.args["kind"], level + 1)
            for part, cell in zip(parts, cells, strict=False)
        }

    def _map(self, field: bytes, kinds: Sequence[exp.DataType], level: int) -> list[tuple[Any, Any]]:
        found: dict[Any, Any] = {}
        for entry in self._split(field, level) if field else ():
            key, *rest = entry.split(self.delimiters[level + 1], 1)
            name = self.value(key, kinds[0], level + 2)
            if name is not None:
                found.setdefault(name, self.value(rest[0] if rest else None, kinds[1], level + 2))
        return list(found.items())

    def _split(self, field: bytes, level: int) -> list[bytes]:
        delimiter = self.delimiters[level]
        if level or not self.escape:
            return field.split(delimiter)
        escape, mark = re.escape(self.escape), re.escape(delimiter)
        pattern = re.compile(rb"((?:" + escape + rb".|(?!" + mark + rb").)*)(?:" + mark + rb"|\Z)", re.DOTALL)
        return [found[1] for found in pattern.finditer(field)][: 1 if not field else None]

    def _unescaped(self, field: bytes) -> bytes:
        return re.sub(re.escape(self.escape) + rb"(.)", rb"\1", field, flags=re.DOTALL) if self.escape else field


def _delimiter(text: str) -> bytes:
    return bytes([int(text)]) if text.isdecimal() else text.encode()


def _scalar(field: bytes, kind: exp.DataType) -> Any:
    """Return a plain value; None where Hive cannot parse it."""
    if kind.this == Kind.BINARY:
        return _binary(field)
    text = field.decode(errors="replace")
    if kind.this in BITS:
        return _integer(text, BITS[kind.this])
    if kind.this in (Kind.FLOAT, Kind.DOUBLE):
        found = _FLOAT.fullmatch(text.strip())
        return float(found[1]) if found else None
    parsers: Mapping[Any, Callable[[str], Any]] = {
        Kind.DECIMAL: lambda given: _decimal(given, kind),
        Kind.BOOLEAN: lambda given: {"true": True, "false": False}.get(given.lower()),
        Kind.DATE: _date,
        Kind.TIMESTAMP: _moment,
    }
    parse: Callable[[str], Any] | None = parsers.get(kind.this)
    return parse(text) if parse else _cut(text, kind)


def _cut(text: str, kind: exp.DataType) -> str:
    cut = text[: int(kind.expressions[0].name)] if kind.expressions else text
    return cut.rstrip(" ") if kind.this in (Kind.CHAR, Kind.NCHAR) else cut


def _binary(field: bytes) -> bytes:
    try:
        return base64.b64decode(field + b"=" * (-len(field) % 4 if b"=" not in field else 0), validate=True)
    except binascii.Error:
        return field


def _integer(text: str, bits: int) -> int | None:
    found = _WHOLE.fullmatch(text)
    if not found:
        return None
    value = int(found[1] + (found[2] or "0")) if found[2] else 0
    return value if -(2 ** (bits - 1)) <= value < 2 ** (bits - 1) else None


def _decimal(text: str, kind: exp.DataType) -> Decimal | None:
    if not _DECIMAL.fullmatch(text):
        return None
    precision, scale = (int(one.name) for one in kind.expressions) if len(kind.expressions) == 2 else (10, 0)
    with localcontext() as context:
        context.prec = 400
        if abs(Decimal(text).adjusted()) > 100:
            return None if Decimal(text) and Decimal(text).adjusted() > 0 else Decimal(0)
        value = Decimal(text).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    return value if abs(value) < 10 ** (precision - scale) else None


def _date(text: str) -> date | None:
    found = _DATE.fullmatch(text.strip())
    return _lenient(*(int(part) for part in found.groups()[:3])).date() if found else None


def _moment(text: str) -> datetime | None:
    found = _TIME.fullmatch(text.strip())
    if not found:
        return None
    hour, minute, second = (int(part) for part in found.groups()[3:6])
    nanos = int((found[7] or "0").ljust(9, "0"))
    millis = (nanos + 500_000) // 1_000_000
    day = _lenient(*(int(part) for part in found.groups()[:3]))
    return day + timedelta(hours=hour, minutes=minute, seconds=second, milliseconds=millis)


def _lenient(year: int, month: int, day: int) -> datetime:
    """Return a day whose month and day may be too large or 0, as Java's old calendar counts on."""
    years, rest = divmod(month - 1, 12)
    try:
        return datetime(year + years, rest + 1, 1) + timedelta(days=day - 1)  # noqa: DTZ001 - wall clock
    except (ValueError, OverflowError):
        raise QueryFailed(f"sandbox limitation: the date {year}-{month}-{day} of a text file") from None


def _arrow(kind: exp.DataType) -> Any:
    import pyarrow as pa

    if kind.this == Kind.ARRAY:
        return pa.list_(_arrow(kind.expressions[0]))
    if kind.this == Kind.MAP:
        return pa.map_(_arrow(kind.expressions[0]), _arrow(kind.expressions[1]))
    if kind.this == Kind.STRUCT:
        return pa.struct([(part.name, _arrow(part.args["kind"])) for part in kind.expressions])
    if kind.this == Kind.DECIMAL:
        given = [int(one.name) for one in kind.expressions]
        return pa.decimal128(*given) if len(given) == 2 else pa.decimal128(10, 0)
    plain = {
        Kind.TINYINT: pa.int8(), Kind.SMALLINT: pa.int16(), Kind.INT: pa.int32(), Kind.BIGINT: pa.int64(),
        Kind.FLOAT: pa.float32(), Kind.DOUBLE: pa.float64(), Kind.BOOLEAN: pa.bool_(), Kind.DATE: pa.date32(),
        Kind.TIMESTAMP: pa.timestamp("us"), Kind.BINARY: pa.binary(),
    }  # fmt: skip
    return plain.get(kind.this, pa.string())


def _csv(line: bytes, given: Mapping[str, str], width: int) -> list[str | None]:
    """Return the texts of a line; all NULL where it is blank or a quote stays open."""
    marks = [
        given.get(name, usual)
        for name, usual in (("separatorChar", ","), ("quoteChar", '"'), ("escapeChar", "\\"))
    ]
    fields = _csv_fields(line.decode(errors="replace"), *marks) if line else None
    if fields is None:
        return [None] * width
    return [*fields[:width], *[None] * (width - len(fields))]


def _csv_fields(text: str, separator: str, quote: str, escape: str) -> list[str] | None:
    """Return the fields of a line as OpenCSV 2 cuts it; None where a quote stays open."""
    fields, quoted, at = [""], False, 0
    while at < len(text):
        char, after = text[at], text[at + 1 : at + 2]
        if quoted and ((char == quote == after) or (char == escape and after in (quote, escape))):
            fields[-1] += after
            at += 1
        elif char == quote:
            quoted = not quoted
            if at > 2 and after and separator not in (text[at - 1], after):  # a quote inside a field is part of it
                fields[-1] = fields[-1] + quote if fields[-1].strip() or not fields[-1] else ""
        elif char == separator and not quoted:
            fields.append("")
        elif char != escape:
            fields[-1] += char
        at += 1
    return None if quoted else fields
