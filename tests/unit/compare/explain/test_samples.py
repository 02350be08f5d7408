"""Samples: some rows of each column that differs, whole columns at a time until there are enough."""

from __future__ import annotations

from collections import Counter

import pytest

from parity.compare.explain import samples
from parity.compare.explain.redaction import mask
from unit.compare.conftest import Compare


@pytest.mark.parametrize(("enough", "expected"), [(1, {"a": 3}), (3, {"a": 3}), (4, {"a": 3, "b": 3})])
def test_the_last_column_to_be_sampled_is_sampled_whole(
    comparing: Compare, monkeypatch: pytest.MonkeyPatch, enough: int, expected: dict[str, int]
) -> None:
    monkeypatch.setattr(samples, "_PER_RUN", enough)
    rows = "SELECT i AS id, i + {0} AS a, i * 7 + {0} AS b, i * 3 + {0} AS c FROM range(50) t(i)"
    result = comparing(rows.format(0), rows.format(1000), samples=3)
    assert Counter(one["column"] for one in result.samples) == expected


def test_a_row_of_one_side_is_shown_whole_and_its_secrets_are_masked(comparing: Compare) -> None:
    rows = "SELECT i AS id, 'p' || i AS v, NULL AS n, 'anna' AS name FROM range(3) t(i)"
    (lost,) = comparing(rows, f"{rows} WHERE i > 0", {"name": {"sensitive": True}}).samples
    shown = {"v": "p0", "n": None, "name": mask("anna", b"test")}
    assert (lost["kind"], lost["key"], lost["row"]) == ("missing", {"id": "0"}, shown)


@pytest.mark.parametrize(
    ("one", "other", "part"),
    [
        ("abc", "abd", (2, (3, 3))),
        ("abc", "xbc", (0, (1, 1))),
        ("abc", "abxc", (2, (2, 3))),
        ("aaa", "aa", (2, (3, 2))),
        ("", "a", (0, (0, 1))),
        ("abab", "ab", (2, (4, 2))),
    ],
)
def test_the_part_that_differs_is_what_neither_end_shares(one: str, other: str, part: object) -> None:
    assert samples.differing_part(one, other) == part
    start, ends = samples.differing_part(other, one)
    assert (start, ends[::-1]) == part
