"""What both sides wrote, fetched to the worker and believed only when everything agrees."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from parity.clients.remote import RunStatus
from parity.clients.storage import Storage
from parity.suite.models import Mode, TargetSource


@dataclass(frozen=True)
class Column:
    """A column with the type as its engine names it."""

    name: str
    type: str


@dataclass(frozen=True)
class Expected:
    """Which export the run is waiting for."""

    activity: str
    run_id: str
    business_date: date
    mode: Mode


@dataclass(frozen=True)
class Export:
    """Parquet files on this machine, verified; an empty export is one file without rows."""

    folder: Path
    files: tuple[Path, ...]
    rows: int
    bytes: int
    columns: tuple[Column, ...]
    source: Mapping[str, Any] = field(default_factory=dict)


def target_request(
    expected: Expected, target: TargetSource, destination: str, columns: Sequence[str] | None = None
) -> dict[str, str]:
    """Return the job parameters of the helper job, protocol 1."""
    raise NotImplementedError


def fetch_target(storage: Storage, destination: str, expected: Expected, to: Path) -> Export:
    """Fetch and verify what the helper job wrote; ExportRefused when anything is off."""
    raise NotImplementedError


def fetch_legacy(
    storage: Storage, query: RunStatus, destination: str, to: Path, schema: Callable[[], Sequence[Column]]
) -> Export:
    """Fetch and verify what UNLOAD wrote; ``schema`` is asked only when there are no rows."""
    raise NotImplementedError
