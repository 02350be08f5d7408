"""Known differences that may pass for a while: applied after the comparison, and always shown.

A waiver that is expired, over a cap, broken or matches nothing covers nothing, and the result shows why. The
verdict is WAIVED only when every different row, in every different column, and every schema difference is covered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from parity.compare.result import SchemaFact
from parity.compare.rows.facts import Facts
from parity.compare.rows.money import absolute_sums, money_columns, unsummed
from parity.compare.rows.pairing import CHANGED, EQUAL, EXTRA, MISSING
from parity.compare.schema.expressions import refuse_non_scalar
from parity.compare.schema.plan import ComparisonPlan
from parity.compare.session import DuckSession, ident
from parity.compare.spec import Spec
from parity.compare.types import EXACT
from parity.errors import BadInput, CouldNotCompare
from parity.suite.models import Cause, Waiver
from parity.wording import plural

_ROW = ident("parity row")
_KINDS = {"changed": CHANGED, "missing": MISSING, "extra": EXTRA}


@dataclass(frozen=True)
class AppliedWaiver:
    """One waiver and what it matched; ``state`` is covers, expired, over_cap, unused or broken."""

    waiver: Waiver
    state: str
    rows: int = 0
    money: dict[str, Decimal] | None = None
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return what the result shows."""
        shown = self.waiver.model_dump(mode="json") | {"rows_condition": self.waiver.rows}
        money = {currency: str(amount) for currency, amount in (self.money or {}).items()}
        return shown | {"state": self.state, "rows": self.rows, "money": money, "note": self.note}


@dataclass(frozen=True)
class WaiverCoverage:
    """How many differences (rows, and columns whose schema differs) waivers cover, and how many are left."""

    applied: tuple[AppliedWaiver, ...]
    waived: int
    uncovered: int


def apply_waivers(session: DuckSession, facts: Facts, spec: Spec) -> WaiverCoverage:
    """Match every waiver and count what those in force leave uncovered."""
    schema = facts.plan.schema_differences
    different = facts.rows.different + len(schema)
    if not spec.waivers:
        return WaiverCoverage((), 0, different)
    today = spec.today or datetime.now(UTC).date()
    applied = [_apply(session, facts, waiver, today) for waiver in spec.waivers]
    active = [one.waiver for one in applied if one.state == "covers"]
    left = _uncovered_rows(session, facts, active) + sum(not _waives(active, fact) for fact in schema)
    return WaiverCoverage(tuple(applied), different - left, left)


def _waives(active: list[Waiver], fact: SchemaFact) -> bool:
    return any(w.kind == "schema" and w.column in (None, fact.name) for w in active)


def _apply(session: DuckSession, facts: Facts, waiver: Waiver, today: date) -> AppliedWaiver:
    money: dict[str, Decimal] = {}
    if waiver.kind == "schema":
        matched = sum(_waives([waiver], fact) for fact in facts.plan.schema_differences)
    else:
        try:
            if waiver.rows:
                refuse_non_scalar(session, waiver.rows, "rows")
            matched, money = _match(session, facts, waiver)
        except (BadInput, CouldNotCompare) as error:
            return AppliedWaiver(waiver, "broken", note=str(error))
    state, note = _state(waiver, matched, money, today)
    if waiver.max_money is not None and waiver.kind != "schema":
        if state == "covers" and (unsummed := _unsummed(session, facts, waiver)):
            state, note = "over_cap", unsummed
        if uncapped := _uncapped(facts.plan, waiver):
            state, note = "broken", uncapped
    return AppliedWaiver(waiver, state, matched, money, note)


def _uncapped(plan: ComparisonPlan, waiver: Waiver) -> str:
    """Return why a cap on money does not cap all that is marked as money; empty when it does.

    A column of which neither side has a value holds no money, whatever its type would be.
    """
    summed = {c.index for c in money_columns(plan)}
    summed |= {c.index for c in plan.values if c.rule.money and c.legacy.kind.untyped and c.target.kind.untyped}
    if not summed:
        return "it caps money, but no compared column is marked as money"
    wanted = _summed(plan, waiver)
    if not summed & {*wanted}:
        return f"it caps money, but column {waiver.column} is not summed as money"
    others = [c.name for c in plan.values if c.index in wanted and c.rule.money and c.index not in summed]
    return f"it caps money, but column {others[0]} holds no numbers" if others else ""


def _unsummed(session: DuckSession, facts: Facts, waiver: Waiver) -> str:
    """Return how many matched rows have no sum of their difference in money, in words; empty when all have."""
    wanted = _summed(facts.plan, waiver)
    tests = [unsummed(c, facts.plan) for c in money_columns(facts.plan) if c.index in wanted]
    rows = session.one(
        f"SELECT count(*) FROM {facts.prefix}res r JOIN ({_hits(facts, waiver)}) h ON r.lid IS NOT DISTINCT "
        f"FROM h.lid AND r.tid IS NOT DISTINCT FROM h.tid WHERE {' OR '.join(tests) or 'false'}"
    )
    return (
        f"it matches {plural(rows, 'row')} whose difference in money has no sum, such as NaN or another currency"
        if rows
        else ""
    )


def _summed(plan: ComparisonPlan, waiver: Waiver) -> list[int]:
    """Return the columns whose money a waiver caps: of missing and extra rows, all."""
    return _columns(plan, waiver) if waiver.kind == "changed" else [c.index for c in plan.values]


def _state(waiver: Waiver, rows: int, money: dict[str, Decimal], today: date) -> tuple[str, str]:
    if waiver.expires < today:
        return "expired", f"it expired on {waiver.expires}"
    if not rows:
        return "unused", "it matches nothing: remove it"
    if rows > waiver.max_rows:
        return "over_cap", f"it matches {plural(rows, 'row')}, more than its {waiver.max_rows:,}"
    over = {c: m for c, m in money.items() if waiver.max_money is not None and m > waiver.max_money}
    if over:
        currency, amount = next(iter(over.items()))
        return "over_cap", f"it matches {amount:,} {currency}, more than its {waiver.max_money:,}"
    return "covers", ""


def _columns(plan: ComparisonPlan, waiver: Waiver) -> list[int]:
    return [c.index for c in plan.values if waiver.column in (None, c.name)]


def _cells(facts: Facts, waiver: Waiver) -> dict[int, list[int]]:
    """Return the codes that a waiver for changed values covers, by column index."""
    if waiver.cause not in (None, *Cause):
        raise BadInput(f"there is no cause {waiver.cause!r}")
    cause = Cause(waiver.cause) if waiver.cause else None
    wanted = set(_columns(facts.plan, waiver))
    return {c.index: codes for c in facts.plan.values if c.index in wanted and (codes := facts.codes_of(c, cause))}


def _is_covered(index: int, codes: list[int]) -> str:
    return f"q{index} IN ({', '.join(map(str, codes))})"


def _matches(facts: Facts, waiver: Waiver) -> str:
    """Return the condition on ``res`` (and its named rows) that a row has something this waiver covers."""
    kind = f"r.kind = {_KINDS[waiver.kind]}"
    if waiver.kind != "changed":
        return kind
    cells = " OR ".join(f"r.{_is_covered(i, codes)}" for i, codes in _cells(facts, waiver).items())
    return f"{kind} AND ({cells or 'false'})"


def _hits(facts: Facts, waiver: Waiver) -> str:
    """Return the query of the ids (lid, tid) that a waiver matches, its row condition included."""
    p, where = facts.prefix, _matches(facts, waiver)
    if not waiver.rows:
        return f"SELECT r.lid, r.tid FROM {p}res r WHERE {where}"
    names = ", ".join(f"{c.value} AS {ident(c.name)}" for c in facts.plan.columns)
    # Neither 1 nor 'true' is a condition: a name alone would cover every row in which it is not 0.
    kind, refusal = f"typeof(({waiver.rows}))", "error('rows is no condition')"
    condition = f"CASE WHEN {kind} = 'BOOLEAN' THEN ({waiver.rows}) ELSE {refusal} END"
    named = {
        s: f"(SELECT {_ROW} FROM (SELECT rowid AS {_ROW}, {names} FROM {p}w{s}) WHERE {condition})" for s in "lt"
    }
    return (
        f"SELECT r.lid, r.tid FROM {p}res r WHERE {where} AND "
        f"(coalesce(r.lid IN {named['l']}, false) OR coalesce(r.tid IN {named['t']}, false))"
    )


def _match(session: DuckSession, facts: Facts, waiver: Waiver) -> tuple[int, dict[str, Decimal]]:
    hits = _hits(facts, waiver)
    rows = int(session.one(f"SELECT count(*) FROM ({hits})"))
    money: dict[str, Decimal] = {}
    wanted = _summed(facts.plan, waiver)
    for column in money_columns(facts.plan):
        if rows and column.index in wanted:
            found = (
                f"{facts.prefix}res r JOIN ({hits}) h "
                "ON r.lid IS NOT DISTINCT FROM h.lid AND r.tid IS NOT DISTINCT FROM h.tid"
            )
            for currency, amount in absolute_sums(session, column, found):
                money[currency] = EXACT.add(money.get(currency, Decimal(0)), amount)
    return rows, money


def _uncovered_rows(session: DuckSession, facts: Facts, active: list[Waiver]) -> int:
    """Count the different rows of which some different column, or the row itself, no waiver covers."""
    usable = [w for w in active if w.kind != "schema"]
    p = facts.prefix
    flags = ", ".join(
        f"(r.lid, r.tid) IN (SELECT (coalesce(lid, -1), coalesce(tid, -1)) FROM ({_hits(facts, w)})) AS w{at}"
        for at, w in enumerate(usable)
    ).replace("(r.lid, r.tid)", "(coalesce(r.lid, -1), coalesce(r.tid, -1))")
    whole = {
        kind: " OR ".join(f"w{at}" for at, w in enumerate(usable) if w.kind == kind) or "false"
        for kind in ("missing", "extra")
    }
    cells = [_cells(facts, w) if w.kind == "changed" else {} for w in usable]
    changed = [_column_covered(c.index, cells) for c in facts.plan.values if facts.different(c)]
    covered = (
        f"CASE kind WHEN {MISSING} THEN {whole['missing']} WHEN {EXTRA} THEN {whole['extra']} "
        f"ELSE {' AND '.join(changed) or 'false'} END"
    )
    source = f"SELECT r.*{', ' + flags if flags else ''} FROM {p}res r WHERE r.kind <> {EQUAL}"
    return int(session.one(f"SELECT count(*) FILTER (NOT coalesce({covered}, false)) FROM ({source})"))


def _column_covered(index: int, cells: list[dict[int, list[int]]]) -> str:
    """Return the test that a column is equal, or that some waiver covers its code on this row."""
    by_waiver = (f"(w{at} AND {_is_covered(index, one[index])})" for at, one in enumerate(cells) if index in one)
    return f"({' OR '.join([f'q{index} NOT BETWEEN 1 AND 254', *by_waiver])})"
