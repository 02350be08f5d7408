"""The demo's tables with small made-up rows on both sides, written without a job of either cloud."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from conftest import RunningSandbox
from parity_sandbox.world import aws, azure, publishing
from parity_sandbox.world.places import JOBS, PRODUCTS, Product

DAY = date(2026, 3, 2)
ROWS = 120
RENAMED = {"merch_ref": "merchant_ref"}
DROPPED = ("batch_no",)
TYPES: dict[str, Any] = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "decimal(18,2)": pa.decimal128(18, 2),
    "decimal(9,4)": pa.decimal128(9, 4),
    "decimal(7,4)": pa.decimal128(7, 4),
}


def fill(running: RunningSandbox) -> None:
    """Make both clouds' jobs and tables, and rows of one date."""
    state = running.state
    aws.build_legacy(running.endpoints, ())
    azure.make_containers(running.endpoints, state)
    for product in PRODUCTS:
        script = (JOBS / "migrated" / f"{product.activity}.py").read_text()
        publishing.publish_script(state, product.activity, script)
    publishing.publish_helper(state)
    azure.make_factory(running.endpoints, azure.make_databricks_jobs(running.endpoints))
    s3, lake = running.aws("s3"), state / "adls" / running.endpoints.storage_account / "lake" / "payments"
    for product in PRODUCTS:
        rows = made(product)
        buffer = io.BytesIO()
        parquet.write_table(_table(product, rows, "ms"), buffer)
        key = f"{product.table}/{product.partition}={DAY}/a.parquet"
        s3.put_object(Bucket=running.endpoints.legacy_bucket, Key=key, Body=buffer.getvalue())
        _land(lake / product.table / f"{product.partition}={DAY}", _table(product, rows, "us"))
    aws.register_partitions(running.endpoints)


def made(product: Product) -> dict[str, list[Any]]:
    """Return the rows of a table, column by column."""
    random = Random(product.table)
    return {
        name: [_value(product, name, kind, at, random) for at in range(ROWS)] for name, kind in product.columns
    }


def _value(product: Product, name: str, kind: str, at: int, random: Random) -> Any:
    if product.table == "settlements" and name in ("client_id", "currency"):
        return f"cl_{at // 3:04d}" if name == "client_id" else ("EUR", "GBP", "USD")[at % 3]
    if name == product.columns[0][0] and product.table != "ad_spend":
        return f"{name[:2]}_{at:05d}"
    if name == "campaign_id":
        return f"ca_{at:05d}"
    if kind == "string":
        return f"{name} {random.randrange(20)}"
    if kind.startswith("decimal"):
        return Decimal(random.randrange(10_000)).scaleb(-int(kind[-2]))
    if kind == "timestamp":
        return datetime(2026, 3, 2) + timedelta(milliseconds=random.randrange(86_400_000))  # noqa: DTZ001
    if kind == "date":
        return DAY + timedelta(days=random.randrange(40))
    return {"double": random.random(), "boolean": random.random() < 0.7}.get(kind, random.randrange(5000))


def _table(product: Product, rows: dict[str, list[Any]], unit: str) -> pa.Table:
    kinds = dict(product.columns)
    types = {name: TYPES.get(kind) or pa.timestamp(unit) for name, kind in kinds.items()}
    return pa.table({name: pa.array(values, types[name]) for name, values in rows.items()})


def _land(folder: Path, table: pa.Table) -> None:
    folder.mkdir(parents=True)
    names = [RENAMED.get(name, name) for name in table.column_names]
    landed = table.rename_columns(names).drop_columns([name for name in DROPPED if name in names])
    if "settled_at" in names:
        at = names.index("settled_at")
        finer = [moment + timedelta(microseconds=7) for moment in landed["settled_at"].to_pylist()]
        landed = landed.set_column(at, "settled_at", pa.array(finer, pa.timestamp("us")))
    parquet.write_table(landed, folder / "a.parquet")
