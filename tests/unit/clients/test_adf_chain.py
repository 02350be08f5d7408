from __future__ import annotations

from collections.abc import Mapping

from parity.clients.adf import ActivityDefinition, Pipeline
from parity.clients.adf_attempts import latest_attempts
from parity.clients.adf_chain import first_broken
from parity.clients.remote import RunStatus
from unit.clients.factories import activity_run

OK = ("Succeeded",)
CHAIN = Pipeline(
    "p",
    (),
    (
        ActivityDefinition("raw", "Copy"),
        ActivityDefinition("fx", "Copy"),
        ActivityDefinition("settle", "Spark", {"raw": OK, "fx": OK}),
        ActivityDefinition("fees", "Spark", {"settle": OK}),
        ActivityDefinition("tidy", "Spark", {"fees": ("Completed",)}),
        ActivityDefinition("loop", "ForEach", {"settle": OK}),
        ActivityDefinition("inside", "Spark", container="loop"),
    ),
)


def states(**by_name: str) -> Mapping[str, RunStatus]:
    ends = {name: f"2026-03-02T01:00:{second:02}Z" for second, name in enumerate(by_name)}
    error = {"errorCode": "1", "message": "boom", "failureType": "UserError"}
    return latest_attempts(
        [activity_run(name, state, error=error, end=ends[name]) for name, state in by_name.items()]
    )


def test_an_activity_that_failed_itself_is_the_first_broken_link() -> None:
    broken, error = first_broken(CHAIN, states(raw="Succeeded", fx="Succeeded", settle="Failed"), "settle")
    assert broken == "settle"
    assert error is not None
    assert error.message == "boom"


def test_a_skipped_activity_is_traced_up_to_the_failure() -> None:
    found = states(raw="Failed", fx="Succeeded", settle="Skipped", fees="Skipped")
    assert first_broken(CHAIN, found, "fees")[0] == "raw"


def test_an_activity_that_never_appeared_is_traced_up_too() -> None:
    assert first_broken(CHAIN, states(raw="Succeeded", fx="Failed"), "fees")[0] == "fx"


def test_of_two_failures_the_earlier_one_is_first() -> None:
    assert first_broken(CHAIN, states(fx="Failed", raw="Failed"), "settle")[0] == "fx"


def test_a_failure_comes_before_what_is_still_going() -> None:
    assert first_broken(CHAIN, states(raw="InProgress", fx="Failed"), "settle")[0] == "fx"


def test_what_is_still_going_is_no_error() -> None:
    link = first_broken(CHAIN, states(raw="InProgress", fx="Succeeded"), "fees")
    assert link == ("raw", None)


def test_a_dependency_that_lets_failures_pass_does_not_break_the_chain() -> None:
    found = states(raw="Succeeded", fx="Succeeded", settle="Succeeded", fees="Failed")
    assert first_broken(CHAIN, found, "tidy")[0] == "tidy"


def test_an_activity_inside_a_container_waits_for_what_the_container_waits_for() -> None:
    assert first_broken(CHAIN, states(raw="Failed", fx="Succeeded", settle="Skipped"), "inside")[0] == "raw"


def test_an_inactive_activity_lets_the_next_one_run() -> None:
    found = states(raw="Inactive", fx="Succeeded")
    assert first_broken(CHAIN, found, "settle")[0] == "settle"


def test_a_circle_ends() -> None:
    circle = Pipeline("p", (), (ActivityDefinition("a", "X", {"b": OK}), ActivityDefinition("b", "X", {"a": OK})))
    assert first_broken(circle, {}, "a")[0] in ("a", "b")
