"""DuckDB reads the files that are named, and no others."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from parity.sql.columns import Column, Kind
from parity.sql.duckdb_dialect import STATISTICS_OPTIMIZER, DuckDB, read_parquet


@pytest.mark.parametrize(
    ("name", "beside"), [("a[1]", "a1"), ("a*", "ab"), ("a?", "ac"), ("a[!b]", "ad"), ("it's", "a"), ("a]", "a")]
)
def test_a_name_is_no_pattern(tmp_path: Path, name: str, beside: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    with duckdb.connect(config={"disabled_optimizers": STATISTICS_OPTIMIZER}) as connection:
        for at, file in enumerate((folder / f"{name}.parquet", folder / f"{beside}.parquet")):
            to = str(file).replace("'", "''")
            connection.execute(f"COPY (SELECT {at} AS number) TO '{to}' (FORMAT parquet)")
        found = connection.execute(f"SELECT number FROM {read_parquet([folder / f'{name}.parquet'])}").fetchall()
    assert found == [(0,)]


def test_nothing_is_read_into_names_of_folders_nor_columns_matched_by_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "k=1"
    folder.mkdir()
    duckdb.connect().execute(f"COPY (SELECT 1 AS a) TO '{folder}/a.parquet' (FORMAT parquet)")
    duckdb.connect().execute(f"COPY (SELECT 2 AS b) TO '{folder}/b.parquet' (FORMAT parquet)")
    assert duckdb.connect().sql(f"FROM {read_parquet([folder / 'a.parquet'])}").columns == ["a"]
    with pytest.raises(duckdb.InvalidInputException, match="schema mismatch"):
        duckdb.connect().sql(f"FROM {read_parquet([folder / 'a.parquet', folder / 'b.parquet'])}").fetchall()


@pytest.mark.parametrize(
    ("kind", "days", "text"),
    [
        (Kind.DATE, -719163, "0000-12-31"),
        (Kind.DATE, -719529, "-0001-12-31"),
        (Kind.DATE, -719162, "0001-01-01"),
        (Kind.DATE, 2932897, "10000-01-01"),
        (Kind.DATE, None, None),
        (Kind.TIMESTAMP, -719163, "0000-12-31 00:00:00.000000"),
        (Kind.TIMESTAMP, -719529, "-0001-12-31 00:00:00.000000"),
        (Kind.TIMESTAMP, 2932896, "9999-12-31 00:00:00.000000"),
        (Kind.TIMESTAMP, 2932897, "+10000-01-01 00:00:00.000000"),
        (Kind.TIMESTAMP, None, None),
    ],
)
def test_a_year_before_1_or_after_9999_is_as_trino_writes_it(
    kind: Kind, days: int | None, text: str | None
) -> None:
    value = f"(DATE '1970-01-01' + {'NULL' if days is None else days}::INTEGER)"
    source = value if kind is Kind.DATE else f"CAST({value} AS TIMESTAMP)"
    spelled = DuckDB().spell(Column("v", kind, 6), "v")
    assert duckdb.connect().sql(f"SELECT {spelled} FROM (SELECT {source} AS v)").fetchall() == [(text,)]


@pytest.mark.parametrize(
    ("scale", "text"), [(37, "-0.5" + "0" * 36), (38, "-0.5" + "0" * 37)], ids=["one digit before", "none"]
)
def test_a_decimal_has_a_digit_before_its_point(scale: int, text: str) -> None:
    spelled = DuckDB().spell(Column("v", Kind.DECIMAL, scale), "v")
    source = f"SELECT CAST('-0.5' AS DECIMAL(38,{scale})) AS v"
    assert duckdb.connect().sql(f"SELECT {spelled} FROM ({source})").fetchall() == [(text,)]
