"""Rounding: which mode, to how many places, told only on evidence.

Of values that merely lie a cent apart one in ten seems rounded to one place. So a place counts only when it
explains at least half of the pairs that lie within one unit of it, and the coarsest such place comes first.

Where both sides were rounded already, no row shows the original. Two modes, half to even and half up, leave
a trace in the column as a whole: every pair lies one last unit apart, always away from zero, always from an
even digit. That is claimed where hardly anything else differs, the even digits are of several kinds, and
the column is not even throughout.
"""

from __future__ import annotations

from decimal import Decimal

from parity.compare.causes import Variant, either_way, turned
from parity.compare.plan import Column
from parity.compare.result import Cause
from parity.compare.rules import plain
from parity.compare.session import Session
from parity.compare.types import Kind, fill

_FEWEST = 8
"""Pairs without which a pattern may be chance: even digits eight times in a row, one time in 256."""
_LOOKED_AT = 5_000


def rounding_variants(session: Session, column: Column, prefix: str, relation: str) -> list[Variant]:
    """Return the ways of rounding that the pairs in ``probe`` give evidence of, likeliest first."""
    most = 9 if column.kind is Kind.FLOAT else column.scale - 1
    candidates = [(places, variant) for places in range(most + 1) for variant in _modes(column.kind, places)]
    if not candidates:
        return []
    units = [_unit(places) for places in range(most + 1)]
    # TRY stands around the innermost: DuckDB works out what several tests share outside of theirs.
    gap = "abs(TRY(«0» - «1»))"
    tests = [f"({gap} > 0 AND {gap} < {unit})" for unit in units] + [variant.test for _, variant in candidates]
    counts = _count(session, column, prefix, tests)
    near, hits = counts[: len(units)], counts[len(units) :]
    kept = [
        (places, -n, variant)
        for (places, variant), n in zip(candidates, hits, strict=True)
        if n and n * 2 >= near[places]
    ]
    told = [variant for _, _, variant in sorted(kept, key=lambda one: one[:2])]
    return [*_last_unit(session, column, prefix, relation), *told]


def _count(session: Session, column: Column, prefix: str, tests: list[str]) -> tuple[int, ...]:
    sides = column.canonical("l"), column.canonical("t")
    counted = ", ".join(f"count(*) FILTER (coalesce(TRY({fill(test, *sides)}), false))" for test in tests)
    return session.row(f"SELECT {counted} FROM {prefix}probe")


def _unit(places: int) -> str:
    return plain(Decimal(1).scaleb(-places))


def _said(what: str, places: int) -> str:
    return f"{what} {places} place{'' if places == 1 else 's'}"


def _modes(kind: Kind, places: int) -> list[Variant]:
    if kind is Kind.FLOAT:
        test = f"(isfinite(«0») AND isfinite(«1») AND round(«0», {places}) = «1»)"
        return [Variant(Cause.ROUNDING, _said("rounded to", places), either_way(test))]
    unit, half = _unit(places), plain(Decimal(5).scaleb(-places - 1))
    cut = f"(«0» - («0» % {unit}))"
    even = f"(abs(«0» % {unit}) = {half} AND «1» = {cut} AND abs({cut} % (2 * {unit})) = 0)"
    return [
        Variant(Cause.ROUNDING, _said("rounded to", places), either_way(f"(TRY(round(«0», {places})) = «1»)")),
        Variant(Cause.ROUNDING, _said("half to even at", places), either_way(even)),
        Variant(Cause.ROUNDING, _said("cut to", places), either_way(f"({cut} = «1»)")),
    ]


def _last_unit(session: Session, column: Column, prefix: str, relation: str) -> list[Variant]:
    """Return half to even against half up, if the column shows nothing else."""
    if column.kind is not Kind.DECIMAL or not column.scale:
        return []
    unit = _unit(column.scale)
    test = f"(abs(«1») - abs(«0») = {unit} AND sign(«0») * sign(«1») >= 0 AND abs(«0») % (2 * {unit}) = 0)"
    swapped = turned(test)
    different = "(«0» IS DISTINCT FROM «1»)"
    whole, forth, back = _count(session, column, prefix, [different, test, swapped])
    what = "half to even on the {} side, half up on the {}, at " + _said("", column.scale).strip()
    sides = (("legacy", "target", test, forth), ("target", "legacy", swapped, back))
    return [
        Variant(Cause.ROUNDING, what.format(even, other), way)
        for even, other, way, n in sides
        if n >= _FEWEST and n * 10 >= whole * 9 and _mixed(session, column, prefix, relation, way)
    ]


def _mixed(session: Session, column: Column, prefix: str, relation: str, way: str) -> bool:
    """Tell whether evenness means something: several even digits among the pairs, odd ones in the column."""
    digit = f"abs({{}}) % {_unit(column.scale - 1)}"
    even = digit.format(f"least(abs({column.canonical('l')}), abs({column.canonical('t')}))")
    test = fill(way, column.canonical("l"), column.canonical("t"))
    kinds = session.one(f"SELECT count(DISTINCT {even}) FILTER ({test}) FROM {prefix}probe")
    odd = f"{digit.format(column.canonical())} % (2 * {_unit(column.scale)}) <> 0"
    looked = f"(SELECT * FROM {relation} LIMIT {_LOOKED_AT})"
    share = session.one(f"SELECT avg(({odd})::INTEGER) FROM {looked} WHERE {column.value} IS NOT NULL")
    return bool(kinds >= 3 and share is not None and share >= 0.2)
