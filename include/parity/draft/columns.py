"""Which legacy column became which target column: as declared, of one name, or by the values of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from parity.draft.facts import Certainty, ColumnFacts, TableFacts
from parity.draft.names import likeness
from parity.wording import fold

DISTINCTIVE = 10
"""So many different values must a column have for its values alone to show what it is."""
ALIKE, BARELY, EQUIVALENT = 0.6, 0.3, 0.99
"""How alike names must be without, and beside, evidence of the values."""


class Evidence(IntEnum):
    """How the values of two columns compare; the greater, the more alike."""

    DIFFERENT = 0
    UNKNOWN = 1
    NEAR = 2
    SAME = 3


@dataclass(frozen=True)
class Pair:
    """A legacy column and the target column that holds the same thing."""

    legacy: ColumnFacts
    target: ColumnFacts
    certainty: Certainty
    why: str

    @property
    def renamed(self) -> bool:
        """Return whether the comparison would not find the pair by its names."""
        return fold(self.legacy.name) != fold(self.target.name)


@dataclass(frozen=True)
class Mapped:
    """The columns of two tables side by side."""

    pairs: tuple[Pair, ...]
    legacy_only: tuple[ColumnFacts, ...]
    target_only: tuple[ColumnFacts, ...]

    @property
    def to_target(self) -> dict[str, str]:
        """Return target names by legacy name."""
        return {pair.legacy.name: pair.target.name for pair in self.pairs}


def map_columns(legacy: TableFacts, target: TableFacts, declared: Mapping[str, str] | None = None) -> Mapped:
    """Pair the columns of two tables; ``declared`` are target names by legacy name, as a Copy maps them."""
    search = _Search(legacy, target)
    search.take_declared(declared or {})
    search.take_names()
    search.take_renames()
    return search.result()


def evidence(legacy: ColumnFacts, target: ColumnFacts) -> Evidence:
    """Return how the values of two columns compare."""
    left, right = legacy.values, target.values
    if left is None or right is None:
        return Evidence.UNKNOWN
    counts_agree = (left.nulls, left.distinct) == (right.nulls, right.distinct)
    if left.total is None or right.total is None:
        return Evidence.UNKNOWN
    if counts_agree and left.total == right.total:
        return Evidence.SAME
    slack = max(2, left.distinct // 20)
    near = (left.low, left.high) == (right.low, right.high) and abs(left.distinct - right.distinct) <= slack
    return Evidence.NEAR if near else Evidence.DIFFERENT


def distinctive(column: ColumnFacts) -> bool:
    """Return whether a column has so many different values that they show what it is."""
    return column.values is not None and column.values.distinct >= DISTINCTIVE


class _Search:
    """Pairs columns step by step, the surest first."""

    def __init__(self, legacy: TableFacts, target: TableFacts) -> None:
        self.legacy, self.target = legacy, target
        self.pairs: dict[str, Pair] = {}
        self.taken: set[str] = set()

    def add(self, legacy: ColumnFacts, target: ColumnFacts, certainty: Certainty, why: str) -> None:
        self.pairs[legacy.name] = Pair(legacy, target, certainty, why)
        self.taken.add(target.name)

    @property
    def left(self) -> list[ColumnFacts]:
        return [one for one in self.legacy.columns if one.name not in self.pairs]

    @property
    def right(self) -> list[ColumnFacts]:
        return [one for one in self.target.columns if one.name not in self.taken]

    def take_declared(self, declared: Mapping[str, str]) -> None:
        sources = {fold(one.name): one for one in self.legacy.columns}
        sinks = {fold(one.name): one for one in self.target.columns}
        for source, sink in declared.items():
            one, other = sources.get(fold(source)), sinks.get(fold(sink))
            if one and other and one.name not in self.pairs and other.name not in self.taken:
                self.add(one, other, Certainty.CERTAIN, "mapped so by the Copy activity")

    def take_names(self) -> None:
        """Pair columns of one name, unless the values say that the names have moved."""
        named = {fold(one.name): one for one in self.right}
        same = [(one, named[fold(one.name)]) for one in self.left if fold(one.name) in named]
        moved = set(self._moved(same))
        for one, other in same:
            if one.name not in moved:
                self.add(one, other, *self._by_name(one, other))

    def _by_name(self, one: ColumnFacts, other: ColumnFacts) -> tuple[Certainty, str]:
        found = evidence(one, other)
        if not (self.legacy.sampled and self.target.sampled):
            return Certainty.LIKELY, "of one name; no sample of both sides shows whether the values are the same"
        if found is Evidence.SAME:
            varied = one.values is not None and one.values.distinct > 1  # a constant or empty column shows nothing
            if varied and self._confusable(one, other, found):
                return Certainty.LIKELY, "of one name, with the same values in the sample; so has another column"
            return Certainty.CERTAIN, "of one name, with the same values in the sample"
        if found is Evidence.NEAR and distinctive(one) and not self._confusable(one, other, found):
            return Certainty.CERTAIN, "of one name, with nearly the same values in the sample"
        if found is Evidence.UNKNOWN and not self._confusable(one, other, found):
            return Certainty.CERTAIN, "of one name; the values cannot be compared in a sample"
        return Certainty.LIKELY, "of one name, but the sample does not show the same values"

    def _confusable(self, one: ColumnFacts, other: ColumnFacts, least: Evidence) -> bool:
        """Return whether another column could be meant, by values that are at least so alike."""
        pairs = [(one, col) for col in self.target.columns if col is not other]
        pairs += [(col, other) for col in self.legacy.columns if col is not one]
        if least is Evidence.UNKNOWN:
            pairs = [pair for pair in pairs if pair[0].kind is pair[1].kind]
        return any(evidence(*pair) >= least for pair in pairs)

    def _moved(self, same: list[tuple[ColumnFacts, ColumnFacts]]) -> Iterator[str]:
        """Yield legacy columns whose values stand under another name, while their own name holds others."""
        settled = {one.name for one, other in same if evidence(one, other) is Evidence.SAME}
        settled_targets = {other.name for one, other in same if one.name in settled}
        for one, other in same:
            if one.name in settled or evidence(one, other) is Evidence.UNKNOWN:
                continue
            free = [col for col in self.right if col.name not in settled_targets and col.name != other.name]
            left = [col for col in self.left if col.name not in settled and col.name != one.name]
            if any(evidence(one, col) is Evidence.SAME for col in free) or any(
                evidence(col, other) is Evidence.SAME for col in left
            ):
                yield one.name

    def take_renames(self) -> None:
        """Pair what is left by values first, then by names, the best pair first."""
        scored = sorted(self._scored(), key=lambda pair: pair[0], reverse=True)
        for _, one, other in scored:
            if one.name not in self.pairs and other.name not in self.taken:
                self.add(one, other, *self._renamed(one, other))

    def _scored(self) -> Iterator[tuple[tuple[float, float], ColumnFacts, ColumnFacts]]:
        for one in self.left:
            for other in self.right:
                found, alike = evidence(one, other), likeness(one.name, other.name)
                if found is Evidence.SAME and distinctive(one):
                    yield (3 + alike, alike), one, other
                elif found >= Evidence.NEAR and alike >= BARELY:
                    yield (1.5 + alike, alike), one, other
                elif alike >= ALIKE:
                    yield (float(found) / 10 + alike, alike), one, other

    def _renamed(self, one: ColumnFacts, other: ColumnFacts) -> tuple[Certainty, str]:
        found, alike = evidence(one, other), likeness(one.name, other.name)
        if found is Evidence.SAME and distinctive(one):
            twins = [col.name for col in self.target.columns if col is not other and evidence(one, col) is found]
            twins += [col.name for col in self.legacy.columns if col is not one and evidence(col, other) is found]
            if twins:
                return Certainty.LIKELY, f"renamed, with the same values in the sample; so has {twins[0]}"
            if alike >= EQUIVALENT and self._alone(one, other, alike):
                return (
                    Certainty.CERTAIN,
                    "renamed: the same values in the sample, and another spelling of the name",
                )
            return Certainty.LIKELY, "renamed, with the same values in the sample under another name"
        if found >= Evidence.NEAR:
            return Certainty.LIKELY, "renamed, of a like name, with nearly the same values in the sample"
        return Certainty.LIKELY, "renamed, of a like name"

    def _alone(self, one: ColumnFacts, other: ColumnFacts, alike: float) -> bool:
        """Return whether no other pair of names is as much alike, and neither name is on the other side."""
        names = {fold(col.name) for col in self.target.columns}, {fold(col.name) for col in self.legacy.columns}
        if fold(one.name) in names[0] or fold(other.name) in names[1]:
            return False
        rivals = [likeness(one.name, col.name) for col in self.right if col is not other]
        rivals += [likeness(col.name, other.name) for col in self.left if col is not one]
        return max(rivals, default=0.0) < alike

    def result(self) -> Mapped:
        in_order = [self.pairs[one.name] for one in self.legacy.columns if one.name in self.pairs]
        return Mapped(tuple(in_order), tuple(self.left), tuple(self.right))
