"""Why whole rows are missing or extra: a date that has not arrived, a value they share, copies, a fan-out."""

from __future__ import annotations

from parity.compare.explain.redaction import SensitiveValues, mask
from parity.compare.result import RowCause
from parity.compare.rows.facts import Facts
from parity.compare.rows.pairing import EXTRA, MISSING
from parity.compare.schema.plan import PlannedColumn
from parity.compare.session import DuckSession, ident, text
from parity.compare.spec import Spec
from parity.compare.types import ValueKind
from parity.suite.models import Cause
from parity.wording import plural

_SHARED = (ValueKind.TEXT, ValueKind.DATE, ValueKind.INTEGER, ValueKind.BOOLEAN, ValueKind.TIMESTAMP)
_FEWEST = 2
"""Fewest rows whose shared value is reported."""
_WIDEST = 400
"""Columns looked at."""
_SIDES = {"missing": (MISSING, "l", "t", "legacy", "target"), "extra": (EXTRA, "t", "l", "target", "legacy")}
"""Of a kind of rows: its code, the letters of its own and the other side, and the names of these."""


def explain_rows(session: DuckSession, facts: Facts, spec: Spec, partitions: set[str]) -> tuple[RowCause, ...]:
    """Return what the missing rows have in common, then what the extra ones have."""
    found: list[RowCause] = []
    for kind, count in (("missing", facts.rows.missing), ("extra", facts.rows.extra)):
        copies = _copies(session, facts, kind) if count else []
        found += copies
        if count >= _FEWEST and (kind == "missing" or not copies):
            found += _shared(session, facts, spec, partitions, kind)
    return tuple(found)


def _copies(session: DuckSession, facts: Facts, kind: str) -> list[RowCause]:
    """Count the missing or extra rows that are copies of others of their side, and those that fan a key out."""
    code, side, other, here, there = _SIDES[kind]
    p = facts.prefix
    if not session.one(f"SELECT count(*) FROM {p}many"):
        return []
    loaded, fanned = session.row(
        "SELECT count(*) FILTER (d.copies > 1), count(*) FILTER (d.copies = 1 AND d.known) FROM "
        f"{p}res r JOIN "
        f"(SELECT rid, count(*) OVER (PARTITION BY g, a, b) AS copies, g IN (SELECT g FROM {p}d{other}) AS "
        f"known FROM {p}d{side}) d "
        f"ON r.{side}id = d.rid WHERE r.kind = {code}"
    )
    copied = f"{plural(loaded, f'{kind} row')} with an exact copy on the {here} side"
    widened = f"{plural(fanned, f'{kind} row')} with a key of the {there} side, but other values"
    found = ((Cause.DUPLICATE_LOAD, loaded, copied), (Cause.JOIN_FAN_OUT, fanned, widened))
    return [RowCause(cause, n, words, kind) for cause, n, words in found if n]


def _shared(session: DuckSession, facts: Facts, spec: Spec, partitions: set[str], kind: str) -> list[RowCause]:
    """Return the values that all rows of a kind share, unless every row of that side has them."""
    code, side, _, whole, _ = _SIDES[kind]
    rows = (
        f"(SELECT * FROM {facts.prefix}w{side} WHERE rowid IN (SELECT {side}id FROM {facts.prefix}res "
        f"WHERE kind = {code}))"
    )
    count = facts.rows.missing if kind == "missing" else facts.rows.extra
    columns = [c for c in facts.plan.columns if c.kind in _SHARED][:_WIDEST]
    shared, only = [], _only(session, columns, rows, count)
    secrets = SensitiveValues(session, facts.plan, (value for _, value in only))
    for column, value in only:
        everywhere = session.one(f"SELECT count(*) FROM {whole} WHERE {_grain(column)} = {text(value)}")
        total = facts.rows.legacy if kind == "missing" else facts.rows.target
        if everywhere < total:
            key = spec.mask_key if column.rule.sensitive or value in secrets else None
            shared.append((everywhere, _shared_value(column, value, (kind, count, everywhere), key, partitions)))
    # The rarest value is the most telling: nine rows in ten may hold a false one anyhow.
    found = [cause for _, cause in sorted(shared, key=lambda one: one[0])]
    found = found or _days(session, [c for c in columns if not c.rule.sensitive], rows, (kind, whole, count))
    return sorted(found, key=lambda one: one.cause is not Cause.LATE_PARTITION)[:3]


def _grain(column: PlannedColumn, name: str = "") -> str:
    """Return the SQL that a value is shared by: a timestamp is shared by its day."""
    value = name or column.value
    return f"{value}::DATE::VARCHAR" if column.kind is ValueKind.TIMESTAMP else f"{value}::VARCHAR"


def _condition(column: PlannedColumn, values: list[str]) -> str:
    """Return the SQL that picks the rows of some values."""
    return f"{_grain(column, ident(column.name))} IN ({', '.join(map(text, values))})"


def _only(
    session: DuckSession, columns: list[PlannedColumn], rows: str, count: int
) -> list[tuple[PlannedColumn, str]]:
    """Return the columns of which all rows have one and the same value, with that value."""
    parts = (f"min({g}), max({g}), count({c.value})" for c in columns for g in [_grain(c)])
    flat = session.row(f"SELECT {', '.join(parts)} FROM {rows}") if columns else ()
    triples = [flat[at : at + 3] for at in range(0, len(flat), 3)]
    return [
        (c, str(low))
        for c, (low, high, known) in zip(columns, triples, strict=True)
        if low == high and known == count
    ]


def _shared_value(
    column: PlannedColumn, value: str, counts: tuple[str, int, int], key: bytes | None, partitions: set[str]
) -> RowCause:
    """Return the cause of a value that all rows have.

    It is masked under ``key``, if there is one, and then comes without the SQL that would show it.
    """
    kind, count, everywhere = counts
    shown = f"'{value}'" if key is None else mask(value, key)
    words = f"all {count:,} {kind} rows have {column.name} = {shown}"
    dated = column.kind in (ValueKind.DATE, ValueKind.TIMESTAMP) or column.name in partitions
    if everywhere == count:
        side = "legacy" if kind == "missing" else "target"
        words += f", and no {side} row with that value has a partner"
    late = dated and everywhere == count and kind == "missing"
    cause = Cause.LATE_PARTITION if late else Cause.SHARED_VALUE
    return RowCause(cause, count, words, kind, _condition(column, [value]) if key is None else "")


def _days(
    session: DuckSession, columns: list[PlannedColumn], rows: str, what: tuple[str, str, int]
) -> list[RowCause]:
    """Find days of which no row at all has a partner, when they hold a good part of the rows."""
    kind, whole, count = what
    for column in columns:
        if column.kind in (ValueKind.DATE, ValueKind.TIMESTAMP):
            grain = _grain(column)
            top = session.rows(
                f"SELECT {grain} AS day, count(*) AS n FROM {rows} GROUP BY day HAVING day IS NOT "
                f"NULL AND n * 5 >= {count} ORDER BY n DESC, day LIMIT 5"
            )
            gone = [
                (day, n)
                for day, n in top
                if n > 1 and session.one(f"SELECT count(*) FROM {whole} WHERE {grain} = {text(day)}") == n
            ]
            if gone:
                held = sum(n for _, n in gone)
                days = ", ".join(day for day, _ in gone)
                cause = Cause.LATE_PARTITION if kind == "missing" else Cause.SHARED_VALUE
                words = f"{held:,} {kind} rows are all that {column.name} = {days} has"
                return [RowCause(cause, held, words, kind, _condition(column, [day for day, _ in gone]))]
    return []
