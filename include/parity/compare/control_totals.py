"""Control totals: how many rows, and how much money, each cloud reports of one activity and date.

They stand beside the verdict and never change it. A count that a cloud does not report is unknown, not equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from parity.compare.result import MoneyTotal, Result, Rows, Verdict
from parity.wording import plural

REPORTED = "reported"
"""Where a result's extra facts hold the rows that Glue and Data Factory report."""
DIGEST = "digest"
"""Where they hold what is known of the digests, in mode digest."""
DIGESTED = "rows"
"""Where the facts of the digests hold the rows that both engines counted, legacy and target."""


class Count(StrEnum):
    """What is counted, in words; each is a field of :class:`ControlTotals` of the same name."""

    GLUE = "Glue wrote"
    READ = "Data Factory read"
    COPIED = "Data Factory copied"
    ATHENA = "Athena returned"
    DATABRICKS = "Databricks exported"


MOST_SUMS = 6
"""Sums of money that are shown."""
SHOWN = (Count.GLUE, Count.COPIED, Count.ATHENA, Count.DATABRICKS)
HOPS = {
    "glue": ((Count.GLUE, Count.ATHENA),),
    "data_factory": ((Count.READ, Count.COPIED), (Count.COPIED, Count.DATABRICKS)),
    "comparison": ((Count.ATHENA, Count.DATABRICKS),),
}
"""Where rows may go, from one count to the next, by what reports the first one."""


@dataclass(frozen=True)
class ControlTotals:
    """The counts of one activity and date; None where a cloud does not report one."""

    glue: int | None = None
    """Rows that the Glue run wrote, to all its sinks."""
    read: int | None = None
    """Rows that the Data Factory activity read."""
    copied: int | None = None
    """Rows that the Data Factory activity copied."""
    athena: int | None = None
    """Rows that the legacy query returned, as its files hold them."""
    databricks: int | None = None
    """Rows that the helper job exported."""
    money: tuple[MoneyTotal, ...] = ()

    @property
    def counts(self) -> tuple[tuple[str, str], ...]:
        """Return the four counts as text, each after what it counts."""
        return tuple((str(count), self._text(count)) for count in SHOWN)

    @property
    def sums(self) -> tuple[str, ...]:
        """Return the sums of money as text, those that differ first."""
        texts = [str(one) for one in sorted(self.money, key=lambda one: one.legacy == one.target)]
        more = [f"and {len(texts) - MOST_SUMS} more sums"] if len(texts) > MOST_SUMS else []
        return (*texts[:MOST_SUMS], *more)

    @property
    def gaps(self) -> tuple[str, ...]:
        """Return between which two counts rows went, or came, each as a sentence without its end."""
        return tuple(gap for hops in HOPS.values() for hop in hops if (gap := self._gap(*hop)))

    @property
    def line(self) -> str:
        """Return everything on one line."""
        return "; ".join((*map(" ".join, self.counts), *self.sums, *self.gaps))

    def faults(self, reporter: str) -> Iterator[str]:
        """Yield why the counts that follow those of ``reporter``, a key of HOPS, do not confirm them."""
        for before, after in HOPS[reporter]:
            gap = self._gap(before, after)
            if gap is None:
                unknown = before if self._value(before) is None else after
                yield f"what {unknown} is not reported"
            elif gap:
                yield gap

    def _gap(self, before: Count, after: Count) -> str | None:
        """Return how two counts differ, empty when they do not; None where one of them is not reported."""
        first, second = self._value(before), self._value(after)
        if first is None or second is None:
            return None
        rows = plural(abs(first - second), "row")
        return f"{after} {rows} {'fewer' if second < first else 'more'} than {before}" if first != second else ""

    def _text(self, count: Count) -> str:
        value = self._value(count)
        return "not reported" if value is None else f"{value:,}"

    def _value(self, count: Count) -> int | None:
        value: int | None = getattr(self, count.name.lower())
        return value


def control_totals(result: Result) -> ControlTotals | None:
    """Return the counts that a result holds; None for one of two files, which no cloud made.

    Athena's and Databricks' counts are those of the rows that were compared: any other number was refused. In mode
    digest, where equal rows stay where they are, they are those that both engines counted as they digested them.
    """
    reported: dict[str, Any] | None = result.extra.get(REPORTED)
    if reported is None:
        return None
    counted = result.extra.get(DIGEST, {}).get(DIGESTED)
    if counted is None and (result.rows != Rows() or result.verdict is not Verdict.INVALID):
        counted = (result.rows.legacy, result.rows.target)
    compared = dict(zip(("athena", "databricks"), counted or (), strict=False))
    return ControlTotals(**reported, **compared, money=result.money_totals)
