"""Deleting what has been kept long enough: exports, artefacts, results."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parity.clients.artefacts import Artefacts
    from parity.clients.storage import Storage

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Swept:
    """What one sweep deleted."""

    place: str
    before: str
    deleted: int
    bytes: int = 0


def sweep_exchange(storage: Storage, root: str, now: datetime, keep: timedelta) -> Swept:
    """Delete exported objects of ``root`` that were written before ``now - keep``."""
    limit = now - keep
    old = [item for item in storage.list(root) if item.modified < limit]
    for item in old:
        storage.delete(item.url)
    return Swept(root, limit.isoformat(), len(old), sum(item.size for item in old))


def sweep_artefacts(artefacts: Artefacts, today: date, keep: timedelta) -> Swept:
    """Delete the artefacts of business dates before ``today - keep``: ``<suite>/<date>/…`` folders.

    Only folders that are named by a date are touched; the date is the data's, not the file's.
    """
    limit = today - keep
    old = [folder for folder, day in _dated(artefacts) if day < limit]
    size = sum(stored.size for folder in old for stored in artefacts.delete_folder(folder))
    return Swept(artefacts.root, limit.isoformat(), len(old), size)


def _dated(artefacts: Artefacts, above: str = "", depth: int = 0) -> Iterator[tuple[str, date]]:
    """Yield the folders that a date names: ``<suite>/<date>`` and ``<kind>/<suite>/<date>``."""
    for name in artefacts.folders(above):
        folder = f"{above}/{name}" if above else name
        if depth and DAY.fullmatch(name):
            yield folder, date.fromisoformat(name)
        elif depth < 2:
            yield from _dated(artefacts, folder, depth + 1)
