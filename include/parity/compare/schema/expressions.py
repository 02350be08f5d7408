"""Checks of a suite's own SQL: one value of one row, and nothing that leaves the brackets around it.

It is pasted into statements, so a text such as ``1=1) OR (1=1`` could close a bracket that it did not
open. DuckDB's own parser decides: alone and in brackets, the text must be one and the same value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from parity.compare.session import DuckSession, text
from parity.errors import BadInput

_BEYOND = {
    "SUBQUERY": "a query",
    "WINDOW": "a window over other rows",
    "STAR": "several columns",
    "PARAMETER": "a parameter",
    "POSITIONAL_REFERENCE": "a column's place",
    "DEFAULT": "a default",
}
"""Classes of expressions that are not one value of one row."""
_ROW_BY_ROW = "Write an expression over the columns of one row."


def refuse_non_scalar(session: DuckSession, sql: str, where: str) -> None:
    """Refuse an expression that is not one value of one row, the same at each evaluation."""
    alone, inside = (_parsed(session, one) for one in (f"SELECT {sql}", f"SELECT ({sql})"))
    if alone is None or alone != inside:
        raise BadInput(f"{where}: {_shown(sql)} is not one expression.", remedy="Check its brackets and quotes.")
    classes = {str(node.get("class")) for node in _nodes(alone)}
    for name, what in _BEYOND.items():
        if name in classes:
            raise BadInput(f"{where}: {_shown(sql)} holds {what}.", remedy=_ROW_BY_ROW)
    names = sorted({str(node["function_name"]) for node in _nodes(alone) if "function_name" in node})
    listed = ", ".join(map(text, names)) or "NULL"
    odd = session.rows(
        f"SELECT function_name FROM duckdb_functions() WHERE function_name IN ({listed}) GROUP BY function_name "
        "HAVING bool_or(coalesce(stability = 'VOLATILE', false)) OR bool_and(function_type = 'aggregate') "
        f"UNION ALL SELECT 'unnest' WHERE 'unnest' IN ({listed})"
    )
    if odd:
        raise BadInput(
            f"{where}: {_shown(sql)} uses {odd[0][0]}, which is no value of the row.", remedy=_ROW_BY_ROW
        )


def _shown(sql: str) -> str:
    return repr(sql if len(sql) <= 60 else f"{sql[:60]}…")


def _parsed(session: DuckSession, statement: str) -> Any:
    """Return the tree of the only value of a statement, or None if it is no such statement."""
    tree = json.loads(session.one(f"SELECT json_serialize_sql({text(statement)})"))
    statements = tree.get("statements", [])
    if tree["error"] or len(statements) != 1:
        return None
    node = statements[0]["node"]
    values = node.get("select_list", [])
    return _bare(values[0]) if len(values) == 1 else None


def _bare(node: Any) -> Any:
    """Return a tree without the places in the text."""
    if isinstance(node, dict):
        return {key: _bare(value) for key, value in node.items() if not key.startswith("query_location")}
    return [_bare(one) for one in node] if isinstance(node, list) else node


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
    for one in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _nodes(one)
