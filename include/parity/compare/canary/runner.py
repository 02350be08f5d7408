"""Plants mutations in copies of a run's own rows, one value at a time, and counts those that the run finds.

The copies are of raw rows, from all over each side, and go through the same casts, rules, hashes and scans as the
real rows. Every mutation has a row of its own, identified by one more key column. Beside the rows'
own values, pairs of values are planted that a wrong hash or rule would take for equal; they depend on a column's
types and rule alone, so columns that are alike share them.

A mutation that is not found is *hidden* only if a rule of its column makes the two values equal: a tolerance is
computed again in Python, from their texts (:mod:`parity.compare.canary.tolerated`); for other rules the canonical
values are compared in SQL, without a hash. Any other mutation that is not found is *blind*, and makes the run
INVALID.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from parity.compare.canary.mutations import Mutation, border_pairs, mutations
from parity.compare.canary.tolerated import comparable_text, is_tolerated
from parity.compare.causes.variants import Code
from parity.compare.result import Canary
from parity.compare.rows.facts import gather
from parity.compare.rows.pairing import EQUAL, EXTRA, MISSING
from parity.compare.schema.plan import ComparisonPlan, PlannedColumn, RawColumn
from parity.compare.schema.rules import EqualityRule
from parity.compare.session import DuckSession, batches
from parity.compare.types import TEXT, DataType, ValueKind, fill, verbatim
from parity.suite.models import ColumnRule

_ROWS = 10
"""Rows copied of each side, which the mutations share."""
_BATCH = 250
"""Columns mutated in one statement, beside the key; a wider table takes several."""
_ROW_MUTATIONS = (Mutation("a lost row", ""), Mutation("an extra row", ""), Mutation("a doubled row", ""))
_BIGINT = DataType("bigint", "BIGINT")
_TAG = 1_000_000
"""Index of the column that identifies a mutation; no table is that wide."""


@dataclass(frozen=True)
class PlantedMutation:
    """One mutation of one row: of ``column``, or of the row as a whole when that is None."""

    number: int
    side: str
    column: PlannedColumn | None
    mutation: Mutation

    @property
    def name(self) -> str:
        """Return the column and what was changed."""
        return f"{self.column.name}: {self.mutation.what}" if self.column else self.mutation.what


def run_canary(session: DuckSession, plan: ComparisonPlan, legacy: str, target: str) -> Canary:
    """Plant every mutation in a copy of both sides' rows and count those that the run's own rules find."""
    sides = [
        side for side, relation in (("legacy", legacy), ("target", target)) if _copy(session, plan, side, relation)
    ]
    planted: list[PlantedMutation] = []
    found: set[int] = set()
    hidden: set[int] = set()
    known: set[object] = set()
    for columns in batches(plan.columns, _BATCH) if sides else ():
        batch = _planted(columns, sides, len(planted), not planted, known)
        planted += batch
        seen, tolerated = _found(session, _narrowed(plan, columns), batch, sides)
        found |= seen
        hidden |= tolerated
    for side in sides:
        session.drop(f"canary_{side}")
    return _summary(planted, found, hidden)


def _narrowed(plan: ComparisonPlan, columns: Sequence[PlannedColumn]) -> ComparisonPlan:
    """Return the plan of some columns and the key."""
    wanted = {c.index for c in columns} | {c.index for c in plan.columns if c.key}
    return replace(plan, columns=tuple(c for c in plan.columns if c.index in wanted))


def _copy(session: DuckSession, plan: ComparisonPlan, side: str, relation: str) -> int:
    """Copy a few raw rows of a side and number them; return how many there are.

    DuckDB draws the rows' places first and reads only these, so that a side of 8 million rows costs what one of a
    million does.
    """
    parts = ", ".join(f"({c.raw(side).sql})::{_stored(c, side).sql} AS u{c.index}" for c in plan.columns)
    return session.run(
        f"CREATE TABLE canary_{side} AS SELECT row_number() OVER () - 1 AS base, * FROM "
        f"(SELECT {parts} FROM (SELECT * FROM {relation} USING SAMPLE {_ROWS} ROWS))"
    )


def _stored(column: PlannedColumn, side: str) -> DataType:
    """Return the type in which a column is mutated.

    JSON is mutated as text; a column without a type, in the other side's.
    """
    own = column.raw(side).kind
    if own.untyped:
        own = column.raw("target" if side == "legacy" else "legacy").kind
    return TEXT if own.untyped or own.sql == "JSON" else own


def _planted(
    columns: Sequence[PlannedColumn], sides: list[str], number: int, rows: bool, known: set[object]
) -> list[PlantedMutation]:
    """Return the mutations of some columns; ``known`` are the kinds of columns whose pairs are planted."""
    wanted: list[tuple[str, PlannedColumn | None, Mutation]] = []
    for side in sides:
        for column in columns:
            stored = _stored(column, side)
            wanted += [(side, column, mutation) for mutation in mutations(stored, column.rule.tolerance)]
            alike = (side, stored, column.raw(side).cast, column.sql, column.equality_rule, column.key)
            if alike not in known:
                known.add(alike)
                wanted += [(side, column, pair) for pair in border_pairs(stored, column.rule.tolerance)]
        wanted += [(side, None, mutation) for mutation in _ROW_MUTATIONS] if rows else []
    return [PlantedMutation(number + at, *one) for at, one in enumerate(wanted)]


def _found(
    session: DuckSession, plan: ComparisonPlan, planted: list[PlantedMutation], sides: list[str]
) -> tuple[set[int], set[int]]:
    """Run the whole comparison on the copy; return the mutations that it found, and those that a rule hides."""
    tag = _tag(_TAG)
    wider = replace(plan, columns=(*plan.columns, tag))
    session.run("CREATE SCHEMA planted")
    for name, mutate in (("sound", False), ("mutated", True)):
        parts = [_prepared(plan, [p for p in planted if p.side == side], side, mutate) for side in sides]
        session.run(f"CREATE TABLE planted.{name} AS {' UNION ALL '.join(parts)}")
    gather(session, wider, "planted.", "planted.sound", "planted.mutated", explain=False, count=False)
    found = _read(session, wider, tag, planted)
    hidden = _hidden(session, tag, [p for p in planted if p.number not in found])
    session.run("DROP SCHEMA planted CASCADE")
    return found, hidden


def _hidden(session: DuckSession, tag: PlannedColumn, unseen: list[PlantedMutation]) -> set[int]:
    """Return the mutations whose two values a rule of their column makes equal, without a hash."""
    hidden: set[int] = set()
    loosened = {p.column.index: p.column for p in unseen if p.column is not None and p.column.loosened}
    for column in loosened.values():
        tags = [p.number for p in unseen if p.column is column]
        left, right = (comparable_text(column, side) for side in "lt")
        rows = session.rows(
            f"SELECT l.{tag.value}, {left}, {right}, {column.equal} FROM planted.sound l JOIN planted.mutated t "
            f"USING ({tag.value}) WHERE l.{tag.value} IN ({', '.join(map(str, tags))})"
        )
        hidden |= {number for number, one, other, equal in rows if is_tolerated(column, one, other, equal=equal)}
    return hidden


def _tag(index: int) -> PlannedColumn:
    """Return the key column that identifies the mutations."""
    raw = RawColumn("tag", _BIGINT, "«0»")
    return PlannedColumn(index, "", ValueKind.INTEGER, "BIGINT", 0, ColumnRule(), True, raw, raw, EqualityRule())


def _prepared(plan: ComparisonPlan, planted: list[PlantedMutation], side: str, mutate: bool) -> str:
    """Return the query of one row per mutation, in the common types, mutated or not.

    Values are mutated in one column per type (``original``, then ``mutated``) and then put in their ``place``:
    with mutations in every column, 5,000 columns took five times as long to plan.
    """
    groups = _groups(planted, side)
    group = {column.index: at for at, (columns, _) in enumerate(groups) for column in columns}
    cells = []
    for column in plan.columns:
        cell = f"u{column.index}"
        if column.index in group:
            cell = f"CASE WHEN place = {column.index} THEN mutated{group[column.index]} ELSE {cell} END"
        cells.append(f"{fill(column.raw(side).cast, f'({cell})')} AS {column.value}")
    tags, places, hows = zip(*_rows(planted, groups, mutate), strict=True)
    source = (
        f"(SELECT unnest({[*tags]})::BIGINT AS tag, unnest({[*places]}) AS place, unnest({[*hows]}) AS how) "
        f"JOIN (SELECT base, {', '.join(f'u{c.index}' for c in plan.columns)} FROM canary_{side}) "
        f"ON base = tag % (SELECT count(*) FROM canary_{side})"
    )
    if groups:
        mutated = _mutated(groups, side, mutate)
        source = f"(SELECT *, {mutated} FROM (SELECT *, {_originals(groups)} FROM {source}))"
    return f"SELECT {', '.join(cells)}, tag AS v{_TAG} FROM {source}"


_Groups = list[tuple[list[PlannedColumn], tuple[Mutation, ...]]]
"""Columns that have the same mutations, with these."""


def _groups(planted: list[PlantedMutation], side: str) -> _Groups:
    """Group columns by their stored type and mutations."""
    changes: dict[int, list[Mutation]] = {}
    columns: dict[int, PlannedColumn] = {}
    for one in planted:
        if one.column is not None:
            columns[one.column.index] = one.column
            changes.setdefault(one.column.index, []).append(one.mutation)
    alike: dict[tuple[str, tuple[Mutation, ...]], list[PlannedColumn]] = {}
    for index, column in columns.items():
        alike.setdefault((_stored(column, side).sql, tuple(changes[index])), []).append(column)
    return [(members, mutations) for (_, mutations), members in alike.items()]


def _originals(groups: _Groups) -> str:
    """Return, for every group, the value that is mutated in a row."""
    whens = (" ".join(f"WHEN {c.index} THEN u{c.index}" for c in columns) for columns, _ in groups)
    return ", ".join(f"CASE place {one} END AS original{at}" for at, one in enumerate(whens))


def _mutated(groups: _Groups, side: str, mutate: bool) -> str:
    """Return, for every group, the mutated value, or the value before it where a mutation has its own."""
    parts = []
    for at, (columns, changes) in enumerate(groups):
        original = f"original{at}"
        sqls = (fill(one.sql, original) if mutate else one.base for one in changes)
        whens = " ".join(f"WHEN {how} THEN {sql}" for how, sql in enumerate(sqls) if sql)
        value = f"CASE how {whens} ELSE {original} END" if whens else original
        parts.append(f"CAST({value} AS {verbatim(_stored(columns[0], side).sql)}) AS mutated{at}")
    return ", ".join(parts)


def _rows(planted: list[PlantedMutation], groups: _Groups, mutate: bool) -> list[tuple[int, int, int]]:
    """Return tag, place and mutation of every row to write.

    A lost row is only on the left, a doubled one twice on the right.
    """
    lost, extra, doubled = _ROW_MUTATIONS
    times = {lost: (1, 0), extra: (0, 1), doubled: (1, 2)}
    changes = {column.index: mutations for columns, mutations in groups for column in columns}
    found = []
    for one in planted:
        at = one.column.index if one.column else -1
        row = (one.number, at, changes[at].index(one.mutation) if at in changes else -1)
        found += [row] * times.get(one.mutation, (1, 1))[mutate]
    return found


def _read(
    session: DuckSession, plan: ComparisonPlan, tag: PlannedColumn, planted: list[PlantedMutation]
) -> set[int]:
    """Return the mutations that were found: in their own columns, or as rows."""
    columns = sorted({p.column.index for p in planted if p.column and not (p.column.key or plan.keyless)})
    codes = "".join(f", q{index} = {Code.UNEXPLAINED}" for index in columns)
    rows = session.rows(
        f"SELECT coalesce(l.{tag.value}, t.{tag.value}), r.kind{codes} FROM planted.res r LEFT JOIN (SELECT "
        f"rowid AS rid, {tag.value} FROM planted.wl) l "
        f"ON r.lid = l.rid LEFT JOIN (SELECT rowid AS rid, {tag.value} FROM planted.wt) t ON r.tid = t.rid "
        f"WHERE r.kind <> {EQUAL}"
    )
    kinds: dict[int, set[int]] = {}
    differing: set[tuple[int, int]] = set()
    for number, kind, *flags in rows:
        kinds.setdefault(number, set()).add(kind)
        differing |= {(number, index) for index, flag in zip(columns, flags, strict=True) if flag}
    return {one.number for one in planted if _seen(one, plan, kinds.get(one.number, set()), differing)}


def _seen(one: PlantedMutation, plan: ComparisonPlan, kinds: set[int], differing: set[tuple[int, int]]) -> bool:
    if one.column is None:
        return (MISSING if one.mutation is _ROW_MUTATIONS[0] else EXTRA) in kinds
    if one.column.key or plan.keyless:
        return {MISSING, EXTRA} <= kinds
    return (one.number, one.column.index) in differing


def _summary(planted: list[PlantedMutation], found: set[int], hidden: set[int]) -> Canary:
    unseen = [one for one in planted if one.number not in found]
    blind = [one for one in unseen if one.number not in hidden]
    smallest: dict[str, str] = {}
    for one in planted:
        if one.number in found and one.column is not None and one.mutation.least:
            smallest.setdefault(one.column.name, one.name)
    return Canary(
        planted=len(planted),
        found=len(found),
        hidden=tuple(
            dict.fromkeys(_invisible(p.column) for p in unseen if p.number in hidden and p.column is not None)
        ),
        blind=tuple(dict.fromkeys(f"{one.name} ({one.side})" for one in blind)),
        smallest=tuple(smallest.values()),
    )


def _invisible(column: PlannedColumn) -> str:
    words = column.equality_rule.hidden
    return f"{column.name}: {words} {'are' if words.startswith('differences') else 'is'} invisible"
