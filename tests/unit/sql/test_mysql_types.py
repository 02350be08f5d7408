"""Columns as MySQL's catalogue describes them."""

from __future__ import annotations

from typing import Any

import pytest

from parity.sql.columns import Column, Kind
from parity.sql.mysql_types import column_of

RECORD: dict[str, Any] = {
    "column_name": "c",
    "is_nullable": "NO",
    "character_set_name": None,
    "collation_name": None,
    "numeric_precision": None,
    "numeric_scale": None,
    "datetime_precision": None,
}
KINDS = {
    Kind.INTEGER: "tinyint smallint mediumint int integer bigint year",
    Kind.FLOAT: "double real",
    Kind.DATE: "date",
    Kind.BIT: "bit",
    Kind.TEXT: "char varchar tinytext text uuid inet4 inet6",
    Kind.LABEL: "enum set",
    Kind.BINARY: "binary varbinary tinyblob blob",
    Kind.UNKNOWN: "xmltype",
}
SHAPES = (
    "geometry point linestring polygon multipoint multilinestring multipolygon geometrycollection geomcollection"
)


@pytest.mark.parametrize(
    ("kind", "native"), [(kind, one) for kind, types in KINDS.items() for one in types.split()]
)
def test_a_type_belongs_to_a_kind(kind: Kind, native: str) -> None:
    found = column_of(RECORD | {"data_type": native.upper(), "column_type": native.upper()})
    assert found == Column("c", kind, nullable=False, native=native)


@pytest.mark.parametrize("native", SHAPES.split())
def test_shapes_are_long(native: str) -> None:
    found = column_of(RECORD | {"data_type": native, "column_type": native})
    assert (found.kind, found.long) == (Kind.GEOMETRY, True)


@pytest.mark.parametrize(
    ("native", "fields", "column"),
    [
        ("decimal", {"numeric_precision": 9, "numeric_scale": 2}, Column("c", Kind.DECIMAL, 2, precision=9)),
        ("numeric", {}, Column("c", Kind.DECIMAL)),
        ("int", {"numeric_precision": 10, "numeric_scale": 7}, Column("c", Kind.INTEGER)),
        ("float", {"numeric_precision": 12}, Column("c", Kind.FLOAT)),
        ("datetime", {"datetime_precision": 6}, Column("c", Kind.TIMESTAMP, 6)),
        ("timestamp", {"datetime_precision": 0}, Column("c", Kind.TIMESTAMP)),
        ("time", {"datetime_precision": None}, Column("c", Kind.TIME)),
        ("time", {"datetime_precision": 3}, Column("c", Kind.TIME, 3)),
        ("date", {"datetime_precision": 3}, Column("c", Kind.DATE)),
        ("varchar", {"character_set_name": "latin1"}, Column("c", Kind.TEXT, charset="latin1")),
        ("varchar", {"character_set_name": "utf8mb4"}, Column("c", Kind.TEXT)),
        ("varchar", {"character_set_name": "utf8mb3"}, Column("c", Kind.TEXT)),
        ("varchar", {"character_set_name": "utf8"}, Column("c", Kind.TEXT)),
        ("varchar", {"character_set_name": "ascii"}, Column("c", Kind.TEXT)),
        ("enum", {"character_set_name": "gbk"}, Column("c", Kind.LABEL, charset="gbk")),
        ("json", {"character_set_name": "gbk"}, Column("c", Kind.JSON, long=True)),
        ("mediumtext", {}, Column("c", Kind.TEXT, long=True)),
        ("longtext", {}, Column("c", Kind.TEXT, long=True)),
        ("mediumblob", {}, Column("c", Kind.BINARY, long=True)),
        ("longblob", {}, Column("c", Kind.BINARY, long=True)),
        ("vector", {}, Column("c", Kind.BINARY, long=True)),
        ("text", {"collation_name": "utf8mb4_bin"}, Column("c", Kind.TEXT, collation="utf8mb4_bin")),
    ],
)
def test_what_matters_of_a_kind_is_read_and_nothing_else(
    native: str, fields: dict[str, Any], column: Column
) -> None:
    record = RECORD | {"data_type": native, "column_type": f"{native.upper()}(5)", "is_nullable": "yes"}
    found = column_of(record | fields)
    assert found == Column(**{**vars(column), "nullable": True, "native": f"{native}(5)"})


def test_kinds_are_stored_under_their_own_names() -> None:
    assert {kind.value for kind in Kind} == {kind.name.lower() for kind in Kind}
