"""The helper job on the real sandbox: what it writes, and that a failure never leaves a manifest."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from parity_sandbox.options import Options
from parity_sandbox.spark.client import SparkRunner
from parity_sandbox.spark.runner import Job, Outcome
from parity_sandbox.world.publishing import HELPER

pytestmark = [pytest.mark.sandbox, pytest.mark.spark]

ABFSS = "abfss://exchange@paritysandbox.dfs.core.windows.net"
MAKE_TABLE = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
spark.sql("CREATE SCHEMA IF NOT EXISTS helper")
spark.sql("DROP TABLE IF EXISTS helper.things")
spark.sql('''
    CREATE TABLE helper.things USING PARQUET PARTITIONED BY (day) AS
    SELECT * FROM VALUES
      (1, CAST('0.005' AS DECIMAL(18, 4)), 'a ', DOUBLE('1.5'), TIMESTAMP '2026-03-29 01:30:00.123456', true),
      (2, CAST('-7.1' AS DECIMAL(18, 4)), '', DOUBLE('NaN'), NULL, false),
      (3, NULL, NULL, NULL, TIMESTAMP '2026-03-29 02:30:00', NULL)
      AS t(id, amount, `odd ``name`, ratio, at, flag) CROSS JOIN (SELECT DATE '2026-03-29' AS day)
    UNION ALL SELECT 9, 1, 'x', 1, NULL, true, DATE '2026-03-30'
''')
"""


@pytest.fixture(scope="module")
def runner(sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> SparkRunner:
    """Spark, with a small table that has one of everything."""
    spark = SparkRunner(Options(sandbox.state).spark_address)
    script = tmp_path_factory.mktemp("scripts") / "make_table.py"
    script.write_text(MAKE_TABLE)
    made = spark.run(Job(script), "make-table")
    assert made.ok, made.trace
    return spark


def export(runner: SparkRunner, to: str, mode: str = "rows", request: Any = None, **changes: str) -> Outcome:
    """Run the helper job with arguments, as a Python task gets them."""
    given = {
        "protocol": "1",
        "activity": "things",
        "run_id": "run-1",
        "business_date": "2026-03-29",
        "mode": mode,
        "destination": f"{ABFSS}/helper/{to}",
        "request": json.dumps(request or {"table": "helper.things", "where": "day = :business_date"}),
        **changes,
    }
    argv = [part for name, value in given.items() for part in (f"--{name}", value)]
    return runner.run(Job(HELPER, argv), f"export-{to}")


@pytest.fixture
def exchange(sandbox: Any) -> Path:
    return Path(sandbox.state) / "adls" / "paritysandbox" / "exchange" / "helper"


def manifest_of(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "_manifest.json").read_text())
    return document


def test_rows_keep_their_exact_values_and_types(runner: SparkRunner, exchange: Path) -> None:
    assert export(runner, "rows").ok
    table = pq.read_table(exchange / "rows")
    rows = sorted(table.to_pylist(), key=lambda row: row["id"])
    assert [row["id"] for row in rows] == [1, 2, 3]
    assert [row["amount"] for row in rows] == [Decimal("0.0050"), Decimal("-7.1000"), None]
    assert [row["odd `name"] for row in rows] == ["a ", "", None]
    assert rows[0]["at"] == datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
    assert str(table.schema.field("at").type) == "timestamp[us, tz=UTC]"


def test_the_manifest_tells_what_lies_beside_it(runner: SparkRunner, exchange: Path) -> None:
    assert export(runner, "manifest").ok
    folder = exchange / "manifest"
    reported = manifest_of(folder)
    parts = sorted(folder.glob("*.parquet"))
    assert [(file["name"], file["bytes"]) for file in reported["files"]] == [
        (p.name, p.stat().st_size) for p in parts
    ]
    assert reported["rows"] == sum(file["rows"] for file in reported["files"]) == 3
    assert reported["bytes"] == sum(p.stat().st_size for p in parts)
    assert (reported["activity"], reported["run_id"], reported["mode"]) == ("things", "run-1", "rows")
    assert {"name": "amount", "type": "decimal(18,4)"} in reported["schema"]
    assert reported["source"]["table"] == "helper.things"
    assert reported["source"]["version"].startswith("files-")


def test_the_source_version_changes_with_the_table(runner: SparkRunner, exchange: Path) -> None:
    assert export(runner, "first").ok
    assert export(runner, "same").ok
    assert export(runner, "other", business_date="2026-03-30").ok
    first, same, other = (manifest_of(exchange / to)["source"]["version"] for to in ("first", "same", "other"))
    assert first == same != other


def test_only_the_wanted_columns_travel(runner: SparkRunner, exchange: Path) -> None:
    assert export(runner, "columns", request={"table": "helper.things", "columns": ["odd `name"]}).ok
    assert pq.read_table(exchange / "columns").column_names == ["odd `name"]


def test_small_results_are_one_file(runner: SparkRunner, exchange: Path) -> None:
    assert export(runner, "one").ok
    assert len(list((exchange / "one").glob("*.parquet"))) == 1


def test_no_rows_are_an_export_with_its_columns(runner: SparkRunner, exchange: Path) -> None:
    assert export(runner, "empty", business_date="2020-01-01").ok
    assert manifest_of(exchange / "empty")["rows"] == 0
    assert len(pq.read_table(exchange / "empty").column_names) == 7


def test_a_digest_is_the_result_of_the_statement_that_was_sent(runner: SparkRunner, exchange: Path) -> None:
    statement = "SELECT id % 2 AS bucket, count(*) AS n FROM helper.things WHERE day = :business_date GROUP BY 1"
    request = {"table": "helper.things", "digest_sql": statement}
    assert export(runner, "digest", mode="digest", request=request).ok
    rows = pq.read_table(exchange / "digest").to_pylist()
    assert sorted((row["bucket"], row["n"]) for row in rows) == [(0, 1), (1, 2)]


def test_a_folder_that_holds_something_is_refused(runner: SparkRunner, exchange: Path) -> None:
    (exchange / "full").mkdir(parents=True)
    (exchange / "full" / "yesterday.parquet").write_bytes(b"PAR1")
    outcome = export(runner, "full")
    assert not outcome.ok
    assert "is not empty" in outcome.error
    assert not (exchange / "full" / "_manifest.json").exists()


@pytest.mark.parametrize(
    ("to", "request_keys", "complaint"),
    [
        ("no-table", {"table": "helper.nothing"}, "TABLE_OR_VIEW_NOT_FOUND"),
        ("no-column", {"table": "helper.things", "columns": ["nothing"]}, "UNRESOLVED_COLUMN"),
        ("bad-where", {"table": "helper.things", "where": "day = :business_date; DROP TABLE x"}, "PARSE_SYNTAX"),
        ("failing", {"table": "helper.things", "where": "raise_error('half way') IS NULL"}, "half way"),
    ],
)
def test_a_failure_is_one_line_and_leaves_no_manifest(
    runner: SparkRunner, exchange: Path, to: str, request_keys: dict[str, Any], complaint: str
) -> None:
    outcome = export(runner, to, request=request_keys)
    assert not outcome.ok
    assert outcome.error.startswith("SystemExit: parity-helper: ")
    assert complaint in outcome.error
    assert not (exchange / to / "_manifest.json").exists()


def test_parameters_come_as_widgets_too(runner: SparkRunner, exchange: Path) -> None:
    widgets = {
        "protocol": "1",
        "activity": "things",
        "run_id": "run-1",
        "business_date": "2026-03-29",
        "mode": "rows",
        "destination": f"{ABFSS}/helper/widgets",
        "request": json.dumps({"table": "helper.things"}),
    }
    outcome = runner.run(Job(HELPER, widgets=widgets), "export-widgets")
    assert outcome.ok, outcome.error
    assert manifest_of(exchange / "widgets")["rows"] == 4
