"""Keys with several rows, or none: every small table under every rule, against every way to pair its rows."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from parity.compare import Source, Spec, Verdict, compare
from parity.compare.session import DuckSession
from parity.suite.models import ColumnRule
from unit.compare.conftest import Compare, facts_of

_KEYS = {"": None, "case": {"case": "ignore"}}
_VALUES: dict[str, tuple[dict[str, Any] | None, Any]] = {
    "": (None, lambda a, b: a == b),
    "tolerance": ({"tolerance": "2"}, lambda a, b: a == b or (None not in (a, b) and abs(a - b) <= 2)),
}
_CELLS = (0, 1, 2, 3, 4, 5, 6, None)


def _most_alike(left: list[Any], right: list[Any], equal: Any) -> int:
    """Return the most equal pairs, identical ones first, by trying every order."""
    rest = list(right)
    others = [one for one in left if one not in rest or rest.remove(one)]
    alike = len(left) - len(others)
    if len(others) > len(rest):
        others, rest = rest, others
    found = (sum(map(equal, others, order)) for order in itertools.permutations(rest, len(others)))
    return alike + max(found, default=0)


def _expected(left: list[tuple[str, Any]], right: list[tuple[str, Any]], fold: bool, equal: Any) -> list[int]:
    counts = [0, 0, 0, 0]
    key = str.lower if fold else str
    for one in {key(k) for k, _ in (*left, *right)}:
        here, there = ([v for k, v in side if key(k) == one] for side in (left, right))
        pairs, alike = min(len(here), len(there)), _most_alike(here, there, equal)
        for at, n in enumerate((alike, pairs - alike, len(here) - pairs, len(there) - pairs)):
            counts[at] += n
    return counts


def _tables(name: str) -> list[tuple[list[tuple[str, Any]], list[tuple[str, Any]]]]:
    """Return pairs of tables: each cell against each (unique keys), or all of up to two rows of one key."""
    if name == "unique":
        return [([("a", x), ("b", y)], [("A", y), ("b", x)]) for x in _CELLS for y in _CELLS] + [
            ([("a", x), ("b", y)], [("a", y), ("b", x)]) for x in _CELLS for y in _CELLS
        ]
    sides = [list(one) for n in (1, 2) for one in itertools.combinations_with_replacement(_CELLS, n)]
    return [
        ([("a", v) for v in left], [("aA"[at % 2], v) for at, v in enumerate(right)])
        for left in sides
        for right in sides
    ]


@pytest.mark.parametrize("keys", ["unique", "several"])
@pytest.mark.parametrize("key_rule", _KEYS)
@pytest.mark.parametrize("value_rule", _VALUES)
def test_every_way_to_pair_a_few_rows(keys: str, key_rule: str, value_rule: str, tmp_path: Path) -> None:
    rule, equal = _VALUES[value_rule]
    tables = _tables(keys)
    wanted = [0, 0, 0, 0]
    paths = []
    for at in (0, 1):
        rows = [(n, k, v) for n, pair in enumerate(tables) for k, v in pair[at]]
        columns = {
            "n": [n for n, _, _ in rows],
            "k": [k for _, k, _ in rows],
            "v": pa.array([v for *_, v in rows], pa.int8()),
        }
        paths.append(tmp_path / f"{at}.parquet")
        pq.write_table(pa.table(columns), paths[at])
    for left, right in tables:
        found = _expected(left, right, bool(key_rule), equal)
        wanted = [one + other for one, other in zip(wanted, found, strict=True)]
    rules = {"k": _KEYS[key_rule], "v": rule}
    columns = {name: ColumnRule.model_validate(one) for name, one in rules.items() if one}
    result = compare(Source.of(paths[0]), Source.of(paths[1]), Spec(key=("n", "k"), columns=columns))
    rows = result.rows
    assert [rows.equal, rows.changed, rows.missing, rows.extra] == wanted
    assert (result.verdict, result.canary.blind) == (Verdict.FAIL, ())


@pytest.mark.parametrize("key_rule", _KEYS)
def test_every_small_multiset_without_a_key(key_rule: str, tmp_path: Path) -> None:
    sides = [
        list(one)
        for n in (0, 1, 2, 3)
        for one in itertools.combinations_with_replacement(("a", "A", "b", None), n)
    ]
    tables = [(left, right) for left in sides for right in sides]
    paths, wanted = [], [0, 0, 0]
    for at in (0, 1):
        rows = [(n, v) for n, pair in enumerate(tables) for v in pair[at]]
        paths.append(tmp_path / f"{at}.parquet")
        pq.write_table(
            pa.table({"n": [n for n, _ in rows], "v": pa.array([v for _, v in rows], pa.string())}), paths[at]
        )
    for left, right in tables:
        one, other = ([v and (v.lower() if key_rule else v) for v in side] for side in (left, right))
        alike = _most_alike(one, other, lambda a, b: a == b)
        wanted = [w + n for w, n in zip(wanted, (alike, len(left) - alike, len(right) - alike), strict=True)]
    columns = {"v": ColumnRule.model_validate(_KEYS[key_rule])} if key_rule else {}
    result = compare(Source.of(paths[0]), Source.of(paths[1]), Spec(columns=columns))
    assert [result.rows.equal, result.rows.missing, result.rows.extra] == wanted
    assert (result.rows.changed, result.verdict, result.canary.blind) == (0, Verdict.FAIL, ())


def test_rows_of_two_keys_never_pair(comparing: Compare) -> None:
    rows = "SELECT * FROM (VALUES (1, {}), (1, {}), (2, {}), (2, {})) t(id, v)"
    result = comparing(rows.format(0, 500, 1000, 5000), rows.format(1, 900, 3, 501), {"v": {"tolerance": "2"}})
    assert (result.rows.equal, result.rows.changed, result.rows.missing) == (1, 3, 0)


def test_very_many_rows_of_a_key_pair_by_their_values(tmp_path: Path) -> None:
    """150 rows of one key, each within its tolerance of its partner; then each is changed by a cent."""
    numbers = list(range(150))
    paths = [tmp_path / f"{at}.parquet" for at in (0, 1)]
    lines = [f"{at:03}" for at in numbers]
    pq.write_table(pa.table({"k": [1] * 150, "line": lines, "v": [float(at) for at in numbers]}), paths[0])
    pq.write_table(
        pa.table({"k": [1] * 150, "line": lines[::-1], "v": [at + 0.01 for at in numbers[::-1]]}), paths[1]
    )
    near = {"v": ColumnRule.model_validate({"tolerance": "0.1"})}
    result = compare(Source.of(paths[0]), Source.of(paths[1]), Spec(key=("k",), columns=near))
    assert (result.verdict, result.rows.equal) == (Verdict.PASS, 150)
    money = {"v": ColumnRule.model_validate({"money": "EUR"})}
    result = compare(Source.of(paths[0]), Source.of(paths[1]), Spec(key=("k",), columns=money))
    by_name = {column.name: column for column in result.columns}
    assert (result.rows.changed, by_name["line"].different, by_name["v"].money[0].absolute) == (150, 0, 1.5)


def test_one_near_pair_does_not_take_the_rows_of_two(comparing: Compare) -> None:
    """In the order of their values the first two rows are near; only the other way round are all of them."""
    rows = "SELECT * FROM (VALUES (1, {}, {}), (1, {}, {})) t(id, v, w)"
    rules = {"v": {"tolerance": "5"}, "w": {"tolerance": "50"}}
    result = comparing(rows.format(0, 0, 1, 100), rows.format(0, 50, 2, -10), rules)
    assert (result.verdict, result.rows.equal) == (Verdict.PASS, 2)


def test_very_many_rows_of_a_key_are_paired_with_those_that_a_tolerance_makes_equal(
    duck: DuckSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parity.compare.rows.pairing._MOST_PAIRS", 4)
    rows = "SELECT 1 AS id, s, v::INTEGER AS v FROM (VALUES ('b', {}), ('c', {}), ('d', {})) t(s, v)"
    legacy = f"{rows.format(10, 20, 30)} UNION ALL SELECT 1, 'a', 0"
    found = facts_of(duck, legacy, rows.format(11, 21, 31), {"v": {"tolerance": "1"}}).rows
    assert (found.equal, found.changed, found.missing, found.extra) == (3, 0, 1, 0)
