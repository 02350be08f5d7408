"""The ledger's night of the demo: runs beside the suite's, and must come to what was planted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from parity_sandbox.demo.api import AirflowApi
from parity_sandbox.demo.follow import VERDICT_STYLES
from parity_sandbox.mysql.ledger import expected_rows, expected_verdicts, switched_on

if TYPE_CHECKING:
    from parity.history.records import ActivityRecord
    from parity.history.store import Store

DAG, KEY = "parity_db__ledger", "db.ledger"
PATIENCE = 600.0


@dataclass(frozen=True)
class DatabaseRun:
    """One run of the ledger's Dag; ``state`` is the sandbox's folder."""

    api: AirflowApi
    state: Path
    run_id: str

    @classmethod
    def start(cls, api: AirflowApi, state: Path) -> DatabaseRun:
        """Start a run as a person would, with the form's defaults."""
        api.wait_for_dag(DAG)
        return cls(api, state, api.trigger(DAG, {}))

    def ended(self) -> str:
        """Wait for the end and return the run's state; TimeoutError when it never comes."""
        deadline = time.monotonic() + PATIENCE
        while (state := str(self.api.run(DAG, self.run_id)["state"])) not in ("success", "failed"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{DAG} {self.run_id} had not ended after {PATIENCE:.0f} s.")
            time.sleep(0.5)
        return state

    def records(self, store: Store) -> tuple[ActivityRecord, ...]:
        """Return what was recorded, the database as a whole included."""
        return store.run(self.run_id, KEY).activities

    def as_planted(self, records: tuple[ActivityRecord, ...]) -> bool:
        """Return whether every verdict and every count is what the planted differences deserve."""
        on = switched_on(self.state)
        rows = expected_rows(on)
        verdicts = {record.key.activity: str(record.verdict) for record in records}
        counts = {r.key.activity: _counts(r) for r in records if r.key.activity in rows}
        red = "FAIL" in verdicts.values() or "INVALID" in verdicts.values()
        return verdicts == expected_verdicts(on) and counts == rows and (self.ended() == "failed") == red

    def table(self, records: tuple[ActivityRecord, ...]) -> Table:
        """Return the table of verdicts."""
        return database_table(records, expected_verdicts(switched_on(self.state)))


def _counts(record: ActivityRecord) -> dict[str, int]:
    return {kind: getattr(record.rows, kind) for kind in ("changed", "missing", "extra")}


def database_table(records: tuple[ActivityRecord, ...], expected: Mapping[str, str]) -> Table:
    """Return the verdict of every table beside what was planted in it."""
    table = Table(title=DAG, title_justify="left")
    for name in ("table", "verdict", "legacy rows", "changed", "missing", "extra", "why", "as made"):
        numbers = ("legacy rows", "changed", "missing", "extra")
        table.add_column(name, justify="right" if name in numbers else "left")
    for record in records:
        name, verdict = record.key.activity, str(record.verdict)
        right = expected.get(name) == verdict
        table.add_row(
            name,
            Text(verdict, style=VERDICT_STYLES[verdict]),
            *(f"{n:,}" for n in (record.rows.legacy, *_counts(record).values())),
            _why(record),
            Text("yes", style="green") if right else Text(f"no, {expected.get(name)}", style="red"),
        )
    return table


def _why(record: ActivityRecord) -> str:
    causes = [
        f"{column.name}: {cause.cause} ×{cause.rows:,}" for column in record.columns for cause in column.causes
    ]
    return "\n".join(causes[:4]) or record.reason
