from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred

from parity.airflow.remote.operator import Payload, RemoteRequest, RemoteRunOperator
from parity.clients.remote import RemoteError
from parity.errors import AccessDenied, Unreachable
from parity.flow.stages import Stage
from unit.airflow.doubles import CANCELLED, FAILED, RUNNING, SUCCEEDED, FakeCloud, FakeRef, FakeStore, context

KEY = "payments/settle/2026-03-01"


def operator(cloud: FakeCloud, **wanted: Any) -> RemoteRunOperator:
    def payload(token: str) -> Payload:
        return Payload({"job": "helper"}, {"destination": f"abfss://x/{token[-3:]}"})

    plan = RemoteRequest(FakeRef("fake", "c", cloud=cloud), KEY, **{"payload": payload, **wanted})
    task = RemoteRunOperator(task_id="helper_job", build_request=lambda _: plan, stage=Stage.HELPER)
    task.grace = 0.0
    return task


def test_a_run_that_ends_at_once_needs_no_deferral() -> None:
    cloud = FakeCloud(answers=[SUCCEEDED])
    returned = operator(cloud).execute(context())
    assert returned == {"run_id": "run-1", "url": "https://cloud/run-1", "destination": "abfss://x/3.1"}


def test_a_long_run_is_waited_for_without_a_worker() -> None:
    cloud = FakeCloud(answers=[RUNNING] * 20)
    with pytest.raises(TaskDeferred) as deferred:
        operator(cloud).execute(context())
    _, kwargs = deferred.value.trigger.serialize()
    assert kwargs["run_id"] == "run-1"
    assert kwargs["owned"]


def test_a_retry_finds_the_run_again() -> None:
    cloud, store = FakeCloud(answers=[RUNNING] * 20), FakeStore()
    with pytest.raises(TaskDeferred):
        operator(cloud).execute(context(store))
    cloud.answers = [RUNNING, SUCCEEDED]
    operator(cloud).execute(context(store, try_number=2))
    assert list(cloud.runs.values()) == ["run-1"]


def test_digests_serve_the_retries_of_one_generation_of_exports() -> None:
    """Rows that are exported again may be of another state than the digests that chose them."""
    cloud, store = FakeCloud(answers=[FAILED, FAILED]), FakeStore()
    with pytest.raises(AirflowFailException):
        operator(cloud, digests="d1").execute(context(store))
    operator(cloud, digests="d1").execute(context(store, try_number=2))
    assert len(cloud.runs) == 2
    with pytest.raises(AirflowFailException, match="exported from before"):
        operator(cloud, digests="d1").execute(context(store, max_tries=7))
    assert len(cloud.runs) == 2
    operator(cloud, digests="d2").execute(context(store, max_tries=7))
    operator(cloud).execute(context(store, max_tries=7))
    assert len(cloud.runs) == 4


def test_a_worker_killed_between_submitting_and_remembering_finds_the_run_by_its_token() -> None:
    cloud, store = FakeCloud(lose_answer=True), FakeStore()
    with pytest.raises(ConnectionResetError):
        operator(cloud).execute(context(store))
    cloud.lose_answer = False
    assert operator(cloud).execute(context(store, try_number=2))["run_id"] == "run-1"
    assert len(cloud.runs) == 1
    first, again = cloud.requests
    assert "asked" not in first
    assert datetime.fromisoformat(again["asked"]) <= datetime.now(UTC)


def test_clearing_a_finished_task_starts_a_fresh_run() -> None:
    cloud, store = FakeCloud(), FakeStore()
    assert operator(cloud).execute(context(store))["run_id"] == "run-1"
    # Airflow raises max_tries to try_number + retries when a task is cleared.
    assert operator(cloud).execute(context(store, try_number=2, max_tries=4))["run_id"] == "run-2"


def test_each_submission_writes_to_its_own_destination() -> None:
    cloud, store = FakeCloud(), FakeStore()
    first = operator(cloud).execute(context(store))
    second = operator(cloud).execute(context(store, max_tries=4))
    assert first["destination"] != second["destination"]


def test_a_run_that_was_deleted_and_made_again_finds_no_old_submission() -> None:
    cloud = FakeCloud()
    first = operator(cloud).execute(context(FakeStore()))
    # Airflow drops what a task remembered with its run; ids and numbers are the same again.
    assert operator(cloud).execute(context(FakeStore()))["run_id"] == "run-2" != first["run_id"]


def test_what_a_run_was_made_from_is_what_was_there_when_it_was_submitted() -> None:
    cloud, store = FakeCloud(), FakeStore()
    first = operator(cloud, provenance={"attempt": "1"}).execute(context(store))
    assert first["provenance"] == {"attempt": "1"}
    again = operator(cloud, provenance={"attempt": "2"}).execute(context(store, try_number=2))
    assert (again["run_id"], again["provenance"]) == ("run-1", {"attempt": "1"})
    cleared = operator(cloud, provenance={"attempt": "3"}).execute(context(store, try_number=3, max_tries=5))
    assert (cleared["run_id"], cleared["provenance"]) == ("run-2", {"attempt": "3"})


def test_what_was_asked_and_never_made_is_made_from_what_is_there_now() -> None:
    class Refusing(FakeCloud):
        def submit(self, request: Any, token: str) -> str:
            raise Unreachable("no route")

    cloud, store = FakeCloud(), FakeStore()
    with pytest.raises(Unreachable):
        operator(Refusing(), provenance={"attempt": "1"}).execute(context(store))
    assert operator(cloud, provenance={"attempt": "2"}).execute(context(store, try_number=2))["provenance"] == {
        "attempt": "2"
    }


def test_what_a_killed_attempt_asked_for_from_other_inputs_is_not_taken_for_what_is_there_now() -> None:
    class Lagging(FakeCloud):
        def find(self, request: Any, token: str) -> str | None:
            return None  # not listed yet; the token itself would still lead to the run

    cloud, store = Lagging(lose_answer=True), FakeStore()
    with pytest.raises(ConnectionResetError):
        operator(cloud, provenance={"attempt": "1", "rules": "r", "inputs": {"glue": "old"}}).execute(
            context(store)
        )
    cloud.lose_answer = False
    now = {"attempt": "2", "rules": "r", "inputs": {"glue": "new"}}
    found = operator(cloud, provenance=now).execute(context(store, try_number=2))
    assert (found["run_id"], found["provenance"], len(cloud.runs)) == ("run-2", now, 2)


def test_fewer_retries_than_before_do_not_make_two_clears_one_generation() -> None:
    cloud, store = FakeCloud(), FakeStore()
    for tries, retries in ((2, 3), (3, 2)):  # Airflow sets max_tries to the tries so far and the retries
        there = context(store, try_number=tries, max_tries=4)
        there["ti"].task = SimpleNamespace(retries=retries)
        operator(cloud).execute(there)
    assert len(cloud.runs) == 2


def test_another_business_date_never_inherits_a_run() -> None:
    cloud, store = FakeCloud(), FakeStore()
    operator(cloud).execute(context(store))
    other = RemoteRequest(FakeRef("fake", "c", cloud=cloud), "payments/settle/2026-03-02")
    task = RemoteRunOperator(task_id="helper_job", build_request=lambda _: other, stage=Stage.HELPER)
    assert task.execute(context(store))["run_id"] == "run-2"


def test_a_retry_after_a_failed_run_submits_again() -> None:
    error = RemoteError("Busy", "no capacity", "SystemError")
    cloud, store = FakeCloud(answers=[FAILED], error=error), FakeStore()
    with pytest.raises(Unreachable, match="Busy: no capacity"):
        operator(cloud).execute(context(store))
    cloud.states = {"run-1": FAILED}
    assert operator(cloud).execute(context(store, try_number=2))["run_id"] == "run-2"


def test_a_failed_run_is_told_in_the_clouds_words_and_not_retried() -> None:
    cloud = FakeCloud(answers=[FAILED], error=RemoteError("2011", "Table not found", "UserError"))
    ctx = context()
    with pytest.raises(
        AirflowFailException,
        match=r"INVALID: The Databricks helper job: 2011: Table not found \(run-1 ended as Failed\)",
    ):
        operator(cloud).execute(ctx)
    failure = ctx["ti"].xcoms["failure"]
    assert failure["stage"] == "helper_job"
    assert failure["url"] == "https://cloud/run-1"


def test_a_cancelled_run_is_never_a_success() -> None:
    with pytest.raises(AirflowFailException, match="Cancelled"):
        operator(FakeCloud(answers=[CANCELLED])).execute(context())


def test_a_killed_task_cancels_its_run_and_the_next_attempt_starts_anew() -> None:
    cloud, store = FakeCloud(answers=[RUNNING] * 20), FakeStore()
    task = operator(cloud)
    with pytest.raises(TaskDeferred):
        task.execute(context(store))
    task.on_kill()
    assert cloud.cancelled == ["run-1"]
    cloud.answers = []
    assert operator(cloud).execute(context(store, try_number=2))["run_id"] == "run-2"


def test_a_run_that_others_started_is_never_cancelled() -> None:
    cloud = FakeCloud(answers=[RUNNING] * 20)
    task = operator(cloud, existing="theirs", owned=False)
    with pytest.raises(TaskDeferred):
        task.execute(context())
    task.on_kill()
    assert cloud.cancelled == []
    assert cloud.runs == {}


def test_a_late_run_is_cancelled_and_said_to_be_late() -> None:
    cloud, store = FakeCloud(answers=[RUNNING] * 20), FakeStore()
    task = operator(cloud, deadline=datetime.now(UTC) + timedelta(hours=1))
    ctx = context(store)
    with pytest.raises(TaskDeferred):
        task.execute(ctx)
    with pytest.raises(AirflowFailException, match="had not ended by 03:00"):
        task.resume(ctx, {"run_id": "run-1", "late": "03:00"})
    assert cloud.cancelled == ["run-1"]


def test_losing_sight_of_a_run_is_transient_and_cancels_nothing() -> None:
    cloud = FakeCloud()
    with pytest.raises(Unreachable, match="Lost sight of run-1"):
        operator(cloud).resume(context(), {"run_id": "run-1", "lost": "403"})
    assert cloud.cancelled == []


def test_wrong_credentials_are_not_retried() -> None:
    with pytest.raises(AirflowFailException, match="secret is wrong"):
        operator(FakeCloud(answers=[AccessDenied("The secret is wrong.")])).execute(context())


def test_a_defect_of_ours_leaves_word_too() -> None:
    ctx = context()
    with pytest.raises(IndexError):
        operator(FakeCloud(answers=[IndexError("list index out of range")])).execute(ctx)
    assert ctx["ti"].xcoms["failure"]["reason"] == "IndexError: list index out of range"


def test_a_step_outside_the_plan_is_skipped() -> None:
    task = RemoteRunOperator(task_id="x", build_request=lambda _: None, stage=Stage.HELPER)
    with pytest.raises(AirflowSkipException):
        task.execute(context())
