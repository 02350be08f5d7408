"""The colour of a night beyond its activities."""

from __future__ import annotations

from typing import Any

import pytest

from parity.airflow.colour import night_verdict
from parity.compare.result import Verdict

GREEN = {"settle": {"verdict": "PASS", "reason": "equal"}}
WELL = {"start_pipeline": "success", "pipeline": "success", "other_dates": "success"}


class Witness:
    """A task instance that knows the states of the others, and what broke."""

    dag_id, run_id = "parity__payments", "r"

    def __init__(self, states: dict[str, str], broken: dict[str, Any]) -> None:
        self.states, self.broken = states, broken

    def get_task_states(self, dag_id: str, run_ids: list[str]) -> dict[str, dict[str, str]]:
        return {self.run_id: self.states}

    def xcom_pull(self, task_ids: str, key: str) -> Any:
        return self.broken.get(task_ids)


def verdict(states: dict[str, str], **broken: Any) -> tuple[Verdict, str]:
    context: Any = {"ti": Witness({**WELL, **states}, broken)}
    return night_verdict(context, GREEN)


def test_a_night_is_green_when_its_pipeline_and_every_date_are() -> None:
    assert verdict({"runs_of_other_dates_0": "success"}) == (Verdict.PASS, "1 activity is equal.")
    assert verdict({"runs_of_other_dates": "skipped"})[0] is Verdict.PASS


@pytest.mark.parametrize("state", ["failed", "upstream_failed", "removed"])
def test_a_date_of_the_range_that_is_not_green_makes_it_red(state: str) -> None:
    found, reason = verdict({"runs_of_other_dates_0": "success", "runs_of_other_dates_1": state})
    assert found is Verdict.INVALID
    assert "Another date of this range" in reason


def test_a_pipeline_that_failed_elsewhere_is_told_in_its_own_words() -> None:
    word = {"link": "pipeline", "reason": "PipelineFailed: copy_raw was denied."}
    found, reason = verdict({"pipeline": "failed"}, pipeline=word)
    assert found is Verdict.INVALID
    assert reason == "The Data Factory pipeline: PipelineFailed: copy_raw was denied."


def test_a_pipeline_that_nobody_could_vouch_for_is_no_pass() -> None:
    assert verdict({"pipeline": "upstream_failed"})[0] is Verdict.INVALID


def test_a_night_without_activities_compared_nothing() -> None:
    context: Any = {"ti": Witness(dict(WELL), {})}
    assert night_verdict(context, {})[0] is Verdict.INVALID
