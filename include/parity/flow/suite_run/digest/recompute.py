"""Recomputes the digests of the exported rows on the worker, with DuckDB.

If the exported rows of a bucket do not have the digest that their engine computed, then the engine did not hash
what it stores, or the table changed meanwhile: nothing may be concluded. As a canary, each hashed column is
changed in one row, which must change the digest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parity.compare.result import CanaryCheck
from parity.errors import ExportRefused
from parity.flow.suite_run.digest.buckets import BucketDiff, Line
from parity.flow.suite_run.digest.queries import Side, columns_of
from parity.flow.suite_run.digest.strategy import DigestPlan
from parity.flow.suite_run.exports.fetch import Export
from parity.sql.columns import Column, Kind
from parity.sql.duckdb_dialect import STATISTICS_OPTIMIZER, DuckDB, read_parquet

_CHANGES: Mapping[Kind, str] = {
    Kind.INTEGER: "coalesce({0}::HUGEINT + 1, 0)",
    Kind.DECIMAL: "coalesce(CASE WHEN {0} > 0 THEN {0} - {1} ELSE {0} + {1} END, 0)",
    Kind.BOOLEAN: "coalesce(NOT {0}, true)",
    Kind.DATE: "coalesce({0} + 1, DATE '2000-01-01')",
    Kind.TIMESTAMP: "coalesce(CAST({0} AS TIMESTAMP) + INTERVAL 1 MICROSECOND, TIMESTAMP '2000-01-01')",
    Kind.TEXT: "coalesce({0} || 'x', '')",
    Kind.BINARY: "coalesce({0} || '\\x00'::BLOB, ''::BLOB)",
}
"""The smallest change of a value {0}, for a decimal by its last digit {1}; a NULL becomes a value."""


def verify_digests(plan: DigestPlan, buckets: BucketDiff, legacy: Export, target: Export) -> CanaryCheck:
    """Recompute the digests of the exported rows; ExportRefused when an engine computed others."""
    checks = [_verify("legacy", plan, buckets, legacy), _verify("target", plan, buckets, target)]
    return next((one for one in checks if one.planted), CanaryCheck(0, ()))


def _verify(side: Side, plan: DigestPlan, buckets: BucketDiff, export: Export) -> CanaryCheck:
    lines = {one.bucket: line for one in buckets.seen if (line := getattr(one, side)) is not None}
    if not lines:
        return CanaryCheck(0, ())
    columns, key = columns_of(plan.hashed, side), columns_of(plan.key, side)
    with _Worker(export, columns, key, plan.buckets) as worker:
        found = worker.digests(sorted(lines))
        for bucket, line in lines.items():
            if found.get(bucket) != line:
                raise ExportRefused(
                    f"The {side} rows of bucket {bucket} do not have the digest that their engine computed"
                    f" ({_text(line)}; here {_text(found.get(bucket))}).",
                    remedy="The table changed meanwhile, or the engine formats a value otherwise: clear the"
                    " activity's tasks, and declare mode rows if it happens again.",
                )
        return worker.canary(min(lines))


def _text(line: Line | None) -> str:
    return f"{line[0]:,} rows, sums {'/'.join(f'{total:x}' for total in line[2])}" if line else "no rows"


class _Worker:
    """A DuckDB over one side's exported rows."""

    def __init__(self, export: Export, columns: Sequence[Column], key: Sequence[Column], buckets: int) -> None:
        self._export, self._columns, self._key, self._buckets = export, columns, key, buckets
        self._duck = DuckDB()

    def __enter__(self) -> _Worker:
        import duckdb

        self._connection = duckdb.connect(config={"disabled_optimizers": STATISTICS_OPTIMIZER})
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute(f"CREATE VIEW rows AS SELECT * FROM {read_parquet(self._export.files)}")
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def digests(self, wanted: Sequence[int]) -> dict[int, Line]:
        """Return the digests of some buckets."""
        among = self._duck.among(self._key or self._columns, self._buckets, wanted)
        return self._query(f"rows WHERE {among}")

    def canary(self, bucket: int) -> CanaryCheck:
        """Change one row of a bucket, one column at a time, and return the changes that its digest misses."""
        among = self._duck.among(self._key or self._columns, self._buckets, [bucket])
        self._connection.execute(f"CREATE TEMP TABLE one AS SELECT * FROM rows WHERE {among} LIMIT 1")
        before = self._query("one")
        blind = (column.name for column in self._columns if self._query(self._changed(column)) == before)
        return CanaryCheck(len(self._columns), tuple(blind))

    def _changed(self, column: Column) -> str:
        name = self._duck.quote(column.name)
        step = f"0.{'0' * (column.scale - 1)}1" if column.scale else "1"
        value = _CHANGES[column.kind].format(name, step)
        return f"(SELECT * REPLACE ({value} AS {name}) FROM one) AS changed"

    def _query(self, source: str) -> dict[int, Line]:
        sql = self._duck.digests(self._columns, self._key, source, self._buckets)
        rows = self._connection.execute(sql).fetchall()
        return {int(bucket): (int(n), int(doubled), tuple(map(int, sums))) for bucket, n, doubled, *sums in rows}
