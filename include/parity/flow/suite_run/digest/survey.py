"""The survey of both engines before anything is digested: rows, columns, and how they format values."""

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
    unversioned: bool = False
    """Whether the table has no version by which a change could be seen."""


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
    """Return an engine's answer; ExportRefused when it has no number of rows."""
    import pyarrow.parquet as pq

    answers = {line["name"]: line["text"] for file in answer.files for line in pq.read_table(file).to_pylist()}
    if not str(answers.get(ROWS)).isdecimal():
        raise ExportRefused("A survey has no number of rows.", remedy="Clear its task to query again.")
    return Surveyed(int(answers[ROWS]), tuple(columns), nonconforming(answers))


def target_columns(answer: Export) -> tuple[ExportColumn, ...]:
    """Return the target's columns, which the helper job reports beside its answer."""
    listed = answer.source.get("columns")
    if not listed:
        raise ExportRefused(
            "The helper job does not report the table's columns.",
            remedy="Install the helper job of this version of Parity in the workspace.",
        )
    return tuple(ExportColumn(one["name"], one["type"]) for one in listed)
