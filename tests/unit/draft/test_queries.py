"""What the profile's queries count, run on DuckDB, whose dialect is one of the three."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from parity.draft.columns import Evidence, evidence
from parity.draft.facts import ColumnFacts, TableFacts
from parity.draft.queries import (
    countable,
    identifier,
    legacy_query,
    profile_query,
    read_profile,
    read_sets,
    sets_query,
)
from parity.sql.columnar import Columnar
from parity.sql.duckdb_dialect import DuckDB
from parity.sql.spark import Spark
from parity.sql.trino import Trino
from truth import records
from truth.trino_draft import QUERIES, SETS, TABLE

TIME = datetime(2026, 3, 2, 1, 2, 3, 4005)  # noqa: DTZ001
DATA = pa.table(
    {
        "id": pa.array([1, 2, 3, None], pa.int32()),
        "same": pa.array([Decimal("1.00"), Decimal("2.00"), Decimal("3.00"), None], pa.decimal128(18, 2)),
        "name": ["x", "x", "'y'", ""],
        "at": pa.array([TIME, TIME.replace(microsecond=9000), TIME.replace(second=9), None], pa.timestamp("us")),
        "day": [date(2026, 3, 2)] * 4,
        "flag": [True, False, True, None],
        "rate": [0.5, 0.5, 1.5, None],
        "list": [[1], [2], [3], [4]],
    }
)


def profiled() -> TableFacts:
    table, columns = TABLE, TABLE.columns
    with duckdb.connect() as connection:
        connection.register("data", DATA)
        [answer] = connection.sql(profile_query(columns, DuckDB(), "data AS stored")).to_arrow_table().to_pylist()
    return read_profile(table, columns, answer)


def test_a_profile_counts_rows_nulls_and_different_values() -> None:
    table = profiled()
    assert table.rows == 4
    counts = {one.name: (one.values.nulls, one.values.distinct) for one in table.columns if one.values}
    assert counts == {
        "id": (1, 3),
        "same": (1, 3),
        "name": (0, 3),
        "at": (1, 2),
        "day": (0, 1),
        "flag": (1, 2),
        "rate": (1, 2),
        "list": (0, 0),
    }
    assert {one.name: one.values.finer for one in table.columns if one.values and one.values.finer} == {"at": 2}
    assert [one.name for one in table.columns if one.values and one.values.total is None] == ["rate", "list"]


def test_a_real_trino_counts_as_duckdb_does() -> None:
    cases = records.read("trino_draft").cases
    assert tuple(cases) == QUERIES, "the queries have changed: make truth ENGINE=trino"
    of_trino = read_profile(TABLE, TABLE.columns, cases[QUERIES[0]])
    assert of_trino == profiled()
    with duckdb.connect() as connection:
        connection.register("data", DATA)
        [answer] = connection.sql(sets_query(TABLE, SETS, DuckDB(), "data")).to_arrow_table().to_pylist()
    assert cases[QUERIES[1]] == answer


def test_equal_values_of_different_types_have_equal_hashes() -> None:
    columns = profiled().by_name
    assert evidence(columns["id"], columns["same"]) is Evidence.SAME
    assert evidence(columns["id"], columns["name"]) is Evidence.DIFFERENT


def test_sets_are_counted_without_rows_that_have_a_null() -> None:
    table = profiled()
    with duckdb.connect() as connection:
        connection.register("data", DATA)
        sets = [("id", "name"), ("name", "day")]
        [answer] = connection.sql(sets_query(table, sets, DuckDB(), "data")).to_arrow_table().to_pylist()
    assert read_sets(table, sets, answer).sets == {("id", "name"): 3, ("name", "day"): 3}
    assert not countable(table, ("id", "list"))


@pytest.mark.parametrize("dialect", [Trino(), Spark()])
def test_no_name_can_break_out_of_a_query(dialect: Columnar) -> None:
    odd = ColumnFacts('a"`b', "string")
    table = TableFacts("t", (odd, ColumnFacts("order", "int")))
    quoted = dialect.quote(odd.name)
    for sql in (
        legacy_query(table, dialect, ""),
        profile_query(table.columns, dialect, "t"),
        sets_query(table, [(odd.name, "order")], dialect, "t"),
    ):
        assert quoted in sql
        assert dialect.quote("order") in sql
        assert odd.name not in sql.replace(quoted, "")
    assert identifier(dialect, "plain_name") == "plain_name"
