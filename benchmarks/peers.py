"""One tool on one pair, in a process of its own: prints its counts as JSON.

usage: python peers.py TOOL FOLDER [MEMORY]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

KEY = "payment_id"
Counts = dict[str, int]


def duckdb_scan(folder: Path, memory: str) -> Counts:
    """Decode every value of both files; the floor under any tool."""
    for side in ("legacy", "target"):
        _duckdb(memory).sql(f"SELECT count(COLUMNS(*)), min(COLUMNS(*)) FROM '{folder}/{side}.parquet'").fetchall()
    return {}


def duckdb_join(folder: Path, memory: str) -> Counts:
    """Join by hand, column by column: neither safe with duplicate keys nor explained."""
    connection = _duckdb(memory)
    columns = [r[0] for r in connection.sql(f"DESCRIBE FROM '{folder}/legacy.parquet'").fetchall() if r[0] != KEY]
    tests = ", ".join(f"count(*) FILTER (both AND l.{c} IS DISTINCT FROM t.{c}) AS {c}" for c in columns)
    anywhere = " OR ".join(f"l.{c} IS DISTINCT FROM t.{c}" for c in columns)
    row = connection.sql(
        f"SELECT count(*) FILTER (t.{KEY} IS NULL) AS missing, count(*) FILTER (l.{KEY} IS NULL) AS extra, "
        f"count(*) FILTER (both AND ({anywhere})) AS changed, {tests.replace('both', 'l.x AND t.x')} FROM "
        f"(SELECT *, true AS x FROM '{folder}/legacy.parquet') l FULL JOIN "
        f"(SELECT *, true AS x FROM '{folder}/target.parquet') t ON l.{KEY} = t.{KEY}".replace(
            "(both", "(l.x AND t.x"
        )
    )
    return dict(zip(row.columns, map(int, row.fetchall()[0]), strict=True))


def _duckdb(memory: str) -> Any:
    import duckdb

    return duckdb.connect(config={"memory_limit": memory} if memory else {})


def polars_join(folder: Path, memory: str) -> Counts:
    """Join lazily with the streaming engine."""
    import polars as pl

    left, right = (pl.scan_parquet(folder / f"{side}.parquet") for side in ("legacy", "target"))
    columns = [name for name in left.collect_schema().names() if name != KEY]
    joined = left.with_columns(l=True).join(
        right.with_columns(t=True), on=KEY, how="full", suffix="_t", coalesce=True
    )
    both = pl.col("l") & pl.col("t")
    differs = {c: both & pl.col(c).ne_missing(pl.col(f"{c}_t")) for c in columns}
    tests = [pl.col("t").is_null().sum().alias("missing"), pl.col("l").is_null().sum().alias("extra")]
    tests += [pl.any_horizontal(differs.values()).sum().alias("changed")]
    tests += [test.sum().alias(c) for c, test in differs.items()]
    row = joined.select(tests).collect(engine="streaming").to_dicts()[0]
    return {name: int(n) for name, n in row.items()}


def datacompy_polars(folder: Path, memory: str) -> Counts:
    """Run datacompy on polars frames."""
    import datacompy
    import polars as pl

    left, right = (pl.read_parquet(folder / f"{side}.parquet") for side in ("legacy", "target"))
    return _datacompy(datacompy.PolarsCompare(left, right, join_columns=KEY))


def datacompy_pandas(folder: Path, memory: str) -> Counts:
    """Run datacompy on pandas frames."""
    import datacompy
    import pandas as pd

    left, right = (pd.read_parquet(folder / f"{side}.parquet") for side in ("legacy", "target"))
    return _datacompy(datacompy.PandasCompare(left, right, join_columns=KEY))


def _datacompy(found: Any) -> Counts:
    counts = {"missing": len(found.df1_unq_rows), "extra": len(found.df2_unq_rows)}
    counts["changed"] = len(found.intersect_rows) - found.count_matching_rows()
    counts = {name: int(n) for name, n in counts.items()}
    return counts | {one["column"]: int(one["unequal_cnt"]) for one in found.column_stats if one["column"] != KEY}


TOOLS: dict[str, Callable[[Path, str], Counts]] = {
    one.__name__: one for one in (duckdb_scan, duckdb_join, polars_join, datacompy_polars, datacompy_pandas)
}

if __name__ == "__main__":
    print(json.dumps(TOOLS[sys.argv[1]](Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "")))
