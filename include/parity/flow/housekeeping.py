"""Deleting what has been kept long enough: exports, artefacts, results."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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


def sweep_artefacts(root: Path, today: date, keep: timedelta) -> Swept:
    """Delete the artefacts of business dates before ``today - keep``: ``<suite>/<date>/…`` folders.

    Only folders that are named by a date are touched; the date is the data's, not the file's.
    """
    limit = today - keep
    old = [folder for folder in _dated(root) if date.fromisoformat(folder.name) < limit]
    size = sum(file.stat().st_size for folder in old for file in folder.rglob("*") if file.is_file())
    for folder in old:
        shutil.rmtree(folder)
    return Swept(str(root), limit.isoformat(), len(old), size)


def _dated(root: Path) -> Iterator[Path]:
    for folder in sorted(root.glob("*/*")) + sorted(root.glob("*/*/*")):
        if folder.is_dir() and DAY.fullmatch(folder.name):
            yield folder
