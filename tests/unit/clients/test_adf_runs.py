from __future__ import annotations

import json
from datetime import timedelta

import httpx
import pytest

from fake_clock import FakeClock
from parity.clients.adf_runs import AdfRuns
from parity.clients.remote import Phase
from parity.errors import NotFound, Unreachable
from unit.clients.factories import FakeFactory

REQUEST = {"pipeline": "p", "parameters": {"business_date": "2026-03-02"}}
PLAIN = {"business_date": {"type": "string"}}


@pytest.fixture
def factory(clock: FakeClock) -> FakeFactory:
    factory = FakeFactory(clock)
    factory.declare("p")
    return factory


@pytest.fixture
def runs(factory: FakeFactory) -> AdfRuns:
    return AdfRuns(factory.client())


def test_the_token_travels_as_the_correlation_parameter(runs: AdfRuns, factory: FakeFactory) -> None:
    run_id = runs.submit(REQUEST, "token-1")
    assert json.loads(factory.created[0].content) == {"business_date": "2026-03-02", "parity_token": "token-1"}
    assert runs.find(REQUEST, "token-1") == run_id


def test_a_repeated_token_starts_nothing(runs: AdfRuns, factory: FakeFactory) -> None:
    first = runs.submit(REQUEST, "token-1")
    assert runs.submit(REQUEST, "token-1") == first
    assert len(factory.created) == 1


def test_another_token_starts_another_run(runs: AdfRuns, factory: FakeFactory) -> None:
    first = runs.submit(REQUEST, "token-1")
    assert runs.submit(REQUEST, "token-2") != first


def test_nothing_is_found_before_anything_was_started(runs: AdfRuns) -> None:
    assert runs.find(REQUEST, "token-1") is None


@pytest.mark.parametrize("lost", [503, 500, httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("dropped")])
def test_a_run_whose_answer_was_lost_is_found_and_not_started_again(
    runs: AdfRuns, factory: FakeFactory, lost: int | Exception
) -> None:
    factory.lose_answer = lost
    assert runs.submit(REQUEST, "token-1") == "run-1"
    assert len(factory.created) == 1


def test_a_run_that_is_listed_late_is_waited_for(runs: AdfRuns, factory: FakeFactory) -> None:
    factory.lose_answer = 503
    factory.listing_delay = 2
    assert runs.submit(REQUEST, "token-1") == "run-1"


def test_a_run_that_is_never_listed_is_unreachable_and_not_started_again(
    runs: AdfRuns, factory: FakeFactory
) -> None:
    factory.refuse = 503
    with pytest.raises(Unreachable, match="may or may not have started"):
        runs.submit(REQUEST, "token-1")
    assert len(factory.created) == 1


def test_the_attempt_after_a_lost_answer_looks_first(runs: AdfRuns, factory: FakeFactory) -> None:
    factory.lose_answer = 503
    factory.listing_delay = 9
    with pytest.raises(Unreachable):
        runs.submit(REQUEST, "token-1")
    factory.lose_answer, factory.listing_delay = None, 0
    assert runs.submit(REQUEST, "token-1") == "run-1"
    assert len(factory.created) == 1


def test_two_runs_of_one_token_are_answered_with_the_first(runs: AdfRuns, factory: FakeFactory) -> None:
    marked = {"parity_token": "token-1"}
    factory.add_run("second", parameters=marked, runStart="2026-03-01T01:30:00Z")
    factory.add_run("first", parameters=marked, runStart="2026-03-01T01:00:00Z")
    assert runs.submit(REQUEST, "token-1") == "first"
    assert factory.created == []


def test_a_recovery_that_inherited_the_token_is_not_taken_for_the_run(runs: AdfRuns, factory: FakeFactory) -> None:
    marked = {"parity_token": "token-1"}
    factory.add_run("first", parameters=marked, runStart="2026-03-01T01:00:00Z", isLatest=False)
    factory.add_run("again", parameters=marked, runGroupId="first", runStart="2026-03-01T00:59:00Z")
    assert runs.find(REQUEST, "token-1") == "first"


def test_a_run_before_the_window_is_not_looked_at(runs: AdfRuns, factory: FakeFactory, clock: FakeClock) -> None:
    runs.submit(REQUEST, "token-1")
    clock.sleep(7200)
    since = (clock.now() - timedelta(hours=1)).isoformat()
    assert runs.find({**REQUEST, "since": since}, "token-1") is None


def test_a_pipeline_without_the_parameter_is_sent_none(runs: AdfRuns, factory: FakeFactory) -> None:
    factory.declare("p", parameters=PLAIN)
    runs.submit(REQUEST, "token-1")
    assert json.loads(factory.created[0].content) == {"business_date": "2026-03-02"}
    assert runs.find(REQUEST, "token-1") is None


def test_without_the_parameter_a_lost_run_is_known_by_what_it_was_given(
    runs: AdfRuns, factory: FakeFactory
) -> None:
    factory.declare("p", parameters=PLAIN)
    factory.add_run("yesterday", parameters={"business_date": "2026-03-02"}, runStart="2026-02-28T01:00:00Z")
    factory.add_run("other", parameters={"business_date": "2026-03-01"})
    factory.lose_answer = 503
    assert runs.submit(REQUEST, "token-1") == "run-3"


def test_a_recovery_whose_answer_was_lost_is_found_by_its_group(runs: AdfRuns, factory: FakeFactory) -> None:
    factory.add_run("old", status="Failed")
    factory.lose_answer = 503
    found = runs.submit({**REQUEST, "recovery_of": "old"}, "token-2")
    assert found == "run-2"
    assert len(factory.created) == 1
    assert json.loads(factory.created[0].content) == {}


def test_a_recovery_that_runs_already_is_not_started_again(runs: AdfRuns, factory: FakeFactory) -> None:
    factory.add_run("old", status="Failed", runStart="2026-03-01T01:00:00Z")
    factory.add_run("recovery", runGroupId="old", runStart="2026-03-01T01:30:00Z")
    assert runs.find({**REQUEST, "recovery_of": "old"}, "token-2") == "recovery"


def test_a_recovery_that_failed_may_be_tried_again(runs: AdfRuns, factory: FakeFactory, clock: FakeClock) -> None:
    factory.add_run("old", status="Failed", runStart="2026-03-01T01:00:00Z")
    factory.add_run("recovery", runGroupId="old", status="Failed", runStart="2026-03-01T01:30:00Z")
    since = (clock.now() - timedelta(hours=3)).isoformat()
    assert runs.find({**REQUEST, "recovery_of": "old", "since": since}, "token-3") is None


def test_an_unknown_pipeline_starts_nothing(runs: AdfRuns, factory: FakeFactory) -> None:
    with pytest.raises(NotFound):
        runs.submit({"pipeline": "q"}, "token-1")
    assert factory.created == []


def test_a_running_pipeline_is_cancelled(runs: AdfRuns, factory: FakeFactory) -> None:
    factory.add_run("r")
    runs.cancel("r")
    assert factory.cancelled == ["r"]
    assert runs.status("r").phase is Phase.RUNNING


def test_an_ended_pipeline_is_left_alone(runs: AdfRuns, factory: FakeFactory) -> None:
    factory.add_run("r", status="Succeeded")
    runs.cancel("r")
    assert factory.cancelled == []
