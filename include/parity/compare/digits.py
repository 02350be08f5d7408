"""Tolerances of numbers that have no common type but their digits: Python's decimals hold them all."""

from __future__ import annotations

from decimal import Context, Decimal

_EXACT = Context(prec=800)


def within_digits(one: str, other: str, most: str, share: str) -> bool:
    """Tell whether two numbers lie within ``most``, or within a ``share`` of the larger one, of each other."""
    left, right = Decimal(one), Decimal(other)
    if not (left.is_finite() and right.is_finite()):
        return False
    larger = max(left.copy_abs(), right.copy_abs())
    gap = _EXACT.subtract(left, right).copy_abs()
    return gap <= max(Decimal(most), _EXACT.multiply(Decimal(share), larger))
