"""The tables of the pages as CSV and JSON, a page at a time, for spreadsheets and programs."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, Json

from parity.compare.result import Rows as RowCounts
from parity.compare.result import Verdict
from parity.doctor.line import Finding
from parity.errors import BadInput, NotFound
from parity.flow.readiness import Criterion, readiness_of_waves
from parity.history import grid, listing
from parity.history.listing import Chosen, Key, Listed, no_such_row
from parity.history.records import ActivityKey
from parity.history.store import Store
from parity.settings import settings
from parity.tablediff.schema.cutover import CutoverLine
from parity.tablediff.schema.diff import SchemaDifference
from parity.web.database import database_facts
from parity.web.doctor import REPORT
from parity.web.links import suite_of
from parity.web.pages import OpenArtefacts
from parity.web.waivers import WaiverLine, waivers

FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
PLAIN = (
    "verdict",
    "severity",
    "reason",
    "first_broken",
    "broken_stage",
    "caused_by",
    "seconds",
    "cost_usd",
    "bytes_scanned",
    "suite_sha",
    "recorded",
)
"""Fields of a result that are plain facts."""


class Ask(BaseModel):
    """What of a table is asked for; the fields are the parameters of its address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: str | None = None
    activity: str | None = None
    verdict: Verdict | None = None
    since: date | None = None
    until: date | None = None
    run: str | None = None
    dag: str | None = None
    after: Json[list[int | str]] | None = None
    """The key of the row before the page, as the page before it says it."""
    size: int = Field(default=1000, ge=1, le=10_000)

    @property
    def given(self) -> dict[str, Any]:
        """Return the filters that are asked for."""
        return self.model_dump(mode="json", exclude_none=True, exclude={"after", "size"})


@dataclass(frozen=True)
class Source:
    """Where the tables come from."""

    store: Store
    artefacts: OpenArtefacts


Facts = Callable[[Source, Ask], Iterable[Mapping[str, Any]]]
Query = Callable[[Store, Chosen, int, Key | None], Listed]


@dataclass(frozen=True)
class Page:
    """One page of a table."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    following: str
    """The query of the next page's address; empty on the last one."""

    def to_csv(self) -> str:
        """Return it as CSV; a text that a spreadsheet would take for a formula is behind an apostrophe."""
        out = io.StringIO()
        lines = csv.writer(out)
        lines.writerow(self.columns)
        lines.writerows([_cell(value) for value in row] for row in self.rows)
        return out.getvalue()

    def to_json(self) -> str:
        """Return it as JSON; sums of money are text."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        following = f"{self.name}.json{self.following}" if self.following else None
        return json.dumps({"table": self.name, "next": following, "rows": rows}, default=_plain)


def table_page(name: str, source: Source, ask: Ask) -> Page:
    """Return one page of a table; NotFound for an unknown one, BadInput for a filter that it does not have."""
    if name not in FILTERS:
        raise NotFound(f"There is no table {name!r}. There are {', '.join(FILTERS)}.")
    if idle := [one for one in ask.given if one not in FILTERS[name]]:
        known = ", ".join((*FILTERS[name], "after", "size"))
        raise BadInput(f"Table {name} has no filter {idle[0]!r}.", remedy=f"It has {known}.")
    if name in STORED:
        chosen = Chosen(ask.suite, ask.activity, ask.verdict, ask.since, ask.until)
        found = STORED[name](source.store, chosen, ask.size, ask.after)
    else:
        found = _found(name, source, ask)
    last = json.dumps(found.last, default=_plain, separators=(",", ":"))
    following = f"?{urlencode({**ask.given, 'size': ask.size, 'after': last})}" if found.last else ""
    return Page(name, found.columns, found.rows, following)


def _found(name: str, source: Source, ask: Ask) -> Listed:
    """Return a page of what is not stored, by the number of rows before it."""
    match ask.after or [0]:
        case [int(skip)] if skip >= 0:
            pass
        case other:
            raise no_such_row(other)
    facts = [dict(one) for one in islice(FOUND[name](source, ask), skip, skip + ask.size + 1)]
    rows = [tuple(one.get(column) for column in COLUMNS[name]) for one in facts]
    return Listed(COLUMNS[name], rows[: ask.size], (skip + ask.size,) if len(rows) > ask.size else None)


def _cell(value: Any) -> Any:
    if isinstance(value, list | tuple):
        facts = any(isinstance(one, Mapping) for one in value)
        value = json.dumps(value, default=_plain) if facts else ", ".join(map(str, value))
    value = _plain(value)
    if isinstance(value, str) and FORMULA.match(value) and not NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, int | float | str | None) else str(value)


def _run(source: Source, ask: Ask) -> Iterable[Mapping[str, Any]]:
    for one in source.store.run(_named(ask), suite_of(ask.dag)).activities:
        rows = {f"rows_{field.name}": getattr(one.rows, field.name) for field in fields(one.rows)}
        yield {**asdict(one.key), **vars(one), **rows}


def _named(ask: Ask) -> str:
    if ask.run is None:
        raise BadInput("Which run?", remedy="Add run=NUMBER; the table runs lists them.")
    return ask.run


def _waivers(source: Source, ask: Ask) -> Iterable[Mapping[str, Any]]:
    found = waivers(source.store, settings(), datetime.now(UTC).date())
    if found.lost:
        raise BadInput(found.lost)
    return (vars(one) for one in found.lines if ask.suite in (None, one.suite))


def _incidents(source: Source, ask: Ask) -> Iterable[Mapping[str, Any]]:
    return (vars(one) for one in grid.open_incidents(source.store) if ask.suite in (None, one.suite))


def _readiness(source: Source, _: Ask) -> Iterable[Mapping[str, Any]]:
    for one in readiness_of_waves(source.store, settings(), datetime.now(UTC)):
        yield from ({"wave": one.wave.wave, **vars(criterion)} for criterion in one.criteria)


def _doctor(source: Source, _: Ask) -> Iterable[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = json.loads(source.artefacts().read(REPORT))["lines"]
    return found


def _of_database(part: str) -> Facts:
    def rows(source: Source, ask: Ask) -> Iterable[Mapping[str, Any]]:
        facts = database_facts(source.store.run(_named(ask), suite_of(ask.dag)), source.artefacts())
        if facts is None:
            raise NotFound(f"Run {ask.run} has no {part} list: it is of no database, or read none.")
        found: list[Mapping[str, Any]] = facts.to_json()[part]
        return found

    return rows


WHOLE = ("suite", "activity", "verdict", "since", "until")
STORED: Mapping[str, Query] = {
    "runs": listing.runs,
    "results": listing.results,
    "causes": listing.causes,
    "money": listing.money,
    "control_totals": listing.control_totals,
}
"""Tables that the store pages."""
FOUND: Mapping[str, Facts] = {
    "run": _run,
    "schema": _of_database("schema"),
    "cutover": _of_database("cutover"),
    "waivers": _waivers,
    "incidents": _incidents,
    "readiness": _readiness,
    "doctor": _doctor,
}
FILTERS: Mapping[str, Sequence[str]] = {
    "runs": ("suite", "verdict", "since", "until"),
    **dict.fromkeys(("results", "causes", "money", "control_totals"), WHOLE),
    **dict.fromkeys(("run", "schema", "cutover"), ("run", "dag")),
    **dict.fromkeys(("waivers", "incidents"), ("suite",)),
    **dict.fromkeys(("readiness", "doctor"), ()),
}
COLUMNS: Mapping[str, Sequence[str]] = {
    "run": [
        *(field.name for field in fields(ActivityKey)),
        *PLAIN,
        *(f"rows_{field.name}" for field in fields(RowCounts)),
    ],
    "schema": [field.name for field in fields(SchemaDifference)],
    "cutover": [field.name for field in fields(CutoverLine)],
    "waivers": [field.name for field in fields(WaiverLine)],
    "incidents": [field.name for field in fields(grid.Incident)],
    "readiness": ["wave", *(field.name for field in fields(Criterion))],
    "doctor": ["place", *(field.name for field in fields(Finding)), "needed_by"],
}
