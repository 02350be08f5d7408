"""DuckDB under Great Expectations' SQL engine, so that 10 million rows cost seconds and little memory.

Two gaps are closed. Great Expectations reads a result after returning its connection, which duckdb-engine does
not support: rows are buffered first. And it has no regular expressions, LIKE, JSON or date formats for this
dialect: they are defined here. A pattern is DuckDB's (RE2): no look-around, no back-references;
one that cannot be compiled makes its expectation INVALID.

Importing this module imports Great Expectations, which takes seconds: do it where it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import sqlalchemy as sa
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)
from sqlalchemy.pool import StaticPool

from parity.sql.duckdb_dialect import STATISTICS_OPTIMIZER

Condition = Callable[[Any, Mapping[str, Any]], Any]
Match = Callable[[Any, str, Mapping[str, Any]], Any]


class ParityDuckDBExecutionEngine(SqlAlchemyExecutionEngine):  # type: ignore[misc]
    """The SQL engine, with every result read before its connection goes back."""

    def execute_query(self, query: Any) -> Any:
        """Run ``query`` and return its buffered rows."""
        with self.get_connection() as connection:
            return connection.execute(query).freeze()()

    def execute_query_in_transaction(self, query: Any) -> Any:
        """Run ``query``, commit, and return its buffered rows, if it has any."""
        with self.get_connection() as connection:
            result = connection.execute(query)
            rows = result.freeze()() if result.returns_rows else result
            connection.commit()
            return rows


class ParityDuckDBDatasource(SQLDatasource):  # type: ignore[misc]
    """A data source over an in-memory DuckDB that was opened elsewhere."""

    type: Literal["parity_duckdb"] = "parity_duckdb"

    def use(self, engine: sa.Engine) -> None:
        """Use ``engine`` from now on."""
        self._engine = engine
        self._cached_connection_string = self.connection_string
        self._execution_engine = ParityDuckDBExecutionEngine(engine=engine, create_temp_table=False)

    def get_execution_engine(self) -> ParityDuckDBExecutionEngine:
        """Return the execution engine over that engine."""
        return self._execution_engine


def open_duckdb(memory: str, scratch: str) -> sa.Engine:
    """Open an in-memory DuckDB with a ``memory`` limit, spilling below ``scratch``."""
    config = {
        "memory_limit": memory,
        "temp_directory": scratch,
        "preserve_insertion_order": False,
        "disabled_optimizers": STATISTICS_OPTIMIZER,
    }
    return sa.create_engine("duckdb:///:memory:", poolclass=StaticPool, connect_args={"config": config})


def _text(column: Any) -> Any:
    return sa.cast(column, sa.Text)


def _regex(column: Any, pattern: str, _: Mapping[str, Any]) -> Any:
    return sa.func.regexp_matches(_text(column), sa.literal(pattern))


def _like(column: Any, pattern: str, given: Mapping[str, Any]) -> Any:
    return _text(column).like(pattern, escape=given.get("escape"))


def _one(match: Match, argument: str) -> Condition:
    return lambda column, given: match(column, given[argument], given)


def _several(match: Match, argument: str) -> Condition:
    def condition(column: Any, given: Mapping[str, Any]) -> Any:
        combine = sa.and_ if given.get("match_on") == "all" else sa.or_
        return combine(*(match(column, pattern, given) for pattern in given[argument]))

    return condition


def _not(condition: Condition) -> Condition:
    return lambda column, given: sa.not_(condition(column, given))


def _json(column: Any, _: Mapping[str, Any]) -> Any:
    return sa.func.json_valid(_text(column))


def _strftime(column: Any, given: Mapping[str, Any]) -> Any:
    return sa.func.try_strptime(_text(column), sa.literal(given["strftime_format"])).isnot(None)


CONDITIONS: dict[str, tuple[tuple[str, ...], Condition]] = {
    "match_regex": (("regex",), _one(_regex, "regex")),
    "not_match_regex": (("regex",), _not(_one(_regex, "regex"))),
    "match_regex_list": (("regex_list", "match_on"), _several(_regex, "regex_list")),
    "not_match_regex_list": (("regex_list",), _not(_several(_regex, "regex_list"))),
    "match_like_pattern": (("like_pattern", "escape"), _one(_like, "like_pattern")),
    "not_match_like_pattern": (("like_pattern", "escape"), _not(_one(_like, "like_pattern"))),
    "match_like_pattern_list": (
        ("like_pattern_list", "match_on", "escape"),
        _several(_like, "like_pattern_list"),
    ),
    "not_match_like_pattern_list": (
        ("like_pattern_list", "escape"),
        _not(_several(_like, "like_pattern_list")),
    ),
    "json_parseable": ((), _json),
    "match_strftime_format": (("strftime_format",), _strftime),
}
"""Metric → its arguments, and the SQL condition that a valid value fulfils."""


def _register(metric: str, arguments: tuple[str, ...], condition: Condition) -> None:
    """Register ``condition`` with Great Expectations; defining the class does it."""

    def fulfilled(_cls: Any, column: Any, **given: Any) -> Any:
        return condition(column, given)

    attributes = {
        "condition_metric_name": f"column_values.{metric}",
        "condition_value_keys": arguments,
        "default_kwarg_values": {"match_on": "any"} if metric == "match_regex_list" else {},
        "_sqlalchemy": column_condition_partial(engine=ParityDuckDBExecutionEngine)(fulfilled),
    }
    type(f"DuckDB_{metric}", (ColumnMapMetricProvider,), attributes)


for _metric, (_arguments, _condition) in CONDITIONS.items():
    _register(_metric, _arguments, _condition)
