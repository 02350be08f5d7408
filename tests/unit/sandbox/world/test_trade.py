"""The generated company is realistic where it matters: references hold, and the awkward values are there."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from parity_sandbox.world.people import people
from parity_sandbox.world.places import BUSINESS_DATES, DEMO_DATE, SEED
from parity_sandbox.world.trade import Day, day

CENT = Decimal("0.01")


@pytest.fixture(scope="module")
def trade() -> Day:
    return day(SEED, DEMO_DATE)


def values(table: Any, column: str) -> list[Any]:
    return table[column].to_pylist()


def test_the_same_seed_and_date_make_the_same_day() -> None:
    first, again = day(SEED, DEMO_DATE), day(SEED, DEMO_DATE)
    assert first.payments.equals(again.payments)
    assert first.chargebacks.equals(again.chargebacks)
    assert first.fx_rates.equals(again.fx_rates)


def test_another_date_and_another_seed_make_another_day(trade: Day) -> None:
    assert not day(SEED, DEMO_DATE + timedelta(days=1)).payments.equals(trade.payments)
    assert not day(SEED + 1, DEMO_DATE).payments.equals(trade.payments)


def test_a_day_has_thousands_of_payments_in_several_currencies(trade: Day) -> None:
    assert 5_000 < trade.payments.num_rows < 50_000
    assert len(set(values(trade.payments, "currency"))) == 7


def test_every_payment_refers_to_parties_that_exist(trade: Day) -> None:
    known = people(SEED)
    assert set(values(trade.payments, "client_id")) <= set(values(known.clients, "client_id"))
    assert set(values(trade.payments, "vendor_id")) <= set(values(known.vendors, "vendor_id"))
    assert set(values(trade.ad_events, "partner_id")) <= set(values(known.partners, "partner_id"))


def test_refunds_and_chargebacks_refer_to_payments_of_the_day(trade: Day) -> None:
    paid = set(values(trade.payments, "payment_id")) | set(values(trade.late, "payment_id"))
    assert set(values(trade.refunds, "payment_id")) <= paid
    assert set(values(trade.chargebacks, "payment_id")) <= paid


@pytest.mark.parametrize(
    ("table", "key"),
    [("payments", "payment_id"), ("refunds", "refund_id"), ("chargebacks", "chargeback_id")],
)
def test_keys_are_unique(trade: Day, table: str, key: str) -> None:
    found = values(getattr(trade, table), key)
    assert len(set(found)) == len(found)


def test_some_payments_arrive_late(trade: Day) -> None:
    assert 0 < trade.late.num_rows < trade.payments.num_rows / 20
    assert set(values(trade.late, "event_date")) == {DEMO_DATE}


def test_references_are_null_empty_and_padded(trade: Day) -> None:
    found = values(trade.payments, "merchant_ref")
    assert None in found
    assert "" in found
    assert any(text and text.endswith("  ") for text in found)


def test_names_are_written_in_several_scripts_and_some_end_in_blanks() -> None:
    names = values(people(SEED).clients, "legal_name")
    assert any("東" in name for name in names)
    assert any("\u0301" in name for name in names)
    assert any(name.endswith(" ") for name in names)
    assert len(set(names)) == len(names)


def test_some_partners_have_names_that_a_column_of_40_would_cut() -> None:
    names = values(people(SEED).partners, "partner_name")
    assert any(len(name) > 40 for name in names)


def test_some_amounts_end_in_half_a_cent(trade: Day) -> None:
    halves = [amount for amount in values(trade.payments, "amount") if amount % CENT == Decimal("0.005")]
    assert len(halves) > 100


def test_some_fees_fall_between_two_cents_where_rounding_shows(trade: Day) -> None:
    rates = {
        (row["fee_plan"], row["scheme"]): (row["rate_bps"], row["fixed"]) for row in trade.fee_plans.to_pylist()
    }
    plans = {row["client_id"]: row["fee_plan"] for row in people(SEED).clients.to_pylist()}
    apart = 0
    for row in trade.payments.to_pylist():
        rate, fixed = rates[plans[row["client_id"]], row["scheme"]]
        amount = row["amount"].quantize(CENT, ROUND_HALF_UP)
        exact = amount * rate * Decimal("0.0001") + fixed
        apart += exact.quantize(CENT, ROUND_HALF_UP) != exact.quantize(CENT, ROUND_HALF_EVEN)
    assert apart > 20


def test_new_yorks_wall_clock_skips_the_hour_that_does_not_exist() -> None:
    reported = values(day(SEED, date(2026, 3, 8)).chargebacks, "disputed_at")
    hours = {text[11:13] for text in reported if text.startswith("2026-03-08")}
    assert "02" not in hours
    assert {"01", "03"} <= hours


def test_the_euro_is_worth_one_euro() -> None:
    for business_date in BUSINESS_DATES:
        rates = {row["currency"]: row["eur_rate"] for row in day(SEED, business_date).fx_rates.to_pylist()}
        assert rates["EUR"] == 1
