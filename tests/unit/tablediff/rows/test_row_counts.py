"""A table's verdict: what the servers' texts count and what their values count must be the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parity.compare.result import CanaryCheck, ColumnFacts, Result, Rows, Verdict
from parity.sql.columns import Column, Kind
from parity.suite.databases import TableRules
from parity.tablediff.rows.checkpoint import Checkpoint
from parity.tablediff.table_plan import TablePlan
from parity.tablediff.verdict import TableFacts, judge_table

COLUMNS = tuple(Column(name, Kind.INTEGER) for name in ("id", "exact", "loose"))
LOOSE = TableRules.model_validate({"columns": {"loose": {"tolerance": 1}}})
PLAN = TablePlan("t", COLUMNS, COLUMNS, COLUMNS[:1], COLUMNS[:1], unique=True, rules=LOOSE)


def judged(different: int, missing: int = 0, *, plan: TablePlan = PLAN) -> Result:
    """Judge a table of which the texts of one row differ, in both columns, and ``different`` values are."""
    counts = {"id": 0, "exact": 1, "loose": 1}
    progress = Checkpoint("", done=True, legacy=9, target=9, changed=1, columns=counts, count_checked=True)
    rows = Rows(9, 9, equal=9 - different - missing, changed=different, missing=missing, extra=missing)
    columns = tuple(ColumnFacts(name, 9, different if name == "exact" else 0) for name in counts)
    verdict = Verdict.FAIL if different or missing else Verdict.PASS
    explained = Result(verdict, "", rows, columns)
    return judge_table(TableFacts(plan, progress, CanaryCheck(3), explained=explained)).result


def test_a_tolerance_lets_values_of_its_own_column_pass() -> None:
    assert judged(1).verdict is Verdict.FAIL
    only_loose = replace(PLAN, rules=TableRules.model_validate({"columns": {"exact": {"tolerance": 1}}}))
    assert "in column loose" in judged(1, plan=only_loose).reason


def test_a_tolerance_on_one_column_excuses_no_other() -> None:
    found = judged(0)
    assert (found.verdict, "in column exact" in found.reason) == (Verdict.INVALID, True)


@pytest.mark.parametrize("rules", [LOOSE, TableRules()])
def test_a_row_that_is_on_one_side_only_is_so_by_texts_and_by_values(rules: TableRules) -> None:
    assert "Two counts disagree" in judged(1, missing=1, plan=replace(PLAN, rules=rules)).reason
