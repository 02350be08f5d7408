"""The engine and a slow Python reference agree on every count, whatever the schema, the rows and the mutations."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parity.compare import Spec, compare
from parity.compare.result import Result
from unit.compare import reference, tables


@st.composite
def pairs(draw: st.DrawFn, distinct: bool) -> tuple[list[str], list[str], list[Any], list[Any]]:
    """Draw column names, key names and the rows of both sides, the target being mutated legacy rows."""
    names = draw(st.lists(st.sampled_from(sorted(tables.TYPES)), min_size=2, max_size=6, unique=True))
    key = ["big_key", *names[:1]] if draw(st.booleans()) else ["big_key"]
    values = {name: st.none() | tables.TYPES[name][1] for name in names}
    legacy = draw(st.lists(st.fixed_dictionaries(values), min_size=1, max_size=12))
    numbers = (
        list(range(len(legacy)))
        if distinct
        else draw(st.lists(st.none() | st.integers(0, 3), min_size=len(legacy), max_size=len(legacy)))
    )
    legacy = [{"big_key": n, **row} for n, row in zip(numbers, legacy, strict=True)]
    target = [copy.deepcopy(row) for row in legacy if draw(st.integers(0, 9)) > 0]
    for row in target:
        if draw(st.booleans()):
            name = draw(st.sampled_from(names))
            row[name] = draw(values[name])
    target += [copy.deepcopy(row) for row in legacy[: draw(st.integers(0, 2))]] if not distinct else []
    random.Random(draw(st.integers(0, 99))).shuffle(target)
    return ["big_key", *names], key, legacy, target


def _check(result: Result, legacy: list[Any], target: list[Any], key: list[str]) -> None:
    counts, different = reference.compare(legacy, target, key)
    rows = result.rows
    assert rows.legacy == len(legacy)
    assert rows.target == len(target)
    found = (rows.equal, rows.changed, rows.missing, rows.extra, rows.duplicate_legacy, rows.duplicate_target)
    wanted = (
        counts.equal,
        counts.changed if key else 0,
        counts.missing,
        counts.extra,
        counts.duplicate_legacy,
        counts.duplicate_target,
    )
    assert found == wanted
    if not rows.duplicate_legacy and not rows.duplicate_target and key:
        assert {c.name: c.different for c in result.columns if c.different} == dict(different)
    assert all(sum(cause.rows for cause in c.causes) == c.different for c in result.columns)
    assert rows.legacy == rows.equal + rows.changed + rows.missing
    assert rows.target == rows.equal + rows.changed + rows.extra
    same = counts.changed == counts.missing == counts.extra == 0
    assert result.verdict == ("PASS" if same else "FAIL"), result.reason


_LEAN = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@_LEAN
@given(drawn=pairs(distinct=True))
def test_every_count_and_column_agrees_when_keys_are_unique(
    tmp_path_factory: pytest.TempPathFactory, drawn: Any
) -> None:
    names, key, legacy, target = drawn
    folder: Path = tmp_path_factory.mktemp("pair")
    result = compare(
        tables.write(folder, legacy, names), tables.write(folder, target, names), Spec(key=tuple(key))
    )
    _check(result, legacy, target, key)


@_LEAN
@given(drawn=pairs(distinct=False))
def test_duplicate_and_null_keys_are_settled_as_multisets(
    tmp_path_factory: pytest.TempPathFactory, drawn: Any
) -> None:
    names, key, legacy, target = drawn
    folder: Path = tmp_path_factory.mktemp("pair")
    result = compare(
        tables.write(folder, legacy, names), tables.write(folder, target, names), Spec(key=tuple(key))
    )
    _check(result, legacy, target, key)


@_LEAN
@given(drawn=pairs(distinct=False))
def test_rows_without_a_key_are_a_multiset(tmp_path_factory: pytest.TempPathFactory, drawn: Any) -> None:
    names, _, legacy, target = drawn
    folder: Path = tmp_path_factory.mktemp("pair")
    result = compare(tables.write(folder, legacy, names), tables.write(folder, target, names), Spec())
    _check(result, legacy, target, [])
