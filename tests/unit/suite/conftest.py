"""A folder of suites to break."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

SUITE = """\
suite: payments
owner: payments-data
wave: 1
schedule: "0 2 * * *"
timezone: Europe/London
deadline: 2h
azure: {pipeline: payments_ingestion, helper_job: parity-helper}
aws: {database: payments_legacy, workgroup: parity, max_scan: 20 GiB}
alerts:
  - pagerduty: {connection: pagerduty_default}
activities:
  - name: settle_card_payments
    legacy: {sql: settle.sql}
    target: {table: payments.settled, where: "settlement_date = :business_date"}
    key: [payment_id]
    columns:
      amount: {money: currency, tolerance: 0.01}
      settled_at: {tolerance: 1ms}
      batch_no: {ignore: "not migrated, PAY-311"}
    expect:
      both:
        - ExpectColumnValuesToNotBeNull: {column: payment_id}
        - ExpectColumnValuesToBeInSet: {column: country, value_set: [GB, NO, 007]}
"""
QUERY = """\
-- settled today; nothing else
select payment_id, amount::decimal(18, 2) as amount, ':not_a_parameter;' as note
from settled
where settlement_date = :business_date;
"""

Write = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one right suite."""
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "settle.sql").write_text(QUERY)
    (tmp_path / "payments.yaml").write_text(SUITE)
    return tmp_path


@pytest.fixture
def edit(folder: Path) -> Write:
    """Replace text in the suite, which must be there, and return the folder."""

    def write(old: str, new: str) -> Path:
        assert old in SUITE
        (folder / "payments.yaml").write_text(SUITE.replace(old, new))
        return folder

    return write
