"""The verdict as a function of facts: every refusal, their order, and the words of every reason."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from parity.compare.result import Canary, Result, Rows, SchemaFact, Verdict
from parity.compare.schema.plan import ComparisonPlan, PlannedColumn
from parity.compare.spec import Spec
from parity.compare.verdict import Evidence, coverage, judge, only_keys

SPEC = Spec(key=("id",))
SEEN = Canary(planted=9, found=9)


def column(name: str, *, key: bool = False) -> PlannedColumn:
    """A compared column; its name and its part are all that a verdict looks at."""
    return cast("PlannedColumn", SimpleNamespace(name=name, key=key))


def plan(columns: str = "id v", total_columns: int | None = None, **recorded_as: Any) -> ComparisonPlan:
    compared = tuple(column(name, key=name == "id") for name in columns.split())
    given = {"schema": (), "left_out": (), "ignored": 0, "keyless": False, **recorded_as}
    total = len(compared) if total_columns is None else total_columns
    return ComparisonPlan(compared, total_columns=total, **given)


def evidence(**recorded_as: Any) -> Evidence:
    rows = Rows(legacy=3, target=3, equal=3)
    return Evidence(**{"plan": plan(), "rows": rows, "canary": SEEN, "uncovered": 0, "waived": 0, **recorded_as})


def fact(name: str, verdict: str) -> SchemaFact:
    return SchemaFact(name, "INTEGER", "VARCHAR", verdict)


def test_what_is_equal_passes_and_says_how_much_and_what_the_canary_saw() -> None:
    reason = "3 rows equal in 2 columns; 9 of 9 planted corruptions found."
    assert judge(evidence(), SPEC) == (Verdict.PASS, reason)
    one = evidence(plan=plan("id"), rows=Rows(1, 1, 1), canary=Canary(9, 8, hidden=("v",)))
    assert judge(one, SPEC) == (Verdict.PASS, "1 row equal in 1 column; 8 of 9 planted corruptions found.")


@pytest.mark.parametrize(
    ("waived", "said"), [(1, "1 difference, every one"), (2000, "2,000 differences, every one")]
)
def test_covered_differences_are_waived(waived: int, said: str) -> None:
    assert judge(evidence(waived=waived), SPEC) == (Verdict.WAIVED, f"{said} covered by a waiver.")


def test_one_uncovered_difference_fails_however_many_are_waived() -> None:
    rows = Rows(legacy=9, target=9, equal=8, changed=1)
    verdict, reason = judge(evidence(rows=rows, uncovered=1, waived=4000), SPEC)
    assert (verdict, reason) == (Verdict.FAIL, "1 changed row; 4,000 of the differences are waived.")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (Rows(changed=1), "1 changed row."),
        (Rows(missing=1), "1 missing row."),
        (Rows(extra=2), "2 extra rows."),
        (Rows(changed=1, missing=1), "1 changed and 1 missing rows."),
        (Rows(changed=1234, missing=2, extra=3), "1,234 changed, 2 missing and 3 extra rows."),
    ],
)
def test_the_reason_counts_each_kind_of_different_row(rows: Rows, said: str) -> None:
    found = replace(rows, legacy=5, target=5)
    assert judge(evidence(rows=found, uncovered=rows.different), SPEC) == (Verdict.FAIL, said)


def test_the_reason_names_the_columns_whose_schema_differs_and_no_more_than_five() -> None:
    differing = tuple(fact(f"c{n}", "incompatible") for n in range(6))
    wide = evidence(plan=plan(schema=(fact("id", "equal"), *differing)), uncovered=6)
    assert judge(wide, SPEC)[1] == "a different schema in 6 columns (c0, c1, c2, c3, c4)."
    both = replace(wide, plan=plan(schema=differing[:1]), rows=Rows(legacy=5, target=5, extra=1))
    assert judge(both, SPEC)[1] == "1 extra row; a different schema in 1 column (c0)."


@pytest.mark.parametrize(
    ("verdict", "differs"),
    [
        ("incompatible", True),
        ("legacy_only", True),
        ("target_only", True),
        ("equal", False),
        ("widened", False),
        ("narrowed", False),
    ],
)
def test_a_column_of_one_side_or_of_types_that_never_meet_is_a_difference(verdict: str, differs: bool) -> None:
    assert bool(plan(schema=(fact("c", verdict),)).schema_differences) is differs


def test_no_common_column_is_invalid() -> None:
    reason = "Nothing was compared: the two sides have no column in common."
    assert judge(evidence(plan=plan("")), SPEC) == (Verdict.INVALID, reason)
    assert coverage(plan("")) == 0.0


def test_nothing_but_the_key_is_invalid_where_rules_left_out_the_rest() -> None:
    verdict, reason = judge(evidence(plan=plan("id", 2, ignored=1)), SPEC)
    assert (verdict, reason.split(":")[0]) == (Verdict.INVALID, "Only the key was compared")


@pytest.mark.parametrize(
    ("recorded_as", "expected"),
    [
        ({"ignored": 1}, True),
        ({}, False),
        ({"ignored": 1, "keyless": True}, False),
        ({"ignored": 1, "schema": (fact("v", "target_only"),)}, False),
    ],
)
def test_only_keys_needs_a_key_a_rule_and_no_difference_of_schema(
    recorded_as: dict[str, Any], expected: bool
) -> None:
    assert only_keys(plan("id", **recorded_as)) is expected
    assert not only_keys(plan("id v", **recorded_as))


EMPTY = Rows()


def test_no_rows_on_both_sides_is_invalid_unless_that_is_allowed() -> None:
    nothing = evidence(rows=EMPTY, canary=Canary())
    reason = "Nothing was compared: both sides have zero rows and allow_empty is not set."
    assert judge(nothing, SPEC) == (Verdict.INVALID, reason)
    assert judge(nothing, replace(SPEC, allow_empty=True))[0] is Verdict.PASS


@pytest.mark.parametrize("rows", [Rows(legacy=1, missing=1), Rows(target=1, extra=1)])
def test_rows_of_one_side_alone_are_a_difference_once_corruptions_were_planted(rows: Rows) -> None:
    assert judge(evidence(rows=rows, uncovered=1), SPEC)[0] is Verdict.FAIL
    verdict, reason = judge(evidence(rows=rows, uncovered=1, canary=Canary()), SPEC)
    assert (verdict, reason.split(":")[0]) == (Verdict.INVALID, "The comparison could not be tested")


def test_one_corruption_that_nothing_explains_makes_everything_invalid() -> None:
    blind = Canary(planted=9, found=7, blind=("v: case", "w: sign"))
    for recorded_as in ({}, {"uncovered": 3}, {"waived": 3}):
        verdict, reason = judge(evidence(canary=blind, **recorded_as), SPEC)
        assert verdict is Verdict.INVALID
        assert reason == "The comparison missed a planted corruption that no rule hides (v: case)."


def test_coverage_is_measured_against_the_columns_of_either_side() -> None:
    half = evidence(plan=plan("id v", 4))
    assert coverage(half.plan) == 0.5
    reason = "Coverage 50.0% is under its floor of 50.1%: 2 of 4 columns were compared."
    assert judge(half, replace(SPEC, coverage=0.501)) == (Verdict.INVALID, reason)
    assert judge(half, replace(SPEC, coverage=0.5))[0] is Verdict.PASS


def test_without_a_floor_an_ignored_column_is_only_listed() -> None:
    assert judge(evidence(plan=plan("id v", 4)), replace(SPEC, coverage=1.0))[0] is Verdict.PASS


def test_invalid_comes_before_fail_and_fail_before_waived() -> None:
    assert judge(evidence(uncovered=1, waived=1), SPEC)[0] is Verdict.FAIL
    under = evidence(plan=plan("id v", 4), uncovered=1, waived=1)
    assert judge(under, replace(SPEC, coverage=0.9))[0] is Verdict.INVALID


def test_a_result_without_a_comparison_says_nothing_else() -> None:
    nothing = {name: [] for name in ("columns", "schema", "not_compared", "row_causes", "samples", "waivers")}
    canary = {"planted": 0, "found": 0, "hidden": [], "blind": [], "smallest": []}
    names = ("legacy", "target", "equal", "changed", "missing", "extra", "duplicate_legacy", "duplicate_target")
    shown = Result(Verdict.INVALID, "because").to_json()
    assert {name: shown[name] for name in (*nothing, "canary", "rows", "version", "verdict", "reason")} == {
        **nothing,
        "canary": canary,
        "rows": dict.fromkeys(names, 0),
        "version": 1,
        "verdict": "INVALID",
        "reason": "because",
    }
