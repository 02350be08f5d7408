"""Which stage broke first, and which other activity it waited for.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for name, length in (("broken_stage", 32), ("caused_by", 128)):
        op.add_column("parity_results", sa.Column(name, sa.String(length), nullable=False, server_default=""))
