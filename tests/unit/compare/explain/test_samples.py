"""Samples: some rows of each column that differs, whole columns at a time until there are enough."""

from __future__ import annotations

from collections import Counter

import pytest

from parity.compare.explain import samples
from unit.compare.conftest import Compare


@pytest.mark.parametrize(("enough", "expected"), [(1, {"a": 3}), (3, {"a": 3}), (4, {"a": 3, "b": 3})])
def test_the_last_column_to_be_sampled_is_sampled_whole(
    comparing: Compare, monkeypatch: pytest.MonkeyPatch, enough: int, expected: dict[str, int]
) -> None:
    monkeypatch.setattr(samples, "_PER_RUN", enough)
    rows = "SELECT i AS id, i + {0} AS a, i * 7 + {0} AS b, i * 3 + {0} AS c FROM range(50) t(i)"
    result = comparing(rows.format(0), rows.format(1000), samples=3)
    assert Counter(one["column"] for one in result.samples) == expected
