"""Raw files: partitioned by arrival, reproducible, and exact about the two kinds of nothing."""

from __future__ import annotations

import io
import json
from datetime import date

import pyarrow.parquet as pq

from parity_sandbox.world.places import DEMO_DATE
from parity_sandbox.world.raw import SOURCES, raw_files


def test_every_source_has_a_partition_of_the_date() -> None:
    keys = [key for key, _ in raw_files(DEMO_DATE)]
    assert {key.split("/dt=2026-03-02/")[0] for key in keys if "/dt=2026-03-02/" in key} == set(SOURCES)


def test_late_payments_lie_in_the_next_dates_partition() -> None:
    late = {key: content for key, content in raw_files(DEMO_DATE) if "late" in key}
    assert list(late) == ["card_payments/dt=2026-03-03/late-of-2026-03-02.parquet"]
    table = pq.read_table(io.BytesIO(*late.values()))
    assert set(table["event_date"].to_pylist()) == {DEMO_DATE}


def test_the_same_date_brings_the_same_bytes() -> None:
    assert dict(raw_files(DEMO_DATE)) == dict(raw_files(DEMO_DATE))


def test_any_date_has_raw_files() -> None:
    assert len(list(raw_files(date(2031, 12, 31)))) == len(list(raw_files(DEMO_DATE)))


def test_vendors_are_json_lines_with_null_and_empty_notes() -> None:
    lines = dict(raw_files(DEMO_DATE))["vendors/dt=2026-03-02/vendors.json"].decode().splitlines()
    notes = [json.loads(line)["remittance_note"] for line in lines]
    assert None in notes
    assert "" in notes


def test_the_csv_tells_an_empty_narrative_from_none() -> None:
    text = dict(raw_files(DEMO_DATE))["chargebacks/dt=2026-03-02/chargebacks.csv"].decode()
    assert ',"PLN",,' in text or ',"EUR",,' in text
    assert ',"GBP","",' in text or ',"EUR","",' in text


def test_money_and_time_keep_their_exact_types() -> None:
    content = dict(raw_files(DEMO_DATE))["card_payments/dt=2026-03-02/payments.parquet"]
    schema = pq.read_schema(io.BytesIO(content))
    assert str(schema.field("amount").type) == "decimal128(18, 4)"
    assert str(schema.field("captured_at").type) == "timestamp[us, tz=UTC]"
