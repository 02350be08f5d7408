"""Pairs of Parquet files written from SQL, and comparisons of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from duck_files import write_query
from parity.compare import Result, Source, Spec, compare
from parity.compare.rows.facts import Facts, gather
from parity.compare.schema.plan import plan_comparison
from parity.compare.session import DuckSession, session
from parity.compare.sources.files import SourceFiles
from parity.compare.sources.relations import Side
from parity.compare.types import data_type
from parity.suite.models import ColumnRule

Compare = Callable[..., Result]
_NUMBERS = itertools.count()


@pytest.fixture
def parquet(tmp_path: Path) -> Callable[[str], Path]:
    """Write a query's rows as Parquet and return the file."""

    def write(sql: str) -> Path:
        path = tmp_path / f"{next(_NUMBERS)}.parquet"
        write_query(path, sql)
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


@pytest.fixture(scope="module")
def duck() -> Iterator[DuckSession]:
    """A session for the tests of one module."""
    with session(Spec()) as opened:
        yield opened


def facts_of(duck: DuckSession, legacy: str, target: str, rules: dict[str, Any], **spec: Any) -> Facts:
    """Compare the rows of two queries by ``id``, and return what is found before it is explained."""
    duck.run("DROP SCHEMA IF EXISTS found CASCADE")
    duck.run("CREATE SCHEMA found")
    sides = []
    for name, rows in (("legacy", legacy), ("target", target)):
        duck.run(f"CREATE OR REPLACE VIEW raw_{name} AS {rows}")
        columns = {one: data_type(kind) for one, kind in duck.describe(f"FROM raw_{name}")}
        sides.append(Side(f"raw_{name}", columns, (), cast("SourceFiles", SimpleNamespace()), 1))
    columns = {name: ColumnRule.model_validate(rule) for name, rule in rules.items()}
    plan = plan_comparison(duck, *sides, Spec(**{"key": ("id",), "columns": columns, **spec}))
    for name in ("legacy", "target"):
        duck.run(f"CREATE OR REPLACE VIEW {name} AS {plan.prepared(name, f'raw_{name}')}")
    return gather(duck, plan, "found.", "legacy", "target")


def side_by_side(pairs: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Return one row a side with a column, ``v0`` and so on, for each pair of SQL values."""
    legacy, target = (", ".join(f"{pair[side]} AS v{at}" for at, pair in enumerate(pairs)) for side in (0, 1))
    return f"SELECT 1 AS id, {legacy}", f"SELECT 1 AS id, {target}"


def different(result: Result) -> dict[str, int]:
    """Return in how many rows each column differs, the key left out."""
    return {facts.name: facts.different for facts in result.columns if facts.name != "id"}


def causes(result: Result, column: str) -> dict[str, int]:
    """Return the causes of one column with their rows."""
    return {str(c.cause): c.rows for facts in result.columns if facts.name == column for c in facts.causes}
