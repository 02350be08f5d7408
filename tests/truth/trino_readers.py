"""How Trino, Spark and DuckDB read the same Parquet files, value by value, beside what was written.

Two differences are known, and every other one is a disagreement: Trino's Hive connector, like Athena, rounds times
to milliseconds; and days that Spark wrote in the calendar before 1582 are read by Spark alone as they were meant.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from parity.sql import reference
from parity.sql.columnar import HASHABLE, Columnar
from parity.sql.columns import Kind
from parity.sql.duckdb_dialect import DuckDB, read_parquet
from parity.sql.spark import Spark
from parity.sql.trino import Trino
from parity_sandbox.spark import jvm
from truth import records
from truth.engines import Outcome
from truth.reader_files import (
    DATE,
    DAY,
    GREGORIAN,
    TIME,
    Values,
    Written,
    count,
    write_arrow,
    write_spark,
    written,
)
from truth.trino_server import TrinoServer

RECORD = "readers"
FOLDER = "readers"
OLD = "in the old calendar"


def ask(server: TrinoServer) -> Outcome:
    """Write every value with both writers, read it with all three engines, and record what they read."""
    assert server.warehouse is not None
    root = server.warehouse / FOLDER
    cases: dict[str, dict[str, list[Any]]] = {}
    wrong: list[str] = []
    with classic_spark() as spark, duckdb.connect() as duck:
        duck.execute("SET TimeZone = 'UTC'")
        server.query("CREATE SCHEMA IF NOT EXISTS hive.readers")
        for one in (*write_arrow(root), *write_spark(spark, root)):
            found = cases[one.name] = {
                "trino": _trino(server, one),
                "spark": _spark(spark, one, root / one.folder),
                "duckdb": _duckdb(duck, one, root / one.folder),
            }
            wrong += disagreements(one, found)
        version = f"{server.query('SELECT version()').value}, Spark {spark.version}, DuckDB {duckdb.__version__}"
    records.write(RECORD, "Trino", version, cases)
    values = sum(len(answers) for found in cases.values() for answers in found.values())
    return Outcome("Readers of Parquet", version, values, tuple(wrong))


@contextmanager
def classic_spark() -> Iterator[Any]:
    """Start a classic Spark in UTC on a JVM of its own."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        for name in ("run", "logs"):
            (state / name).mkdir()
        process = jvm.launch(state)
        try:
            context = SparkContext(gateway=jvm.attach(*jvm.gateway(process, state)))
            yield SparkSession(context)
            context.stop()
        finally:
            process.kill()
            process.wait()


def disagreements(one: Written, found: dict[str, list[Any]]) -> list[str]:
    """Return where a reader's value is not the one that was written, or what is known of that reader."""
    return [
        f"{one.name}: {reader} reads {got!r}, not {wanted!r}"
        for reader, answers in found.items()
        for got, wanted in zip(answers, expected(one, reader), strict=True)
        if got != wanted
    ]


def expected(one: Written, reader: str) -> list[Any]:
    """Return what a reader makes of the values of a file."""
    return [None if value is None else _expected(one, reader, value) for value in one.stored]


def _expected(one: Written, reader: str, value: Any) -> Any:
    if one.values not in (TIME, DATE):
        kinded = one.values.kind is not Kind.UNKNOWN
        return reference.text(one.values.column, value) if kinded else normal(one.values, value)
    moment, unit = count(value), "day" if one.values is DATE else "us"
    if OLD in one.writer and reader != "spark" and moment < count(GREGORIAN) * (1 if unit == "day" else DAY):
        moment += _shift(value) * (1 if unit == "day" else DAY)
    if unit == "us" and reader == "trino":
        moment = (moment + 500) // 1000 * 1000
    return written(moment, unit)


def _shift(value: str) -> int:
    """Return the days by which the two calendars differ on a date of the old one."""
    year = int(value[: -len("-01-01 00:00:00.000000")] if " " in value else value[: -len("-01-01")])
    year -= value.partition(" ")[0][-5:] < "03-01"
    return year // 100 - year // 400 - 2


def _spelled(dialect: Columnar, values: Values) -> str:
    return dialect.spell(values.column, "v") if values.kind in HASHABLE else "v"


def _trino(server: TrinoServer, one: Written) -> list[Any]:
    table = f"hive.readers.{one.folder}"
    place = f"external_location = 'local:///{FOLDER}/{one.folder}', format = 'PARQUET'"
    server.query(f"CREATE TABLE {table} (n integer, v {one.values.hive}) WITH ({place})")
    return _read(server.query(f"SELECT n, {_spelled(Trino(), one.values)} FROM {table}").rows, one.values)


def _spark(spark: Any, one: Written, folder: Path) -> list[Any]:
    rows = spark.read.parquet(str(folder)).selectExpr("n", _spelled(Spark(), one.values))
    return _read(rows.collect(), one.values)


def _duckdb(duck: duckdb.DuckDBPyConnection, one: Written, folder: Path) -> list[Any]:
    sql = f"SELECT n, {_spelled(DuckDB(), one.values)} FROM {read_parquet(folder.glob('*.parquet'))}"
    return _read(duck.execute(sql).fetchall(), one.values)


def _read(rows: Any, values: Values) -> list[Any]:
    return [normal(values, value) for _, value in sorted(rows, key=lambda row: row[0])]


def normal(values: Values, value: Any) -> Any:
    """Return a value that JSON can hold: floats by their bits, rows as lists."""
    if values.name in ("double", "real") and value is not None:
        return float(value if values.name == "double" else np.float32(value)).hex()
    return _plain(value, mapped=values.name == "map") if values.kind is Kind.UNKNOWN else value


def _plain(value: Any, *, mapped: bool) -> Any:
    if isinstance(value, dict) and not mapped:
        value = tuple(value.values())
    return [_plain(one, mapped=mapped) for one in value] if isinstance(value, list | tuple) else value
