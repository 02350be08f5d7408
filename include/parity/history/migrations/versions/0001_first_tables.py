"""The first tables: runs, results and their parts, alerts and letters."""

import sqlalchemy as sa
from alembic import op

from parity.history.tables import Moment

revision = "0001"
down_revision = None
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _create_part(name: str, *columns: sa.Column[object]) -> None:
    """Create a table of ordered facts that belong to one result."""
    op.create_table(
        name,
        sa.Column("result_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["result_id"], ["parity_results.id"]),
        sa.PrimaryKeyConstraint("result_id", "position"),
    )


def upgrade() -> None:
    op.create_table(
        "parity_alerts",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("suite", sa.String(length=128), nullable=False),
        sa.Column("activity", sa.String(length=128), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("incident", sa.String(length=250), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("opened", Moment(), nullable=False),
        sa.Column("opened_date", sa.Date(), nullable=False),
        sa.Column("seen_date", sa.Date(), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("told_rows", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint"),
    )
    op.create_index("ix_parity_alerts_suite", "parity_alerts", ["suite"], unique=False)
    op.create_table(
        "parity_letters",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("suite", sa.String(length=128), nullable=False),
        sa.Column("incident", sa.String(length=250), nullable=False),
        sa.Column("channel", sa.String(length=250), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("sent", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_parity_letters_suite", "parity_letters", ["suite"], unique=False)
    op.create_table(
        "parity_results",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("suite", sa.String(length=128), nullable=False),
        sa.Column("activity", sa.String(length=128), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("run_id", sa.String(length=250), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded", Moment(), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("rows_legacy", sa.BigInteger(), nullable=False),
        sa.Column("rows_target", sa.BigInteger(), nullable=False),
        sa.Column("rows_equal", sa.BigInteger(), nullable=False),
        sa.Column("rows_changed", sa.BigInteger(), nullable=False),
        sa.Column("rows_missing", sa.BigInteger(), nullable=False),
        sa.Column("rows_extra", sa.BigInteger(), nullable=False),
        sa.Column("rows_duplicate_legacy", sa.BigInteger(), nullable=False),
        sa.Column("rows_duplicate_target", sa.BigInteger(), nullable=False),
        sa.Column("first_broken", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("suite_sha", sa.String(length=64), nullable=False),
        sa.Column("waivers", sa.JSON(), nullable=False),
        sa.Column("cost_usd", sa.String(length=64), nullable=False),
        sa.Column("bytes_scanned", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("suite", "activity", "business_date", "run_id", "attempt", name="uq_parity_results"),
    )
    op.create_index("ix_parity_results_date", "parity_results", ["business_date"], unique=False)
    op.create_table(
        "parity_runs",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("suite", sa.String(length=128), nullable=False),
        sa.Column("run_id", sa.String(length=250), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("started", Moment(), nullable=False),
        sa.Column("ended", Moment(), nullable=True),
        sa.Column("verdict", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("suite_sha", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("suite", "run_id", "business_date", name="uq_parity_runs"),
    )
    _create_part(
        "parity_causes",
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
    )
    _create_part(
        "parity_columns",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("compared", sa.BigInteger(), nullable=False),
        sa.Column("different", sa.BigInteger(), nullable=False),
    )
    _create_part(
        "parity_findings",
        sa.Column("side", sa.String(length=16), nullable=False),
        sa.Column("expectation", sa.String(length=128), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
    )
    _create_part(
        "parity_money",
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=64), nullable=False),
        sa.Column("net", sa.String(length=64), nullable=False),
        sa.Column("absolute", sa.String(length=64), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
    )
    _create_part(
        "parity_remote_runs",
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
    )
