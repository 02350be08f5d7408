"""Gathers what is stored of suites, and what the working tree declares of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from parity.clients.artefacts import Artefacts
from parity.compare.result import Result
from parity.errors import BadInput, ExportRefused
from parity.flow import codec
from parity.flow.backtest.judgement import Answer, Declared, answer
from parity.flow.backtest.waivers import own_waivers
from parity.history import grid
from parity.history.records import ActivityRecord
from parity.history.store import Store
from parity.suite.models import Suite
from parity.suite.suite_files import legacy_sql, load_suites, own_expectations, suite_sha

DATABASE = "db."
"""What the names of databases begin with in the results store."""


@dataclass(frozen=True)
class Backtest:
    """The answers for the newest result of each activity and date, by suite, activity and date."""

    since: date
    answers: Sequence[Answer]

    @property
    def changed(self) -> Sequence[Answer]:
        """Return those whose verdict, or what it hides, is known to be another one."""
        return [one for one in self.answers if one.changes]

    @property
    def open(self) -> Sequence[Answer]:
        """Return those of which it cannot be said."""
        return [one for one in self.answers if one.after is None]

    @property
    def exit_code(self) -> int:
        """Return 2 when something cannot be said, 1 when something changes, else 0."""
        return 2 if self.open else 1 if self.changed else 0


def backtest(store: Store, artefacts: Artefacts, folder: Path, since: date, suite: str = "") -> Backtest:
    """Ask the stored results since a date, of one suite or all, what they would say by the suites in ``folder``.

    BadInput where there is nothing to ask, or a suite has mistakes.
    """
    suites = _Suites(folder)
    cells = grid.newest_results(store, since, datetime.now(UTC).date())
    pairs = [(cell.suite, cell.activity) for cell in cells if not cell.suite.startswith(DATABASE)]
    wanted = [pair for pair in pairs if suite in ("", pair[0])]
    if not wanted:
        raise BadInput(f"No result{f' of {suite}' if suite else ''} is recorded since {since}.")
    found: list[Answer] = []
    for of, activity in wanted:
        history = store.activity_history(of, activity, since=since)
        reports, declared = _reports(artefacts, history), suites.declared(of, activity)
        found += [answer(record, reports.get(record.report), declared) for record in history]
    return Backtest(since, found)


def _reports(artefacts: Artefacts, history: Sequence[ActivityRecord]) -> Mapping[str, Result]:
    """Return the reports that are kept and can be read, by name."""
    texts = artefacts.read_each(record.report for record in history if record.report)
    return dict(_readable(texts))


def _readable(texts: Mapping[str, bytes]) -> Iterator[tuple[str, Result]]:
    for name, text in texts.items():
        try:
            yield name, codec.from_text(Result, text)
        except ExportRefused:
            continue


class _Suites:
    """The suites of a folder; BadInput when one has a mistake."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded = load_suites(folder)
        if self._loaded.errors:
            raise self._loaded.errors[0]
        self._classes = own_expectations(folder)
        self._shas = {name: suite_sha(path) for name, path in self._loaded.paths.items()}

    def declared(self, suite: str, activity: str) -> Declared | None:
        """Return what is declared of an activity; None when nothing is."""
        model = self._loaded.models.get(suite)
        if model is None or activity not in {one.name for one in model.activities}:
            return None
        return self._declared(model, activity)

    def _declared(self, model: Suite, activity: str) -> Declared:
        path, one = self._loaded.paths[model.suite], model.activity(activity)
        waivers = own_waivers(self._loaded.waivers, model.suite, activity)
        return Declared(model, one, legacy_sql(path, one), self._classes, waivers, self._shas[model.suite])
