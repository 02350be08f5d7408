"""Draws the rows of a pair: cells that are equal within the rules, defects, and rows of one side only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from fuzz import files, reference
from fuzz.case import Case, Column
from fuzz.kinds import DAY, Kind, decode, encode, kind
from fuzz.product import SHOWN
from fuzz.reference import DIFFERENT, NUMBER, SAME, same, token
from fuzz.values import Drawer

_ZONED = (-60 * 365 * DAY, 60 * 365 * DAY)
_TRIES = 60
_NOTHING = object()
_LONE = -1.0
"""In place of a density: one defect alone, which is what a hash could hide."""
Cells = list[Any]


class Rows:
    """Draws the rows of one case."""

    def __init__(self, case: Case, drawer: Drawer, mode: str, dense: bool) -> None:
        self.case, self.drawer, self.dice = case, drawer, drawer.dice
        self.mode, self.dense = mode, dense
        self.storage = case.storage
        self.csv = sum(how["format"] == "csv" for how in case.storage)
        self.numbers = count(7_000_000_000_000)
        self.pools: dict[str, list[tuple[Any, Any]]] = {how["hive"]: [] for how in case.storage if "hive" in how}
        self.compared = [
            at
            for at, c in enumerate(case.columns)
            if at >= len(case.key) and c.legacy and c.target and "ignore" not in c.rule
        ]

    def sides(self) -> tuple[list[Cells], list[Cells]]:
        """Return the rows of both sides."""
        dice, case = self.dice, self.case
        size = dice.choice((1, 2, 5, 20, 60, 150, 300)) if not self.pools else dice.choice((5, 20, 60))
        density = dice.choice((0, 0, _LONE, _LONE, 0.3, 0.6, 0.9))
        if self.dense:
            size, density = min(dice.choice((200, 400, 800)), SHOWN // len(self.compared)), 1.0
        sides: tuple[list[Cells], list[Cells]] = ([], [])
        keys = list(self._keys(size))
        extra = list(self._extra_keys(keys, density))
        lone = dice.randrange(1, len(keys)) if density == _LONE and len(keys) > 1 else None
        for number, (one, other) in enumerate(keys):
            calm = number == 0 and self.csv == 2
            cells = [self._equal(column, calm) for column in case.columns[len(one) :]]
            left, right = [*one, *(a for a, _ in cells)], [*other, *(b for _, b in cells)]
            if number == lone or (not calm and dice.random() < density):
                self._plant(left, right, sides)
            else:
                sides[0].append(left)
                sides[1].append(right)
                if self.mode != "unique" and dice.random() < 0.2:
                    self._double(left, right, sides)
        for one, other in extra:
            cells = [self._equal(column, False) for column in case.columns[len(one) :]]
            side = dice.randrange(2)
            sides[side].append([*(one, other)[side], *(pair[side] for pair in cells)])
        dice.shuffle(sides[1])
        return sides

    def _double(self, left: Cells, right: Cells, sides: tuple[list[Cells], list[Cells]]) -> None:
        """Add copies of a row to both sides, now and then more than a hundred."""
        copies = 1 if self.dice.random() < 0.99 else self.dice.choice((99, 100, 130))
        sides[0].extend(list(left) for _ in range(copies))
        sides[1].extend(list(right) for _ in range(copies))

    def _plant(self, left: Cells, right: Cells, sides: tuple[list[Cells], list[Cells]]) -> None:
        """Change a cell (in a dense pair, most cells), or a part of the key; or take or double the row."""
        dice = self.dice
        way = dice.random()
        if way < 0.1:
            kept = dice.randrange(2)
            sides[kept].append((left, right)[kept])
            return
        sides[0].append(left)
        sides[1].append(right)
        if way < 0.2 and self.mode != "unique":
            doubled = dice.randrange(2)
            copies = 1 if dice.random() < 0.97 else 120
            sides[doubled].extend(list((left, right)[doubled]) for _ in range(copies))
            return
        if way < 0.13 and NUMBER in self.case.key:
            self._change(right, left, range(len(self.case.key) - 1))
            return
        places = list(self.compared)
        dice.shuffle(places)
        if self.dense:
            for at in places:
                if dice.random() < 0.9:
                    self._change(right, left, (at,))
        else:
            self._change(right, left, places)

    def _change(self, right: Cells, left: Cells, places: Any) -> None:
        """Change the first cell that can be changed."""
        for at in places:
            changed = self._changed(self.case.columns[at], left[at], right[at], DIFFERENT)
            if changed is not _NOTHING:
                right[at] = changed
                return

    def _keys(self, count: int) -> Iterator[tuple[Cells, Cells]]:
        """Draw keys; of unique ones, no two that the rules make equal."""
        columns = self.case.columns[: len(self.case.key)]
        used: set[Any] = set()
        pool: list[tuple[list[Any], list[Any]]] = []
        for _ in range(count if columns else 0):
            if self.mode == "duplicates" and pool and self.dice.random() < 0.5:
                yield self.dice.choice(pool)
                continue
            drawn = self._unused(columns, used)
            if drawn is not None:
                pool.append(drawn)
                yield drawn
        if not columns:
            yield from (([], []) for _ in range(count))

    def _unused(self, columns: tuple[Column, ...], used: set[Any]) -> tuple[list[Any], list[Any]] | None:
        for _ in range(_TRIES):
            number = next(self.numbers)
            cells = [(number, number) if c.name == NUMBER else self._equal(c, False) for c in columns]
            one, other = [a for a, _ in cells], [b for _, b in cells]
            seen = tuple(token(column, 0, cell) for column, cell in zip(columns, one, strict=True))
            if seen not in used:
                used.add(seen)
                return one, other
        return None

    def _extra_keys(self, keys: list[tuple[Cells, Cells]], density: float) -> Iterator[tuple[Cells, Cells]]:
        columns = self.case.columns[: len(self.case.key)]
        used = {tuple(token(c, 0, cell) for c, cell in zip(columns, one, strict=True)) for one, _ in keys}
        for _ in range(len(keys)):
            if self.dice.random() < density * 0.15:
                drawn = self._unused(columns, used) if columns else ([], [])
                if drawn is not None:
                    yield drawn

    # Cells

    def _equal(self, column: Column, calm: bool) -> tuple[Any, Any]:
        """Draw two cells that are equal under the column's rule, at times only just."""
        if calm and column.legacy == "text":
            return "word", "word"
        if not (column.legacy and column.target):
            return tuple(self._alone(column, side) if column.on(side) else None for side in (0, 1))  # type: ignore[return-value]
        if (made := reference.expression(column, 0) or reference.expression(column, 1)) is not None:
            return self._by_expression(column, made)
        if column.name in self.pools:
            return self._of_few(column, calm)
        return self._alike(column, calm)

    def _alone(self, column: Column, side: int) -> Any:
        """Draw the cell of a column that the other side lacks."""
        for _ in range(_TRIES):
            cell = self.drawer.cell(column.kind(side))
            if self.dice.random() > 0.1 and self._fits(column, side, cell):
                return cell
        return None

    def _by_expression(self, column: Column, made: reference.Expression) -> tuple[Any, Any]:
        """Draw a cell, and what an expression makes of it for the other side."""
        side = 0 if "legacy_sql" in column.rule else 1
        of, gives = column.kind(side), column.kind(1 - side)
        for _ in range(_TRIES):
            cell = None if self.dice.random() < 0.1 else self.drawer.cell(of)
            try:
                other = encode(gives, made(decode(of, cell)))
            except (ValueError, OverflowError):
                continue
            if self._fits(column, side, cell) and self._fits(column, 1 - side, other):
                break
        else:
            cell, other = None, encode(gives, made(None))
        return (cell, other) if side == 0 else (other, cell)

    def _of_few(self, column: Column, calm: bool) -> tuple[Any, Any]:
        """Draw from a few pairs of cells, each of which is the name of a folder."""
        pool = self.pools[column.name]
        if calm or len(pool) < self.dice.randrange(1, 6):
            pool.append(self._alike(column, calm))
        return self.dice.choice(pool[-5:])

    def _alike(self, column: Column, calm: bool) -> tuple[Any, Any]:
        dice = self.dice
        if "null" in (column.legacy, column.target) or dice.random() < 0.08:
            return None, None
        for _ in range(_TRIES):
            try:
                legacy, target = self._both(column)
                alike = same(column, legacy, target) == SAME
            except (ValueError, OverflowError):
                continue
            if alike and self._fits(column, 0, legacy) and self._fits(column, 1, target):
                break
        else:
            return None, None
        if dice.random() < 0.4 and not calm:
            loose = self._changed(column, legacy, target, SAME)
            target = target if loose is _NOTHING else loose
        return legacy, target

    def _both(self, column: Column) -> tuple[Any, Any]:
        """Draw a legacy cell and the target cell of the same value."""
        allowed = reference.tolerance(column.rule)
        left, right = column.kind(0), column.kind(1)
        turned = self.dice.random() < 0.5
        one, other = (right, left) if turned else (left, right)
        cell = self._draw(column, one, allowed)
        value = decode(one, cell)
        zones = [column.rule.get(f"{side}_timezone") for side in ("legacy", "target")]
        if any(zones):
            value = _moved(value, *(reversed(zones) if turned else zones))
        made = encode(other, _cast(one, other, value))
        return (made, cell) if turned else (cell, made)

    def _draw(self, column: Column, of: Kind, allowed: Any) -> Any:
        if of.family == "text" and {column.legacy, column.target} == {"text", "uuid"}:
            return self.drawer.cell(kind("uuid"))
        if column.rule.get("json_equal") and self.dice.random() < 0.8:
            return self.drawer.document()
        if {column.legacy, column.target} == {"int64", "text"}:
            return str(self.drawer.cell(kind("int64"))) if of.family == "text" else self.drawer.cell(of)
        return self.drawer.cell(of, allowed)

    def _changed(self, column: Column, legacy: Any, target: Any, wanted: str) -> Any:
        """Return another target cell of which the reference says ``wanted``, or _NOTHING."""
        of, allowed = column.kind(1), reference.tolerance(column.rule)
        if of.family == "null":
            return _NOTHING
        for _ in range(_TRIES if wanted == DIFFERENT else 6):
            try:
                if column.rule.get("json_equal") and self.dice.random() < 0.7:
                    found = self.drawer.document()
                else:
                    found = self.drawer.neighbour(of, target, allowed)
                if found != target and same(column, legacy, found) == wanted and self._fits(column, 1, found):
                    return found
            except (ValueError, OverflowError):
                continue
        return _NOTHING

    def _fits(self, column: Column, side: int, cell: Any) -> bool:
        """Return whether the side's files can hold a cell."""
        if cell is None:
            return True
        of, how = column.kind(side), self.storage[side]
        if self.csv == 2 and of.family == "float" and float(cell) == 0 and str(cell).startswith("-"):
            return False  # two texts, if the column is taken for one
        try:
            if how.get("hive") == column.name:
                files.folder_text(of, cell)
            elif how["format"] == "csv":
                files.csv_text(of, cell).encode(how.get("encoding", "utf-8"))
        except (OverflowError, UnicodeEncodeError):
            return False
        pair = reference.families(column) if column.legacy and column.target else ()
        nanos = any(one.unit == "ns" and one.family == "timestamp" for one in pair)
        if nanos and of.family in ("date", "timestamp"):
            encode(kind("timestamp(ns)"), decode(of, cell))
        return True


def _moved(nanos: int, own: str | None, other: str | None) -> int:
    """Return a wall time of one zone as that of another."""
    if not _ZONED[0] <= nanos <= _ZONED[1]:
        raise ValueError("clock changes of other years are nobody's business")
    utc = reference.to_utc(nanos, own)
    if other is None:
        return utc
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=utc // 1000)
    offset = moment.astimezone(ZoneInfo(other)).utcoffset()
    assert offset is not None
    return utc + offset // dt.timedelta(microseconds=1) * 1000


def _cast(of: Kind, to: Kind, value: Any) -> Any:
    """Return a value as another kind's, where that takes more than storing it."""
    if of.family == to.family or value is None:
        return value
    pair = (of.family, to.family)
    if pair == ("text", "binary"):
        return value.encode()
    if pair == ("binary", "text"):
        return value.decode()
    if to.family == "text" and of.exact:
        return str(value)
    if to.family == "float":
        return float(value)
    if of.family == "float":
        return Decimal(repr(value))
    return value
