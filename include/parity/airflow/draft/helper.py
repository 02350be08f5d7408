"""The helper job as a draft asks it: one statement over one table's rows, its answer a short table."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

from parity.clients.remote import Phase, RemoteRuns, RunStatus
from parity.clients.storage import Storage
from parity.errors import DeadlineExceeded, RemoteFailed
from parity.flow.suite_run.digest.survey import target_columns
from parity.flow.suite_run.exports.fetch import ExpectedExport, Export, fetch_target, target_request
from parity.flow.suite_run.exports.parquet import ExportColumn
from parity.suite.models import Mode, TargetSource

POLL = 2.0
"""Seconds between two looks at a run."""


@dataclass(frozen=True)
class HelperAnswer:
    """What one run of the helper job answered."""

    rows: tuple[Mapping[str, Any], ...]
    columns: tuple[ExportColumn, ...]
    """The table's own, with Spark's types."""


@dataclass(frozen=True)
class HelperJob:
    """The helper job of one workspace, for one business date."""

    runs: RemoteRuns
    job: str
    storage: Storage
    folder: str
    """abfss:// folder of the exchange, below which every answer gets a folder of its own."""
    scratch: Path
    day: date
    patience: float = 1800.0
    """Seconds."""
    stopped: Event = field(default_factory=Event)
    """Set when nobody waits any more: what runs is cancelled."""

    def ask(self, activity: str, target: TargetSource, sql: str) -> HelperAnswer:
        """Return what ``sql`` answers; it reads the rows as ``parity_source``. RemoteFailed in Spark's words."""
        import pyarrow.parquet as pq

        run_id = f"draft-{uuid4().hex}"
        destination = f"{self.folder.rstrip('/')}/draft/{run_id}"
        expected = ExpectedExport(activity, run_id, self.day, Mode.DIGEST)
        parameters = target_request(expected, target, destination, digest_sql=sql)
        self._wait(self.runs.submit({"job": self.job, "parameters": parameters}, run_id))
        export: Export = fetch_target(self.storage, destination, expected, self.scratch / run_id)
        rows = [row for file in export.files for row in pq.read_table(file).to_pylist()]
        return HelperAnswer(tuple(rows), target_columns(export))

    def _wait(self, run_id: str) -> None:
        began = time.monotonic()
        while not (status := self.runs.status(run_id)).phase.ended:
            if self.stopped.wait(POLL) or time.monotonic() - began > self.patience:
                self.runs.cancel(run_id)
                raise DeadlineExceeded(f"Run {run_id} of the helper job was cancelled.", url=status.url)
        if status.phase is not Phase.SUCCEEDED:
            raise RemoteFailed(f"The helper job failed: {_reason(status)}", url=status.url)


def _reason(status: RunStatus) -> str:
    return status.error.message if status.error else status.state
