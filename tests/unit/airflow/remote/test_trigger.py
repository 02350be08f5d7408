from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.triggers.base import TaskSuccessEvent, TriggerEvent

from parity.airflow.connections.clients import RemoteRef
from parity.airflow.remote.polling import SharedPolling
from parity.airflow.remote.trigger import RemoteRunTrigger
from parity.errors import AccessDenied, Throttled, Unreachable
from unit.airflow.doubles import FAILED, RUNNING, SUCCEEDED, FakeCloud


def trigger(cloud: FakeCloud, **options: Any) -> RemoteRunTrigger:
    settings = {"deadline": "", "poll": 0.01, "owned": True, "output": {"destination": "s3://x"}}
    made = RemoteRunTrigger({"kind": "fake", "connection": "c"}, "run-1", **{**settings, **options})
    made.polling = SharedPolling(connect=_leads_to(cloud))
    return made


def _leads_to(cloud: FakeCloud) -> Any:
    async def connect(_: RemoteRef) -> FakeCloud:
        return cloud

    return connect


def events(of: RemoteRunTrigger) -> list[TriggerEvent]:
    async def collect() -> list[TriggerEvent]:
        return [event async for event in of.run()]

    return asyncio.run(collect())


def test_waiting_polls_until_the_run_ends() -> None:
    cloud = FakeCloud(answers=[RUNNING, RUNNING, SUCCEEDED])
    [event] = events(trigger(cloud))
    assert isinstance(event, TaskSuccessEvent)
    assert event.xcoms == {
        "return_value": {"run_id": "run-1", "url": "https://cloud/run-1", "destination": "s3://x"}
    }
    assert cloud.asked == 3


def test_a_failed_run_wakes_the_worker() -> None:
    [event] = events(trigger(FakeCloud(answers=[RUNNING, FAILED])))
    assert event.payload == {"ended": "Failed", "run_id": "run-1"}


@pytest.mark.parametrize(
    "error", [Unreachable("503"), Throttled("429", retry_after=0.02), Unreachable("connection reset")]
)
def test_a_poll_that_fails_never_harms_a_healthy_run(error: Exception) -> None:
    cloud = FakeCloud(answers=[error] * 5 + [SUCCEEDED])
    [event] = events(trigger(cloud))
    assert isinstance(event, TaskSuccessEvent)
    assert cloud.cancelled == []


def test_rights_that_are_withdrawn_end_the_wait_after_three_refusals() -> None:
    cloud = FakeCloud(answers=[AccessDenied("no")] * 2 + [RUNNING] + [AccessDenied("no")] * 3)
    [event] = events(trigger(cloud))
    assert event.payload["lost"].startswith("no")
    assert cloud.cancelled == []


def test_the_deadline_ends_the_wait() -> None:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    [event] = events(trigger(FakeCloud(), deadline=past))
    assert event.payload == {"late": past, "run_id": "run-1"}


def test_a_person_who_stops_the_task_stops_the_run() -> None:
    cloud = FakeCloud()
    asyncio.run(trigger(cloud).on_kill())
    assert cloud.cancelled == ["run-1"]


def test_a_run_that_is_not_ours_outlives_the_task() -> None:
    cloud = FakeCloud()
    asyncio.run(trigger(cloud, owned=False).on_kill())
    assert cloud.cancelled == []


def test_a_restarted_triggerer_makes_the_same_trigger() -> None:
    path, kwargs = trigger(FakeCloud()).serialize()
    assert path == "parity.airflow.remote.trigger.RemoteRunTrigger"
    assert RemoteRunTrigger(**kwargs).serialize() == (path, kwargs)


def test_all_who_wait_on_one_thing_share_its_poll() -> None:
    cloud = FakeCloud(states={"run-1": RUNNING})
    polls = SharedPolling(connect=_leads_to(cloud))

    async def ask() -> None:
        await asyncio.gather(*(polls.status(RemoteRef("fake", "c"), "run-1", 10.0) for _ in range(20)))

    asyncio.run(ask())
    assert cloud.asked == 1
