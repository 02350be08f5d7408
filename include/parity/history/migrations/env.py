"""Alembic's entry: runs on the connection that :mod:`parity.history.migrate` hands over."""

from alembic import context

from parity.history.migrate import VERSION_TABLE
from parity.history.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
