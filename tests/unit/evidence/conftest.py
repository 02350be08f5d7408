"""A deployment that keeps evidence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from unit.evidence.worlds import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty deployment."""
    made = World(tmp_path)
    yield made
    made.store.engine.dispose()
