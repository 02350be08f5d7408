"""Waiting for a sign, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 240.0
"""Seconds after which a sign is not expected any more, on the busiest machine."""

Found = TypeVar("Found")


def until(look: Callable[[], Found | None], patience: float = PATIENCE) -> Found:
    """Return what ``look`` finds, once that is true."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < deadline, f"nothing within {patience:g} s"
        time.sleep(0.02)
    return found
