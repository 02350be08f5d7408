"""Canonical texts and hashes in plain Python, with which every engine is compared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from parity.sql.columnar import MASK, SEPARATOR
from parity.sql.columns import Column, Columns, Kind


def text(column: Column, value: Any) -> str | None:
    """Return the canonical text of a value; times with a zone must be in UTC already."""
    if value is None:
        return None
    return _SPELLING[column.kind](column, value)


_SPELLING: Mapping[Kind, Callable[[Column, Any], str]] = {
    Kind.INTEGER: lambda _, value: str(int(value)),
    Kind.BOOLEAN: lambda _, value: str(int(value)),
    Kind.DECIMAL: lambda column, value: _decimal(value, column.scale),
    Kind.DATE: lambda _, value: value.isoformat(),
    Kind.TIMESTAMP: lambda _, value: _moment(value),
    Kind.TEXT: lambda column, value: value.rstrip(" ") if column.padded else value,
    Kind.BINARY: lambda _, value: value.hex(),
}


def _decimal(value: Decimal | int, scale: int) -> str:
    sign, digits, exponent = Decimal(value).as_tuple()
    unscaled = int("".join(map(str, digits))) * 10 ** (int(exponent) + scale)
    plain = f"{unscaled:0{scale + 1}d}"
    whole, rest = (plain[:-scale], plain[-scale:]) if scale else (plain, "")
    return ("-" if sign and unscaled else "") + whole + (f".{rest}" if scale else "")


def _moment(value: date) -> str:
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001 - UTC
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def row(columns: Columns, values: Sequence[Any]) -> str:
    """Return the text of a row: values, lengths of free texts but the first, masks of NULLs."""
    cells = [(column, text(column, value)) for column, value in zip(columns, values, strict=True)]
    lengths = [None if cell is None else str(len(cell)) for column, cell in cells if column.free]
    nulls = [cell is None for column, cell in cells if column.nullable]
    masks = [nulls[at : at + MASK] for at in range(0, len(nulls), MASK)]
    numbers = [str(sum(1 << bit for bit, null in enumerate(mask) if null)) for mask in masks]
    return SEPARATOR.join(
        part for part in (*(cell for _, cell in cells), *lengths[1:], *numbers) if part is not None
    )


def md5(columns: Columns, values: Sequence[Any]) -> str:
    """Return the hash of a row."""
    return hashlib.md5(row(columns, values).encode(), usedforsecurity=False).hexdigest()
