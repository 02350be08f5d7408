"""People hear of changes, once, whatever happens to runs and channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa

from fake_clock import FakeClock
from parity.alerts.notify import notify, notify_late
from parity.alerts.outcome import ActivityOutcome, RunOutcome
from parity.compare.control_totals import ControlTotals
from parity.compare.result import ColumnFacts, Rows, Verdict
from parity.errors import Throttled, Unreachable
from parity.history import tables
from parity.history.store import Store, open_store
from parity.suite.models import Cause, Severity
from unit.alerts.conftest import Channel

Make = Callable[..., ActivityOutcome]
Night = Callable[..., RunOutcome]


def alerts(store: Store) -> list[Any]:
    with store.engine.connect() as connection:
        return list(connection.execute(sa.select(tables.alerts)).mappings())


@pytest.fixture
def notify_of(store: Store, clock: FakeClock, pager: Any, chat: Any) -> Callable[[RunOutcome], list[str]]:
    """Notify both channels of a night and return what was said of the deliveries."""

    def reported(run: RunOutcome) -> list[str]:
        clock.sleep(60)
        return [delivery.error for delivery in notify(store, run, [pager, chat], clock)]

    return reported


def test_a_red_run_is_reported_once_and_its_recovery_once(
    notify_of: Any, run: Night, red: Make, green: Make, pager: Any
) -> None:
    for outcome in (
        run(0, red()),
        run(1, red()),
        run(2, red()),
        run(3, green()),
        run(4, green()),
    ):
        notify_of(outcome)
    assert pager.events == [("new", "settle"), ("recovered", "settle")]
    first, last = pager.arrived
    assert first["incident"] == last["incident"]
    assert "wrong from business date 2026-03-02 and is right on 2026-03-05" in last["lines"][2]


def test_runs_that_end_at_the_same_moment_open_one_incident(
    tmp_path: Path, clock: FakeClock, run: Night, red: Make
) -> None:
    stores = [open_store(f"sqlite:///{tmp_path / 'shared.db'}") for _ in range(4)]
    with ThreadPoolExecutor(len(stores)) as pool:
        list(pool.map(lambda store: notify(store, run(0, red()), [Channel("pagerduty")], clock), stores))
    [alert] = alerts(stores[0])
    with stores[0].engine.connect() as connection:
        written = connection.execute(sa.select(tables.outbox.c.incident)).scalars().all()
    assert written == [alert["incident"]]
    for store in stores:
        store.engine.dispose()


def test_a_green_run_says_nothing(notify_of: Any, run: Night, green: Make, pager: Any) -> None:
    assert notify_of(run(0, green())) == []
    assert pager.arrived == []


def test_the_same_run_again_changes_nothing(notify_of: Any, run: Night, red: Make, pager: Any, chat: Any) -> None:
    for _ in range(3):
        notify_of(run(0, red()))
    assert pager.events == chat.events == [("new", "settle")]


def test_a_rerun_after_the_fix_recovers_the_same_business_date(
    notify_of: Any, run: Night, red: Make, green: Make, pager: Any
) -> None:
    notify_of(run(0, red()))
    notify_of(run(0, green()))
    notify_of(run(0, red()))
    assert [event for event, _ in pager.events] == ["new", "recovered", "new"]
    assert pager.arrived[0]["incident"] != pager.arrived[2]["incident"]


def test_twice_as_many_rows_is_reported_as_worse_and_then_is_the_new_measure(
    notify_of: Any, run: Night, red: Make, pager: Any
) -> None:
    for position, rows in enumerate((5, 9, 10, 11, 19, 20)):
        notify_of(run(position, red(rows)))
    assert [event for event, _ in pager.events] == ["new", "worse", "worse"]
    assert {payload["incident"] for payload in pager.arrived} == {pager.arrived[0]["incident"]}


def test_a_more_severe_issue_is_reported_as_worse(notify_of: Any, run: Night, red: Make, pager: Any) -> None:
    notify_of(run(0, red(severity=Severity.WARNING)))
    notify_of(run(1, red(severity=Severity.CRITICAL)))
    assert [(payload["event"], payload["severity"]) for payload in pager.arrived] == [
        ("new", "warning"),
        ("worse", "critical"),
    ]


def test_issues_that_appear_together_are_one_incident_and_later_ones_another(
    notify_of: Any, run: Night, red: Make, green: Make, pager: Any
) -> None:
    zone = ColumnFacts("settled_at", 100, 3)
    one = red()
    two = ActivityOutcome(one.name, one.verdict, one.reason, columns=(*one.columns, zone))
    notify_of(run(0, red()))
    notify_of(run(1, two))
    assert pager.events == [("new", "settle"), ("new", "settle")]
    notify_of(run(2, ActivityOutcome(two.name, two.verdict, two.reason, columns=(zone,))))
    assert [event for event, _ in pager.events] == ["new", "new", "recovered"]
    assert pager.arrived[2]["incident"] == pager.arrived[0]["incident"]
    notify_of(run(3, green()))
    assert pager.arrived[3]["incident"] == pager.arrived[1]["incident"]


def test_a_run_that_could_not_be_compared_recovers_nothing(
    notify_of: Any, run: Night, red: Make, green: Make, invalid: Make, pager: Any
) -> None:
    notify_of(run(0, red()))
    notify_of(run(1, invalid()))
    assert [event for event, _ in pager.events] == ["new", "new"]
    notify_of(run(2, green()))
    assert sorted(event for event, _ in pager.events) == ["new", "new", "recovered", "recovered"]


def test_only_the_first_failure_is_reported_and_who_waits_for_it(
    notify_of: Any, run: Night, invalid: Make, pager: Any
) -> None:
    notify_of(run(0, invalid("load"), invalid("settle", caused_by="load"), invalid("fees", caused_by="load")))
    assert pager.events == [("new", "load")]
    lines = pager.arrived[0]["lines"]
    assert lines[1] == "Failed first: ADF activity load: UserError 2011, out of memory"
    assert "2 more wait for it: settle, fees." in lines[3]


def test_a_partial_rerun_leaves_the_other_activities_alone(
    notify_of: Any, run: Night, red: Make, green: Make, pager: Any
) -> None:
    notify_of(run(0, red(), red(name="fees")))
    notify_of(replace(run(0, green("fees")), whole=False))
    assert pager.events == [("new", "fees"), ("new", "settle"), ("recovered", "fees")]
    notify_of(run(1, green("fees")))
    assert pager.events[3:] == [("recovered", "settle")]  # it is no longer declared


def test_an_older_run_never_changes_what_a_later_one_said(
    notify_of: Any, run: Night, red: Make, green: Make, pager: Any
) -> None:
    notify_of(run(5, red()))
    notify_of(run(2, green()))
    notify_of(run(3, red(80)))
    assert pager.events == [("new", "settle")]
    notify_of(run(6, green()))
    notify_of(run(4, red()))
    assert [event for event, _ in pager.events] == ["new", "recovered"]


def test_a_failing_channel_never_hides_the_others_and_is_tried_again_in_order(
    notify_of: Any, run: Night, red: Make, green: Make, pager: Any, chat: Any
) -> None:
    pager.failures = [RuntimeError("no route")]
    assert sorted(notify_of(run(0, red()))) == ["", "RuntimeError: no route"]
    assert (pager.events, chat.events) == ([], [("new", "settle")])
    pager.failures = [RuntimeError("no route")]
    notify_of(run(1, green()))
    assert pager.events == []
    notify_of(run(2, green()))
    assert pager.events == chat.events == [("new", "settle"), ("recovered", "settle")]


def test_what_passes_by_itself_is_tried_again_at_once(
    notify_of: Any, run: Night, red: Make, pager: Any, clock: FakeClock
) -> None:
    pager.failures = [Throttled("slow down", retry_after=7), Unreachable("reset")]
    notify_of(run(0, red()))
    assert pager.events == [("new", "settle")]
    assert clock.slept[1:] == [7, 4]


def test_a_channel_that_was_added_later_hears_of_later_changes_only(
    store: Store, clock: FakeClock, run: Night, red: Make, green: Make, pager: Any, chat: Any
) -> None:
    notify(store, run(0, red()), [pager], clock)
    clock.sleep(1)
    notify(store, run(1, green()), [pager, chat], clock)
    assert chat.events == [("recovered", "settle")]


def test_no_channel_at_all_still_keeps_the_state(store: Store, clock: FakeClock, run: Night, red: Make) -> None:
    assert notify(store, run(0, red()), [], clock) == ()
    [state] = alerts(store)
    assert (state["status"], state["cause"], state["column_name"]) == ("open", "rounding", "amount")


def test_a_late_run_is_reported_once_and_resolved_when_it_ends(
    store: Store, clock: FakeClock, run: Night, green: Make, pager: Any
) -> None:
    for _ in range(2):
        notify_late(store, "payments", date(2026, 3, 2), "has not ended after 2 h", [pager], clock)
    assert pager.events == [("new", "")]
    assert "has not ended after 2 h" in pager.arrived[0]["lines"][0]
    clock.sleep(1)
    notify(store, run(0, green()), [pager], clock)
    assert [event for event, _ in pager.events] == ["new", "recovered"]


@pytest.mark.parametrize("ended", ["run of everything", "run of some activities", "another run"])
def test_no_run_that_could_not_be_compared_resolves_what_is_wrong_with_the_run(
    store: Store, clock: FakeClock, run: Night, green: Make, invalid: Make, pager: Any, ended: str
) -> None:
    notify(store, replace(run(0, green()), run_issue="copy_raw was denied."), [pager], clock)
    clock.sleep(1)
    notify_late(store, "payments", date(2026, 3, 2), "has not ended", [pager], clock, "scheduled__1")
    clock.sleep(1)
    manual = replace(run(0, green(), invalid("fees")), run_id="manual__2")
    outcomes = {
        "run of everything": manual,
        "run of some activities": replace(run(0, invalid()), run_id="manual__2", whole=False),
        "another run": replace(run(0, green()), run_id="manual__2", whole=False),
    }
    notify(store, outcomes[ended], [pager], clock)
    assert "recovered" not in [event for event, _ in pager.events]


def test_a_late_run_is_over_with_its_own_end_however_that_was(
    store: Store, clock: FakeClock, run: Night, invalid: Make, pager: Any
) -> None:
    notify_late(store, "payments", date(2026, 3, 2), "has not ended", [pager], clock, "run-0")
    clock.sleep(1)
    notify(store, replace(run(0, invalid()), whole=False), [pager], clock)
    assert sorted(pager.events) == [("new", ""), ("new", "settle"), ("recovered", "")]


def test_a_run_without_a_plan_is_reported_and_resolved_by_a_run_that_is_green(
    notify_of: Any, run: Night, green: Make, pager: Any
) -> None:
    notify_of(replace(run(0), run_issue="The plan of the run: '2026-31-03' is not a date."))
    [reported] = pager.arrived
    assert "was not compared" in reported["lines"][0]
    assert "is not a date" in reported["lines"][1]
    notify_of(run(1, green()))
    assert [event for event, _ in pager.events] == ["new", "recovered"]


class Threads(Channel):
    """A channel with threads, which it numbers."""

    asked: ClassVar[list[str]] = []

    def reply(self, payload: Mapping[str, Any], thread: str) -> str:
        self(payload)
        self.asked.append(thread)
        return thread or f"thread-{len(self.asked)}"


def test_all_that_is_said_of_an_incident_goes_to_its_thread(
    store: Store, clock: FakeClock, run: Night, red: Make, green: Make
) -> None:
    channel = Threads("slack")
    for outcome in (run(0, red()), run(1, red(50)), run(2, green()), run(3, red())):
        clock.sleep(60)
        notify(store, outcome, [channel], clock)
    assert [event for event, _ in channel.events] == ["new", "worse", "recovered", "new"]
    assert channel.asked == ["", "thread-1", "thread-1", ""]


def test_every_kind_of_issue_has_a_sentence(notify_of: Any, run: Night, red: Make, pager: Any) -> None:
    outcome = ActivityOutcome(
        "settle",
        Verdict.FAIL,
        "differs",
        rows=Rows(100, 98, 90, 5, 5, 3),
        columns=red(5, cause=Cause.TIMEZONE_SHIFT).columns,
        broken_expectations=(("currency", "ExpectColumnValuesToMatchRegex"),),
        control_totals=ControlTotals(athena=100, databricks=98),
    )
    notify_of(run(0, outcome))
    reported = pager.arrived[0]["lines"][0]
    assert "amount differs in 5 rows (timezone shift); 5 rows are not on the target side" in reported
    assert "and 1 more" in reported
    counted = "Rows: 5 changed, 5 missing, 3 extra of 100 legacy and 98 target."
    assert pager.arrived[0]["lines"][3] == f"{counted} Databricks exported 2 rows fewer than Athena returned."


def test_a_run_that_is_red_beyond_its_activities_is_reported_too(
    notify_of: Any, run: Night, green: Make, pager: Any
) -> None:
    run_issue = "The Data Factory pipeline: PipelineFailed: copy_raw was denied."
    notify_of(replace(run(0, green()), run_issue=run_issue))
    notify_of(replace(run(1, green()), run_issue=run_issue))
    [reported] = pager.arrived
    assert "is not green, though every activity is" in reported["lines"][0]
    assert reported["lines"][1] == f"Failed first: {run_issue}"
    notify_of(run(2, green()))
    assert [event for event, _ in pager.events] == ["new", "recovered"]
