"""The overview: every activity and night at a glance, and what needs somebody."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from parity.compare.result import Verdict
from parity.history import grid
from parity.history.grid import Cell, Incident
from parity.history.store import Store
from parity.wording import plural

NIGHTS = (30, 60, 90)
ROWS = 50
"""Activities of one page."""
STREAK_DAYS = 400
SOON = timedelta(days=14)
SHAPES = {Verdict.PASS: "●", Verdict.WAIVED: "◐", Verdict.FAIL: "✕", Verdict.INVALID: "?", None: "…"}
"""A shape for each verdict, so that nobody needs the colours."""


class View(BaseModel):
    """What of the overview is asked for; the fields are the parameters of its address."""

    model_config = ConfigDict(frozen=True)

    suite: str = ""
    wave: int | None = None
    verdict: Verdict | None = None
    """Only activities whose newest verdict is this one."""
    severity: str = ""
    nights: int = Field(default=60, ge=1, le=90)
    until: date | None = None
    """The newest date shown; of all that is stored when None."""
    page: int = Field(default=1, ge=1)

    def link(self, **changes: Any) -> str:
        """Return the address of another view; the first page unless it is asked for."""
        values = {**self.model_dump(mode="json", exclude={"page"}), **changes}
        kept = {name: value for name, value in values.items() if value not in (None, "", 60)}
        return f"?{urlencode(kept)}"


@dataclass(frozen=True)
class Line:
    """The cells of a suite's runs (no activity) or of an activity: one per day, None where nothing is."""

    suite: str
    activity: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class Overview:
    """What the page shows."""

    view: View
    days: tuple[date, ...]
    suites: tuple[tuple[Line, str, tuple[Line, ...]], ...]
    """Of each suite its runs, its green nights in words, and its activities on this page."""
    counts: Mapping[Verdict, int]
    """Activities by their newest verdict."""
    money: Mapping[str, Decimal]
    incidents: Sequence[Incident]
    expiring: Sequence[tuple[str, str, Mapping[str, Any]]]
    """Waivers in use that expire soon, as (suite, activity, waiver), the first to expire first."""
    worst: Sequence[tuple[tuple[str, str], int]]
    """(suite, activity) and its nights that were not green, of this page, the most first."""
    choices: Mapping[str, Sequence[Any]]
    pages: int
    older: date | None
    newer: date | None
    seeded: bool
    """Whether some of the nights are examples."""


def overview(store: Store, view: View, today: date) -> Overview | None:
    """Return the overview that ``view`` asks for; None when nothing has run yet."""
    known = grid.dates(store)
    if known is None:
        return None
    until = min(view.until or known[1], known[1])
    days = tuple(until - timedelta(days=back) for back in reversed(range(view.nights)))
    runs = grid.newest_runs(store, min(days[0], until - timedelta(days=STREAK_DAYS)), until)
    waves = {cell.suite: cell.wave for cell in runs}
    newest = grid.newest_results(store, days[0], until)
    chosen = [cell for cell in newest if _wanted(cell, view, waves)]
    shown = chosen[(view.page - 1) * ROWS : view.page * ROWS]
    cells = grid.results_of(store, [(cell.suite, cell.activity) for cell in shown], days[0], until)
    numbers = [cell.result for cell in chosen if cell.verdict is not Verdict.PASS]
    return Overview(
        view=view,
        days=days,
        suites=tuple(_suites(runs, cells, days)),
        counts={verdict: sum(cell.verdict is verdict for cell in chosen) for verdict in Verdict},
        money=grid.differing_money(store, numbers),
        incidents=[one for one in grid.open_incidents(store) if view.suite in ("", one.suite)],
        expiring=_expiring(grid.waivers_of(store, numbers), today),
        worst=_worst(cells),
        choices={
            "suite": sorted({cell.suite for cell in newest}),
            "wave": sorted(set(waves.values())),
            "verdict": list(Verdict),
            "severity": sorted({cell.severity for cell in newest}),
        },
        pages=-(-len(chosen) // ROWS),
        older=days[0] - timedelta(days=1) if days[0] > known[0] else None,
        newer=min(until + timedelta(days=view.nights), known[1]) if until < known[1] else None,
        seeded=any(cell.seeded for cell in cells),
    )


def green_in_a_row(runs: Sequence[Cell]) -> str:
    """Say how many of a suite's last nights were green, in a row; ``runs`` has one per date, the oldest first.

    Seeded ones do not count.
    """
    ended = [cell for cell in runs if cell.verdict is not None and not cell.seeded]
    if not ended:
        return "no night has ended yet"
    green = 0
    for cell in reversed(ended):
        if cell.verdict is None or not cell.verdict.green:
            break
        green += 1
    if not green:
        return f"{ended[-1].verdict} on {ended[-1].day}"
    return f"{plural(green, 'green night')}, the last {ended[-1].day}"


def _wanted(cell: Cell, view: View, waves: Mapping[str, int]) -> bool:
    return (
        view.suite in ("", cell.suite)
        and view.wave in (None, waves.get(cell.suite))
        and view.verdict in (None, cell.verdict)
        and view.severity in ("", cell.severity)
    )


def _suites(
    runs: Sequence[Cell], cells: Sequence[Cell], days: Sequence[date]
) -> Iterable[tuple[Line, str, tuple[Line, ...]]]:
    of_suite: dict[str, list[Cell]] = defaultdict(list)
    for cell in runs:
        of_suite[cell.suite].append(cell)
    for suite, some in groupby(cells, key=lambda cell: cell.suite):
        lines = [_line(suite, name, own, days) for name, own in groupby(some, key=lambda cell: cell.activity)]
        yield _line(suite, "", of_suite[suite], days), green_in_a_row(of_suite[suite]), tuple(lines)


def _line(suite: str, activity: str, cells: Iterable[Cell], days: Sequence[date]) -> Line:
    by_day = {cell.day: cell for cell in cells}
    return Line(suite, activity, tuple(by_day.get(day) for day in days))


def _expiring(
    waivers: Iterable[tuple[str, str, Mapping[str, Any]]], today: date
) -> list[tuple[str, str, Mapping[str, Any]]]:
    until = (today + SOON).isoformat()
    soon = [one for one in waivers if one[2].get("state") == "covers" and str(one[2].get("expires")) <= until]
    return sorted(soon, key=lambda one: str(one[2].get("expires")))


def _worst(cells: Iterable[Cell], most: int = 5) -> list[tuple[tuple[str, str], int]]:
    broken = Counter((c.suite, c.activity) for c in cells if c.verdict is not None and not c.verdict.green)
    return broken.most_common(most)
