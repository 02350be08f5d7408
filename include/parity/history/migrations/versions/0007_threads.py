"""Where an incident's first message is at its channel.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("parity_letters", sa.Column("thread", sa.String(250), nullable=False, server_default=""))
