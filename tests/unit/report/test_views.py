"""The report's views, against golden files; PARITY_REGENERATE=1 writes them anew: read the difference."""

from __future__ import annotations

import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from parity.compare.control_totals import REPORTED
from parity.compare.result import (
    Canary,
    CauseCount,
    ColumnFacts,
    Money,
    MoneyTotal,
    NotCompared,
    Result,
    Rows,
    SchemaFact,
    Verdict,
)
from parity.report.data import report_data
from parity.report.html import render_html
from parity.report.text import render_text
from parity.suite.models import Cause

GOLDEN = Path(__file__).parent / "golden"
RESULT = Result(
    Verdict.FAIL,
    "3 changed, 1 missing and 1 extra rows.",
    rows=Rows(100, 100, 96, 3, 1, 1, 0, 2),
    columns=(
        ColumnFacts("payment_id", 99, 0),
        ColumnFacts(
            "amount",
            99,
            2,
            (CauseCount(Cause.ROUNDING, 2, "rounded to 1 place"),),
            (Money("EUR", Decimal("-0.03"), Decimal("0.05"), 2),),
        ),
        ColumnFacts("note", 99, 3, (CauseCount(Cause.TRAILING_SPACE, 2), CauseCount(Cause.UNEXPLAINED, 1))),
    ),
    schema=(
        SchemaFact("payment_id", "VARCHAR", "VARCHAR", "equal"),
        SchemaFact("amount", "DECIMAL(18,2)", "DECIMAL(20,2)", "widened"),
    ),
    not_compared=(NotCompared("column batch_no", "ignored: not migrated, PAY-311"),),
    coverage=0.75,
    canary=Canary(24, 22, ("amount: differences up to 0.01 are invisible",), (), ("amount: more than 0.01",)),
    row_causes=(CauseCount(Cause.LATE_PARTITION, 1, "all 1 missing rows have day = '2026-03-02'"),),
    samples=(
        {
            "kind": "changed",
            "column": "note",
            "cause": "trailing_space",
            "detail": "",
            "key": {"payment_id": "p1"},
            "legacy": "a<b>",
            "target": "a<b> ",
            "marks": [[4, 4], [4, 5]],
        },
        {
            "kind": "changed",
            "column": "note",
            "cause": "unexplained",
            "detail": "",
            "key": {"payment_id": None},
            "legacy": None,
            "target": "\x1b[31mred\n",
            "marks": None,
        },
        {
            "kind": "missing",
            "column": None,
            "cause": None,
            "detail": "",
            "key": {"payment_id": "p9"},
            "row": {"amount": "1.00"},
        },
    ),
    loosened=(NotCompared("column amount", "differences up to 0.01", 7),),
    waivers=(
        {
            "kind": "changed",
            "column": "note",
            "rows_condition": None,
            "reason": "known since January",
            "ticket": "PAY-1",
            "owner": "me",
            "expires": "2026-06-01",
            "state": "over_cap",
            "rows": 12,
            "note": "it matches 12 rows, more than its 10",
        },
    ),
    proposals=(
        {
            "kind": "rule",
            "column": "note",
            "causes": ["trailing_space"],
            "yaml": "columns:\n  note: {trim: right}\n",
            "tried": 3,
            "covers": 2,
            "left": 1,
        },
    ),
    seconds=1.25,
    peak_mib=120.0,
    money_totals=(MoneyTotal("amount", "EUR", Decimal("1000.00"), Decimal("999.97")),),
    extra={REPORTED: {"glue": 103, "read": None, "copied": None}},
)


@pytest.mark.parametrize(("name", "render"), [("report.txt", render_text), ("report.html", render_html)])
def test_a_view_is_what_it_was(name: str, render: object) -> None:
    assert callable(render)
    shown = render(RESULT, "payments · settle_card_payments")
    if os.environ.get("PARITY_REGENERATE"):
        (GOLDEN / name).write_text(shown, encoding="utf-8")
    assert shown == (GOLDEN / name).read_text(encoding="utf-8")


def test_data_cannot_act_on_a_terminal_or_a_page() -> None:
    assert "\x1b" not in render_text(RESULT)
    page = render_html(replace(RESULT, reason="<img src=x onerror=alert(1)>"), "</title><script>")
    assert "<img" not in page
    assert "<script" not in page


def test_columns_that_differ_come_first_and_their_parts_add_up() -> None:
    report = report_data(RESULT)
    assert [line.name for line in report.columns] == ["note", "amount", "payment_id"]
    for line in report.differing:
        assert sum(part.rows for part in line.slices) == line.different
        assert line.slices[-1].start + line.slices[-1].share == pytest.approx(1)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_a_face(verdict: Verdict) -> None:
    bare = Result(verdict, "because")
    assert verdict in render_text(bare)
    assert f'class="{verdict}"' in render_html(bare)
