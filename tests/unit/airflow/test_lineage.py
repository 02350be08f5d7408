"""The inputs of a verdict by OpenLineage's names, and what was asserted of them; a whole run sends the events."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.openlineage import api
from airflow.sdk import Connection
from openlineage.client.serde import Serde

from parity.airflow import lineage
from parity.compare.result import CauseCount, ColumnFacts, Result, Rows, Verdict
from parity.history.records import ActivityKey, ActivityRecord, ExpectationResult
from parity.suite.models import Cause
from parity.tablediff.verdict import DatabaseResult, TableResult
from unit.airflow.doubles import Instance, run_context
from unit.flow.suites import suite

FACTS = ColumnFacts("amount", 10, 3, (CauseCount(Cause.ROUNDING, 3),))
RECORD = ActivityRecord(
    ActivityKey("payments", "settle", date(2026, 3, 2), "r"),
    Verdict.FAIL,
    "3 rows differ",
    datetime(2026, 3, 3, tzinfo=UTC),
    rows=Rows(10, 9, 6, 3, 1, 0),
    columns=(FACTS,),
    findings=(
        ExpectationResult("legacy", "ExpectColumnValuesToNotBeNull", "id", "critical", "pass", "all of 10"),
        ExpectationResult("target", "ExpectColumnValuesToBeUnique", "id", "warning", "fail", "a secret, 4711"),
        ExpectationResult("comparison", "ExpectNoChangedRows", "the rows", "critical", "invalid"),
    ),
)
EXPORTS = {"settle.athena_unload": "s3://exchange/a/legacy/", "settle.helper_job": "abfss://out@lake/a/target"}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is handed to the provider, as its client writes it into an event."""
    found: list[dict[str, Any]] = []

    def take(*, inputs: list[Any], task_instance: Any) -> None:
        found.extend(Serde.to_dict(one) for one in inputs)

    monkeypatch.setattr(api, "emit_dataset_lineage", take)
    monkeypatch.setattr(api, "is_openlineage_active", lambda: True)
    return found


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An activity of a run whose exports are done, with its connections."""
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", '{"conn_type": "aws", "extra": {"region_name": "eu-west-1"}}')
    databricks = '{"conn_type": "databricks", "host": "adb-1.2.azuredatabricks.net", "password": "t"}'
    monkeypatch.setenv("AIRFLOW_CONN_DATABRICKS_DEFAULT", databricks)
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "settle.sql").write_text("SELECT id FROM t JOIN other.Fees f USING (id)")
    declared = suite("settle")
    return SimpleNamespace(suite=declared, activity=declared.activities[0], folder=tmp_path)


def send(run: Any, record: ActivityRecord = RECORD, exports: dict[str, str] | None = None) -> None:
    """Send an activity's lineage."""
    instance = Instance()
    for task, destination in (EXPORTS if exports is None else exports).items():
        instance.handed[(task, "return_value")] = {"destination": destination}
    lineage.send_activity(run_context(instance), run, run.folder, record)


def asserted(dataset: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return what was asserted of a dataset: what, of which column, whether it held, how bad."""
    facet = dataset["inputFacets"]["dataQualityAssertions"]
    assert facet["_schemaURL"].startswith("https://openlineage.io/spec/facets/")
    return [(a["assertion"], a.get("column"), a["success"], a["severity"]) for a in facet["assertions"]]


def test_both_outputs_and_the_tables_behind_them_are_inputs_by_their_names(run: Any, sent: list[Any]) -> None:
    send(run)
    target = run.activity.target.table
    assert [(one["namespace"], one["name"]) for one in sent] == [
        ("awsathena://athena.eu-west-1.amazonaws.com", f"AwsDataCatalog.{run.suite.aws.database}.t"),
        ("awsathena://athena.eu-west-1.amazonaws.com", "AwsDataCatalog.other.fees"),
        ("databricks://adb-1.2.azuredatabricks.net", target),
        ("s3://exchange", "a/legacy"),
        ("abfss://out@lake", "a/target"),
    ]


def test_what_was_found_is_asserted_of_the_side_that_it_is_about(run: Any, sent: list[Any]) -> None:
    send(run)
    legacy, other, table, unloaded, exported = sent
    expected = [("ExpectColumnValuesToNotBeNull", None, True, "error")]
    assert asserted(legacy) == asserted(other) == asserted(unloaded) == expected
    assert (
        asserted(table)
        == asserted(exported)
        == [
            ("equal_to_legacy", None, False, "error"),
            ("equal_to_legacy", "amount", False, "error"),
            ("ExpectColumnValuesToBeUnique", None, False, "warn"),
            ("ExpectNoChangedRows", None, False, "error"),
        ]
    )
    assert "4711" not in str(sent)
    assert sent[2]["inputFacets"]["dataQualityAssertions"]["assertions"][0]["actual"] == "FAIL, 4 rows different"


def test_a_difference_that_a_waiver_covers_blocks_nobody(run: Any, sent: list[Any]) -> None:
    send(run, replace(RECORD, verdict=Verdict.WAIVED, findings=()))
    assert asserted(sent[2]) == [
        ("equal_to_legacy", None, True, "warn"),
        ("equal_to_legacy", "amount", False, "warn"),
    ]


def test_an_activity_that_could_not_be_exported_has_its_tables_alone(run: Any, sent: list[Any]) -> None:
    send(run, replace(RECORD, verdict=Verdict.INVALID, columns=(), findings=(), rows=Rows()), exports={})
    assert [one["name"] for one in sent[2:]] == [run.activity.target.table]
    assert asserted(sent[2]) == [("equal_to_legacy", None, False, "error")]


def test_each_table_of_two_databases_is_an_input(sent: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, host in (("RDS_LEDGER", "rds.test"), ("AZURE_LEDGER", "azure.test")):
        monkeypatch.setenv(
            f"AIRFLOW_CONN_{name}", f'{{"conn_type": "mysql", "host": "{host}", "login": "u", "schema": "ledger"}}'
        )
    spec: Any = SimpleNamespace(key="db.ledger", legacy="rds_ledger", target="azure_ledger")
    found = Result(Verdict.PASS, "equal", rows=Rows(2, 2, 2))
    result = DatabaseResult("ledger", Verdict.PASS, "equal", tables=(TableResult("accounts", found),))
    lineage.send_database(run_context(Instance()), spec, result)
    assert [(one["namespace"], one["name"]) for one in sent] == [
        ("mysql://rds.test:3306", "ledger.accounts"),
        ("mysql://azure.test:3306", "ledger.accounts"),
    ]
    assert sent[0]["inputFacets"] == {}
    assert asserted(sent[1]) == [("equal_to_legacy", None, True, "warn")]


def test_nothing_happens_without_the_provider(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "airflow.providers.openlineage.api", None)
    monkeypatch.setattr(lineage, "connection", lambda _: pytest.fail("a connection was read"))
    send(run)


def test_what_cannot_be_looked_up_is_logged_and_changes_nothing(
    run: Any, sent: list[Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lineage, "connection", lambda _: Connection(conn_id="x", conn_type="databricks"))
    send(run)
    assert sent == []
    assert "The lineage of this verdict was not sent." in caplog.text
