"""Whether a rule makes two values equal, computed from their texts without the SQL that compares rows."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal, InvalidOperation

from parity.compare.schema.plan import PlannedColumn
from parity.compare.schema.rules import ticks
from parity.compare.types import EXACT, ValueKind
from parity.suite.models import Tolerance

_ROUNDED = Decimal(1) + Decimal(2) ** -50
"""How much further apart two floats may be, since their difference is rounded, too."""


def comparable_text(column: PlannedColumn, side: str) -> str:
    """Return the SQL of the text that :func:`is_tolerated` takes for a value.

    A time is its ticks. A float of 32 bits is written twice, by its shortest spelling and as a double: rules that
    compare either of these may make it equal.
    """
    value = f"{side}.{column.value}"
    if column.sql == "FLOAT":
        return f"{value}::VARCHAR || ' ' || {value}::DOUBLE::VARCHAR"
    return f"({ticks(value, column.sql) if column.kind.temporal else value})::VARCHAR"


def is_tolerated(column: PlannedColumn, one: str | None, other: str | None, *, equal: bool) -> bool:
    """Return whether a column's rule makes two different values equal; ``equal`` is the result of the rule's SQL.

    A tolerance must agree as well. NULL, NaN and infinity are within no tolerance of anything.
    """
    tolerance = column.rule.tolerance
    if tolerance is None or not equal:
        return equal
    return any(
        _within(column, tolerance, *pair) for pair in zip((one or "").split(), (other or "").split(), strict=False)
    )


def _within(column: PlannedColumn, tolerance: Tolerance, one: str, other: str) -> bool:
    try:
        left, right = Decimal(one), Decimal(other)
    except InvalidOperation:
        return False
    if not (left.is_finite() and right.is_finite()):
        return False
    gap = EXACT.subtract(left, right).copy_abs()
    return gap <= _bound(column, tolerance, max(left.copy_abs(), right.copy_abs()))


def _bound(column: PlannedColumn, tolerance: Tolerance, larger: Decimal) -> Decimal:
    slack = _ROUNDED if column.kind is ValueKind.FLOAT else Decimal(1)
    if tolerance.time is not None:
        unit = 1000 if column.sql.endswith("_NS") else 1
        return Decimal(round(tolerance.time / timedelta(microseconds=1)) * unit)
    if tolerance.absolute is not None:
        return EXACT.multiply(tolerance.absolute, slack)
    return EXACT.multiply(EXACT.multiply(tolerance.relative or Decimal(0), larger), slack)
