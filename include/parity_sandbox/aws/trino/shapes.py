"""The shape of each part of a query, and whether real Trino was asked about it.

A *shape* is what a rule may depend on: a function, operator, cast or literal with the types of its arguments, and
the options that change what it does (the letters of a format, the syntax of a pattern, a zero or negative
argument). ``verified.json`` lists the shapes for which every recorded answer of a real Trino is the sandbox's own,
and what type it gave; ``make truth ENGINE=trino`` writes it. A query with any other shape is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from parity_sandbox.aws.trino.nodes import INTEGERS, STAMPS, TEXTS, Kind, Node

CLAUSES = (
    exp.Select, exp.From, exp.Group, exp.With, exp.CTE, exp.Subquery, exp.Values, exp.Tuple, exp.Table,
    exp.TableAlias, exp.Alias, exp.Aliases, exp.Column, exp.Identifier, exp.Star, exp.Limit, exp.Offset, exp.Fetch,
    exp.LimitOptions, exp.Order, exp.Distinct, exp.Lateral, exp.Rollup, exp.Cube, exp.GroupingSets, exp.Literal,
    exp.Paren, exp.Var,
    exp.DataType, exp.DataTypeParam, exp.ColumnDef, exp.WindowSpec, exp.Lambda, exp.JSONPath, exp.JSONPathRoot,
    exp.JSONPathKey, exp.JSONPathSubscript, exp.Null, exp.Boolean, exp.Filter, exp.WithinGroup, exp.Kwarg,
    exp.PropertyEQ, exp.ColumnConstraint,
)  # fmt: skip
"""Syntax that is no operation of its own, or is a part of the shape around it."""
OPERATORS = (exp.Binary, exp.Unary, exp.Between, exp.In, exp.Case, exp.If)
"""Whose shapes keep the widths of integers; functions take a BIGINT and are given any."""
NAMES = {
    Kind.TEXT: "varchar", Kind.INT: "integer", Kind.FLOAT: "real", Kind.STRUCT: "row", Kind.BINARY: "varbinary",
    Kind.NULL: "unknown",
}  # fmt: skip
WORDS = frozenset({
    TokenType.VAR, TokenType.NUMBER, TokenType.IDENTIFIER, TokenType.COMMA, TokenType.L_PAREN, TokenType.R_PAREN,
    TokenType.DOT,
})  # fmt: skip
"""Tokens that are no words of the language."""
PATTERN = re.compile(
    r"\\[pP]\{\w+\}|\[\[:\^?\w+:\]|\\[1-9]|\\k<\w+>|\\x\w+|\\u\w+|\\[A-Za-z]|\\.|\(\?(?:[a-z-]+[:)]|<[A-Za-z]\w*>|[<]?[=!:>])"
    r"|\[\^?|[*+?}][?+]?|\{\d+,?\d*|[$^.|(]"
)
"""What a regular expression may be made of; quantities and names are the same shape."""
REGEX = frozenset({
    "regexp_like", "regexp_extract", "regexp_extract_all", "regexp_replace", "regexp_split", "regexp_count",
    "regexp_position",
})  # fmt: skip
PERCENT = re.compile(r"%.?")
LETTERS = re.compile(r"'[^']*'|([A-Za-z])\1*|[^A-Za-z0-9' :/.-]")
DIRECTIVES = re.compile(r"%[-+#0, (]*\d*(?:\.\d+)?[A-Za-z%]|%\d\$.|%")


@dataclass(frozen=True)
class Verified:
    """Shapes that may pass, and the types that functions give."""

    shapes: frozenset[str]
    types: Mapping[str, str]
    zones: Mapping[str, int] = field(default_factory=dict)
    """The first year in which the rules of a region are real Trino's, by its name."""
    everything: bool = False
    """Let every shape pass, as is needed to hold the dialect against a record."""

    def unknown(self, shapes: set[str]) -> str | None:
        """Return one of ``shapes`` that may not pass, or None."""
        return None if self.everything else min(shapes - self.shapes, default=None)


@cache
def verified() -> Verified:
    """Return what ``verified.json`` says."""
    text = files("parity_sandbox.aws.trino").joinpath("verified.json").read_text(encoding="utf-8")
    content = json.loads(text)
    return Verified(frozenset(content["shapes"]), content["types"], content["zones"])


def words(tokens: list[Token]) -> set[str]:
    """Return the words and signs of a statement's text, as shapes."""
    found = set()
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        if token.token_type.name.endswith("STRING"):
            found.add(f"text {token.token_type.name.lower()}")
        elif token.token_type not in WORDS:
            found.add(f"word {token.text.upper()}")
        if token.token_type == TokenType.NUMBER:
            found.add(f"number {_digits(token, after)}")
    return found


def _digits(token: Token, after: Token | None) -> str:
    """Return a number's form; one that runs into a word, such as ``1_000``, has a form of its own."""
    glued = after is not None and after.start == token.end + 1 and re.match(r"\w", after.text)
    return re.sub(r"\d+", "9", token.text.upper()) + ("_" if glued else "")


def shapes(tree: Node) -> set[str]:
    """Return every shape of a typed query."""
    return {found for node in tree.walk() for found in _shapes_of(node)}


def _shapes_of(node: Node) -> Iterator[str]:
    if isinstance(node, CLAUSES):
        yield from _literal(node)
        return
    yield shape(node)
    yield from _options(node)


def _literal(node: Node) -> Iterator[str]:
    if isinstance(node, exp.Literal) and node.is_string and any(ord(letter) > 0xFFFF for letter in node.name):
        yield "text beyond the basic plane"


def shape(node: Node, *, widths: bool = False) -> str:
    """Return the shape of one operation; with ``widths`` integers keep theirs also in functions."""
    widths = widths or isinstance(node, OPERATORS)
    if isinstance(node, exp.Join):
        manner = [node.side, node.kind, "using" if node.args.get("using") else ""]
        return f"{' '.join(filter(None, ['join', *manner]))}({_argument(node.args.get('on'), widths)})".lower()
    if isinstance(node, exp.Cast):
        return f"{node.key}({_argument(node.this, True)} as {_target(node.to)}){_spelling(node)}"
    if isinstance(node, exp.Window):
        return _window(node)
    if isinstance(node, exp.HexString | exp.UnicodeString):
        return f"{node.key}()"
    if isinstance(node, exp.Ordered):
        order = "desc" if node.args.get("desc") else "asc"
        nulls = "first" if node.args.get("nulls_first") else "last"
        return f"ordered({_argument(node.this, widths)} {order} {nulls})"
    return f"{name_of(node)}({', '.join(_arguments(node, widths))})"


def name_of(node: Node) -> str:
    """Return the name of a function as it was written, or the key of another node."""
    written = node.meta.get("name")
    if written:
        return str(written)
    return str(node.name).lower() if isinstance(node, exp.Anonymous) else str(node.key)


def _arguments(node: Node, widths: bool) -> Iterator[str]:
    for name, value in node.args.items():
        if isinstance(node, exp.Anonymous) and name == "this":
            continue
        if isinstance(value, list):
            parts = list(dict.fromkeys(_argument(one, widths) for one in value))
            yield from parts if isinstance(node, exp.Anonymous) else [f"[{', '.join(parts)}]"] if parts else []
        elif isinstance(value, exp.Expr):
            yield _argument(value, widths)
        elif value not in (None, False, ""):
            yield f"{name}={value}"


def _argument(node: Any, widths: bool) -> str:
    """Return what a shape says of an argument: its type, or what it is."""
    if node is None or isinstance(node, exp.Var | exp.Null):
        return "" if node is None else "unknown" if isinstance(node, exp.Null) else str(node.name).upper()
    if isinstance(node, exp.DataType):
        return type_name(node, widths=widths)
    if isinstance(node, exp.Lambda):
        return f"{len(node.expressions)} -> {_argument(node.this, widths)}"
    if isinstance(node, exp.Distinct | exp.Order | exp.Ordered | exp.Tuple):
        inner = node.expressions or [node.this]
        own = [_argument(node.this, widths)] if isinstance(node, exp.Order) and node.this is not None else []
        return f"{node.key} {', '.join([*own, *(_argument(one, widths) for one in inner)])}"
    if isinstance(node, exp.Interval):
        return f"interval {_argument(node.args.get('unit'), widths)}"
    if isinstance(node, exp.Any | exp.All | exp.Subquery | exp.WithinGroup | exp.Star | exp.JSONPath):
        return _query_type(node, widths) if isinstance(node, exp.Subquery) else str(node.key)
    return type_name(node.type, widths=widths)


def _query_type(node: exp.Subquery, widths: bool) -> str:
    columns = node.this.selects if isinstance(node.this, exp.Query) else []
    return "query " + ", ".join(_argument(one, widths) for one in columns)


def _target(to: exp.DataType) -> str:
    bounded = to.this in TEXTS | {Kind.CHAR} and to.expressions
    return type_name(to, widths=True) + ("(n)" if bounded else "")


def _spelling(node: exp.Cast) -> str:
    """Return how the text of a typed literal, or of a CAST of plain text, is spelt: digits are all alike."""
    if not isinstance(node.this, exp.Literal) or not node.this.is_string or node.to.this in TEXTS:
        return ""
    spelt = re.sub(r"[A-Za-z]+(/[A-Za-z_]+)?", "a", re.sub(r"\d+", "9", node.this.name))
    return f" like {spelt[:30]!r}"


def _window(node: exp.Window) -> str:
    inner = node.this
    while isinstance(inner, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        inner = inner.this
    frame = node.args.get("spec")
    names = ("kind", "start", "start_side", "end", "end_side")
    bounds = [re.sub(r"\d+", "9", str(frame.args.get(name) or "")) for name in names] if frame else []
    ordered = "ordered" if node.args.get("order") else "whole"
    return f"{shape(inner)} over {ordered} {' '.join(filter(None, bounds))}".strip()


def type_name(found: exp.DataType | None, *, widths: bool = True) -> str:
    """Return a type as shapes spell it; ``?`` when it is not known."""
    if found is None or found.this == Kind.UNKNOWN:
        return "?"
    if not widths and found.this in INTEGERS:
        return "int"
    if found.this in STAMPS:
        return f"timestamp({_digits_of(found)})" + (" with time zone" if found.this == Kind.TIMESTAMPTZ else "")
    if found.this in (Kind.ARRAY, Kind.MAP, Kind.STRUCT):
        parts = [one.args["kind"] if isinstance(one, exp.ColumnDef) else one for one in found.expressions]
        inner = ", ".join(type_name(one, widths=widths) if isinstance(one, exp.DataType) else "?" for one in parts)
        return f"{NAMES.get(found.this) or found.this.value.lower()}({inner or '?'})"
    if found.this == Kind.INTERVAL:
        return "interval"
    return NAMES.get(found.this) or str(getattr(found.this, "value", found.this)).lower()


def _digits_of(found: exp.DataType) -> str:
    return str(found.expressions[0].name) if found.expressions else "3"


def _options(node: Node) -> Iterator[str]:
    """Return the shapes of what a function's literal arguments say."""
    name = name_of(node)
    if isinstance(node, exp.Func | exp.Anonymous) and not isinstance(
        node, exp.Cast | exp.Case | exp.If | exp.Coalesce
    ):
        for place, argument in enumerate(_plain_arguments(node)):
            if found := _special(argument):
                yield f"{name} argument {place} {found}"
    if name in REGEX:
        yield from (f"{name} pattern {one}" for one in _pattern(node))
    yield from (f"{name} format {one}" for one in _format(node, name))
    if isinstance(node, exp.Like):
        yield f"like {'literal' if isinstance(node.expression, exp.Literal) else 'computed'}"


def _plain_arguments(node: Node) -> Iterator[Node]:
    for name, value in node.args.items():
        if not (isinstance(node, exp.Anonymous) and name == "this"):
            yield from (
                one for one in (value if isinstance(value, list) else [value]) if isinstance(one, exp.Expr)
            )


def _special(node: Node) -> str:
    """Return what is special about a literal argument: negative, zero, large or empty."""
    if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
        return "negative"
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) and node.to.this in INTEGERS:
        return "negative" if node.this.name.startswith("-") else ""
    if not isinstance(node, exp.Literal):
        return ""
    if node.is_string:
        return "" if node.name else "empty"
    return "zero" if not node.name.strip("0.eE") else ""


def _pattern(node: Node) -> Iterator[str]:
    pattern = node.args.get("expression") or (node.expressions[1] if len(node.expressions) > 1 else None)
    if not isinstance(pattern, exp.Literal):
        yield "computed"
        return
    for token in PATTERN.findall(pattern.name):
        yield re.sub(r"\d+", "9", re.sub(r"<[A-Za-z]\w*>", "<name>", token))


def _format(node: Node, name: str) -> Iterator[str]:
    """Return the letters of a literal format."""
    given = node.args.get("format")
    if isinstance(node, exp.TimeToStr | exp.StrToTime):
        yield from PERCENT.findall(given.name) if isinstance(given, exp.Literal) else ["computed"]
    elif isinstance(node, exp.ParseDatetime) or name == "format_datetime":
        given = given if given is not None else node.expressions[-1]
        found = LETTERS.finditer(given.name) if isinstance(given, exp.Literal) else []
        yield from (one.group(0) if one.group(1) else "quoted" for one in found)
        yield from [] if isinstance(given, exp.Literal) else ["computed"]
    elif isinstance(node, exp.Format):
        yield from DIRECTIVES.findall(node.this.name) if isinstance(node.this, exp.Literal) else ["computed"]
    elif isinstance(node, exp.AtTimeZone):
        yield _zone(node.args["zone"])
    elif name in ("at_timezone", "with_timezone"):
        yield _zone(node.expressions[-1])


def _zone(node: Node) -> str:
    if not isinstance(node, exp.Literal):
        return "computed"
    return "utc" if node.name.upper() == "UTC" else "offset" if node.name[:1] in "+-" else "region"
