"""The results store: one door to SQLite, PostgreSQL or MySQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from parity.history.records import ActivityRecord, RunDetail, RunRecord

if TYPE_CHECKING:
    from sqlalchemy import Engine


def open_store(url: str) -> Store:
    """Open the store at a SQLAlchemy ``url`` and bring its tables up to date, safely when many do."""
    raise NotImplementedError


class Store:
    """Everything that runs have found. Every write may be repeated."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def record_run(self, run: RunRecord) -> int:
        """Write a run, keyed by (suite, run_id, business_date), and return its short number."""
        raise NotImplementedError

    def record_activity(self, record: ActivityRecord) -> None:
        """Write one activity's result; the same key again replaces it."""
        raise NotImplementedError

    def runs(self, suite: str | None = None, limit: int = 20) -> tuple[RunRecord, ...]:
        """Return the newest runs first."""
        raise NotImplementedError

    def run(self, name: str, suite: str | None = None) -> RunDetail:
        """Return a run by its short number or its run id; BadInput when there is none or more than one."""
        raise NotImplementedError

    def latest(self, suite: str, activity: str | None = None) -> tuple[ActivityRecord, ...]:
        """Return each activity's last result of the newest business date that it has."""
        raise NotImplementedError

    def activity_history(self, suite: str, activity: str, limit: int = 90) -> tuple[ActivityRecord, ...]:
        """Return one result per business date, the newest first."""
        raise NotImplementedError

    def streak(self, suite: str, activity: str) -> int:
        """Count the green business dates in a row, up to the newest."""
        raise NotImplementedError

    def red_since(self, suite: str, activity: str) -> date | None:
        """Return the first business date of the current red stretch, or None when it is green."""
        raise NotImplementedError

    def purge(self, before: date) -> int:
        """Delete runs and results of business dates before ``before`` and return how many results went."""
        raise NotImplementedError

    def alerts(self, suite: str | None = None) -> tuple[Mapping[str, Any], ...]:
        """Return the state of every alert that is open or was."""
        raise NotImplementedError

    def save_alerts(self, states: Iterable[Mapping[str, Any]], letters: Iterable[Mapping[str, Any]]) -> None:
        """Write alert states and the letters they cause, in one transaction; a letter is written once."""
        raise NotImplementedError

    def unsent(self, suite: str) -> Sequence[Mapping[str, Any]]:
        """Return the letters that no channel has taken yet, oldest first."""
        raise NotImplementedError

    def mark_sent(self, letter: str, at: datetime) -> None:
        """Remember that a letter arrived."""
        raise NotImplementedError
