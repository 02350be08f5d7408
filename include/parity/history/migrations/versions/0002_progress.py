"""How far the tables of a database have come.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "parity_progress",
        sa.Column("run", sa.String(length=180), nullable=False),
        sa.Column("name", sa.String(length=70), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run", "name"),
    )
