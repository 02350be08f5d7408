"""The queries of a digest plan: digests, then the rows of some buckets."""

from __future__ import annotations

from collections.abc import Callable

from parity.clients.athena_sql import Statement
from parity.flow.suite_run.digest.buckets import BucketDiff
from parity.flow.suite_run.digest.strategy import DigestPlan, Hashed
from parity.flow.suite_run.digest.survey import legacy_source, target_source
from parity.sql.columnar import Columnar
from parity.sql.columns import Column
from parity.sql.spark import Spark
from parity.sql.trino import Trino
from parity.suite.models import TargetSource

Side = Callable[[Hashed], Column]


def of_legacy(hashed: Hashed) -> Column:
    """Return a column as the legacy side holds it."""
    return hashed.legacy


def of_target(hashed: Hashed) -> Column:
    """Return a column as the target side holds it."""
    return hashed.target


def digest_legacy(plan: DigestPlan, query: Statement) -> Statement:
    """Return Athena's digests."""
    return Statement(_digest(Trino(), plan, of_legacy, legacy_source(query)), query.parameters)


def digest_target(plan: DigestPlan, target: TargetSource) -> str:
    """Return Spark's digests."""
    return _digest(Spark(), plan, of_target, target_source(target))


def rows_legacy(plan: DigestPlan, buckets: BucketDiff, query: Statement) -> Statement:
    """Return Athena's rows of the buckets to export."""
    always = (*(one.legacy.name for one in plan.key), *(one.legacy for one in plan.by_value))
    sql = _rows(Trino(), plan, buckets, of_legacy, (plan.legacy, always, legacy_source(query)))
    return Statement(sql, query.parameters)


def rows_target(plan: DigestPlan, buckets: BucketDiff, target: TargetSource) -> str:
    """Return Spark's rows of the buckets to export."""
    always = (*(one.target.name for one in plan.key), *(one.target for one in plan.by_value))
    return _rows(Spark(), plan, buckets, of_target, (plan.target, always, target_source(target)))


def _digest(dialect: Columnar, plan: DigestPlan, side: Side, source: str) -> str:
    columns, key = [side(one) for one in plan.hashed], [side(one) for one in plan.key]
    return dialect.digests(columns, key, source, plan.buckets)


def _rows(
    dialect: Columnar,
    plan: DigestPlan,
    buckets: BucketDiff,
    side: Side,
    parts: tuple[tuple[str, ...], tuple[str, ...], str],
) -> str:
    names, always, source = parts
    key = [side(one) for one in plan.key or plan.hashed]
    inside = "1 = 1" if buckets.everything else dialect.among(key, plan.buckets, buckets.inside)
    return dialect.detail(names, () if plan.whole_rows else always, inside, source)
