"""What differs in money, summed by kind of row and currency; and what has no sum, and so is under no cap."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from parity.compare.explain.waivers import apply_waivers
from parity.compare.rows.facts import Facts
from parity.compare.rows.money import absolute_sums, sum_money
from parity.compare.session import DuckSession
from parity.compare.spec import Spec
from parity.suite.models import Waiver
from unit.compare.conftest import facts_of


def compared(duck: DuckSession, legacy: str, target: str, rules: dict[str, Any]) -> Facts:
    """Compare two lists of rows (id, amount, currency) that are given as SQL."""
    rows = (f"SELECT * FROM (VALUES {one}) t(id, amount, currency)" for one in (legacy, target))
    return facts_of(duck, *rows, rules)


EURO, HELD = {"amount": {"money": "EUR"}}, {"amount": {"money": "Currency"}}
SUMMED: list[tuple[str, str, dict[str, Any], list[str]]] = [
    ("(1, 5.00, 'x'), (2, 7.50, 'x')", "(1, 6.25, 'x'), (2, 5.00, 'x')", EURO, ["EUR -1.25 3.75 2 changed"]),
    ("(1, 5.00, 'x'), (2, 7.50, 'x')", "(1, 5.00, 'y'), (2, 7.50, 'x')", EURO, []),
    ("(1, 5.00, 'x')", "(1, NULL, 'x')", EURO, ["EUR -5.00 5.00 1 changed"]),
    ("(1, NULL, 'x')", "(1, 5.00, 'x')", EURO, ["EUR 5.00 5.00 1 changed"]),
    ("(1, 5.00, 'x'), (2, 3.00, 'x')", "(1, 5.00, 'x'), (3, 4.00, 'x')", EURO,
     ["EUR 4.00 4.00 1 extra", "EUR -3.00 3.00 1 missing"]),
    ("(1, 5, 'x')", "(1, 9, 'x')", EURO, ["EUR 4 4 1 changed"]),
    ("(1, 0.1::DOUBLE, 'x')", "(1, 0.3::DOUBLE, 'x')", EURO, ["EUR 0.200000000000000 0.200000000000000 1 changed"]),
    ("(1, 1.0::DOUBLE, 'x')", "(1, 'nan'::DOUBLE, 'x')", EURO, []),
    ("(1, 1.5::DOUBLE, 'x')", "(1, 2.25, 'x')", EURO, ["EUR 0.750000000000000 0.750000000000000 1 changed"]),
    ("(1, 5.00, 'x')", "(1, 6.00, 'x')", {"amount": {"money": "euro"}}, ["unknown currency 1.00 1.00 1 changed"]),
    ("(1, 5.00, 'EUR'), (2, 5.00, 'JPY')", "(1, 6.00, 'EUR'), (2, 7.00, 'JPY')", HELD,
     ["JPY 2.00 2.00 1 changed", "EUR 1.00 1.00 1 changed"]),
    ("(1, 5.00, 'EUR'), (2, 5.00, NULL)", "(1, 6.00, 'JPY'), (2, 7.00, NULL)", HELD, ["NULL 2.00 2.00 1 changed"]),
    ("(1, 5.00, NULL)", "(2, 4.00, 'JPY')", HELD, ["NULL -5.00 5.00 1 missing", "JPY 4.00 4.00 1 extra"]),
    ("(1, 5.00, 'USD')", "(2, 5.00, 'EUR')", HELD, ["USD -5.00 5.00 1 missing", "EUR 5.00 5.00 1 extra"]),
    ("(1, 5.00, 'USD'), (2, 5.00, 'EUR')", "(3, 0.00, 'EUR')", HELD,
     ["EUR -5.00 5.00 1 missing", "USD -5.00 5.00 1 missing", "EUR 0.00 0.00 1 extra"]),
    ("(1, 0.00, 'EUR'), (2, NULL, 'EUR')", "(1, 0.00, 'JPY'), (2, 0.00, 'JPY')", HELD, ["EUR 0.00 0.00 1 changed"]),
]  # fmt: skip


@pytest.mark.parametrize(("legacy", "target", "rules", "sums"), SUMMED, ids=range(len(SUMMED)))
def test_differences_in_money_are_summed_exactly(
    duck: DuckSession, legacy: str, target: str, rules: dict[str, Any], sums: list[str]
) -> None:
    facts = compared(duck, legacy, target, rules)
    found = sum_money(duck, facts.plan, facts.prefix)
    assert [
        f"{one.currency} {one.net} {one.absolute} {one.rows} {one.kind}" for some in found.values() for one in some
    ] == sums
    assert [*found] == [c.index for c in facts.plan.columns if c.name == "amount"]


@pytest.mark.parametrize(
    ("amounts", "sums"),
    [
        (["NULL"], [("EUR", "0")]),
        (["1.25", "NULL", "-2.50"], [("EUR", "3.75")]),
        ([f"{'9' * 36}.99", f"-{'9' * 36}.99"], [("EUR", f"1{'9' * 36}.98")]),
        ([f"{'9' * 36}.99", f"-{'9' * 36}.99", "NULL"], [("EUR", f"1{'9' * 36}.98")]),
    ],
)
def test_absolute_sums_are_exact_however_large(
    duck: DuckSession, amounts: list[str], sums: list[tuple[str, str]]
) -> None:
    row = "SELECT 1 AS id, 0::DECIMAL(38,2) AS amount, 'x' AS currency"
    amount = facts_of(duck, row, row, EURO).plan.columns[1]
    rows = ", ".join(f"('EUR', {one}::DECIMAL(38,2))" for one in amounts)
    found = absolute_sums(duck, amount, f"(VALUES {rows}) t(y{amount.index}, m{amount.index})")
    assert [(currency, str(whole)) for currency, whole in found] == sums


CAPPED: list[tuple[str, str, str, str]] = [
    ("(1, 5.00, 'EUR')", "(1, 15.00, 'EUR')", "covers", ""),
    ("(1, 5.00, 'EUR')", "(1, 15.01, 'EUR')", "over_cap", "it matches 10.01 EUR, more than its 10"),
    ("(1, 5.00, NULL)", "(1, 5.00, '')", "over_cap", "no sum"),
    ("(1, 5.00, 'EUR')", "(1, 5.00, 'EUR ')", "over_cap", "no sum"),
    ("(1, 5.00, 'EUR')", "(1, 5.00, 'JPY')", "over_cap", "no sum"),
    ("(1, 5.00, 'EUR'), (2, 1.00, 'EUR')", "(1, 6.00, 'JPY'), (2, 1.00, 'JPY')", "over_cap",
     "it matches 2 rows whose difference in money has no sum, such as NaN or another currency"),
    ("(1, 0.00, 'EUR')", "(1, 0.00, 'JPY')", "covers", ""),
    ("(1, 1.0::DOUBLE, 'EUR')", "(1, 'inf'::DOUBLE, 'EUR')", "over_cap", "it matches 1 row whose"),
]  # fmt: skip


@pytest.mark.parametrize(("legacy", "target", "state", "note"), CAPPED, ids=range(len(CAPPED)))
def test_what_has_no_sum_is_under_no_cap(
    duck: DuckSession, legacy: str, target: str, state: str, note: str
) -> None:
    facts = compared(duck, legacy, target, HELD)
    day = dt.date(2026, 3, 1)
    known = {"suite": "s", "activity": "a", "owner": "me", "reason": "known since January", "ticket": "PAY-1"}
    capped = Waiver.model_validate({**known, "expires": day, "max_rows": 9, "max_money": Decimal(10)})
    found = apply_waivers(duck, facts, Spec(waivers=(capped,), today=day))
    assert (found.applied[0].state, note in found.applied[0].note) == (state, True), found.applied[0].note
    assert (found.waived, found.uncovered) == (
        (facts.rows.changed, 0) if state == "covers" else (0, facts.rows.changed)
    )
