"""What the world is called: dates, sources, tables, and who produces what from what.

The suite, the pipeline, the Glue jobs and the scripts all use these names; a test keeps them in step.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

HERE = Path(__file__).parent
JOBS = HERE / "jobs"
SEED = 20260301
DEMO_DATE = date(2026, 3, 2)
BUSINESS_DATES = (
    date(2026, 3, 1),
    DEMO_DATE,
    date(2026, 3, 3),
    date(2026, 3, 8),  # New York loses an hour
    date(2026, 3, 29),  # Europe loses an hour
)
"""The days that are there from the start; :func:`parity_sandbox.world.seed_date` adds any other."""

DATABASE = "payments_legacy"
WORKGROUP = "parity"
PIPELINE = "payments_ingestion"
HELPER_JOB = "parity-helper"
SCRIPTS_BUCKET = "payments-scripts"
VOLUME = "main/payments/jobs"
"""Folder under /Volumes from which Databricks runs the published scripts."""
NOTEBOOKS = "Shared/payments"
"""Folder under /Workspace with the published notebooks."""


@dataclass(frozen=True)
class Product:
    """One activity: the Glue job of the same name, and the table that both sides write."""

    activity: str
    table: str
    partition: str
    """Name of the date partition."""
    columns: tuple[tuple[str, str], ...]
    """Name and Glue type of the legacy table's columns, the partition apart."""
    after: tuple[str, ...] = ()
    """Activities whose tables it reads."""


def _columns(text: str) -> tuple[tuple[str, str], ...]:
    """Read ``name type, name type``; a comma inside brackets belongs to its type."""
    pairs = (part.split(None, 1) for part in text.split(";"))
    return tuple((name, kind.strip()) for name, kind in pairs)


PRODUCTS = (
    Product(
        "sync_clients",
        "clients",
        "snapshot_date",
        _columns(
            "client_id string; legal_name string; country string; currency string; timezone string;"
            "email string; vat_number string; fee_plan string; iban string; onboarded_at timestamp;"
            "is_active boolean"
        ),
    ),
    Product(
        "sync_vendors",
        "vendors",
        "snapshot_date",
        _columns(
            "vendor_id string; trading_name string; category string; country string;"
            "payout_currency string; iban string; terms_days int; remittance_note string; rating double"
        ),
    ),
    Product(
        "sync_partners",
        "partners",
        "snapshot_date",
        _columns(
            "partner_id string; partner_name string; channel string; currency string;"
            "revenue_share decimal(7,4); contact string; contract_from date"
        ),
    ),
    Product(
        "settle_card_payments",
        "settled_card_payments",
        "settlement_date",
        _columns(
            "payment_id string; client_id string; vendor_id string; merch_ref string; card_pan string;"
            "scheme string; auth_code string; amount decimal(18,2); currency string; fx_rate double;"
            "amount_eur decimal(18,2); settled_at timestamp; batch_no int"
        ),
    ),
    Product(
        "apply_refunds",
        "refunds",
        "settlement_date",
        _columns(
            "refund_id string; payment_id string; client_id string; amount decimal(18,2);"
            "currency string; reason string; requested_at timestamp"
        ),
        after=("settle_card_payments",),
    ),
    Product(
        "register_chargebacks",
        "chargebacks",
        "register_date",
        _columns(
            "chargeback_id string; payment_id string; client_id string; reason_code string; stage string;"
            "amount decimal(18,2); currency string; narrative string; disputed_at timestamp;"
            "evidence_due date"
        ),
    ),
    Product(
        "compute_fees",
        "fees",
        "settlement_date",
        _columns(
            "payment_id string; client_id string; fee_plan string; scheme string; rate_bps decimal(9,4);"
            "fee decimal(18,2); currency string"
        ),
        after=("settle_card_payments", "sync_clients"),
    ),
    Product(
        "build_settlements",
        "settlements",
        "settlement_date",
        _columns(
            "client_id string; currency string; payments bigint; gross decimal(18,2);"
            "refunded decimal(18,2); charged_back decimal(18,2); net decimal(18,2)"
        ),
        after=("settle_card_payments", "apply_refunds", "register_chargebacks"),
    ),
    Product(
        "schedule_payouts",
        "payouts",
        "settlement_date",
        _columns(
            "payout_id string; client_id string; beneficiary string; iban string; currency string;"
            "amount decimal(18,2); status string; release_at timestamp"
        ),
        after=("build_settlements", "sync_clients"),
    ),
    Product(
        "attribute_ad_spend",
        "ad_spend",
        "spend_date",
        _columns(
            "partner_id string; campaign_id string; campaign_name string; channel string;"
            "client_id string; impressions bigint; clicks bigint; spend decimal(18,2); currency string;"
            "spend_eur decimal(18,2); cost_per_click double"
        ),
        after=("sync_partners",),
    ),
)
