"""How many rows, and how much money, each cloud reports of an activity.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("parity_results", sa.Column("control_totals", sa.JSON(none_as_null=True), nullable=True))
