"""The queries of digest mode to either engine: digests, then the rows of some buckets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from parity.clients.athena_sql import Statement
from parity.flow.suite_run.digest.buckets import BucketDiff
from parity.flow.suite_run.digest.strategy import DigestPlan, Hashed
from parity.sql.columnar import Columnar
from parity.sql.columns import Column
from parity.sql.spark import Spark
from parity.sql.trino import Trino

Side = Literal["legacy", "target"]
TARGET_ROWS = "parity_source"
"""What the helper job calls the activity's rows."""


@dataclass(frozen=True)
class EngineSide:
    """The engine of one side, and what it reads."""

    dialect: Columnar
    side: Side
    source: str
    """What follows FROM."""


def legacy_side(query: Statement) -> EngineSide:
    """Return Athena's side."""
    return EngineSide(Trino(), "legacy", f"(\n{query.sql}\n) AS legacy")


def target_side() -> EngineSide:
    """Return Spark's side: the helper job makes a view of the activity's rows, all of one state of the table."""
    return EngineSide(Spark(), "target", TARGET_ROWS)


def columns_of(hashed: Iterable[Hashed], side: Side) -> list[Column]:
    """Return columns as one side holds them."""
    return [getattr(one, side) for one in hashed]


def digest_query(engine: EngineSide, plan: DigestPlan) -> str:
    """Return the query for the digests."""
    columns, key = columns_of(plan.hashed, engine.side), columns_of(plan.key, engine.side)
    return engine.dialect.digests(columns, key, engine.source, plan.buckets)


def rows_query(engine: EngineSide, plan: DigestPlan, buckets: BucketDiff) -> str:
    """Return the query for the rows of the buckets to export."""
    side, key = engine.side, columns_of(plan.key or plan.hashed, engine.side)
    inside = "1 = 1" if buckets.everything else engine.dialect.among(key, plan.buckets, buckets.inside)
    by_value = [getattr(one, side) for one in plan.by_value]
    always = [] if plan.whole_rows else [*(column.name for column in columns_of(plan.key, side)), *by_value]
    return engine.dialect.detail(getattr(plan, side), always, inside, engine.source)
