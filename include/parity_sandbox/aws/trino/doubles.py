"""Doubles as text: Java's own, and Trino's in a cast."""

from __future__ import annotations

import math


def java_double(value: float) -> str:
    """Return a double as Java's ``Double.toString`` writes it."""
    special = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(repr(value))
    if special:
        return special
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return _plain(value)
    mantissa, exponent = _shortest(value)
    return f"{mantissa}E{exponent}"


def scientific(value: float) -> str:
    """Return a double as Trino casts it to varchar: always with an exponent."""
    special = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(repr(value))
    if special or value == 0:
        return special or ("-0E0" if math.copysign(1, value) < 0 else "0E0")
    mantissa, exponent = _shortest(value)
    return f"{mantissa}E{exponent}"


def _plain(value: float) -> str:
    digits = repr(value)
    return digits if "e" not in digits else f"{value:.12f}".rstrip("0")


def _shortest(value: float) -> tuple[str, int]:
    digits = repr(value).lower()
    number, _, power = digits.partition("e")
    sign, number = ("-", number[1:]) if number.startswith("-") else ("", number)
    whole, _, fraction = number.partition(".")
    packed = (whole + fraction).lstrip("0")
    leading = len(whole) if whole.strip("0") else -(len(fraction) - len(fraction.lstrip("0")))
    packed = packed.rstrip("0") or "0"
    return f"{sign}{packed[0]}.{packed[1:] or '0'}", int(power or 0) + leading - 1
