"""Finds each fetched row's partner and gives every pair its code per column.

A key with one row a side is joined. A key with more is settled as a multiset: identical copies pair first,
the rest by the fewest unequal columns, and what is left over is missing or extra; nothing is fanned out.

The result is the table ``res``: ``lid`` and ``tid`` (row ids in ``wl`` and ``wt``; NULL when there is no
partner), one code ``q<index>`` per value column, ``m<index>`` and ``y<index>`` for
money, ``kh`` for a stable order, and ``kind``.
"""

from __future__ import annotations

from parity.compare.causes import Code, Variants, case_of
from parity.compare.money import amounts
from parity.compare.passes import DEEPEST, any_of, row_hashes
from parity.compare.plan import Column, Plan
from parity.compare.session import Session

EQUAL, CHANGED, MISSING, EXTRA = range(4)
_MOST_PAIRS = 10_000
"""Above this many candidate pairs of one key (100 × 100 rows), only rows are tried that no strict column tells apart."""
_MOST_ALIKE = 1_000_000
"""Above this many of these, rows pair in the order of their values."""


def pair_rows(session: Session, plan: Plan, prefix: str, variants: Variants) -> None:
    """Build ``res`` from ``wl`` and ``wt``."""
    codes = "".join(f", {case_of(c, variants)} AS q{c.index}" for c in plan.values) + amounts(plan)
    match = " AND ".join(f"{c.canonical('l')} IS NOT DISTINCT FROM {c.canonical('t')}" for c in plan.key)
    single = f"WHERE kh NOT IN (SELECT kh FROM {prefix}many)"
    sides = [f"(SELECT rowid AS rid, * FROM {prefix}w{side} {single})" for side in "lt"]
    _store(session, plan, prefix, f"{sides[0]} l FULL OUTER JOIN {sides[1]} t ON {match}", codes, create=True)
    if session.one(f"SELECT count(*) FROM {prefix}many"):
        _pair_duplicates(session, plan, prefix)
        joined = (
            f"{prefix}dp p LEFT JOIN (SELECT rowid AS rid, * FROM {prefix}wl) l ON p.lid = l.rid "
            f"LEFT JOIN (SELECT rowid AS rid, * FROM {prefix}wt) t ON p.tid = t.rid"
        )
        _store(session, plan, prefix, joined, codes, create=False)


def _store(session: Session, plan: Plan, prefix: str, source: str, codes: str, *, create: bool) -> None:
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


def explain_again(session: Session, columns: list[Column], prefix: str, variants: Variants) -> None:
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


def _pair_duplicates(session: Session, plan: Plan, prefix: str) -> None:
    """Fill ``dp`` with the pairs (lid, tid) of every key in ``many``."""
    for side in "lt":
        _group(session, plan, prefix, side)
    session.run(f"CREATE TABLE {prefix}dp (lid BIGINT, tid BIGINT)")
    copies = (
        f"SELECT l.rid, t.rid FROM {prefix}dl l JOIN {prefix}dt t ON l.g = t.g AND l.a = t.a AND l.b = "
        "t.b AND l.n = t.n"
    )
    session.run(f"INSERT INTO {prefix}dp {copies}")
    near = "".join(f"{c.value}, " for c in plan.values if c.meaning.near)
    for side, column in (("l", "lid"), ("t", "tid")):
        session.run(
            f"CREATE TABLE {prefix}r{side} AS SELECT rid, g, s, row_number() OVER (PARTITION BY g "
            f"ORDER BY s, {near}a, b, rid) AS n, "
            "count(*) OVER (PARTITION BY g) AS size, count(*) OVER (PARTITION BY g, s) AS alike "
            f"FROM {prefix}d{side} WHERE rid NOT IN (SELECT {column} FROM {prefix}dp)"
        )
    if plan.values:
        _pair_nearest(session, plan, prefix)
        if near:
            _pair_in_order(session, prefix, "g, s")
        _pair_in_order(session, prefix, "g")
    for side, pair in (("l", "rid, NULL"), ("t", "NULL, rid")):
        session.run(
            f"INSERT INTO {prefix}dp SELECT {pair} FROM {prefix}d{side} WHERE rid NOT IN (SELECT "
            f"{side}id FROM {prefix}dp WHERE {side}id IS NOT NULL)"
        )


def _group(session: Session, plan: Plan, prefix: str, side: str) -> None:
    """Number the keys (``g``) and the identical copies within each (``n``)."""
    if side == "l":
        both = " UNION ".join(
            f"SELECT {', '.join(f'{c.canonical()} AS k{c.index}' for c in plan.key)} FROM "
            f"{prefix}w{s} WHERE kh IN (SELECT kh FROM {prefix}many)"
            for s in "lt"
        )
        session.run(f"CREATE TABLE {prefix}keys AS SELECT row_number() OVER () AS g, * FROM ({both})")
    match = " AND ".join(f"k.k{c.index} IS NOT DISTINCT FROM {c.canonical('w')}" for c in plan.key)
    first, second = row_hashes(plan, plan.values)
    near = "".join(f", {c.canonical('w')} AS {c.value}" for c in plan.values if c.meaning.near)
    strict, _ = row_hashes(plan, [c for c in plan.values if not c.meaning.near])
    session.run(
        f"CREATE TABLE {prefix}d{side} AS SELECT rid, g, a, b, s{near}, row_number() OVER (PARTITION BY "
        "g, a, b ORDER BY rid) AS n "
        f"FROM (SELECT rowid AS rid, {first} AS a, {second} AS b, {strict} AS s, * FROM {prefix}w{side} WHERE kh IN "
        f"(SELECT kh FROM {prefix}many)) w "
        f"JOIN {prefix}keys k ON {match}"
    )


def _pair_nearest(session: Session, plan: Plan, prefix: str) -> None:
    """Pair what is left of each key, fewest unequal columns first."""
    parts = [f"(NOT ({c.equal}))::INTEGER" for c in plan.values]
    distance = " + ".join(parts) if len(parts) < DEEPEST else f"list_sum([{', '.join(parts)}])"
    found = f"SELECT x.rid AS lid, y.rid AS tid, x.n AS ln, y.n AS tn FROM {prefix}rl x JOIN {prefix}rt y ON x.g = y.g"
    few, many = f"x.size * y.size <= {_MOST_PAIRS}", f"x.size * y.size > {_MOST_PAIRS}"
    tries = [(f"{found} WHERE {few}", "true")]
    if any(c.meaning.near for c in plan.values):
        tries.append((f"{found} AND x.s = y.s WHERE {many} AND x.alike * y.alike <= {_MOST_ALIKE}", "d = 0"))
    every = " UNION ALL ".join(
        f"SELECT * FROM (SELECT p.lid, p.tid, {distance} AS d, abs(p.ln - p.tn) AS o FROM ({pairs}) p "
        f"JOIN (SELECT rowid AS rid, * FROM {prefix}wl) l ON p.lid = l.rid JOIN (SELECT rowid AS rid, "
        f"* FROM {prefix}wt) t ON p.tid = t.rid) WHERE {kept}"
        for pairs, kept in tries
    )
    session.run(f"CREATE TABLE {prefix}cand AS {every}")
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


def _pair_in_order(session: Session, prefix: str, alike: str) -> None:
    """Pair what is left of keys with very many rows in a fixed order, within what is ``alike``."""
    sides = (
        f"(SELECT rid, size, {alike}, row_number() OVER (PARTITION BY {alike} ORDER BY n) AS m FROM {prefix}r{side} "
        f"WHERE rid NOT IN (SELECT {side}id FROM {prefix}dp))"
        for side in "lt"
    )
    session.run(
        f"INSERT INTO {prefix}dp SELECT x.rid, y.rid FROM {next(sides)} x JOIN {next(sides)} y USING ({alike}, m) "
        f"WHERE x.size * y.size > {_MOST_PAIRS}"
    )
