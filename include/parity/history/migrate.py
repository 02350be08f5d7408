"""Bringing the store's tables up to date, safely when many processes open it at once.

At the newest revision nothing is done. Otherwise one process migrates and the rest wait: behind a file
lock for SQLite, behind the server's own named lock for PostgreSQL and MySQL.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from parity.errors import BadInput

HEAD = "0007"
"""The newest revision; a test keeps it in step with ``migrations/versions``."""
VERSION_TABLE = "parity_schema"
LOCK = "parity_migrations"
LOCK_NUMBER = 7_275_849
WAIT_SECONDS = 120


def migrate(engine: sa.Engine) -> None:
    """Run every migration that is missing; BadInput when the store is newer than this Parity."""
    if revision(engine) == HEAD:
        return
    with _alone(engine):
        if revision(engine) != HEAD:
            _let_readers_and_writers_share(engine)
            _upgrade(engine)


def revision(engine: sa.Engine) -> str | None:
    """Return the store's revision, or None when it has no tables yet."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(VERSION_TABLE):
            return None
        found: str | None = connection.execute(
            sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE))
        ).scalar()
        return found


def _let_readers_and_writers_share(engine: sa.Engine) -> None:
    """Put a SQLite file into WAL mode, which stays with the file.

    Two connections that switch at the same moment fail with "database is locked" whatever their time-out, so
    it is done here, where one process is alone, and not by each connection.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("pragma journal_mode = wal")


def _upgrade(engine: sa.Engine) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise BadInput(
                f"The results store has revision {revision(engine)!r}, which this Parity does not know.",
                remedy="Upgrade Parity, or give PARITY_STORE_URL another database.",
            ) from error


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[None]:
    """Hold the one lock that migrations need."""
    if engine.dialect.name == "sqlite":
        with _file_lock(engine.url.database):
            yield
        return
    take, give = _statements(engine.dialect.name)
    with engine.connect() as connection:
        if connection.execute(take).scalar() == 0:
            raise BadInput(f"The results store has been locked for {WAIT_SECONDS} s.", remedy="Try again later.")
        try:
            yield
        finally:
            connection.execute(give)


@contextmanager
def _file_lock(database: str | None) -> Iterator[None]:
    if not database or database == ":memory:":
        yield
        return
    with Path(f"{database}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _statements(dialect: str) -> tuple[sa.TextClause, sa.TextClause]:
    if dialect == "postgresql":
        return (
            sa.text(f"select 1 from (select pg_advisory_lock({LOCK_NUMBER})) as taken"),
            sa.text(f"select pg_advisory_unlock({LOCK_NUMBER})"),
        )
    return sa.text(f"select get_lock('{LOCK}', {WAIT_SECONDS})"), sa.text(f"select release_lock('{LOCK}')")
