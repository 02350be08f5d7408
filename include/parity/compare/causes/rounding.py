"""Rounding: which mode, to how many places, claimed only on evidence.

Of values that merely lie a cent apart one in ten seems rounded to one place. So a place counts only when it
explains at least half of the pairs that lie within one unit of it, and the coarsest such place comes first.

Where both sides were rounded already, no row shows the original. Two modes, half to even and half up, leave
a trace in the column as a whole: every pair lies one last unit apart, always away from zero, always from an
even digit. That is claimed where hardly anything else differs, the even digits are of several kinds, and
the column is not even throughout.
"""

from __future__ import annotations

from decimal import Decimal

from parity.compare.causes.column_batches import ColumnBatch
from parity.compare.causes.variants import Variant, either_way, swapped
from parity.compare.schema.rules import plain
from parity.compare.session import DuckSession
from parity.compare.types import ValueKind, fill
from parity.suite.models import Cause

_FEWEST = 8
"""Pairs without which a pattern may be chance: even digits eight times in a row, one time in 256."""
_ODD_SAMPLE = 5_000


def rounding_variants(session: DuckSession, batch: ColumnBatch, relation: str) -> dict[int, list[Variant]]:
    """Return, per column, the ways of rounding that its pairs give evidence of, likeliest first."""
    most = 9 if batch.first.kind is ValueKind.FLOAT else batch.first.scale - 1
    candidates = [(places, variant) for places in range(most + 1) for variant in _modes(batch.first.kind, places)]
    if not candidates:
        return {}
    units = [_unit(places) for places in range(most + 1)]
    # TRY stands around the innermost: DuckDB works out what several tests share outside of theirs.
    gap = "abs(TRY(«0» - «1»))"
    tests = [f"({gap} > 0 AND {gap} < {unit})" for unit in units] + [variant.test for _, variant in candidates]
    last = _last_unit(session, batch, relation)
    found = {}
    for index, counts in _count(session, batch, tests).items():
        near, hits = counts[: len(units)], counts[len(units) :]
        kept = [
            (places, -n, variant)
            for (places, variant), n in zip(candidates, hits, strict=True)
            if n and n * 2 >= near[places]
        ]
        likeliest = [variant for _, _, variant in sorted(kept, key=lambda one: one[:2])]
        found[index] = [*last.get(index, ()), *likeliest]
    return found


def _count(session: DuckSession, batch: ColumnBatch, tests: list[str]) -> dict[int, tuple[int, ...]]:
    """Count, per column, the pairs on which each test holds."""
    sides = batch.first.canonical("l"), batch.first.canonical("t")
    counted = ", ".join(f"count(*) FILTER (coalesce(TRY({fill(test, *sides)}), false))" for test in tests)
    rows = session.rows(f"SELECT place, {counted} FROM {batch.relation} GROUP BY place")
    return {index: counts for index, found in batch.by_column(rows).items() for counts in found}


def _unit(places: int) -> str:
    return plain(Decimal(1).scaleb(-places))


def _places(what: str, places: int) -> str:
    return f"{what} {places} place{'' if places == 1 else 's'}"


def _modes(kind: ValueKind, places: int) -> list[Variant]:
    if kind is ValueKind.FLOAT:
        test = f"(isfinite(«0») AND isfinite(«1») AND round(«0», {places}) = «1»)"
        return [Variant(Cause.ROUNDING, _places("rounded to", places), either_way(test))]
    unit, half = _unit(places), plain(Decimal(5).scaleb(-places - 1))
    cut = f"(«0» - («0» % {unit}))"
    even = f"(abs(«0» % {unit}) = {half} AND «1» = {cut} AND abs({cut} % (2 * {unit})) = 0)"
    return [
        Variant(Cause.ROUNDING, _places("rounded to", places), either_way(f"(TRY(round(«0», {places})) = «1»)")),
        Variant(Cause.ROUNDING, _places("half to even at", places), either_way(even)),
        Variant(Cause.ROUNDING, _places("cut to", places), either_way(f"({cut} = «1»)")),
    ]


def _last_unit(session: DuckSession, batch: ColumnBatch, relation: str) -> dict[int, list[Variant]]:
    """Return half to even against half up, for columns that show nothing else."""
    scale = batch.first.scale
    if batch.first.kind is not ValueKind.DECIMAL or not scale:
        return {}
    unit = _unit(scale)
    test = f"(abs(«1») - abs(«0») = {unit} AND sign(«0») * sign(«1») >= 0 AND abs(«0») % (2 * {unit}) = 0)"
    reverse = swapped(test)
    counts = _count(session, batch, ["(«0» IS DISTINCT FROM «1»)", test, reverse])
    what = "half to even on the {} side, half up on the {}, at " + _places("", scale).strip()
    found: dict[int, list[Variant]] = {}
    for at, (even, other, way) in enumerate((("legacy", "target", test), ("target", "legacy", reverse)), 1):
        likely = [i for i, n in counts.items() if n[at] >= _FEWEST and n[at] * 10 >= n[0] * 9]
        for index in _mixed(session, batch, relation, way, likely) if likely else ():
            found.setdefault(index, []).append(Variant(Cause.ROUNDING, what.format(even, other), way))
    return found


def _mixed(session: DuckSession, batch: ColumnBatch, relation: str, way: str, likely: list[int]) -> list[int]:
    """Return the columns whose evenness means something: several even digits in the pairs, odd ones elsewhere."""
    one = batch.first
    digit = f"abs({{}}) % {_unit(one.scale - 1)}"
    even = digit.format(f"least(abs({one.canonical('l')}), abs({one.canonical('t')}))")
    test = fill(way, one.canonical("l"), one.canonical("t"))
    rows = session.rows(
        f"SELECT place, count(DISTINCT {even}) FILTER ({test}) FROM {batch.relation} GROUP BY place"
    )
    kinds = {index: n for index, found in batch.by_column(rows).items() for (n,) in found}
    columns = [c for c in batch.columns if c.index in likely and kinds.get(c.index, 0) >= 3]
    if not columns:
        return []
    looked = f"(SELECT {', '.join(c.value for c in columns)} FROM {relation} LIMIT {_ODD_SAMPLE})"
    odd = (f"{digit.format(c.canonical())} % (2 * {_unit(one.scale)}) <> 0" for c in columns)
    parts = (
        f"avg(({test})::INTEGER) FILTER ({c.value} IS NOT NULL)" for test, c in zip(odd, columns, strict=True)
    )
    shares = session.row(f"SELECT {', '.join(parts)} FROM {looked}")
    return [c.index for c, share in zip(columns, shares, strict=True) if share is not None and share >= 0.2]
