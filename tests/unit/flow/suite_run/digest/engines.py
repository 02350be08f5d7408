"""Digest mode with DuckDB standing for both engines: the whole flow on two tables, in a second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from parity.compare import Source, Spec, compare
from parity.compare.result import Result
from parity.flow.suite_run.digest.buckets import BucketDiff, compare_digests
from parity.flow.suite_run.digest.merge_result import merge_result
from parity.flow.suite_run.digest.queries import EngineSide, Side, digest_query, rows_query
from parity.flow.suite_run.digest.recompute import verify_digests
from parity.flow.suite_run.digest.strategy import DigestPlan, choose
from parity.flow.suite_run.digest.survey import Surveyed
from parity.flow.suite_run.exports.fetch import Export
from parity.flow.suite_run.exports.parquet import ExportColumn, columns_of, read_footer
from parity.sql.duckdb_dialect import DuckDB
from parity.suite.models import Activity, Mode

DAY = date(2026, 3, 2)
SIDES: tuple[Side, Side] = ("legacy", "target")
_NAMES = {"int64": "bigint", "int32": "integer", "string": "varchar", "bool": "boolean", "date32[day]": "date"}
_NAMES |= {"double": "double", "binary": "varbinary", "timestamp[us]": "timestamp"}


def activity(**declared: Any) -> Activity:
    """Return an activity with the key ``id``."""
    base = {"name": "settle", "legacy": {"sql": "-"}, "target": {"table": "t"}, "key": ["id"], "mode": "digest"}
    return Activity.model_validate({**base, **declared})


def native(kind: pa.DataType) -> str:
    """Return an engine's words for a type."""
    words = str(kind).replace("decimal128", "decimal")
    return _NAMES.get(words, words)


def surveyed(table: pa.Table, natives: Mapping[str, str] | None = None, **more: Any) -> Surveyed:
    """Return what an engine would tell of a table; ``natives`` are types that Arrow has no word for."""
    reported = {field.name: native(field.type) for field in table.schema} | dict(natives or {})
    columns = tuple(ExportColumn(name, kind) for name, kind in reported.items())
    return Surveyed(table.num_rows, columns, **{"version": "v1", **more})


def duckdb_side(side: Side) -> EngineSide:
    """Return DuckDB in the place of one side's engine."""
    return EngineSide(DuckDB(), side, "t")


@dataclass(frozen=True)
class Pair:
    """Two tables, and what has to be equal in them."""

    folder: Path
    legacy: pa.Table
    target: pa.Table
    asked: Activity
    natives: Mapping[str, str] = field(default_factory=dict)
    """Types of the legacy side that Arrow has no word for."""

    def plan(self) -> DigestPlan:
        """Return the way that is chosen."""
        legacy = surveyed(self.legacy, self.natives)
        return choose(self.asked, self.asked.mode or Mode.ROWS, 10, legacy, surveyed(self.target))

    def export(self, name: str, table: pa.Table, sql: str, **source: str) -> Export:
        """Return what an engine answers to a query over ``t``."""
        source = {"query": f"query of {name}", "export": f"export of {name}", **source}
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("t", table)
        path = self.folder / f"{name}.parquet"
        pq.write_table(connection.sql(sql).to_arrow_table(), path)
        footer = read_footer(path, name)
        return Export(self.folder, (path,), footer.rows, path.stat().st_size, columns_of(footer), source)

    def buckets(self, plan: DigestPlan, **tables: pa.Table) -> BucketDiff:
        """Return what both digests say; ``tables`` digests other rows than those that are exported."""
        digests = (
            self.export(
                f"digest-{side}",
                tables.get(side, getattr(self, side)),
                digest_query(duckdb_side(side), plan),
                version="v1",
            )
            for side in SIDES
        )
        return compare_digests(*digests, DAY)

    def rows(self, plan: DigestPlan, buckets: BucketDiff) -> tuple[Export, Export]:
        """Return the rows that travel."""
        legacy, target = (
            self.export(
                f"rows-{side}", getattr(self, side), rows_query(duckdb_side(side), plan, buckets), version="v1"
            )
            for side in SIDES
        )
        return legacy, target

    def result(self, **digested: pa.Table) -> Result:
        """Return the result of digest mode."""
        plan = self.plan()
        assert plan.mode is Mode.DIGEST, plan.reason
        buckets = self.buckets(plan, **digested)
        legacy, target = self.rows(plan, buckets)
        found = compare(Source.of(*legacy.files), Source.of(*target.files), self.spec())
        return merge_result(found, plan, buckets, verify_digests(plan, buckets, legacy, target))

    def rows_result(self) -> Result:
        """Return the result of mode rows."""
        sides = (self.export(f"all-{name}", getattr(self, name), "FROM t") for name in ("legacy", "target"))
        return compare(*(Source.of(*side.files) for side in sides), self.spec())

    def spec(self) -> Spec:
        """Return how rows are compared."""
        return Spec.of_activity(self.asked, scratch=self.folder, memory="500MB")
