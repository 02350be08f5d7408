"""What a piece is made from, by what its run's mode needs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from parity.airflow.suite.facts import provenance_now
from parity.flow.stages import Stage
from parity.suite.models import Mode
from unit.airflow.run_model import NAMES, World

HANDED_ON = {"strategy": {"mode": "rows"}}
"""What the tasks of the activity handed on: mode ``auto`` has found a small table."""


@pytest.mark.parametrize(
    ("mode", "stage"),
    [
        (Mode.ROWS, Stage.ATHENA_SURVEY),
        (Mode.ROWS, Stage.HELPER_SURVEY),
        (Mode.ROWS, Stage.ATHENA_DIGEST),
        (Mode.AUTO, Stage.ATHENA_DIGEST),
        (Mode.AUTO, Stage.HELPER_DIGEST),
    ],
)
def test_what_a_run_does_without_is_made_from_nothing(tmp_path: Any, mode: Mode, stage: Stage) -> None:
    activity = World(tmp_path).declared.activity(NAMES[0])

    def pull(task_ids: str, **_: Any) -> Any:
        return HANDED_ON.get(task_ids.rpartition(".")[2])

    context: Any = {"ti": SimpleNamespace(id="7", xcom_pull=pull)}
    made = provenance_now(context, SimpleNamespace(activity=activity, mode=mode), stage, "rules")  # type: ignore[arg-type]
    assert (made.attempt, made.inputs) == ("7", {})
