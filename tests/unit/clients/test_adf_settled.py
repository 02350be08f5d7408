"""A success counts only when nothing of its run can still run the activity, or what lies upstream, again."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from fake_clock import FakeClock
from parity.clients.adf_activities import ActivityRuns
from parity.clients.remote import Phase, RunStatus
from parity.errors import ExportRefused
from unit.clients.factories import FakeFactory, activity
from unit.clients.factories import activity_run as listed


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def factory(clock: FakeClock) -> FakeFactory:
    return FakeFactory(clock)


def look(factory: FakeFactory, name: str, run: str = "r") -> RunStatus:
    return ActivityRuns(factory.client()).status(f"{run}/{name}")


def at(minute: int) -> str:
    return f"2026-03-02T01:{minute:02}:00.0000000Z"


def loop(kind: str, *inside: dict[str, Any], name: str = "loop") -> dict[str, Any]:
    return activity(name, kind=kind, typeProperties={"activities": list(inside)})


@pytest.mark.parametrize("kind", ["ForEach", "Until", "SomeNewContainer"])
def test_a_round_of_a_loop_does_not_count_while_the_loop_goes_on(factory: FakeFactory, kind: str) -> None:
    factory.declare("p", loop(kind, activity("a")))
    factory.add_run("r")
    factory.activities["r"] = [listed("loop", "InProgress", end=None), listed("a", "Succeeded")]
    assert look(factory, "a").phase is Phase.RUNNING
    factory.activities["r"] = [listed("a", "Succeeded")]
    assert look(factory, "a").phase is Phase.RUNNING, "a loop that is not listed yet has not ended"
    factory.activities["r"] = [listed("loop", "Succeeded"), listed("a", "Succeeded")]
    assert look(factory, "a").phase is Phase.SUCCEEDED


@pytest.mark.parametrize("state", ["Failed", "Cancelled"])
def test_a_loop_that_did_not_succeed_leaves_no_success_inside(factory: FakeFactory, state: str) -> None:
    factory.declare("p", loop("ForEach", activity("a"), activity("b", "a")))
    factory.add_run("r")
    factory.activities["r"] = [listed("loop", state), listed("a", "Succeeded"), listed("b", "Failed")]
    status = look(factory, "a")
    assert status.phase is Phase.FAILED
    assert status.error
    assert "ForEach loop" in status.error.message


def test_a_branch_inside_of_a_loop_waits_for_the_loop(factory: FakeFactory) -> None:
    branch = activity("if", kind="IfCondition", typeProperties={"ifTrueActivities": [activity("a")]})
    factory.declare("p", loop("ForEach", branch))
    factory.add_run("r")
    factory.activities["r"] = [
        listed("loop", "InProgress"),
        listed("if", "Succeeded", iterationHash="1"),
        listed("a", "Succeeded", iterationHash="1"),
    ]
    assert look(factory, "a").phase is Phase.RUNNING


@pytest.mark.parametrize(
    ("kind", "inside"),
    [
        ("IfCondition", {"ifFalseActivities": [activity("a"), activity("b")]}),
        ("Switch", {"cases": [{"value": "x", "activities": [activity("a"), activity("b")]}]}),
        ("Switch", {"defaultActivities": [activity("a")]}),
    ],
)
def test_what_a_branch_did_once_counts_while_the_branch_goes_on(
    factory: FakeFactory, kind: str, inside: dict[str, Any]
) -> None:
    factory.declare("p", activity("branch", kind=kind, typeProperties=inside))
    factory.add_run("r")
    factory.activities["r"] = [listed("branch", "InProgress"), listed("a", "Succeeded")]
    assert look(factory, "a").phase is Phase.SUCCEEDED


@pytest.mark.parametrize("hashes", [("1", "2"), ("", "")])
def test_one_failed_round_is_not_made_good_by_a_later_one(factory: FakeFactory, hashes: tuple[str, str]) -> None:
    factory.declare("p", loop("ForEach", activity("a")))
    factory.add_run("r")
    factory.activities["r"] = [
        listed("loop", "Succeeded", start=at(0)),
        listed("a", "Failed", iterationHash=hashes[0], start=at(1)),
        listed("a", "Succeeded", iterationHash=hashes[1], start=at(2)),
    ]
    assert look(factory, "a").phase is Phase.FAILED


def test_one_retry_makes_good_one_failed_round(factory: FakeFactory) -> None:
    factory.declare("p", loop("ForEach", activity("a", policy={"retry": 1})))
    factory.add_run("r")
    rounds = [
        listed("loop", "Succeeded", start=at(0)),
        listed("a", "Succeeded", start=at(1)),
        listed("a", "Failed", start=at(2)),
        listed("a", "Succeeded", start=at(3), retryAttempt=1),
    ]
    factory.activities["r"] = rounds
    assert look(factory, "a").phase is Phase.SUCCEEDED
    factory.activities["r"] = [*rounds, listed("a", "Failed", start=at(2), activityRunId="other")]
    assert look(factory, "a").phase is not Phase.SUCCEEDED


def test_an_item_that_two_pages_list_is_one_attempt(factory: FakeFactory) -> None:
    factory.declare("p", activity("a"))
    factory.add_run("r")
    early = listed("a", "InProgress", end=None)
    factory.activities["r"] = [early, listed("b", "Succeeded"), {**early, "status": "Succeeded"}]
    assert look(factory, "a").phase is Phase.SUCCEEDED


def test_retries_that_only_the_factory_knows_end_with_the_run(factory: FakeFactory) -> None:
    factory.declare("p", activity("a", policy={"retry": {"value": "@variables('n')", "type": "Expression"}}))
    run = factory.add_run("r")
    factory.activities["r"] = [listed("a", "Failed")]
    assert look(factory, "a").phase is Phase.RUNNING
    run["status"] = "Failed"
    assert look(factory, "a").phase is Phase.FAILED


@pytest.mark.parametrize("listed_as", ["Succeeded", "Inactive"])
def test_an_activity_that_is_switched_off_never_succeeds(factory: FakeFactory, listed_as: str) -> None:
    factory.declare("p", activity("a", state="Inactive", onInactiveMarkAs="Succeeded"))
    factory.add_run("r")
    factory.activities["r"] = [listed("a", listed_as)]
    status = look(factory, "a")
    assert status.phase is Phase.FAILED
    assert status.error
    assert status.error.code == "Inactive"


def test_a_name_that_two_activities_have_stands_for_none(factory: FakeFactory) -> None:
    branches = {"ifTrueActivities": [activity("a")], "ifFalseActivities": [activity("a")]}
    factory.declare("p", activity("if", kind="IfCondition", typeProperties=branches))
    factory.add_run("r")
    factory.activities["r"] = [listed("if", "Succeeded"), listed("a", "Succeeded")]
    status = look(factory, "a")
    assert status.error
    assert status.error.code == "AmbiguousActivity"


class TestAnotherPipeline:
    @pytest.fixture(autouse=True)
    def declared(self, factory: FakeFactory) -> None:
        factory.declare("p", activity("a", kind="ExecutePipeline", typeProperties={"waitOnCompletion": False}))
        factory.declare("w", activity("a", kind="ExecutePipeline", typeProperties={"waitOnCompletion": True}))
        factory.add_run("r")

    def test_the_start_of_a_pipeline_succeeds_when_that_has(self, factory: FakeFactory) -> None:
        child = factory.add_run("child", pipelineName="c")
        factory.activities["r"] = [listed("a", "Succeeded", output={"pipelineRunId": "child"})]
        assert look(factory, "a").phase is Phase.RUNNING
        child |= {"status": "Failed", "message": "boom"}
        status = look(factory, "a")
        assert status.phase is Phase.FAILED
        assert status.error
        assert "boom" in status.error.message
        child["status"] = "Succeeded"
        assert look(factory, "a").phase is Phase.SUCCEEDED

    def test_a_start_that_hides_its_run_is_no_success(self, factory: FakeFactory) -> None:
        factory.activities["r"] = [listed("a", "Succeeded")]
        assert look(factory, "a").phase is Phase.FAILED

    def test_one_that_waits_is_taken_at_its_word(self, factory: FakeFactory) -> None:
        factory.add_run("v", pipelineName="w")
        factory.activities["v"] = [listed("a", "Succeeded")]
        assert look(factory, "a", "v").phase is Phase.SUCCEEDED


class TestALaterRun:
    """Run r was verified; a later run of the same date may have written its data again."""

    REQUEST: ClassVar[dict[str, Any]] = {"pipeline": "p", "parameters": {"business_date": "2026-03-01"}}

    @pytest.fixture(autouse=True)
    def verified(self, factory: FakeFactory, clock: FakeClock) -> None:
        factory.declare("p", activity("a"))
        self.add(factory, "earlier")
        factory.activities["earlier"] = [listed("a", "Succeeded")]
        self.add(factory, "r")

    def add(self, factory: FakeFactory, run_id: str, **more: Any) -> None:
        factory.clock.sleep(60)
        factory.add_run(run_id, **{"parameters": self.REQUEST["parameters"], **more})

    def check(self, factory: FakeFactory) -> None:
        ActivityRuns(factory.client()).check_newest(self.REQUEST, "r/a")

    def test_a_run_that_nothing_superseded_stands(self, factory: FakeFactory) -> None:
        self.check(factory)

    @pytest.mark.parametrize("state", ["InProgress", "Succeeded", "Failed", "Cancelled"])
    def test_data_that_the_activity_wrote_again_are_refused(self, factory: FakeFactory, state: str) -> None:
        self.add(factory, "later")
        factory.activities["later"] = [listed("a", state, start=at(30))]
        with pytest.raises(ExportRefused, match="superseded by later, which ran a again"):
            self.check(factory)

    @pytest.mark.parametrize(
        "more", [{"parameters": {"business_date": "2026-03-02"}}, {"pipelineName": "q"}, {"runStart": None}]
    )
    def test_a_run_of_something_else_changes_nothing(self, factory: FakeFactory, more: dict[str, Any]) -> None:
        self.add(factory, "later", **more)
        factory.activities["later"] = [listed("a", "Succeeded", start=at(30))]
        self.check(factory)

    @pytest.mark.parametrize("runs", [[], [listed("a", "Skipped")], [listed("b", "Succeeded")]])
    def test_a_run_that_left_the_activity_alone_changes_nothing(
        self, factory: FakeFactory, runs: list[dict[str, Any]]
    ) -> None:
        self.add(factory, "later")
        factory.activities["later"] = runs
        self.check(factory)

    @pytest.mark.parametrize(
        ("state", "start", "end", "refused"),
        [
            ("Succeeded", at(2), at(20), True),  # ended after this run's own began
            ("Failed", at(12), at(13), True),
            ("InProgress", at(2), None, True),
            ("Succeeded", at(2), at(9), False),
            ("Skipped", at(12), at(13), False),
        ],
    )
    def test_a_run_from_before_whose_activity_went_on_beside_this_runs_own_is_refused(
        self, factory: FakeFactory, state: str, start: str, end: str | None, refused: bool
    ) -> None:
        factory.activities["r"] = [listed("a", "Succeeded", start=at(10), end=at(11))]
        factory.activities["earlier"] = [listed("a", state, start=start, end=end)]
        if not refused:
            self.check(factory)
            return
        with pytest.raises(ExportRefused, match="superseded by earlier, which ran a again"):
            self.check(factory)

    def test_a_recovery_that_took_the_activity_over_changes_nothing(self, factory: FakeFactory) -> None:
        factory.activities["r"] = [listed("a", "Succeeded", start=at(20))]
        self.add(factory, "later", runGroupId="r")
        factory.activities["later"] = [{**factory.activities["r"][0], "recoveryStatus": "SkippedForRecovery"}]
        self.check(factory)
        factory.activities["later"] = factory.activities["r"]
        self.check(factory)


class TestRecovery:
    """Run r recovers run old: raw failed there (or is run again), and b needs it; c needs nothing."""

    @pytest.fixture(autouse=True)
    def runs(self, factory: FakeFactory, clock: FakeClock) -> None:
        factory.declare("p", activity("raw"), activity("b", "raw"), activity("last", "b"), activity("c"))
        factory.add_run("old", status="Failed")
        clock.sleep(60)
        factory.add_run("r", runGroupId="old")
        factory.activities["old"] = [listed(name, "Succeeded", start=at(0)) for name in ("raw", "b", "c")]

    def end(self, factory: FakeFactory, state: str = "Succeeded") -> None:
        factory.runs[-1]["status"] = state

    def test_what_it_may_still_run_again_is_waited_for(self, factory: FakeFactory) -> None:
        assert look(factory, "c").phase is Phase.RUNNING
        self.end(factory)
        assert look(factory, "c").phase is Phase.SUCCEEDED

    def test_what_it_took_over_counts_at_once(self, factory: FakeFactory) -> None:
        factory.activities["r"] = [
            {**one, "recoveryStatus": "SkippedForRecovery"} for one in factory.activities["old"]
        ]
        assert look(factory, "b").phase is Phase.SUCCEEDED
        factory.activities["r"] = factory.activities["old"]
        assert look(factory, "b").phase is Phase.SUCCEEDED, (
            "one activity run ran once, in whichever run it is listed"
        )

    def test_what_it_took_over_without_a_success_before_never_ran(self, factory: FakeFactory) -> None:
        factory.activities["old"] = []
        factory.activities["r"] = [listed("b", "Succeeded", start=at(9), recoveryStatus="SkippedForRecovery")]
        assert look(factory, "b").phase is Phase.WAITING
        self.end(factory)
        assert look(factory, "b").phase is Phase.FAILED

    @pytest.mark.parametrize("state", ["InProgress", "Succeeded"])
    @pytest.mark.parametrize("kept", [True, False])
    def test_an_earlier_success_does_not_outlast_what_runs_again_upstream(
        self, factory: FakeFactory, state: str, kept: bool
    ) -> None:
        factory.activities["old"].append(listed("last", "Succeeded", start=at(1)))
        taken_over = [{**one, "recoveryStatus": "SkippedForRecovery"} for one in factory.activities["old"][1:]]
        factory.activities["r"] = [listed("raw", state, start=at(9)), *(taken_over if kept else [])]
        for name in ("b", "last"):
            assert look(factory, name).phase is Phase.RUNNING
        self.end(factory)
        status = look(factory, "last")
        assert status.phase is Phase.FAILED
        assert status.error
        assert "in pipeline run old" in status.error.message

    def test_what_ran_again_itself_counts(self, factory: FakeFactory) -> None:
        factory.activities["r"] = [listed(name, "Succeeded", start=at(9)) for name in ("raw", "b")]
        assert look(factory, "b").phase is Phase.SUCCEEDED
        assert look(factory, "b").output["pipeline_run"] == "r"

    def test_a_success_before_a_failure_of_its_own_is_void(self, factory: FakeFactory) -> None:
        """Of three runs of a group, the middle one counts as well."""
        factory.runs[-1] |= {"status": "Failed"}
        factory.activities["r"] = [listed("c", "Failed", start=at(9)), listed("b", "Succeeded", start=at(9))]
        factory.activities["old"] = [listed(name, "Succeeded", start=at(0)) for name in ("raw", "c")]
        factory.clock.sleep(60)
        factory.add_run("third", runGroupId="old", status="Succeeded")
        assert look(factory, "c", "third").phase is Phase.FAILED
        status = look(factory, "b", "third")
        assert status.phase is Phase.SUCCEEDED
        assert status.output["pipeline_run"] == "r"

    def test_a_later_run_of_the_group_says_nothing_of_an_earlier_one(self, factory: FakeFactory) -> None:
        factory.activities["r"] = [listed("last", "Succeeded", start=at(9))]
        assert look(factory, "last", "old").phase is not Phase.SUCCEEDED

    def test_a_container_that_runs_again_voids_what_it_holds(self, factory: FakeFactory) -> None:
        inside = {"ifTrueActivities": [activity("x")]}
        factory.declare("p", activity("if", kind="IfCondition", typeProperties=inside))
        factory.activities["old"] = [listed(name, "Succeeded", start=at(0)) for name in ("if", "x")]
        factory.activities["r"] = [listed("if", "Succeeded", start=at(9))]
        assert look(factory, "x").phase is Phase.RUNNING
        self.end(factory)
        assert look(factory, "x").phase is Phase.FAILED
