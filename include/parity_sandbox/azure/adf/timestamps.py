"""Moments as Data Factory writes them, and spans as its policies do."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from parity_sandbox.azure.adf.expressions.dates import write

SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})")


def moment(at: datetime | None) -> str | None:
    """Return ``at`` with seven digits after the point, as .NET writes it."""
    return write(at.astimezone(UTC)) if at else None


def milliseconds(start: datetime | None, end: datetime | None) -> int | None:
    """Return how long it took, when it is over."""
    return int((end - start).total_seconds() * 1000) if start and end else None


def seconds(span: str) -> float:
    """Return the length of a span such as ``0.12:00:00``; ValueError when it is none."""
    match = SPAN.fullmatch(span)
    if match is None:
        raise ValueError(f"'{span}' is not a span like 0.12:00:00")
    days, hours, minutes, rest = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=rest).total_seconds()
