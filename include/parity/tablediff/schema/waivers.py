"""Schema differences that a waiver covers for a while, within its caps. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from parity.compare.explain.waivers import AppliedWaiver
from parity.suite.models import Waiver
from parity.tablediff.schema.diff import SchemaDifference
from parity.wording import plural


def waive_schema(
    found: Sequence[SchemaDifference], database: str, waivers: Sequence[Waiver], today: date
) -> tuple[SchemaDifference, ...]:
    """Mark each difference with the ticket of the waiver that covers it; ``max_rows`` caps how many."""
    left = {
        at: waiver.max_rows
        for at, waiver in enumerate(waivers)
        if waiver.suite == database and waiver.kind == "schema" and waiver.expires >= today
    }
    marked = []
    for difference in found:
        at = next((at for at, rest in left.items() if rest and _covers(waivers[at], difference)), None)
        if at is not None:
            left[at] -= 1
        marked.append(difference if at is None else replace(difference, waived=waivers[at].ticket))
    return tuple(marked)


def applied_waivers(
    marked: Sequence[SchemaDifference], database: str, waivers: Sequence[Waiver], today: date
) -> tuple[dict[str, Any], ...]:
    """Return what :func:`waive_schema` made of each waiver, as a result shows it."""
    own = [waiver for waiver in waivers if waiver.suite == database and waiver.kind == "schema"]
    return tuple(_applied(waiver, marked, today).to_dict() for waiver in own)


def _applied(waiver: Waiver, marked: Sequence[SchemaDifference], today: date) -> AppliedWaiver:
    matched = [difference for difference in marked if _covers(waiver, difference)]
    if waiver.expires < today:
        return AppliedWaiver(waiver, "expired", len(matched), note=f"it expired on {waiver.expires}")
    if not matched:
        return AppliedWaiver(waiver, "unused", note="it matches nothing: remove it")
    if len(matched) > waiver.max_rows:
        note = f"it matches {plural(len(matched), 'difference')}, more than its {waiver.max_rows:,}"
        return AppliedWaiver(waiver, "over_cap", len(matched), note=note)
    return AppliedWaiver(waiver, "covers", len(matched))


def waived_columns(table: str, database: str, waivers: Sequence[Waiver], today: date) -> tuple[str | None, ...]:
    """Return the columns of a table whose schema a waiver covers; None stands for the table itself."""
    return tuple(
        waiver.column
        for waiver in waivers
        if (waiver.suite, waiver.activity, waiver.kind) == (database, table, "schema") and waiver.expires >= today
    )


def _covers(waiver: Waiver, difference: SchemaDifference) -> bool:
    own = difference.object.removeprefix(f"{difference.table}.")
    names = (difference.table, *([difference.object] if difference.kind == "trigger" else []))
    return waiver.activity in names and waiver.column in (None, own)
