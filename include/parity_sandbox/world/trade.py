"""What happened on one date: card payments, refunds, chargebacks, ad events, fees and rates.

Everything refers to parties that exist and to payments of the same date, so every join has its partner
and every orphan is there on purpose. Amounts carry half cents, because that is where rounding shows;
chargebacks tell New York's wall clock, because that is where time zones show.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from parity_sandbox.world.columns import (
    Ints,
    Random,
    blanked,
    decimals,
    draw,
    flags,
    mapped,
    moments,
    numbered,
    padded,
    stream,
    taken,
)
from parity_sandbox.world.people import CURRENCIES, FEE_PLANS, People, people

SCHEMES = ("visa", "mastercard", "amex", "jcb")
DAY = 86_400_000_000
LATE_SHARE = 0.015
_EUR_RATES = {
    "EUR": 1.0,
    "USD": 0.9234,
    "GBP": 1.1721,
    "JPY": 0.00613,
    "CHF": 1.0452,
    "SEK": 0.08871,
    "PLN": 0.2319,
}
_NARRATIVES = (
    "Goods not received",
    'Cardholder says "never ordered", no reply from merchant since the first request was sent',
    "Ware beschädigt, Rücksendung läuft",
    "重複請求",
    "Amount differs from the receipt; the merchant charged twice for the same table",
    "",
    None,
)
_NEW_YORK = ZoneInfo("America/New_York")


@dataclass(frozen=True)
class Day:
    """The raw tables of one date; ``late`` payments arrive only in the next date's partition."""

    payments: pa.Table
    late: pa.Table
    refunds: pa.Table
    chargebacks: pa.Table
    ad_events: pa.Table
    fee_plans: pa.Table
    fx_rates: pa.Table


def day(seed: int, business_date: date) -> Day:
    """Return what happened on ``business_date`` in the world of ``seed``; always the same."""
    known = people(seed)
    number = business_date.toordinal()
    payments = _payments(stream(seed, 10, number), known, business_date)
    late = flags(stream(seed, 11, number), payments.num_rows, LATE_SHARE)
    return Day(
        payments=payments.filter(pa.array(~late)),
        late=payments.filter(pa.array(late)),
        refunds=_refunds(stream(seed, 12, number), payments, business_date),
        chargebacks=_chargebacks(stream(seed, 13, number), payments, business_date),
        ad_events=_ad_events(stream(seed, 14, number), known, business_date),
        fee_plans=_fee_plans(),
        fx_rates=_fx_rates(stream(seed, 15, number), business_date),
    )


def _midnight(business_date: date) -> int:
    """Return the date's first microsecond, UTC, since 1970."""
    return int(datetime.combine(business_date, datetime.min.time(), UTC).timestamp()) * 1_000_000


def _amounts(random: Random, currencies: pa.Array) -> Ints:
    """Draw amounts in ten-thousandths; one in twelve ends in half a cent, and yen have no cents."""
    size = len(currencies)
    cents = np.maximum(np.exp(random.normal(7.6, 1.3, size)).astype(np.int64), 1)
    halves = np.where(flags(random, size, 0.08), 50, 0)
    yen = pc.equal(currencies, "JPY").to_numpy(zero_copy_only=False)
    return np.where(yen, cents * 10_000, cents * 100 + halves).astype(np.int64)


def _payments(random: Random, known: People, business_date: date) -> pa.Table:
    size = int(random.integers(9_000, 13_000))
    clients = (random.pareto(1.2, size) * 12).astype(np.int64) % known.clients.num_rows
    home = taken(known.clients["currency"].combine_chunks(), clients)
    currencies = pc.if_else(pa.array(flags(random, size, 0.85)), home, draw(random, CURRENCIES, size))
    moment = np.sort(_midnight(business_date) + random.integers(0, DAY, size))
    return pa.table(
        {
            "payment_id": numbered(f"pay_{business_date:%y%m%d}_{{:06d}}", np.arange(1, size + 1)),
            "client_id": taken(known.clients["client_id"].combine_chunks(), clients),
            "vendor_id": taken(
                known.vendors["vendor_id"].combine_chunks(), random.integers(0, known.vendors.num_rows, size)
            ),
            "merchant_ref": _references(random, size),
            "card_pan": numbered("400000{:010d}", random.integers(0, 10**10, size)),
            "scheme": draw(random, SCHEMES, size, (5, 4, 2, 1)),
            "auth_code": blanked(
                numbered("{:06d}", random.integers(0, 10**6, size)), flags(random, size, 0.02), None
            ),
            "amount": decimals(_amounts(random, currencies), 18, 4),
            "currency": currencies,
            "status": draw(random, ("captured", "declined", "voided"), size, (90, 6, 4)),
            "captured_at": moments(moment),
            "event_date": pa.array([business_date]).take(pa.array(np.zeros(size, dtype=np.int64))),
            "batch_no": pa.array((np.arange(size) // 500).astype(np.int32)),
        }
    )


def _references(random: Random, size: int) -> pa.Array:
    """Make merchants' references: some NULL, some empty, some with trailing blanks."""
    found = padded(numbered("ORD-{:07d}", random.integers(0, 10**7, size)), flags(random, size, 0.04))
    return blanked(blanked(found, flags(random, size, 0.02), ""), flags(random, size, 0.03), None)


def _sample(random: Random, payments: pa.Table, share: float) -> pa.Table:
    """Pick a share of the payments, whatever their status, so that some references are orphans."""
    rows = random.choice(payments.num_rows, int(payments.num_rows * share), replace=False)
    return payments.take(pa.array(np.sort(rows)))


def _refunds(random: Random, payments: pa.Table, business_date: date) -> pa.Table:
    refunded = _sample(random, payments, 0.05)
    size = refunded.num_rows
    asked = _midnight(business_date) + random.integers(0, DAY // 1000, size) * 1000
    return pa.table(
        {
            "refund_id": numbered(f"ref_{business_date:%y%m%d}_{{:05d}}", np.arange(1, size + 1)),
            "payment_id": refunded["payment_id"],
            "amount": decimals(_amounts(random, refunded["currency"].combine_chunks()), 18, 4),
            "currency": refunded["currency"],
            "reason": draw(random, ("damaged", "changed mind", "doppelt gebucht ", "", None), size),
            "status": draw(random, ("approved", "rejected"), size, (93, 7)),
            "requested_at": moments(asked),
        }
    )


def _chargebacks(random: Random, payments: pa.Table, business_date: date) -> pa.Table:
    disputed = _sample(random, payments, 0.012)
    size = disputed.num_rows
    seconds = _midnight(business_date) // 1_000_000 + random.integers(0, 86_400, size)
    due = [business_date + timedelta(days=int(d)) for d in random.integers(7, 45, size)]
    return pa.table(
        {
            "chargeback_id": numbered(f"cb_{business_date:%y%m%d}_{{:04d}}", np.arange(1, size + 1)),
            "payment_id": disputed["payment_id"],
            "client_id": disputed["client_id"],
            "reason_code": draw(random, ("0010", "0083", "1040", "4853"), size),
            "stage": draw(random, ("first", "lost", "won"), size, (6, 2, 2)),
            "amount": disputed["amount"],
            "currency": disputed["currency"],
            "narrative": draw(random, _NARRATIVES, size),
            "disputed_at": mapped(pa.array(seconds), _wall_clock),
            "evidence_due": pa.array(due),
        }
    )


def _wall_clock(seconds: int) -> str:
    """Return an instant as New York's wall clock shows it."""
    return f"{datetime.fromtimestamp(seconds, _NEW_YORK):%Y-%m-%d %H:%M:%S}"


def _ad_events(random: Random, known: People, business_date: date) -> pa.Table:
    size = int(random.integers(2_500, 3_500))
    partners = random.integers(0, known.partners.num_rows, size)
    campaigns = partners * 5 + random.integers(0, 5, size)
    impressions = random.integers(1, 20_000, size)
    return pa.table(
        {
            "partner_id": taken(known.partners["partner_id"].combine_chunks(), partners),
            "campaign_id": numbered("ca_{:05d}", campaigns),
            "campaign_name": numbered("Frühjahr № {} · Spring", campaigns),
            "client_id": taken(known.clients["client_id"].combine_chunks(), campaigns % known.clients.num_rows),
            "impressions": pa.array(impressions),
            "clicks": pa.array(impressions // random.integers(20, 400, size)),
            "cost_micros": pa.array(random.integers(10_000, 90_000_000, size)),
            "currency": taken(known.partners["currency"].combine_chunks(), partners),
            "is_bot": pa.array(flags(random, size, 0.07)),
            "occurred_at": moments(_midnight(business_date) + random.integers(0, DAY, size)),
        }
    )


def _fee_plans() -> pa.Table:
    """Return the price list; its rates make exact half cents on round amounts."""
    pairs = [(plan, scheme) for plan in FEE_PLANS for scheme in SCHEMES]
    rates = np.array([2_500_000 - 250_000 * FEE_PLANS.index(p) + 50_000 * SCHEMES.index(s) for p, s in pairs])
    return pa.table(
        {
            "fee_plan": pa.array([plan for plan, _ in pairs]),
            "scheme": pa.array([scheme for _, scheme in pairs]),
            "rate_bps": decimals(rates, 9, 4),
            "fixed": decimals(np.full(len(pairs), 2_500), 18, 4),
        }
    )


def _fx_rates(random: Random, business_date: date) -> pa.Table:
    """Return the date's rate into euros of every currency; the euro's own is exactly one."""
    moved = np.array(list(_EUR_RATES.values())) * (1 + random.normal(0, 0.004, len(_EUR_RATES)))
    unscaled = np.round(moved * 10**8).astype(np.int64)
    unscaled[0] = 10**8
    return pa.table(
        {
            "currency": pa.array(list(_EUR_RATES)),
            "eur_rate": decimals(unscaled, 18, 8),
            "as_of": pa.array([business_date] * len(_EUR_RATES)),
        }
    )
