"""What Athena may read otherwise than the author of a legacy query meant, or refuse to unload. Pure.

Warnings, not mistakes: only what the query's own text proves is reported. The types of tables are unknown here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from parity.suite.sql_text import tokens

_BARE_DECIMAL = re.compile(r"(?<![\w.])(?:\d+\.\d*|\.\d+)(?![\w.])")
_ZONED, _TIME, _INTERVAL = "a timestamp with a time zone", "a TIME", "an INTERVAL"
_JSON, _UUID, _UNTYPED = "JSON", "a UUID", "an untyped NULL"
_NODES: Mapping[type[exp.Expr], str] = {
    **dict.fromkeys((exp.CurrentTimestamp, exp.AtTimeZone, exp.FromISO8601Timestamp, exp.UnixToTime), _ZONED),
    exp.ParseDatetime: _ZONED,
    **dict.fromkeys((exp.CurrentTime, exp.Localtime), _TIME),
    exp.Interval: _INTERVAL,
    **dict.fromkeys((exp.ParseJSON, exp.JSONExtract), _JSON),
    exp.Uuid: _UUID,
    exp.Null: _UNTYPED,
}
"""Expressions of one type, whatever their arguments are."""
_FUNCTIONS = {
    **dict.fromkeys(("with_timezone", "at_timezone", "from_iso8601_timestamp_nanos"), _ZONED),
    "from_unixtime_nanos": _ZONED,
    "parse_duration": _INTERVAL,
}
_CASTS = {
    **dict.fromkeys((exp.DataType.Type.TIMESTAMPTZ, exp.DataType.Type.TIMESTAMPLTZ), _ZONED),
    **dict.fromkeys((exp.DataType.Type.TIME, exp.DataType.Type.TIMETZ), _TIME),
    exp.DataType.Type.INTERVAL: _INTERVAL,
    exp.DataType.Type.JSON: _JSON,
    exp.DataType.Type.UUID: _UUID,
}
_OF_ITS_ARGUMENT = (exp.Paren, exp.Max, exp.Min, exp.TimestampTrunc, exp.DateTrunc, exp.DateAdd, exp.AnyValue)
_OF_A_PART = (exp.Struct, exp.Tuple)


@dataclass(frozen=True)
class QueryWarning:
    """One warning, and its 1-based line in the query."""

    line: int
    what: str
    remedy: str


def query_warnings(sql: str) -> list[QueryWarning]:
    """Return the warnings about a legacy query, by line."""
    return sorted((*bare_decimals(sql), *_not_unloadable(sql)), key=lambda warning: warning.line)


def bare_decimals(sql: str) -> Iterator[QueryWarning]:
    """Yield each decimal literal without a type."""
    for token in tokens(sql):
        for number in _BARE_DECIMAL.findall(token.text) if token.kind == "word" else ():
            yield QueryWarning(
                token.line,
                f"{number} is a decimal to Trino; Athena documents such a literal as a double.",
                f"Write DECIMAL '{number}' or {number}E0.",
            )


def _not_unloadable(sql: str) -> Iterator[QueryWarning]:
    """Yield each output column that UNLOAD refuses; nothing for a query that cannot be parsed here."""
    try:
        query = sqlglot.parse_one(sql, dialect="athena")
    except (SqlglotError, RecursionError):
        return
    line = 1
    for place, column in enumerate(_output(query), 1):
        value, line = column.unalias(), _line(column) or line
        if column is value and not isinstance(value.unnest(), exp.Column | exp.Dot | exp.Star):
            yield QueryWarning(line, f"column {place} has no name, and UNLOAD refuses it.", "Name it with AS.")
        if kind := _refused_type(value):
            what = f"column {column.alias or place} is {kind}, and UNLOAD refuses it."
            yield QueryWarning(line, what, "CAST it to a type that UNLOAD writes.")


def _output(query: exp.Expr) -> list[exp.Expr]:
    """Return the expressions of the output columns; ``SELECT *`` of one subquery has that subquery's."""
    while isinstance(query, exp.SetOperation | exp.Subquery):
        query = query.this
    if not isinstance(query, exp.Select):
        return []
    source = query.args.get("from_")
    if query.is_star and len(query.expressions) == 1 and source and not query.args.get("joins"):
        return _output(_subquery(query, source.this))
    return list(query.expressions)


def _subquery(query: exp.Select, source: exp.Expr) -> exp.Expr:
    """Return what a name of WITH stands for, or the source itself."""
    if isinstance(source, exp.Table) and not source.db:
        for named in query.ctes:
            if named.alias.lower() == source.name.lower() and not named.args["alias"].columns:
                return named.this
    return source


def _refused_type(value: exp.Expr) -> str:
    """Return the type that UNLOAD refuses; empty where it takes it, or where the text does not show it."""
    if isinstance(value, exp.Cast):
        return _CASTS.get(value.to.this, "") or _precision(value.to)
    if isinstance(value, exp.Anonymous):
        return _FUNCTIONS.get(value.name.lower(), "")
    if isinstance(value, _OF_ITS_ARGUMENT) or isinstance(value.args.get("expression"), exp.Interval):
        return _refused_type(value.this)
    if isinstance(value, _OF_A_PART):
        return next(filter(None, map(_refused_type, value.expressions)), "")
    branches = _branches(value)
    if branches:
        kinds = [_refused_type(branch) for branch in branches]
        return next((kind for kind in kinds if kind not in ("", _UNTYPED)), "" if "" in kinds else _UNTYPED)
    return _NODES.get(type(value), "")


def _precision(kind: exp.DataType) -> str:
    """Return a timestamp's type where it has other than three digits after the second, which no Hive table has."""
    other = kind.this == exp.DataType.Type.TIMESTAMP and kind.expressions and kind.expressions[0].name != "3"
    return f"a {kind.sql('trino').lower()}" if other else ""


def _branches(value: exp.Expr) -> list[exp.Expr]:
    """Return the values between which an expression chooses: all become of one type."""
    if isinstance(value, exp.Coalesce):
        return [value.this, *value.expressions]
    if isinstance(value, exp.If):
        return [value.args["true"], value.args.get("false") or exp.Null()]
    if isinstance(value, exp.Array):
        return list(value.expressions)
    if isinstance(value, exp.Case):
        return [*(one.args["true"] for one in value.args["ifs"]), value.args.get("default") or exp.Null()]
    return []


def _line(column: exp.Expr) -> int:
    """Return the line of the first part of a column of which sqlglot notes it; 0 when there is none."""
    return next((node.meta["line"] for node in column.walk(bfs=False) if "line" in node.meta), 0)
