"""The newest result of each activity and business date, for pages that show many at once; parts are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from parity.compare.control_totals import ControlTotals
from parity.compare.result import Verdict
from parity.history import tables
from parity.history.records import SEEDED
from parity.history.rows import totals_of
from parity.history.store import Store

RUN = tables.runs.c
RESULT = tables.results.c
LONGEST_REASON = 160
"""Characters of a reason that are read."""


@dataclass(frozen=True)
class Cell:
    """The newest result of an activity, or the newest run of a suite, for one business date."""

    suite: str
    day: date
    verdict: Verdict | None
    """None for a run that has not ended."""
    reason: str
    """At most 160 characters."""
    run: int
    """The run's short number."""
    activity: str = ""
    """Empty for a run."""
    wave: int = 0
    severity: str = ""
    result: int = 0
    """The result's number in the store; 0 for a run."""
    rows: int = 0
    """Legacy rows of a result."""
    run_id: str = ""
    recorded: datetime | None = None
    """When a result was recorded; None for a run."""

    @property
    def seeded(self) -> bool:
        """Return whether its run is an example, which proves nothing."""
        return self.run_id.startswith(SEEDED)


@dataclass(frozen=True)
class Incident:
    """An open incident: issues of one activity that were reported together."""

    suite: str
    activity: str
    opened: date
    severity: str


def newest_runs(store: Store, since: date, until: date, *, seeded: bool = True) -> list[Cell]:
    """Return the newest run of each suite and business date, by suite and date; with examples if ``seeded``."""
    dated = RUN.business_date.between(since, until)
    wanted = dated if seeded else sa.and_(dated, ~_seeded(RUN))
    ranked = _ranked(RUN.id, wanted, (RUN.suite, RUN.business_date), RUN.started)
    query = sa.select(
        RUN.suite, RUN.business_date, RUN.verdict, _short(RUN.reason), RUN.id.label("run"), RUN.wave, RUN.run_id
    )
    rows = _all(store, query.join(ranked, RUN.id == ranked.c.id).order_by(RUN.suite, RUN.business_date))
    return [_cell(row) for row in rows]


def newest_results(store: Store, since: date, until: date) -> list[Cell]:
    """Return the newest result of each activity between two dates, by suite and activity."""
    return _results(store, RESULT.business_date.between(since, until), (RESULT.suite, RESULT.activity))


def results_of(store: Store, activities: Sequence[tuple[str, str]], since: date, until: date) -> list[Cell]:
    """Return the newest result of each date of some (suite, activity), by suite, activity and date."""
    each = [sa.and_(RESULT.suite == suite, RESULT.activity == activity) for suite, activity in activities]
    some = sa.and_(RESULT.business_date.between(since, until), sa.or_(sa.false(), *each))
    return _results(store, some, (RESULT.suite, RESULT.activity, RESULT.business_date))


def results_of_suite(store: Store, suite: str, since: date, until: date) -> list[Cell]:
    """Return the newest result, examples left out, of each activity and date of a suite, by activity and date."""
    own = sa.and_(RESULT.suite == suite, RESULT.business_date.between(since, until), ~_seeded(RESULT))
    return _results(store, own, (RESULT.activity, RESULT.business_date))


def green_runs(store: Store, suite: str, since: date, until: date) -> list[tuple[str, date, int]]:
    """Return in how many runs, not counting examples, each activity was green, as (activity, date, runs)."""
    query = (
        sa.select(RESULT.activity, RESULT.business_date, sa.func.count(sa.distinct(RESULT.run_id)).label("runs"))
        .where(RESULT.suite == suite, RESULT.business_date.between(since, until))
        .where(RESULT.verdict.in_([verdict.value for verdict in Verdict if verdict.green]))
        .where(~_seeded(RESULT))
        .group_by(RESULT.activity, RESULT.business_date)
    )
    return [(row["activity"], row["business_date"], row["runs"]) for row in _all(store, query)]


def differing_money(store: Store, results: Sequence[int]) -> dict[str, Decimal]:
    """Return the money that differs in results, by currency: of each result the column with the most."""
    money = tables.money.c
    most: dict[tuple[int, str], Decimal] = {}
    for start in range(0, len(results), 500):
        wanted = money.result_id.in_(results[start : start + 500])
        query = sa.select(money.result_id, money.currency, money.column_name, money.absolute).where(wanted)
        for row in _all(store, query):
            key = (row["result_id"], row["currency"])
            most[key] = max(most.get(key, Decimal(0)), Decimal(row["absolute"]))
    found: dict[str, Decimal] = {}
    for (_, currency), amount in most.items():
        found[currency] = found.get(currency, Decimal(0)) + amount
    return {currency: amount for currency, amount in sorted(found.items()) if amount}


def waivers_of(store: Store, results: Sequence[int]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Return the waivers that results applied, as (suite, activity, waiver)."""
    found = []
    for start in range(0, len(results), 500):
        wanted = RESULT.id.in_(results[start : start + 500])
        for row in _all(store, sa.select(RESULT.suite, RESULT.activity, RESULT.waivers).where(wanted)):
            found += [(row["suite"], row["activity"], waiver) for waiver in row["waivers"]]
    return found


def applied_waivers(
    store: Store, since: date, until: date
) -> list[tuple[str, str, date, Sequence[Mapping[str, Any]]]]:
    """Return what results made of waivers, as (suite, activity, date, waivers), the oldest first."""
    query = (
        sa.select(RESULT.suite, RESULT.activity, RESULT.business_date, RESULT.waivers)
        .where(RESULT.business_date.between(since, until), sa.cast(RESULT.waivers, sa.String) != "[]")
        .order_by(RESULT.business_date, RESULT.recorded, RESULT.id)
    )
    return [(row["suite"], row["activity"], row["business_date"], row["waivers"]) for row in _all(store, query)]


def open_incidents(store: Store) -> list[Incident]:
    """Return the open incidents, the oldest first."""
    alert = tables.alerts.c
    query = (
        sa.select(alert.suite, alert.activity, alert.incident, alert.opened_date, alert.severity)
        .where(alert.status == "open")
        .order_by(alert.opened, alert.fingerprint)
    )
    found: dict[str, Incident] = {}
    for row in _all(store, query):
        found.setdefault(
            row["incident"], Incident(row["suite"], row["activity"], row["opened_date"], row["severity"])
        )
    return list(found.values())


def control_totals_of(store: Store, results: Sequence[int]) -> dict[int, ControlTotals]:
    """Return the control totals of results by their number; none of a result that has none."""
    query = sa.select(RESULT.id, RESULT.control_totals).where(RESULT.id.in_(results))
    return {row["id"]: known for row in _all(store, query) if (known := totals_of(row["control_totals"]))}


def dates(store: Store) -> tuple[date, date] | None:
    """Return the first and the last business date of all runs; None when nothing has run."""
    first, last = _all(store, sa.select(sa.func.min(RUN.business_date), sa.func.max(RUN.business_date)))[
        0
    ].values()
    return (first, last) if first else None


def _results(store: Store, where: sa.ColumnElement[bool], per: Sequence[sa.ColumnElement[Any]]) -> list[Cell]:
    ranked = _ranked(RESULT.id, where, per, RESULT.business_date, RESULT.recorded)
    query = (
        sa.select(
            RESULT.suite,
            RESULT.activity,
            RESULT.business_date,
            RESULT.run_id,
            RESULT.verdict,
            _short(RESULT.reason),
            RESULT.severity,
            RESULT.recorded,
            RESULT.id.label("result"),
            RESULT.rows_legacy.label("rows"),
            sa.func.coalesce(RUN.id, 0).label("run"),
            sa.func.coalesce(RUN.wave, 0).label("wave"),
        )
        .join(ranked, RESULT.id == ranked.c.id)
        .outerjoin(
            tables.runs,
            sa.and_(*(RUN[name] == RESULT[name] for name in ("suite", "run_id", "business_date"))),
        )
        .order_by(RESULT.suite, RESULT.activity, RESULT.business_date)
    )
    return [_cell(row) for row in _all(store, query)]


def _ranked(
    number: sa.ColumnElement[Any],
    where: sa.ColumnElement[bool],
    per: Sequence[sa.ColumnElement[Any]],
    *newest: sa.ColumnElement[Any],
) -> sa.Subquery:
    """Return the numbers of the newest row of each ``per``."""
    order = [column.desc() for column in (*newest, number)]
    place = sa.func.row_number().over(partition_by=list(per), order_by=order).label("place")
    ranked = sa.select(number.label("id"), place).where(where).subquery()
    return sa.select(ranked.c.id).where(ranked.c.place == 1).subquery()


def _seeded(columns: sa.sql.base.ReadOnlyColumnCollection[str, Any]) -> sa.ColumnElement[bool]:
    found: sa.ColumnElement[bool] = columns["run_id"].startswith(SEEDED, autoescape=True)
    return found


def _short(column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    return sa.func.substr(column, 1, LONGEST_REASON).label("reason")


def _cell(row: Mapping[str, Any]) -> Cell:
    values = dict(row)
    verdict = values.pop("verdict")
    return Cell(day=values.pop("business_date"), verdict=Verdict(verdict) if verdict else None, **values)


def _all(store: Store, query: sa.Select[Any]) -> list[dict[str, Any]]:
    with store.engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]
