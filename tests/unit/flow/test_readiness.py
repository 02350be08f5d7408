"""When a wave is ready, and everything that must keep it from being called so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from parity.alerts.lifecycle import AlertState
from parity.compare.control_totals import ControlTotals
from parity.compare.result import Rows, Verdict
from parity.flow.readiness import Criterion, Readiness, readiness
from parity.history.records import ActivityKey, ActivityRecord, RunRecord
from parity.history.store import Store, open_store
from parity.suite.databases import Database
from parity.suite.models import Suite
from parity.suite.suite_files import load_suites
from parity.suite.waves import Criteria, Wave

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
LAST = date(2026, 3, 31)
"""The business date of a suite's run of now."""
P, W, F, X = Verdict.PASS, Verdict.WAIVED, Verdict.FAIL, Verdict.INVALID
WAIVER = {"state": "covers", "ticket": "PAY-1", "owner": "vendor-data-lead"}


@pytest.fixture(scope="module")
def suite() -> Suite:
    whole = load_suites(Path("include/suites")).models["payments"]
    return whole.model_copy(update={"activities": whole.activities[:2], "timezone": "UTC"})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(f"sqlite:///{tmp_path / 'results.db'}")


class World:
    """A store with nights of one suite of two activities."""

    def __init__(self, store: Store, suite: Suite) -> None:
        self.store, self.suite = store, suite
        self.names = [activity.name for activity in suite.activities]

    def night(
        self,
        back: int,
        *verdicts: Verdict | None,
        run: str = "",
        whole: Verdict | None = P,
        kind: str = "scheduled",
        **facts: Any,
    ) -> None:
        """Record a run so many days back, with a verdict for each activity; None for none."""
        day = LAST - timedelta(days=back)
        at = datetime(day.year, day.month, day.day, 2 + len(run), tzinfo=UTC) + timedelta(days=1)
        name = f"{kind}__{day}{run}"
        self.store.record_run(RunRecord("payments", name, day, at, at, whole, ""))
        for activity, verdict in zip(self.names, verdicts, strict=False):
            if verdict is not None:
                key = ActivityKey("payments", activity, day, name)
                self.store.record_activity(ActivityRecord(key, verdict, "", at, Rows(100, 100, 100), **facts))

    def green(self, *back: int) -> None:
        for one in back:
            self.night(one, P, P)

    def ask(self, **criteria: Any) -> Readiness:
        asked = Criteria(**{"green_nights": 3, "repeated": 0, **criteria})
        return readiness(
            self.store, Wave(wave=1, suites=("payments",), ready=asked), {"payments": self.suite}, {}, NOW
        )

    def criterion(self, name: str, **criteria: Any) -> Criterion:
        return next(one for one in self.ask(**criteria).criteria if one.name == name)


@pytest.fixture
def world(store: Store, suite: Suite) -> World:
    return World(store, suite)


def test_enough_green_nights_up_to_now_are_ready(world: World) -> None:
    world.green(0, 1, 2)
    found = world.ask()
    assert (found.ready, found.exit_code, found.done, found.nights, found.rows) == (True, 0, 1.0, 3, 600)
    assert not found.blocking


def test_nothing_recorded_cannot_be_answered(world: World) -> None:
    found = world.ask()
    assert (found.ready, found.exit_code, found.earliest) == (None, 2, None)
    assert found.blocking[0].detail == "nothing is recorded since 2026-03-27"


@pytest.mark.parametrize(
    ("break_it", "why"),
    [
        (lambda w: w.night(1, P, F, whole=F), "is FAIL on 2026-03-30"),
        (lambda w: w.night(1, P, X, whole=X), "is INVALID on 2026-03-30"),
        (lambda w: w.night(1, P, None), "has no result for 2026-03-30"),
        (lambda w: w.night(1, P, P, whole=F), "the run is FAIL on 2026-03-30"),
        (lambda w: w.night(1, P, P, whole=None), "the run of 2026-03-30 has not ended"),
        (lambda w: w.night(1), "has no result for 2026-03-30"),
        (lambda _: None, "nothing ran between 2026-03-29 and 2026-03-31"),
    ],
)
def test_a_night_that_proves_nothing_ends_the_row(world: World, break_it: Any, why: str) -> None:
    world.green(0, 2, 3)
    break_it(world)
    found = world.criterion("green nights")
    assert not found.met
    assert found.detail.startswith("1 of 3: ")
    assert why in found.detail


def test_the_newest_result_of_a_date_counts_and_a_run_of_one_activity_proves_only_that_one(world: World) -> None:
    world.green(0, 1)
    world.night(2, P, F, whole=F)
    world.night(2, P, None, run="x")
    assert world.criterion("green nights").detail.startswith("2 of 3")
    world.night(2, None, P, run="xx")
    assert world.criterion("green nights").met


def test_seeded_nights_prove_nothing_and_hide_nothing(world: World) -> None:
    for back in range(5):
        world.night(back, P, P, kind="seeded")
        world.night(back, P, P, run="x", kind="seeded")
    assert world.ask(repeated=2).ready is None
    world.green(0, 2)
    world.night(1, P, F, whole=F)
    world.night(1, P, P, run="x", kind="seeded")
    found = world.criterion("green nights", longest_gap=3)
    assert found.detail.startswith("1 of 3: ")
    assert "is FAIL on 2026-03-30" in found.detail
    assert world.criterion("repeated", repeated=1).detail == "0 of 1 date compared twice"


def test_nights_of_long_ago_are_no_row_up_to_now(world: World) -> None:
    world.green(2, 3, 4, 5)
    found = world.criterion("green nights")
    assert not found.met
    assert found.detail == "0 of 3: nothing ran between 2026-03-29 and 2026-03-31"
    assert world.criterion("green nights", longest_gap=3).met


def test_tonights_run_may_be_under_way(world: World) -> None:
    world.green(1, 2, 3)
    world.night(0, whole=None)
    assert world.criterion("green nights").met


def test_dates_must_be_green_themselves(world: World) -> None:
    world.green(0, 1, 2, 9)
    world.night(8, P, F, whole=F)
    dates = [LAST - timedelta(days=back) for back in (9, 8, 7)]
    found = world.criterion("dates", dates=dates)
    assert not found.met
    assert found.done == pytest.approx(1 / 3)
    assert "FAIL on 2026-03-23" in found.detail
    assert "nothing ran for 2026-03-24" in found.detail
    assert world.criterion("dates", dates=dates[:1]).met


def test_a_date_is_repeated_when_every_activity_was_green_in_two_runs(world: World) -> None:
    world.green(0, 1, 2)
    world.night(1, P, None, run="x")
    assert not world.criterion("repeated", repeated=1).met
    world.night(1, None, P, run="xx")
    assert world.criterion("repeated", repeated=1).met
    assert not world.criterion("repeated", repeated=2).met


def test_waivers_block_unless_they_may_stay(world: World) -> None:
    world.green(1, 2)
    world.night(0, P, W, whole=W, waivers=(WAIVER, {**WAIVER, "state": "unused", "ticket": "PAY-2"}))
    found = world.criterion("waivers")
    assert not found.met
    assert found.detail == f"{world.names[1]}: PAY-1 of vendor-data-lead"
    assert world.criterion("waivers", waivers=["PAY-1"]).met
    assert world.criterion("green nights").met


@pytest.mark.parametrize(("severity", "met"), [("info", False), ("warning", False), ("critical", True)])
def test_an_open_incident_blocks_from_its_severity_on(world: World, severity: str, met: bool) -> None:
    world.green(0, 1, 2)
    state = AlertState(
        "f",
        "payments",
        "compute_fees",
        "fee",
        "rounding",
        "i",
        "open",
        NOW,
        LAST,
        LAST,
        "warning",
        1,
        1,
        "it differs",
    )
    world.store.change_alerts("payments", lambda _: ([vars(state)], []))
    found = world.criterion("incidents", severity=severity)
    assert found.met is met
    world.store.change_alerts("payments", lambda _: ([vars(replace(state, status="recovered"))], []))
    assert world.criterion("incidents", severity=severity).met


def test_an_activity_that_asks_for_less_coverage_than_the_wave_blocks(world: World, suite: Suite) -> None:
    world.green(0, 1, 2)
    first, second = suite.activities
    world.suite = suite.model_copy(update={"activities": (first.model_copy(update={"coverage": 0.5}), second)})
    assert world.criterion("coverage").detail == f"{first.name} asks for 50% only"
    assert world.criterion("coverage", coverage=0.5).met


def test_a_database_that_never_ran_keeps_the_wave_from_being_ready(world: World) -> None:
    world.green(0, 1, 2)
    database = Database(database="ledger", owner="team", legacy="a", target="b")
    wave = Wave(wave=1, suites=("payments",), databases=("ledger",), ready=Criteria(green_nights=3, repeated=0))
    found = readiness(world.store, wave, {"payments": world.suite}, {"ledger": database}, NOW)
    assert found.ready is None
    assert found.exit_code == 2
    assert [one.subject for one in found.blocking] == ["db.ledger"]


def test_the_rest_and_the_risk_are_said_in_days_and_words(world: World) -> None:
    world.green(0, 1)
    found = world.ask(green_nights=14)
    assert found.earliest == date(2026, 4, 13)
    assert "2 green nights in a row, with 400 rows compared" in found.risk
    assert "78% of all nights" in found.risk
    assert found.done < 1


def test_clouds_whose_counts_are_asked_for_must_report_them_and_agree_each_night(world: World) -> None:
    equal = ControlTotals(glue=100, copied=100, read=100, athena=100, databricks=100)
    for back in (1, 2):
        world.night(back, P, P, control_totals=equal)
    world.night(0, P, P, control_totals=replace(equal, glue=103))
    assert "control totals" not in {one.name for one in world.ask().criteria}
    assert world.criterion("control totals", control_totals=["data_factory"]).met
    found = world.criterion("control totals", control_totals=["glue"])
    assert (found.met, found.done) == (False, pytest.approx(2 / 3))
    assert f"{world.names[0]} on {LAST}: Athena returned 3 rows fewer than Glue wrote" in found.detail
    world.night(1, P, P, run="x", control_totals=None)
    found = world.criterion("control totals", control_totals=["data_factory"])
    assert not found.met
    assert found.detail.startswith(f"{world.names[0]} on 2026-03-30: what Data Factory read is not reported")
    assert found.detail.endswith("and 1 more")


def test_without_a_green_night_no_count_is_confirmed(world: World) -> None:
    world.night(0, P, F, whole=F)
    assert (
        world.criterion("control totals", control_totals=["glue"]).detail == "there is no green night to look at"
    )


def test_a_run_of_some_tables_is_no_night_of_the_database(world: World) -> None:
    database = Database(database="ledger", owner="team", legacy="a", target="b")
    wave = Wave(wave=1, databases=("ledger",), ready=Criteria(green_nights=1, repeated=0))

    def green_nights(*tables: str) -> Criterion:
        day = database.business_date(NOW)
        world.store.record_run(RunRecord("db.ledger", "r", day, NOW, NOW, P, ""))
        for table in tables:
            world.store.record_activity(ActivityRecord(ActivityKey("db.ledger", table, day, "r"), P, "", NOW))
        return readiness(world.store, wave, {}, {"ledger": database}, NOW).criteria[0]

    assert green_nights("accounts").detail == "0 of 1: (database) has no result for 2026-04-01"
    assert green_nights("accounts", "(database)").met
