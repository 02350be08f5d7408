"""The tables of the results store. Sums of money are text, so that no database rounds them.

Every name starts with ``parity_``, so that the store may share a database with something else.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

metadata = sa.MetaData()
NAME = sa.String(128)
LONG_NAME = sa.String(250)
SHA = sa.String(64)
MONEY = sa.String(64)
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Moment(sa.types.TypeDecorator[datetime]):
    """An aware time, stored as UTC without its zone, to the microsecond."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[datetime]:
        """Return MySQL's DATETIME with microseconds, which it drops otherwise."""
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(sa.DateTime())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Turn an aware time into naive UTC; a naive one would be a guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("the results store takes aware times only")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Give the zone back."""
        return None if value is None else value.replace(tzinfo=UTC)


runs = sa.Table(
    "parity_runs",
    metadata,
    sa.Column("id", ID, primary_key=True, autoincrement=True),
    sa.Column("suite", NAME, nullable=False),
    sa.Column("run_id", LONG_NAME, nullable=False),
    sa.Column("business_date", sa.Date, nullable=False),
    sa.Column("started", Moment, nullable=False),
    sa.Column("ended", Moment),
    sa.Column("verdict", sa.String(16)),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("wave", sa.Integer, nullable=False),
    sa.Column("suite_sha", SHA, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.UniqueConstraint("suite", "run_id", "business_date", name="uq_parity_runs"),
)

results = sa.Table(
    "parity_results",
    metadata,
    sa.Column("id", ID, primary_key=True, autoincrement=True),
    sa.Column("suite", NAME, nullable=False),
    sa.Column("activity", NAME, nullable=False),
    sa.Column("business_date", sa.Date, nullable=False),
    sa.Column("run_id", LONG_NAME, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("verdict", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("recorded", Moment, nullable=False),
    sa.Column("severity", sa.String(16), nullable=False),
    sa.Column("rows_legacy", sa.BigInteger, nullable=False),
    sa.Column("rows_target", sa.BigInteger, nullable=False),
    sa.Column("rows_equal", sa.BigInteger, nullable=False),
    sa.Column("rows_changed", sa.BigInteger, nullable=False),
    sa.Column("rows_missing", sa.BigInteger, nullable=False),
    sa.Column("rows_extra", sa.BigInteger, nullable=False),
    sa.Column("rows_duplicate_legacy", sa.BigInteger, nullable=False),
    sa.Column("rows_duplicate_target", sa.BigInteger, nullable=False),
    sa.Column("first_broken", sa.Text, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("report", sa.Text, nullable=False),
    sa.Column("suite_sha", SHA, nullable=False),
    sa.Column("waivers", sa.JSON, nullable=False),
    sa.Column("cost_usd", MONEY, nullable=False),
    sa.Column("bytes_scanned", sa.BigInteger, nullable=False),
    sa.Column("broken_stage", sa.String(32), nullable=False, server_default=""),
    sa.Column("caused_by", NAME, nullable=False, server_default=""),
    sa.Column("control_totals", sa.JSON(none_as_null=True)),
    sa.UniqueConstraint("suite", "activity", "business_date", "run_id", "attempt", name="uq_parity_results"),
    sa.Index("ix_parity_results_date", "business_date"),
)


def _of_result(name: str, *columns: sa.Column[object]) -> sa.Table:
    """Return a table of ordered facts that belong to one result."""
    owner = sa.Column("result_id", ID, sa.ForeignKey("parity_results.id"), primary_key=True)
    return sa.Table(
        name, metadata, owner, sa.Column("position", sa.Integer, primary_key=True, autoincrement=False), *columns
    )


columns = _of_result(
    "parity_columns",
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("compared", sa.BigInteger, nullable=False),
    sa.Column("different", sa.BigInteger, nullable=False),
)
causes = _of_result(
    "parity_causes",
    sa.Column("column_name", sa.Text, nullable=False),
    sa.Column("cause", sa.String(64), nullable=False),
    sa.Column("row_count", sa.BigInteger, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)
money = _of_result(
    "parity_money",
    sa.Column("column_name", sa.Text, nullable=False),
    sa.Column("currency", sa.String(64), nullable=False),
    sa.Column("net", MONEY, nullable=False),
    sa.Column("absolute", MONEY, nullable=False),
    sa.Column("row_count", sa.BigInteger, nullable=False),
)
findings = _of_result(
    "parity_findings",
    sa.Column("side", sa.String(16), nullable=False),
    sa.Column("expectation", NAME, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("severity", sa.String(16), nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
)
remote_runs = _of_result(
    "parity_remote_runs",
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("state", sa.String(64), nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
)
PARTS = (columns, causes, money, findings, remote_runs)
"""Tables whose rows belong to a result and are deleted with it."""

alerts = sa.Table(
    "parity_alerts",
    metadata,
    sa.Column("fingerprint", SHA, primary_key=True),
    sa.Column("suite", NAME, nullable=False, index=True),
    sa.Column("activity", NAME, nullable=False),
    sa.Column("column_name", sa.Text, nullable=False),
    sa.Column("cause", sa.String(64), nullable=False),
    sa.Column("incident", LONG_NAME, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("opened", Moment, nullable=False),
    sa.Column("opened_date", sa.Date, nullable=False),
    sa.Column("seen_date", sa.Date, nullable=False),
    sa.Column("severity", sa.String(16), nullable=False),
    sa.Column("row_count", sa.BigInteger, nullable=False),
    sa.Column("told_rows", sa.BigInteger, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
)
outbox = sa.Table(
    "parity_letters",
    metadata,
    sa.Column("id", SHA, primary_key=True),
    sa.Column("suite", NAME, nullable=False, index=True),
    sa.Column("incident", LONG_NAME, nullable=False),
    sa.Column("channel", LONG_NAME, nullable=False),
    sa.Column("event", sa.String(16), nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("created", Moment, nullable=False),
    sa.Column("sent", Moment),
    sa.Column("thread", LONG_NAME, nullable=False, server_default=""),
)
checkpoints = sa.Table(
    "parity_progress",
    metadata,
    sa.Column("run", sa.String(180), primary_key=True),
    sa.Column("name", sa.String(70), primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
)
"""Checkpoints of the tables of a database, in a run that has not ended."""
evidence = sa.Table(
    "parity_evidence",
    metadata,
    sa.Column("chain", NAME, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sha", SHA, nullable=False),
    sa.Column("entry", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb"), nullable=False),
    sa.Column("signature", sa.String(128), nullable=False),
)
"""Chains of signed entries. Retention leaves them alone."""
