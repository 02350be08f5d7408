"""Run queries: a time window, filters, an order, and pages with a continuation token. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from parity_sandbox.azure.adf.arm import ArmError
from parity_sandbox.azure.adf.expressions.dates import read
from parity_sandbox.azure.adf.expressions.errors import ExpressionError

PAGE = 100
Row = Mapping[str, Any]
OPERATORS: Mapping[str, Callable[[str, Sequence[str]], bool]] = {
    "Equals": lambda value, wanted: value in wanted[:1],
    "NotEquals": lambda value, wanted: value not in wanted[:1],
    "In": lambda value, wanted: value in wanted,
    "NotIn": lambda value, wanted: value not in wanted,
}


@dataclass(frozen=True)
class Table:
    """What may be asked of one kind of row: operand → field, and the field that the window looks at."""

    operands: Mapping[str, str]
    updated: Callable[[Row], datetime]


def bad(message: str, target: str = "") -> ArmError:
    """Return the error of a query that makes no sense."""
    return ArmError(400, "BadRequest", message, target=target)


@dataclass(frozen=True)
class Filter:
    """One condition."""

    operand: str
    operator: str
    values: tuple[str, ...]

    @classmethod
    def parse(cls, plain: Any, table: Table) -> Self:
        """Read a condition; ArmError 400 when it is unknown."""
        if not isinstance(plain, Mapping):
            raise bad("A filter must be an object with operand, operator and values.", "filters")
        operand, operator = plain.get("operand"), plain.get("operator")
        if operand != "LatestOnly" and operand not in table.operands:
            raise bad(f"The filter operand '{operand}' is not supported.", "filters")
        if operator not in OPERATORS:
            raise bad(f"The filter operator '{operator}' is not supported.", "filters")
        values = plain.get("values") or []
        if not isinstance(values, list):
            raise bad("The values of a filter must be a list.", "filters")
        return cls(str(operand), str(operator), tuple(str(value) for value in values))

    def admits(self, row: Row, table: Table) -> bool:
        """Return whether a row meets the condition."""
        if self.operand == "LatestOnly":
            return row["isLatest"] or "true" not in (value.lower() for value in self.values)
        return OPERATORS[self.operator](_field(row, table.operands[self.operand]), self.values)


def _field(row: Row, path: str) -> str:
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return "" if value is None else str(value)


@dataclass(frozen=True)
class Query:
    """A parsed query."""

    table: Table
    after: datetime
    before: datetime
    filters: tuple[Filter, ...]
    order: tuple[tuple[str, bool], ...]
    """Field, and whether it descends."""
    start: int

    @classmethod
    def parse(cls, plain: Mapping[str, Any], table: Table) -> Self:
        """Read a query's JSON; ArmError 400 says what is wrong with it."""
        filters, order = plain.get("filters") or [], plain.get("orderBy") or []
        if not isinstance(filters, list) or not isinstance(order, list):
            raise bad("filters and orderBy must be lists.")
        return cls(
            table=table,
            after=_bound(plain, "lastUpdatedAfter"),
            before=_bound(plain, "lastUpdatedBefore"),
            filters=tuple(Filter.parse(one, table) for one in filters),
            order=tuple(_order(one, table) for one in order),
            start=_offset(plain.get("continuationToken")),
        )

    def page(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Return one page of the rows that meet the query, with the token of the next."""
        found = [row for row in rows if self._admits(row)]
        for path, descends in reversed(self.order):
            found.sort(key=lambda row: _field(row, path), reverse=descends)
        end = self.start + PAGE
        answer: dict[str, Any] = {"value": found[self.start : end]}
        if end < len(found):
            answer["continuationToken"] = base64.b64encode(f"offset:{end}".encode()).decode()
        return answer

    def _admits(self, row: Row) -> bool:
        inside = self.after <= self.table.updated(row) <= self.before
        return inside and all(one.admits(row, self.table) for one in self.filters)


def _bound(plain: Mapping[str, Any], name: str) -> datetime:
    if name not in plain:
        raise bad(f"The property '{name}' is required.", name)
    try:
        return read(plain[name])
    except ExpressionError as error:
        raise bad(f"The property '{name}' is not a date and time: {error}", name) from error


def _order(plain: Any, table: Table) -> tuple[str, bool]:
    if not isinstance(plain, Mapping) or plain.get("orderBy") not in table.operands:
        raise bad(f"Cannot order by {plain!r}.", "orderBy")
    if plain.get("order") not in {"ASC", "DESC"}:
        raise bad("The order must be ASC or DESC.", "orderBy")
    return table.operands[plain["orderBy"]], plain["order"] == "DESC"


def _offset(token: Any) -> int:
    if not token:
        return 0
    try:
        kind, _, number = base64.b64decode(token, validate=True).decode().partition(":")
    except (binascii.Error, TypeError, ValueError):
        kind = number = ""
    if kind != "offset" or not number.isdigit():
        raise bad("The continuation token is not valid.", "continuationToken")
    return int(number)


def _updated(name: str, otherwise: str = "") -> Callable[[Row], datetime]:
    return lambda row: read(row.get(name) or row[otherwise or name])


PIPELINE_RUNS = Table(
    {
        "PipelineName": "pipelineName",
        "Status": "status",
        "RunStart": "runStart",
        "RunEnd": "runEnd",
        "RunGroupId": "runGroupId",
        "TriggerName": "invokedBy.name",
        "TriggerId": "invokedBy.id",
    },
    _updated("lastUpdated"),
)
ACTIVITY_RUNS = Table(
    {
        "ActivityName": "activityName",
        "ActivityType": "activityType",
        "ActivityRunStart": "activityRunStart",
        "ActivityRunEnd": "activityRunEnd",
        "PipelineName": "pipelineName",
        "Status": "status",
    },
    _updated("activityRunEnd", "activityRunStart"),
)
