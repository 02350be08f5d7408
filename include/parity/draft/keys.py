"""Which columns tell a table's rows apart: declared, unique in the sample on both sides, named alike.

A sample shows that columns are no key; that they are one, it only suggests. So a key is certain only when it is
declared, or named as the identifier of the table's own rows, and the samples of both sides agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from math import prod

from parity.draft.columns import Mapped, Pair
from parity.draft.facts import Certainty, ColumnFacts, Guess, TableFacts
from parity.draft.names import identifies, is_about, is_identifier, is_ordinal, words
from parity.sql.columns import Kind

ENOUGH = 100
"""Rows of a sample below which nothing is called certain."""
BY_DESIGN = 3.0
"""So many pairs of rows must chance make alike before columns that make none so look like a key."""
MOST_SETS = 40
MOST_PARTS = 8
Key = Guess[tuple[str, ...]]


def sets_to_count(legacy: TableFacts, columns: Mapped | None = None) -> tuple[tuple[str, ...], ...]:
    """Return the sets of legacy columns whose combinations are to be counted: what is declared, or may be a key.

    None but the declared one where a column that is named as the table's own identifier is unique.
    """
    found = [legacy.key] if len(legacy.key) > 1 else []
    if any(identifies(one.name, legacy.name) and legacy.repeats([one.name]) == 0 for one in legacy.columns):
        return tuple(found)
    paired = {pair.legacy.name for pair in columns.pairs} if columns else {one.name for one in legacy.columns}
    parts = sorted((one for one in _parts(legacy) if one.name in paired), key=lambda one: _cost(one, legacy))
    for size in (2, 3):
        found += [tuple(one.name for one in some) for some in combinations(parts[:MOST_PARTS], size)]
    possible = [names for names in found if _may_be_unique(names, legacy)]
    return tuple(possible[:MOST_SETS])


def propose_key(legacy: TableFacts, target: TableFacts, columns: Mapped) -> Key:
    """Return the key by target names; empty where nothing tells rows apart."""
    search = _Search(legacy, target, columns)
    for fit in (Fit.UNIQUE, Fit.NEARLY, Fit.UNKNOWN):
        if found := next(search.candidates(fit), None):
            return found
    return Guess((), Certainty.UNKNOWN, "nothing that was tried is unique; whole rows would be compared")


class Fit(StrEnum):
    """How well columns tell rows apart in the samples; the words go into reasons."""

    UNIQUE = "unique in the samples of both sides"
    NEARLY = "unique in the sample of one side, and repeated by a few rows of the other"
    UNKNOWN = "no samples of both sides show whether it is unique"
    NOT = "not unique"


@dataclass(frozen=True)
class _Search:
    legacy: TableFacts
    target: TableFacts
    columns: Mapped

    def candidates(self, fit: Fit) -> Iterator[Key]:
        """Yield keys that fit so well, the likeliest first."""
        yield from self._declared(fit)
        pairs = [pair for pair in self.columns.pairs if self.fit((pair.target.name,)) is fit]
        for pair in pairs:
            if self._identifies(pair):
                yield self._judged((pair.target.name,), fit, "named as the table's own")
        yield from self._identifiers(pairs, fit)
        yield from self._sets(fit)

    def _declared(self, fit: Fit) -> Iterator[Key]:
        """Yield the declared key, which need not be enforced: the samples decide."""
        to_target = self.columns.to_target
        of_legacy = tuple(to_target.get(name, "") for name in self.legacy.key)
        key, side = (self.target.key, "target") if self.target.key else (of_legacy, "legacy")
        key = tuple(name for name in key if name not in self.target.partitions)
        pairs = self._pairs(key)
        plausible = any(pair and _names_something(pair) for pair in pairs)
        if key and all(pairs) and plausible and self.fit(key) is fit:
            yield self._judged(key, fit, f"declared on the {side} side", self._chance(key))

    def _identifiers(self, pairs: Sequence[Pair], fit: Fit) -> Iterator[Key]:
        """Yield other identifiers, with what numbers their rows where something does."""
        named = [
            pair for pair in pairs if _names_something(pair) and pair.target.name not in self.target.partitions
        ]
        named.sort(key=lambda pair: not is_about(pair.legacy.name, self.legacy.name))
        for pair in named:
            name = pair.target.name
            if numbered := [one for one in self._ordinals((name,)) if one.target.kind is Kind.INTEGER]:
                why = f"{name} is {fit}, perhaps by chance: {numbered[0].target.name} numbers rows"
                yield Guess((name, numbered[0].target.name), Certainty.LIKELY, why)
            yield Guess((name,), Certainty.LIKELY, f"an identifier; {fit}")

    def _sets(self, fit: Fit) -> Iterator[Key]:
        """Yield columns that fit together, where chance alone would have made some rows alike."""
        to_target, by_name = self.columns.to_target, self.legacy.by_name
        sets = [names for names in self.legacy.sets if all(name in to_target for name in names)]
        fitting = [names for names in sets if self.fit(tuple(to_target[name] for name in names)) is fit]
        distinctive = [names for names in fitting if _collisions(names, self.legacy) >= BY_DESIGN]
        ranked = sorted(distinctive, key=lambda names: sum(_cost(by_name[name], self.legacy) for name in names))
        for names in ranked:
            others = f"; so are {len(ranked) - 1} other sets" if len(ranked) > 1 else ""
            yield Guess(tuple(to_target[name] for name in names), Certainty.LIKELY, f"together {fit}{others}")

    def _identifies(self, pair: Pair) -> bool:
        return identifies(pair.target.name, self.target.name) or identifies(pair.legacy.name, self.legacy.name)

    def _pairs(self, key: Sequence[str]) -> list[Pair | None]:
        by_target = {pair.target.name: pair for pair in self.columns.pairs}
        return [by_target.get(name) for name in key]

    def fit(self, key: tuple[str, ...]) -> Fit:
        """Return how well a key by target names tells rows apart."""
        names = [pair.legacy.name if pair else "" for pair in self._pairs(key)]
        repeats = self.legacy.repeats(names), self.target.repeats(key)
        known = sorted(count for count in repeats if count is not None)
        if not known or (len(known) == 1 and known[0] == 0):
            return Fit.UNKNOWN
        if len(known) == 2 and known[0] == 0:
            few = max(3, min(self.legacy.rows or 0, self.target.rows or 0) // 20)
            return Fit.UNIQUE if known[1] == 0 else Fit.NEARLY if known[1] <= few else Fit.NOT
        return Fit.NOT

    def _chance(self, key: tuple[str, ...]) -> str:
        """Return why a declared key, which need not be enforced, may be unique by chance; or nothing."""
        pairs = [pair for pair in self._pairs(key) if pair]
        if any(is_about(pair.legacy.name, self.legacy.name) or self._identifies(pair) for pair in pairs):
            return ""
        if len(key) > 1 and _collisions([pair.legacy.name for pair in pairs], self.legacy) >= BY_DESIGN:
            return ""
        return "; but its name is not the table's own, so that chance may make it so"

    def _judged(self, key: tuple[str, ...], fit: Fit, why: str, against: str = "") -> Key:
        """Return a key that is certain if it is unique and nothing speaks against it."""
        doubt = self._doubt(key) or against if fit is Fit.UNIQUE else ""
        certainty = Certainty.CERTAIN if fit is Fit.UNIQUE and not doubt else Certainty.LIKELY
        return Guess(key, certainty, f"{why}; {fit}{doubt}")

    def _doubt(self, key: tuple[str, ...]) -> str:
        if any(pair is None or pair.certainty is not Certainty.CERTAIN for pair in self._pairs(key)):
            return "; but its columns are not paired for certain"
        if min(self.legacy.rows or 0, self.target.rows or 0) < ENOUGH:
            return f"; but fewer than {ENOUGH} rows are too few to be sure"
        own = [pair.target.name for pair in self.columns.pairs if self._identifies(pair)]
        if rivals := [name for name in own if name not in key]:
            return f"; but {rivals[0]} is named as the table's own"
        numbered = self._ordinals(key)
        return f"; but {numbered[0].target.name} may number several rows of one" if numbered else ""

    def _ordinals(self, key: tuple[str, ...]) -> list[Pair]:
        return [one for one in self.columns.pairs if is_ordinal(one.target.name) and one.target.name not in key]


def _names_something(pair: Pair) -> bool:
    """Return whether a pair of columns is named as an identifier, on either side."""
    return is_identifier(pair.target.name) or is_identifier(pair.legacy.name)


def _collisions(names: Sequence[str], table: TableFacts) -> float:
    """Return how many pairs of rows would be alike if these columns had nothing to do with each other."""
    by_name, rows = table.by_name, table.rows or 0
    values = [by_name[name].values for name in names]
    combinations_there = prod(one.distinct if one else 1 for one in values)
    return rows * (rows - 1) / 2 / max(1, combinations_there)


def _parts(table: TableFacts) -> Iterator[ColumnFacts]:
    """Yield the columns that may be part of a key: names, numbers and dates of things, no measures, no times."""
    for column in table.columns:
        values = column.values
        constant = values is None or values.distinct < 2
        if constant or column.name in table.partitions or (values and values.nulls):
            continue
        named = is_identifier(column.name) or is_ordinal(column.name)
        few = values is not None and values.distinct * 5 <= (table.rows or 0)
        if (named and column.kind in (Kind.TEXT, Kind.INTEGER)) or (few and column.kind in (Kind.TEXT, Kind.DATE)):
            yield column


def _cost(column: ColumnFacts, table: TableFacts) -> float:
    """Return how unlikely a column is in a key; the place in the table decides between equals."""
    place = [one.name for one in table.columns].index(column.name) / 1000
    if is_ordinal(column.name):
        return 0.8 + place
    if is_identifier(column.name):
        return 1 + place
    return (1.5 if len(words(column.name)) < 3 else 2) + place


def _may_be_unique(names: Sequence[str], table: TableFacts) -> bool:
    by_name = table.by_name
    values = [by_name[name].values for name in names if name in by_name]
    return len(values) == len(names) and prod(one.distinct if one else 0 for one in values) >= (table.rows or 0)
