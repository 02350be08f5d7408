"""Makes a failing case small: fewer rows, columns, rules and settings, and plainer cells, while it still fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from fuzz.case import Case, Column
from fuzz.judge import judge

A = TypeVar("A")
_SECONDS = 60
"""What one failure may cost."""


def still(classify: Callable[[Any], frozenset[str]], classes: frozenset[str]) -> Callable[[Any], bool]:
    """Return the test that a case fails in one of some ways; after a minute, that none does."""
    end = time.monotonic() + _SECONDS

    def test(one: Any) -> bool:
        if time.monotonic() > end:
            return False
        try:
            return bool(classify(one) & classes)
        except Exception:  # noqa: BLE001 - a case that cannot even be written is no smaller failure
            return False

    return test


def shrink(case: Case, classes: frozenset[str], fails: Callable[[Case], bool] | None = None) -> Case:
    """Return the smallest case found that fails in one of the same ways."""
    test = fails or still(lambda one: judge(one).classes, classes)
    while True:
        smaller = _pass(case, test)
        if smaller == case:
            return case
        case = smaller


def _pass(case: Case, test: Callable[[Case], bool]) -> Case:
    for steps in (_settings, _halves, _columns, _rules, _rows, _cells):
        case = descend(case, steps, test)
    return case


def descend(case: A, steps: Callable[[A], Iterator[A]], test: Callable[[A], bool]) -> A:
    """Take each step that still fails, and look for steps from there."""
    moved = True
    while moved:
        moved = False
        for smaller in steps(case):
            if test(smaller):
                case, moved = smaller, True
                break
    return case


def _settings(case: Case) -> Iterator[Case]:
    if case.through != "function":
        yield replace(case, through="function")
    if case.waivers:
        yield replace(case, waivers=())
        yield from (
            replace(case, waivers=case.waivers[:at] + case.waivers[at + 1 :]) for at in range(len(case.waivers))
        )
    plain = {"format": "pyarrow"}
    for at in (0, 1):
        how = case.storage[at]
        if how != plain:
            yield _stored(case, at, plain)
        for name in how:
            if name not in ("format", "quotes"):
                yield _stored(case, at, {key: value for key, value in how.items() if key != name})


def _stored(case: Case, side: int, how: dict[str, Any]) -> Case:
    one, other = case.storage
    return replace(case, storage=(how, other) if side == 0 else (one, how))


def _with_rows(case: Case, side: int, rows: list[list[Any]]) -> Case:
    one, other = case.rows
    return replace(case, rows=(rows, other) if side == 0 else (one, rows))


def _halves(case: Case) -> Iterator[Case]:
    """Leave out blocks of keys on both sides at once, then blocks of either side's rows."""
    keys = list(dict.fromkeys(repr(row[: max(1, len(case.key))]) for side in case.rows for row in side))
    width = max(1, len(case.key))
    size = len(keys) // 2
    while size >= 1:
        for start in range(0, len(keys), size):
            gone = set(keys[start : start + size])
            sides = tuple([row for row in side if repr(row[:width]) not in gone] for side in case.rows)
            if any(sides):
                yield replace(case, rows=sides)
        size //= 2


def _rows(case: Case) -> Iterator[Case]:
    for side in (0, 1):
        rows = case.rows[side]
        if len(rows) <= 12:
            yield from (_with_rows(case, side, rows[:at] + rows[at + 1 :]) for at in range(len(rows)))


def _columns(case: Case) -> Iterator[Case]:
    for at, column in enumerate(case.columns):
        key = tuple(name for name in case.key if name != column.name)
        if len(case.columns) > 1 and (key or not case.key):
            rows = tuple([row[:at] + row[at + 1 :] for row in side] for side in case.rows)
            yield replace(case, columns=case.columns[:at] + case.columns[at + 1 :], key=key, rows=rows)


def _rules(case: Case) -> Iterator[Case]:
    for at, column in enumerate(case.columns):
        for name in column.rule:
            rule = {key: value for key, value in column.rule.items() if key != name}
            changed = Column(column.name, column.legacy, column.target, rule)
            yield replace(case, columns=(*case.columns[:at], changed, *case.columns[at + 1 :]))


def _cells(case: Case) -> Iterator[Case]:
    if sum(map(len, case.rows)) > 12:
        return
    for side in (0, 1):
        for at, row in enumerate(case.rows[side]):
            for place, cell in enumerate(row):
                for plainer in _plainer(cell):
                    changed = [*row[:place], plainer, *row[place + 1 :]]
                    yield _with_rows(case, side, [*case.rows[side][:at], changed, *case.rows[side][at + 1 :]])


def _plainer(cell: Any) -> Iterator[Any]:
    """Return simpler cells of the same sort, each strictly shorter or smaller."""
    if isinstance(cell, bool) or cell is None:
        return
    if isinstance(cell, int) and abs(cell) > 1:
        yield from (small for small in (0, 1, cell // 2) if abs(small) < abs(cell))
    if isinstance(cell, str) and len(cell) > 1:
        yield from (cell[: len(cell) // 2], cell[len(cell) // 2 :], cell[1:], cell[:-1])
    if isinstance(cell, list) and cell:
        yield from (cell[:at] + cell[at + 1 :] for at in range(len(cell)))
