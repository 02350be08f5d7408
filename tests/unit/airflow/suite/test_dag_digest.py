from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.task.trigger_rule import TriggerRule

from parity.airflow.suite.dag import build_dag
from parity.flow.stages import Stage
from unit.flow.suites import suite

STEPS = ("athena_survey", "helper_survey", "strategy", "athena_digest", "helper_digest", "buckets")


def dag_of(path: Path, **suite_keys: Any) -> DAG:
    return build_dag(suite("settle", **suite_keys), path / "payments.yaml")


def above(dag: DAG, task: str) -> set[str]:
    return {name.removeprefix("settle.") for name in dag.get_task(f"settle.{task}").upstream_task_ids}


@pytest.mark.parametrize("mode", ["digest", "auto"])
def test_an_activity_that_may_digest_is_surveyed_digested_and_exported_in_this_order(
    tmp_path: Path, mode: str
) -> None:
    dag = dag_of(tmp_path, mode=mode)
    assert above(dag, "athena_survey") == {"plan"}
    assert above(dag, "helper_survey") == {"adf_activity"}
    assert above(dag, "strategy") == {"athena_survey", "helper_survey"}
    assert above(dag, "athena_digest") == above(dag, "helper_digest") == {"strategy"}
    assert above(dag, "buckets") == {"athena_digest", "helper_digest"}
    assert above(dag, "athena_unload") == {"plan", "buckets"}
    assert above(dag, "helper_job") == {"adf_activity", "buckets"}
    assert above(dag, "compare") == {"athena_unload", "helper_job"}


def test_an_activity_that_declares_rows_has_no_step_of_digests(tmp_path: Path) -> None:
    dag = dag_of(tmp_path)
    assert not [task for task in dag.task_ids if task.removeprefix("settle.") in STEPS]


def test_skipped_steps_of_digests_do_not_keep_the_rows_from_being_exported(tmp_path: Path) -> None:
    dag = dag_of(tmp_path, mode="auto")
    rules = {dag.get_task(f"settle.{task}").trigger_rule for task in ("athena_unload", "helper_job")}
    assert rules == {TriggerRule.NONE_FAILED}


def test_every_step_of_digests_is_a_link_of_the_chain_with_a_name_of_its_own() -> None:
    assert set(STEPS) <= {stage.value for stage in Stage}
    assert len({stage.label for stage in Stage}) == len(Stage)
