"""MySQL's types, read from ``information_schema.columns``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parity.sql.columns import Column, Kind

_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "integer", "bigint", "year"), Kind.INTEGER),
    **dict.fromkeys(("decimal", "numeric"), Kind.DECIMAL),
    **dict.fromkeys(("float", "double", "real"), Kind.FLOAT),
    **dict.fromkeys(("datetime", "timestamp"), Kind.TIMESTAMP),
    **dict.fromkeys(("char", "varchar", "tinytext", "text", "mediumtext", "longtext"), Kind.TEXT),
    **dict.fromkeys(("uuid", "inet4", "inet6"), Kind.TEXT),
    **dict.fromkeys(("enum", "set"), Kind.LABEL),
    **dict.fromkeys(("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"), Kind.BINARY),
    "vector": Kind.BINARY,
    **dict.fromkeys(
        ("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"),
        Kind.GEOMETRY,
    ),
    "geometrycollection": Kind.GEOMETRY,
    "geomcollection": Kind.GEOMETRY,
    "date": Kind.DATE,
    "time": Kind.TIME,
    "bit": Kind.BIT,
    "json": Kind.JSON,
}
_LONG = frozenset({"mediumtext", "longtext", "mediumblob", "longblob", "json", "vector"})
_UTF8 = frozenset({"utf8", "utf8mb3", "utf8mb4", "ascii"})


def column_of(record: Mapping[str, Any]) -> Column:
    """Return the column that a record describes.

    MariaDB's JSON is a long text with a check, which any text may have: it stays a text.
    """
    native = str(record["data_type"]).lower()
    kind = _KINDS.get(native, Kind.UNKNOWN)
    return Column(
        name=record["column_name"],
        kind=kind,
        scale=_scale(record, kind),
        nullable=str(record["is_nullable"]).upper() == "YES",
        charset=_charset(record["character_set_name"]) if kind in (Kind.TEXT, Kind.LABEL) else "",
        precision=int(record["numeric_precision"] or 0) if kind is Kind.DECIMAL else 0,
        long=native in _LONG or kind is Kind.GEOMETRY,
        collation=record["collation_name"] or "",
        native=str(record["column_type"]).lower(),
    )


def _charset(name: Any) -> str:
    return "" if name is None or name in _UTF8 else str(name)


def _scale(record: Mapping[str, Any], kind: Kind) -> int:
    if kind is Kind.DECIMAL:
        return int(record["numeric_scale"] or 0)
    return int(record["datetime_precision"] or 0) if kind in (Kind.TIME, Kind.TIMESTAMP) else 0
