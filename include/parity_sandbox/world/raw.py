"""The raw files of one date: Parquet, but vendors as JSON lines and chargebacks as CSV, as they came."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from parity_sandbox.world.people import people
from parity_sandbox.world.places import SEED
from parity_sandbox.world.trade import day

SOURCES = (
    "clients",
    "vendors",
    "partners",
    "card_payments",
    "refunds",
    "chargebacks",
    "ad_events",
    "fee_plans",
    "fx_rates",
)
"""Folders of the raw bucket; the pipeline copies each of them."""


def raw_files(business_date: date, seed: int = SEED) -> Iterator[tuple[str, bytes]]:
    """Yield key and content of every raw file that ``business_date`` brings; always the same bytes."""
    known, today = people(seed), day(seed, business_date)
    here, next_day = business_date, business_date + timedelta(days=1)
    yield _key("clients", here, "clients.parquet"), _parquet(known.clients)
    yield _key("vendors", here, "vendors.json"), _json_lines(known.vendors)
    yield _key("partners", here, "partners.parquet"), _parquet(known.partners)
    yield _key("card_payments", here, "payments.parquet"), _parquet(today.payments)
    yield _key("card_payments", next_day, f"late-of-{here}.parquet"), _parquet(today.late)
    yield _key("refunds", here, "refunds.parquet"), _parquet(today.refunds)
    yield _key("chargebacks", here, "chargebacks.csv"), _csv(today.chargebacks)
    yield _key("ad_events", here, "events.parquet"), _parquet(today.ad_events)
    yield _key("fee_plans", here, "fee_plans.parquet"), _parquet(today.fee_plans)
    yield _key("fx_rates", here, "fx_rates.parquet"), _parquet(today.fx_rates)


def _key(source: str, arrived: date, name: str) -> str:
    return f"{source}/dt={arrived}/{name}"


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="snappy")
    return sink.getvalue()


def _json_lines(table: pa.Table) -> bytes:
    lines = (json.dumps(row, ensure_ascii=False) for row in table.to_pylist())
    return ("\n".join(lines) + "\n").encode()


def _csv(table: pa.Table) -> bytes:
    """Write RFC 4180: an empty text is quoted, a NULL is nothing at all."""
    sink = io.BytesIO()
    pyarrow.csv.write_csv(table, sink)
    return sink.getvalue()
