"""Cells as literals of three engines: of their column's type, and with no content that breaks out."""

from __future__ import annotations

import pytest

from parity.sql.columns import Column, Kind
from parity.sql.duckdb_dialect import DuckDB
from parity.sql.spark import Spark
from parity.sql.trino import Trino


def column(kind: Kind, scale: int = 0, precision: int = 0) -> Column:
    return Column("c", kind, scale, precision=precision)


@pytest.mark.parametrize(
    ("of", "cell", "spark", "trino", "duck"),
    [
        (
            column(Kind.TEXT),
            "é'",
            "CAST(X'c3a927' AS STRING)",
            "from_utf8(X'c3a927')",
            "decode(from_hex('c3a927'))",
        ),
        (column(Kind.TEXT), None, "CAST(NULL AS STRING)", "CAST(NULL AS varchar)", "NULL"),
        (column(Kind.BINARY), "1F", "X'1f'", "X'1f'", "from_hex('1f')"),
        (column(Kind.BINARY), None, "CAST(NULL AS BINARY)", "CAST(NULL AS varbinary)", "NULL"),
        (column(Kind.BOOLEAN), "1", "true", "true", "true"),
        (column(Kind.BOOLEAN), "0", "false", "false", "false"),
        (column(Kind.BOOLEAN), None, "CAST(NULL AS boolean)", "CAST(NULL AS boolean)", "NULL"),
        (column(Kind.INTEGER), "-7", "CAST('-7' AS bigint)", "CAST('-7' AS bigint)", "CAST('-7' AS BIGINT)"),
        (column(Kind.INTEGER), None, "CAST(NULL AS bigint)", "CAST(NULL AS bigint)", "NULL"),
        (
            column(Kind.DECIMAL, 2),
            "1.50",
            "CAST('1.50' AS decimal(38,2))",
            "CAST('1.50' AS decimal(38,2))",
            "CAST('1.50' AS DECIMAL(38,2))",
        ),
        (
            column(Kind.DECIMAL, 2, 9),
            "1.50",
            "CAST('1.50' AS decimal(9,2))",
            "CAST('1.50' AS decimal(9,2))",
            "CAST('1.50' AS DECIMAL(9,2))",
        ),
        (
            column(Kind.DATE),
            "2026-01-02' OR '",
            "CAST('2026-01-02'' OR ''' AS date)",
            "CAST('2026-01-02'' OR ''' AS date)",
            None,
        ),
    ],
)
def test_a_cell_is_a_literal_of_its_type(
    of: Column, cell: str | None, spark: str, trino: str, duck: str | None
) -> None:
    assert Spark().literal(of, cell) == spark
    assert Trino().literal(of, cell) == trino
    assert duck is None or DuckDB().literal(of, cell) == duck
