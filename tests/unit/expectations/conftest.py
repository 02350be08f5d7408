"""Outputs as Parquet, an activity to expect things of, and results of comparisons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from parity.clients.artefacts import Artefacts
from parity.compare.result import Canary, ColumnFacts, Result, Rows, SchemaFact, Verdict
from parity.expectations.findings import Findings
from parity.expectations.validation import ValidationRun, validate
from parity.sql.duckdb_dialect import read_parquet
from parity.suite.models import Activity, Expectations

PAYMENTS = """
copy (select
  'P' || i as id, i::bigint as n, (i % 1000)::decimal(18, 2) / 100 as amount, (i % 7)::double as d,
  case when i % 100 = 0 then null else 'GBP' end as currency, '4111-SECRET-' || i as card_pan,
  (i % 5)::int as a, (i % 5)::int + 1 as b, (i % 5)::int as c,
  case when i < 3 then 'oops' else '{"x": 1}' end as js,
  date '2026-01-01' + (i % 30)::int as day,
  case when i < 2 then 'yesterday' else '2026-01-01' end as written
from range(1000) t(i)) to '{path}' (format parquet)
"""
Check = Callable[..., Findings]


@pytest.fixture(scope="session")
def payments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A thousand payments."""
    path = tmp_path_factory.mktemp("outputs") / "it's.parquet"
    duckdb.connect().sql(PAYMENTS.replace("{path}", str(path).replace("'", "''")))
    return path


@pytest.fixture
def run() -> ValidationRun:
    """A night."""
    return ValidationRun("payments", date(2026, 3, 2), "scheduled__2026-03-02T02:00:00+00:00")


@pytest.fixture
def activity() -> Callable[..., Activity]:
    """Make an activity from what it expects, by side."""

    def make(columns: dict[str, Any] | None = None, **sides: Any) -> Activity:
        return Activity.model_validate(
            {
                "name": "settle",
                "legacy": {"sql": "settle.sql"},
                "target": {"table": "payments.settled"},
                "columns": columns or {},
                "expect": Expectations(**sides),
            }
        )

    return make


@pytest.fixture
def result() -> Callable[..., Result]:
    """Make a result by its verdict and changed rows."""

    def make(verdict: Verdict = Verdict.PASS, changed: int = 0, **more: Any) -> Result:
        given: dict[str, Any] = {
            "rows": Rows(1000, 1000, 1000 - changed, changed),
            "columns": (ColumnFacts("amount", 1000, changed), ColumnFacts("n", 1000, 0)),
            "schema": (SchemaFact("amount", "DECIMAL(18,2)", "DECIMAL(18,2)", "equal"),),
            "coverage": 1.0,
            "canary": Canary(4, 4),
        }
        return Result(verdict, "said so", **{**given, **more})

    return make


@pytest.fixture
def check(payments: Path, run: ValidationRun, tmp_path: Path, result: Callable[..., Result]) -> Check:
    """Validate an activity on the payments of both sides; keyword arguments replace what is given."""

    def validated(activity: Activity, **given: Any) -> Findings:
        store = Artefacts.on_disk(given.pop("store", tmp_path / "artefacts"))
        legacy, target = given.pop("legacy", [payments]), given.pop("target", [payments])
        found = given.pop("result", None) or result()
        sources = [read_parquet(files) if files else "" for files in (legacy, target)]
        return validate(activity, *sources, found, run=given.pop("run", run), store=store, **given)

    return validated
