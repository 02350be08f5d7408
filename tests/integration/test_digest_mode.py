"""Digest mode through the real wires: Athena's UNLOAD and the helper job on Databricks, without Airflow."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from parity.clients.adls import AdlsConfig, AdlsStorage
from parity.clients.artefacts import Artefacts
from parity.clients.athena import AthenaConfig, AthenaRuns
from parity.clients.athena_sql import Statement, bind, unload
from parity.clients.databricks import DatabricksClient, DatabricksConfig, DatabricksRuns
from parity.clients.remote import Phase, RunStatus
from parity.clients.storage import S3Storage, Storage, Storages
from parity.compare.result import Result, Verdict
from parity.flow.suite_run.activity_run import ActivityRun, Outputs
from parity.flow.suite_run.digest import steps
from parity.flow.suite_run.digest.buckets import BucketDiff
from parity.flow.suite_run.digest.strategy import DigestPlan
from parity.flow.suite_run.exports.fetch import ExpectedExport, target_request
from parity.flow.suite_run.exports.parquet import ExportColumn
from parity.flow.suite_run.plan import plan_suite_run
from parity.flow.suite_run.steps import compare, fetch
from parity.settings import Settings
from parity.suite.models import Mode
from parity_sandbox.options import Options
from parity_sandbox.spark.client import SparkRunner
from parity_sandbox.spark.runner import Job
from unit.flow.suites import suite

pytestmark = [pytest.mark.sandbox, pytest.mark.spark]

DAY = date(2026, 3, 2)
ROWS = 6000
LEGACY = """
SELECT n AS id,
       CAST(CAST(n AS decimal(18,2)) / DECIMAL '4.00' AS decimal(18,2)) AS amount,
       if(n % 7 = 0, NULL, concat('näme ', CAST(n AS varchar))) AS label,
       n % 3 = 0 AS refunded,
       date_add('day', CAST(n % 50 AS integer), DATE '2026-01-01') AS day,
       CAST(date_add('second', CAST(n AS integer), TIMESTAMP '2026-03-28 22:00:00') AS timestamp) AS at,
       to_utf8(CAST(n AS varchar)) AS raw,
       CAST(n AS double) / 8 AS rate
FROM UNNEST(sequence(1, 6000)) AS t (n)
WHERE n <= {rows} AND DATE '2026-03-02' = :business_date -- bound
"""
HEAD = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
spark.sql("CREATE SCHEMA IF NOT EXISTS digests")
"""
TARGET = """
spark.sql("DROP TABLE IF EXISTS digests.{table}")
spark.sql('''
    CREATE TABLE digests.{table} USING PARQUET AS SELECT * FROM (
      SELECT id AS Id,
             CAST({amount} AS DECIMAL(18, 4)) AS amount,
             CASE WHEN id % 7 = 0 THEN NULL ELSE concat('näme ', id) END AS name,
             id % 3 = 0 AS refunded,
             date_add(DATE'2026-01-01', CAST(id % 50 AS INT)) AS day,
             TIMESTAMP'2026-03-28 22:00:00' + make_interval(0, 0, 0, 0, 0, 0, CAST(id AS DECIMAL(18, 6))) AS at,
             encode(CAST(id AS STRING), 'UTF-8') AS raw,
             {rate} AS rate
      FROM range(1, {rows} + 1) WHERE {where}
    )
''')
"""
RENAMED = {"name": {"legacy": "label"}}
NARROW = {**RENAMED, "rate": {"ignore": "floats have a test of their own"}}


@dataclass(frozen=True)
class Night:
    """The flow of one activity, step by step, as the Dag's tasks walk it."""

    activity_run: ActivityRun
    query: Statement
    athena: AthenaRuns
    helper: DatabricksRuns
    storage: Storage
    folder: str

    def ask(self, step: str, statement: Statement, digest_sql: str | None, version: str = "") -> Outputs:
        """Have both engines answer and return where they wrote."""
        mark = uuid4().hex[:8]
        to = f"s3://parity-exchange/{self.folder}/{step}/"
        query = self.ended(self.athena, unload(statement, to).request, mark)
        mode = Mode.DIGEST if digest_sql else Mode.ROWS
        expected = ExpectedExport(self.activity_run.activity.name, mark, DAY, mode)
        abfss = f"abfss://exchange@paritysandbox.dfs.core.windows.net/{self.folder}/{step}"
        asked = target_request(
            expected, self.activity_run.activity.target, abfss, digest_sql=digest_sql, version=version
        )
        self.ended(self.helper, {"job": "parity-helper", "parameters": asked}, mark)
        digests = (steps.ROWS.digests(self.activity_run),) * 2 if step == "rows" else ("", "")
        return Outputs(query, to, abfss, mark, lambda: self.columns(uuid4().hex), digests)

    def columns(self, token: str) -> list[ExportColumn]:
        """Return the legacy query's columns, as Athena tells them."""
        return [ExportColumn(name, kind) for name, kind in self.athena.columns(self.query, token)]

    def ended(self, runs: Any, request: Any, token: str) -> RunStatus:
        """Run something to its good end."""
        run_id = runs.submit(request, token)
        while not (status := runs.status(run_id)).phase.ended:
            time.sleep(0.05)
        assert status.phase is Phase.SUCCEEDED, status.error
        return status

    def digest_plan(self) -> DigestPlan:
        """Survey and choose."""
        outputs = self.ask("survey", *self.queries(steps.SURVEY))
        return steps.choose_strategy(self.activity_run, outputs, lambda: self.columns(uuid4().hex), self.storage)

    def buckets(self) -> BucketDiff:
        """Digest on both sides."""
        outputs = self.ask("digest", *self.queries(steps.DIGEST))
        return steps.compare_buckets(self.activity_run, outputs, self.storage)

    def queries(self, part: steps.DigestPart) -> tuple[Statement, str | None, str]:
        """Return what both engines are asked, and of which state of the target."""
        legacy = part.legacy(self.activity_run, self.query)
        assert legacy is not None
        return legacy, part.target(self.activity_run), part.version(self.activity_run)

    def result(self) -> Result:
        """Export what differs and compare it."""
        outputs = self.ask("rows", *self.queries(steps.ROWS))
        return compare(self.activity_run, *fetch(self.activity_run, outputs, self.storage), facts={})

    def whole(self) -> Result:
        """Walk all steps."""
        if self.digest_plan().mode is Mode.DIGEST:
            self.buckets()
        return self.result()


Nights = Callable[..., Night]


SAME = {"amount": "id / 4", "rate": "id / 8D", "where": "true"}
TABLES = {
    "same": SAME,
    "different": {
        **SAME,
        "amount": "id / 4 + CASE id WHEN 77 THEN 0.0101 WHEN 78 THEN 0.0100 ELSE 0 END",
        "where": "id <> 5000",
    },
    "drifted": {
        **SAME,
        "rate": "CASE WHEN id = 9 THEN id / 8D + 0.5 WHEN id % 2 = 0 THEN id / 8D + 1e-10 ELSE id / 8D END",
    },
}
Nights = Callable[..., Night]


@pytest.fixture(scope="module")
def spark(sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> SparkRunner:
    """Spark, with a target table for each test."""
    runner = SparkRunner(Options(sandbox.state).spark_address)
    script = tmp_path_factory.mktemp("scripts") / "make_tables.py"
    tables = (TARGET.format(table=name, rows=ROWS, **parts) for name, parts in TABLES.items())
    script.write_text(HEAD + "".join(tables))
    made = runner.run(Job(script), f"make-tables-{uuid4().hex[:8]}")
    assert made.ok, made.trace
    return runner


@pytest.fixture
def nights(sandbox: Any, spark: SparkRunner, tmp_path: Path) -> Nights:
    """Return a maker of nights over one of the tables."""
    endpoints, clients = sandbox.endpoints, cache(sandbox.aws)
    config = DatabricksConfig(endpoints.databricks, SecretStr(endpoints.databricks_token))
    adls = AdlsConfig(endpoints.storage_account, SecretStr(endpoints.storage_key), endpoints.storage)

    def make(table: str, **activity: Any) -> Night:
        declared = {
            "name": "digested",
            "legacy": {"sql": "-"},
            "target": {"table": f"digests.{table}", "where": ":business_date = DATE'2026-03-02'"},
            "key": ["id"],
            "columns": NARROW,
            "mode": "digest",
            **activity,
        }
        of_one = suite(activities=[declared], auto_rows=1000)
        form = {"business_date": DAY.isoformat()}
        plan = plan_suite_run(of_one, form, run_id=table, moment=datetime(2026, 3, 3, tzinfo=UTC))
        return Night(
            ActivityRun(
                of_one,
                of_one.activities[0],
                plan,
                Settings(home=tmp_path),
                Artefacts.on_disk(tmp_path / "artefacts"),
            ),
            bind(LEGACY.format(rows=ROWS), {"business_date": DAY}),
            AthenaRuns(AthenaConfig("default", output="s3://parity-exchange/results/"), clients),
            DatabricksRuns(DatabricksClient(config)),
            Storages({"s3": S3Storage(clients), "abfss": AdlsStorage(adls)}),
            f"digest-mode/{table}-{uuid4().hex[:8]}",
        )

    return make


def test_equal_tables_stay_where_they_are_but_for_a_sample(nights: Nights) -> None:
    night = nights("same")
    digest_plan = night.digest_plan()
    assert (digest_plan.mode, digest_plan.by_value) == (Mode.DIGEST, ())
    found = night.buckets()
    assert (found.unequal, found.all, len(found.seen)) == (0, 6, 1)
    result = night.result()
    assert result.verdict is Verdict.PASS, result.reason
    assert (result.rows.legacy, result.rows.target, result.rows.equal) == (ROWS, ROWS, ROWS)
    assert result.canary.planted == result.canary.found > len(digest_plan.hashed)
    assert any("equal buckets" in one.what for one in result.not_compared)


def test_differences_are_found_under_their_rules_and_only_their_buckets_travel(nights: Nights) -> None:
    night = nights("different", columns={**NARROW, "amount": {"tolerance": "0.01"}})
    result = night.whole()
    assert result.verdict is Verdict.FAIL
    rows = result.rows
    assert (rows.legacy, rows.target, rows.equal) == (ROWS, ROWS - 1, ROWS - 2)
    assert (rows.changed, rows.missing, rows.extra) == (1, 1, 0)
    assert {c.name: c.different for c in result.columns if c.different} == {"amount": 1}
    assert [(one.what, one.rows) for one in result.loosened] == [("column amount", 1)]
    assert result.extra["digest"]["rows_that_stayed"] > 0


def test_a_column_without_a_canonical_text_travels_for_every_row_and_keeps_its_rule(nights: Nights) -> None:
    night = nights("drifted", columns={**RENAMED, "rate": {"tolerance": "1e-9"}})
    assert [one.name for one in night.digest_plan().by_value] == ["rate"]
    assert night.buckets().unequal == 0
    result = night.result()
    assert result.verdict is Verdict.FAIL
    assert (result.rows.equal, result.rows.changed) == (ROWS - 1, 1)
    assert any(one.what == "column rate in digests" for one in result.not_compared)
    assert [one.rows for one in result.loosened if one.what == "column rate"] == [ROWS // 2]
