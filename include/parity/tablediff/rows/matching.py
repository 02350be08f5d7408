"""Two lists of ``key|rest`` lines, and which of them have no match on the other side. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Difference:
    """One row that differs: both texts, or None where the row is not there."""

    key: str
    legacy: str | None
    target: str | None


@dataclass
class Unmatched:
    """Lines without a match, by key; equal lines of both sides cancel, duplicates one by one."""

    legacy: Counter[str] = field(default_factory=Counter)
    target: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, legacy: Iterable[str], target: Iterable[str]) -> Unmatched:
        """Cancel what both sides have."""
        left, right = Counter(legacy), Counter(target)
        return cls(left - right, right - left)

    @property
    def keys(self) -> list[str]:
        """Return the packed keys of unmatched lines, sorted."""
        return sorted({line.partition("|")[0] for line in (*self.legacy, *self.target)})

    def differences(self) -> list[Difference]:
        """Pair what is left: under one key, as many as both sides have are changed, the rest missing or extra."""
        legacy, target = _by_key(self.legacy), _by_key(self.target)
        return [
            difference
            for key in sorted(legacy.keys() | target.keys())
            for difference in _pair(key, legacy.get(key, []), target.get(key, []))
        ]


def _by_key(lines: Counter[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in sorted(lines.elements()):
        key, _, rest = line.partition("|")
        found.setdefault(key, []).append(rest)
    return found


def _pair(key: str, legacy: list[str], target: list[str]) -> list[Difference]:
    both = min(len(legacy), len(target))
    return [
        *(Difference(key, old, new) for old, new in zip(legacy, target, strict=False)),
        *(Difference(key, old, None) for old in legacy[both:]),
        *(Difference(key, None, new) for new in target[both:]),
    ]
