"""From a Trino syntax tree to DuckDB's text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ErrorLevel, OptimizeError, UnsupportedError
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from parity_sandbox.aws.trino.limitation import ColumnNotFound, Limitation
from parity_sandbox.aws.trino.nodes import Node, Rule, typed
from parity_sandbox.aws.trino.rules import aggregates, casts, dates, nested, numbers, relations, strings
from parity_sandbox.aws.trino.same import SAME
from parity_sandbox.aws.trino.typing import Schema, annotate, spell_literals


class Queries(Trino):  # type: ignore[misc]
    """Trino's SQL with subscripts as they are written: sqlglot counts from 0, and only where it is sure."""

    INDEX_OFFSET = 0


MODULES = (numbers, casts, dates, strings, nested, aggregates, relations)
RULES: Mapping[type[Node], Rule] = {node: rule for module in MODULES for node, rule in module.RULES.items()}
NAMED: Mapping[str, Rule] = {name: rule for module in MODULES for name, rule in module.NAMED.items()}


@dataclass(frozen=True)
class Translated:
    """A query in DuckDB's words."""

    tree: Node

    @property
    def sql(self) -> str:
        """The text; Limitation when it cannot be written."""
        try:
            return str(self.tree.sql("duckdb", identify=True, unsupported_level=ErrorLevel.RAISE))
        except UnsupportedError as error:
            raise Limitation(str(error)) from error


def parse(sql: str) -> Node:
    """Return the syntax tree of one Athena statement; sqlglot's ParseError when it is none."""
    return sqlglot.parse_one(sql, dialect=Queries)


def translate(tree: Node, schema: Schema) -> Translated:
    """Return ``tree``, a query over the tables of ``schema``, in DuckDB's words.

    Raises Limitation for what the sandbox cannot do as Athena does, and TypeMismatch for what neither can.
    """
    tables = MappingSchema(dict(schema), dialect="trino", normalize=False) if schema else MappingSchema()
    named = name_columns(spell_literals(tree))
    try:
        resolved = qualify(
            named, dialect="athena", schema=tables, validate_qualify_columns=False, quote_identifiers=False
        )
    except OptimizeError as error:
        raise unresolved(error) from error
    return Translated(rewrite(annotate(resolved, tables)))


def unresolved(error: OptimizeError) -> Exception:
    """Return Athena's complaint about a column, or a limitation."""
    found = re.search(r"Unknown column: (\S+)|Column '?\"?([^'\"\s]+)'?\"? could not be resolved", str(error))
    name = next((group for group in found.groups() if group), "") if found else ""
    if name and not name.startswith("$"):
        return ColumnNotFound(name)
    return Limitation(f"the columns of this query could not be resolved: {error}")


def name_columns(tree: Node) -> Node:
    """Name the columns that have no name as Athena does: ``_col0``, ``_col1``, …"""
    query = tree
    while isinstance(query, exp.SetOperation | exp.Subquery):
        query = query.this
    if isinstance(query, exp.Select):
        for place, column in enumerate(list(query.expressions)):
            if not isinstance(column.unnest(), exp.Alias | exp.Column | exp.Star | exp.Dot):
                column.replace(exp.alias_(column.copy(), f"_col{place}"))
    return tree


def rewrite(node: Node) -> Node:
    """Return ``node`` with every part rewritten, the parts before the whole.

    A part is put back by its place, not by asking it for its parent: a rule may have wrapped it.
    """
    for name, value in list(node.args.items()):
        if isinstance(value, exp.Expr):
            node.set(name, rewrite(value))
        elif isinstance(value, list):
            node.set(name, [rewrite(one) if isinstance(one, exp.Expr) else one for one in value])
    found = node.type
    return typed(rule_for(node)(node), found)


def rule_for(node: Node) -> Rule:
    """Return what is done with a node: its rule, nothing, or a refusal."""
    if isinstance(node, exp.Anonymous):
        return NAMED.get(node.name.lower()) or _unknown(f"the function {node.name.lower()}()")
    if type(node) in RULES:
        return RULES[type(node)]
    if type(node) in SAME:
        return _unchanged
    name = f"the function {node.sql_name().lower()}()" if isinstance(node, exp.Func) else f"{node.key}"
    return _unknown(f"{name} in {node.sql('trino')[:60]}")


def _unchanged(node: Node) -> Node:
    return node


def _unknown(what: str) -> Rule:
    raise Limitation(f"{what} is not supported; ask for a rule in parity_sandbox/aws/trino")
