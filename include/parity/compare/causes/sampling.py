"""Derives from a sample of the unequal pairs which variants of causes to test: offsets, lengths, defaults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from parity.compare.causes.column_batches import ColumnBatch, column_batches
from parity.compare.causes.rounding import rounding_variants
from parity.compare.causes.variants import (
    Variant,
    Variants,
    case_of,
    decimal_variants,
    float_variants,
    null_variants,
    text_variants,
    time_variants,
)
from parity.compare.schema.plan import ComparisonPlan, PlannedColumn
from parity.compare.schema.rules import ticks
from parity.compare.session import DuckSession, batches, text
from parity.compare.types import ValueKind, fill
from parity.suite.models import Cause

_SAMPLE = 5_000
_BATCH = 200
"""Columns sampled in one statement; planning grows with the square of a struct's width."""
_ZONES = (
    "Asia/Kolkata",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "Europe/London",
    "Europe/Berlin",
    "Australia/Sydney",
    "America/Sao_Paulo",
    "Asia/Jerusalem",
    "America/Denver",
    "Europe/Athens",
    "Pacific/Auckland",
)
_DEFAULTS = {
    ValueKind.TEXT: (
        "'NULL'",
        "'null'",
        "'\\N'",
        "'None'",
        "'N/A'",
        "'n/a'",
        "'NA'",
        "'-'",
        "'unknown'",
        "'UNKNOWN'",
        "'0'",
    ),
    ValueKind.INTEGER: ("0", "-1"),
    ValueKind.DECIMAL: ("0", "-1"),
    ValueKind.FLOAT: ("0", "-1", "'nan'::DOUBLE"),
    ValueKind.BOOLEAN: ("false",),
    ValueKind.DATE: ("DATE '1970-01-01'", "DATE '1900-01-01'", "DATE '9999-12-31'", "DATE '0001-01-01'"),
    ValueKind.TIMESTAMP: ("TIMESTAMP '1970-01-01'", "TIMESTAMP '1900-01-01'", "TIMESTAMP '9999-12-31'"),
}


@dataclass(frozen=True)
class SampledVariants:
    """Variants by column that explain sampled pairs, and whether every pair was sampled."""

    variants: Variants
    complete: bool


def find_variants(session: DuckSession, plan: ComparisonPlan, prefix: str, relation: str) -> SampledVariants:
    """Return the variants that explain a difference in a sample of the fetched rows, by column.

    ``relation`` holds a side's prepared rows, equal ones too.
    """
    rows = session.one(f"SELECT count(*) FROM {prefix}wl")
    if not rows or not plan.values:
        return SampledVariants({}, True)
    every = max(1, rows // _SAMPLE)
    match = " AND ".join(f"{c.canonical('l')} IS NOT DISTINCT FROM {c.canonical('t')}" for c in plan.key)
    learnt: dict[int, tuple[Variant, ...]] = {}
    for columns in batches(plan.values, _BATCH):
        named = ", ".join(dict.fromkeys(c.value for c in (*plan.key, *columns)))
        left = f"(SELECT {named} FROM {prefix}wl WHERE kh % {every} = 0) l"
        source = f"{left} JOIN (SELECT {named} FROM {prefix}wt) t ON {match}"
        learnt |= _learn(session, columns, prefix, source, relation)
    return SampledVariants(learnt, every == 1)


def find_more(session: DuckSession, columns: list[PlannedColumn], prefix: str, relation: str) -> Variants:
    """Return the variants that explain a difference in pairs that are still unexplained."""
    columns = columns[:_BATCH]
    still = " OR ".join(f"q{c.index} = 254" for c in columns)
    pairs = f"SELECT lid, tid FROM {prefix}res WHERE kind = 1 AND ({still})"
    source = (  # DuckDB draws a sample before it filters: here of what the filter left.
        f"(FROM ({pairs}) USING SAMPLE {_SAMPLE} ROWS) p "
        f"JOIN (SELECT rowid AS rid, * FROM {prefix}wl) l ON p.lid = l.rid "
        f"JOIN (SELECT rowid AS rid, * FROM {prefix}wt) t ON p.tid = t.rid"
    )
    return _learn(session, columns, prefix, source, relation)


def _learn(
    session: DuckSession, columns: Sequence[PlannedColumn], prefix: str, source: str, relation: str
) -> dict[int, tuple[Variant, ...]]:
    sides = (", ".join(f"{c.value} := {side}.{c.value}" for c in columns) for side in "lt")
    both = ", ".join(f"struct_pack({values}) AS {side}" for values, side in zip(sides, "lt", strict=True))
    session.run(f"CREATE OR REPLACE TABLE {prefix}sample AS SELECT {both} FROM {source}")
    differing = _differing(session, columns, prefix)
    swaps = _swaps(session, differing, prefix)
    every = column_batches(session, differing, prefix)
    some, others = session.both(
        lambda here: _look(here, every[::2], relation), lambda here: _look(here, every[1::2], relation)
    )
    hits = some | others
    for column in (c for c in differing if c.index in swaps):
        alone = ColumnBatch((column,), f"(SELECT 0 AS place, l, t FROM {prefix}sample)")
        hits |= _hits(session, alone, {column.index: (*hits[column.index], *swaps[column.index])})
    session.drop(f"{prefix}sample", *(batch.relation for batch in every if len(batch.columns) > 1))
    return {index: hit for index, hit in hits.items() if hit}


def _look(session: DuckSession, some: list[ColumnBatch], relation: str) -> dict[int, tuple[Variant, ...]]:
    """Return the variants that explain a difference in the columns of some batches."""
    hits: dict[int, tuple[Variant, ...]] = {}
    for batch in some:
        guesses = _guesses(session, batch, relation)
        hits |= _hits(session, batch, {c.index: tuple(guesses[c.index]) for c in batch.columns})
    return hits


def _hits(session: DuckSession, batch: ColumnBatch, variants: Variants) -> dict[int, tuple[Variant, ...]]:
    """Return the variants that explain a difference here: a test costs planning time, and time per row."""
    alike: dict[tuple[Variant, ...], list[int]] = {}
    for place, column in enumerate(batch.columns):
        alike.setdefault(variants[column.index], []).append(place)
    found: dict[int, tuple[Variant, ...]] = {}
    for tested, places in alike.items():
        code, some = case_of(batch.first, {batch.first.index: tested}), ", ".join(map(str, places))
        rows = session.rows(
            f"SELECT place, histogram({code}) FROM {batch.relation} WHERE place IN ({some}) GROUP BY place"
        )
        for index, codes in batch.by_column(rows).items():
            seen = {code for (counts,) in codes for code in counts}
            if codes:
                found[index] = tuple(v for number, v in enumerate(tested, 1) if number in seen)
    return found


def _differing(session: DuckSession, columns: Sequence[PlannedColumn], prefix: str) -> list[PlannedColumn]:
    tests = ", ".join(f"bool_or(NOT ({c.equal}))" for c in columns)
    flags = session.row(f"SELECT {tests} FROM {prefix}sample")
    return [c for c, differs in zip(columns, flags, strict=True) if differs]


def _guesses(session: DuckSession, batch: ColumnBatch, relation: str) -> dict[int, list[Variant]]:
    """Return the variants to test on every column of a batch."""
    kind = batch.first.kind
    nulls = _nulls(session, batch)
    if kind is ValueKind.TEXT and not batch.first.numbers_as_text:
        texts = {index: text_variants(lengths) for index, lengths in _lengths(session, batch).items()}
        return {index: [one[0], *nulls[index], *one[1:]] for index, one in texts.items()}
    rest: dict[int, list[Variant]] = {}
    if batch.first.numbers_as_text:
        rest = _numbers_as_text(session, batch, relation)
    elif kind.temporal:
        rest = _times(session, batch)
    elif kind.numeric:
        known = float_variants() if kind is ValueKind.FLOAT else decimal_variants(kind)
        rounds = rounding_variants(session, batch, relation) if kind is not ValueKind.INTEGER else {}
        rest = {c.index: [*known[:-1], *rounds.get(c.index, ()), known[-1]] for c in batch.columns}
    return {c.index: [*nulls[c.index], *rest.get(c.index, ())] for c in batch.columns}


def _nulls(session: DuckSession, batch: ColumnBatch) -> dict[int, list[Variant]]:
    one = batch.first
    if one.kind not in _DEFAULTS:
        return {c.index: [] for c in batch.columns}
    usual = _DEFAULTS[one.kind][:-1] if one.sql == "TIMESTAMP_NS" else _DEFAULTS[one.kind]
    return {
        index: null_variants(tuple(dict.fromkeys((*usual, *own))), shown=not one.rule.sensitive)
        for index, own in _constants(session, batch).items()
    }


def _times(session: DuckSession, batch: ColumnBatch) -> dict[int, list[Variant]]:
    one = batch.first
    shifts = _shifts(session, batch) if one.kind is ValueKind.TIMESTAMP else {}
    several = [at for at, c in enumerate(batch.columns) if len(shifts.get(c.index, ())) > 1]
    zones = _zones(session, batch, several) if several else {}
    return {
        c.index: time_variants(one.kind, one.sql, shifts.get(c.index, ()), zones.get(c.index, ()))
        for c in batch.columns
    }


def _numbers_as_text(session: DuckSession, batch: ColumnBatch, relation: str) -> dict[int, list[Variant]]:
    """Return the variants of floats for numbers that have no common type and are compared by their digits."""
    number = "TRY_CAST(«0» AS DOUBLE)"
    canonical = fill(number, batch.first.equality_rule.canonical)
    as_floats = tuple(
        replace(c, kind=ValueKind.FLOAT, equality_rule=replace(c.equality_rule, canonical=canonical))
        for c in batch.columns
    )
    known = float_variants()
    rounds = rounding_variants(session, replace(batch, columns=as_floats), relation)
    return {
        c.index: [
            replace(one, test=fill(one.test, number, number.replace("«0»", "«1»")))
            for one in (*known[:-1], *rounds.get(c.index, ()), known[-1])
        ]
        for c in batch.columns
    }


def _constants(session: DuckSession, batch: ColumnBatch) -> dict[int, list[str]]:
    """Return the one value that nearly always stands against NULL, as an SQL literal."""
    left, right = batch.first.canonical("l"), batch.first.canonical("t")
    rows = session.rows(
        f"SELECT place, v FROM (SELECT place, coalesce({left}, {right})::VARCHAR AS v, count(*) AS n, "
        f"sum(count(*)) OVER (PARTITION BY place) AS whole FROM {batch.relation} "
        f"WHERE ({left} IS NULL) <> ({right} IS NULL) GROUP BY place, v) WHERE n >= 3 AND n * 10 >= whole * 8"
    )
    found = batch.by_column(rows)
    return {index: [f"{text(v)}::{batch.first.sql}" for (v,) in values if v] for index, values in found.items()}


def _lengths(session: DuckSession, batch: ColumnBatch) -> dict[int, tuple[int, ...]]:
    """Return the lengths at which most texts seem to be cut, three at most."""
    left, right = batch.first.canonical("l"), batch.first.canonical("t")
    rows = session.rows(
        f"SELECT place, least(length({left}), length({right})) AS n FROM {batch.relation} WHERE {left} <> {right} "
        f"AND (starts_with({left}, {right}) OR starts_with({right}, {left})) GROUP BY place, n "
        "QUALIFY row_number() OVER (PARTITION BY place ORDER BY count(*) DESC, n DESC) <= 3 "
        "ORDER BY place, count(*) DESC, n DESC"
    )
    return {index: tuple(n for (n,) in found if n) for index, found in batch.by_column(rows).items()}


def _shifts(session: DuckSession, batch: ColumnBatch) -> dict[int, tuple[int, ...]]:
    """Return the offsets, in seconds, by which most times differ, eight at most."""
    sql = batch.first.sql
    unit = 1000 if sql.endswith("_NS") else 1
    delta = f"TRY({ticks(batch.first.canonical('t'), sql)} - {ticks(batch.first.canonical('l'), sql)})"
    rows = session.rows(
        f"SELECT place, {delta} // {10**6 * unit} AS d FROM {batch.relation} WHERE {delta} <> 0 "
        f"AND {delta} % {900 * 10**6 * unit} = 0 AND abs({delta}) <= {14 * 3600 * 10**6 * unit} GROUP BY place, d "
        "QUALIFY row_number() OVER (PARTITION BY place ORDER BY count(*) DESC, d) <= 8 "
        "ORDER BY place, count(*) DESC, d"
    )
    return {index: tuple(d for (d,) in found) for index, found in batch.by_column(rows).items()}


def _zones(session: DuckSession, batch: ColumnBatch, places: list[int]) -> dict[int, tuple[str, ...]]:
    """Return the zone whose rules, DST included, explain the shifted times best, if it explains nearly all."""
    left, right = batch.first.canonical("l"), batch.first.canonical("t")
    sql = batch.first.sql
    utc = f"TRY_CAST(timezone('UTC', TRY(timezone({{}}, {{}}::TIMESTAMP))) AS {sql})"
    tests = ", ".join(
        f"count(*) FILTER ({utc.format(text(z), left)} = {right} OR {utc.format(text(z), right)} = {left})"
        for z in _ZONES
    )
    rows = session.rows(
        f"SELECT place, count(*) FILTER (abs(TRY({ticks(left, sql)} - {ticks(right, sql)})) "
        f"% 900000000 = 0), {tests} FROM {batch.relation} WHERE {left} <> {right} "
        f"AND place IN ({', '.join(map(str, places))}) GROUP BY place"
    )
    found: dict[int, tuple[str, ...]] = {}
    for index, counted in batch.by_column(rows).items():
        for whole, *counts in counted:
            best = max(zip(counts, _ZONES, strict=True), key=lambda one: one[0])
            found[index] = (best[1],) if best[0] and best[0] * 10 >= whole * 9 else ()
    return found


def _swaps(session: DuckSession, differing: list[PlannedColumn], prefix: str) -> dict[int, list[Variant]]:
    """Find pairs of columns of one type whose values changed places."""
    found: dict[int, list[Variant]] = {}
    looked_at = differing[:40]
    for sql in dict.fromkeys(c.sql for c in looked_at):
        alike = {c.index: c for c in looked_at if c.sql == sql}
        for a, b in _exchanged(session, list(alike.values()), prefix) if len(alike) > 1 else ():
            test = _crossed(alike[a], alike[b])
            found.setdefault(a, []).append(Variant(Cause.SWAPPED_COLUMNS, f"with {alike[b].name}", test))
            found.setdefault(b, []).append(Variant(Cause.SWAPPED_COLUMNS, f"with {alike[a].name}", test))
    return found


def _exchanged(session: DuckSession, alike: list[PlannedColumn], prefix: str) -> list[tuple[int, int]]:
    """Return the indices of columns of which some row holds each one's value in the other.

    A join of the cells of a row: 780 pairs of columns, each tested on its own, took a second to plan.
    """
    numbers = ", ".join(str(c.index) for c in alike)
    left, right = (f"unnest([{', '.join(c.canonical(side) for c in alike)}])" for side in "lt")
    cells = f"SELECT row, unnest([{numbers}]) AS n, {left} AS a, {right} AS b FROM numbered"
    return session.rows(
        f"WITH numbered AS (SELECT row_number() OVER () AS row, l, t FROM {prefix}sample), "
        f"cells AS (SELECT * FROM ({cells}) WHERE a <> b) "
        "SELECT DISTINCT x.n, y.n FROM cells x JOIN cells y ON x.row = y.row AND x.a = y.b AND x.b = y.a "
        "WHERE x.n < y.n ORDER BY ALL"
    )


def _crossed(one: PlannedColumn, other: PlannedColumn) -> str:
    """Return the test that two columns changed places."""
    return f"({one.canonical('l')} = {other.canonical('t')} AND {one.canonical('t')} = {other.canonical('l')})"
