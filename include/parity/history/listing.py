"""Rows of the store for whoever keeps them elsewhere: flat, in an order that stays, a page at a time."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from parity.compare.result import Verdict
from parity.history import tables
from parity.history.store import Store

RUN, RESULT = tables.runs.c, tables.results.c
NAMED = (RESULT.business_date, RESULT.suite, RESULT.activity)
Rows = tuple[Sequence[str], list[tuple[Any, ...]]]
"""Names of columns, and rows."""


@dataclass(frozen=True)
class Chosen:
    """Which rows are asked for; None means all."""

    suite: str | None = None
    activity: str | None = None
    verdict: Verdict | None = None
    since: date | None = None
    until: date | None = None


def runs(store: Store, chosen: Chosen, limit: int, skip: int) -> Rows:
    """Return the runs, the oldest first."""
    query = _of(sa.select(tables.runs), chosen, tables.runs).order_by(RUN.business_date, RUN.suite, RUN.id)
    return _rows(store, query.limit(limit).offset(skip))


def results(store: Store, chosen: Chosen, limit: int, skip: int) -> Rows:
    """Return the newest result of each activity and business date, the oldest first."""
    plain = [column for column in tables.results.columns if not isinstance(column.type, sa.JSON)]
    facts = [column for column in plain if column.name not in ("id", "report")]
    return _rows(store, _newest(sa.select(*facts), chosen).order_by(*NAMED).limit(limit).offset(skip))


def causes(store: Store, chosen: Chosen, limit: int, skip: int) -> Rows:
    """Return the causes of those results by column."""
    return _parts(store, chosen, tables.causes, limit, skip)


def money(store: Store, chosen: Chosen, limit: int, skip: int) -> Rows:
    """Return the sums in money of those results by column and currency."""
    return _parts(store, chosen, tables.money, limit, skip)


def _parts(store: Store, chosen: Chosen, part: sa.Table, limit: int, skip: int) -> Rows:
    facts = [column for column in part.columns if column.name not in ("result_id", "position")]
    query = _newest(sa.select(*NAMED, *facts), chosen).join(part, part.c.result_id == RESULT.id)
    return _rows(store, query.order_by(*NAMED, part.c.position).limit(limit).offset(skip))


def _newest(query: sa.Select[Any], chosen: Chosen) -> sa.Select[Any]:
    """Keep the newest result of each activity and date; its key is the index that finds the others."""
    other = tables.results.alias("other")
    newest = (
        sa.select(other.c.id)
        .where(*(other.c[name] == RESULT[name] for name in ("suite", "activity", "business_date")))
        .order_by(other.c.recorded.desc(), other.c.id.desc())
        .limit(1)
        .correlate(tables.results)
        .scalar_subquery()
    )
    return _of(query.select_from(tables.results).where(RESULT.id == newest), chosen, tables.results)


def _of(query: sa.Select[Any], chosen: Chosen, table: sa.Table) -> sa.Select[Any]:
    for name, column, holds in (
        ("suite", "suite", operator.eq),
        ("activity", "activity", operator.eq),
        ("verdict", "verdict", operator.eq),
        ("since", "business_date", operator.ge),
        ("until", "business_date", operator.le),
    ):
        if (wanted := getattr(chosen, name)) is not None:
            query = query.where(holds(table.c[column], wanted))
    return query


def _rows(store: Store, query: sa.Select[Any]) -> Rows:
    with store.engine.connect() as connection:
        found = connection.execute(query)
        return list(found.keys()), [tuple(row) for row in found]
