"""What counts against a waiver's caps: only what it matches, and money whichever way it moved."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from parity.compare.explain.waivers import _state
from parity.suite.models import Waiver
from unit.compare.conftest import Compare

ROWS = "SELECT i AS id, 'x' || i AS v, (i * 1.5)::DECIMAL(18,2) AS amount FROM range(30) t(i)"
MOVED = f"SELECT id, v, amount + CASE id WHEN 3 THEN 5 WHEN 4 THEN -5 ELSE 0 END AS amount FROM ({ROWS})"
BOTH = (
    f"SELECT id, CASE WHEN id < 3 THEN v || ' ' ELSE v END AS v, amount + (id > 20)::INT AS amount FROM ({ROWS})"
)
TODAY = dt.date(2026, 3, 1)


def waiver(**fields: Any) -> Waiver:
    known = {"suite": "s", "activity": "a", "owner": "me", "reason": "known since January", "ticket": "PAY-1"}
    return Waiver.model_validate({**known, "expires": TODAY, "max_rows": 30, **fields})


@pytest.mark.parametrize(("cap", "verdict"), [("9.99", "FAIL"), ("10", "WAIVED")])
def test_money_that_moved_both_ways_is_added_up_and_not_set_off(
    comparing: Compare, cap: str, verdict: str
) -> None:
    capped = waiver(column="amount", max_money=Decimal(cap))
    result = comparing(ROWS, MOVED, {"amount": {"money": "EUR"}}, waivers=(capped,), today=TODAY)
    assert (result.verdict, result.waivers[0]["money"]) == (verdict, {"EUR": "10.00"})


def test_rows_that_differ_in_another_column_do_not_count_against_a_cap(comparing: Compare) -> None:
    spaces = waiver(column="v", cause="trailing_space", max_rows=3)
    result = comparing(ROWS, BOTH, waivers=(spaces, waiver(column="amount", max_rows=9)), today=TODAY)
    assert (result.verdict, [one["rows"] for one in result.waivers]) == ("WAIVED", [3, 9])
    assert comparing(ROWS, BOTH, waivers=(spaces,), today=TODAY).verdict == "FAIL"


PAID = "SELECT 1 AS id, 'EUR' AS currency, {}::DECIMAL(18,2) AS amount"


@pytest.mark.parametrize("waivers", [[{}], [{"column": "amount"}, {"column": "currency", "max_money": None}]])
@pytest.mark.parametrize("currency", ["'JPY'", "NULL"])
def test_money_that_changed_its_currency_is_under_no_cap(
    comparing: Compare, waivers: list[dict[str, Any]], currency: str
) -> None:
    capped = tuple(waiver(**{"max_money": Decimal(10), **fields}) for fields in waivers)
    exchanged = PAID.format(1_000_005).replace("'EUR'", currency)
    rules = {"amount": {"money": "currency"}}
    result = comparing(PAID.format(1_000_000), exchanged, rules, waivers=capped, today=TODAY)
    assert (result.verdict, result.waivers[0]["state"]) == ("FAIL", "over_cap")


def test_the_same_amount_of_another_currency_is_other_money_unless_it_is_zero(comparing: Compare) -> None:
    capped = (waiver(max_money=Decimal(10)),)
    rules = {"amount": {"money": "currency"}}
    for amount, verdict in ((1_000_000, "FAIL"), (0, "WAIVED")):
        exchanged = PAID.format(amount).replace("EUR", "JPY")
        result = comparing(PAID.format(amount), exchanged, rules, waivers=capped, today=TODAY)
        assert result.verdict == verdict


def test_a_waiver_of_an_unknown_cause_is_broken(comparing: Compare) -> None:
    result = comparing(ROWS, MOVED, waivers=(waiver(cause="gremlins"),), today=TODAY)
    assert (result.verdict, result.waivers[0]["state"]) == ("FAIL", "broken")


@pytest.mark.parametrize(("cent", "verdict"), [(4, "WAIVED"), (3, "FAIL")])
def test_money_of_more_digits_than_a_sum_holds_is_added_up_exactly(
    comparing: Compare, cent: int, verdict: str
) -> None:
    rows = "SELECT i AS id, ({})::DECIMAL(38,2) AS amount FROM range(500) t(i)"
    large, small = "'680000000000000000000000000000000000.00'", "CASE WHEN i < 6 THEN '0.01' ELSE '0.00' END"
    capped = waiver(max_rows=500, max_money=Decimal(f"{'339':9<39}.9{cent}"))
    rules = {"amount": {"money": "EUR"}}
    result = comparing(rows.format(large), rows.format(small), rules, waivers=(capped,), today=TODAY)
    assert (result.verdict, result.waivers[0]["money"]) == (verdict, {"EUR": f"{'339':9<39}.94"})


@pytest.mark.parametrize(("amounts", "verdict"), [((0, 5), "FAIL"), ((5, 0), "FAIL"), ((0, 0), "WAIVED")])
def test_money_that_came_or_went_in_another_currency_is_under_no_cap(
    comparing: Compare, amounts: tuple[int, int], verdict: str
) -> None:
    legacy, target = (PAID.format(amount) for amount in amounts)
    capped = (waiver(max_money=Decimal(10)),)
    rules = {"amount": {"money": "currency"}}
    result = comparing(legacy, target.replace("EUR", "JPY"), rules, waivers=capped, today=TODAY)
    assert result.verdict == verdict


def test_a_waiver_covers_only_the_rows_of_its_own_condition(comparing: Compare) -> None:
    rows = "SELECT i AS id, 'a' || i AS v FROM range(20) t(i)"
    target = f"SELECT id, v || CASE WHEN id < 4 THEN 'x' ELSE '' END AS v FROM ({rows})"
    waived = [waiver(column="v", rows=f"id < {limit}", max_rows=10) for limit in (4, 3)]
    verdicts = [comparing(rows, target, waivers=(one,), today=TODAY).verdict for one in waived]
    assert verdicts == ["WAIVED", "FAIL"]
    both = (waived[1], waiver(column="v", rows="id > 10", max_rows=10))
    assert comparing(rows, target, waivers=both, today=TODAY).verdict == "FAIL"


@pytest.mark.parametrize(
    ("given", "rows", "money", "state", "note"),
    [
        ({}, 1, {}, "covers", ""),
        ({"expires": TODAY - dt.timedelta(days=1)}, 1, {}, "expired", "it expired on 2026-02-28"),
        ({}, 0, {}, "unused", "it matches nothing: remove it"),
        ({"max_rows": 2000}, 2000, {}, "covers", ""),
        ({"max_rows": 2000}, 2001, {}, "over_cap", "it matches 2,001 rows, more than its 2,000"),
        ({"max_money": Decimal(10)}, 1, {"EUR": Decimal(10), "JPY": Decimal(10)}, "covers", ""),
        ({"max_money": Decimal(1000)}, 1, {"EUR": Decimal(1), "JPY": Decimal(1001)}, "over_cap",
         "it matches 1,001 JPY, more than its 1,000"),
        ({}, 1, {"EUR": Decimal(10**9)}, "covers", ""),
    ],
)  # fmt: skip
def test_a_waiver_is_in_force_until_its_day_and_its_caps_are_passed(
    given: dict[str, Any], rows: int, money: dict[str, Decimal], state: str, note: str
) -> None:
    assert _state(waiver(**given), rows, money, TODAY) == (state, note)
