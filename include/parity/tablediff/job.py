"""One verification: what, where, and with what."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from parity.clock import Clock, today
from parity.suite.databases import Database
from parity.suite.models import Waiver
from parity.tablediff.explain import ExplainOptions
from parity.tablediff.rows.checkpoint import CheckpointStore
from parity.tablediff.sessions.pair import Connections

MAX_NAME_BYTES = 200
"""Of a folder; most file systems take 255."""


def folder_of(table: str) -> str:
    """Return a folder's name for a table: unique, and short enough for a file system."""
    name = re.sub(r"[^A-Za-z0-9_-]", lambda found: f"~{ord(found[0]):x}~", table)
    if len(name) <= MAX_NAME_BYTES:
        return name
    return f"{name[: MAX_NAME_BYTES // 2]}={hashlib.sha256(table.encode()).hexdigest()[:32]}"


@dataclass(frozen=True)
class Job:
    """One verification: what, where, and with what."""

    spec: Database
    connections: Connections
    store: CheckpointStore
    artefacts: Path
    """Where differences are stored while the run lasts; a resumed run must find the same folder."""
    clock: Clock
    run: str = "once"
    """Identifies the run in the store of checkpoints."""
    waivers: tuple[Waiver, ...] = ()
    mask_key: bytes = b"parity"

    def explain_options(self, table: str) -> ExplainOptions:
        """Return what the comparison engine needs for one table."""
        own = [w for w in self.waivers if w.suite == self.spec.database and w.activity == table]
        covering = tuple(w for w in own if w.kind != "schema")
        return ExplainOptions(self.mask_key, waivers=covering, suite=self.spec.database, today=self.today)

    @property
    def today(self) -> date:
        """Return the day on which waivers must be in force: their last day ends in the database's own zone."""
        return today(self.clock, self.spec.timezone)
