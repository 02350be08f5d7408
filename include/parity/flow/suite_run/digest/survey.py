"""What both engines say before anything is digested: how many rows, which columns, and how they write values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from parity.clients.athena_sql import Statement
from parity.errors import ExportRefused
from parity.flow.suite_run.exports.fetch import Export
from parity.flow.suite_run.exports.parquet import ExportColumn
from parity.sql.columns import Kind
from parity.sql.conformance import ROWS, conformance_query, nonconforming
from parity.sql.spark import Spark
from parity.sql.trino import Trino
from parity.suite.models import TargetSource

NAMES = (ExportColumn("name", "varchar"), ExportColumn("text", "varchar"))
"""Columns of an answer."""


@dataclass(frozen=True)
class Surveyed:
    """One engine's answer."""

    rows: int
    columns: tuple[ExportColumn, ...]
    nonconforming: Mapping[Kind, str] = field(default_factory=dict)
    """Kinds that the engine writes otherwise than the reference, each with an example."""
    nameless: bool = False
    """Whether the rows' state has no name by which a change could be seen."""


def legacy_source(query: Statement) -> str:
    """Return what follows FROM on the legacy side."""
    return f"(\n{query.sql}\n) AS legacy"


def target_source(target: TargetSource) -> str:
    """Return what follows FROM on the target side."""
    table = ".".join(Spark().quote(part) for part in target.table.split("."))
    return f"{table} WHERE ({target.where})" if target.where else table


def ask_legacy(query: Statement) -> Statement:
    """Return the survey of the legacy side."""
    return Statement(conformance_query(Trino(), legacy_source(query)), query.parameters)


def ask_target(target: TargetSource) -> str:
    """Return the survey of the target side."""
    return conformance_query(Spark(), target_source(target))


def read(answer: Export, columns: Sequence[ExportColumn]) -> Surveyed:
    """Return what an engine answered; ExportRefused when it said nothing of its rows."""
    import pyarrow.parquet as pq

    told = {line["name"]: line["text"] for file in answer.files for line in pq.read_table(file).to_pylist()}
    if not str(told.get(ROWS)).isdecimal():
        raise ExportRefused(
            "A survey does not say how many rows there are.", remedy="Clear its task to ask again."
        )
    return Surveyed(int(told[ROWS]), tuple(columns), nonconforming(told))


def target_columns(answer: Export) -> tuple[ExportColumn, ...]:
    """Return the target's columns, which the helper job tells beside its answer."""
    listed = answer.source.get("columns")
    if not listed:
        raise ExportRefused(
            "The helper job does not tell the table's columns.",
            remedy="Install the helper job of this version of Parity in the workspace.",
        )
    return tuple(ExportColumn(one["name"], one["type"]) for one in listed)
