"""What four clouds count of one activity: where rows went, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from parity.compare.control_totals import DIGEST, DIGESTED, MOST_SUMS, REPORTED, ControlTotals, control_totals
from parity.compare.result import MoneyTotal, Result, Rows, Verdict
from unit.compare.conftest import Compare

EQUAL = ControlTotals(glue=100, read=100, copied=100, athena=100, databricks=100)


def test_equal_counts_have_no_gap() -> None:
    assert EQUAL.gaps == ()
    assert EQUAL.line == "Glue wrote 100; Data Factory copied 100; Athena returned 100; Databricks exported 100"
    assert [*EQUAL.faults("glue"), *EQUAL.faults("data_factory")] == []


@pytest.mark.parametrize(
    ("changed", "gaps"),
    [
        ({"glue": 103}, ("Athena returned 3 rows fewer than Glue wrote",)),
        ({"read": 101}, ("Data Factory copied 1 row fewer than Data Factory read",)),
        ({"read": 90, "copied": 90}, ("Databricks exported 10 rows more than Data Factory copied",)),
        (
            {"databricks": 98},
            (
                "Databricks exported 2 rows fewer than Data Factory copied",
                "Databricks exported 2 rows fewer than Athena returned",
            ),
        ),
    ],
)
def test_a_gap_is_between_the_two_counts_where_rows_went(changed: dict[str, int], gaps: tuple[str, ...]) -> None:
    assert replace(EQUAL, **changed).gaps == gaps


@pytest.mark.parametrize("reporter", ["glue", "data_factory"])
def test_what_is_not_reported_is_never_equal(reporter: str) -> None:
    silent = ControlTotals(athena=100, databricks=100)
    assert "Glue wrote not reported" in silent.line
    assert silent.gaps == ()
    assert all(fault.endswith("is not reported") for fault in silent.faults(reporter))
    assert list(silent.faults(reporter)) != []


@pytest.mark.parametrize(
    ("silent", "reporter", "faults"),
    [
        ({"glue": None}, "glue", ["what Glue wrote is not reported"]),
        ({"athena": None}, "glue", ["what Athena returned is not reported"]),
        ({"read": None}, "data_factory", ["what Data Factory read is not reported"]),
        ({"databricks": None, "copied": 99}, "data_factory",
         ["Data Factory copied 1 row fewer than Data Factory read", "what Databricks exported is not reported"]),
    ],
)  # fmt: skip
def test_a_count_that_is_not_reported_confirms_nothing(
    silent: dict[str, int | None], reporter: str, faults: list[str]
) -> None:
    assert [*replace(EQUAL, **silent).faults(reporter)] == faults


def test_a_comparison_that_read_nothing_counts_nothing() -> None:
    failed = Result(Verdict.INVALID, "no export", extra={REPORTED: {"glue": 5, "read": None, "copied": None}})
    totals = control_totals(failed)
    assert totals == ControlTotals(glue=5)
    empty = replace(failed, verdict=Verdict.PASS)
    assert control_totals(empty) == ControlTotals(glue=5, athena=0, databricks=0)


def test_in_mode_digest_both_engines_have_counted_every_row_whatever_was_exported() -> None:
    facts = {REPORTED: {"glue": 1000, "read": None, "copied": None}, DIGEST: {DIGESTED: [1000, 998]}}
    part = Result(Verdict.INVALID, "the exported rows could not be compared", rows=Rows(9, 9, 9), extra=facts)
    totals = control_totals(part)
    assert totals == ControlTotals(glue=1000, athena=1000, databricks=998)
    assert totals.gaps == ("Databricks exported 2 rows fewer than Athena returned",)


def test_two_files_have_no_control_totals() -> None:
    assert control_totals(Result(Verdict.PASS, "", rows=Rows(1, 1, 1))) is None


def test_money_that_differs_is_shown_first_and_the_rest_is_counted() -> None:
    one = Decimal(1)
    many = [MoneyTotal("amount", f"C{at}", one, one) for at in range(9)]
    totals = ControlTotals(money=(*many, MoneyTotal("fee", "EUR", Decimal("1234.50"), one)))
    assert totals.sums[0] == "fee 1,234.50 → 1 EUR"
    assert totals.sums[-1] == "and 4 more sums"
    assert ControlTotals(money=tuple(many[:MOST_SUMS])).sums == tuple(map(str, many[:MOST_SUMS]))


LEGACY = "VALUES (1, 10.00, 'EUR'), (2, 5.25, 'USD'), (3, 1.00, 'EUR')"
TARGET = "VALUES (1, 10.00, 'EUR'), (2, 5.20, 'USD'), (4, 0.50, 'CHF')"


def test_both_sides_are_summed_exactly_by_currency(comparing: Compare) -> None:
    pair = (f"SELECT * FROM ({rows}) t(id, amount, currency)" for rows in (LEGACY, TARGET))
    found = comparing(*pair, rules={"amount": {"money": "currency"}}).money_totals
    assert [(one.currency, str(one.legacy), str(one.target)) for one in found] == [
        ("CHF", "0", "0.50"),
        ("EUR", "11.00", "10.00"),
        ("USD", "5.25", "5.20"),
    ]


@pytest.mark.parametrize(
    ("amount", "rules"),
    [
        ("'nan'::double", {"amount": {"money": "EUR"}}),
        ("1.00", {"amount": {"money": "EUR", "sensitive": True}}),
        ("1.00", {"amount": {"money": "currency"}, "currency": {"sensitive": True}}),
        ("1.00", {}),
    ],
)
def test_nothing_is_summed_that_has_no_sum_or_may_not_be_shown(
    comparing: Compare, amount: str, rules: dict[str, dict[str, object]]
) -> None:
    rows = f"SELECT 1 AS id, {amount} AS amount, 'EUR' AS currency"
    assert comparing(rows, rows, rules=rules).money_totals == ()


def test_a_code_for_every_row_is_no_currency(comparing: Compare) -> None:
    rows = "SELECT range AS id, 1.00 AS amount, range::varchar AS code FROM range(101)"
    assert comparing(rows, rows, rules={"amount": {"money": "code"}}).money_totals == ()
