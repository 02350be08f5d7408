"""A suite's whole Dag by Airflow's ``dag.test()``: its real tasks, triggers and state store, on the sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import mishaps
from conftest import RunningSandbox
from dag_tester import DagTester
from mishaps import verify

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.sandbox,
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def tester(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagTester]:
    """A process that runs Dags as long as this module's tests."""
    with mishaps.dag_tester(sandbox, tmp_path_factory.mktemp("dags")) as tester:
        yield tester


def test_a_night_starts_the_pipeline_once_and_is_green_from_plan_to_gate(
    tester: DagTester, sandbox: RunningSandbox
) -> None:
    mark = sandbox.last_request()
    night = verify(tester, "sound", "trigger the pipeline")
    assert (night.state, night.verdict) == ("success", "PASS")
    assert night.verdicts() == {mishaps.SOUND: "PASS"}
    assert set(night.tasks.values()) <= {"success", "skipped"}
    assert sum("/createRun" in entry["path"] for entry in sandbox.requests("azure", mark)) == 1


def test_a_job_that_the_workspace_does_not_have_is_invalid_with_what_was_meant(tester: DagTester) -> None:
    night = verify(tester, "unknown_helper", "trigger the pipeline")
    assert (night.state, night.verdict) == ("failed", "INVALID")
    assert "Did you mean 'parity-helper'?" in night.reason_of(mishaps.SOUND)
    assert night.tasks["gate"] == "failed"
