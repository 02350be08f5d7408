"""From a Trino syntax tree to DuckDB's text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ErrorLevel, OptimizeError, ParseError, UnsupportedError
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema
from sqlglot.tokens import TokenType

from parity_sandbox.aws.trino.limitation import ColumnNotFound, Limitation, TypeMismatch
from parity_sandbox.aws.trino.nodes import Kind, Node, Rule, kind, typed
from parity_sandbox.aws.trino.rules import aggregates, casts, dates, nested, numbers, relations, strings, zones
from parity_sandbox.aws.trino.same import SAME
from parity_sandbox.aws.trino.shapes import Verified, shapes, verified, words
from parity_sandbox.aws.trino.typing import Schema, annotate, spell_literals


class Queries(Trino):  # type: ignore[misc]
    """Trino's SQL with subscripts as they are written: sqlglot counts from 0, and only where it is sure."""

    INDEX_OFFSET = 0

    def to_json_path(self, path: exp.Expression | None) -> exp.Expression | None:
        """Return a parsed JSON path, or refuse one that sqlglot would complete."""
        if isinstance(path, exp.Literal) and not path.name.startswith(("$", "lax $")):
            raise Limitation(f"the JSON path {path.name!r}")
        return super().to_json_path(path)


DOUBTFUL = re.compile(r"(?i)\b0[xbo][0-9a-f]|as\s+decimal\s*\)|\+|\$|limit\s+\d+\s*(,|offset)")
OPERANDS = frozenset({
    TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.NUMBER, TokenType.STRING, TokenType.VAR,
    TokenType.IDENTIFIER, TokenType.NULL, TokenType.TRUE, TokenType.FALSE, TokenType.END, TokenType.CURRENT_DATE,
    TokenType.CURRENT_TIMESTAMP, TokenType.HEX_STRING, TokenType.UNICODE_STRING,
})  # fmt: skip
"""What a binary + follows."""
STATEMENTS = frozenset(f"word {one}" for one in ("CREATE", "TABLE", "INSERT", "INTO", "PARTITIONED_BY", "?"))
"""Words around a query."""
SESSION = frozenset({"current_schema", "current_catalog", "current_user", "current_path", "current_role"})
UNWRITTEN = frozenset({Kind.INTERVAL, Kind.TIME})
MODULES = (numbers, casts, dates, strings, nested, aggregates, relations, zones)
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
    tree = sqlglot.parse_one(sql, dialect=Queries)
    _check_text(sql, tree)
    for literal in tree.find_all(exp.Cast):
        literal.meta["typed"] = "safe" not in literal.args  # TIMESTAMP '…', which is not CAST('…' AS timestamp)
    for node in tree.find_all(exp.Func, exp.Bracket):
        if "start" in node.meta:  # of its name; sqlglot gives synonyms, and other engines' names, one class
            node.meta["name"] = sql[node.meta["start"] : node.meta["end"] + 1].lower()
    return tree


def _check_text(sql: str, tree: Node) -> None:
    """Refuse what sqlglot reads in another way than Trino, of which its tree keeps no trace."""
    literals = [one for one in tree.find_all(exp.Literal) if not one.is_string and one.name.isdigit()]
    if any(int(one.name) >= 2**63 for one in literals):
        raise TypeMismatch("Invalid numeric literal: larger than a BIGINT")
    if sql.count("(") == sql.count(")") and not DOUBTFUL.search(sql):
        return
    tokens = Queries().tokenize(sql)
    kinds = [token.token_type for token in tokens]
    if kinds.count(TokenType.L_PAREN) != kinds.count(TokenType.R_PAREN):
        raise ParseError.new(
            "mismatched parentheses", description="mismatched parentheses", line=1, col=1, highlight="("
        )
    signs = zip([None, *kinds], kinds, strict=False)
    if any(sign == TokenType.PLUS and before not in OPERANDS for before, sign in signs):
        raise Limitation("a sign + before a value")
    if any(token.token_type == TokenType.VAR and token.text.startswith("$") for token in tokens):
        raise Limitation("a text in dollar signs")
    if re.search(r"(?i)limit\s+\d+\s*(,|offset)", sql):
        raise Limitation("OFFSET is written before LIMIT")
    if any(sql[token.start : token.start + 2].lower() in ("0x", "0b", "0o") for token in tokens):
        raise Limitation("a number in another base")
    if re.search(r"(?i)as\s+decimal\s*\)", sql):
        raise Limitation("CAST to a decimal without precision")


SPECIAL = frozenset(Queries.parser_class.FUNCTION_PARSERS)
"""Functions whose names sqlglot does not keep."""


def words_of(sql: str, tree: Node) -> set[str]:
    """Return the words, signs and forms of numbers of a query's text that are no names, as shapes."""
    names = {f"word {one.name.upper()}" for one in tree.find_all(exp.Identifier)}
    tokens = Queries().tokenize(sql)
    called = {
        f"call {token.text.upper()}"
        for token, after in pairwise(tokens)
        if after.token_type == TokenType.L_PAREN and token.text.upper() in SPECIAL
    }
    return (words(tokens) - names) | called


def check_words(sql: str, tree: Node, known: Verified | None = None) -> None:
    """Raise Limitation for a word, sign or form of number in a query that no record of real Trino has."""
    unknown = (known or verified()).unknown(words_of(sql, tree) - STATEMENTS)
    if unknown:
        raise unverified(unknown)


def translate(tree: Node, schema: Schema, known: Verified | None = None) -> Translated:
    """Return ``tree``, a query over the tables of ``schema``, in DuckDB's words.

    Raises Limitation for what the sandbox cannot do as Athena does, or was not held against real Trino, and
    TypeMismatch for what neither can. ``known`` replaces the verified shapes.
    """
    known = known or verified()
    query = typed_query(tree, schema, known)
    unknown = known.unknown(shapes(query))
    translated = in_duckdb(query)
    if unknown:
        raise unverified(unknown)
    return translated


def in_duckdb(query: Node) -> Translated:
    """Return a typed query in DuckDB's words; its tree is used up."""
    for column in query.selects if isinstance(query, exp.Query) else []:
        if kind(column) in UNWRITTEN or isinstance(column.unalias(), exp.Interval):
            raise Limitation(f"a result column of type {kind(column).value}; CAST it to varchar")
    return Translated(rewrite(zones.by_instant(query)))


def typed_query(tree: Node, schema: Schema, known: Verified) -> Node:
    """Return a query with its columns resolved and its parts typed, still in Trino's words."""
    tables = MappingSchema(dict(schema), dialect="trino", normalize=False) if schema else MappingSchema()
    session = next(
        (one.name for one in tree.find_all(exp.Column) if one.name.lower() in SESSION and not one.table), None
    )
    if session:
        raise Limitation(session)
    named = name_columns(spell_literals(tree))
    try:
        resolved = qualify(
            named,
            dialect="athena",
            schema=tables,
            validate_qualify_columns=False,
            quote_identifiers=False,
            expand_alias_refs=False,
        )
    except OptimizeError as error:
        raise unresolved(error) from error
    _no_alias_inside(resolved)
    return annotate(resolved, tables, known)


def _no_alias_inside(tree: Node) -> None:
    """Raise ColumnNotFound for an alias that is used in the query that gives it, other than to order by."""
    for column in tree.find_all(exp.Column):
        select = column.find_ancestor(exp.Select, exp.Order)
        given = select.expressions if isinstance(select, exp.Select) and not column.table else []
        own = column.find_ancestor(exp.Alias)
        if column.name in {one.alias for one in given if isinstance(one, exp.Alias) and one is not own}:
            raise ColumnNotFound(column.name)


def unverified(what: str) -> Limitation:
    """Return the refusal of a shape that real Trino was not asked about, or answers otherwise."""
    return Limitation(f"{what} was not held against a real Trino, or differs from it; add it to the record")


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
    zones.check(node)
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
