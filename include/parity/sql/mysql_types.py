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
_LONG = frozenset({"mediumtext", "longtext", "mediumblob", "longblob", "json"})
_UTF8 = frozenset({"utf8", "utf8mb3", "utf8mb4", "ascii"})


def column_of(record: Mapping[str, Any], *, document: bool = False) -> Column:
    """Return the column that a record describes; ``document`` marks MariaDB's JSON, which is a long text."""
    native = str(record["data_type"]).lower()
    kind = Kind.JSON if document else _KINDS.get(native, Kind.UNKNOWN)
    return Column(
        name=record["column_name"],
        kind=kind,
        scale=_scale(record, kind),
        nullable=str(record["is_nullable"]).upper() == "YES",
        unicode=kind not in (Kind.TEXT, Kind.LABEL, Kind.JSON) or record["character_set_name"] in _UTF8,
        single=native == "float",
        long=native in _LONG or kind is Kind.GEOMETRY,
        collation=record["collation_name"] or "",
        native=str(record["column_type"]).lower(),
    )


def _scale(record: Mapping[str, Any], kind: Kind) -> int:
    if kind is Kind.DECIMAL:
        return int(record["numeric_scale"] or 0)
    return int(record["datetime_precision"] or 0) if kind in (Kind.TIME, Kind.TIMESTAMP) else 0
