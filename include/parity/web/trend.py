"""An activity over time: rows, differences, causes, money, time and cost of its nights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from parity.compare.result import Verdict
from parity.history.records import ActivityRecord
from parity.web.charts import Chart, Number, bar_chart, line_chart, x_of


@dataclass(frozen=True)
class Picture:
    """A chart with its heading."""

    title: str
    chart: Chart


@dataclass(frozen=True)
class Trend:
    """What the page of an activity shows."""

    nights: Sequence[ActivityRecord]
    """Newest result per date, the newest first."""
    days: tuple[date, ...]
    pictures: tuple[Picture, ...]
    marks: tuple[tuple[float, str], ...]
    """Where the suite changed: place in the charts, and the words."""
    flips: int
    """How often a night was green after one that was not, or the other way round."""


def trend(history: Sequence[ActivityRecord]) -> Trend:
    """Return the charts of an activity's nights; ``history`` has one result per date, the newest first."""
    oldest_first = history[::-1]
    days = _days(oldest_first)
    by_day = {record.key.business_date: record for record in oldest_first}
    return Trend(
        nights=history,
        days=days,
        pictures=tuple(_pictures([by_day.get(day) for day in days])),
        marks=_marks(oldest_first, days),
        flips=sum(old.verdict.green is not new.verdict.green for old, new in pairwise(oldest_first)),
    )


def money_of(record: ActivityRecord) -> dict[str, Decimal]:
    """Return the money that differs by currency: of the columns that with the most."""
    found: dict[str, Decimal] = {}
    for money in (money for column in record.columns for money in column.money):
        found[money.currency] = max(found.get(money.currency, Decimal(0)), money.absolute)
    return found


def _days(records: Sequence[ActivityRecord]) -> tuple[date, ...]:
    if not records:
        return ()
    first, last = records[0].key.business_date, records[-1].key.business_date
    return tuple(first + timedelta(days=past) for past in range((last - first).days + 1))


def _pictures(nights: Sequence[ActivityRecord | None]) -> list[Picture]:
    def measured(value: Callable[[ActivityRecord], Number]) -> list[Number | None]:
        return [value(one) if one and one.verdict is not Verdict.INVALID else None for one in nights]

    rows = {
        "Legacy rows": measured(lambda one: one.rows.legacy),
        "Target rows": measured(lambda one: one.rows.target),
    }
    pictures = [
        Picture("Rows", line_chart(rows)),
        Picture(
            "Rows that differ",
            line_chart({"Rows that differ": measured(lambda o: o.rows.different)}, _caps(nights)),
        ),
    ]
    if causes := _causes(nights):
        pictures.append(Picture("Causes, in cells", bar_chart(causes)))
    currencies = sorted({currency for one in nights if one for currency in money_of(one)})
    for currency in currencies:
        amounts = measured(lambda one, name=currency: float(money_of(one).get(name, 0)))  # type: ignore[misc]
        pictures.append(Picture(f"Money that differs, {currency}", line_chart({currency: amounts})))
    pictures.append(Picture("Duration, in seconds", line_chart({"Seconds": measured(lambda one: one.seconds)})))
    if any(one and one.bytes_scanned for one in nights):
        scanned = measured(lambda one: one.bytes_scanned / 2**20)
        pictures.append(Picture("Scanned by Athena, in MiB", line_chart({"MiB": scanned})))
    return pictures


def _caps(nights: Sequence[ActivityRecord | None]) -> dict[str, Number]:
    """Return the caps of the newest night's waivers by their names."""
    newest = next((one for one in reversed(nights) if one), None)
    waivers = newest.waivers if newest else ()
    return {
        f"cap of {waiver.get('ticket') or waiver.get('owner') or 'a waiver'}": int(waiver["max_rows"])
        for waiver in waivers
        if waiver.get("max_rows") is not None
    }


def _causes(nights: Sequence[ActivityRecord | None]) -> Mapping[str, list[Number]]:
    names = sorted({str(c.cause) for one in nights if one for column in one.columns for c in column.causes})
    return {name.replace("_", " "): [_cells(one, name) for one in nights] for name in names}


def _cells(record: ActivityRecord | None, cause: str) -> int:
    columns = record.columns if record else ()
    return sum(c.rows for column in columns for c in column.causes if str(c.cause) == cause)


def _marks(records: Sequence[ActivityRecord], days: Sequence[date]) -> tuple[tuple[float, str], ...]:
    changed = [new for old, new in pairwise(records) if old.suite_sha != new.suite_sha]
    return tuple(
        (
            x_of(days.index(one.key.business_date), len(days)),
            f"The suite's rules changed by {one.key.business_date}.",
        )
        for one in changed
    )
