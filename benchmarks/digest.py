"""Digest mode on two tables with ten differing rows: what the worker fetches, beside what the tables weigh.

usage: python benchmarks/digest.py [--rows 10000000] [--spark-rows 1000000]

DuckDB stands for both engines, with the queries of its own dialect; everything else is the product's: the way,
the digests, the rows of unequal buckets, the witness and the comparison. So bytes are those of the Parquet files
that would travel, and seconds are those of this machine, not of Athena or Spark. The tables are the clean pair
of ``files.py``: 17 columns, the target shuffled. Its two floats are read as DECIMAL(18,9) at first, and then
as the floats that they are, which travel by value for every row. Last, Spark digests a smaller table, and its
digests are held against DuckDB's.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
from bench_venv import CACHE
from pair import KEY, make_pair

from parity.compare import Source, Spec, compare
from parity.compare.result import Result
from parity.flow.suite_run.digest.buckets import compare_digests
from parity.flow.suite_run.digest.merge_result import merge_result
from parity.flow.suite_run.digest.queries import EngineSide, Side, digest_query, rows_query
from parity.flow.suite_run.digest.recompute import verify_digests
from parity.flow.suite_run.digest.strategy import DigestPlan, choose
from parity.flow.suite_run.digest.survey import Surveyed
from parity.flow.suite_run.exports.fetch import Export
from parity.flow.suite_run.exports.parquet import ExportColumn
from parity.sql.duckdb_dialect import DuckDB
from parity.sql.spark import Spark
from parity.suite.models import Activity, Mode
from parity_sandbox.spark.jvm import gateway, launch

DIFFERENT = 10
FLOATS = ("fx_rate", "risk_score")
EXACT = ", ".join(f"{name}::DECIMAL(18,9) AS {name}" for name in FLOATS)
WORDS = {"INTEGER": "integer", "BIGINT": "bigint", "VARCHAR": "string", "BOOLEAN": "boolean", "DATE": "date"}
WORDS |= {"TIMESTAMP": "timestamp", "DOUBLE": "double"}

ASKED = Activity.model_validate(
    {"name": "bench", "legacy": {"sql": "-"}, "target": {"table": "t"}, "key": [KEY], "mode": "digest"}
)


@dataclass
class Engines:
    """DuckDB over both tables, writing what would travel, and how long each step took."""

    folder: Path
    connection: duckdb.DuckDBPyConnection
    seconds: dict[str, float] = field(default_factory=dict)

    def surveyed(self, side: str) -> Surveyed:
        """Return rows and columns of a side."""
        described = self.connection.execute(f"DESCRIBE {side}").fetchall()
        columns = tuple(ExportColumn(name, WORDS.get(kind, kind.lower())) for name, kind, *_ in described)
        return Surveyed(self.connection.execute(f"SELECT count(*) FROM {side}").fetchall()[0][0], columns)

    def export(self, name: str, sql: str) -> Export:
        """Write what a query yields."""
        path = self.folder / f"{name}.parquet"
        self.connection.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet, COMPRESSION snappy)")
        rows = pq.ParquetFile(path).metadata.num_rows
        return Export(self.folder, (path,), rows, path.stat().st_size, ())

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Remember how long a step takes."""
        started = time.perf_counter()
        yield
        self.seconds[step] = time.perf_counter() - started


def both(build: Callable[[Side], Export]) -> tuple[Export, Export]:
    """Return what is made of each side."""
    return build("legacy"), build("target")


def night(engines: Engines) -> tuple[Result, int]:
    """Compare by digest; return the result and the bytes that were fetched."""
    plan = chosen(engines)
    with engines.timed("digest"):
        digests = both(lambda side: engines.export(f"digest-{side}", digest_query(duckdb_side(side), plan)))
    buckets = compare_digests(*digests, date(2026, 3, 2))
    with engines.timed("export"):
        rows = both(lambda side: engines.export(f"rows-{side}", rows_query(duckdb_side(side), plan, buckets)))
    with engines.timed("compare"):
        spec = Spec.of_activity(ASKED, scratch=engines.folder, memory="2GB")
        found = compare(*(Source.of(*side.files) for side in rows), spec)
        result = merge_result(found, plan, buckets, verify_digests(plan, buckets, *rows))
    return result, sum(export.bytes for export in (*digests, *rows))


def chosen(engines: Engines) -> DigestPlan:
    """Return the way that the product chooses for both tables."""
    return choose(ASKED, Mode.DIGEST, 1, engines.surveyed("legacy"), engines.surveyed("target"))


def duckdb_side(side: Side) -> EngineSide:
    """Return DuckDB in the place of one side's engine, over the view of that name."""
    return EngineSide(DuckDB(), side, side)


def line(name: str, tables: Path, rows: int, replaced: str) -> str:
    """Measure one way and return a line of the table."""
    size = sum((tables / f"{side}.parquet").stat().st_size for side in ("legacy", "target"))
    step = rows // DIFFERENT
    edit = f"CASE WHEN ledger_seq % {step} = 7 THEN amount + 0.01 ELSE amount END::DECIMAL(18,2) AS amount"
    with tempfile.TemporaryDirectory(prefix="parity-bench-") as scratch:
        limits = {"memory_limit": "4GB", "temp_directory": scratch}
        engines = Engines(Path(scratch), duckdb.connect(config=limits))
        engines.connection.execute("SET TimeZone = 'UTC'")
        for side, changed in (("legacy", replaced), ("target", ", ".join(filter(None, (replaced, edit))))):
            replacing = f"REPLACE ({changed})" if changed else ""
            file = tables / f"{side}.parquet"
            engines.connection.execute(f"CREATE VIEW {side} AS SELECT * {replacing} FROM read_parquet('{file}')")
        result, fetched = night(engines)
    right = (result.rows.changed, result.rows.equal) == (DIFFERENT, rows - DIFFERENT)
    seconds = " ".join(f"{step} {taken:.1f} s" for step, taken in engines.seconds.items())
    share = f"{fetched / size:.3%}"
    return f"{name:34} {size / 2**20:9,.0f} MiB {fetched / 2**20:9,.1f} MiB {share:>9}  {right!s:5}  {seconds}"


@contextmanager
def spark(state: Path) -> Iterator[Any]:
    """Start the sandbox's Spark and yield its session."""
    for folder in ("logs", "run"):
        (state / folder).mkdir()
    process = launch(state)
    try:
        port, secret = gateway(process, state)
        os.environ |= {"PYSPARK_GATEWAY_PORT": str(port), "PYSPARK_GATEWAY_SECRET": secret}
        from pyspark.sql import SparkSession

        yield SparkSession.builder.getOrCreate()
    finally:
        process.kill()
        process.wait()


def spark_line(tables: Path, rows: int) -> str:
    """Let Spark and DuckDB digest one table; return what each took, and whether all digests are equal."""
    with tempfile.TemporaryDirectory(prefix="parity-bench-") as scratch, spark(Path(scratch)) as session:
        engines = Engines(Path(scratch), duckdb.connect())
        for side in ("legacy", "target"):
            file = tables / "legacy.parquet"
            engines.connection.execute(
                f"CREATE VIEW {side} AS SELECT * REPLACE ({EXACT}) FROM read_parquet('{file}')"
            )
        session.read.parquet(str(file)).createOrReplaceTempView("stored")
        exact = ", ".join(
            f"CAST({name} AS DECIMAL(18,9)) AS {name}" if name in FLOATS else name
            for name in session.table("stored").columns
        )
        session.sql(f"SELECT {exact} FROM stored").createOrReplaceTempView("legacy")
        plan = chosen(engines)
        with engines.timed("duckdb"):
            known = engines.connection.execute(digest_query(duckdb_side("legacy"), plan)).fetchall()
        with engines.timed("spark"):
            asked = digest_query(EngineSide(Spark(), "legacy", "legacy"), plan)
            digested = [tuple(row) for row in session.sql(asked).collect()]
    seconds = " ".join(f"{step} {taken:.1f} s" for step, taken in engines.seconds.items())
    same = "equal" if sorted(digested) == sorted(known) else "NOT equal"
    return f"digests of {rows:,} rows: {seconds}; {len(digested):,} buckets, {same}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--spark-rows", type=int, default=1_000_000)
    options = parser.parse_args()
    rows, few = options.rows, options.spark_rows
    tables = CACHE / f"pair-{rows}-equal"
    make_pair(tables, rows, clean=True)
    print(f"{rows:,} rows, {DIFFERENT} of them different; DuckDB stands for both engines")
    print(f"{'':34} {'tables':>13} {'fetched':>13} {'share':>9}  right")
    print(line("17 columns by digest", tables, rows, EXACT), flush=True)
    print(line("15 by digest, 2 floats by value", tables, rows, ""), flush=True)
    smaller = CACHE / f"pair-{few}-equal"
    make_pair(smaller, few, clean=True)
    print(spark_line(smaller, few), flush=True)


if __name__ == "__main__":
    main()
