"""What Great Expectations cannot do on pandas: LIKE patterns, queries (DuckDB runs them), storing some results.

Copied into every exported project, so it imports nothing of Parity. Importing it registers the metrics.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations import ExpectColumnQuantileValuesToBeBetween
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.query_metric_provider import QueryMetricProvider

_QUERY = "unexpected_rows_query"
_LIKE = {
    "match_like_pattern": ("like_pattern", "escape"),
    "not_match_like_pattern": ("like_pattern", "escape"),
    "match_like_pattern_list": ("like_pattern_list", "match_on", "escape"),
    "not_match_like_pattern_list": ("like_pattern_list", "escape"),
}
"""Metric → its arguments."""


def like(pattern: str, escape: str | None = None) -> re.Pattern[str]:
    """Return the regular expression that a whole value must match to be LIKE ``pattern``."""
    return re.compile("".join(_parts(pattern, escape)), re.DOTALL)


def _parts(pattern: str, escape: str | None) -> Iterator[str]:
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            yield re.escape(next(characters))
        else:
            yield {"%": ".*", "_": "."}.get(character, re.escape(character))


def _matches(values: pd.Series, given: dict[str, Any]) -> pd.Series:
    """Return for each value whether it is LIKE the pattern, or any (``match_on: all``: each) of the list."""
    patterns = given.get("like_pattern_list") or [given["like_pattern"]]
    found = pd.concat(
        [values.astype(str).map(_like(one, given.get("escape"))) for one in patterns], axis="columns"
    )
    return found.all(axis="columns") if given.get("match_on") == "all" else found.any(axis="columns")


def _like(pattern: str, escape: str | None) -> Callable[[str], bool]:
    wanted = like(pattern, escape)
    return lambda value: wanted.fullmatch(value) is not None


def _register_like(metric: str, arguments: tuple[str, ...]) -> None:
    """Register one metric of patterns; defining the class does it."""

    def fulfilled(_cls: Any, column: pd.Series, **given: Any) -> pd.Series:
        found = _matches(column, given)
        return ~found if metric.startswith("not_") else found

    attributes = {
        "condition_metric_name": f"column_values.{metric}",
        "condition_value_keys": arguments,
        "default_kwarg_values": {"match_on": "any"} if "match_on" in arguments else {},
        "_pandas": column_condition_partial(engine=PandasExecutionEngine)(fulfilled),
    }
    type(f"Pandas_{metric}", (ColumnMapMetricProvider,), attributes)


for _metric, _arguments in _LIKE.items():
    _register_like(_metric, _arguments)


def _answer(engine: PandasExecutionEngine, domain: dict[str, Any], query: str) -> pd.DataFrame:
    import duckdb

    frame, *_ = engine.get_compute_domain(domain, "table")
    with duckdb.connect() as connection:
        # A column of Python objects gets its type from this many of its rows.
        connection.execute(f"SET pandas_analyze_sample = {len(frame)}")
        connection.register("batch", frame)
        return connection.execute(query.format(batch="batch")).df()


class _UnexpectedRows(QueryMetricProvider):  # type: ignore[misc]
    metric_name = f"{_QUERY}.table"
    value_keys = (_QUERY,)

    @metric_value(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(
        cls,  # noqa: N805 - as Great Expectations calls it
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_: Any,
    ) -> list[dict[str, Any]]:
        rows = _answer(execution_engine, metric_domain_kwargs, metric_value_kwargs[_QUERY])
        return list(rows.head(200).to_dict("records"))


class _UnexpectedRowCount(QueryMetricProvider):  # type: ignore[misc]
    metric_name = f"{_QUERY}.row_count"
    value_keys = (_QUERY,)

    @metric_value(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(
        cls,  # noqa: N805 - as Great Expectations calls it
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_: Any,
    ) -> int:
        return len(_answer(execution_engine, metric_domain_kwargs, metric_value_kwargs[_QUERY]))


def _plain(judge: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def judged(*given: Any, **named: Any) -> dict[str, Any]:
        found = judge(*given, **named)
        return {**found, "success": bool(found["success"])}

    return judged


# Great Expectations 1.24 answers with numpy's bool here, which its own store of results cannot write.
ExpectColumnQuantileValuesToBeBetween._validate = _plain(ExpectColumnQuantileValuesToBeBetween._validate)  # noqa: SLF001
