"""Waivers that would cover what no rule can: drafts for a person to own, justify and date.

A draft is a whole entry of ``waivers.yaml`` but for the words in capitals, which are refused there.
It is offered only where it would cover exactly what was counted: matching more rows than its cap, a waiver
covers nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from parity.compare.result import RowCause
from parity.compare.rows.facts import Facts
from parity.compare.schema.plan import PlannedColumn
from parity.compare.spec import Spec
from parity.suite.models import Cause
from parity.suite.waivers import PLACEHOLDERS

Proposal = dict[str, Any]
_LASTS = timedelta(days=14)


def draft_cells(column: PlannedColumn, facts: Facts, spec: Spec) -> list[Proposal]:
    """Return a waiver for every explained cause of a column."""
    found, left = [], facts.different(column)
    for count in facts.causes(column):
        if count.cause is not Cause.UNEXPLAINED:
            left -= count.rows
            lines = [f"column: {quoted(column.name)}", f"cause: {count.cause}"]
            found.append(_draft(lines, column.name, count.cause, (count.rows, left), spec))
    return found


def draft_rows(causes: tuple[RowCause, ...], facts: Facts, spec: Spec) -> list[Proposal]:
    """Return one waiver for the missing and one for the extra rows, where their cause sets them apart."""
    whole = {"missing": facts.rows.missing, "extra": facts.rows.extra}
    found: dict[str, Proposal] = {}
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


def _draft(lines: list[str], column: str | None, cause: Cause, counts: tuple[int, int], spec: Spec) -> Proposal:
    expires = (spec.today or datetime.now(UTC).date()) + _LASTS
    entry = [
        f"suite: {spec.suite or PLACEHOLDERS['suite']}",
        f"activity: {spec.activity or PLACEHOLDERS['activity']}",
        *lines,
        f"max_rows: {counts[0]}",
        *(f"{part}: {PLACEHOLDERS[part]}" for part in ("owner", "reason", "ticket")),
        f"expires: {expires}",
    ]
    return proposal("waiver", column, [cause], f"- {{{', '.join(entry)}}}\n", counts)


def proposal(
    kind: str, column: str | None, causes: Sequence[Cause], yaml: str, counts: tuple[int, int]
) -> Proposal:
    """Return what the result shows of a rule or waiver; ``counts`` are the differences it covers and leaves."""
    covers, left = counts
    return {
        "kind": kind,
        "column": column,
        "causes": [str(cause) for cause in causes],
        "yaml": yaml,
        "tried": covers + left,
        "covers": covers,
        "left": left,
    }
