"""Which stored differences waivers would cover: yes, no, or None where the counts leave it open.

A waiver without a condition on rows covers all rows of a column and cause, or none. How many rows it matches in
several columns, and what money, has bounds: a cap is kept, or broken, when it is at both ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from parity.compare.result import Result, Verdict
from parity.flow.backtest.differences import CHANGED, SCHEMA, Difference, Differences
from parity.suite.models import Activity, Waiver

Answer = bool | None
Pick = tuple[str, str | None, str | None, str | None]
"""What a waiver picks: kind, column, cause, condition on rows."""


def pick(waiver: Waiver) -> Pick:
    """Return what a waiver picks."""
    return waiver.kind, waiver.column, waiver.cause, waiver.rows


@dataclass(frozen=True)
class Counted:
    """What the stored comparison itself counted, by the same rules."""

    rows: Mapping[Pick, int] = field(default_factory=dict)
    """Rows that a pick matches."""
    covers: Mapping[Waiver, bool] = field(default_factory=dict)
    """Whether a waiver that was applied covered what it matched."""


def stored_waivers(result: Result) -> tuple[Waiver, ...]:
    """Return the waivers that a comparison applied, in their order."""
    return tuple(_waiver(shown) for shown in result.waivers)


def counted(result: Result) -> Counted:
    """Return what a comparison counted of its waivers, and of rows that share something."""
    applied = list(zip(stored_waivers(result), result.waivers, strict=True))
    rows: dict[Pick, int] = {(c.kind, None, None, c.condition): c.rows for c in result.row_causes if c.condition}
    rows |= {pick(waiver): int(shown["rows"]) for waiver, shown in applied if shown["state"] != "broken"}
    return Counted(rows, {waiver: shown["state"] == "covers" for waiver, shown in applied})


def _waiver(shown: Mapping[str, object]) -> Waiver:
    known = {name: shown[name] for name in Waiver.model_fields if name in shown}
    return Waiver.model_validate({**known, "rows": shown.get("rows_condition")})


@dataclass(frozen=True)
class Covering:
    """The waivers of an activity, held against stored differences on the day of the run."""

    waivers: Sequence[Waiver]
    found: Differences
    activity: Activity
    today: date
    counted: Counted = Counted()

    def verdict(self) -> Verdict | None:
        """Return the comparison's verdict; None where the counts leave it open."""
        answers = {self.covered(one) for one in self.found.each}
        if False in answers:
            return Verdict.FAIL
        if None in answers:
            return None
        return Verdict.WAIVED if answers else Verdict.PASS

    def covered(self, one: Difference) -> Answer:
        """Return whether every row of a difference is covered; False: none of them needs to be."""
        answers = [_both(self.in_force(waiver), self._picks(waiver, one)) for waiver in self.waivers]
        return True if True in answers else None if None in answers else False

    def in_force(self, waiver: Waiver) -> Answer:
        """Return whether a waiver covers what it picks: not expired, and within its caps."""
        if waiver in self.counted.covers:
            return self.counted.covers[waiver]
        if waiver.expires < self.today:
            return False
        least, most = self._rows(waiver)
        rows = True if most <= waiver.max_rows else False if least > waiver.max_rows else None
        return _both(rows, self._within_money(waiver))

    def _picks(self, waiver: Waiver, one: Difference) -> Answer:
        """Return whether a waiver picks every row of a difference; False: none of its rows."""
        if waiver.kind != one.kind or waiver.column not in (None, one.column):
            return False
        if waiver.cause is not None and one.cause not in (waiver.cause, ""):
            return False
        if waiver.cause is not None and not one.cause:
            return None
        if waiver.rows is None:
            return True
        exact, touched = self.counted.rows.get(pick(waiver)), self._touched(waiver)
        if exact == 0:
            return False
        alone = len({other.column for other in touched}) == 1
        return True if alone and exact == sum(other.rows for other in touched) else None

    def _touched(self, waiver: Waiver) -> list[Difference]:
        """Return the differences of which a waiver may pick rows."""
        found = self.found.of(waiver.kind, waiver.column)
        return [one for one in found if waiver.cause is None or one.cause in (waiver.cause, "")]

    def _rows(self, waiver: Waiver) -> tuple[int, int]:
        """Return the least and the most rows that a waiver matches."""
        if (exact := self.counted.rows.get(pick(waiver))) is not None:
            return exact, exact
        touched = self._touched(waiver)
        sure, possible = Counter[str](), Counter[str]()
        for one in touched:
            possible[one.column] += one.rows
            if waiver.cause in (None, one.cause):
                sure[one.column] += one.rows
        if waiver.kind == SCHEMA:
            return sure.total(), sure.total()
        most = min(possible.total(), self.found.changed) if waiver.kind == CHANGED else possible.total()
        return (0 if waiver.rows else max(sure.values(), default=0)), most

    def _within_money(self, waiver: Waiver) -> Answer:
        """Return whether a waiver keeps its cap on money; a sum that was not stored leaves it open."""
        if waiver.max_money is None or waiver.kind == SCHEMA:
            return True
        if not self._touched(waiver):
            return True
        columns = self._money_columns(waiver)
        if columns is None:
            return None
        totals: dict[str, Decimal] = {}
        for name in columns:
            sums = self.found.money.get((waiver.kind, name))
            for currency, amount in sums.absolute.items() if sums else ():
                totals[currency] = totals.get(currency, Decimal(0)) + amount
        if all(amount <= waiver.max_money for amount in totals.values()):
            return True
        whole = self._touched(waiver) == list(self.found.of(waiver.kind, waiver.column)) and not waiver.rows
        return False if whole and (waiver.column or waiver.kind != CHANGED) else None

    def _money_columns(self, waiver: Waiver) -> list[str] | None:
        """Return the columns whose money a waiver caps; None unless all of their differences have a stored sum."""
        rules = {name: rule for name, rule in self.activity.columns.items() if rule.money and not rule.ignore}
        summed = {column for _, column in self.found.money}
        holders = {str(rule.money) for rule in rules.values()} if waiver.column is None else set()
        if not summed <= rules.keys() or any(self.found.of(CHANGED, holder) for holder in holders):
            return None
        wanted = [name for name in rules if waiver.kind != CHANGED or waiver.column in (None, name)]
        for name in wanted:
            sums, rows = self.found.money.get((waiver.kind, name)), self._differing(waiver.kind, name)
            if rules[name].sensitive or rules[name].loosens or (sums.rows if sums else 0) != rows:
                return None
        return wanted or None

    def _differing(self, kind: str, column: str) -> int:
        return sum(one.rows for one in self.found.of(kind, column if kind == CHANGED else None))


def _both(one: Answer, other: Answer) -> Answer:
    return False if False in (one, other) else None if None in (one, other) else True


def own_waivers(waivers: Iterable[Waiver], suite: str, activity: str) -> tuple[Waiver, ...]:
    """Return the waivers of one activity, in their order."""
    return tuple(waiver for waiver in waivers if (waiver.suite, waiver.activity) == (suite, activity))
