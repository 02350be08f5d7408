"""The survey of both engines before anything is digested: rows, columns, and how they format values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from parity.errors import ExportRefused
from parity.flow.suite_run.exports.fetch import Export
from parity.flow.suite_run.exports.parquet import ExportColumn
from parity.sql.columns import Kind
from parity.sql.conformance import ROWS, nonconforming

NAMES = (ExportColumn("name", "varchar"), ExportColumn("text", "varchar"))
"""Columns of an answer."""


@dataclass(frozen=True)
class Surveyed:
    """One engine's answer."""

    rows: int
    columns: tuple[ExportColumn, ...]
    nonconforming: Mapping[Kind, str] = field(default_factory=dict)
    """Kinds that the engine writes otherwise than the reference, each with an example."""
    version: str = ""
    """State of the table, by which a change is seen; empty when it has none."""


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
