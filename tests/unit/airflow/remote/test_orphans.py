"""A stopped task's remote run does not run on."""

from __future__ import annotations

from typing import Any

from parity.airflow.connections.clients import RemoteRef
from parity.airflow.remote.orphans import cancel_orphans
from parity.airflow.step.failures import FAILURE
from parity.clients.remote import RemoteRuns
from parity.errors import Unreachable
from parity.flow.codec import to_json
from unit.airflow.doubles import RUNNING, SUCCEEDED, FakeCloud

HELPER, UNLOAD = "settle.helper_job", "settle.athena_unload"


class Witness:
    """A task instance that knows the states of the others, and what they left word of."""

    dag_id, run_id = "parity__payments", "r"

    def __init__(self, **states: str) -> None:
        self.states = {HELPER: states["helper"], UNLOAD: states["unload"]}
        self.words = {task: {"ref": to_json(RemoteRef("fake", "c")), "run_id": task} for task in self.states}
        self.failure: dict[str, Any] = {}

    def get_task_states(self, dag_id: str, run_ids: list[str]) -> dict[str, dict[str, str]]:
        return {self.run_id: self.states}

    def xcom_pull(self, task_ids: str, key: str) -> Any:
        return self.failure.get(task_ids) if key == FAILURE else self.words.get(task_ids)


def look_after(witness: Witness, cloud: FakeCloud) -> None:
    def connect(_: RemoteRef) -> RemoteRuns:
        return cloud

    context: Any = {"ti": witness}
    cancel_orphans(context, [HELPER, UNLOAD], connect)


def test_what_a_stopped_task_left_running_is_cancelled() -> None:
    cloud = FakeCloud(states={HELPER: RUNNING, UNLOAD: RUNNING})
    look_after(Witness(helper="failed", unload="success"), cloud)
    assert cloud.cancelled == [HELPER]


def test_what_has_ended_is_left_alone() -> None:
    cloud = FakeCloud(states={HELPER: SUCCEEDED, UNLOAD: SUCCEEDED})
    look_after(Witness(helper="failed", unload="failed"), cloud)
    assert cloud.cancelled == []


def test_a_run_that_was_only_lost_sight_of_is_left_alone() -> None:
    witness, cloud = Witness(helper="failed", unload="success"), FakeCloud(states={HELPER: RUNNING})
    witness.failure = {HELPER: {"stage": "helper_job", "reason": "Lost sight of run-1."}}
    look_after(witness, cloud)
    assert cloud.cancelled == []


def test_a_task_that_started_nothing_leaves_no_word() -> None:
    witness, cloud = Witness(helper="failed", unload="upstream_failed"), FakeCloud(states={HELPER: RUNNING})
    witness.words = {}
    look_after(witness, cloud)
    assert cloud.asked == 0


def test_a_cloud_that_does_not_answer_hides_no_verdict() -> None:
    cloud = FakeCloud(answers=[Unreachable("down")], states={UNLOAD: RUNNING})
    look_after(Witness(helper="failed", unload="failed"), cloud)
    assert cloud.cancelled == [UNLOAD]
