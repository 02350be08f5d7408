"""What goes wrong in an expression."""

from __future__ import annotations


class ExpressionError(ValueError):
    """The expression is wrong, or its value cannot be had; the message is the one that ADF shows."""


class UnsupportedFunction(ExpressionError):
    """ADF knows the function, perhaps; this sandbox doesn't."""

    def __init__(self, name: str) -> None:
        super().__init__(f"sandbox limitation: the function '{name}' is not supported; add it to functions.py")
