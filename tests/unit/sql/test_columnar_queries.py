"""Every generated query as a file for people; PARITY_REGENERATE=1 writes them anew: read the difference."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from parity.flow.suite_run.digest.queries import TARGET_ROWS
from parity.sql.columnar import HASHABLE, Columnar
from parity.sql.columnar_types import agree_on_text, column_of
from parity.sql.columns import Column, Kind
from parity.sql.conformance import CASES, conformance_query
from parity.sql.duckdb_dialect import DuckDB
from parity.sql.mysql import MySQL
from parity.sql.spark import Spark
from parity.sql.trino import Trino

GOLDEN = Path(__file__).parent / "golden"
ENGINES: dict[str, Columnar] = {"trino": Trino(), "spark": Spark(), "duckdb": DuckDB()}
KEY = [Column("payment_id", Kind.TEXT)]
COLUMNS = [
    *KEY,
    Column("amount", Kind.DECIMAL, 4),
    Column("refunded", Kind.BOOLEAN),
    Column("settled_at", Kind.TIMESTAMP, 6),
    Column("note", Kind.TEXT),
]
SOURCES = {
    "trino": "(\nSELECT * FROM payments WHERE day = ?\n) AS legacy",
    "spark": TARGET_ROWS,
    "duckdb": "payments",
}


def golden(name: str, text: str) -> None:
    file = GOLDEN / f"{name}.sql"
    if os.environ.get("PARITY_REGENERATE"):
        file.write_text(text + "\n", encoding="utf-8")
    assert text + "\n" == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("engine", ENGINES)
def test_the_digests_of_a_table(engine: str) -> None:
    golden(f"digests_{engine}", ENGINES[engine].digests(COLUMNS, KEY, SOURCES[engine], 64))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_digests_of_a_table_without_a_key_hash_the_whole_row_twice(engine: str) -> None:
    sql = ENGINES[engine].digests(COLUMNS, [], SOURCES[engine], 64)
    golden(f"digests_keyless_{engine}", sql)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_rows_of_some_buckets(engine: str) -> None:
    lake = ENGINES[engine]
    names = [column.name for column in COLUMNS]
    golden(f"rows_{engine}", lake.detail(names, (), lake.among(KEY, 64, [3, 17]), SOURCES[engine]))


@pytest.mark.parametrize("engine", ENGINES)
def test_some_columns_of_every_row_and_the_others_of_some_buckets(engine: str) -> None:
    lake = ENGINES[engine]
    names = [column.name for column in COLUMNS]
    always = ("payment_id", "note")
    golden(f"rows_by_value_{engine}", lake.detail(names, always, lake.among(KEY, 64, [3, 17]), SOURCES[engine]))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_survey(engine: str) -> None:
    golden(f"survey_{engine}", conformance_query(ENGINES[engine], SOURCES[engine], CASES[28:34]))


def test_every_value_that_an_engine_is_asked_to_write() -> None:
    golden("conformance_duckdb", conformance_query(DuckDB(), "payments"))


def test_the_canonical_text_of_every_kind_on_every_engine() -> None:
    lines = []
    for kind in sorted(HASHABLE):
        column = Column("v", kind, {Kind.DECIMAL: 4, Kind.TIMESTAMP: 6}.get(kind, 0), padded=kind is Kind.TEXT)
        lines.append(f"-- {kind}{' as CHAR(n)' if column.padded else ''}")
        lines += [f"{name:8}{dialect.text(column)}" for name, dialect in ENGINES.items()]
        lines.append(f"mysql   {MySQL().spell(column, '`v`')}")
    golden("canonical_text", "\n".join(lines))


def test_the_text_of_a_row_on_every_engine() -> None:
    texts = (f"-- {name}\n{dialect.row(COLUMNS)}" for name, dialect in ENGINES.items())
    golden("row_text", "\n".join(texts))


def test_the_scale_of_two_decimals_is_the_larger_one() -> None:
    met = agree_on_text(column_of("a", "decimal(10,2)"), column_of("b", "decimal(18,4)"))
    assert [column.scale for column in met if isinstance(column, Column)] == [4, 4]


def test_an_integer_meets_a_decimal_and_a_date_a_time() -> None:
    for legacy, target, kind in (("bigint", "decimal(18,2)", Kind.DECIMAL), ("date", "timestamp", Kind.TIMESTAMP)):
        met = agree_on_text(column_of("a", legacy), column_of("b", target))
        assert [column.kind for column in met if isinstance(column, Column)] == [kind, kind]


@pytest.mark.parametrize(
    ("legacy", "target", "why"),
    [
        ("double", "double", "has no text"),
        ("array", "array<int>", "has no text"),
        ("time", "string", "has no text"),
        ("boolean", "int", "have no common text"),
        ("varchar", "bigint", "have no common text"),
        ("decimal(38,2)", "decimal(38,4)", "no common decimal"),
    ],
)
def test_what_has_no_common_text_says_why(legacy: str, target: str, why: str) -> None:
    met = agree_on_text(column_of("a", legacy), column_of("b", target))
    assert isinstance(met, str)
    assert why in met


def test_a_kind_without_a_canonical_text_is_never_spelled() -> None:
    with pytest.raises(ValueError, match="no canonical text"):
        Trino().text(Column("rate", Kind.FLOAT))


def test_many_columns_are_joined_in_groups_that_every_engine_accepts() -> None:
    wide = [Column(f"c{at}", Kind.INTEGER) for at in range(250)]
    calls = Trino().row(wide).split("concat_ws(")
    assert len(calls) == 5  # three groups, the whole, and what stands before it
    assert max(call.count("CAST(") for call in calls) <= 100
    assert [f'"c{at}"' in Trino().row(wide) for at in range(250)] == [True] * 250


def test_a_quote_in_a_name_is_doubled() -> None:
    assert Trino().quote('a"b') == '"a""b"'
    assert Spark().quote("a`b") == "`a``b`"


def test_no_bucket_is_asked_for_as_no_row() -> None:
    assert Trino().among(KEY, 64, []) == "1 = 0"


@pytest.mark.parametrize(
    ("native", "column"),
    [
        ("DECIMAL(10, 2) ", Column("a", Kind.DECIMAL, 2, native="decimal(10, 2)", precision=10)),
        ("varchar(12)", Column("a", Kind.TEXT, native="varchar(12)")),
        ("char(3)", Column("a", Kind.TEXT, native="char(3)", padded=True)),
        ("timestamp(3) with time zone", Column("a", Kind.TIMESTAMP, 6, native="timestamp(3) with time zone")),
        ("bigint", Column("a", Kind.INTEGER, native="bigint", precision=19)),
        ("smallint", Column("a", Kind.INTEGER, native="smallint", precision=5)),
        ("map<string,int>", Column("a", Kind.UNKNOWN, native="map<string,int>")),
    ],
)
def test_an_engines_words_for_a_type_are_read(native: str, column: Column) -> None:
    assert column_of("a", native) == column


@pytest.mark.parametrize(
    ("legacy", "target", "kind", "scale"),
    [
        ("decimal(10,2)", "decimal(38,4)", Kind.DECIMAL, 4),
        ("decimal(36,2)", "decimal(20,4)", Kind.DECIMAL, 4),
        ("bigint", "decimal(38,19)", Kind.DECIMAL, 19),
        ("decimal(38,19)", "bigint", Kind.DECIMAL, 19),
        ("date", "timestamp", Kind.TIMESTAMP, 6),
        ("timestamp", "date", Kind.TIMESTAMP, 6),
        ("char(3)", "string", Kind.TEXT, 0),
    ],
)
def test_two_types_meet_in_one_kind_and_scale(legacy: str, target: str, kind: Kind, scale: int) -> None:
    met = agree_on_text(column_of("a", legacy), column_of("b", target))
    assert not isinstance(met, str)
    assert [(column.kind, column.scale) for column in met] == [(kind, scale)] * 2


@pytest.mark.parametrize(("legacy", "target"), [("decimal(37,2)", "decimal(20,4)"), ("bigint", "decimal(38,20)")])
def test_a_decimal_of_more_than_38_digits_is_none(legacy: str, target: str) -> None:
    said = f"{legacy} and {target} have no common decimal of 38 digits"
    assert agree_on_text(column_of("a", legacy), column_of("b", target)) == said
