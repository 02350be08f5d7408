"""What the clouds know of two tables, as far as a draft needs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from parity.sql.columnar_types import column_of
from parity.sql.columns import Kind

T_co = TypeVar("T_co", covariant=True)


class Certainty(StrEnum):
    """How sure a guess is; everything but CERTAIN asks a person to decide."""

    CERTAIN = "certain"
    LIKELY = "likely"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Guess(Generic[T_co]):
    """What a draft proposes, how sure it is, and why."""

    value: T_co
    certainty: Certainty
    why: str

    @property
    def certain(self) -> bool:
        """Return whether no person has to decide."""
        return self.certainty is Certainty.CERTAIN


@dataclass(frozen=True)
class Values:
    """What a column's values in the sample are like, without any of them."""

    nulls: int
    distinct: int
    """How many different values there are, NULL apart."""
    total: int | None = None
    """Sum of the values' hashes: equal for the same values, each as often. None: the type has no common text."""
    low: int | None = None
    high: int | None = None
    """Least and greatest hash: equal for nearly the same values."""
    finer: int = 0
    """How many times have microseconds beside their milliseconds."""


@dataclass(frozen=True)
class ColumnFacts:
    """One column; ``type`` is the engine's own word."""

    name: str
    type: str
    values: Values | None = None
    """None: not sampled."""
    required: bool = False
    """Whether NULL is forbidden by declaration."""
    family: Kind | None = None
    """Of its type, where that is in other words than Athena's and Spark's."""

    @property
    def kind(self) -> Kind:
        """Return the family of its type."""
        return self.family or column_of(self.name, self.type).kind


@dataclass(frozen=True)
class TableFacts:
    """One table of one side, and a sample of it: the rows of one business date, or all."""

    name: str
    columns: tuple[ColumnFacts, ...]
    """Partition columns last."""
    partitions: tuple[str, ...] = ()
    examples: Mapping[str, str] = field(default_factory=dict)
    """Partition column → a value that one partition has."""
    key: tuple[str, ...] = ()
    """Declared, not necessarily enforced."""
    rows: int | None = None
    """Rows of the sample; None: not sampled."""
    sets: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    """Columns → how many different combinations they have, rows with a NULL in them apart."""

    @property
    def sampled(self) -> bool:
        """Return whether there are rows to judge by."""
        return bool(self.rows)

    @property
    def by_name(self) -> dict[str, ColumnFacts]:
        """Return the columns by name."""
        return {column.name: column for column in self.columns}

    def repeats(self, names: Iterable[str]) -> int | None:
        """Return how many rows of the sample these columns do not tell apart, or leave NULL; None: not known."""
        wanted = tuple(names)
        if not self.rows:
            return None
        if len(wanted) > 1:
            counts = {frozenset(some): count for some, count in self.sets.items()}
            count = counts.get(frozenset(wanted))
            return None if count is None else self.rows - count
        column = self.by_name.get(wanted[0]) if wanted else None
        return None if column is None or column.values is None else self.rows - column.values.distinct
