"""The verdict on a table, and on a whole database, as functions of facts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from parity.compare.result import Canary, CanaryCheck, ColumnFacts, NotCompared, Omission, Result, Rows, Verdict
from parity.sql.columns import Column, Kind
from parity.suite.databases import TableRules
from parity.tablediff.rows.checkpoint import Checkpoint
from parity.tablediff.rows.recheck import Recheck
from parity.tablediff.schema.cutover import CutoverLine
from parity.tablediff.schema.diff import SchemaDifference
from parity.tablediff.table_plan import TablePlan
from parity.tablediff.verdict import (
    DatabaseResult,
    TableFacts,
    TableResult,
    judge_database,
    judge_one_sided,
    judge_table,
    refused,
)

KEY, NAME = Column("id", Kind.INTEGER, nullable=False), Column("name", Kind.TEXT)
SKIPPED = NotCompared("column blob", "ignored: too long")
PLAN = TablePlan("people", (KEY, NAME), (KEY, NAME), (KEY,), (KEY,), not_compared=(SKIPPED,), coverage=0.75)
EQUAL = Checkpoint("f", legacy=1200, target=1200, chunks=3, rows_fetched=4, hashes_fetched=5, count_checked=True)
SEEN = CanaryCheck(2)


def facts(**given: Any) -> TableFacts:
    return TableFacts(**{"plan": PLAN, "checkpoint": EQUAL, "canary": SEEN, **given})


def judged(**given: Any) -> tuple[Verdict, str]:
    result = judge_table(facts(**given)).result
    return result.verdict, result.reason


def with_rules(**rules: Any) -> TablePlan:
    return replace(PLAN, rules=TableRules.model_validate(rules))


def different(rows: int = 2, verdict: Verdict = Verdict.FAIL, **given: Any) -> dict[str, Any]:
    """Facts of a table in which both counts see the same number of changed rows."""
    counts = Rows(legacy=1200, target=1200, equal=1200 - rows, changed=rows)
    explained = Result(verdict, f"{rows} changed rows.", counts, canary=Canary(5, 5))
    return {"checkpoint": replace(EQUAL, changed=rows), "explained": explained, **given}


def test_an_equal_table_passes_with_all_its_counts() -> None:
    result = judge_table(facts(seconds=1.23456, peak_mib=7.5, duplicates=(3, 4))).result
    assert result == Result(
        Verdict.PASS,
        "1,200 rows equal in 2 columns.",
        Rows(legacy=1200, target=1200, equal=1200, duplicate_legacy=3, duplicate_target=4),
        (ColumnFacts("id", 1200, 0), ColumnFacts("name", 1200, 0)),
        not_compared=(SKIPPED,),
        coverage=0.75,
        canary=Canary(2, 2),
        seconds=1.235,
        peak_mib=7.5,
        extra={
            "mysql": {
                "key": ["id"],
                "spans": 3,
                "rows_fetched": 4,
                "rows_looked_at": 5,
                "in_flight": 0,
                "changed_again": 0,
                "resumed": 0,
            }
        },
    )
    assert judge_table(facts()).table == "people"


def test_a_table_without_a_key_says_so() -> None:
    result = judge_table(facts(plan=replace(PLAN, keyless=True))).result
    assert result.extra["mysql"]["key"] == []
    assert result.not_compared[-1] == NotCompared(
        "rows by key", "there is no key without NULLs; whole rows were counted"
    )


def test_different_rows_keep_the_engines_verdict_reason_and_canary() -> None:
    assert judged(**different()) == (Verdict.FAIL, "2 changed rows.")
    assert judged(**different(verdict=Verdict.WAIVED)) == (Verdict.WAIVED, "2 changed rows.")
    result = judge_table(facts(**different(canary=CanaryCheck(2)))).result
    assert result.canary == Canary(7, 7)


def test_a_change_that_the_digest_did_not_see_is_invalid_whatever_else_was_found() -> None:
    blind = CanaryCheck(2, ("name",))
    said = "The digest missed a change that was planted in column name."
    assert judged(canary=blind) == (Verdict.INVALID, said)
    assert judged(**different(canary=blind)) == (Verdict.INVALID, said)
    assert judge_table(facts(canary=blind)).result.canary == Canary(2, 1, blind=("name",))


@pytest.mark.parametrize(("legacy", "target"), [(1200, 1200), (1, 0), (0, 1)])
def test_rows_without_a_planted_change_are_invalid(legacy: int, target: int) -> None:
    checkpoint = Checkpoint("f", legacy=legacy, target=target)
    verdict, reason = judged(checkpoint=checkpoint, canary=CanaryCheck(0))
    assert (verdict, reason) == (
        Verdict.INVALID,
        "The digest is not proven by a canary: no change was planted.",
    )


def test_no_rows_at_all_are_equal_unless_the_rules_forbid_it() -> None:
    nothing = {"checkpoint": Checkpoint("f"), "canary": CanaryCheck(0)}
    assert judged(**nothing, plan=with_rules(allow_empty=True)) == (Verdict.PASS, "0 rows equal in 2 columns.")
    verdict, reason = judged(**nothing, plan=with_rules(allow_empty=False))
    remedy = "Set allow_empty for the table, or for the database (at a terminal: --allow-empty), if none is right."
    assert (verdict, reason) == (
        Verdict.INVALID,
        f"Nothing was compared: both sides have zero rows. {remedy}",
    )
    assert judged(plan=with_rules(allow_empty=False))[0] is Verdict.PASS


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (1, "1 row changed every time it was read; it cannot be judged."),
        (1500, "1,500 rows changed every time they were read; they cannot be judged."),
    ],
)
def test_rows_that_never_rest_are_invalid(rows: int, said: str) -> None:
    assert judged(recheck=Recheck(unstable=rows)) == (Verdict.INVALID, said)


def test_a_column_without_a_text_is_invalid_unless_the_floor_of_coverage_allows_it() -> None:
    unreadable = ("shape", "other")
    said = "Column shape could not be compared: its type has no canonical text."
    assert judged(plan=replace(PLAN, unreadable=unreadable)) == (Verdict.INVALID, said)
    assert judged(plan=replace(with_rules(coverage=0.99), unreadable=unreadable))[0] is Verdict.PASS


@pytest.mark.parametrize(
    ("rows", "side"),
    [
        (Rows(legacy=9, target=9, equal=8), "legacy"),
        (Rows(legacy=9, target=10, equal=8, missing=1), "target"),
        (Rows(legacy=9, target=8, equal=7, changed=1, missing=2), "legacy"),
        (Rows(legacy=9, target=12, equal=8, changed=1, extra=2), "target"),
    ],
)
def test_counts_that_do_not_add_up_are_invalid(rows: Rows, side: str) -> None:
    explained = Result(Verdict.FAIL, "", rows)
    verdict, reason = judged(explained=explained, checkpoint=replace(EQUAL, changed=rows.different))
    assert (verdict, reason) == (Verdict.INVALID, f"The counts of the {side} side do not add up.")


def test_counts_that_add_up_are_judged() -> None:
    rows = Rows(legacy=12, target=13, equal=8, changed=1, missing=3, extra=4)
    checkpoint = replace(EQUAL, changed=1, missing=3, extra=4)
    assert judged(explained=Result(Verdict.FAIL, "so", rows), checkpoint=checkpoint) == (Verdict.FAIL, "so")


def test_the_servers_count_and_the_engines_must_agree() -> None:
    given = different(2)
    ours = replace(EQUAL, changed=1)
    said = "Two counts disagree: 1 different row by the servers' texts, 2 by their values."
    assert judged(**{**given, "checkpoint": ours}) == (Verdict.INVALID, said)
    equal = Result(Verdict.PASS, "", Rows(legacy=1200, target=1200, equal=1200))
    verdict, reason = judged(explained=equal, checkpoint=replace(EQUAL, missing=1500))
    said = "Two counts disagree: 1,500 different rows by the servers' texts, 0 by their values."
    assert (verdict, reason) == (Verdict.INVALID, said)


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        ({"tolerance": "0.01"}, Verdict.PASS),
        ({"trim": "right"}, Verdict.PASS),
        ({"legacy_sql": "upper(name)"}, Verdict.PASS),
        ({"target_sql": "upper(name)"}, Verdict.PASS),
        ({"legacy_timezone": "Europe/Berlin"}, Verdict.PASS),
        ({"target_timezone": "Europe/Berlin"}, Verdict.PASS),
        ({"sensitive": True}, Verdict.INVALID),
    ],
)
def test_only_a_rule_that_lets_rows_pass_explains_two_counts(rule: dict[str, Any], verdict: Verdict) -> None:
    equal = Result(Verdict.PASS, "", Rows(legacy=1200, target=1200, equal=1200))
    plan = with_rules(columns={"name": rule, "id": {"sensitive": True}})
    assert judged(plan=plan, explained=equal, checkpoint=replace(EQUAL, changed=1))[0] is verdict


def test_what_the_engine_calls_invalid_stays_invalid_in_its_words() -> None:
    given = different(2, Verdict.INVALID)
    assert judged(**{**given, "checkpoint": EQUAL}) == (Verdict.INVALID, "2 changed rows.")


def test_a_column_of_one_side_fails_and_a_waiver_covers_it() -> None:
    plan = replace(PLAN, one_sided=("a", "b"))
    assert judged(plan=plan) == (Verdict.FAIL, "Column a is on one side only (2 such columns).")
    assert judged(plan=plan, waived=("a",)) == (Verdict.FAIL, "Column b is on one side only (1 such column).")
    assert judged(plan=plan, waived=("a", "b")) == (
        Verdict.WAIVED,
        "1,200 rows equal in 2 columns. Columns on one side only are waived.",
    )
    said = "Column a is on one side only (2 such columns). 2 changed rows."
    assert judged(plan=plan, **different()) == (Verdict.FAIL, said)
    assert judged(plan=plan, waived=("a", "b"), **different()) == (Verdict.FAIL, "2 changed rows.")
    assert judged(plan=plan, waived=("a", "b"), **different(verdict=Verdict.WAIVED))[1] == "2 changed rows."


def test_what_was_not_seen_in_one_snapshot_is_listed() -> None:
    checkpoint = replace(EQUAL, resumed=2, partitions=4, changed=2)
    recheck = Recheck(in_flight=3, skipped="there are too many", changed_again=1)
    result = judge_table(facts(**different(recheck=recheck) | {"checkpoint": checkpoint})).result
    lost = "the connection was lost 2 times; each time a new snapshot was taken"
    parts = "4 partitions of the table were read at once, each in a snapshot of its own"
    assert result.not_compared == (
        NotCompared("rows in flight", "were equal when read again", 3),
        NotCompared("second read of different rows", "there are too many", 2),
        NotCompared("one single snapshot", lost),
        NotCompared("one single snapshot", parts),
    )
    assert (result.extra["mysql"]["in_flight"], result.extra["mysql"]["changed_again"]) == (3, 1)
    assert result.extra["mysql"]["resumed"] == 2


def test_a_refused_table_is_invalid_with_the_reason_and_what_was_left_out() -> None:
    assert refused(PLAN, "no right") == TableResult(
        "people", Result(Verdict.INVALID, "no right", not_compared=(SKIPPED,))
    )


@pytest.mark.parametrize(
    ("only_side", "counts"), [("legacy", Rows(legacy=7, missing=7)), ("target", Rows(target=7, extra=7))]
)
def test_all_rows_of_a_table_on_one_side_are_missing_or_extra(only_side: str, counts: Rows) -> None:
    alone = replace(PLAN, only_side=only_side)
    reason = f"The table is on the {only_side} side only; it has 7 rows."
    assert judge_one_sided(alone, 7, waived=False) == TableResult("people", Result(Verdict.FAIL, reason, counts))
    assert judge_one_sided(alone, 7, waived=True).result.verdict is Verdict.WAIVED


def table(name: str, verdict: Verdict, rows: Rows | None = None) -> TableResult:
    return TableResult(name, Result(verdict, f"it is {verdict}.", rows or Rows(legacy=3, target=3, equal=3)))


ROUTINE = SchemaDifference("f", "routine", "body", "a", "b")
TRIGGERS = NotCompared("triggers", "no right")


def whole(
    *tables: TableResult, schema: tuple[SchemaDifference, ...] = (), unread: tuple[NotCompared, ...] = ()
) -> tuple[Verdict, str]:
    found = judge_database(DatabaseResult("ledger", Verdict.INVALID, "", tables, schema), unread)
    return found.verdict, found.reason


def test_a_database_passes_when_every_table_does() -> None:
    a, b = table("a", Verdict.PASS), table("b", Verdict.PASS)
    assert whole(a) == (Verdict.PASS, "1 table with 3 rows is equal.")
    assert whole(a, b) == (Verdict.PASS, "2 tables with 6 rows are equal.")


def test_a_database_without_a_table_or_with_something_unread_is_invalid() -> None:
    assert whole() == (Verdict.INVALID, "Nothing was compared: no table is left.")
    said = "Not everything could be read: triggers: no right"
    assert whole(table("a", Verdict.PASS), unread=(TRIGGERS,)) == (Verdict.INVALID, said)
    failed = table("b", Verdict.FAIL), table("c", Verdict.FAIL)
    assert whole(failed[0], unread=(TRIGGERS,)) == (Verdict.INVALID, f"{said} 1 table differs.")
    assert whole(*failed, unread=(TRIGGERS,)) == (Verdict.INVALID, f"{said} 2 tables differ.")


def test_one_invalid_table_makes_the_database_invalid_before_any_difference() -> None:
    bad, worse, ugly = (table(name, Verdict.INVALID) for name in ("b", "c", "d"))
    said = "Table b could not be compared: it is INVALID."
    assert whole(table("a", Verdict.PASS), bad) == (Verdict.INVALID, said)
    assert whole(table("a", Verdict.FAIL), bad) == (Verdict.INVALID, f"{said} 1 table differs.")
    assert whole(bad, worse)[1].startswith("Table b could not be compared (and 1 more table): it")
    assert whole(bad, worse, ugly)[1].startswith("Table b could not be compared (and 2 more tables): it")


def test_different_rows_and_different_objects_fail() -> None:
    rows = Rows(legacy=3, target=4, equal=2, changed=1, extra=1)
    bad = [table(name, Verdict.FAIL, rows) for name in "abcdef"]
    assert whole(bad[0], table("z", Verdict.PASS)) == (Verdict.FAIL, "2 rows differ in 1 table (a).")
    assert whole(*bad) == (Verdict.FAIL, "12 rows differ in 6 tables (a, b, c, d, e).")
    assert whole(table("a", Verdict.PASS), schema=(ROUTINE,)) == (Verdict.FAIL, "1 schema difference.")
    one = table("a", Verdict.FAIL, Rows(legacy=3, target=3, equal=2, changed=1))
    said = "1 row differs in 1 table (a); 2 schema differences."
    assert whole(one, schema=(ROUTINE, ROUTINE)) == (Verdict.FAIL, said)


def test_what_waivers_cover_is_waived_and_a_failure_beside_it_is_not() -> None:
    covered = replace(ROUTINE, waived="PAY-1")
    a = table("a", Verdict.PASS)
    said = "Every difference is covered by a waiver."
    assert whole(a, schema=(covered,)) == (Verdict.WAIVED, said)
    assert whole(a, table("b", Verdict.WAIVED)) == (Verdict.WAIVED, said)
    assert whole(table("b", Verdict.WAIVED), table("c", Verdict.FAIL))[0] is Verdict.FAIL
    assert whole(a, schema=(covered, ROUTINE)) == (Verdict.FAIL, "1 schema difference.")


def test_the_json_of_a_database_holds_everything_under_the_contracts_names() -> None:
    line, cloud = CutoverLine("sql_mode", "ok", "a", "a"), CutoverLine("backup", "differs", "7", "8")
    found = DatabaseResult(
        "ledger", Verdict.FAIL, "so", (table("a", Verdict.FAIL),), (ROUTINE,), (line,), (SKIPPED,),
        ("8.0.1", "9.7.4"), (cloud,), ({"ticket": "PAY-1", "state": "covers"},), 1.5, 2.5,
    )  # fmt: skip
    given = found.to_json()
    assert (given["version"], given["database"], given["verdict"], given["reason"]) == (1, "ledger", "FAIL", "so")
    assert (given["tables"][0]["table"], given["tables"][0]["verdict"]) == ("a", "FAIL")
    assert (given["schema"][0]["object"], given["schema"][0]["legacy"], given["schema"][0]["target"]) == (
        "f",
        "a",
        "b",
    )
    assert [one["check"] for one in given["cutover"]] == ["sql_mode", "backup"]
    assert given["not_compared"][0]["what"] == "column blob"
    assert given["servers"] == {"legacy": "8.0.1", "target": "9.7.4"}
    assert given["waivers"] == [{"ticket": "PAY-1", "state": "covers"}]
    assert (given["seconds"], given["peak_mib"]) == (1.5, 2.5)


def test_what_is_not_given_is_nothing() -> None:
    bare = TableFacts(PLAN, EQUAL)
    assert bare == TableFacts(PLAN, EQUAL, CanaryCheck(0), Recheck(), (0, 0), None, (), 0.0, 0.0)
    assert bare.explained is None
    found = DatabaseResult("ledger", Verdict.PASS, "so")
    assert found == DatabaseResult("ledger", Verdict.PASS, "so", (), (), (), (), ("", ""), (), (), 0.0, 0.0)


def test_two_partitions_are_two_snapshots_and_one_is_one() -> None:
    for partitions, listed in ((1, 1), (2, 2)):
        result = judge_table(facts(checkpoint=replace(EQUAL, partitions=partitions))).result
        assert len(result.not_compared) == listed


def test_a_database_that_cannot_be_judged_is_invalid_whatever_it_was_called_before() -> None:
    assert judge_database(DatabaseResult("ledger", Verdict.PASS, ""), ()).verdict is Verdict.INVALID


@pytest.mark.parametrize(("legacy", "target", "listed"), [(0, 0, True), (1, 0, False), (0, 1, False)])
def test_a_table_without_a_row_says_so_where_that_is_allowed(legacy: int, target: int, listed: bool) -> None:
    checkpoint = Checkpoint("f", legacy=legacy, target=target, count_checked=True)
    found = judge_table(facts(plan=with_rules(allow_empty=True), checkpoint=checkpoint)).result.not_compared
    none = NotCompared("rows", "there is none on either side, which allow_empty permits")
    assert (none in found) is listed


def test_rows_that_were_not_counted_by_the_server_or_lie_outside_of_a_condition_are_listed() -> None:
    uncounted = judge_table(facts(checkpoint=replace(EQUAL, count_checked=False))).result.not_compared
    assert uncounted[1:] == (
        NotCompared("the number of rows with COUNT(*)", "there was no single snapshot to count under"),
    )
    some = judge_table(facts(plan=with_rules(where="paid"))).result.not_compared
    assert some[1:] == (NotCompared("rows outside the condition", "where: paid", kind=Omission.IGNORED),)


def test_a_look_at_some_of_the_rows_or_objects_is_never_called_whole() -> None:
    partly = judge_table(facts(plan=with_rules(where="paid")))
    left_out = (NotCompared("view v", "excluded", kind=Omission.IGNORED),)
    found = DatabaseResult("db", Verdict.INVALID, "", (partly,), not_compared=left_out)
    assert judge_database(found, ()).reason == (
        "1 table with 1,200 rows is equal. Left out: 1 table, view or sequence. "
        "Rows or columns are left out of 1 table."
    )
