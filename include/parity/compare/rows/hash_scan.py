"""Two scans of two prepared relations: a narrow one that finds the unequal rows, a wide one that fetches them.

The first one stores 24 bytes a row: a hash of the key, and two hashes of its canonical values, taken over the
columns in opposite order and each of them written in two ways. The last bit of the second hash is the row's side.
A key that has exactly one row on each side and whose hashes cancel is equal: 127 bits decide. Every other row
(changed, missing, extra, of a key with several) is fetched in the second scan and compared exactly.

A column with a tolerance, or compared as JSON, has no canonical value that decides equality: the two hashes
leave it out. Where rules loosen columns, 16 bytes more hold two hashes of these columns as stored. Rows that
differ in nothing else are judged by these columns alone, value by value, and fetched if they are unequal.

Tables, all prefixed: ``sel`` the keys to fetch, ``many`` those with more than one row on a
side, ``wl`` and ``wt`` the fetched rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from parity.compare.schema.plan import ComparisonPlan, PlannedColumn
from parity.compare.session import DuckSession
from parity.errors import CouldNotCompare
from parity.wording import plural

DEEPEST = 500
"""Tests that are chained with OR; DuckDB parses no more than a thousand levels."""


@dataclass(frozen=True)
class Scanned:
    """The result of both scans: rows per side, and loosened columns with the rows their rules let through."""

    legacy: int
    target: int
    tolerated: dict[int, int]
    many: int
    """Keys with more than one row on a side."""


def key_hash(plan: ComparisonPlan) -> str:
    """Return the hash that finds a row's partner."""
    return f"hash({', '.join(c.hashed()[0] for c in plan.key)})"


def row_hashes(plan: ComparisonPlan, values: Iterable[PlannedColumn]) -> tuple[str, str]:
    """Return two independent hashes of some values of a row; the second one covers the key too, backwards."""
    pairs = [c.hashed() for c in values]
    keys = [c.hashed()[1] for c in plan.key]
    first = ", ".join(one for one, _ in pairs) or "0"
    second = ", ".join((*(other for _, other in reversed(pairs)), *reversed(keys)))
    return f"hash({first})", f"hash({second})"


def scan(session: DuckSession, plan: ComparisonPlan, prefix: str, legacy: str, target: str) -> Scanned:
    """Run both scans over two prepared relations."""
    loose = [c for c in plan.columns if c.loosened]
    counts = [
        _narrow(session, plan, loose, f"{prefix}n{side}", rel, bit)
        for side, rel, bit in (("l", legacy, 0), ("t", target, 1))
    ]
    many = _select(session, prefix, bool(loose))
    through = _judge_loosened(session, plan, loose, prefix, legacy, target)
    fetched = [
        session.run(
            f"CREATE TABLE {prefix}w{side} AS SELECT * FROM (SELECT {key_hash(plan)} AS kh, * "
            f"FROM {relation}) WHERE kh IN (SELECT kh FROM {prefix}sel)"
        )
        for side, relation in (("l", legacy), ("t", target))
    ]
    _refuse_lost_rows(sum(fetched), int(session.one(f"SELECT coalesce(sum(n), 0) FROM {prefix}sel")))
    return Scanned(counts[0], counts[1], through, many)


def _refuse_lost_rows(fetched: int, selected: int) -> None:
    """Refuse a second scan that did not find the rows of the first one, whatever hid or changed them."""
    if fetched != selected:
        raise CouldNotCompare(
            f"The first scan found {plural(selected, 'row')} to look at, the second one {fetched:,}.",
            remedy="Compare again, once nothing writes to either side.",
        )


def _narrow(
    session: DuckSession, plan: ComparisonPlan, loose: list[PlannedColumn], table: str, relation: str, bit: int
) -> int:
    """Store the hashes of every row: of its key, of what its rules leave of it, and of what they loosen."""
    first, second = row_hashes(plan, [c for c in plan.values if not c.equality_rule.approximate])
    side = f"(({second} >> 1) << 1) | {bit}::UBIGINT"
    ways = zip(*(c.stored for c in loose), strict=True)
    strict = "".join(f", hash({', '.join(way)}) AS {name}" for way, name in zip(ways, "su", strict=False))
    return session.run(
        f"CREATE TABLE {table} AS SELECT {key_hash(plan)} AS kh, {first} AS a, {side} AS b{strict} FROM {relation}"
    )


def _select(session: DuckSession, prefix: str, loose: bool) -> int:
    """Store the keys to fetch, and apart those with more than one row on a side; return how many these are."""
    clean = "count(*) = 2 AND bit_xor(a) = 0 AND bit_xor(b) = 1"
    session.run(
        f"CREATE TABLE {prefix}sel AS SELECT kh, count(*) AS n, "
        f"count(*) > 2 OR (count(*) = 2 AND bit_xor(b) & 1 = 0) AS many, {clean} AS through "
        f"FROM (SELECT * FROM {prefix}nl UNION ALL SELECT * FROM {prefix}nt) GROUP BY kh "
        f"HAVING NOT ({clean}{' AND bit_xor(s) = 0 AND bit_xor(u) = 0' if loose else ''})"
    )
    session.drop(f"{prefix}nl", f"{prefix}nt")
    return session.run(f"CREATE TABLE {prefix}many AS SELECT kh FROM {prefix}sel WHERE many")


def _judge_loosened(
    session: DuckSession, plan: ComparisonPlan, loose: list[PlannedColumn], prefix: str, legacy: str, target: str
) -> dict[int, int]:
    """Judge the rows that differ in loosened columns alone, by the values of these; the others are to be fetched.

    Returns, per loosened column, the rows that only its rule makes equal.
    """
    if not loose or not session.one(f"SELECT count(*) FROM {prefix}sel WHERE through"):
        return {}
    inside = f"WHERE kh IN (SELECT kh FROM {prefix}sel WHERE through)"
    left, right = (
        f"(SELECT * FROM (SELECT {key_hash(plan)} AS kh, {', '.join(c.value for c in loose)} FROM {rel}) {inside})"
        for rel in (legacy, target)
    )
    unequal = any_of([f"NOT ({c.equal})" for c in loose if c.equality_rule.approximate])
    flags = "".join(f", NOT ({c.identical}) AS d{c.index}" for c in loose)
    session.run(
        f"CREATE TABLE {prefix}judged AS SELECT kh, NOT ({unequal}) AS fine{flags} "
        f"FROM {left} l JOIN {right} t USING (kh)"
    )
    counts = ", ".join(f"count(*) FILTER (fine AND d{c.index})" for c in loose)
    found = session.row(f"SELECT {counts} FROM {prefix}judged")
    # What was not judged equal here is fetched.
    session.run(
        f"CREATE OR REPLACE TABLE {prefix}sel AS SELECT * FROM {prefix}sel "
        f"WHERE kh NOT IN (SELECT kh FROM {prefix}judged WHERE fine)"
    )
    session.drop(f"{prefix}judged")
    return {c.index: int(n) for c, n in zip(loose, found, strict=True) if n}


def any_of(tests: list[str]) -> str:
    """Return the test that one of many tests holds; a chain of thousands would be too deep to parse."""
    if len(tests) < DEEPEST:
        return " OR ".join(tests) or "false"
    return f"list_contains([{', '.join(tests)}], true)"
