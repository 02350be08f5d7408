"""Between records and the rows of tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any, TypeVar

import sqlalchemy as sa

from parity.compare.control_totals import ControlTotals
from parity.compare.result import CauseCount, ColumnFacts, Money, MoneyTotal, Rows, Verdict
from parity.history import tables
from parity.history.records import ActivityKey, ActivityRecord, ExpectationResult, RemoteRun, RunRecord
from parity.suite.models import Cause

COUNTS = tuple(field.name for field in fields(Rows))
AS_IS = (
    "reason",
    "recorded",
    "first_broken",
    "seconds",
    "report",
    "suite_sha",
    "bytes_scanned",
    "broken_stage",
    "caused_by",
)
"""Fields of a result that are columns as they are."""
Row = Mapping[str, Any]
Part = TypeVar("Part", ExpectationResult, RemoteRun)
Parts = Mapping[str, Sequence[Row]]
"""Rows of each part of one result, by table name."""


def run_values(run: RunRecord) -> dict[str, Any]:
    """Return a run as column values, without its number."""
    values = asdict(run)
    del values["id"]
    return {**values, "verdict": run.verdict.value if run.verdict else None}


def run_record(row: Row) -> RunRecord:
    """Return the run that a row holds."""
    return RunRecord(**{**row, "verdict": Verdict(row["verdict"]) if row["verdict"] else None})


def result_values(record: ActivityRecord) -> dict[str, Any]:
    """Return a result as column values, without its parts."""
    return {
        **asdict(record.key),
        **{f"rows_{name}": getattr(record.rows, name) for name in COUNTS},
        **{name: getattr(record, name) for name in AS_IS},
        "verdict": record.verdict.value,
        "severity": str(record.severity),
        "waivers": [_plain(waiver) for waiver in record.waivers],
        "cost_usd": str(record.cost_usd),
        "control_totals": _plain(asdict(record.control_totals)) if record.control_totals else None,
    }


def parts(record: ActivityRecord) -> list[tuple[sa.Table, list[dict[str, Any]]]]:
    """Return the rows of each part, in order, without the result's id."""
    return [
        (tables.columns, _placed(_column(column) for column in record.columns)),
        (tables.causes, _placed(_cause(c, cause) for c in record.columns for cause in c.causes)),
        (tables.money, _placed(_money(c, money) for c in record.columns for money in c.money)),
        (tables.findings, _placed(_words(finding) for finding in record.findings)),
        (tables.remote_runs, _placed(_words(run) for run in record.remote_runs)),
    ]


def activity_record(row: Row, found: Parts) -> ActivityRecord:
    """Return the result that a row and its parts hold."""
    return ActivityRecord(
        key=ActivityKey(**{field.name: row[field.name] for field in fields(ActivityKey)}),
        verdict=Verdict(row["verdict"]),
        rows=Rows(**{name: row[f"rows_{name}"] for name in COUNTS}),
        columns=tuple(_column_facts(column, found) for column in found[tables.columns.name]),
        findings=tuple(_without_place(ExpectationResult, part) for part in found[tables.findings.name]),
        remote_runs=tuple(_without_place(RemoteRun, part) for part in found[tables.remote_runs.name]),
        severity=row["severity"],
        waivers=tuple(row["waivers"]),
        cost_usd=Decimal(row["cost_usd"]),
        control_totals=totals_of(row["control_totals"]),
        **{name: row[name] for name in AS_IS},
    )


def totals_of(stored: Row | None) -> ControlTotals | None:
    """Return the control totals that a column of JSON holds."""
    if stored is None:
        return None
    money = (
        MoneyTotal(one["column"], one["currency"], Decimal(one["legacy"]), Decimal(one["target"]))
        for one in stored["money"]
    )
    return ControlTotals(**{**stored, "money": tuple(money)})


def _placed(values: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"position": position, **value} for position, value in enumerate(values)]


def _column(column: ColumnFacts) -> dict[str, Any]:
    return {"name": column.name, "compared": column.compared, "different": column.different}


def _cause(column: ColumnFacts, cause: CauseCount) -> dict[str, Any]:
    return {
        "column_name": column.name,
        "cause": str(cause.cause),
        "row_count": cause.rows,
        "detail": cause.detail,
    }


def _money(column: ColumnFacts, money: Money) -> dict[str, Any]:
    return {
        "column_name": column.name,
        "currency": money.currency,
        "net": str(money.net),
        "absolute": str(money.absolute),
        "row_count": money.rows,
    }


def _words(part: ExpectationResult | RemoteRun) -> dict[str, Any]:
    return {name: str(value) for name, value in asdict(part).items()}


def _column_facts(column: Row, found: Parts) -> ColumnFacts:
    name = column["name"]
    return ColumnFacts(
        name=name,
        compared=column["compared"],
        different=column["different"],
        causes=tuple(
            CauseCount(Cause(part["cause"]), part["row_count"], part["detail"])
            for part in found[tables.causes.name]
            if part["column_name"] == name
        ),
        money=tuple(
            Money(part["currency"], Decimal(part["net"]), Decimal(part["absolute"]), part["row_count"])
            for part in found[tables.money.name]
            if part["column_name"] == name
        ),
    )


def _without_place(kind: type[Part], row: Row) -> Part:
    return kind(**{field.name: row[field.name] for field in fields(kind)})


def _plain(value: Any) -> Any:
    """Return a waiver as JSON holds it: dates and decimals as text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
