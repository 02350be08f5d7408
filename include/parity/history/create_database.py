"""Creates the database of the results store beside Airflow's own, where PostgreSQL has none yet.

Run once by the containers, before anything else: ``python -m parity.history.create_database``. Opening a store
never creates a database, since a mistyped name would then be an empty store.
"""

from __future__ import annotations

import sqlalchemy as sa

from parity.errors import BadInput
from parity.settings import settings

MAINTENANCE = "postgres"
"""The database that every server has."""


def create_database(url: str) -> bool:
    """Create the database that a PostgreSQL ``url`` names; return whether it was missing."""
    wanted = sa.make_url(url)
    if wanted.get_backend_name() != "postgresql" or not wanted.database:
        return False
    engine = sa.create_engine(wanted.set(database=MAINTENANCE), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            known = sa.text("SELECT 1 FROM pg_database WHERE datname = :name")
            if connection.execute(known, {"name": wanted.database}).scalar():
                return False
            quoted = engine.dialect.identifier_preparer.quote_identifier(wanted.database)
            connection.execute(sa.text(f"CREATE DATABASE {quoted}"))
            return True
    except sa.exc.SQLAlchemyError as error:
        why = str(error).splitlines()[0]
        remedy = f"Create the database {wanted.database} by hand, or allow the user to."
        raise BadInput(f"The results store's database cannot be created: {why}.", remedy=remedy) from error
    finally:
        engine.dispose()


if __name__ == "__main__":
    create_database(settings().results_store)
