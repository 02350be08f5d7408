"""Rows of the store for whoever keeps them elsewhere: flat, in an order that stays, a page at a time.

A page begins after the key of the last row before it, so that a late one costs no more than the first.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from parity.compare.result import Verdict
from parity.errors import BadInput
from parity.history import tables
from parity.history.rows import totals_of
from parity.history.store import Store

RUN, RESULT = tables.runs.c, tables.results.c
NAMED = (RESULT.business_date, RESULT.suite, RESULT.activity)
COUNTED = (
    *(column.name for column in NAMED),
    *("glue_wrote", "data_factory_read", "data_factory_copied", "athena_returned", "databricks_exported"),
    *("gaps", "money"),
)
"""Columns of the control totals."""
Key = Sequence[Any]
"""What places a row in the order of its table, as JSON has it."""


@dataclass(frozen=True)
class Listed:
    """One page of a table."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    last: Key | None
    """The key of the last row, where more follow."""


@dataclass(frozen=True)
class Chosen:
    """Which rows are asked for; None means all."""

    suite: str | None = None
    activity: str | None = None
    verdict: Verdict | None = None
    since: date | None = None
    until: date | None = None


def runs(store: Store, chosen: Chosen, limit: int, after: Key | None) -> Listed:
    """Return the runs, the oldest first."""
    query = _of(sa.select(tables.runs), chosen, tables.runs)
    return _listed(store, query, (RUN.business_date, RUN.suite, RUN.id), limit, after)


def results(store: Store, chosen: Chosen, limit: int, after: Key | None) -> Listed:
    """Return the newest result of each activity and business date, the oldest first."""
    plain = [column for column in tables.results.columns if not isinstance(column.type, sa.JSON)]
    facts = [column for column in plain if column.name not in ("id", "report")]
    return _listed(store, _newest(sa.select(*facts), chosen), NAMED, limit, after)


def causes(store: Store, chosen: Chosen, limit: int, after: Key | None) -> Listed:
    """Return the causes of those results by column."""
    return _parts(store, chosen, tables.causes, limit, after)


def money(store: Store, chosen: Chosen, limit: int, after: Key | None) -> Listed:
    """Return the sums in money of those results by column and currency."""
    return _parts(store, chosen, tables.money, limit, after)


def control_totals(store: Store, chosen: Chosen, limit: int, after: Key | None) -> Listed:
    """Return what each cloud counted of those results; sums of money are text."""
    query = _newest(sa.select(*NAMED, RESULT.control_totals), chosen).where(RESULT.control_totals.is_not(None))
    found = _listed(store, query, NAMED, limit, after)
    return Listed(COUNTED, [(*named, *_counted(stored)) for *named, stored in found.rows], found.last)


def _counted(stored: dict[str, Any]) -> tuple[Any, ...]:
    totals = totals_of(stored)
    counts = (stored[name] for name in ("glue", "read", "copied", "athena", "databricks"))
    return (*counts, totals.gaps if totals else (), stored["money"])


def _parts(store: Store, chosen: Chosen, part: sa.Table, limit: int, after: Key | None) -> Listed:
    facts = [column for column in part.columns if column.name not in ("result_id", "position")]
    query = _newest(sa.select(*NAMED, *facts), chosen).join(part, part.c.result_id == RESULT.id)
    return _listed(store, query, (*NAMED, part.c.position), limit, after)


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


def _listed(
    store: Store, query: sa.Select[Any], key: Sequence[sa.ColumnElement[Any]], limit: int, after: Key | None
) -> Listed:
    """Return the rows after a key; one more is read, to know whether others follow."""
    if after is not None:
        first, *_ = places = _places(key, after)
        # The first comparison follows from the second, and lets every database use its index.
        query = query.where(key[0] >= first, sa.tuple_(*key) > sa.tuple_(*places))
    query = query.add_columns(*key).order_by(*key).limit(limit + 1)
    with store.engine.connect() as connection:
        found = connection.execute(query)
        columns, rows = list(found.keys())[: -len(key)], [tuple(row) for row in found]
    last = rows[limit - 1][len(columns) :] if len(rows) > limit else None
    return Listed(columns, [row[: len(columns)] for row in rows[:limit]], last)


def _places(key: Sequence[sa.ColumnElement[Any]], after: Key) -> list[sa.BindParameter[Any]]:
    """Return a key as values of its columns; BadInput when it is none of this table."""
    try:
        values = [_as(column.type.python_type, value) for column, value in zip(key, after, strict=True)]
    except (TypeError, ValueError) as error:
        raise no_such_row(after) from error
    return [sa.literal(value, column.type) for column, value in zip(key, values, strict=True)]


def no_such_row(after: Key) -> BadInput:
    """Return the error that a key is none of the table."""
    return BadInput(
        f"No row of this table has the key {list(after)}.", remedy="Take after from next, or leave it out."
    )


def _as(kind: type[Any], value: Any) -> Any:
    return date.fromisoformat(value) if kind is date else kind(value)
