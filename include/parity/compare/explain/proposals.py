"""Proposals: the smallest rule or waiver for each explained difference, and what it would leave.

Nothing is ever applied. Every rule is tried on the captured rows through the same engine, so that the number
it would leave is counted, not guessed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_UP, Decimal
from typing import Any

from pydantic import ValidationError

from parity.compare.explain.waiver_drafts import Proposal, draft_cells, proposal, quoted
from parity.compare.rows.facts import Facts, gather
from parity.compare.rows.hash_scan import key_hash
from parity.compare.schema.plan import PlannedColumn
from parity.compare.schema.rules import SPACES, equality_rule, plain, ticks
from parity.compare.session import DuckSession, batches, ident, text
from parity.compare.spec import Spec
from parity.compare.types import ValueKind, fill
from parity.suite.models import Cause, ColumnRule

Rule = dict[str, Any]
"""Parts of a column's rule, as a suite's YAML has them."""
_ENOUGH_EQUAL = 1_000
"""Equal rows after which an expression counts as harmless."""
_MOST_ROWS = 10_000
"""Captured rows of a side that rules are tried on."""
_MANY = 500
"""Columns whose equal rows are looked at in one statement; each binds the whole view of a side."""
_FEW = 100
"""Columns counted in one statement; planning counts with conditions costs the square of their number."""


def propose(session: DuckSession, facts: Facts, spec: Spec) -> tuple[Proposal, ...]:
    """Return a rule for every explained column, or waivers where no rule helps; each with what it would leave."""
    wanted = {c.index: rule for c in facts.plan.values if (rule := _rule(session, c, facts))}
    rules = _tried(session, facts, wanted) if wanted else {}
    found: list[Proposal] = []
    for column in facts.plan.values:
        if column.index in rules:
            found.append(_shown(column, wanted[column.index], facts, rules[column.index]))
        elif facts.different(column):
            found += draft_cells(column, facts, spec)
    return tuple(found)


def _tried(session: DuckSession, facts: Facts, wanted: dict[int, Rule]) -> dict[int, tuple[int, int]]:
    """Return, for every rule that helps, how many differences it covers and how many it leaves."""
    pairs, had, after = _retry(session, facts, wanted)
    # Rows that were captured for another column are equal in this one, and were tried already.
    unproven = [c for c in facts.plan.values if c.index in wanted and pairs - had.get(c.index, 0) < _ENOUGH_EQUAL]
    broken = _broken(session, facts, unproven, wanted)
    counts = {}
    for column in facts.plan.values:
        if column.index in wanted:
            before = had.get(column.index, 0)
            left = after.different(column) + broken.get(column.index, 0)
            if left < before:
                counts[column.index] = before - left, left
    return counts


def _broken(
    session: DuckSession, facts: Facts, columns: list[PlannedColumn], wanted: dict[int, Rule]
) -> dict[int, int]:
    """Count, per column, the equal rows, of some thousands, that an expression or a zone would make different."""
    risky = [c for c in columns if any(part.endswith(("_sql", "_timezone")) for part in wanted[c.index])]
    found: dict[int, int] = {}
    for part in batches(risky, _MANY):
        values = ", ".join(c.value for c in part)
        rows = (
            f"SELECT {values} FROM (SELECT {key_hash(facts.plan)} AS kh, {values} FROM legacy) "
            f"WHERE kh NOT IN (SELECT kh FROM {facts.prefix}wl) LIMIT {_MOST_ROWS}"
        )
        tests = (f"(NOT coalesce(TRY({_still_equal(c, wanted[c.index])}), false))::INTEGER" for c in part)
        counts = session.row(f"SELECT {', '.join(f'coalesce(sum({test}), 0)' for test in tests)} FROM ({rows})")
        found |= {c.index: int(n) for c, n in zip(part, counts, strict=True)}
    return found


def _still_equal(column: PlannedColumn, rule: Rule) -> str:
    """Return the test that a value, put through a proposed rule on each side, equals itself."""
    sides = (_again(column, rule, side).rsplit(" AS ", 1)[0] for side in ("legacy", "target"))
    return fill(column.equality_rule.equal, *(fill(column.equality_rule.canonical, side) for side in sides))


def _rule(session: DuckSession, column: PlannedColumn, facts: Facts) -> Rule:
    """Return the smallest rule that undoes the causes found in a column; empty when there is none."""
    rule: Rule = {}
    for count in facts.causes(column):
        rule |= _for_cause(session, column, facts, count.cause, rule)
    return rule


def _for_cause(session: DuckSession, column: PlannedColumn, facts: Facts, cause: Cause, sofar: Rule) -> Rule:
    simple: dict[Cause, Rule] = {
        Cause.TRAILING_SPACE: {"trim": sofar.get("trim", "right")},
        Cause.CASE: {"case": "ignore"},
        Cause.NULL_VS_EMPTY: {"null_equals_empty": True},
    }
    if cause in simple:
        return simple[cause]
    if cause is Cause.WHITESPACE:
        inside = f"(trim(l.{{0}}, {text(SPACES)}) IS DISTINCT FROM trim(t.{{0}}, {text(SPACES)}))::INTEGER"
        within = _widest(session, column, facts, cause, inside)
        return {"replace": [r"\s+", ""]} if within else {"trim": "both"}
    if cause is Cause.ROUNDING and column.kind.numeric:
        most = Decimal(str(_widest(session, column, facts, cause, "abs(l.{0} - t.{0})")))
        return {"tolerance": plain(_short(most) if column.kind is ValueKind.FLOAT else most)}
    if cause is Cause.TIMESTAMP_PRECISION and column.kind.temporal and "legacy_sql" not in sofar:
        gap = f"abs({ticks('l.{0}', column.sql)} - {ticks('t.{0}', column.sql)})"
        steps = int(_widest(session, column, facts, cause, gap)) // (1000 if column.sql.endswith("_NS") else 1)
        return {"tolerance": _duration(timedelta(microseconds=steps + 1))}
    return {} if sofar or column.numbers_as_text else _expression(column, facts, cause)


def _short(gap: Decimal) -> Decimal:
    """Round a binary gap up to three digits."""
    return gap.quantize(Decimal(1).scaleb(gap.adjusted() - 2), ROUND_UP) if gap else gap


def _duration(gap: timedelta) -> str:
    """Round a time up to a short duration."""
    micro = round(gap / timedelta(microseconds=1))
    for unit, size in (("s", 10**6), ("ms", 10**3)):
        if micro > size:
            return f"{-(-micro // size)}{unit}"
    return f"{micro}us"


def _widest(session: DuckSession, column: PlannedColumn, facts: Facts, cause: Cause, gap: str) -> Any:
    codes = ", ".join(map(str, facts.codes_of(column, cause)))
    p = facts.prefix
    return session.one(
        f"SELECT max({gap.format(column.value)}) FROM {p}res r JOIN (SELECT rowid AS rid, "
        f"{column.value} FROM {p}wl) l ON r.lid = l.rid "
        f"JOIN (SELECT rowid AS rid, {column.value} FROM {p}wt) t ON r.tid = t.rid WHERE r.kind = 1 "
        f"AND r.q{column.index} IN ({codes})"
    )


def _expression(column: PlannedColumn, facts: Facts, cause: Cause) -> Rule:
    """Return an SQL expression over the raw legacy column that undoes a constant change."""
    details = [facts.cause(column, code) for code in facts.codes_of(column, cause)]
    detail = details[0][1] if details else ""
    name = ident(column.rule.legacy or column.name)
    target = ident(column.name)
    factor = detail.removeprefix("target is legacy ").replace("×", "*").replace("÷", "/")
    expressions: dict[tuple[Cause, str], Rule] = {
        (Cause.SCALE, detail): {"legacy_sql": f"{name} {factor}"},
        (Cause.SIGN, detail): {"legacy_sql": f"-{name}"},
        (Cause.TRUNCATION, detail): {"legacy_sql": f"left({name}, {detail.removeprefix('cut at ')})"},
        (Cause.ENCODING, "Unicode form"): _both("nfc_normalize({})", name, target),
        (Cause.TYPE_FORMAT, "leading zeros"): _both("ltrim({}, '0')", name, target),
    }
    return _zone(name, detail) if cause is Cause.TIMEZONE_SHIFT else expressions.get((cause, detail), {})


def _both(template: str, legacy: str, target: str) -> Rule:
    return {"legacy_sql": template.format(legacy), "target_sql": template.format(target)}


def _zone(name: str, detail: str) -> Rule:
    if zones := re.fullmatch("legacy is (.+), target (.+), with DST", detail):
        legacy, target = zones.groups()
        return {"target_timezone": target} if legacy == "UTC" else {"legacy_timezone": legacy}
    sign, hours, minutes = detail[0], int(detail[1:3]), int(detail[4:6])
    return {"legacy_sql": f"{name} {sign} INTERVAL {hours * 60 + minutes} MINUTE"}


def _retry(session: DuckSession, facts: Facts, wanted: dict[int, Rule]) -> tuple[int, dict[int, int], Facts]:
    """Compare captured rows again under the proposed rules.

    Return how many pairs there were, in how many of them each column differed before, and the new facts.
    """
    p, plan = facts.prefix, facts.plan
    rows = max(session.one(f"SELECT count(*) FROM {p}wl"), 1)
    every = -(-rows // _MOST_ROWS)
    here = f"kh % {every} = 0"
    # Doubled keys pair by the nearest of all values; any other rows show the same in fewer columns.
    doubled = facts.rows.duplicate_legacy or facts.rows.duplicate_target
    columns = [c for c in plan.columns if doubled or c.key or c.index in wanted]
    renewed = replace(plan, columns=tuple(_renewed(c, wanted.get(c.index)) for c in columns))
    for side, letter in (("legacy", "l"), ("target", "t")):
        parts = (_again(c, wanted.get(c.index, {}), side) for c in columns)
        session.run(f"CREATE TABLE retried_{side} AS SELECT {', '.join(parts)} FROM {p}w{letter} WHERE {here}")
    pairs = int(session.one(f"SELECT count(*) FROM {p}res WHERE kind = 1 AND {here}"))
    before = _before(session, p, here, [*wanted])
    return pairs, before, gather(session, renewed, "p_", "retried_legacy", "retried_target", explain=False)


def _before(session: DuckSession, prefix: str, here: str, wanted: list[int]) -> dict[int, int]:
    """Count the rows in which each column differed before."""
    found: dict[int, int] = {}
    for part in batches(wanted, _FEW):
        counts = ", ".join(f"count(*) FILTER (q{index} BETWEEN 1 AND 254)" for index in part)
        row = session.row(f"SELECT {counts} FROM {prefix}res WHERE kind = 1 AND {here}")
        found |= {index: int(n) for index, n in zip(part, row, strict=True)}
    return found


def _renewed(column: PlannedColumn, rule: Rule | None) -> PlannedColumn:
    """Return the column under its old rule with the proposed parts added."""
    if not rule:
        return column
    loose = {
        key: value
        for key, value in rule.items()
        if key in ("trim", "case", "null_equals_empty", "replace", "tolerance")
    }
    try:
        new = ColumnRule.model_validate(column.rule.model_dump(exclude_defaults=True) | loose)
    except ValidationError:
        return column
    return replace(
        column, rule=new, equality_rule=equality_rule(column.name, new, column.kind, column.sql, column.key)
    )


def _again(column: PlannedColumn, rule: Rule, side: str) -> str:
    """Return a captured value with a proposed expression or zone applied."""
    value = column.value
    if sql := rule.get(f"{side}_sql"):
        raw = ident((column.rule.legacy if side == "legacy" else None) or column.name)
        return f"TRY(CAST({sql.replace(raw, value)} AS {column.sql})) AS {value}"
    if zone := rule.get(f"{side}_timezone"):
        moment = f"TRY(timezone('{zone}', {value}::TIMESTAMP))"
        return f"TRY_CAST(timezone('UTC', {moment}) AS {column.sql}) AS {value}"
    return value


def _shown(column: PlannedColumn, rule: Rule, facts: Facts, counts: tuple[int, int]) -> Proposal:
    causes = [one.cause for one in facts.causes(column) if one.cause is not Cause.UNEXPLAINED]
    parts = ", ".join(f"{key}: {_yaml(value)}" for key, value in rule.items())
    return proposal("rule", column.name, causes, f"columns:\n  {column.name}: {{{parts}}}\n", counts)


def _yaml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    plainly = re.fullmatch(r"[A-Za-z0-9.]+", str(value))
    return str(value) if plainly else quoted(str(value))
