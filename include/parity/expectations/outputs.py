"""Both outputs as views for Great Expectations, under the names that the suite uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from parity.sql.duckdb_dialect import read_parquet
from parity.suite.models import Activity, ColumnRule


def view(name: str, files: Sequence[Path], names: Mapping[str, str]) -> str:
    """Return the statement that makes ``files`` a view; ``names`` maps a file's column to the suite's name."""
    columns = ", ".join(f"{_quoted(old)} as {_quoted(new)}" for old, new in names.items())
    return f"create or replace view {_quoted(name)} as select {columns} from {read_parquet(files)}"


def columns_of(files: Sequence[Path]) -> str:
    """Return the query that lists the columns of ``files``."""
    return f"describe select * from {read_parquet(files)}"


def suite_names(columns: Iterable[str], activity: Activity, wanted: Iterable[str], side: str) -> dict[str, str]:
    """Map a side's columns to the suite's names: the target's, and the suite's own upper and lower case.

    Athena lower-cases every name and Spark keeps them, so names are matched without regard to case, exactly
    matching names first. A legacy column whose name a rename gives to another one steps aside: nothing in the
    suite means it.
    """
    present = list(columns)
    legacy = _legacy_names(activity.columns) if side == "legacy" else {}
    given = {legacy[name.lower()].lower() for name in present if name.lower() in legacy}
    spelling = {name.lower(): name for name in wanted}
    mapped = {
        name: legacy.get(name.lower()) or (f"{name} (legacy)" if name.lower() in given else name)
        for name in present
    }
    taken = set(mapped.values())
    for name, new in mapped.items():
        wanted_name = spelling.get(new.lower(), new)
        if wanted_name not in taken:
            mapped[name] = wanted_name
    return mapped


def _legacy_names(rules: Mapping[str, ColumnRule]) -> dict[str, str]:
    return {rule.legacy.lower(): name for name, rule in rules.items() if rule.legacy}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
