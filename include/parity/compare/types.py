"""DuckDB's types, parsed, and the common type of a pair of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Context
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

EXACT = Context(prec=800)
"""For arithmetic with decimals that no digit may leave: Python rounds to 28 of them otherwise."""


class ValueKind(StrEnum):
    """The families of common types, on which rules, causes and mutations depend."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    BOOLEAN = "boolean"
    TEXT = "text"
    BINARY = "binary"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"
    INTERVAL = "interval"
    NESTED = "nested"

    @property
    def numeric(self) -> bool:
        """Return whether a numeric tolerance fits."""
        return self in (ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.FLOAT)

    @property
    def temporal(self) -> bool:
        """Return whether a tolerance in time fits."""
        return self in (ValueKind.DATE, ValueKind.TIMESTAMP, ValueKind.TIME)


@dataclass(frozen=True)
class DataType:
    """A parsed DuckDB type."""

    name: str
    sql: str
    precision: int = 0
    scale: int = 0
    fields: tuple[tuple[str, DataType], ...] = ()

    @property
    def numeric(self) -> bool:
        """Return whether the column holds numbers."""
        return self.name in (*INTEGERS, *FLOATS, "decimal")

    @property
    def moment(self) -> bool:
        """Return whether the column holds a day and a time of it."""
        return self.name.startswith("timestamp")

    @property
    def naive(self) -> bool:
        """Return whether it holds moments of no zone."""
        return self.moment and not self.name.endswith("zone")

    @property
    def untyped(self) -> bool:
        """Return whether the column holds nothing but NULL and has no type."""
        return self.name in _UNTYPED

    def holds(self, name: str) -> bool:
        """Return whether values of a type of this name are in the column, on their own or inside nested ones."""
        return self.name == name or any(part.holds(name) for _, part in self.fields)


TEXT = DataType("varchar", "VARCHAR")


def data_type(raw: DuckDBPyType) -> DataType:
    """Parse one of DuckDB's own type objects."""
    name: str = raw.id
    if name == "decimal":
        parts = {key: int(str(value)) for key, value in raw.children}
        return DataType(name, str(raw), parts["precision"], parts["scale"])
    if name in ("list", "array", "struct", "map"):
        children = [(key, value) for key, value in raw.children if not isinstance(value, int | list)]
        return DataType(name, str(raw), fields=tuple((key, data_type(value)) for key, value in children))
    if name == "timestamptz_ns":
        return DataType("timestamp_ns with time zone", str(raw))
    return DataType("varchar" if name == "enum" else name, "VARCHAR" if name == "enum" else str(raw))


def in_utc(kind: DataType) -> DataType:
    """Return a type whose wall times are moments."""
    if kind.name == "timestamp":
        return DataType("timestamp with time zone", "TIMESTAMP WITH TIME ZONE")
    fields = tuple((name, in_utc(part)) for name, part in kind.fields)
    if fields == kind.fields:
        return kind
    parts = [part.sql for _, part in fields]
    if kind.name == "struct":
        named = ", ".join('"' + name.replace('"', '""') + f'" {part.sql}' for name, part in fields)
        return replace(kind, sql=f"STRUCT({named})", fields=fields)
    sql = f"MAP({', '.join(parts)})" if kind.name == "map" else f"{parts[0]}[]"
    return replace(kind, sql=sql, fields=fields)


_PLACE = re.compile("«([01])»")
_ESCAPED = "\udcab"
"""Half of a character: no name and no literal can hold it."""


def fill(template: str, first: str, second: str = "") -> str:
    """Put SQL into a template's places ``«0»`` and ``«1»``; what was put in is not searched for places."""
    return _PLACE.sub(lambda place: (first, second)[int(place[1])], template)


def verbatim(sql: str) -> str:
    """Return a name or a literal for use inside a template: it holds no place, whatever its characters are."""
    return sql.replace("«", _ESCAPED)


def unescaped(sql: str) -> str:
    """Undo :func:`verbatim`."""
    return sql.replace(_ESCAPED, "«")


def quoted(kind: DataType) -> DataType:
    """Return a type whose SQL and names of fields can stand inside a template."""
    fields = tuple((verbatim(name), quoted(part)) for name, part in kind.fields)
    return replace(kind, sql=verbatim(kind.sql), fields=fields)


@dataclass(frozen=True)
class CommonType:
    """The common type of two columns: ``legacy`` and ``target`` are templates over ``«0»`` that yield ``sql``."""

    kind: ValueKind
    sql: str
    verdict: str
    legacy: str = "«0»"
    target: str = "«0»"
    scale: int = 0
    note: str = ""


INTEGERS = {
    "tinyint": (8, True),
    "smallint": (16, True),
    "integer": (32, True),
    "bigint": (64, True),
    "hugeint": (128, True),
    "utinyint": (8, False),
    "usmallint": (16, False),
    "uinteger": (32, False),
    "ubigint": (64, False),
    "uhugeint": (128, False),
}
FLOATS = {"float": 24, "double": 53}
_UNTYPED = ('"null"', "null", "sqlnull")
