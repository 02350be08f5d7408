"""What nearly every night gets wrong once: each mishap is INVALID in one sentence, and what was compared stays.

The Dags run by ``dag.test()``: the real tasks, triggers and state store in one process, against the sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import mishaps
from conftest import RunningSandbox
from dag_tester import DagTester, Tested
from mishaps import verify
from parity_sandbox.demo.connections import connections

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.sandbox,
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.timeout(420),
]
SAID = {
    "unknown_column_in_sql": ("The legacy Athena query", "Column 'client_idd' cannot be resolved"),
    "unknown_table_in_sql": ("The legacy Athena query", "cleints' does not exist"),
    "no_rows_at_all": ("both sides have zero rows", "allow_empty"),
    "empty_export": ("The target output has no rows and the legacy output has 240", "allow_empty"),
    "unknown_target_table": ("The Databricks helper job", "`payments`.`cleints` cannot be found"),
    "unknown_glue_job": ("The legacy Glue job", "Did you mean 'sync_clients'?"),
    "unknown_activity": ("Pipeline night_of_mishaps has no activity unknown_activity.", "Did you mean"),
    "unknown_key": ("The key column 'cleint_id'", "Did you mean 'client_id'?"),
    "unknown_column": ("A rule names column 'ibn'", "Did you mean 'iban'?"),
    "unknown_expected_column": ("ExpectColumnValuesToNotBeNull on legal_nam", "could not be computed"),
    "missing_manifest": ("There is no _manifest in", "clear the activity's helper_job task"),
    "tampered_manifest": ("is not a manifest of protocol 2", "parity helper-job deploy"),
    "disagreeing_manifest": ("run_id is 'of-another-run'", "Clear the activity's helper_job task"),
    "truncated_parquet": ("is 4 bytes, but was listed with", "clear the task to export again"),
}
"""Activity: what and where, what to do."""


@pytest.fixture(scope="session")
def tester(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagTester]:
    """The suites of mishaps, after a night that the pipeline has run once for the sound one."""
    with mishaps.dag_tester(sandbox, tmp_path_factory.mktemp("mishaps")) as tester:
        assert verify(tester, "sound", "trigger the pipeline").verdicts() == {mishaps.SOUND: "PASS"}
        yield tester


@pytest.fixture(scope="session")
def night(tester: DagTester, sandbox: RunningSandbox) -> Tested:
    """The night of mishaps; the first test that asks for it has it run."""
    mishaps.spoil(sandbox)
    return verify(tester, "mishaps")


def test_the_night_is_red_and_what_was_sound_is_recorded_all_the_same(night: Tested) -> None:
    assert night.state == "failed"
    assert night.verdict == "INVALID"
    verdicts = night.verdicts()
    assert verdicts.pop(mishaps.SOUND) == "PASS"
    assert verdicts == dict.fromkeys(mishaps.MISHAPS, "INVALID")
    assert night.tasks[f"{mishaps.SOUND}.record"] == night.tasks["publish"] == "success"


@pytest.mark.parametrize("activity", mishaps.MISHAPS)
def test_a_mishap_says_what_where_and_what_to_do(night: Tested, activity: str) -> None:
    reason = night.reason_of(activity)
    assert [part for part in SAID[activity] if part not in reason] == []
    assert "\n" not in reason


@pytest.mark.parametrize(
    ("suite", "said"),
    [
        ("unknown_pipeline", "has no pipeline 'night_of_mishap'. Did you mean 'night_of_mishaps'?"),
        ("unknown_helper", "Databricks has no job called 'parity-helpr'. Did you mean 'parity-helper'?"),
        ("missing_connection", "Airflow has no connection 'azure_data_factory_defalt'. Create it under Admin"),
        ("unknown_workgroup", "Athena refused access to the queries of workgroup 'partiy'"),
    ],
)
def test_what_a_whole_suite_gets_wrong_is_said_once(tester: DagTester, suite: str, said: str) -> None:
    run = verify(tester, suite)
    assert (run.state, run.verdict) == ("failed", "INVALID")
    assert said in run.reason
    assert run.verdicts() == {mishaps.SOUND: "INVALID"}


@pytest.mark.parametrize(
    ("name", "field", "said"),
    [
        ("azure_data_factory_default", "password", "refused"),
        ("databricks_default", "password", "Databricks refused access"),
        ("adls_default", "password", "refused"),
        ("aws_default", "password", "refused"),
    ],
)
def test_a_wrong_secret_is_said_without_telling_it(
    tester: DagTester, sandbox: RunningSandbox, name: str, field: str, said: str
) -> None:
    right = connections(sandbox.endpoints)
    wrong: dict[str, Any] = {**right, name: {**right[name], field: "d3Jvbmctc2VjcmV0LXdyb25n"}}
    tester.connect(wrong)
    try:
        run = verify(tester, "sound")
    finally:
        tester.connect(right)
    assert (run.state, run.verdict) == ("failed", "INVALID")
    assert said in run.reason
    assert "Check the connection" in run.reason
    assert "d3Jvbmctc2VjcmV0LXdyb25n" not in run.reason
    assert "d3Jvbmctc2VjcmV0LXdyb25n" not in tester.log()
