"""Who the company deals with: clients, vendors and advertising partners, the same on every date.

Their names are as awkward as real ones: several scripts, combining accents, quotes, commas, trailing
blanks, and the two kinds of nothing, NULL and the empty text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

import numpy as np
import pyarrow as pa

from parity_sandbox.world.columns import (
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
)

CLIENTS, VENDORS, PARTNERS = 240, 180, 60
CURRENCIES = ("EUR", "USD", "GBP", "JPY", "CHF", "SEK", "PLN")
ZONES = {
    "DE": "Europe/Berlin",
    "FR": "Europe/Paris",
    "US": "America/New_York",
    "GB": "Europe/London",
    "JP": "Asia/Tokyo",
    "CH": "Europe/Zurich",
    "SE": "Europe/Stockholm",
    "PL": "Europe/Warsaw",
}
MONEY = {
    "DE": "EUR",
    "FR": "EUR",
    "US": "USD",
    "GB": "GBP",
    "JP": "JPY",
    "CH": "CHF",
    "SE": "SEK",
    "PL": "PLN",
}
FEE_PLANS = ("standard", "volume", "marketplace", "charity")
CHANNELS = ("search", "social", "display", "affiliate")

_HEADS = (
    "Zoë & Søn",
    "Čedok",
    "İstanbul Ödeme",
    "Łódź Textil",
    "東京ストア",
    "Creme Bru\u0302le\u0301e",  # combining accents, not the composed letters
    'O\'Neill "Deli"',
    "Кофейня Мир",
    "مطعم الشام",
    "Müller, Weiß & Co",
    "Ångström Cykel",
    "Northwind",
    "Piñata Azul",
    "한빛상회",
    "Straße 27",
)
_TRADES = ("Travel", "Foods", "Books", "Pharma", "Outlet", "Records", "Garden", "Mobility")
_FORMS = ("GmbH", "Ltd", "S.A.", "AB", "株式会社", "Sp. z o.o.", "LLC", "")
_NOTES = ("net on receipt", "split by branch", "Überweisung monatlich", "see contract annex B", "", None)


@dataclass(frozen=True)
class People:
    """The parties of one world, each a table that every date shares."""

    clients: pa.Table
    vendors: pa.Table
    partners: pa.Table


@cache
def people(seed: int) -> People:
    """Return the parties of the world of ``seed``."""
    return People(_clients(stream(seed, 1)), _vendors(stream(seed, 2)), _partners(stream(seed, 3)))


def _names(random: Random, size: int, middle: tuple[str, ...] = _TRADES) -> pa.Array:
    """Compose unique names; about one in twelve ends in blanks."""
    parts = (draw(random, choices, size).to_pylist() for choices in (_HEADS, middle, _FORMS))
    plain = [
        f"{head} {trade} {number} {form}".rstrip()
        for number, (head, trade, form) in enumerate(zip(*parts, strict=True), 1)
    ]
    return padded(pa.array(plain), flags(random, size, 0.08))


def _ibans(random: Random, countries: pa.Array) -> pa.Array:
    numbers = random.integers(10**15, 10**16, len(countries)).tolist()
    return pa.array([f"{c}{n % 97:02d}{n:016d}" for c, n in zip(countries.to_pylist(), numbers, strict=True)])


def _emails(random: Random, size: int, domain: str) -> pa.Array:
    """Make addresses, some of them NULL and some of them empty."""
    found = numbered(f"accounts+{{:04d}}@{domain}", np.arange(1, size + 1))
    return blanked(blanked(found, flags(random, size, 0.06), ""), flags(random, size, 0.06), None)


def _clients(random: Random) -> pa.Table:
    countries = draw(random, tuple(ZONES), CLIENTS)
    vat = numbered("{:011d}", random.integers(0, 10**10, CLIENTS))  # leading zeros matter
    onboarded = _since(random, CLIENTS, datetime(2019, 1, 1, tzinfo=UTC), 2500)
    return pa.table(
        {
            "client_id": numbered("cl_{:05d}", np.arange(1, CLIENTS + 1)),
            "legal_name": _names(random, CLIENTS),
            "country": countries,
            "currency": mapped(countries, MONEY.__getitem__),
            "timezone": mapped(countries, ZONES.__getitem__),
            "email": _emails(random, CLIENTS, "client.example"),
            "vat_number": blanked(
                blanked(vat, flags(random, CLIENTS, 0.1), ""), flags(random, CLIENTS, 0.1), None
            ),
            "fee_plan": draw(random, FEE_PLANS, CLIENTS, (6, 3, 2, 1)),
            "iban": _ibans(random, countries),
            "onboarded_at": moments(onboarded),
            "is_active": pa.array(flags(random, CLIENTS, 0.94)),
        }
    )


def _since(random: Random, size: int, start: datetime, days: int) -> np.ndarray:
    """Draw moments in whole milliseconds within ``days`` of ``start``, in microseconds since 1970."""
    base = int(start.timestamp()) * 1_000_000
    return base + random.integers(0, days * 86_400_000, size) * 1000


def _vendors(random: Random) -> pa.Table:
    countries = draw(random, tuple(ZONES), VENDORS)
    return pa.table(
        {
            "vendor_id": numbered("vn_{:05d}", np.arange(1, VENDORS + 1)),
            "trading_name": _names(random, VENDORS),
            "category": draw(random, ("goods", "services", "logistics", "software"), VENDORS),
            "country": countries,
            "payout_currency": mapped(countries, MONEY.__getitem__),
            "iban": _ibans(random, countries),
            "terms_days": draw(random, (0, 7, 14, 30, None), VENDORS),
            "remittance_note": draw(random, _NOTES, VENDORS),
            "rating": draw(random, tuple(np.linspace(1, 5, 41).round(3)), VENDORS),
        }
    )


def _partners(random: Random) -> pa.Table:
    starts = [date(2022, 1, 1) + timedelta(days=int(d)) for d in random.integers(0, 1500, PARTNERS)]
    return pa.table(
        {
            "partner_id": numbered("pa_{:04d}", np.arange(1, PARTNERS + 1)),
            "partner_name": _names(
                random, PARTNERS, ("International Media Network", "Ads", "Werbegesellschaft mbH")
            ),
            "channel": draw(random, CHANNELS, PARTNERS),
            "currency": draw(random, CURRENCIES[:4], PARTNERS),
            "revenue_share": decimals(random.integers(500, 4500, PARTNERS), 7, 4),
            "contact": _emails(random, PARTNERS, "partner.example"),
            "contract_from": pa.array(starts),
        }
    )
