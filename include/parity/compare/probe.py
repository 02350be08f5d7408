"""Looks at a sample of the unequal pairs to learn what causes look like here: offsets, lengths, defaults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from parity.compare.causes import (
    Variant,
    Variants,
    case_of,
    decimal_variants,
    float_variants,
    null_variants,
    text_variants,
    time_variants,
)
from parity.compare.plan import Column, Plan
from parity.compare.result import Cause
from parity.compare.rounding import rounding_variants
from parity.compare.rules import ticks
from parity.compare.session import Session, text
from parity.compare.types import Kind, fill

_SAMPLE = 5_000
_PART = 200
"""Columns looked at in one go; planning grows with the square of a struct's width."""
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
    Kind.TEXT: (
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
    Kind.INTEGER: ("0", "-1"),
    Kind.DECIMAL: ("0", "-1"),
    Kind.FLOAT: ("0", "-1", "'nan'::DOUBLE"),
    Kind.BOOLEAN: ("false",),
    Kind.DATE: ("DATE '1970-01-01'", "DATE '1900-01-01'", "DATE '9999-12-31'", "DATE '0001-01-01'"),
    Kind.TIMESTAMP: ("TIMESTAMP '1970-01-01'", "TIMESTAMP '1900-01-01'", "TIMESTAMP '9999-12-31'"),
}


@dataclass(frozen=True)
class Probe:
    """What a look at unequal pairs taught: variants by column, and whether it saw every pair."""

    variants: Variants
    complete: bool


def find_variants(session: Session, plan: Plan, prefix: str, relation: str) -> Probe:
    """Return the variants worth testing for every column that differs in a sample of the fetched rows.

    ``relation`` holds a side's prepared rows, equal ones too.
    """
    rows = session.one(f"SELECT count(*) FROM {prefix}wl")
    if not rows or not plan.values:
        return Probe({}, True)
    every = max(1, rows // _SAMPLE)
    match = " AND ".join(f"{c.canonical('l')} IS NOT DISTINCT FROM {c.canonical('t')}" for c in plan.key)
    source = f"(SELECT * FROM {prefix}wl WHERE kh % {every} = 0) l JOIN {prefix}wt t ON {match}"
    learnt: dict[int, tuple[Variant, ...]] = {}
    for start in range(0, len(plan.values), _PART):
        learnt |= _learn(session, plan.values[start : start + _PART], prefix, source, relation)
    return Probe(learnt, every == 1)


def find_more(session: Session, columns: list[Column], prefix: str, relation: str) -> Variants:
    """Look again, at pairs of which a column is still unexplained."""
    columns = columns[:_PART]
    still = " OR ".join(f"q{c.index} = 254" for c in columns)
    pairs = f"(SELECT lid, tid FROM {prefix}res WHERE kind = 1 AND ({still}) USING SAMPLE {_SAMPLE} ROWS)"
    source = (
        f"{pairs} p JOIN (SELECT rowid AS rid, * FROM {prefix}wl) l ON p.lid = l.rid "
        f"JOIN (SELECT rowid AS rid, * FROM {prefix}wt) t ON p.tid = t.rid"
    )
    return _learn(session, tuple(columns), prefix, source, relation)


def _learn(
    session: Session, columns: tuple[Column, ...], prefix: str, source: str, relation: str
) -> dict[int, tuple[Variant, ...]]:
    sides = (", ".join(f"{c.value} := {side}.{c.value}" for c in columns) for side in "lt")
    both = ", ".join(f"struct_pack({values}) AS {side}" for values, side in zip(sides, "lt", strict=True))
    session.run(f"CREATE OR REPLACE TABLE {prefix}probe AS SELECT {both} FROM {source}")
    differing = _differing(session, columns, prefix)
    swaps = _swaps(session, differing, prefix)

    def look(here: Session, columns: list[Column]) -> dict[int, tuple[Variant, ...]]:
        found = {c.index: (*_for_column(here, c, prefix, relation), *swaps.get(c.index, ())) for c in columns}
        return {c.index: hit for c in columns if (hit := _hits(here, c, found, prefix))}

    some, others = session.both(partial(look, columns=differing[::2]), partial(look, columns=differing[1::2]))
    session.drop(f"{prefix}probe")
    return some | others


def _hits(session: Session, column: Column, variants: Variants, prefix: str) -> tuple[Variant, ...]:
    """Keep the variants that explain something here: a test costs planning time, and time per row."""
    codes = session.one(f"SELECT histogram({case_of(column, variants)}) FROM {prefix}probe") or {}
    return tuple(variant for number, variant in enumerate(variants[column.index], 1) if number in codes)


def _differing(session: Session, columns: tuple[Column, ...], prefix: str) -> list[Column]:
    tests = ", ".join(f"bool_or(NOT ({c.equal}))" for c in columns)
    flags = session.row(f"SELECT {tests} FROM {prefix}probe")
    return [c for c, differs in zip(columns, flags, strict=True) if differs]


def _for_column(session: Session, column: Column, prefix: str, relation: str) -> list[Variant]:
    kind = column.kind
    found: list[Variant] = []
    if kind in _DEFAULTS:
        usual = _DEFAULTS[kind][:-1] if column.sql == "TIMESTAMP_NS" else _DEFAULTS[kind]
        constants = tuple(dict.fromkeys((*usual, *_constants(session, column, prefix))))
        found += null_variants(constants, shown=not column.rule.sensitive)
    if column.numbers_as_text:
        return [*found, *_numbers_as_text(session, column, prefix, relation)]
    if kind is Kind.TEXT:
        texts = text_variants(_lengths(session, column, prefix))
        return [texts[0], *found, *texts[1:]]
    if kind.temporal:
        shifts = _shifts(session, column, prefix) if kind is Kind.TIMESTAMP else ()
        zones = _zones(session, column, prefix) if len(shifts) > 1 else ()
        return [*found, *time_variants(kind, column.sql, shifts, zones)]
    if not kind.numeric:
        return found
    known = float_variants() if kind is Kind.FLOAT else decimal_variants(kind)
    rounds = rounding_variants(session, column, prefix, relation) if kind is not Kind.INTEGER else []
    return [*found, *known[:-1], *rounds, known[-1]]


def _numbers_as_text(session: Session, column: Column, prefix: str, relation: str) -> list[Variant]:
    """Return the variants of floats for numbers that have no common type and are compared by their digits."""
    number = "TRY_CAST(«0» AS DOUBLE)"
    meaning = replace(column.meaning, canonical=fill(number, column.meaning.canonical))
    as_float = replace(column, kind=Kind.FLOAT, meaning=meaning)
    known = float_variants()
    rounds = rounding_variants(session, as_float, prefix, relation)
    return [
        replace(one, test=fill(one.test, number, number.replace("«0»", "«1»")))
        for one in (*known[:-1], *rounds, known[-1])
    ]


def _constants(session: Session, column: Column, prefix: str) -> list[str]:
    """Return the one value that nearly always stands against NULL, as an SQL literal."""
    left, right = column.canonical("l"), column.canonical("t")
    rows = session.rows(
        f"SELECT coalesce({left}, {right})::VARCHAR AS v, count(*) AS n, sum(count(*)) OVER () AS "
        f"whole FROM {prefix}probe "
        f"WHERE ({left} IS NULL) <> ({right} IS NULL) GROUP BY ALL ORDER BY n DESC LIMIT 1"
    )
    return [f"{text(value)}::{column.sql}" for value, n, whole in rows if n >= 3 and n * 10 >= whole * 8 and value]


def _lengths(session: Session, column: Column, prefix: str) -> tuple[int, ...]:
    left, right = column.canonical("l"), column.canonical("t")
    rows = session.rows(
        f"SELECT least(length({left}), length({right})) AS n FROM {prefix}probe WHERE {left} <> {right} "
        f"AND (starts_with({left}, {right}) OR starts_with({right}, {left})) GROUP BY n ORDER BY "
        "count(*) DESC, n DESC LIMIT 3"
    )
    return tuple(n for (n,) in rows if n)


def _shifts(session: Session, column: Column, prefix: str) -> tuple[int, ...]:
    unit = 1000 if column.sql.endswith("_NS") else 1
    delta = f"({ticks(column.canonical('t'), column.sql)} - {ticks(column.canonical('l'), column.sql)})"
    rows = session.rows(
        f"SELECT {delta} // {10**6 * unit} AS d FROM {prefix}probe WHERE {delta} <> 0 AND {delta} % "
        f"{900 * 10**6 * unit} = 0 "
        f"AND abs({delta}) <= {14 * 3600 * 10**6 * unit} GROUP BY d ORDER BY count(*) DESC LIMIT 8"
    )
    return tuple(d for (d,) in rows)


def _zones(session: Session, column: Column, prefix: str) -> tuple[str, ...]:
    """Return the zone whose rules, DST included, explain the shifted times best, if it explains nearly all."""
    left, right = column.canonical("l"), column.canonical("t")
    utc = "timezone('UTC', timezone({}, {}::TIMESTAMP))"
    tests = ", ".join(
        f"count(*) FILTER ({utc.format(text(z), left)} = {right} OR {utc.format(text(z), right)} = {left})"
        for z in _ZONES
    )
    whole, *counts = session.row(
        f"SELECT count(*) FILTER (abs({ticks(left, column.sql)} - {ticks(right, column.sql)}) % "
        f"900000000 = 0), {tests} FROM {prefix}probe WHERE {left} <> {right}"
    )
    best = max(zip(counts, _ZONES, strict=True), key=lambda one: one[0])
    return (best[1],) if best[0] and best[0] * 10 >= whole * 9 else ()


def _swaps(session: Session, differing: list[Column], prefix: str) -> dict[int, list[Variant]]:
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


def _exchanged(session: Session, alike: list[Column], prefix: str) -> list[tuple[int, int]]:
    """Return the indices of columns of which some row holds each one's value in the other.

    A join of the cells of a row: 780 pairs of columns, each tested on its own, took a second to plan.
    """
    numbers = ", ".join(str(c.index) for c in alike)
    left, right = (f"unnest([{', '.join(c.canonical(side) for c in alike)}])" for side in "lt")
    cells = f"SELECT row, unnest([{numbers}]) AS n, {left} AS a, {right} AS b FROM numbered"
    return session.rows(
        f"WITH numbered AS (SELECT row_number() OVER () AS row, l, t FROM {prefix}probe), "
        f"cells AS (SELECT * FROM ({cells}) WHERE a <> b) "
        "SELECT DISTINCT x.n, y.n FROM cells x JOIN cells y ON x.row = y.row AND x.a = y.b AND x.b = y.a "
        "WHERE x.n < y.n ORDER BY ALL"
    )


def _crossed(one: Column, other: Column) -> str:
    """Return the test that two columns changed places."""
    return f"({one.canonical('l')} = {other.canonical('t')} AND {one.canonical('t')} = {other.canonical('l')})"
