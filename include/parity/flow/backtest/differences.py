"""The differences of one comparison as its report counts them: by kind, column and cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from parity.compare.result import ColumnFacts, Result, SchemaFact

CHANGED, MISSING, EXTRA, SCHEMA = "changed", "missing", "extra", "schema"
SCHEMA_DIFFERS = ("incompatible", "legacy_only", "target_only")


class CannotSay(Exception):
    """What was stored does not decide it. The message says why, and holds no value of a row."""


@dataclass(frozen=True)
class Difference:
    """Changed values of a column by one cause, missing or extra rows, or a column whose schema differs."""

    kind: str
    rows: int
    """1 for a schema."""
    column: str = ""
    cause: str = ""
    """Empty when it is not known, or where there is none."""

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what it is a difference of."""
        return self.kind, self.column, self.cause


@dataclass(frozen=True)
class Sums:
    """A column's difference in money over the rows of one kind."""

    absolute: Mapping[str, Decimal]
    """By currency."""
    rows: int
    """Rows that have a sum; fewer than the column's differences when some have none, such as NaN."""


@dataclass(frozen=True)
class Differences:
    """All differences of a comparison, and what bounds the rows and the money that a waiver matches."""

    each: tuple[Difference, ...] = ()
    changed: int = 0
    """Rows that are changed, at most."""
    money: Mapping[tuple[str, str], Sums] = field(default_factory=dict)
    """(kind, column) → sums of a column of money."""

    def of(self, kind: str, column: str | None = None) -> Sequence[Difference]:
        """Return those of a kind, of one column where it is given."""
        return [one for one in self.each if one.kind == kind and column in (None, one.column)]

    def without(self, column: str) -> Differences:
        """Return those that are left when a column is not compared."""
        each = tuple(one for one in self.each if one.column != column)
        return replace(self, each=each, money={key: sums for key, sums in self.money.items() if key[1] != column})

    def without_money(self, column: str) -> Differences:
        """Return the differences when a column's sums are not known."""
        return replace(self, money={key: sums for key, sums in self.money.items() if key[1] != column})

    def with_unknown(self, column: str, rows: int, more: int) -> Differences:
        """Return the differences when so many rows differ in a column, of causes that are not known.

        ``more`` are the rows that were not changed before.
        """
        kept = tuple(one for one in self.each if (one.kind, one.column) != (CHANGED, column))
        each = (*kept, Difference(CHANGED, rows, column)) if rows else kept
        money = {key: sums for key, sums in self.money.items() if key != (CHANGED, column)}
        return replace(self, each=each, changed=self.changed + more, money=money)


def differences_of(result: Result) -> Differences:
    """Return the differences of a result that was compared; CannotSay when its counts contradict each other."""
    each: list[Difference] = []
    for column in result.columns:
        if sum(cause.rows for cause in column.causes) != column.different:
            raise CannotSay(f"its report does not count the causes of column {column.name}")
        each += [Difference(CHANGED, cause.rows, column.name, str(cause.cause)) for cause in column.causes]
    if bool(each) != bool(result.rows.changed):
        raise CannotSay("its report does not say in which columns rows are changed")
    each += [Difference(kind, n) for kind in (MISSING, EXTRA) if (n := getattr(result.rows, kind))]
    each += [Difference(SCHEMA, 1, fact.name) for fact in schema_differences(result.schema)]
    return Differences(tuple(each), result.rows.changed, _money(result.columns))


def schema_differences(facts: Iterable[SchemaFact]) -> list[SchemaFact]:
    """Return the columns whose very schema differs."""
    return [fact for fact in facts if fact.verdict in SCHEMA_DIFFERS]


def _money(columns: Iterable[ColumnFacts]) -> dict[tuple[str, str], Sums]:
    found: dict[tuple[str, str], Sums] = {}
    for column in columns:
        for money in column.money:
            key = (money.kind, column.name)
            sums = found.get(key, Sums({}, 0))
            found[key] = Sums({**sums.absolute, money.currency: money.absolute}, sums.rows + money.rows)
    return found
