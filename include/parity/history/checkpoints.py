"""Checkpoints of database runs in the results store, so that a retry continues after a killed worker."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, select

from parity.history.tables import checkpoints


class StoredCheckpoints:
    """Checkpoints in the results store, in a table of their own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def load(self, run: str, table: str) -> str | None:
        """Return what was saved last, or None."""
        wanted = select(checkpoints.c.state).where(*self._of(run, table))
        with self.engine.connect() as connection:
            found = connection.execute(wanted).scalar()
        return None if found is None else str(found)

    def save(self, run: str, table: str, state: str) -> None:
        """Store ``state``, replacing what was there, in one transaction."""
        with self.engine.begin() as connection:
            connection.execute(checkpoints.delete().where(*self._of(run, table)))
            connection.execute(checkpoints.insert().values(run=run, name=table, state=state))

    def forget(self, run: str) -> None:
        """Delete the checkpoints of a run."""
        with self.engine.begin() as connection:
            connection.execute(checkpoints.delete().where(checkpoints.c.run == run))

    def forget_all(self, runs: str) -> None:
        """Delete the checkpoints of every run whose name begins with ``runs``."""
        with self.engine.begin() as connection:
            connection.execute(checkpoints.delete().where(checkpoints.c.run.startswith(runs, autoescape=True)))

    @staticmethod
    def _of(run: str, table: str) -> tuple[Any, Any]:
        return checkpoints.c.run == run, checkpoints.c.name == table
