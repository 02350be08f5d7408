"""The chains of evidence in the results store. Nothing changes or deletes an entry, retention included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from parity.history.tables import evidence


@dataclass(frozen=True)
class StoredEntry:
    """One entry of a chain, as it was signed."""

    number: int
    sha: str
    """SHA-256 of the entry, which the next one carries."""
    entry: str
    """Canonical JSON."""
    signature: str


class StoredChains:
    """Chains of entries, each numbered from 1."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, chain: str, entry: StoredEntry) -> bool:
        """Add an entry; return whether its number was still free."""
        try:
            with self._engine.begin() as connection:
                connection.execute(evidence.insert().values(chain=chain, **vars(entry)))
        except IntegrityError:
            return False
        return True

    def last(self, chain: str) -> StoredEntry | None:
        """Return the newest entry, or None."""
        found = self._read(chain, newest=True)
        return found[0] if found else None

    def entries(self, chain: str, since: int = 1) -> Sequence[StoredEntry]:
        """Return the entries from number ``since`` on, the oldest first."""
        return self._read(chain, evidence.c.number >= since)

    def _read(self, chain: str, *where: sa.ColumnElement[bool], newest: bool = False) -> Sequence[StoredEntry]:
        columns = [evidence.c[name] for name in ("number", "sha", "entry", "signature")]
        query = sa.select(*columns).where(evidence.c.chain == chain, *where).order_by(evidence.c.number)
        if newest:
            query = query.order_by(None).order_by(evidence.c.number.desc()).limit(1)
        with self._engine.connect() as connection:
            return [StoredEntry(*row) for row in connection.execute(query)]
