"""One night of the demo's world on the real sandbox: Glue, the pipeline, the helper job, and what differs.

What the legacy jobs wrote is compared with what the helper job exported, by a multiset difference that knows
nothing of the product's comparison: faithful activities are equal, each defect differs exactly as intended.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pyarrow.parquet as pq
import pytest

from parity_sandbox.endpoints import Endpoints
from parity_sandbox.options import Options
from parity_sandbox.spark.client import SparkRunner
from parity_sandbox.spark.runner import Job
from parity_sandbox.world import defects, run_legacy_night
from parity_sandbox.world.azure import API, factory_url, sign_in
from parity_sandbox.world.places import HELPER_JOB, JOBS, PIPELINE, PRODUCTS, Product
from parity_sandbox.world.trade import LATE_SHARE

pytestmark = [pytest.mark.sandbox, pytest.mark.spark, pytest.mark.slow]

DAY = date(2026, 3, 3)
BY_ACTIVITY = {product.activity: product for product in PRODUCTS}
RENAMED = {"merch_ref": "merchant_ref"}
LEGACY_ONLY = {"batch_no"}


@dataclass
class Clouds:
    """The clouds as a parity run sees them."""

    state: Path
    endpoints: Endpoints
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60))

    def run_pipeline(self, business_date: date) -> dict[str, dict[str, Any]]:
        """Run the pipeline to its end and return its activity runs by name."""
        base, headers = factory_url(self.endpoints), sign_in(self.endpoints)
        body = {"business_date": business_date.isoformat()}
        call = {"params": API, "headers": headers}
        run_id = self.http.post(f"{base}/pipelines/{PIPELINE}/createRun", json=body, **call).json()["runId"]
        while True:
            run = self.http.get(f"{base}/pipelineruns/{run_id}", **call).json()
            if run["status"] not in ("Queued", "InProgress"):
                break
            time.sleep(0.2)
        window = {"lastUpdatedAfter": "2020-01-01T00:00:00Z", "lastUpdatedBefore": "2100-01-01T00:00:00Z"}
        found = self.http.post(f"{base}/pipelineruns/{run_id}/queryActivityruns", json=window, **call).json()
        return {activity["activityName"]: activity for activity in found["value"]}

    def export(self, activity: str, to: str, mode: str = "rows", **request: Any) -> dict[str, Any]:
        """Run the helper job to its end and return its run."""
        product = BY_ACTIVITY[activity]
        asked = {"table": f"payments.{product.table}", "where": f"{product.partition} = :business_date", **request}
        given = {
            "protocol": "2",
            "activity": activity,
            "run_id": "night-1",
            "business_date": DAY.isoformat(),
            "mode": mode,
            "destination": f"abfss://exchange@paritysandbox.dfs.core.windows.net/{to}",
            "request": json.dumps(asked),
        }
        headers = {"Authorization": f"Bearer {self.endpoints.databricks_token}"}
        jobs = f"{self.endpoints.databricks}/api/2.2/jobs"
        listed = self.http.get(f"{jobs}/list", params={"name": HELPER_JOB}, headers=headers).json()
        order = {"job_id": listed["jobs"][0]["job_id"], "job_parameters": given}
        run_id = self.http.post(f"{jobs}/run-now", json=order, headers=headers).json()["run_id"]
        while True:
            run = self.http.get(f"{jobs}/runs/get", params={"run_id": run_id}, headers=headers).json()
            if run["state"].get("result_state"):
                return run
            time.sleep(0.1)

    def output(self, run: Mapping[str, Any]) -> dict[str, Any]:
        """Return the output of a run's only task."""
        headers = {"Authorization": f"Bearer {self.endpoints.databricks_token}"}
        task = {"run_id": run["tasks"][0]["run_id"]}
        url = f"{self.endpoints.databricks}/api/2.2/jobs/runs/get-output"
        return self.http.get(url, params=task, headers=headers).json()

    def exported(self, to: str) -> Path:
        """Return the folder of an export."""
        return self.state / "adls" / "paritysandbox" / "exchange" / to


@dataclass(frozen=True)
class Differences:
    """Rows of one side that the other has not, as multisets."""

    missing: list[dict[str, Any]]
    extra: list[dict[str, Any]]

    @property
    def columns(self) -> set[str]:
        """Return the columns in which rows of the same key differ; keys come first in every table."""
        key = next(iter(self.missing[0]))
        target = {row[key]: row for row in self.extra}
        pairs = [(row, target[row[key]]) for row in self.missing if row[key] in target]
        return {name for legacy, other in pairs for name in legacy if legacy[name] != other[name]}


def compare(product: Product, state: Path, target: Path, business_date: date = DAY) -> Differences:
    """Return how an export differs from what the Glue job of the same name wrote."""
    partition = f"{product.partition}={business_date}"
    legacy = state / "s3" / "payments-legacy" / product.table / partition
    names = [name for name, _ in product.columns if name not in LEGACY_ONLY]
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        wanted = ", ".join(f"{_plain(name)} AS {RENAMED.get(name, name)}" for name in names)
        found = ", ".join(_plain(RENAMED.get(name, name)) + f" AS {RENAMED.get(name, name)}" for name in names)
        connection.execute(f"CREATE TABLE l AS SELECT {wanted} FROM read_parquet('{legacy}/*.parquet')")
        connection.execute(f"CREATE TABLE t AS SELECT {found} FROM read_parquet('{target}/*.parquet')")
        return Differences(_rows(connection, "l", "t"), _rows(connection, "t", "l"))


def _plain(column: str) -> str:
    """Return an instant of either kind as UTC without a zone, and anything else as it is."""
    return f"CAST({column} AS TIMESTAMP)" if column.endswith("_at") else column


def _rows(connection: duckdb.DuckDBPyConnection, left: str, right: str) -> list[dict[str, Any]]:
    cursor = connection.execute(f"SELECT * FROM {left} EXCEPT ALL SELECT * FROM {right}")
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture(scope="module")
def clouds(sandbox: Any) -> Clouds:
    return Clouds(sandbox.state, sandbox.endpoints)


@pytest.fixture(scope="module")
def legacy_night(clouds: Clouds) -> Mapping[str, str]:
    """The Glue runs of the date, by job."""
    return run_legacy_night(clouds.endpoints, DAY)


@pytest.fixture(scope="module")
def switching(clouds: Clouds) -> Iterator[None]:
    """Put the defects back as they were."""
    before = defects.switched_on(clouds.state)
    yield
    defects.publish(clouds.state, before)


def night_with(clouds: Clouds, on: set[str]) -> dict[str, str]:
    """Run a pipeline with these defects and return the activities' states."""
    defects.publish(clouds.state, on)
    runs = clouds.run_pipeline(DAY)
    return {activity: runs[activity]["status"] for activity in BY_ACTIVITY}


def exported_night(clouds: Clouds, states: Mapping[str, str], to: str) -> dict[str, Differences]:
    """Export every activity that succeeded through the helper job, and compare each."""
    found = {}
    for activity in (name for name, state in states.items() if state == "Succeeded"):
        run = clouds.export(activity, f"{to}/{activity}")
        assert run["state"]["result_state"] == "SUCCESS", clouds.output(run)
        found[activity] = compare(BY_ACTIVITY[activity], clouds.state, clouds.exported(f"{to}/{activity}"))
    return found


def written_night(clouds: Clouds, states: Mapping[str, str]) -> dict[str, Differences]:
    """Compare what lies in the lake, without the helper job, which is slower and tested above."""
    assert set(states.values()) == {"Succeeded"}
    lake = clouds.state / "adls" / "paritysandbox" / "lake" / "payments"
    return {
        activity: compare(product, clouds.state, lake / product.table / f"{product.partition}={DAY}")
        for activity, product in BY_ACTIVITY.items()
    }


@pytest.fixture(scope="module")
def demo(clouds: Clouds, legacy_night: Any, switching: None) -> tuple[dict[str, str], dict[str, Differences]]:
    """The night that the demo shows."""
    marked = {name for name, defect in defects.defects().items() if defect.on}
    states = night_with(clouds, marked)
    return states, exported_night(clouds, states, "demo")


def test_the_legacy_night_runs_every_glue_job(legacy_night: Mapping[str, str]) -> None:
    assert set(legacy_night) == set(BY_ACTIVITY)


def test_the_legacy_night_catalogues_its_partitions(clouds: Clouds, legacy_night: Any) -> None:
    from parity_sandbox.world.aws import client

    glue = client(clouds.endpoints, "glue")
    for product in PRODUCTS:
        found = glue.get_partitions(DatabaseName="payments_legacy", TableName=product.table)["Partitions"]
        assert [DAY.isoformat()] in [partition["Values"] for partition in found]


@pytest.mark.parametrize(("table", "amount"), [("fees", "fee"), ("ad_spend", "spend"), ("settlements", "net")])
def test_yen_have_no_cents(clouds: Clouds, legacy_night: Any, table: str, amount: str) -> None:
    files = clouds.state / "s3" / "payments-legacy" / table / "*" / "*.parquet"
    with duckdb.connect() as connection:
        sql = f"SELECT DISTINCT {amount} % 1 FROM read_parquet('{files}') WHERE currency = 'JPY'"
        assert connection.execute(sql).fetchall() == [(0,)]


def test_every_activity_ends_as_its_defects_deserve(demo: Any) -> None:
    states, _ = demo
    failed = {activity for activity, state in states.items() if state != "Succeeded"}
    assert failed == {"attribute_ad_spend"}


def test_faithful_activities_are_equal(demo: Any) -> None:
    _, found = demo
    faithful = {"sync_clients", "sync_partners", "settle_card_payments", "apply_refunds"}
    faithful |= {"build_settlements", "schedule_payouts"}
    assert {name: (found[name].missing, found[name].extra) for name in faithful} == dict.fromkeys(
        faithful, ([], [])
    )


def test_the_time_zone_shifts_disputes_by_new_yorks_winter(demo: Any) -> None:
    changed = demo[1]["register_chargebacks"]
    assert changed.columns == {"disputed_at"}
    target = {row["chargeback_id"]: row["disputed_at"] for row in changed.extra}
    hours = {(row["disputed_at"] - target[row["chargeback_id"]]).total_seconds() / 3600 for row in changed.missing}
    assert hours == {5.0}


def test_rounding_moves_some_fees_by_a_cent(demo: Any) -> None:
    changed = demo[1]["compute_fees"]
    assert changed.columns == {"fee"}
    target = {row["payment_id"]: row["fee"] for row in changed.extra}
    assert {str(row["fee"] - target[row["payment_id"]]) for row in changed.missing} == {"0.01"}
    assert len(changed.missing) > 20


def test_the_waived_difference_is_null_for_empty_and_within_its_cap(demo: Any) -> None:
    changed = demo[1]["sync_vendors"]
    assert changed.columns == {"remittance_note"}
    assert {row["remittance_note"] for row in changed.missing} == {""}
    assert {row["remittance_note"] for row in changed.extra} == {None}
    assert 0 < len(changed.missing) <= 60


def test_a_night_without_defects_is_equal_everywhere(clouds: Clouds, legacy_night: Any, switching: None) -> None:
    found = written_night(clouds, night_with(clouds, set()))
    assert {name: len(f.missing) + len(f.extra) for name, f in found.items()} == dict.fromkeys(BY_ACTIVITY, 0)


# Defects of different activities that inherit nothing from each other share a night.
def test_column_defects_change_their_column_alone(clouds: Clouds, legacy_night: Any, switching: None) -> None:
    on = {"trailing_blank", "truncated_name", "encoding", "scale"}
    found = written_night(clouds, night_with(clouds, on))
    assert different(found) == {
        name for name, verdict in defects.expected(clouds.state).items() if verdict != "PASS"
    }
    assert found["sync_clients"].columns == {"legal_name"}
    assert found["sync_partners"].columns == {"partner_name"}
    assert found["register_chargebacks"].columns == {"narrative"}
    assert found["schedule_payouts"].columns == {"amount", "beneficiary"}
    assert all(row["legal_name"].endswith(" ") for row in found["sync_clients"].missing)
    assert all(len(row["partner_name"]) == 40 for row in found["sync_partners"].extra)


@pytest.mark.parametrize("name", ["late_partition", "dropped_filter", "duplicate_load", "sign"])
def test_a_defect_of_rows_is_inherited_as_declared(
    clouds: Clouds, legacy_night: Any, switching: None, name: str
) -> None:
    found = written_night(clouds, night_with(clouds, {name}))
    defect = defects.defects()[name]
    assert different(found) == {defect.activity, *defect.inherits}
    own = found[defect.activity]
    if defect.kind == "missing":
        assert own.extra == []
        assert 0 < len(own.missing) < 13_000 * LATE_SHARE * 2
    elif defect.kind == "extra":
        assert own.missing == []
        assert own.extra
    else:
        assert own.columns == {defect.column}


def test_what_depends_on_a_failed_activity_is_skipped(clouds: Clouds, legacy_night: Any, switching: None) -> None:
    defects.publish(clouds.state, {"refunds_fail"})
    runs = clouds.run_pipeline(DAY)
    deserved = {name for name, verdict in defects.expected(clouds.state).items() if verdict == "INVALID"}
    assert {name for name in BY_ACTIVITY if runs[name]["status"] != "Succeeded"} == deserved
    assert "PATH_NOT_FOUND" in runs["apply_refunds"]["error"]["message"]
    assert runs["build_settlements"]["status"] == "Skipped"


def test_any_business_date_has_its_night(clouds: Clouds) -> None:
    later = date(2027, 6, 30)
    assert set(run_legacy_night(clouds.endpoints, later)) == set(BY_ACTIVITY)
    written = clouds.state / "s3" / "payments-legacy" / "payouts" / f"settlement_date={later}"
    assert list(written.glob("*.parquet"))


def test_a_pipeline_without_a_date_refuses_to_run(clouds: Clouds) -> None:
    base, headers = factory_url(clouds.endpoints), sign_in(clouds.endpoints)
    answer = clouds.http.post(f"{base}/pipelines/{PIPELINE}/createRun", json={}, params=API, headers=headers)
    assert answer.status_code == 400


def different(found: Mapping[str, Differences]) -> set[str]:
    """Return the activities whose rows differ."""
    return {name for name, one in found.items() if one.missing or one.extra}


def test_a_new_spark_is_told_of_the_tables_in_the_lake(clouds: Clouds, demo: Any, tmp_path: Path) -> None:
    assert clouds.export("apply_refunds", "known")["state"]["result_state"] == "SUCCESS"
    forget = tmp_path / "forget.py"
    forget.write_text("spark.sql('DROP TABLE payments.refunds')  # external: its files stay")
    runner = SparkRunner(Options(clouds.state).spark_address)
    assert runner.run(Job(forget), "forget").ok
    recalled = runner.run(Job(JOBS / "register_tables.py", ["refunds", "clients"]), "recall")
    assert recalled.ok, recalled.trace
    run = clouds.export("apply_refunds", "recalled")
    assert run["state"]["result_state"] == "SUCCESS", clouds.output(run)
    again, before = (pq.read_table(clouds.exported(to)) for to in ("recalled", "known"))
    assert again.schema.remove_metadata() == before.schema.remove_metadata()
    assert again.num_rows == before.num_rows


def test_seeding_again_changes_nothing(clouds: Clouds) -> None:
    from parity_sandbox.world import aws, azure

    before = azure.make_databricks_jobs(clouds.endpoints)
    aws.build_legacy(clouds.endpoints, [DAY])
    assert azure.make_databricks_jobs(clouds.endpoints) == before
