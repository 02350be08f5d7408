"""Types in the words of Athena and Spark."""

from __future__ import annotations

import pytest

from parity.sql.columnar_types import agree_on_text, column_of
from parity.sql.columns import Column, Kind


@pytest.mark.parametrize(
    ("native", "column"),
    [
        ("tinyint", Column("c", Kind.INTEGER, precision=3)),
        ("smallint", Column("c", Kind.INTEGER, precision=5)),
        ("int", Column("c", Kind.INTEGER, precision=10)),
        (" INTEGER ", Column("c", Kind.INTEGER, precision=10)),
        ("bigint", Column("c", Kind.INTEGER, precision=19)),
        ("decimal(18, 2)", Column("c", Kind.DECIMAL, 2, precision=18)),
        ("decimal(9,4)", Column("c", Kind.DECIMAL, 4, precision=9)),
        ("float", Column("c", Kind.FLOAT)),
        ("real", Column("c", Kind.FLOAT)),
        ("double", Column("c", Kind.FLOAT)),
        ("string", Column("c", Kind.TEXT)),
        ("varchar(7)", Column("c", Kind.TEXT)),
        ("char(7)", Column("c", Kind.TEXT, padded=True)),
        ("timestamp", Column("c", Kind.TIMESTAMP, 6)),
        ("timestamp(3)", Column("c", Kind.TIMESTAMP, 6)),
        ("timestamp_ntz", Column("c", Kind.TIMESTAMP, 6)),
        ("timestamp(3) with time zone", Column("c", Kind.TIMESTAMP, 6)),
        ("binary", Column("c", Kind.BINARY)),
        ("varbinary", Column("c", Kind.BINARY)),
        ("boolean", Column("c", Kind.BOOLEAN)),
        ("date", Column("c", Kind.DATE)),
        ("time", Column("c", Kind.TIME)),
        ("json", Column("c", Kind.JSON)),
        ("array<int>", Column("c", Kind.UNKNOWN)),
    ],
)
def test_an_engines_words_are_a_type(native: str, column: Column) -> None:
    assert vars(column_of("c", native)) == {**vars(column), "native": native.strip().lower()}


@pytest.mark.parametrize(
    ("legacy", "target", "met"),
    [
        ("int", "bigint", (Kind.INTEGER, 0)),
        ("int", "decimal(18,2)", (Kind.DECIMAL, 2)),
        ("decimal(18,4)", "decimal(18,2)", (Kind.DECIMAL, 4)),
        ("decimal(38,0)", "decimal(38,0)", (Kind.DECIMAL, 0)),
        ("date", "timestamp", (Kind.TIMESTAMP, 6)),
        ("bigint", "decimal(38,19)", (Kind.DECIMAL, 19)),
        ("bigint", "decimal(38,20)", "bigint and decimal(38,20) have no common decimal of 38 digits"),
        ("decimal(38,0)", "decimal(38,1)", "decimal(38,0) and decimal(38,1) have no common decimal of 38 digits"),
        ("int", "string", "int and string have no common text"),
        ("date", "int", "date and int have no common text"),
        ("string", "double", "double has no text that is the same on both engines"),
    ],
)
def test_two_types_meet_in_one_text_or_say_why_not(legacy: str, target: str, met: tuple[Kind, int] | str) -> None:
    for one, other in ((legacy, target), (target, legacy)):
        found = agree_on_text(column_of("a", one), column_of("b", other))
        if isinstance(found, str) or isinstance(met, str):
            assert isinstance(met, str)
            assert found == met or {*str(found).split()} == {*met.split()}
        else:
            assert [(c.name, c.kind, c.scale) for c in found] == [("a", *met), ("b", *met)]
