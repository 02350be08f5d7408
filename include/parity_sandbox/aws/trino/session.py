"""A DuckDB connection that knows Trino's functions."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from parity_sandbox.aws.trino.functions import FUNCTIONS, Function, registrable

if TYPE_CHECKING:
    import duckdb


@cache
def macros() -> tuple[str, ...]:
    """Return the statements of ``macros.sql``."""
    source = files("parity_sandbox.aws.trino").joinpath("macros.sql").read_text()
    kept = (line for line in source.splitlines() if line and not line.startswith("--"))
    return tuple(kept)


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Give ``connection`` the time zone, functions and macros of an Athena session."""
    connection.execute("set timezone = 'UTC'")
    # DuckDB 2.0.0 moves TRY_CAST into the CSV reader, where it fails instead of giving NULL.
    connection.execute("set disabled_optimizers = 'type_pushdown'")
    for function in FUNCTIONS:
        _register(connection, function)
    for macro in macros():
        connection.execute(macro)


def _register(connection: Any, function: Function) -> None:
    connection.create_function(
        function.name,
        registrable(function),
        list(function.takes),
        function.returns,
        null_handling="special",
    )
