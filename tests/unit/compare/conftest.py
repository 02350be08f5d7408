"""Pairs of Parquet files written from SQL, and comparisons of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from parity.compare import Result, Source, Spec, compare
from parity.suite.models import ColumnRule

Compare = Callable[..., Result]
_NUMBERS = itertools.count()


@pytest.fixture
def parquet(tmp_path: Path) -> Callable[[str], Path]:
    """Write a query's rows as Parquet and return the file."""

    def write(sql: str) -> Path:
        path = tmp_path / f"{next(_NUMBERS)}.parquet"
        duckdb.connect().execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
        return path

    return write


@pytest.fixture
def comparing(parquet: Callable[[str], Path]) -> Compare:
    """Compare the rows of two queries by ``id`` under rules given as YAML would give them."""

    def compared(legacy: str, target: str, rules: dict[str, Any] | None = None, **spec: Any) -> Result:
        columns = {name: ColumnRule.model_validate(rule) for name, rule in (rules or {}).items()}
        wanted = Spec(**{"key": ("id",), "columns": columns, "mask_key": b"test", **spec})
        return compare(Source.of(parquet(legacy)), Source.of(parquet(target)), wanted)

    return compared


def causes(result: Result, column: str) -> dict[str, int]:
    """Return the causes of one column with their rows."""
    return {str(c.cause): c.rows for facts in result.columns if facts.name == column for c in facts.causes}
