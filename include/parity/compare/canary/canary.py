"""Proves the eyesight of a run: corrupts a copy of its own rows, one value at a time, and looks for each.

The copy is taken from both sides' raw rows, from all over each side, and goes through the same casts, rules,
hashes and passes as the real rows. Every corruption has a row of its own, told apart by one more key column.
Beside the rows' own values, pairs of values are planted that lie where a wrong hash or rule would lose them; they
depend on a column's types and rule alone, so columns that are alike share them.

A corruption that stays unseen is *hidden* only if a rule of its column excuses these two values: a tolerance is
worked out again in Python, from their texts (:mod:`parity.compare.canary.excuses`); for other rules the canonical
values are compared in SQL, no hash involved. Anything else that stays unseen is *blind*, and makes the run
INVALID.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from parity.compare.canary.excuses import excuses, shown
from parity.compare.canary.mutations import Mutation, border_pairs, mutations
from parity.compare.result import Canary
from parity.compare.rows.facts import gather
from parity.compare.rows.pairing import EQUAL, EXTRA, MISSING
from parity.compare.schema.plan import ComparisonPlan, PlannedColumn, RawColumn
from parity.compare.schema.rules import EqualityRule
from parity.compare.session import DuckSession
from parity.compare.types import TEXT, DataType, ValueKind, fill, verbatim
from parity.suite.models import ColumnRule

_ROWS = 10
"""Rows copied of each side, from all over it; the corruptions take turns at them."""
_BATCH = 250
"""Columns corrupted in one go, beside the key; a wider table is flown over in parts."""
_ROW_SHAKES = (Mutation("a lost row", ""), Mutation("an extra row", ""), Mutation("a doubled row", ""))
_BIGINT = DataType("bigint", "BIGINT")
_TAG = 1_000_000
"""Index of the column that tells corruptions apart; no table is that wide."""


@dataclass(frozen=True)
class PlantedMutation:
    """One corruption of one row: of ``column``, or of the row as a whole when that is None."""

    number: int
    side: str
    column: PlannedColumn | None
    shake: Mutation

    @property
    def name(self) -> str:
        """Return what was done to what."""
        return f"{self.column.name}: {self.shake.what}" if self.column else self.shake.what


def run_canary(session: DuckSession, plan: ComparisonPlan, legacy: str, target: str) -> Canary:
    """Plant every corruption in a copy of both sides' rows and count what the run's own rules find."""
    sides = [
        side for side, relation in (("legacy", legacy), ("target", target)) if _copy(session, plan, side, relation)
    ]
    plants: list[PlantedMutation] = []
    found: set[int] = set()
    excused: set[int] = set()
    known: set[object] = set()
    for start in range(0, len(plan.columns) if sides else 0, _BATCH):
        columns = plan.columns[start : start + _BATCH]
        batch = _plants(columns, sides, len(plants), start == 0, known)
        plants += batch
        seen, forgiven = _found(session, _narrowed(plan, columns), batch, sides)
        found |= seen
        excused |= forgiven
    for side in sides:
        session.drop(f"canary_{side}")
    return _verdicts(plants, found, excused)


def _narrowed(plan: ComparisonPlan, columns: tuple[PlannedColumn, ...]) -> ComparisonPlan:
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
    """Return the type in which a column is corrupted.

    JSON is corrupted as text; a column without a type, in the other side's.
    """
    own = column.raw(side).kind
    if own.untyped:
        own = column.raw("target" if side == "legacy" else "legacy").kind
    return TEXT if own.untyped or own.sql == "JSON" else own


def _plants(
    columns: tuple[PlannedColumn, ...], sides: list[str], number: int, rows: bool, known: set[object]
) -> list[PlantedMutation]:
    """Return the corruptions of some columns; ``known`` are the kinds of columns whose pairs are planted."""
    wanted: list[tuple[str, PlannedColumn | None, Mutation]] = []
    for side in sides:
        for column in columns:
            stored = _stored(column, side)
            wanted += [(side, column, shake) for shake in mutations(stored, column.rule.tolerance)]
            alike = (side, stored, column.raw(side).cast, column.sql, column.equality_rule, column.key)
            if alike not in known:
                known.add(alike)
                wanted += [(side, column, pair) for pair in border_pairs(stored, column.rule.tolerance)]
        wanted += [(side, None, shake) for shake in _ROW_SHAKES] if rows else []
    return [PlantedMutation(number + at, *one) for at, one in enumerate(wanted)]


def _found(
    session: DuckSession, plan: ComparisonPlan, plants: list[PlantedMutation], sides: list[str]
) -> tuple[set[int], set[int]]:
    """Run the whole comparison on the copy; return the plants that it found, and those that a rule excuses."""
    tag = _tag(_TAG)
    wider = replace(plan, columns=(*plan.columns, tag))
    for name in ("left", "right"):
        parts = [_prepared(plan, [p for p in plants if p.side == side], side, name == "right") for side in sides]
        session.run(f"CREATE OR REPLACE TABLE canary_{name} AS {' UNION ALL '.join(parts)}")
    gather(session, wider, "c_", "canary_left", "canary_right", explain=False, count=False)
    found = _read(session, wider, tag, plants)
    excused = _excused(session, tag, [p for p in plants if p.number not in found])
    tables = ("sel", "many", "wl", "wt", "res", "dp", "dl", "dt", "rl", "rt", "keys", "cand", "best")
    session.drop("canary_left", "canary_right", *(f"c_{name}" for name in tables))
    return found, excused


def _excused(session: DuckSession, tag: PlannedColumn, unseen: list[PlantedMutation]) -> set[int]:
    """Return the plants whose two values a rule of their column makes equal, by the values and no hash."""
    excused: set[int] = set()
    loosened = {p.column.index: p.column for p in unseen if p.column is not None and p.column.loosened}
    for column in loosened.values():
        tags = [p.number for p in unseen if p.column is column]
        left, right = (shown(column, side) for side in "lt")
        rows = session.rows(
            f"SELECT l.{tag.value}, {left}, {right}, {column.equal} FROM canary_left l JOIN canary_right t "
            f"USING ({tag.value}) WHERE l.{tag.value} IN ({', '.join(map(str, tags))})"
        )
        excused |= {number for number, one, other, equal in rows if excuses(column, one, other, equal=equal)}
    return excused


def _tag(index: int) -> PlannedColumn:
    """Return the key column that tells the corruptions apart."""
    raw = RawColumn("tag", _BIGINT, "«0»")
    return PlannedColumn(index, "", ValueKind.INTEGER, "BIGINT", 0, ColumnRule(), True, raw, raw, EqualityRule())


def _prepared(plan: ComparisonPlan, plants: list[PlantedMutation], side: str, corrupted: bool) -> str:
    """Return the query of one row per plant, in the common types, corrupted or not.

    A value is shaken in a column of its type's own (``bare``, then ``shaken``) and then put in its ``place``:
    shaken where it stands, 5,000 columns took five times as long to plan.
    """
    shaken = _by_shakes(plants, side)
    group = {column.index: at for at, (columns, _) in enumerate(shaken) for column in columns}
    cells = []
    for column in plan.columns:
        cell = f"u{column.index}"
        if column.index in group:
            cell = f"CASE WHEN place = {column.index} THEN shaken{group[column.index]} ELSE {cell} END"
        cells.append(f"{fill(column.raw(side).cast, f'({cell})')} AS {column.value}")
    tags, places, hows = zip(*_rows(plants, shaken, corrupted), strict=True)
    source = (
        f"(SELECT unnest({[*tags]})::BIGINT AS tag, unnest({[*places]}) AS place, unnest({[*hows]}) AS how) "
        f"JOIN (SELECT base, {', '.join(f'u{c.index}' for c in plan.columns)} FROM canary_{side}) "
        f"ON base = tag % (SELECT count(*) FROM canary_{side})"
    )
    if shaken:
        after = _after(shaken, side, corrupted)
        source = f"(SELECT *, {after} FROM (SELECT *, {_before(shaken)} FROM {source}))"
    return f"SELECT {', '.join(cells)}, tag AS v{_TAG} FROM {source}"


_Shaken = list[tuple[list[PlannedColumn], tuple[Mutation, ...]]]
"""Columns that are shaken alike, with the ways in which they are."""


def _by_shakes(plants: list[PlantedMutation], side: str) -> _Shaken:
    """Group the columns of some plants by their stored type and shakes."""
    ways: dict[int, list[Mutation]] = {}
    columns: dict[int, PlannedColumn] = {}
    for plant in plants:
        if plant.column is not None:
            columns[plant.column.index] = plant.column
            ways.setdefault(plant.column.index, []).append(plant.shake)
    alike: dict[tuple[str, tuple[Mutation, ...]], list[PlannedColumn]] = {}
    for index, column in columns.items():
        alike.setdefault((_stored(column, side).sql, tuple(ways[index])), []).append(column)
    return [(members, mutations) for (_, mutations), members in alike.items()]


def _before(shaken: _Shaken) -> str:
    """Return, for every group, the value that is shaken in a row."""
    whens = (" ".join(f"WHEN {c.index} THEN u{c.index}" for c in columns) for columns, _ in shaken)
    return ", ".join(f"CASE place {one} END AS bare{at}" for at, one in enumerate(whens))


def _after(shaken: _Shaken, side: str, corrupted: bool) -> str:
    """Return, for every group, what becomes of that value, or what it is before where a shake brings its own."""
    parts = []
    for at, (columns, ways) in enumerate(shaken):
        bare = f"bare{at}"
        sqls = (fill(way.sql, bare) if corrupted else way.base for way in ways)
        whens = " ".join(f"WHEN {how} THEN {sql}" for how, sql in enumerate(sqls) if sql)
        value = f"CASE how {whens} ELSE {bare} END" if whens else bare
        parts.append(f"CAST({value} AS {verbatim(_stored(columns[0], side).sql)}) AS shaken{at}")
    return ", ".join(parts)


def _rows(plants: list[PlantedMutation], shaken: _Shaken, corrupted: bool) -> list[tuple[int, int, int]]:
    """Return tag, place and way of every row to write.

    A lost row is only on the left, a doubled one twice on the right.
    """
    lost, extra, doubled = _ROW_SHAKES
    times = {lost: (1, 0), extra: (0, 1), doubled: (1, 2)}
    ways = {column.index: mutations for columns, mutations in shaken for column in columns}
    found = []
    for plant in plants:
        at = plant.column.index if plant.column else -1
        way = (plant.number, at, ways[at].index(plant.shake) if at in ways else -1)
        found += [way] * times.get(plant.shake, (1, 1))[corrupted]
    return found


def _read(
    session: DuckSession, plan: ComparisonPlan, tag: PlannedColumn, plants: list[PlantedMutation]
) -> set[int]:
    """Read which tags differ as their plant says: in its own column, or as a row."""
    columns = sorted({p.column.index for p in plants if p.column and not (p.column.key or plan.keyless)})
    codes = "".join(f", q{index} BETWEEN 1 AND 254" for index in columns)
    rows = session.rows(
        f"SELECT coalesce(l.{tag.value}, t.{tag.value}), r.kind{codes} FROM c_res r LEFT JOIN (SELECT "
        f"rowid AS rid, {tag.value} FROM c_wl) l "
        f"ON r.lid = l.rid LEFT JOIN (SELECT rowid AS rid, {tag.value} FROM c_wt) t ON r.tid = t.rid "
        f"WHERE r.kind <> {EQUAL}"
    )
    kinds: dict[int, set[int]] = {}
    differing: set[tuple[int, int]] = set()
    for number, kind, *flags in rows:
        kinds.setdefault(number, set()).add(kind)
        differing |= {(number, index) for index, flag in zip(columns, flags, strict=True) if flag}
    return {plant.number for plant in plants if _seen(plant, plan, kinds.get(plant.number, set()), differing)}


def _seen(plant: PlantedMutation, plan: ComparisonPlan, kinds: set[int], differing: set[tuple[int, int]]) -> bool:
    if plant.column is None:
        return (MISSING if plant.shake is _ROW_SHAKES[0] else EXTRA) in kinds
    if plant.column.key or plan.keyless:
        return {MISSING, EXTRA} <= kinds
    return (plant.number, plant.column.index) in differing


def _verdicts(plants: list[PlantedMutation], found: set[int], excused: set[int]) -> Canary:
    unseen = [plant for plant in plants if plant.number not in found]
    hidden = [plant for plant in unseen if plant.number in excused]
    blind = [plant for plant in unseen if plant.number not in excused]
    smallest: dict[str, str] = {}
    for plant in plants:
        if plant.number in found and plant.column is not None and plant.shake.least:
            smallest.setdefault(plant.column.name, plant.name)
    return Canary(
        planted=len(plants),
        found=len(found),
        hidden=tuple(dict.fromkeys(_invisible(p.column) for p in hidden if p.column is not None)),
        blind=tuple(dict.fromkeys(f"{plant.name} ({plant.side})" for plant in blind)),
        smallest=tuple(smallest.values()),
    )


def _invisible(column: PlannedColumn) -> str:
    words = column.equality_rule.hidden
    return f"{column.name}: {words} {'are' if words.startswith('differences') else 'is'} invisible"
