"""What the different rows have in common: causes, samples, masks, money, waivers, from the comparison engine.

The engine gets only the rows that differ, with real types; the equal ones are added to its counts. Its own
count of changed, missing and extra rows must equal ours, unless a rule lets some pass.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from parity.compare.result import Result
from parity.sql.columns import Column, Kind
from parity.sql.duckdb_dialect import STATISTICS_OPTIMIZER, read_parquet
from parity.suite.models import Waiver
from parity.tablediff.table_plan import TablePlan

if TYPE_CHECKING:
    import duckdb

_DIGITS = re.compile(r"\((\d+)")


@dataclass(frozen=True)
class ExplainOptions:
    """What the engine needs beside the rows."""

    mask_key: bytes
    memory: str = "200MB"
    """Of the engine, which gets different rows only."""
    waivers: tuple[Waiver, ...] = ()
    suite: str = ""
    """The database's name in waivers; empty where none is declared."""
    today: date | None = None
    """By which a waiver has expired; None: the machine's date."""


def explain(plan: TablePlan, folder: Path, options: ExplainOptions) -> Result:
    """Compare the spilled rows and return the engine's result for them alone."""
    from parity.compare import Source, Spec, compare

    sides = folder / "typed"
    _type_sides(plan, folder, sides)
    spec = Spec(
        key=() if plan.keyless else tuple(column.name for column in plan.key_target),
        columns={name: rule for name, rule in plan.rules.columns.items() if not rule.ignore},
        waivers=options.waivers,
        suite=options.suite,
        activity=plan.name,
        allow_empty=True,
        memory=options.memory,
        threads=1,
        scratch=folder,
        mask_key=options.mask_key,
        today=options.today,
    )
    return compare(Source.of(sides / "legacy.parquet"), Source.of(sides / "target.parquet"), spec)


def _type_sides(plan: TablePlan, folder: Path, to: Path) -> None:
    """Write each side as one Parquet file with real types and the side's own names."""
    import duckdb

    to.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(
        config={"threads": 1, "memory_limit": "200MB", "disabled_optimizers": STATISTICS_OPTIMIZER}
    ) as connection:
        for side in ("legacy", "target"):
            parts = sorted((folder / side).glob("*.parquet"))
            connection.execute(f"CREATE VIEW {side} AS SELECT * FROM {read_parquet(parts)}")
        types = _duckdb_types(connection, plan)
        for side, columns in (("legacy", plan.legacy), ("target", plan.target)):
            _copy(connection, side, columns, types, to / f"{side}.parquet")


def _copy(
    connection: duckdb.DuckDBPyConnection, side: str, columns: Sequence[Column], types: list[str], to: Path
) -> None:
    selected = ", ".join(
        f'CAST(c{at} AS {types[at]}) AS "{column.name.replace(chr(34), chr(34) * 2)}"'
        for at, column in enumerate(columns)
    )
    path = str(to).replace("'", "''")
    connection.execute(
        f"COPY (SELECT {selected} FROM {side} WHERE parity_row IS NOT NULL) TO '{path}' (FORMAT parquet)"
    )


def _duckdb_types(connection: duckdb.DuckDBPyConnection, plan: TablePlan) -> list[str]:
    """Return a DuckDB type per column: VARCHAR where a value, such as a zero date, fits no other."""
    wanted = [duckdb_type(a, b) for a, b in zip(plan.legacy, plan.target, strict=True)]
    tests = ", ".join(
        f"coalesce(bool_or(c{at} IS NOT NULL AND TRY_CAST(c{at} AS {kind}) IS NULL), false)"
        for at, kind in enumerate(wanted)
    )
    misfits = [connection.execute(f"SELECT {tests} FROM {side}").fetchone() or () for side in ("legacy", "target")]
    return ["VARCHAR" if any(side[at] for side in misfits) else kind for at, kind in enumerate(wanted)]


def duckdb_type(legacy: Column, target: Column) -> str:
    """Return the DuckDB type that holds both columns exactly."""
    kind = target.kind
    if kind in (Kind.INTEGER, Kind.BIT, Kind.BOOLEAN):
        unsigned = any("unsigned" in column.native for column in (legacy, target)) or kind is Kind.BIT
        return "DECIMAL(20,0)" if unsigned else "BIGINT"  # DuckDB writes a HUGEINT as a double
    if kind is Kind.DECIMAL:
        before = max(_before_point(column) for column in (legacy, target))
        return f"DECIMAL({before + target.scale},{target.scale})" if before + target.scale <= 38 else "VARCHAR"
    return {Kind.FLOAT: "DOUBLE", Kind.DATE: "DATE", Kind.TIMESTAMP: "TIMESTAMP"}.get(kind, "VARCHAR")


def _before_point(column: Column) -> int:
    stored, scale = column.stored or (column.kind, column.scale)
    if stored is not Kind.DECIMAL:
        return 20
    digits = _DIGITS.search(column.native)
    return int(digits[1]) - scale if digits else 65


def with_equal_rows(found: Result, plan: TablePlan, legacy: int, target: int) -> Result:
    """Add the rows that never travelled, because they are equal, to the engine's result."""
    rows = found.rows
    equal = legacy - rows.changed - rows.missing
    untouched = equal - rows.equal
    columns = tuple(replace(c, compared=c.compared + untouched) for c in found.columns)
    whole = replace(rows, legacy=legacy, target=target, equal=equal)
    return replace(
        found,
        rows=whole,
        columns=columns,
        not_compared=(*found.not_compared, *plan.not_compared),
        coverage=plan.coverage,
    )
