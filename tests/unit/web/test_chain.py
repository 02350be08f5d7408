"""How far a run came, as a drawing and in words."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from parity.compare.result import Rows, Verdict
from parity.flow.database_run.plan import DATABASE
from parity.flow.stages import Stage
from parity.history.records import ActivityKey, ActivityRecord, ExpectationResult, RemoteRun
from parity.web.chain import MOST_LINES, chain

DAY, NOON = date(2026, 3, 2), datetime(2026, 3, 3, tzinfo=UTC)
RAN = ("adf_pipeline", "glue", "adf_activity", "athena", "databricks")
FOUND = ExpectationResult("legacy", "ExpectColumnToExist", "fee", "critical", "pass")


def record(name: str, verdict: Verdict, ran: int = len(RAN), **facts: Any) -> ActivityRecord:
    """A record whose first ``ran`` remote runs ended well."""
    runs = tuple(RemoteRun(kind, "1") for kind in RAN[:ran])
    return ActivityRecord(ActivityKey("payments", name, DAY, "r"), verdict, "", NOON, remote_runs=runs, **facts)


def through(name: str, verdict: Verdict = Verdict.PASS, **facts: Any) -> ActivityRecord:
    return record(name, verdict, report="r.json", findings=(FOUND,), **facts)


def words(*records: ActivityRecord, database: bool = False) -> list[str]:
    drawn = chain(records, database=database)
    assert drawn
    return [f"{line.title}: {line.words}" for line in drawn.lines]


def test_what_broke_comes_first_and_what_waited_for_it_below() -> None:
    broken = record("load", Verdict.INVALID, 2, broken_stage="adf_activity")
    waiting = record("settle", Verdict.INVALID, 2, broken_stage="adf_activity", caused_by="load")
    drawn = chain([through("fees"), waiting, broken, through("refund")])
    assert drawn
    assert drawn.first == "Broke first: ADF activity, load. 1 activity waited for it."
    assert [(line.title, line.words) for line in drawn.lines] == [
        ("load", "ADF activity broke; without output: Athena, Databricks, Comparison, Expectations"),
        ("settle", "waited for load"),
        ("fees, refund", "went through"),
    ]
    [wait] = drawn.waits
    assert wait.startswith("M")
    assert all(
        0 < mark.x < drawn.width and 0 < mark.y < drawn.height for line in drawn.lines for mark in line.marks
    )


def test_the_earliest_stage_is_what_broke_first() -> None:
    later = record("a", Verdict.INVALID, broken_stage=Stage.HELPER)
    earlier = record("b", Verdict.INVALID, 0, broken_stage=Stage.GLUE)
    drawn = chain([later, earlier])
    assert drawn
    assert drawn.first == "Broke first: Glue job, b."


def test_what_something_waited_for_is_drawn_though_it_is_no_activity_of_the_suite() -> None:
    waiting = [record(name, Verdict.INVALID, 1, broken_stage="adf_activity", caused_by="copy") for name in "ab"]
    assert words(*waiting) == ["copy: ADF activity broke", "a, b: waited for copy"]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"verdict": Verdict.FAIL, "rows": Rows(changed=1)}, "Comparison differs"),
        ({"verdict": Verdict.INVALID}, "Comparison broke"),
    ],
)
def test_what_was_compared_stops_at_the_comparison(facts: Any, said: str) -> None:
    assert words(through("fees", **facts)) == [f"fees: {said}"]


@pytest.mark.parametrize(
    ("verdict", "outcome", "said"), [(Verdict.FAIL, "fail", "differs"), (Verdict.INVALID, "invalid", "broke")]
)
def test_an_expectation_alone_stops_it_at_the_expectations(verdict: Verdict, outcome: str, said: str) -> None:
    found = ExpectationResult("target", "ExpectColumnToExist", "fee", "critical", outcome)
    assert words(record("fees", verdict, report="r.json", findings=(found,))) == [f"fees: Expectations {said}"]


def test_a_glue_job_that_was_not_declared_is_not_drawn() -> None:
    plain = ActivityRecord(ActivityKey("payments", "a", DAY, "r"), Verdict.PASS, "", NOON, report="r.json")
    drawn = chain([plain])
    assert drawn
    assert len(drawn.lines[0].marks) == len(RAN) + 1


def test_nothing_is_drawn_of_what_does_not_say_where_it_stopped() -> None:
    old = ActivityRecord(ActivityKey("payments", "a", DAY, "r"), Verdict.INVALID, "", NOON, first_broken="Glue")
    assert chain([old]) is None
    assert words(old, through("fees")) == ["fees: went through"]


def test_many_activities_that_came_equally_far_are_one_line() -> None:
    same = [record(f"a{at:03}", Verdict.INVALID, 0, broken_stage=Stage.PIPELINE) for at in range(500)]
    drawn = chain(same)
    assert drawn
    assert [line.title for line in drawn.lines] == ["a000, a001, a002 and 497 more"]


def test_a_drawing_is_bounded() -> None:
    many = [
        record(f"a{at}", Verdict.INVALID, 1, broken_stage="adf_activity", caused_by=f"c{at}") for at in range(40)
    ]
    drawn = chain(many)
    assert drawn
    assert (len(drawn.lines), drawn.hidden) == (MOST_LINES, 80 - MOST_LINES)


def table(name: str, verdict: Verdict, *kinds: str, **facts: Any) -> ActivityRecord:
    runs = tuple(RemoteRun(kind, "1") for kind in kinds)
    return ActivityRecord(ActivityKey("db.ledger", name, DAY, "r"), verdict, "", NOON, remote_runs=runs, **facts)


def test_a_database_has_one_line_with_its_worst_table() -> None:
    whole = table(DATABASE, Verdict.PASS, "RDS instance", "Azure flexible server")
    tables = [table("a", Verdict.PASS), table("b", Verdict.FAIL)]
    assert words(whole, *tables, database=True) == ["(database): Tables differs"]
    stopped = table(DATABASE, Verdict.INVALID, "RDS instance", broken_stage="flexible_server")
    assert words(stopped, database=True) == ["(database): Azure MySQL broke; without output: Schema, Tables"]
    schema = table(DATABASE, Verdict.FAIL)
    assert words(schema, table("a", Verdict.PASS), database=True) == ["(database): Schema differs"]
    assert chain(tables, database=True) is None
