"""Small pieces of syntax tree that the rules are made of, and questions about a node's type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from sqlglot import exp

from parity_sandbox.aws.trino.limitation import Limitation

Node: TypeAlias = exp.Expression
Rule = Callable[[exp.Expression], exp.Expression]
Kind: TypeAlias = exp.DataType.Type

INTEGERS = frozenset({Kind.TINYINT, Kind.SMALLINT, Kind.INT, Kind.BIGINT})
FLOATS = frozenset({Kind.FLOAT, Kind.DOUBLE})
NUMBERS = INTEGERS | FLOATS | {Kind.DECIMAL}
TEXTS = frozenset({Kind.VARCHAR, Kind.TEXT})
STAMPS = frozenset({Kind.TIMESTAMP, Kind.TIMESTAMPTZ})
MAX_PRECISION = 38


def call(name: str, *args: Node | None) -> exp.Anonymous:
    """Return ``name(args…)``."""
    return exp.Anonymous(this=name, expressions=[arg for arg in args if arg is not None])


def text(value: str) -> exp.Literal:
    """Return a string literal."""
    return exp.Literal.string(value)


def number(value: int) -> exp.Literal:
    """Return an integer literal."""
    return exp.Literal.number(value)


def cast(node: Node, to: str) -> exp.Cast:
    """Return ``CAST(node AS to)``, ``to`` in DuckDB's words."""
    return exp.Cast(this=node, to=exp.DataType.build(to, dialect="duckdb"))


def typed(node: Node, like: exp.DataType | None) -> Node:
    """Give ``node`` a type, if it has none."""
    if node.type is None and like is not None:
        node.type = like
    return node


def kind(node: Node) -> Kind:
    """Return the kind of a node's type; UNKNOWN when it has none."""
    found: Kind = node.type.this if node.type is not None else Kind.UNKNOWN
    return found


def known_kind(node: Node, why: str) -> Kind:
    """Return the kind of a node's type, or refuse because ``why`` depends on it."""
    found = kind(node)
    if found in (Kind.UNKNOWN, Kind.NULL):
        raise Limitation(f"{why} depends on the type of {node.sql('trino')[:60]}, which is unknown; add a CAST")
    return found


def decimal_of(node: Node) -> tuple[int, int] | None:
    """Return precision and scale of a decimal, of an integer as Trino widens it, or None."""
    if kind(node) in INTEGERS:
        return {Kind.TINYINT: 3, Kind.SMALLINT: 5, Kind.INT: 10, Kind.BIGINT: 19}[kind(node)], 0
    if kind(node) != Kind.DECIMAL or node.type is None:
        return None
    return decimal_parameters(node.type)


def decimal_parameters(data_type: exp.DataType) -> tuple[int, int] | None:
    """Return precision and scale as the type spells them, or None."""
    spelt = [int(parameter.name) for parameter in data_type.expressions]
    return (spelt[0], spelt[1] if len(spelt) > 1 else 0) if spelt else None


def known_decimal(node: Node, why: str) -> tuple[int, int]:
    """Return precision and scale, or refuse because ``why`` depends on them."""
    found = decimal_of(node)
    if found is None:
        raise Limitation(f"{why} depends on the scale of {node.sql('trino')[:60]}; CAST it to DECIMAL(p, s)")
    return found


def decimal_type(precision: int, scale: int) -> exp.DataType:
    """Return DECIMAL(precision, scale), the precision capped as in Trino."""
    return exp.DataType.build(f"decimal({min(precision, MAX_PRECISION)}, {scale})")


def literal_text(node: Node | None, what: str) -> str:
    """Return a string literal's text, or refuse."""
    if isinstance(node, exp.Literal) and node.is_string:
        return str(node.this or "")
    raise Limitation(f"{what} must be a literal")


def assume_scale(node: Node, scale: int) -> Node:
    """Return ``node`` with a check, while the query runs, that it is an exact number of this scale."""
    return call("t_assume_scale", node, number(scale))


def assume_kind(node: Node, pattern: str) -> Node:
    """Return ``node`` with a check, while the query runs, that DuckDB's type for it matches ``pattern``."""
    return call("t_assume_type", node, text(pattern))


def refuse(what: str) -> Rule:
    """Return a rule that refuses."""

    def refused(_node: Node) -> Node:
        raise Limitation(what)

    return refused


def added(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
    """Return precision and scale of a sum or difference of two decimals."""
    scale = max(left[1], right[1])
    return max(left[0] - left[1], right[0] - right[1]) + scale + 1, scale


def multiplied(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
    """Return precision and scale of a product of two decimals."""
    return left[0] + right[0], left[1] + right[1]


def divided(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
    """Return precision and scale of a quotient of two decimals."""
    return left[0] + right[1] + max(0, right[1] - left[1]), max(left[1], right[1])


def remaining(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
    """Return precision and scale of a remainder of two decimals."""
    scale = max(left[1], right[1])
    return min(left[0] - left[1], right[0] - right[1]) + scale, scale


def settle(annotator: Any, node: Any, found: Any) -> Any:
    """Give ``node`` its type: sqlglot's only door for annotators of one's own."""
    return annotator._set_type(node, found)  # noqa: SLF001
