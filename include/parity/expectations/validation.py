"""Great Expectations over both outputs and over what the comparison found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from parity.compare.result import Result
from parity.expectations.findings import Findings
from parity.suite.models import Activity

ParquetPaths = Sequence[Path]
"""Parquet files of one side's output; empty when the output never travelled (digest, totals)."""


@dataclass(frozen=True)
class Occasion:
    """Which run is validated; names the artefacts."""

    suite: str
    business_date: date
    run_id: str
    attempt: int = 1


def validate(
    activity: Activity,
    legacy: ParquetPaths,
    target: ParquetPaths,
    result: Result,
    *,
    occasion: Occasion,
    store: Path,
    memory: str = "1GB",
) -> Findings:
    """Run the suite's expectations and the parity expectations; write details and Data Docs under ``store``.

    An expectation that cannot be computed is INVALID. Nothing leaves the machine.
    ``memory`` is DuckDB's limit.
    """
    raise NotImplementedError
