"""What a waiver covers, and what no cap can cover."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from parity.compare import Result
from parity.suite.models import Waiver
from unit.compare.conftest import Compare

_WAIVER = {
    "suite": "s",
    "activity": "a",
    "owner": "o",
    "reason": "known difference",
    "ticket": "T-1",
    "expires": date(2026, 12, 31),
    "max_rows": 10,
    "max_money": "10",
}


def _waived(comparing: Compare, legacy: str, target: str, rule: dict[str, Any], **waiver: Any) -> Result:
    waivers = (Waiver.model_validate(_WAIVER | waiver),)
    rows = "SELECT 1 AS id, {} AS amount, 'x' AS note"
    return comparing(
        rows.format(legacy), rows.format(target), {"amount": rule}, waivers=waivers, today=date(2026, 1, 1)
    )


@pytest.mark.parametrize(
    ("legacy", "target", "covered"),
    [
        ("1.0::DOUBLE", "2.0::DOUBLE", True),
        ("1.0::DOUBLE", "11.5::DOUBLE", False),
        ("1.0::DOUBLE", "'nan'::DOUBLE", False),
        ("'nan'::DOUBLE", "1.0::DOUBLE", False),
        ("1.0::DOUBLE", "'inf'::DOUBLE", False),
        ("'-inf'::DOUBLE", "'inf'::DOUBLE", False),
        ("1.0::FLOAT", "'nan'::FLOAT", False),
        ("1.0::DOUBLE", "1e300::DOUBLE", False),
        ("5.0::DOUBLE", "NULL::DOUBLE", True),
        ("NULL::DOUBLE", "50.0::DOUBLE", False),
        ("NULL::DOUBLE", "'nan'::DOUBLE", False),
        ("1::DECIMAL(38,2)", f"{'9' * 36}::DECIMAL(38,2)", False),
        (f"-{'9' * 36}.99::DECIMAL(38,2)", f"{'9' * 36}.99::DECIMAL(38,2)", False),
        ("0::UHUGEINT", "340282366920938463463374607431768211455::UHUGEINT", False),
        ("1::BIGINT", "5::BIGINT", True),
        ("(-9223372036854775808)::BIGINT", "9223372036854775807::BIGINT", False),
    ],
)
def test_a_cap_on_money_covers_only_what_it_can_sum(
    comparing: Compare, legacy: str, target: str, covered: bool
) -> None:
    result = _waived(comparing, legacy, target, {"money": "EUR"})
    assert result.verdict == ("WAIVED" if covered else "FAIL"), result.waivers


def test_a_cap_covers_no_row_whose_amount_is_not_a_number(comparing: Compare) -> None:
    rows = "SELECT 1 AS id, 1.0::DOUBLE AS amount"
    more = rows + " UNION ALL SELECT 2, 'nan'::DOUBLE"
    waivers = (Waiver.model_validate(_WAIVER | {"kind": "extra"}),)
    result = comparing(rows, more, {"amount": {"money": "EUR"}}, waivers=waivers, today=date(2026, 1, 1))
    assert (result.verdict, result.waivers[0]["state"]) == ("FAIL", "over_cap")


def test_a_cap_on_money_of_a_column_that_holds_none_is_broken(comparing: Compare) -> None:
    result = _waived(comparing, "1.0::DOUBLE", "2.0::DOUBLE", {"money": "EUR"}, column="note")
    assert (result.verdict, result.waivers[0]["state"]) == ("FAIL", "broken")
    result = _waived(comparing, "'1 EUR'", "'9 EUR'", {"money": "EUR"})
    assert (result.verdict, result.waivers[0]["state"]) == ("FAIL", "broken")


def test_money_of_a_date_is_refused(comparing: Compare) -> None:
    rows = "SELECT 1 AS id, DATE '2026-01-01' AS amount"
    result = comparing(rows, rows, {"amount": {"money": "EUR"}})
    assert (result.verdict, "money does not fit it" in result.reason) == ("INVALID", True)


def test_half_a_character_in_json_is_compared(comparing: Compare) -> None:
    rows = "SELECT 1 AS id, {} AS v"
    one, other = (rows.format(f"'\"\\ud80{n}\"'") for n in "01")
    assert comparing(one, one, {"v": {"json_equal": True}}).verdict == "PASS"
    assert comparing(one, other, {"v": {"json_equal": True}}).verdict == "FAIL"


@pytest.mark.parametrize("name", ["«1»", "«0»", "««0»", 'a"«1»', "\ud7ff«1»"])
def test_a_column_may_be_called_like_a_place_in_a_template(comparing: Compare, name: str) -> None:
    quoted = name.replace('"', '""')
    rows = f"SELECT 1 AS id, 'a«1»' AS \"{quoted}\", {{{{'«0»': {{0}}}}}} AS s, [{{{{'«1»': {{0}}}}}}] AS l"
    rules: dict[str, Any] = {name: {"replace": ["«0»", "«1»"], "case": "ignore"}}
    same = comparing(rows.format(1), rows.format(1), rules)
    assert same.verdict == "PASS", same.reason
    changed = rows.replace("'a«1»'", "'b«1»'")
    assert comparing(rows.format(1), changed.format(1), rules).rows.changed == 1
    result = comparing(rows.format(1), rows.format(2), rules)
    assert {c.name for c in result.columns if c.different} == {"s", "l"}, result.reason


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        ("id = 1", "covers"),
        ("note = 'rid'", "covers"),
        ("id = 9", "unused"),
        ("id = 9) OR (1=1", "broken"),
        ("id = 9 OR true) --", "broken"),
        ("id = 9 OR random() < 2", "broken"),
        ("id IN (SELECT 1)", "broken"),
        ("id", "broken"),
        ("note", "broken"),
    ],
)
def test_the_condition_of_a_waiver_is_one_expression(comparing: Compare, rows: str, state: str) -> None:
    waivers = (Waiver.model_validate(_WAIVER | {"rows": rows, "max_money": None}),)
    query = "SELECT 1 AS id, {} AS rid, 'rid' AS note"
    result = comparing(query.format(5), query.format(6), waivers=waivers, today=date(2026, 1, 1))
    assert (result.waivers[0]["state"], result.verdict) == (state, "WAIVED" if state == "covers" else "FAIL")
    if state == "broken":
        assert ("rows: '" if " " in rows else "rows is no condition") in result.waivers[0]["note"]


@pytest.mark.parametrize(
    "waiver",
    [
        {"kind": "missing", "cause": "rounding"},
        {"kind": "extra", "column": "amount"},
        {"kind": "schema", "rows": "id = 1"},
        {"kind": "schema", "cause": "rounding"},
        {"kind": "schema", "max_money": "1"},
        {"rows": ""},
        {"rows": " "},
    ],
)
def test_a_waiver_says_nothing_that_would_be_ignored(waiver: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"does not fit kind|rows is empty"):
        Waiver.model_validate(_WAIVER | {"max_money": None} | waiver)
