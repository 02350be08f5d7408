"""Two passes over two prepared relations: a narrow one that finds the unequal rows, a wide one that fetches them.

Pass one keeps 24 bytes a row: a hash of the key, and two hashes of the row that are taken over the columns
in opposite order and, for texts, from different bytes. The last bit of the second one says which side the
row is from. A key that has exactly one row on each side and whose hashes cancel is equal: 128 bits decide.
Everything else (changed, missing, extra, more than one row) is fetched in pass two and compared exactly.

Tables, all prefixed: ``sel`` the keys to fetch, ``many`` those with more than one row on a
side, ``wl`` and ``wt`` the fetched rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from parity.compare.plan import Column, Plan
from parity.compare.session import Session
from parity.compare.types import Kind


@dataclass(frozen=True)
class Scanned:
    """What the two passes found: rows per side, and loosened columns with the rows their rules let through."""

    legacy: int
    target: int
    let_through: dict[int, int]


def key_hash(plan: Plan) -> str:
    """Return the hash that finds a row's partner."""
    return f"hash({', '.join(part for c in plan.key for part in c.hashed())})"


def row_hashes(plan: Plan, *, cells: bool = True) -> tuple[str, str]:
    """Return two independent hashes of a row; the second one covers the key too.

    With ``cells``, a column with a tolerance is hashed by its cell; without, by its canonical value.
    """
    values = [(c, part) for c in plan.values for part in (c.hashed() if cells else c.exactly())]
    keys = [(c, part) for c in plan.key for part in c.hashed()]
    first = ", ".join(part for _, part in values) or "0"
    second = ", ".join(_other(c, part) for c, part in [*reversed(values), *keys])
    return f"hash({first})", f"hash({second})"


_STAND_INS = {
    "BIGINT": "5577006791947779410",
    "UBIGINT": "5577006791947779410",
    "DOUBLE": "-8.674665223082154e-127",
    "TIMESTAMP": "TIMESTAMP '1234-05-06 07:08:09.101112'",
    "TIMESTAMP_NS": "TIMESTAMP_NS '1834-05-06 07:08:09.101112131'",
}
"""Of every 64-bit type one value has the hash that DuckDB gives NULL (of BIGINT: -2930909409056394622)."""


def _other(column: Column, part: str) -> str:
    """Change what is hashed, so that two values with one hash do not share the other.

    Texts and bytes are shifted by one byte; NULL is hashed as a value of its type.
    """
    if column.kind is Kind.TEXT or part.endswith("::VARCHAR"):
        return f"'#' || {part}"
    if column.kind is Kind.BINARY:
        return f"'#'::BLOB || {part}"
    stand_in = _STAND_INS.get(column.sql) if part == column.canonical() else None
    return f"coalesce({part}, {stand_in})" if stand_in else part


def scan(session: Session, plan: Plan, prefix: str, legacy: str, target: str) -> Scanned:
    """Run both passes over two prepared relations."""
    loose = [c for c in plan.columns if c.loosened]
    counts = [
        _narrow(session, plan, loose, f"{prefix}n{side}", rel, bit)
        for side, rel, bit in (("l", legacy, 0), ("t", target, 1))
    ]
    _select(session, prefix, bool(loose))
    through = _let_through(session, plan, loose, prefix, legacy, target)
    for side, relation in (("l", legacy), ("t", target)):
        session.run(
            f"CREATE TABLE {prefix}w{side} AS SELECT * FROM (SELECT {key_hash(plan)} AS kh, * "
            f"FROM {relation}) "
            f"WHERE kh IN (SELECT kh FROM {prefix}sel WHERE NOT through)"
        )
    return Scanned(counts[0], counts[1], through)


def _narrow(session: Session, plan: Plan, loose: list[Column], table: str, relation: str, bit: int) -> int:
    first, second = row_hashes(plan)
    side = f"(({second} >> 1) << 1) | {bit}::UBIGINT"
    strict = f", hash({', '.join(_strict(c) for c in loose)}) AS s" if loose else ""
    return session.run(
        f"CREATE TABLE {table} AS SELECT {key_hash(plan)} AS kh, {first} AS a, {side} AS b{strict} FROM {relation}"
    )


def _strict(column: Column) -> str:
    return f"{column.value}::VARCHAR" if column.kind in (Kind.NESTED, Kind.DECIMAL, Kind.INTEGER) else column.value


def _select(session: Session, prefix: str, loose: bool) -> None:
    clean = "count(*) = 2 AND bit_xor(a) = 0 AND bit_xor(b) = 1"
    session.run(
        f"CREATE TABLE {prefix}sel AS SELECT kh, "
        f"count(*) > 2 OR (count(*) = 2 AND bit_xor(b) & 1 = 0) AS many, {clean} AS through "
        f"FROM (SELECT * FROM {prefix}nl UNION ALL SELECT * FROM {prefix}nt) GROUP BY kh "
        f"HAVING NOT ({clean}{' AND bit_xor(s) = 0' if loose else ''})"
    )
    session.drop(f"{prefix}nl", f"{prefix}nt")
    session.run(f"CREATE TABLE {prefix}many AS SELECT kh FROM {prefix}sel WHERE many")


def _let_through(
    session: Session, plan: Plan, loose: list[Column], prefix: str, legacy: str, target: str
) -> dict[int, int]:
    """Count, per loosened column, the rows that only its rule makes equal; reads these columns alone."""
    if not loose or not session.one(f"SELECT count(*) FROM {prefix}sel WHERE through"):
        return {}
    inside = f"WHERE kh IN (SELECT kh FROM {prefix}sel WHERE through)"
    left, right = (
        f"(SELECT * FROM (SELECT {key_hash(plan)} AS kh, {', '.join(c.value for c in loose)} FROM {rel}) {inside})"
        for rel in (legacy, target)
    )
    counts = ", ".join(f"count(*) FILTER (NOT ({c.identical}))" for c in loose)
    found = session.row(f"SELECT {counts} FROM {left} l JOIN {right} t ON l.kh = t.kh")
    return {c.index: int(n) for c, n in zip(loose, found, strict=True) if n}
