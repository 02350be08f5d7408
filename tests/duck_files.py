"""One DuckDB for the files and values that tests make up: opening one costs more than most of these queries."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import duckdb


@cache
def shared_duckdb() -> duckdb.DuckDBPyConnection:
    """Return the database of this process; whoever changes its settings or its tables opens one of their own."""
    return duckdb.connect()


def write_query(path: Path | str, sql: str) -> None:
    """Write a query's rows as CSV where the path ends so, else as Parquet."""
    kind = "csv" if str(path).endswith(".csv") else "parquet"
    literal = str(path).replace("'", "''")
    shared_duckdb().execute(f"COPY ({sql}) TO '{literal}' (FORMAT {kind})")
