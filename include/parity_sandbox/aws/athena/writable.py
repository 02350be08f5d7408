"""What UNLOAD, CREATE TABLE AS and INSERT refuse to write, in the words of Trino's Hive connector."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp

from parity_sandbox.aws.athena.failures import SYNTAX, QueryFailed

UNSUPPORTED = {
    "NULL": "unknown",
    "TIME WITH TIME ZONE": "time(3) with time zone",
    "TIME": "time(3)",
    "INTERVAL": "interval day to second",
    "JSON": "json",
    "UUID": "uuid",
    "TIMESTAMP WITH TIME ZONE": "timestamp(3) with time zone",
}
"""DuckDB's type, anywhere in a column's, and Trino's name of it."""
_TYPE = re.compile(
    r"TIMESTAMP WITH TIME ZONE|TIME WITH TIME ZONE|\bTIME\b|\bINTERVAL\b|\bJSON\b|\bUUID\b|\"?NULL\"?"
)
_PRECISE = re.compile(r"\b(TIME|TIMESTAMP)\((\d+)\)( WITH TIME ZONE)?")
Described = Sequence[tuple[str, str]]
"""Names and DuckDB types of columns."""


def check_names(query: exp.Expression) -> None:
    """Raise QueryFailed for a column of the output that has no name."""
    for place, column in enumerate(_output(query), 1):
        if not isinstance(column.unnest(), exp.Alias | exp.Column | exp.Dot | exp.Star):
            what = f"MISSING_COLUMN_NAME: line 1:1: Column name not specified at position {place}"
            raise QueryFailed(what, SYNTAX)


def check_columns(described: Described, types: Sequence[str]) -> None:
    """Raise QueryFailed for a name that occurs twice, or a type that Hive has not.

    ``types`` are Trino's types as far as they are known, for the digits of timestamps.
    """
    names = [name.lower() for name, _ in described]
    if twice := [name for name in names if names.count(name) > 1]:
        what = f"DUPLICATE_COLUMN_NAME: line 1:1: Column name '{twice[0]}' specified more than once"
        raise QueryFailed(what, SYNTAX)
    known = types if len(types) == len(described) else [""] * len(described)
    for (name, duck), trino in zip(described, known, strict=True):
        _check_type(name, duck, trino)


def _check_type(name: str, duck: str, trino: str) -> None:
    found = _PRECISE.search(trino)
    if duck == '"NULL"':
        raise QueryFailed(f"COLUMN_TYPE_UNKNOWN: line 1:1: Column type is unknown: {name}", SYNTAX)
    if duck.startswith("TUPLE"):
        row = trino.lower() or duck
        what = f"Anonymous row type is not supported in Hive. Please give each field a name: {row}"
        raise QueryFailed(f"NOT_SUPPORTED: {what}")
    if refused := _TYPE.search(duck):
        kind = found[0].lower() if found else UNSUPPORTED[refused[0].strip('"')]
        kind = trino if trino.startswith("interval") else kind
        raise QueryFailed(f"NOT_SUPPORTED: Unsupported Hive type: {kind}")
    if found and found[2] != "3":
        raise QueryFailed(
            f"NOT_SUPPORTED: Incorrect timestamp precision for {found[0].lower()}; the configured precision is"
            f" MILLISECONDS; column name: {name}"
        )


def _output(query: exp.Expression) -> list[exp.Expression]:
    """Return the expressions of the output columns; ``SELECT *`` of one subquery has that subquery's."""
    while isinstance(query, exp.SetOperation | exp.Subquery):
        if isinstance(query, exp.Subquery) and query.args.get("alias") and query.args["alias"].columns:
            return []
        query = query.this
    if isinstance(query, exp.Values):
        first = query.expressions[0]
        return [] if query.args.get("alias") else list(first.expressions) or [first]
    if not isinstance(query, exp.Select):
        return []
    source = query.args.get("from_")
    if query.is_star and len(query.expressions) == 1 and source and not query.args.get("joins"):
        return _output(_named(query, source.this))
    return list(query.expressions)


def _named(query: exp.Select, source: exp.Expression) -> exp.Expression:
    """Return what a name of WITH stands for, or the source itself."""
    if isinstance(source, exp.Table) and not source.db:
        for named in query.ctes:
            if named.alias.lower() == source.name.lower() and not named.args["alias"].columns:
                return named.this
    return source
