"""A few rows to look at: so many per column and cause, and per kind of row.

The choice follows the hash of the key, so that it is spread over the data and the same in every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from parity.compare.causes.variants import Code
from parity.compare.explain.redaction import SensitiveValues, mask
from parity.compare.rows.facts import Facts
from parity.compare.rows.money import money_columns, money_rows
from parity.compare.rows.pairing import CHANGED
from parity.compare.schema.plan import PlannedColumn
from parity.compare.session import DuckSession, batches
from parity.compare.spec import Spec

Sample = dict[str, Any]
_LONGEST = 300
"""Characters of a value that are shown."""
_WIDEST = 12
"""Columns of a missing or extra row that are shown."""
_PER_RUN = 2_000
"""Samples kept at most."""
_BATCH = 40
"""Columns whose samples are picked in one statement."""


def take_samples(session: DuckSession, facts: Facts, spec: Spec) -> tuple[Sample, ...]:
    """Return samples of changed values, by column and cause, then of missing and extra rows."""
    if not spec.samples:
        return ()
    found = _changed(session, facts, spec)
    for column in money_columns(facts.plan):
        found += _worst(session, facts, spec, column)
    for kind, side in ((2, "l"), (3, "t")):
        if facts.rows.missing if kind == 2 else facts.rows.extra:
            found += _whole_rows(session, facts, spec, kind, side)
    return tuple(found)


def _pick(prefix: str, code: str, order: str, where: str, count: int) -> str:
    return (
        f"SELECT code, unnest(picked, recursive := true) FROM (SELECT {code} AS code, {_first(order, count)} AS "
        f"picked FROM {prefix}res WHERE {where} GROUP BY code)"
    )


def _first(order: str, count: int) -> str:
    """Return the aggregate of the first few pairs in an order."""
    return f"arg_min({{'lid': lid, 'tid': tid}}, ({order}), {count})"


def _changed(session: DuckSession, facts: Facts, spec: Spec) -> list[Sample]:
    """Return samples of every column that differs, column by column, until there are enough."""
    differing = [c for c in facts.plan.values if facts.different(c)]
    found: list[Sample] = []
    for batch in batches(differing, _BATCH):
        if len(found) < _PER_RUN:
            rows = _pairs(session, facts, spec, batch, _pick_changed(batch, facts, spec.samples))
            for _, samples in groupby(rows, lambda one: one["column"]):
                found += samples if len(found) < _PER_RUN else ()
    return found


def _pick_changed(columns: Sequence[PlannedColumn], facts: Facts, count: int) -> str:
    """Return the query of some pairs for every code of every column, in one look at ``res``."""
    wanted = [(at, c.index, code) for at, c in enumerate(columns) for code in facts.codes_of(c)]
    picks = (f"{_first('kh', count)} FILTER (q{index} = {code})" for _, index, code in wanted)
    places, codes = [at for at, *_ in wanted], [code for *_, code in wanted]
    return (
        "SELECT place, code, unnest(picked, recursive := true) FROM "
        f"(SELECT unnest({places}) AS place, unnest({codes}) AS code, unnest(picks) AS picked FROM "
        f"(SELECT [{', '.join(picks)}] AS picks FROM {facts.prefix}res WHERE kind = {CHANGED}))"
    )


def _worst(session: DuckSession, facts: Facts, spec: Spec, column: PlannedColumn) -> list[Sample]:
    """Return the rows that differ most in money."""
    where = f"kind = {CHANGED} AND {money_rows(column)}"
    picked = _pick(facts.prefix, f"y{column.index}", f"-abs(m{column.index})", where, spec.samples)
    query = picked.replace("SELECT code,", f"SELECT 0 AS place, {Code.UNEXPLAINED} AS code, code AS currency,", 1)
    rows = _pairs(session, facts, spec, [column], query)
    return [row | {"kind": "money", "cause": None, "detail": "worst in money"} for row in rows]


def _pairs(
    session: DuckSession, facts: Facts, spec: Spec, columns: Sequence[PlannedColumn], picked: str
) -> list[Sample]:
    """Return the picked pairs (``place`` in ``columns``, code, row ids) as samples."""
    keys = list(facts.plan.key)
    shown = "".join(f", l.{c.value}::VARCHAR" for c in keys)
    cells = (" ".join(f"WHEN {at} THEN {s}.{c.value}::VARCHAR" for at, c in enumerate(columns)) for s in "lt")
    # Only what is shown: every statement pays for each column that it names.
    named = ", ".join(dict.fromkeys(c.value for c in (*columns, *keys)))
    left, right = (f"(SELECT rowid AS rid, {named} FROM {facts.prefix}w{side})" for side in "lt")
    rows = session.rows(
        f"SELECT p.place, p.code, {', '.join(f'CASE p.place {whens} END' for whens in cells)}{shown} "
        f"FROM ({picked}) p JOIN {left} l ON p.lid = l.rid JOIN {right} t ON p.tid = t.rid ORDER BY ALL"
    )
    # A sensitive column's value is masked in every other column as well.
    secrets = SensitiveValues(session, facts.plan, (value for row in rows for value in row[2:]))
    return [_sample(facts, spec, columns[place], secrets, (keys, rest)) for place, *rest in rows]


def _sample(
    facts: Facts,
    spec: Spec,
    column: PlannedColumn,
    secrets: SensitiveValues,
    pair: tuple[list[PlannedColumn], list[Any]],
) -> Sample:
    keys, (code, left, right, *parts) = pair
    cause, detail = facts.cause(column, code)
    hidden = column.rule.sensitive or left in secrets or right in secrets
    sample = {"kind": "changed", "column": column.name, "cause": str(cause), "detail": detail}
    return sample | {"key": _shown(keys, parts, spec, secrets)} | _both(left, right, spec, hidden=hidden)


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


def _shown(
    columns: list[PlannedColumn], values: list[str | None], spec: Spec, secrets: SensitiveValues
) -> dict[str, str | None]:
    return {
        c.name: mask(v, spec.mask_key) if c.rule.sensitive or v in secrets else (v if v is None else v[:_LONGEST])
        for c, v in zip(columns, values, strict=True)
    }


def _whole_rows(session: DuckSession, facts: Facts, spec: Spec, kind: int, side: str) -> list[Sample]:
    plan = facts.plan
    keys, others = list(plan.key), list(plan.values[:_WIDEST])
    picked = _pick(facts.prefix, "kind", "kh", f"kind = {kind}", spec.samples)
    shown = ", ".join(f"w.{c.value}::VARCHAR" for c in [*keys, *others])
    named = ", ".join(dict.fromkeys(c.value for c in [*keys, *others]))
    rows = session.rows(
        f"SELECT {shown} FROM ({picked}) p JOIN (SELECT rowid AS rid, {named} FROM {facts.prefix}w{side}) w "
        f"ON p.{side}id = w.rid ORDER BY ALL"
    )
    # A row without a partner may hold anything anywhere: a shifted line, or another row's secret.
    secrets = SensitiveValues(session, plan, (value for row in rows for value in row))
    name = "missing" if kind == 2 else "extra"
    return [
        {
            "kind": name,
            "column": None,
            "cause": None,
            "detail": "",
            "key": _shown(keys, list(row[: len(keys)]), spec, secrets),
            "row": _shown(others, list(row[len(keys) :]), spec, secrets),
        }
        for row in rows
    ]
