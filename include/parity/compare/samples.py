"""A few rows that a person can look at: so many per column and cause, and per kind of row.

The choice follows the hash of the key, so that it is spread over the data and the same in every run.
"""

from __future__ import annotations

from typing import Any

from parity.compare.facts import Facts
from parity.compare.masking import mask
from parity.compare.money import money_columns, money_rows
from parity.compare.plan import Column, Plan
from parity.compare.result import Cause
from parity.compare.session import Session
from parity.compare.spec import Spec

_LONGEST = 300
"""Characters of a value that are shown."""
_WIDEST = 12
"""Columns of a missing or extra row that are shown."""
_PER_RUN = 2_000
"""Samples kept at most."""


def take_samples(session: Session, plan: Plan, facts: Facts, spec: Spec) -> tuple[dict[str, Any], ...]:
    """Return samples of changed values, by column and cause, then of missing and extra rows."""
    found: list[dict[str, Any]] = []
    if not spec.samples:
        return ()
    for column in plan.values:
        if facts.different(column) and len(found) < _PER_RUN:
            found += _changed(session, plan, facts, spec, column)
    for column in money_columns(plan):
        found += _worst(session, plan, facts, spec, column)
    for kind, side in ((2, "l"), (3, "t")):
        if facts.rows.missing if kind == 2 else facts.rows.extra:
            found += _whole_rows(session, plan, facts, spec, (kind, side))
    return tuple(found)


def _pick(prefix: str, code: str, order: str, where: str, count: int) -> str:
    best = f"arg_min({{'lid': lid, 'tid': tid}}, ({order}), {count})"
    return (
        f"SELECT code, unnest(picked, recursive := true) FROM (SELECT {code} AS code, {best} AS picked "
        f"FROM {prefix}res WHERE {where} GROUP BY code)"
    )


def _changed(session: Session, plan: Plan, facts: Facts, spec: Spec, column: Column) -> list[dict[str, Any]]:
    code = f"q{column.index}"
    picked = _pick(facts.prefix, code, "kh", f"kind = 1 AND {code} BETWEEN 1 AND 254", spec.samples)
    return _pairs(session, plan, facts, spec, column, picked)


def _worst(session: Session, plan: Plan, facts: Facts, spec: Spec, column: Column) -> list[dict[str, Any]]:
    """Return the rows that differ most in money."""
    where = f"kind = 1 AND {money_rows(column)}"
    picked = _pick(facts.prefix, f"y{column.index}", f"-abs(m{column.index})", where, spec.samples)
    query = picked.replace("SELECT code,", "SELECT 254 AS code, code AS currency,", 1)
    rows = _pairs(session, plan, facts, spec, column, query)
    return [row | {"kind": "money", "cause": None, "detail": "worst in money"} for row in rows]


def _pairs(
    session: Session, plan: Plan, facts: Facts, spec: Spec, column: Column, picked: str
) -> list[dict[str, Any]]:
    keys = list(plan.key)
    shown = "".join(f", l.{c.value}::VARCHAR" for c in keys)
    rows = session.rows(
        f"SELECT p.code, l.{column.value}::VARCHAR, t.{column.value}::VARCHAR{shown} FROM ({picked}) p "
        f"JOIN (SELECT rowid AS rid, * FROM {facts.prefix}wl) l ON p.lid = l.rid "
        f"JOIN (SELECT rowid AS rid, * FROM {facts.prefix}wt) t ON p.tid = t.rid ORDER BY ALL"
    )
    # What belongs to a sensitive column is masked where it turned up in another one, too.
    secret = {f"with {c.name}" for c in plan.columns if c.rule.sensitive}
    found = []
    for code, left, right, *parts in rows:
        cause, detail = facts.cause(column, code)
        sample = {"kind": "changed", "column": column.name, "cause": str(cause), "detail": detail}
        hidden = column.rule.sensitive or (cause is Cause.SWAPPED_COLUMNS and detail in secret)
        sample |= {"key": _shown(keys, parts, spec)} | _both(left, right, spec, hidden=hidden)
        found.append(sample)
    return found


def _both(left: str | None, right: str | None, spec: Spec, *, hidden: bool) -> dict[str, Any]:
    """Return both values side by side, with the part that differs as [start, end) of each."""
    if hidden:
        return {"legacy": mask(left, spec.mask_key), "target": mask(right, spec.mask_key), "marks": None}
    start, ends = differing_part(left, right)
    cut = max(0, start - _LONGEST // 2) if max(len(left or ""), len(right or "")) > _LONGEST else 0
    marks = [[start - cut, max(start, end) - cut] for end in ends]
    shown = [None if v is None else ("…" if cut else "") + v[cut : cut + _LONGEST] for v in (left, right)]
    shift = 1 if cut else 0
    marks = [[min(a + shift, _LONGEST), min(b + shift, _LONGEST)] for a, b in marks]
    return {"legacy": shown[0], "target": shown[1], "marks": marks if left and right else None}


def differing_part(left: str | None, right: str | None) -> tuple[int, tuple[int, int]]:
    """Return where two texts begin to differ, and where the differing part ends in each."""
    one, other = left or "", right or ""
    start = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    most = min(len(one), len(other)) - start
    same = next((at for at in range(most) if one[-1 - at] != other[-1 - at]), most)
    return start, (len(one) - same, len(other) - same)


def _shown(columns: list[Column], values: list[str | None], spec: Spec) -> dict[str, str | None]:
    return {
        c.name: mask(v, spec.mask_key) if c.rule.sensitive else (v if v is None else v[:_LONGEST])
        for c, v in zip(columns, values, strict=True)
    }


def _whole_rows(
    session: Session, plan: Plan, facts: Facts, spec: Spec, which: tuple[int, str]
) -> list[dict[str, Any]]:
    kind, side = which
    keys, others = list(plan.key), [] if plan.keyless else list(plan.values[:_WIDEST])
    picked = _pick(facts.prefix, "kind", "kh", f"kind = {kind}", spec.samples)
    shown = ", ".join(f"w.{c.value}::VARCHAR" for c in [*keys, *others])
    rows = session.rows(
        f"SELECT {shown} FROM ({picked}) p JOIN (SELECT rowid AS rid, * FROM {facts.prefix}w{side}) w "
        f"ON p.{side}id = w.rid ORDER BY ALL"
    )
    name = "missing" if kind == 2 else "extra"
    return [
        {
            "kind": name,
            "column": None,
            "cause": None,
            "detail": "",
            "key": _shown(keys, list(row[: len(keys)]), spec),
            "row": _shown(others, list(row[len(keys) :]), spec),
        }
        for row in rows
    ]
