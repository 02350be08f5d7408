"""The mapped task that compares one piece of a database, and stops at once when it is stopped."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from parity.airflow.step.failures import log_block, log_level
from parity.airflow.step.operator import StepOperator
from parity.compare.result import Verdict
from parity.tablediff.rows.checkpoint import Checkpoint, CheckpointStore
from parity.wording import plural

if TYPE_CHECKING:
    from parity.flow.database_run.files import StoredSurvey
    from parity.tablediff.verdict import TableResult

log = logging.getLogger(__name__)
LOG_SECONDS = 10.0
"""Seconds between two log lines about one table."""


class TablesOperator(StepOperator):
    """Compares one piece; ``piece`` holds its index and its title."""

    def __init__(self, *, piece: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.piece = piece
        self.on_stop: Callable[[], None] = _nothing

    def on_kill(self) -> None:
        """Stop, and cancel the queries on both servers."""
        self.on_stop()
        raise SystemExit(1)


def _nothing() -> None:
    return None


class Stopped(BaseException):
    """The task was stopped by a person; not an error of a table."""


@dataclass
class LoggedCheckpoints:
    """Checkpoints that are also logged, and that end the comparison when the task is stopped."""

    store: CheckpointStore
    _logged: dict[str, float] = field(default_factory=dict)
    _stopped: bool = False

    def stop(self) -> None:
        """Have every scan end with the chunk that it is at."""
        self._stopped = True

    def load(self, run: str, table: str) -> str | None:
        """Return what was saved last, or None."""
        state = self.store.load(run, table)
        if state is not None and (stored := Checkpoint.from_json(state)).chunks:
            log.info("%s: continuing after %s", table, _so_far(stored))
        return state

    def save(self, run: str, table: str, state: str) -> None:
        """Store ``state``, and log the progress now and then."""
        self.store.save(run, table, state)
        if self._stopped:
            raise Stopped
        progress, now = Checkpoint.from_json(state), time.monotonic()
        if progress.done or now - self._logged.get(table, 0.0) >= LOG_SECONDS:
            self._logged[table] = now
            log.info("%s: %s%s", table, _so_far(progress), ", all of it" if progress.done else "")

    def forget(self, run: str) -> None:
        """Delete the checkpoints of a run that has ended."""
        self.store.forget(run)


def _so_far(progress: Checkpoint) -> str:
    rows = max(progress.legacy, progress.target)
    return f"{plural(rows, 'row')} in {plural(progress.chunks, 'chunk')}, {progress.different:,} different so far"


def failure_message(found: Sequence[TableResult]) -> str:
    """Return the message that a piece with red tables fails with: that of the worst."""
    bad = [table for table in found if not table.result.verdict.green]
    worst = min(bad, key=lambda table: table.result.verdict is not Verdict.INVALID)
    more = f" (and {len(bad) - 1} more tables)" if len(bad) > 1 else ""
    return f"{worst.result.verdict}: {worst.table}: {worst.result.reason}{more}"


def log_tables(found: Sequence[TableResult]) -> None:
    """Log every table, green ones first, so that the end of the log says what to do."""
    for table in sorted(found, key=lambda one: (not one.result.verdict.green, one.table)):
        result = table.result
        log_block(f"{result.verdict:8}{table.table}", result.reason, level=log_level(result.verdict))


def log_survey(stored: StoredSurvey) -> None:
    """Write into the log what was surveyed."""
    found = stored.survey
    log_block(
        f"{found.versions[0]} (legacy) against {found.versions[1]} (target)",
        f"{plural(len(found.plan.tables), 'table')} in {plural(len(stored.pieces), 'piece')}, "
        f"{plural(len(found.schema), 'difference')} of schema",
    )
