"""The input of a comparison: two sources, a key, rules, floors and limits.

A :class:`Spec` holds no data. The flow builds one from a suite's activity, the command line from its
options, a test by hand; all three are given to :func:`parity.compare.comparison.compare_sources`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from parity.suite.models import Activity, ColumnRule, Waiver

OnStep = Callable[[str], None]
"""Called with the name of each step as it starts: open, compare, explain."""


@dataclass(frozen=True)
class CsvFormat:
    """How a CSV side is written; None means: detect it."""

    delimiter: str | None = None
    quote: str | None = None
    encoding: str = "utf-8"
    header: bool | None = None
    null_text: tuple[str, ...] = ("",)
    """Unquoted texts that mean NULL."""
    types: Mapping[str, str] = field(default_factory=dict)
    """DuckDB types by column name; the others are detected from the whole file."""


@dataclass(frozen=True)
class Source:
    """Where one side's rows are: Parquet or CSV, as a file, a directory or a glob, or several of these."""

    paths: tuple[str, ...]
    csv: CsvFormat
    expected_rows: int | None
    """Rows that the export's manifest lists; another count is INVALID, never a difference."""
    moments: tuple[str, ...] = ()
    """Columns of Parquet whose wall times are moments in UTC."""

    @classmethod
    def of(
        cls,
        *paths: str | Path,
        csv: CsvFormat | None = None,
        expected_rows: int | None = None,
        moments: tuple[str, ...] = (),
    ) -> Source:
        """Build a source from one or more files, directories or globs."""
        return cls(tuple(str(path) for path in paths), csv or CsvFormat(), expected_rows, moments)


def _fresh_key() -> bytes:
    return secrets.token_bytes(32)


@dataclass(frozen=True)
class Spec:
    """How two sources are compared.

    ``key`` names target-side columns; empty means whole rows as a multiset. ``columns`` holds the rules by
    target-side name. ``coverage`` is the floor: at its default of 1.0 every column that no rule ignores
    must be compared; below 1.0 it is the least fraction of all columns of either side.
    """

    key: tuple[str, ...] = ()
    columns: Mapping[str, ColumnRule] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()
    allow_empty: bool = False
    coverage: float = 1.0
    memory: str = "2GB"
    """DuckDB's memory limit, such as ``1GB``; the rest spills to ``scratch``."""
    threads: int | None = None
    scratch: Path | None = None
    """Directory for spilling; None means the system's temporary directory. Left empty afterwards."""
    mask_key: bytes = field(default_factory=_fresh_key, repr=False)
    """Key of the hashes that stand for sensitive values; a fresh one by default."""
    samples: int = 5
    """Samples kept per column and cause, and per kind of row."""
    suite: str = ""
    """Whose comparison this is, for the waivers that are drafted; empty where it belongs to none."""
    activity: str = ""
    today: date | None = None
    """The day on which waivers must still be in force; None means the machine's own."""

    @classmethod
    def of_activity(cls, activity: Activity, waivers: tuple[Waiver, ...] = (), **limits: Any) -> Spec:
        """Build the spec of one activity; ``limits`` are any other of the fields."""
        return cls(
            activity=activity.name,
            key=activity.key,
            columns=activity.columns,
            waivers=tuple(w for w in waivers if w.activity == activity.name),
            allow_empty=activity.allow_empty,
            coverage=activity.coverage,
            **limits,
        )
