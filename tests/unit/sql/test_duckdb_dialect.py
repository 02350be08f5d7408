"""DuckDB reads the files that are named, and no others."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from parity.sql.duckdb_dialect import STATISTICS_OPTIMIZER, read_parquet


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
