"""A slow, obvious comparison in plain Python: it shares no line with the engine and is the judge of it.

Rows are dicts. Values are what pyarrow gives back, so decimals are Decimal, and NULL is None.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass
class Counts:
    """What the reference found."""

    equal: int = 0
    changed: int = 0
    missing: int = 0
    extra: int = 0
    duplicate_legacy: int = 0
    duplicate_target: int = 0


def freeze(value: Any) -> Any:
    """Make a value hashable in such a way that equal values, and only they, are equal."""
    if value is None:
        return ("null",)
    if isinstance(value, float):
        return ("float", "nan") if math.isnan(value) else ("float", value + 0.0)
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, list):
        return ("list", *map(freeze, value))
    if isinstance(value, dict):
        return ("struct", *((key, freeze(item)) for key, item in sorted(value.items())))
    return (type(value).__name__, value)


def compare(legacy: Sequence[Row], target: Sequence[Row], key: Sequence[str]) -> tuple[Counts, Counter[str]]:
    """Count rows by their fate, and different values by column (pairs of rows with a unique key only)."""
    columns = list((legacy or target)[0]) if (legacy or target) else []
    parts = list(key) or columns
    groups: tuple[dict[Any, list[Row]], dict[Any, list[Row]]] = (defaultdict(list), defaultdict(list))
    for rows, group in zip((legacy, target), groups, strict=True):
        for row in rows:
            group[tuple(freeze(row[name]) for name in parts)].append(row)
    counts, different = Counts(), Counter[str]()
    for one in groups[0].keys() | groups[1].keys():
        left, right = groups[0].get(one, []), groups[1].get(one, [])
        counts.duplicate_legacy += len(left) if len(left) > 1 else 0
        counts.duplicate_target += len(right) if len(right) > 1 else 0
        same = _copies(left, right)
        pairs = min(len(left), len(right))
        counts.equal += same
        counts.changed += pairs - same
        counts.missing += len(left) - pairs
        counts.extra += len(right) - pairs
        if len(left) == len(right) == 1:
            different.update(n for n in columns if freeze(left[0][n]) != freeze(right[0][n]))
    return counts, different


def _copies(left: list[Row], right: list[Row]) -> int:
    """Count the rows of one side that have an identical copy of their own on the other."""
    one, other = (
        Counter(tuple(freeze(v) for _, v in sorted(row.items())) for row in rows) for rows in (left, right)
    )
    return sum((one & other).values())
