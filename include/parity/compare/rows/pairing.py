"""Finds each fetched row's partner and gives every pair its code per column.

A key with one row a side is joined. A key with more is settled as a multiset: identical copies pair first, then
as many rows as the rules can make equal, the rest by the fewest unequal columns, and what is left over is missing
or extra; nothing is fanned out.

The result is the table ``res``: ``lid`` and ``tid`` (row ids in ``wl`` and ``wt``; NULL when there is no
partner), one code ``q<index>`` per value column, ``m<index>`` and ``y<index>`` for
money, ``kh`` for a stable order, and ``kind``.
"""

from __future__ import annotations

from parity.compare.causes.variants import Code, Variants, case_of
from parity.compare.rows.hash_scan import DEEPEST, any_of, row_hashes
from parity.compare.rows.matching import pair_most
from parity.compare.rows.money import amounts
from parity.compare.schema.plan import ComparisonPlan, PlannedColumn
from parity.compare.session import DuckSession

EQUAL, CHANGED, MISSING, EXTRA = range(4)
_MOST_PAIRS = 10_000
"""Above this many candidate pairs of one key (100 × 100 rows), rows pair in the order of their values."""


def pair_rows(session: DuckSession, plan: ComparisonPlan, prefix: str, variants: Variants, many: int) -> None:
    """Build ``res`` from ``wl`` and ``wt``; ``many`` keys have more than one row on a side."""
    codes = "".join(f", {case_of(c, variants)} AS q{c.index}" for c in plan.values) + amounts(plan)
    match = " AND ".join(f"{c.canonical('l')} IS NOT DISTINCT FROM {c.canonical('t')}" for c in plan.key)
    single = f"WHERE kh NOT IN (SELECT kh FROM {prefix}many)"
    sides = [f"(SELECT rowid AS rid, * FROM {prefix}w{side} {single})" for side in "lt"]
    _store(session, plan, prefix, f"{sides[0]} l FULL OUTER JOIN {sides[1]} t ON {match}", codes, create=True)
    if many:
        _pair_duplicates(session, plan, prefix)
        joined = (
            f"{prefix}dp p LEFT JOIN (SELECT rowid AS rid, * FROM {prefix}wl) l ON p.lid = l.rid "
            f"LEFT JOIN (SELECT rowid AS rid, * FROM {prefix}wt) t ON p.tid = t.rid"
        )
        _store(session, plan, prefix, joined, codes, create=False)


def _store(
    session: DuckSession, plan: ComparisonPlan, prefix: str, source: str, codes: str, *, create: bool
) -> None:
    unequal = any_of([f"q{c.index} BETWEEN 1 AND {Code.UNEXPLAINED}" for c in plan.values])
    kind = (
        f"CASE WHEN tid IS NULL THEN {MISSING} WHEN lid IS NULL THEN {EXTRA} WHEN {unequal} THEN "
        f"{CHANGED} ELSE {EQUAL} END"
    )
    query = (
        f"SELECT *, ({kind})::UTINYINT AS kind FROM (SELECT coalesce(l.kh, t.kh) AS kh, l.rid AS lid, "
        f"t.rid AS tid{codes} FROM {source})"
    )
    session.run(f"CREATE TABLE {prefix}res AS {query}" if create else f"INSERT INTO {prefix}res {query}")


def explain_again(session: DuckSession, columns: list[PlannedColumn], prefix: str, variants: Variants) -> None:
    """Give the unexplained pairs of some columns a new code, now that more variants are known."""
    still = any_of([f"r.q{c.index} = {Code.UNEXPLAINED}" for c in columns])
    codes = ", ".join(f"{case_of(c, variants)} AS q{c.index}" for c in columns)
    session.run(
        f"CREATE TABLE {prefix}new AS SELECT r.lid, r.tid, {codes} FROM {prefix}res r "
        f"JOIN (SELECT rowid AS rid, * FROM {prefix}wl) l ON r.lid = l.rid "
        f"JOIN (SELECT rowid AS rid, * FROM {prefix}wt) t ON r.tid = t.rid WHERE r.kind = {CHANGED} "
        f"AND ({still})"
    )
    changed = ", ".join(f"q{c.index} = n.q{c.index}" for c in columns)
    session.run(
        f"UPDATE {prefix}res SET {changed} FROM {prefix}new n WHERE {prefix}res.lid = n.lid AND "
        f"{prefix}res.tid = n.tid"
    )
    session.drop(f"{prefix}new")


def _pair_duplicates(session: DuckSession, plan: ComparisonPlan, prefix: str) -> None:
    """Fill ``dp`` with the pairs (lid, tid) of every key in ``many``."""
    left, right = (_group(session, plan, prefix, side) for side in "lt")
    session.run(f"CREATE TABLE {prefix}dp (lid BIGINT, tid BIGINT)")
    copies = (
        f"SELECT l.rid, t.rid FROM {prefix}dl l JOIN {prefix}dt t ON l.g = t.g AND l.a = t.a AND l.b = "
        "t.b AND l.n = t.n"
    )
    alike = session.run(f"INSERT INTO {prefix}dp {copies}")
    if plan.values and alike < min(left, right):
        near = any(c.equality_rule.approximate for c in plan.values)
        if near:
            _rest(session, plan, prefix)
            _pair_alike(session, plan, prefix)
        _rest(session, plan, prefix)
        _candidates(session, plan, prefix)
        if near:
            pair_most(session, prefix)
        _pair_nearest(session, prefix)
        _pair_in_order(session, prefix)
    for side, pair in (("l", "rid, NULL"), ("t", "NULL, rid")):
        session.run(
            f"INSERT INTO {prefix}dp SELECT {pair} FROM {prefix}d{side} WHERE rid NOT IN (SELECT "
            f"{side}id FROM {prefix}dp WHERE {side}id IS NOT NULL)"
        )


def _group(session: DuckSession, plan: ComparisonPlan, prefix: str, side: str) -> int:
    """Number the keys (``g``) and the identical copies within each (``n``); return the rows of these keys."""
    if side == "l":
        both = " UNION ".join(
            f"SELECT {', '.join(f'{c.canonical()} AS k{c.index}' for c in plan.key)} FROM "
            f"{prefix}w{s} WHERE kh IN (SELECT kh FROM {prefix}many)"
            for s in "lt"
        )
        session.run(f"CREATE TABLE {prefix}keys AS SELECT row_number() OVER () AS g, * FROM ({both})")
    match = " AND ".join(f"k.k{c.index} IS NOT DISTINCT FROM {c.canonical('w')}" for c in plan.key)
    first, second = row_hashes(plan, plan.values)
    return session.run(
        f"CREATE TABLE {prefix}d{side} AS SELECT rid, g, a, b, row_number() OVER (PARTITION BY "
        "g, a, b ORDER BY rid) AS n "
        f"FROM (SELECT rowid AS rid, {first} AS a, {second} AS b, * FROM {prefix}w{side} WHERE kh IN "
        f"(SELECT kh FROM {prefix}many)) w "
        f"JOIN {prefix}keys k ON {match}"
    )


def _rest(session: DuckSession, plan: ComparisonPlan, prefix: str) -> None:
    """Store what has no partner yet: ``size`` rows of each key, numbered (``n``) in the order of their values.

    ``rank`` numbers those that share all but loosened values, in the order of these.
    """
    values = ", ".join(map(_order, plan.values))
    shared = ", ".join(("g", *(_shared(c) for c in plan.values)))
    for side, column in (("l", "lid"), ("t", "tid")):
        session.run(
            f"CREATE OR REPLACE TABLE {prefix}r{side} AS SELECT rid, g, "
            f"row_number() OVER (PARTITION BY g ORDER BY {values}, rid) AS n, "
            f"row_number() OVER (PARTITION BY {shared} ORDER BY {values}, rid) AS rank, "
            f"count(*) OVER (PARTITION BY g) AS size FROM {prefix}d{side} "
            f"JOIN (SELECT rowid AS rid, * FROM {prefix}w{side}) USING (rid) "
            f"WHERE rid NOT IN (SELECT {column} FROM {prefix}dp)"
        )


def _order(column: PlannedColumn) -> str:
    value = column.canonical()
    return f"TRY_CAST({value} AS DOUBLE), {value}" if column.numbers_as_text else value


def _shared(column: PlannedColumn, table: str = "") -> str:
    """Return what two values must share to be equal: the value itself, or its JSON's meaning; 0 for nothing."""
    value = column.canonical(table)
    if not column.equality_rule.approximate:
        return value
    return f"canonical_json({value})" if column.rule.json_equal else "0"


def _pair_alike(session: DuckSession, plan: ComparisonPlan, prefix: str) -> None:
    """Pair rows that rules make equal, in the order of their loosened values, where that settles their whole key.

    With a single tolerance it does whenever anything can. A key of very many rows keeps what it finds.
    """
    shared = " AND ".join(f"{_shared(c, 'l')} IS NOT DISTINCT FROM {_shared(c, 't')}" for c in plan.values)
    unequal = any_of([f"NOT ({c.equal})" for c in plan.values if c.equality_rule.approximate])
    sides = (
        f"(SELECT r.*, w.* EXCLUDE (rid) FROM {prefix}r{side} r "
        f"JOIN (SELECT rowid AS rid, * FROM {prefix}w{side}) w USING (rid))"
        for side in "lt"
    )
    session.run(
        f"INSERT INTO {prefix}dp SELECT lid, tid FROM (SELECT l.rid AS lid, t.rid AS tid, "
        f"l.size AS ls, t.size AS ts, count(*) OVER (PARTITION BY l.g) AS pairs "
        f"FROM {next(sides)} l JOIN {next(sides)} t ON l.g = t.g AND l.rank = t.rank AND {shared} "
        f"WHERE NOT ({unequal})) WHERE pairs = least(ls, ts) OR ls * ts > {_MOST_PAIRS}"
    )


def _candidates(session: DuckSession, plan: ComparisonPlan, prefix: str) -> None:
    """Store every pair that is left of each key, with the number of its unequal columns."""
    parts = [f"(NOT ({c.equal}))::INTEGER" for c in plan.values]
    distance = " + ".join(parts) if len(parts) < DEEPEST else f"list_sum([{', '.join(parts)}])"
    session.run(
        f"CREATE TABLE {prefix}cand AS SELECT p.g, p.lid, p.tid, {distance} AS d, abs(p.ln - p.tn) AS o FROM "
        f"(SELECT x.g, x.rid AS lid, y.rid AS tid, x.n AS ln, y.n AS tn FROM {prefix}rl x JOIN {prefix}rt "
        "y ON x.g = y.g "
        f"WHERE x.size * y.size <= {_MOST_PAIRS}) p "
        f"JOIN (SELECT rowid AS rid, * FROM {prefix}wl) l ON p.lid = l.rid JOIN (SELECT rowid AS rid, "
        f"* FROM {prefix}wt) t ON p.tid = t.rid"
    )


def _pair_nearest(session: DuckSession, prefix: str) -> None:
    """Pair what is left of each key, fewest unequal columns first."""
    while session.one(f"SELECT count(*) FROM {prefix}cand"):
        session.run(
            f"CREATE OR REPLACE TABLE {prefix}best AS SELECT lid, tid FROM (SELECT *, "
            "row_number() OVER (PARTITION BY lid ORDER BY d, o, tid) AS x, "
            f"row_number() OVER (PARTITION BY tid ORDER BY d, o, lid) AS y FROM {prefix}cand) WHERE x "
            "= 1 AND y = 1"
        )
        session.run(f"INSERT INTO {prefix}dp SELECT lid, tid FROM {prefix}best")
        session.run(
            f"DELETE FROM {prefix}cand WHERE lid IN (SELECT lid FROM {prefix}best) OR tid IN (SELECT "
            f"tid FROM {prefix}best)"
        )


def _pair_in_order(session: DuckSession, prefix: str) -> None:
    """Pair the rows of keys with very many copies in the order of their values."""
    session.run(
        f"INSERT INTO {prefix}dp SELECT x.rid, y.rid FROM {prefix}rl x JOIN {prefix}rt y ON x.g = y.g "
        "AND x.n = y.n "
        f"WHERE x.size * y.size > {_MOST_PAIRS}"
    )
