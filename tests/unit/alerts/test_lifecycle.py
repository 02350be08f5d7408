"""The life of an alert as a pure function of what is known and what tonight says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from parity.alerts.issues import Issue
from parity.alerts.lifecycle import AlertState, Change, Event, RunSnapshot, advance
from parity.suite.models import Severity

DAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
LOST = Issue("settle", "amount", "rounding", "amount differs", Severity.WARNING, 10)
GONE = Issue("settle", "", "missing_rows", "rows are missing", Severity.WARNING, 3)


def snapshot(*issues: Issue, day: int = 0, compared: tuple[str, ...] = ("settle", "refund")) -> RunSnapshot:
    moment = timedelta(days=day)
    return RunSnapshot("payments", DAY + moment, NOON + moment, issues, compared)


def play(*snapshots: RunSnapshot) -> tuple[dict[str, AlertState], list[list[Change]]]:
    """Advance night by night, and return the last states by cause and what each night told."""
    known: dict[str, AlertState] = {}
    reported = []
    for one in snapshots:
        states, changes = advance(known.values(), one)
        known |= {state.fingerprint: state for state in states}
        reported.append(list(changes))
    return {state.cause: state for state in known.values()}, reported


def events(*snapshots: RunSnapshot) -> list[list[Event]]:
    return [[change.event for change in reported] for reported in play(*snapshots)[1]]


def test_a_new_issue_is_opened_with_everything_that_is_known_of_it() -> None:
    states, [[change]] = play(snapshot(LOST))
    assert states == {
        "rounding": AlertState(
            fingerprint=LOST.fingerprint("payments"),
            suite="payments",
            activity="settle",
            column_name="amount",
            cause="rounding",
            incident=change.incident,
            status="open",
            opened=NOON,
            opened_date=DAY,
            seen_date=DAY,
            severity="warning",
            row_count=10,
            told_rows=10,
            what="amount differs",
        )
    }
    assert change == Change(Event.NEW, change.incident, (states["rounding"],))


def test_an_incident_is_named_after_what_where_and_when_and_never_twice() -> None:
    _, [[first]] = play(snapshot(LOST))
    assert first.incident.rpartition("/")[0] == "parity/payments/settle/2026-03-02"
    assert len(first.incident.rpartition("/")[2]) == 12
    _, [[run_issue]] = play(snapshot(replace(LOST, activity="")))
    assert run_issue.incident.startswith("parity/payments/run/2026-03-02/")
    long = RunSnapshot("s" * 300, DAY, NOON, (LOST,), ())
    assert len(advance((), long)[1][0].incident) == 230 + 1 + 12
    later = replace(snapshot(LOST), now=NOON + timedelta(seconds=1))
    assert advance((), later)[1][0].incident != first.incident


def test_issues_of_one_activity_are_one_incident_whatever_their_order_and_others_have_their_own() -> None:
    other = replace(LOST, activity="refund")
    _, [[first, second]] = play(snapshot(LOST, GONE, other))
    assert [len(first.states), len(second.states)] == [1, 2]
    assert first.incident < second.incident
    assert {s.incident for s in second.states} == {second.incident}
    _, [[_, again]] = play(snapshot(GONE, other, LOST))
    assert again.incident == second.incident


def test_the_same_run_again_changes_nothing_for_people() -> None:
    states, reported = play(snapshot(LOST), snapshot(LOST))
    assert reported[1] == []
    assert (states["rounding"].row_count, states["rounding"].told_rows) == (10, 10)


@pytest.mark.parametrize(("rows", "worse"), [(19, False), (20, True), (11, False), (9, False)])
def test_twice_as_many_rows_are_reported_as_worse(rows: int, worse: bool) -> None:
    states, [_, changes] = play(snapshot(LOST), snapshot(replace(LOST, rows=rows, what="more differs"), day=1))
    state = states["rounding"]
    assert [change.event for change in changes] == ([Event.WORSE] if worse else [])
    assert (state.row_count, state.told_rows) == (rows, rows if worse else 10)
    assert (state.seen_date, state.opened_date, state.what) == (DAY + timedelta(days=1), DAY, "more differs")


def test_growth_is_measured_against_what_was_reported_not_against_last_run() -> None:
    grown = [replace(LOST, rows=rows) for rows in (15, 19, 20, 39, 40)]
    assert events(snapshot(LOST), *(snapshot(one, day=n) for n, one in enumerate(grown, 1))) == [
        [Event.NEW], [], [], [Event.WORSE], [], [Event.WORSE],
    ]  # fmt: skip


def test_an_issue_without_rows_is_never_worse_by_its_rows() -> None:
    none = replace(LOST, rows=0)
    assert events(snapshot(none), snapshot(none, day=1), snapshot(replace(LOST, rows=5), day=2)) == [
        [Event.NEW],
        [],
        [],
    ]


def test_more_severe_is_worse_and_less_severe_is_not() -> None:
    levels = [Severity.INFO, Severity.WARNING, Severity.CRITICAL, Severity.INFO]
    snapshots = [snapshot(replace(LOST, severity=level), day=n) for n, level in enumerate(levels)]
    assert events(*snapshots) == [[Event.NEW], [Event.WORSE], [Event.WORSE], []]
    assert play(*snapshots)[0]["rounding"].severity == "info"


def test_only_a_run_that_compared_the_activity_recovers_it() -> None:
    states, reported = play(snapshot(LOST), snapshot(day=1, compared=("refund",)), snapshot(day=2))
    assert [[c.event for c in changes] for changes in reported] == [[Event.NEW], [], [Event.RECOVERED]]
    [[opened], _, [closed]] = reported
    assert closed == Change(Event.RECOVERED, opened.incident, (states["rounding"],))
    assert (states["rounding"].status, states["rounding"].seen_date) == ("recovered", DAY + timedelta(days=2))


def test_a_green_run_of_everything_recovers_what_it_no_longer_has() -> None:
    """Its activity is not declared any more, or its table is on neither server."""
    others = snapshot(day=1, compared=("refund",))
    assert events(snapshot(LOST), others, replace(others, complete=True)) == [[Event.NEW], [], [Event.RECOVERED]]
    earlier = replace(others, complete=True, recorded={"refund": NOON - timedelta(hours=1)})
    assert events(snapshot(LOST), earlier) == [[Event.NEW], []]


def test_an_incident_recovers_when_all_its_issues_have() -> None:
    _, reported = play(snapshot(LOST, GONE), snapshot(LOST, day=1), snapshot(day=2))
    assert [[c.event for c in changes] for changes in reported] == [[Event.NEW], [], [Event.RECOVERED]]
    assert len(reported[2][0].states) == 2


def test_what_has_recovered_is_reported_once() -> None:
    assert events(snapshot(LOST), snapshot(day=1), snapshot(day=2)) == [[Event.NEW], [Event.RECOVERED], []]


def test_a_worse_incident_shows_what_is_still_open_and_leaves_out_what_has_recovered() -> None:
    _, reported = play(snapshot(LOST, GONE), snapshot(LOST, day=1), snapshot(replace(LOST, rows=99), day=2))
    [change] = reported[2]
    assert (change.event, [state.cause for state in change.states]) == (Event.WORSE, ["rounding"])


def test_wrong_again_after_it_was_right_is_a_new_incident() -> None:
    _, reported = play(snapshot(LOST), snapshot(day=1), snapshot(LOST, day=2))
    assert [change.event for change in reported[2]] == [Event.NEW]
    assert reported[2][0].incident != reported[0][0].incident
    same_day = events(snapshot(LOST), snapshot(day=1), snapshot(LOST, day=1))
    assert same_day == [[Event.NEW], [Event.RECOVERED], [Event.NEW]]


def test_a_cause_that_appears_later_pages_anew() -> None:
    _, reported = play(snapshot(LOST), snapshot(LOST, GONE, day=1))
    [change] = reported[1]
    assert (change.event, [state.cause for state in change.states]) == (Event.NEW, ["missing_rows"])


def test_an_older_run_changes_nothing_that_a_later_one_said() -> None:
    states, reported = play(snapshot(LOST, day=1), snapshot(replace(LOST, rows=99)), snapshot())
    assert reported[1:] == [[], []]
    assert (states["rounding"].row_count, states["rounding"].status) == (10, "open")
    assert events(snapshot(LOST, day=1), snapshot(day=2), snapshot(LOST, day=0))[2] == []


def test_the_gate_of_an_earlier_run_that_is_opened_again_recovers_nothing_that_was_found_since() -> None:
    before, since = replace(snapshot(), recorded={"settle": NOON - timedelta(hours=1)}), snapshot()
    assert events(snapshot(LOST), before, replace(since, recorded={"settle": NOON})) == [
        [Event.NEW], [], [Event.RECOVERED],
    ]  # fmt: skip


def test_a_run_of_a_date_to_come_silences_and_holds_open_nothing() -> None:
    one_day = timedelta(days=1)
    future = replace(snapshot(day=900), now=NOON)
    assert events(snapshot(LOST), future, replace(snapshot(LOST, day=1), now=NOON + one_day))[2] == [Event.NEW]
    wrong = replace(snapshot(LOST, day=900), now=NOON)
    assert events(wrong, replace(snapshot(day=1), now=NOON + one_day)) == [[Event.NEW], [Event.RECOVERED]]


def test_one_row_that_becomes_two_is_worse() -> None:
    one = replace(LOST, rows=1)
    assert events(snapshot(one), snapshot(replace(LOST, rows=2), day=1)) == [[Event.NEW], [Event.WORSE]]


def test_an_issue_that_comes_back_pages_even_beside_one_that_stayed() -> None:
    snapshots = snapshot(LOST, GONE), snapshot(LOST, day=1), snapshot(replace(LOST, rows=99), GONE, day=2)
    assert sorted(events(*snapshots)[2]) == [Event.NEW, Event.WORSE]


def test_one_issue_that_grew_makes_its_incident_worse_whatever_the_others_did() -> None:
    assert events(snapshot(LOST, GONE), snapshot(LOST, replace(GONE, rows=6), day=1))[1] == [Event.WORSE]


def test_events_are_called_what_the_store_and_channels_call_them() -> None:
    assert [event.value for event in Event] == ["new", "worse", "recovered"]


@pytest.mark.parametrize(
    ("cause", "reported", "recovers"),
    [
        ("night_not_green", {"green": True}, True),
        ("night_not_green", {}, False),
        ("night_not_green", {"ended": "azure"}, False),
        ("late", {"green": True}, True),
        ("late", {"ended": "azure"}, True),
        ("late", {"ended": "legacy"}, False),
        ("late", {}, False),
    ],
)
def test_what_is_wrong_with_a_run_is_resolved_by_a_green_one_or_by_the_end_of_what_was_late(
    cause: str, reported: dict[str, Any], recovers: bool
) -> None:
    issue = Issue("", "azure", cause, "is late")
    assert events(snapshot(issue), replace(snapshot(day=1), **reported))[1] == (
        [Event.RECOVERED] if recovers else []
    )


def test_a_late_run_without_a_name_is_not_resolved_by_one_that_names_nothing() -> None:
    nameless = Issue("", "", "late", "is late")
    assert events(snapshot(nameless), snapshot(day=1))[1] == []


def test_the_same_date_run_again_counts_as_much_as_the_first_time() -> None:
    assert events(snapshot(LOST), snapshot(replace(LOST, rows=99)), snapshot()) == [
        [Event.NEW],
        [Event.WORSE],
        [Event.RECOVERED],
    ]
