"""All waivers: those that are declared, how far the newest night used each, and which nobody needs any more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from parity.history import grid
from parity.history.store import Store
from parity.settings import Settings
from parity.suite.database_files import load_databases
from parity.suite.models import Waiver
from parity.suite.suite_files import load_suites

DAYS = 90
"""How far back uses are looked up."""
SOON = timedelta(days=14)
NAMED = ("activity", "owner", "ticket", "approved_by", "kind", "column", "cause", "reason")
STATES = {
    "broken": "FAIL",
    "over cap": "FAIL",
    "expired": "INVALID",
    "expires soon": "INVALID",
    "stale": "INVALID",
    "covers": "WAIVED",
    "not applied yet": "None",
    "removed": "None",
}
"""State → the class of the page's colours; what needs somebody comes first."""


@dataclass(frozen=True)
class WaiverLine:
    """One waiver, and what the newest night in which it was applied made of it."""

    suite: str
    activity: str
    state: str
    owner: str
    ticket: str
    approved_by: str | None
    expires: date
    used_rows: int
    max_rows: int
    used_money: str
    """Sums with their currencies; empty where none is marked as money."""
    max_money: Decimal | None
    kind: str
    column: str | None
    cause: str | None
    rows: str | None
    """Condition on the rows."""
    reason: str
    applied: date | None = None
    """Newest business date on which it was matched against the data; within 90 days."""
    used: date | None = None
    """Newest business date on which it matched anything; within 90 days."""
    note: str = ""


@dataclass(frozen=True)
class Waivers:
    """What the page shows."""

    lines: tuple[WaiverLine, ...]
    lost: str
    """Why not all of them can be shown; empty when they can."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Return how many are in each state."""
        return {state: sum(line.state == state for line in self.lines) for state in STATES}


def waivers(store: Store, configured: Settings, today: date) -> Waivers:
    """Return every waiver that is declared, or that a night of the last 90 days still applied."""
    suites, databases = load_suites(configured.suites), load_databases(configured.databases)
    declared = [(waiver.suite, waiver) for waiver in suites.waivers]
    declared += [(f"db.{waiver.suite}", waiver) for waiver in databases.waivers]
    known = grid.dates(store)
    last = known[1] if known else today
    nights = list(grid.applied_waivers(store, last - timedelta(days=DAYS), last))
    lines = {_key(suite, _plain(waiver)): _line(suite, _plain(waiver), today) for suite, waiver in declared}
    newest = {(suite, activity): day for suite, activity, day, _ in nights}
    for suite, activity, day, applied in nights:
        for one in applied:
            key = _key(suite, one)
            if key in lines:
                lines[key] = _applied(lines[key], one, day, today)
            elif day == newest[suite, activity]:
                lines[key] = replace(_applied(_line(suite, one, today), one, day, today), state="removed")
    errors = [*suites.errors, *databases.errors]
    order = list(STATES)
    ordered = sorted(lines.values(), key=lambda line: (order.index(line.state), line.expires, line.suite))
    return Waivers(tuple(ordered), str(errors[0]) if errors else "")


def _plain(waiver: Waiver) -> Mapping[str, Any]:
    return waiver.model_dump(mode="json") | {"rows_condition": waiver.rows}


def _key(suite: str, waiver: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what makes a waiver the same one, although its caps, owner or last day may change."""
    named = ("activity", "kind", "column", "cause", "rows_condition", "ticket")
    return (suite, *(waiver.get(name) for name in named))


def _line(suite: str, waiver: Mapping[str, Any], today: date) -> WaiverLine:
    expires, most = date.fromisoformat(str(waiver["expires"])), waiver.get("max_money")
    named: dict[str, Any] = {name: waiver.get(name) for name in NAMED}
    return WaiverLine(
        suite=suite,
        state="expired" if expires < today else "not applied yet",
        expires=expires,
        used_rows=0,
        max_rows=int(waiver.get("max_rows") or 0),
        used_money="",
        max_money=None if most is None else Decimal(str(most)),
        rows=waiver.get("rows_condition"),
        **named,
    )


def _applied(line: WaiverLine, found: Mapping[str, Any], day: date, today: date) -> WaiverLine:
    """Return a waiver with what a later night made of it."""
    rows = int(found.get("rows") or 0)
    return replace(
        line,
        state=_state(str(found.get("state")), line.expires, today),
        used_rows=rows,
        used_money=", ".join(f"{amount} {name}" for name, amount in _sums(found)),
        applied=day,
        used=day if rows else line.used,
        note=str(found.get("note") or ""),
    )


def _sums(found: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    return dict(found.get("money") or {}).items()


def _state(found: str, expires: date, today: date) -> str:
    if expires < today:
        return "expired"
    if found == "covers":
        return "expires soon" if expires <= today + SOON else "covers"
    return {"unused": "stale", "over_cap": "over cap", "expired": "not applied yet"}.get(found, found)
