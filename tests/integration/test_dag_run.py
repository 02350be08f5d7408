"""A suite's whole Dag by Airflow's ``dag.test()``: its real tasks, triggers and state store, on the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import mishaps
from azure_actions import ROLE, called
from conftest import RunningSandbox
from dag_tester import DagTester
from mishaps import verify
from parity_sandbox.world import rights

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.sandbox,
    pytest.mark.spark,
    pytest.mark.timeout(300),
]


LINEAGE = "lineage.jsonl"


@pytest.fixture(scope="module")
def tester(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagTester]:
    """A process that runs Dags as long as this module's tests."""
    with mishaps.dag_tester(sandbox, tmp_path_factory.mktemp("dags")) as tester:
        transport = {"type": "file", "log_file_path": str(tester.home / LINEAGE), "append": True}
        tester.airflow.environment |= {"AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport)}
        yield tester


def _lineage(tester: DagTester) -> list[dict[str, Any]]:
    """Return the events of all runs up to now, oldest first."""
    written = tester.home / LINEAGE
    return [json.loads(line) for line in written.read_text().splitlines()] if written.exists() else []


def test_a_night_starts_the_pipeline_once_and_is_green_from_plan_to_gate(
    tester: DagTester, sandbox: RunningSandbox
) -> None:
    mark, earlier = sandbox.last_request(), len(_lineage(tester))
    night = verify(tester, "sound", "trigger the pipeline")
    assert (night.state, night.verdict) == ("success", "PASS")
    assert night.verdicts() == {mishaps.SOUND: "PASS"}
    assert set(night.tasks.values()) <= {"success", "skipped"}
    asked = sandbox.requests("azure", mark)
    assert sum("/createRun" in entry["path"] for entry in asked) == 1
    assert called(asked) <= {action.lower() for action in ROLE["Actions"]}
    events = _lineage(tester)[earlier:]
    [verdict] = [event for event in events if event["eventType"] == "RUNNING" and event.get("inputs")]
    assert verdict["job"]["name"] == f"parity__sound.{mishaps.SOUND}.record"
    assert [one["namespace"].partition("://")[0] for one in verdict["inputs"]] == [
        *("awsathena", "databricks", "s3", "abfss"),
    ]
    [held, *_] = verdict["inputs"][1]["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert (held["assertion"], held["success"]) == ("equal_to_legacy", True)


def test_a_night_without_a_right_in_aws_is_invalid_in_a_sentence_that_names_it(
    tester: DagTester, sandbox: RunningSandbox
) -> None:
    iam, whole = sandbox.aws("iam"), rights.policy(sandbox.endpoints)
    denied = {"Effect": "Deny", "Action": "athena:StartQueryExecution", "Resource": "*"}

    def put(*more: dict[str, str]) -> None:
        document = json.dumps({**whole, "Statement": [*whole["Statement"], *more]})
        iam.put_user_policy(UserName=rights.USER, PolicyName="parity", PolicyDocument=document)

    put(denied)
    try:
        night = verify(tester, "sound", "trigger the pipeline")
    finally:
        put()
    assert (night.state, night.verdict) == ("failed", "INVALID")
    assert "athena:StartQueryExecution" in night.reason_of(mishaps.SOUND)


def test_a_job_that_the_workspace_does_not_have_is_invalid_with_what_was_meant(tester: DagTester) -> None:
    night = verify(tester, "unknown_helper", "trigger the pipeline")
    assert (night.state, night.verdict) == ("failed", "INVALID")
    assert "Did you mean 'parity-helper'?" in night.reason_of(mishaps.SOUND)
    assert night.tasks["gate"] == "failed"
