"""Waivers that would cover what no rule can: drafts for a person to own, justify and date.

A draft is a whole entry of ``waivers.yaml`` but for the words in capitals, which are refused there.
It is offered only where it would cover exactly what was counted: matching more rows than its cap, a waiver
covers nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from parity.compare.result import RowCause
from parity.compare.rows.facts import Facts
from parity.compare.schema.plan import PlannedColumn
from parity.compare.spec import Spec
from parity.suite.models import Cause
from parity.suite.waivers import PLACEHOLDERS

_LASTS = timedelta(days=14)


def draft_cells(column: PlannedColumn, facts: Facts, spec: Spec) -> list[dict[str, Any]]:
    """Return a waiver for every explained cause of a column."""
    found, left = [], facts.different(column)
    for count in facts.causes(column):
        if count.cause is not Cause.UNEXPLAINED:
            left -= count.rows
            lines = [f"column: {quoted(column.name)}", f"cause: {count.cause}"]
            found.append(_draft(lines, column.name, count.cause, (count.rows, left), spec))
    return found


def draft_rows(causes: tuple[RowCause, ...], facts: Facts, spec: Spec) -> list[dict[str, Any]]:
    """Return one waiver for the missing and one for the extra rows, where their cause tells them apart."""
    whole = {"missing": facts.rows.missing, "extra": facts.rows.extra}
    found: dict[str, dict[str, Any]] = {}
    for cause in causes:
        if cause.kind not in found and (cause.condition or cause.rows == whole[cause.kind]):
            lines = [f"kind: {cause.kind}"]
            lines += [f"rows: {quoted(cause.condition)}"] if cause.condition else []
            counts = cause.rows, whole[cause.kind] - cause.rows
            found[cause.kind] = _draft(lines, None, cause.cause, counts, spec)
    return list(found.values())


def quoted(value: str) -> str:
    """Return a text as YAML writes it between single quotes."""
    return "'" + value.replace("'", "''") + "'"


def _draft(
    lines: list[str], column: str | None, cause: Cause, counts: tuple[int, int], spec: Spec
) -> dict[str, Any]:
    covers, left = counts
    expires = (spec.today or datetime.now(UTC).date()) + _LASTS
    entry = [
        f"suite: {spec.suite or PLACEHOLDERS['suite']}",
        f"activity: {spec.activity or PLACEHOLDERS['activity']}",
        *lines,
        f"max_rows: {covers}",
        *(f"{part}: {PLACEHOLDERS[part]}" for part in ("owner", "reason", "ticket")),
        f"expires: {expires}",
    ]
    return {
        "kind": "waiver",
        "column": column,
        "causes": [str(cause)],
        "yaml": f"- {{{', '.join(entry)}}}\n",
        "tried": covers + left,
        "covers": covers,
        "left": left,
    }
