"""The helper job on the real sandbox: what it writes, and that a failure never leaves a manifest."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from parity.helper_job.export import VERSION
from parity_sandbox.options import Options
from parity_sandbox.spark.client import SparkRunner
from parity_sandbox.spark.runner import Access, Job, Outcome
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
    SELECT *, array(named_struct('first', at)) AS seen FROM VALUES
      (1, CAST('0.005' AS DECIMAL(18, 4)), 'a ', DOUBLE('1.5'), TIMESTAMP '2026-03-29 01:30:00.123456', true),
      (2, CAST('-7.1' AS DECIMAL(18, 4)), '', DOUBLE('NaN'), NULL, false),
      (3, NULL, NULL, NULL, TIMESTAMP '2026-03-29 02:30:00', NULL)
      AS t(id, amount, `odd ``name`, ratio, at, flag) CROSS JOIN (SELECT DATE '2026-03-29' AS day)
    UNION ALL SELECT 9, 1, 'x', 1, NULL, true, DATE '2026-03-30', NULL
''')
spark.sql("CREATE OR REPLACE VIEW helper.seen_through AS SELECT * FROM helper.things")
spark.sql("DROP TABLE IF EXISTS helper.own_metadata")
spark.sql("CREATE TABLE helper.own_metadata USING PARQUET AS SELECT 'mine' AS _metadata, id FROM range(4)")
spark.sql("CREATE SCHEMA IF NOT EXISTS `2026`")
spark.sql("DROP TABLE IF EXISTS `2026`.`07`")
spark.sql("CREATE TABLE `2026`.`07` USING PARQUET AS SELECT id FROM range(2)")
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


@pytest.fixture(params=["classic", pytest.param("standard", marks=pytest.mark.slow), "serverless"])
def access(request: pytest.FixtureRequest) -> Access:
    """A classic cluster, one of standard access mode, and serverless compute."""
    return request.param


def export(
    runner: SparkRunner,
    to: str,
    mode: str = "rows",
    request: Any = None,
    access: Access = "serverless",
    **changes: str,
) -> Outcome:
    """Run the helper job with arguments, as a Python task gets them."""
    given = {
        "protocol": "2",
        "activity": "things",
        "run_id": "run-1",
        "business_date": "2026-03-29",
        "mode": mode,
        "destination": f"{ABFSS}/helper/{to}",
        "request": json.dumps(request or {"table": "helper.things", "where": "day = :business_date"}),
        **changes,
    }
    argv = [part for name, value in given.items() for part in (f"--{name}", value)]
    return runner.run(Job(HELPER, argv, access=access), f"export-{to}")


@pytest.fixture
def exchange(sandbox: Any) -> Path:
    return Path(sandbox.state) / "adls" / "paritysandbox" / "exchange" / "helper"


def manifest_of(folder: Path) -> dict[str, Any]:
    [file] = (folder / "_manifest").glob("part-*")
    document: dict[str, Any] = json.loads(file.read_text())
    return document


def test_rows_keep_their_exact_values_and_types(runner: SparkRunner, exchange: Path, access: Access) -> None:
    done = export(runner, access, access=access)
    assert done.ok, done.trace
    table = pq.read_table(exchange / access)
    rows = sorted(table.to_pylist(), key=lambda row: row["id"])
    assert [row["id"] for row in rows] == [1, 2, 3]
    assert [row["amount"] for row in rows] == [Decimal("0.0050"), Decimal("-7.1000"), None]
    assert [row["odd `name"] for row in rows] == ["a ", "", None]
    assert rows[0]["at"] == datetime(2026, 3, 29, 1, 30, 0, 123456)  # noqa: DTZ001
    assert str(table.schema.field("at").type) == "timestamp[us]"
    assert str(table.schema.field("seen").type.value_type.field("first").type) == "timestamp[us]"


def test_the_manifest_tells_what_lies_beside_it(runner: SparkRunner, exchange: Path, access: Access) -> None:
    assert export(runner, f"manifest-{access}", access=access).ok
    folder = exchange / f"manifest-{access}"
    reported = manifest_of(folder)
    parts = sorted(folder.glob("*.parquet"))
    assert [(file["name"], file["bytes"]) for file in reported["files"]] == [
        (p.name, p.stat().st_size) for p in parts
    ]
    assert reported["rows"] == sum(file["rows"] for file in reported["files"]) == 3
    assert reported["bytes"] == sum(p.stat().st_size for p in parts)
    assert (reported["activity"], reported["run_id"], reported["mode"]) == ("things", "run-1", "rows")
    assert {"name": "amount", "type": "decimal(18,4)"} in reported["schema"]
    assert {"name": "at", "type": "timestamp"} in reported["schema"]
    assert (reported["protocol"], reported["helper"]) == (2, VERSION)
    assert reported["source"]["table"] == "helper.things"
    assert reported["source"]["version"].startswith("files-")
    assert datetime.fromisoformat(reported["source"]["as_of"]).tzinfo == UTC


def test_the_source_version_changes_with_the_table(runner: SparkRunner, exchange: Path) -> None:
    assert export(runner, "first").ok
    assert export(runner, "same").ok
    assert export(runner, "other", business_date="2026-03-30").ok
    first, same, other = (manifest_of(exchange / to)["source"]["version"] for to in ("first", "same", "other"))
    assert first == same != other


@pytest.mark.parametrize(
    "request_keys",
    [
        {"table": "helper.seen_through"},
        {"table": "helper.own_metadata"},
        {"table": "helper.things", "where": "id IN (SELECT id FROM helper.seen_through)"},
    ],
)
def test_a_state_that_cannot_be_known_has_no_name(
    runner: SparkRunner, exchange: Path, request_keys: dict[str, Any]
) -> None:
    to = f"state-{hash(str(request_keys))}"
    done = export(runner, to, request=request_keys)
    assert done.ok, done.trace
    manifest = manifest_of(exchange / to)
    assert (manifest["source"]["version"], manifest["rows"]) == (None, 4)


def test_another_state_than_the_wanted_one_is_refused(runner: SparkRunner, exchange: Path) -> None:
    request = {"table": "helper.things", "version": "files-0123456789abcdef"}
    outcome = export(runner, "other-state", request=request)
    assert "helper.things changed meanwhile: it was files-0123456789abcdef and is files-" in outcome.error
    assert not (exchange / "other-state").exists()


def test_names_that_need_quotes_are_read(runner: SparkRunner, exchange: Path, access: Access) -> None:
    to = f"names-{access}"
    done = export(runner, to, request={"table": "spark_catalog.2026.07"}, access=access)
    assert done.ok, done.trace
    assert manifest_of(exchange / to)["rows"] == 2


def test_only_the_wanted_columns_travel(runner: SparkRunner, exchange: Path) -> None:
    assert export(runner, "columns", request={"table": "helper.things", "columns": ["odd `name"]}).ok
    assert pq.read_table(exchange / "columns").column_names == ["odd `name"]


def test_small_results_are_one_file(runner: SparkRunner, exchange: Path) -> None:
    assert export(runner, "one").ok
    assert len(list((exchange / "one").glob("*.parquet"))) == 1


def test_no_rows_are_an_export_with_its_columns(runner: SparkRunner, exchange: Path) -> None:
    assert export(runner, "empty", business_date="2020-01-01").ok
    assert manifest_of(exchange / "empty")["rows"] == 0
    assert len(pq.read_table(exchange / "empty").column_names) == 8


def test_a_digest_is_the_result_of_the_statement_that_was_sent(
    runner: SparkRunner, exchange: Path, access: Access
) -> None:
    statement = "SELECT id % 2 AS bucket, count(*) AS n FROM parity_source GROUP BY 1"
    request = {"table": "helper.things", "where": "day = :business_date", "digest_sql": statement}
    done = export(runner, f"digest-{access}", mode="digest", request=request, access=access)
    assert done.ok, done.trace
    rows = pq.read_table(exchange / f"digest-{access}").to_pylist()
    assert sorted((row["bucket"], row["n"]) for row in rows) == [(0, 1), (1, 2)]
    assert {"name": "at", "type": "timestamp"} in manifest_of(exchange / f"digest-{access}")["source"]["columns"]


def test_a_folder_that_holds_something_is_refused(runner: SparkRunner, exchange: Path) -> None:
    (exchange / "full").mkdir(parents=True)
    (exchange / "full" / "yesterday.parquet").write_bytes(b"PAR1")
    outcome = export(runner, "full")
    assert not outcome.ok
    assert "is not empty" in outcome.error
    assert not (exchange / "full" / "_manifest").exists()


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
    assert not (exchange / to / "_manifest").exists()


def test_parameters_come_as_widgets_too(runner: SparkRunner, exchange: Path, access: Access) -> None:
    widgets = {
        "protocol": "2",
        "activity": "things",
        "run_id": "run-1",
        "business_date": "2026-03-29",
        "mode": "rows",
        "destination": f"{ABFSS}/helper/widgets",
        "request": json.dumps({"table": "helper.things"}),
    }
    widgets["destination"] += f"-{access}"
    outcome = runner.run(Job(HELPER, widgets=widgets, access=access), f"export-widgets-{access}")
    assert outcome.ok, outcome.error
    assert manifest_of(exchange / f"widgets-{access}")["rows"] == 4
