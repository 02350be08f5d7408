"""The world's names agree: suite, pipeline, scripts, catalogue, queries and the helper's protocol."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from parity.helper_job import export
from parity.suite.models import Suite
from parity.suite.suite_files import load_suites
from parity_sandbox.world.aws import table_input
from parity_sandbox.world.azure import HELPER_PARAMETERS, job_settings, pipeline
from parity_sandbox.world.places import (
    DATABASE,
    HELPER_JOB,
    HERE,
    JOBS,
    PIPELINE,
    PRODUCTS,
    WORKGROUP,
    Product,
)
from parity_sandbox.world.publishing import HELPER, migrated_script
from parity_sandbox.world.raw import SOURCES

SUITES = HERE.parents[1] / "suites"
EVERY = pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.activity)
LEGACY_ONLY = {"batch_no"}
RENAMED = {"merch_ref": "merchant_ref"}


@pytest.fixture(scope="module")
def suite() -> Suite:
    loaded = load_suites(SUITES)
    assert not loaded.errors
    return loaded.models["payments"]


@pytest.fixture(scope="module")
def activities() -> dict[str, dict[str, Any]]:
    document = pipeline({"schedule_payouts": 7})
    return {activity["name"]: activity for activity in document["properties"]["activities"]}


def test_the_suite_names_the_worlds_places(suite: Suite) -> None:
    assert (suite.azure.pipeline, suite.azure.helper_job) == (PIPELINE, HELPER_JOB)
    assert (suite.aws.database, suite.aws.workgroup) == (DATABASE, WORKGROUP)


def test_the_suite_compares_every_product(suite: Suite) -> None:
    assert [activity.name for activity in suite.activities] == [product.activity for product in PRODUCTS]
    assert all(activity.glue_job == activity.name for activity in suite.activities)


@EVERY
def test_the_suite_reads_the_table_that_the_activity_writes(suite: Suite, product: Product) -> None:
    target = suite.activity(product.activity).target
    assert target.table == f"payments.{product.table}"
    assert target.where == f"{product.partition} = :business_date"


@EVERY
def test_the_legacy_query_selects_every_column_of_its_table(product: Product) -> None:
    sql = (SUITES / "sql" / f"{product.activity}.sql").read_text()
    selected = re.findall(r"\w+", sql.partition("FROM")[0])[1:]
    assert selected == [*dict(product.columns), product.partition]
    assert f"FROM {product.table}\n" in sql


@EVERY
def test_the_migrated_table_has_the_legacy_columns(product: Product) -> None:
    ddl = migrated_script(product.activity).partition(f"payments.{product.table} (")[2].partition(") USING")[0]
    reported = {
        name: kind.lower().replace(" ", "") for name, kind in re.findall(r"(\w+) ([A-Z]+(?:\([\d, ]+\))?)", ddl)
    }
    legacy = {RENAMED.get(name, name): kind for name, kind in product.columns if name not in LEGACY_ONLY}
    assert reported == {**legacy, product.partition: "date"}


@EVERY
def test_both_sides_have_a_script_that_compiles(product: Product) -> None:
    for side in ("legacy", "migrated"):
        script = JOBS / side / f"{product.activity}.py"
        compile(script.read_text(), script.name, "exec")


@EVERY
def test_the_pipeline_waits_for_what_the_activity_reads(activities: dict[str, Any], product: Product) -> None:
    before = {entry["activity"] for entry in activities[product.activity]["dependsOn"]}
    ours = {name for name in before if name in {other.activity for other in PRODUCTS}}
    assert ours == set(product.after)
    assert product.after or "copy_raw" in before


def test_the_pipeline_copies_every_raw_source() -> None:
    document = json.loads((HERE / "pipeline.json").read_text())
    assert document["properties"]["parameters"]["sources"]["defaultValue"] == list(SOURCES)


def test_the_pipeline_runs_python_files_a_notebook_and_a_job(activities: dict[str, Any]) -> None:
    kinds = {activities[product.activity]["type"] for product in PRODUCTS}
    assert kinds == {"DatabricksSparkPython", "DatabricksNotebook", "DatabricksJob"}
    assert activities["schedule_payouts"]["typeProperties"]["jobId"] == "7"


def test_every_script_of_the_pipeline_is_published_under_its_own_name(activities: dict[str, Any]) -> None:
    files = {
        name: activity["typeProperties"]["pythonFile"]
        for name, activity in activities.items()
        if activity["type"] == "DatabricksSparkPython"
    }
    assert files == {name: f"dbfs:/Volumes/main/payments/jobs/{name}.py" for name in files}


@EVERY
def test_the_catalogue_has_the_partition_beside_the_columns(product: Product) -> None:
    reported = table_input(product, "payments-legacy")
    assert reported["PartitionKeys"] == [{"Name": product.partition, "Type": "date"}]
    assert [column["Name"] for column in reported["StorageDescriptor"]["Columns"]] == list(dict(product.columns))
    assert reported["StorageDescriptor"]["Location"] == f"s3://payments-legacy/{product.table}/"


def test_the_helper_job_passes_every_parameter_of_the_protocol() -> None:
    settings = {job["name"]: job for job in job_settings()}[HELPER_JOB]
    assert HELPER_PARAMETERS == export.PARAMETERS
    assert [entry["name"] for entry in settings["parameters"]] == list(export.PARAMETERS)
    passed = settings["tasks"][0]["spark_python_task"]["parameters"]
    assert passed[:2] == ["--protocol", "{{job.parameters.protocol}}"]


def test_the_helper_job_is_the_products_own_script() -> None:
    assert Path(export.__file__) == HELPER
