"""Names are compared letter by letter on MySQL, too.

Its usual collation takes ``t`` and ``T``, or ``cafe`` and ``café``, for one name: two tables of a database would
share one result, and the later one's verdict would stand for both.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = ("runs", "results", "columns", "causes", "money", "findings", "remote_runs", "alerts", "letters", "progress")


def upgrade() -> None:
    if op.get_bind().dialect.name in ("mysql", "mariadb"):
        for table in TABLES:
            op.execute(f"ALTER TABLE parity_{table} CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
