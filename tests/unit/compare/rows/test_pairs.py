"""Rows at random, held against a slow count in plain Python: pairs, what differs, and what a rule forgives."""

from __future__ import annotations

import random
from collections import Counter
from itertools import permutations

import pytest

from parity.compare.result import Rows
from parity.compare.rows.facts import Facts, gather
from parity.compare.schema.plan import ComparisonPlan, PlannedColumn, RawColumn
from parity.compare.schema.rules import equality_rule
from parity.compare.session import DuckSession, literal
from parity.compare.types import DataType, ValueKind
from parity.suite.models import ColumnRule

Row = tuple[str | None, int | None, str | None, int | None, int | None]
"""Two parts of a key, a text without regard to case, and two numbers, each within two."""
TYPES = (*((ValueKind.TEXT, "VARCHAR"), (ValueKind.INTEGER, "BIGINT")) * 2, (ValueKind.INTEGER, "BIGINT"))
RULES = ({}, {}, {"case": "ignore"}, {"tolerance": "2"}, {"tolerance": "2"})


def plan(*, keyless: bool) -> ComparisonPlan:
    columns = []
    for at, ((kind, sql), given) in enumerate(zip(TYPES, RULES, strict=True)):
        rule = ColumnRule.model_validate({} if keyless and "tolerance" in given else given)
        raw = RawColumn(f"c{at}", DataType(sql.lower(), sql), "«0»")
        key = at < 2 and not keyless
        equal = equality_rule(f"c{at}", rule, kind, sql, key or keyless)
        columns.append(PlannedColumn(at, f"c{at}", kind, sql, 0, rule, key, raw, raw, equal))
    return ComparisonPlan(tuple(columns), (), (), 0, 5, keyless)


def rows(dice: random.Random, crowd: int) -> list[Row]:
    """Return up to ninety rows; of a key as many as ``crowd`` allows."""
    keys = [(dice.choice("pqr"), dice.choice((None, *range(20 // crowd)))) for _ in range(dice.randrange(90))]
    numbers = (None, *range(5))
    return [(*key, dice.choice(("a", "A", None)), dice.choice(numbers), dice.choice(numbers)) for key in keys]


def disturbed(dice: random.Random, row: Row) -> list[Row]:
    """Return what the target has of a row: usually the row itself."""
    one, two, word, number, more = row
    near = (one, two, word and word.swapcase(), number and number + dice.choice((-2, -1, 1, 2)), more and more - 1)
    far = (one, two, word, 9 if number is None else number + 3, more)
    return dice.choice(([row], [row], [near], [near], [far], [(one, two, "b", number, more)], [], [row, near]))


def stored(duck: DuckSession, name: str, given: list[Row]) -> None:
    listed = ", ".join(f"({literal(a)}, {b}, {literal(c)}, {d}, {e})" for a, b, c, d, e in given).replace(
        "None", "NULL"
    )
    columns = ", ".join(
        f"{'NULL::' + sql if not given else f'column{at}::{sql}'} AS v{at}" for at, (_, sql) in enumerate(TYPES)
    )
    source = f"(VALUES {listed}) t(column0, column1, column2, column3, column4)" if given else "range(0)"
    duck.run(f"CREATE OR REPLACE TABLE {name} AS SELECT {columns} FROM {source}")


def canonical(row: Row) -> Row:
    return (row[0], row[1], row[2] and row[2].lower(), *row[3:])


def within(one: int | None, other: int | None) -> bool:
    return one == other or (one is not None and other is not None and abs(one - other) <= 2)


def alike(one: Row, other: Row) -> bool:
    return canonical(one)[:3] == canonical(other)[:3] and all(map(within, one[3:], other[3:]))


def most(left: list[Row], right: list[Row]) -> int:
    """Return how many rows can have a partner each that rules make equal, by trying every order."""
    small, large = sorted((left, right), key=len)
    return max(sum(map(alike, small, some)) for some in permutations(large, len(small)))


def counted(left: list[Row], right: list[Row], *, keyless: bool) -> Rows:
    """Count by key: identical rows are equal, then as many as can be; the rest is changed, missing or extra."""
    total = Counter[str]()
    for key in {canonical(row) if keyless else row[:2] for row in (*left, *right)}:
        one, other = ([r for r in some if (canonical(r) if keyless else r[:2]) == key] for some in (left, right))
        total["duplicate_legacy"] += len(one) if len(one) > 1 else 0
        total["duplicate_target"] += len(other) if len(other) > 1 else 0
        same = Counter(map(canonical, one)) & Counter(map(canonical, other))
        rest = [[*(Counter(map(canonical, some)) - same).elements()] for some in (one, other)]
        equal = 0 if keyless else most(*rest)
        changed = 0 if keyless else min(map(len, rest)) - equal
        total.update(equal=same.total() + equal, changed=changed)
        total.update(missing=len(rest[0]) - equal - changed, extra=len(rest[1]) - equal - changed)
    return Rows(len(left), len(right), **total)


def compared(duck: DuckSession, left: list[Row], right: list[Row], *, keyless: bool) -> Facts:
    stored(duck, "legacy", left)
    stored(duck, "target", right)
    facts = gather(duck, plan(keyless=keyless), "x_", "legacy", "target", explain=False)
    duck.drop(
        *(
            name
            for (name,) in duck.rows(
                "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'x\\_%' ESCAPE '\\'"
            )
        )
    )
    return facts


@pytest.mark.parametrize("seed", range(24))
def test_rows_are_paired_and_counted_as_by_hand(duck: DuckSession, seed: int) -> None:
    dice = random.Random(seed)
    left = rows(dice, crowd=1 + seed % 3)
    right = [new for row in left for new in disturbed(dice, row)] + rows(dice, 1)[: seed % 4]
    dice.shuffle(right)
    for keyless in (False, True):
        sizes = Counter(row[:2] for row in (*left, *right))
        if keyless or max(sizes.values(), default=0) <= 7:
            facts = compared(duck, left, right, keyless=keyless)
            assert facts.rows == counted(left, right, keyless=keyless), (left, right)


def test_a_row_gives_up_the_partner_that_another_one_needs(duck: DuckSession) -> None:
    left: list[Row] = [("p", 1, "a", 0, 2), ("p", 1, "a", 1, 0)]
    right: list[Row] = [("p", 1, "a", 1, 1), ("p", 1, "a", 2, 4)]
    for one, other in ((left, right), (right, left)):
        found = compared(duck, one, other, keyless=False).rows
        assert found == counted(one, other, keyless=False) == Rows(2, 2, 2, duplicate_legacy=2, duplicate_target=2)


@pytest.mark.parametrize("seed", range(8))
def test_of_every_pair_each_column_is_different_forgiven_or_the_same(duck: DuckSession, seed: int) -> None:
    dice = random.Random(seed)
    left = [*{row[:2]: row for row in rows(dice, crowd=1)}.values()]
    right = [*{new[:2]: new for row in left for new in disturbed(dice, row)}.values()]
    facts = compared(duck, left, right, keyless=False)
    others = {row[:2]: row for row in right}
    pairs = [(row, others[row[:2]]) for row in left if row[:2] in others]
    word = Counter(canonical(one)[2] == canonical(two)[2] for one, two in pairs if one[2] != two[2])
    near = [Counter(within(one[at], two[at]) for one, two in pairs if one[at] != two[at]) for at in (3, 4)]
    assert [facts.different(column) for column in facts.plan.values] == [one[False] for one in (word, *near)]
    assert facts.tolerated == {at: one[True] for at, one in enumerate((word, *near), 2) if one[True]}
    assert facts.rows.equal + facts.rows.changed == len(pairs)
