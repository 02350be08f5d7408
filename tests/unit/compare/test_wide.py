"""Tables of very many columns: the same answers, one by one, as of narrow ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from parity.compare import Result
from unit.compare.conftest import Compare, causes

_ROWS = 20
_CELLS = (
    "({at} * 1000 + id)::BIGINT",
    "'text {at} of ' || id",
    "({at} * 100 + id * 7)::DECIMAL(18,2) / 100",
    "TIMESTAMP '2026-01-01' + to_seconds({at} + id)",
    "({at} + id / 7)::DOUBLE",
)
_CHANGES = ("{cell} * 100", "upper({cell})", "-({cell})", "{cell} + INTERVAL 330 MINUTE", "{cell} * 1.5")
_CAUSES = ("scale", "case", "sign", "timezone_shift", "unexplained")


def _table(columns: int, changed: Mapping[int, Iterable[int]] | None = None) -> str:
    """Return the rows of a wide table; ``changed`` maps a column to the ids whose value is another one there."""
    parts = []
    for at in range(1, columns):
        cell = f"({_CELLS[at % 5].format(at=at)})"
        if changed and at in changed:
            other = _CHANGES[at % 5].format(cell=cell)
            ids = ", ".join(map(str, changed[at]))
            cell = f"CASE WHEN id IN ({ids}) THEN {other} ELSE {cell} END"
        parts.append(
            f"CAST({cell} AS {('BIGINT', 'VARCHAR', 'DECIMAL(18,2)', 'TIMESTAMP', 'DOUBLE')[at % 5]}) AS c{at}"
        )
    return f"SELECT id, {', '.join(parts)} FROM range({_ROWS}) rows(id)"


def _differing(result: Result) -> dict[str, int]:
    return {c.name: c.different for c in result.columns if c.different}


@pytest.mark.slow
def test_two_thousand_columns_are_compared_and_each_different_one_is_named(comparing: Compare) -> None:
    changed = {at: [at % _ROWS] for at in range(100, 2000, 98)}
    result = comparing(_table(2000), _table(2000, changed))
    assert result.verdict == "FAIL"
    assert len(result.columns) == 2000
    assert _differing(result) == {f"c{at}": 1 for at in changed}
    touched = len({row for rows in changed.values() for row in rows})
    assert (result.rows.equal, result.rows.changed) == (_ROWS - touched, touched)
    assert result.canary.planted == result.canary.found > 8_000
    assert {sample["column"] for sample in result.samples} == {f"c{at}" for at in changed}


def test_every_one_of_many_different_columns_gets_its_own_causes_samples_and_proposals(comparing: Compare) -> None:
    changed = {at: range(1 + at % 3, _ROWS) for at in range(1, 260)}
    result = comparing(_table(260), _table(260, changed))
    assert _differing(result) == {f"c{at}": _ROWS - 1 - at % 3 for at in changed}
    for at in changed:
        assert causes(result, f"c{at}") == {_CAUSES[at % 5]: _ROWS - 1 - at % 3}
    assert {sample["column"] for sample in result.samples} == {f"c{at}" for at in changed}
    explained = {f"c{at}" for at in changed if _CAUSES[at % 5] != "unexplained"}
    assert {proposal["column"] for proposal in result.proposals} == explained


@pytest.mark.parametrize("width", [4, 260])
def test_the_same_difference_is_told_alike_in_a_narrow_and_a_wide_table(comparing: Compare, width: int) -> None:
    changed = {1: [3, 4], 2: [5], 3: [6]}
    result = comparing(_table(width), _table(width, changed))
    reported: list[dict[str, Any]] = [dict(sample) for sample in result.samples]
    assert _differing(result) == {"c1": 2, "c2": 1, "c3": 1}
    assert [(one["column"], one["cause"], one["key"], one["legacy"], one["target"]) for one in reported] == [
        ("c1", "case", {"id": "3"}, "text 1 of 3", "TEXT 1 OF 3"),
        ("c1", "case", {"id": "4"}, "text 1 of 4", "TEXT 1 OF 4"),
        ("c2", "sign", {"id": "5"}, "2.35", "-2.35"),
        ("c3", "timezone_shift", {"id": "6"}, "2026-01-01 00:00:09", "2026-01-01 05:30:09"),
    ]
