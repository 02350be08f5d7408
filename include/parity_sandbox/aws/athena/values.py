"""How Athena names types and writes values in its results."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from parity_sandbox.aws.athena.failures import QueryFailed
from parity_sandbox.aws.trino.doubles import java_double
from parity_sandbox.aws.trino.zones import is_zoned

PLAIN = frozenset({"tinyint", "smallint", "integer", "bigint", "decimal", "date"})
VARCHAR_LENGTH = 2147483647
TYPES: dict[str, tuple[str, int, int]] = {
    "TINYINT": ("tinyint", 3, 0),
    "SMALLINT": ("smallint", 5, 0),
    "INTEGER": ("integer", 10, 0),
    "BIGINT": ("bigint", 19, 0),
    "FLOAT": ("float", 17, 0),
    "DOUBLE": ("double", 17, 0),
    "BOOLEAN": ("boolean", 0, 0),
    "VARCHAR": ("varchar", VARCHAR_LENGTH, 0),
    "UUID": ("varchar", VARCHAR_LENGTH, 0),
    "DATE": ("date", 0, 0),
    "TIME": ("time", 3, 0),
    "TIMESTAMP": ("timestamp", 3, 0),
    "TIMESTAMP WITH TIME ZONE": ("timestamp with time zone", 3, 0),
    "BLOB": ("varbinary", 1073741824, 0),
    "JSON": ("json", 0, 0),
    '"NULL"': ("unknown", 0, 0),
}


@dataclass(frozen=True)
class ResultColumn:
    """A column of a result."""

    name: str
    type: str
    precision: int = 0
    scale: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the API's ColumnInfo."""
        return {
            "CatalogName": "hive",
            "SchemaName": "",
            "TableName": "",
            "Name": self.name,
            "Label": self.name,
            "Type": self.type,
            "Precision": self.precision,
            "Scale": self.scale,
            "Nullable": "UNKNOWN",
            "CaseSensitive": self.type == "varchar",
        }


def column(name: str, duck: str) -> ResultColumn:
    """Return a result column of a DuckDB type; QueryFailed for one that Athena has not."""
    decimal = re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", duck)
    if decimal:
        return ResultColumn(name, "decimal", int(decimal.group(1)), int(decimal.group(2)))
    if duck.endswith("]"):
        return ResultColumn(name, "array")
    for start, label in (("STRUCT", "row"), ("MAP", "map")):
        if duck.startswith(start):
            return ResultColumn(name, label)
    if duck not in TYPES:
        raise QueryFailed(f"sandbox limitation: the result column {name} has DuckDB's type {duck}; CAST it")
    return ResultColumn(name, *TYPES[duck])


def writer(kind: str) -> Callable[[Any], str | None]:
    """Return how values of an Athena type are written; whole columns share the decision."""
    if kind in PLAIN:
        return lambda value: None if value is None else str(value)
    if kind in ("varchar", "json"):
        return lambda value: value if value is None or isinstance(value, str) else str(value)
    return lambda value: text(value, kind)


def text(value: Any, kind: str = "") -> str | None:
    """Return a value as Athena writes it, or None for NULL; ``kind`` is the column's Athena type."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _real(value) if kind == "float" else java_double(value)
    if isinstance(value, dt.datetime):
        return _moment(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return " ".join(f"{byte:02x}" for byte in bytes(value))
    if is_zoned(value):
        return f"{_moment(value['t_local'])} {value['t_zone']}"
    return _nested(value)


def _real(value: float) -> str:
    """Return a 32-bit float by its shortest digits."""
    import numpy as np

    return java_double(float(str(np.float32(value))))


def _moment(value: dt.datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}"


def _nested(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_inner(one) for one in value) + "]"
    if isinstance(value, tuple):
        return "{" + ", ".join(f"field{place}={_inner(one)}" for place, one in enumerate(value)) + "}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_inner(key)}={_inner(one)}" for key, one in value.items()) + "}"
    return str(value)


def _inner(value: Any) -> str:
    return "null" if value is None else str(text(value))
