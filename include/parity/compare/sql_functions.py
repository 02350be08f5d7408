"""Python functions for what SQL lacks: JSON compared by meaning, and tolerances of any number of digits."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from parity.compare.types import EXACT


def within_digits(one: str, other: str, most: str, share: str) -> bool:
    """Return whether two numbers differ by at most ``most``, or by at most ``share`` of the larger one."""
    left, right = Decimal(one), Decimal(other)
    if not (left.is_finite() and right.is_finite()):
        return False
    larger = max(left.copy_abs(), right.copy_abs())
    gap = EXACT.subtract(left, right).copy_abs()
    return gap <= max(Decimal(most), EXACT.multiply(Decimal(share), larger))


def canonical_json(document: str | None) -> str | None:
    """Return the canonical text of a JSON document, or the text itself when it is not JSON.

    Numbers are compared as decimals: 1, 1.0 and 1e0 are one number, and no digit is lost. The text is ASCII: JSON
    allows half a character, as of a surrogate pair, and no text of a database can hold that.
    """
    if document is None:
        return None
    try:
        value = json.loads(
            document,
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=_refuse,
            object_pairs_hook=_unique,
        )
        return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"))
    except (ValueError, ArithmeticError, RecursionError):
        return document


def _refuse(word: str) -> Any:
    """Refuse NaN and infinities, which Python reads and JSON does not have."""
    raise ValueError(f"{word} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse documents that repeat a key: which value counts is up to the reader."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("repeated key")
    return found


def _plain(value: Any) -> Any:
    """Return a value in which no text looks like a number."""
    if isinstance(value, Decimal):
        return {"": _number(value)}
    if isinstance(value, dict):
        return {f"k{key}": _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _number(value: Decimal) -> str:
    """Write a number in one way only; ``normalize`` would round it to 28 digits."""
    sign, digits, exponent = value.as_tuple()
    whole = "".join(map(str, digits))
    kept = whole.rstrip("0")
    return f"{'-' if sign else ''}{kept}e{int(exponent) + len(whole) - len(kept)}" if kept else "0"
