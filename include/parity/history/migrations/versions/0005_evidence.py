"""Chains of signed evidence.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "parity_evidence",
        sa.Column("chain", sa.String(length=128), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha", sa.String(length=64), nullable=False),
        sa.Column("entry", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb"), nullable=False),
        sa.Column("signature", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("chain", "number"),
    )
    if op.get_bind().dialect.name in ("mysql", "mariadb"):
        op.execute("ALTER TABLE parity_evidence CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
