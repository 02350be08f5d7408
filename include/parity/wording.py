"""How a count is written with its noun, in every sentence alike."""

from __future__ import annotations


def plural(count: int, noun: str, many: str = "") -> str:
    """Write a count with its noun: ``1 row``, ``1,204 rows``; ``many`` where an s is not enough."""
    return f"{count:,} {noun if count == 1 else many or f'{noun}s'}"
