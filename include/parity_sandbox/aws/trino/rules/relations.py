"""Relations and conditions: UNNEST in all its forms, comparisons without silent conversion, TRY, samples."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from parity_sandbox.aws.trino.limitation import Limitation, TypeMismatch
from parity_sandbox.aws.trino.nodes import (
    NUMBERS,
    STAMPS,
    TEXTS,
    Kind,
    Node,
    Rule,
    call,
    kind,
    known_kind,
    number,
    text,
)

FAMILIES = (NUMBERS, TEXTS, STAMPS | {Kind.DATE}, frozenset({Kind.BOOLEAN}))


def family(found: Kind) -> int | None:
    """Return which kinds may be compared with this one, or None when anything may."""
    return next((place for place, kinds in enumerate(FAMILIES) if found in kinds), None)


def check_alike(node: Node, sides: list[Node]) -> None:
    """Raise TypeMismatch for values that Trino would not compare; refuse CHAR, which it pads."""
    if Kind.CHAR in map(kind, sides):
        raise Limitation("comparing CHAR values; CAST them to varchar")
    families = {family(kind(side)) for side in sides} - {None}
    if len(families) > 1:
        kinds = ", ".join(kind(side).value.lower() for side in sides)
        raise TypeMismatch(f"line 1:1: Cannot apply operator: {kinds} in {node.sql('trino')[:80]}")


def compared(node: exp.Binary) -> Node:
    """``= <> < <= > >=`` and IS DISTINCT FROM."""
    if not isinstance(node.right, exp.Any | exp.All):
        check_alike(node, [node.left, node.right])
    return node


def between(node: exp.Between) -> Node:
    """BETWEEN."""
    check_alike(node, [node.this, node.args["low"], node.args["high"]])
    return node


def listed(node: exp.In) -> Node:
    """IN a list."""
    check_alike(node, [node.this, *node.expressions])
    return node


def chosen(node: Node) -> Node:
    """COALESCE, IF, CASE and NULLIF: branches of one family."""
    check_alike(node, _branches(node))
    return node


def _branches(node: Node) -> list[Node]:
    if isinstance(node, exp.Case):
        branches = [one.args["true"] for one in node.args["ifs"]]
        return [*branches, *([node.args["default"]] if node.args.get("default") else [])]
    if isinstance(node, exp.If):
        return [part for part in (node.args["true"], node.args.get("false")) if part is not None]
    return [node.this, *(node.expressions or [node.expression])]


def alike_columns(node: exp.SetOperation) -> Node:
    """UNION, INTERSECT and EXCEPT: columns of one family."""
    for left, right in zip(node.left.selects, node.right.selects, strict=False):
        check_alike(node, [left, right])
    return node


def attempted(node: exp.Try) -> Node:
    """TRY."""
    return call("try", node.this)


def type_name(node: exp.Typeof) -> Node:
    """``typeof`` is known before the query runs."""
    found = known_kind(node.this, "typeof")
    if isinstance(node.this, exp.Literal) and node.this.is_string:
        return text(f"varchar({len(node.this.name)})")
    spelt = [one.name for one in node.this.type.expressions] if node.this.type is not None else []
    if found == Kind.DECIMAL and len(spelt) == 2:
        return text(f"decimal({spelt[0]},{spelt[1]})")
    names = {Kind.INT: "integer", Kind.VARCHAR: "varchar", Kind.TEXT: "varchar", Kind.FLOAT: "real"}
    if found in NUMBERS - {Kind.DECIMAL} | {Kind.DATE, Kind.BOOLEAN}:
        return text(names.get(found) or found.value.lower())
    raise Limitation(f"typeof of {found.value}")


def sampled(node: exp.TableSample) -> Node:
    """TABLESAMPLE BERNOULLI and SYSTEM."""
    percent = node.args.get("percent") or node.args.get("size")
    if percent is None or not isinstance(percent, exp.Literal):
        raise Limitation("TABLESAMPLE of other than a percentage")
    return exp.TableSample(percent=percent.copy(), method=node.args.get("method"))


def unnested(node: exp.Unnest) -> Node:
    """UNNEST of arrays, maps and arrays of rows, WITH ORDINALITY: a lateral subquery of DuckDB's unnest."""
    alias = node.args.get("alias")
    names = [column.copy() for column in alias.columns] if alias is not None else []
    offset = node.args.get("offset")
    pieces = [piece for argument in node.expressions for piece in _pieces(argument)]
    if isinstance(offset, exp.Identifier):
        names.append(offset.copy())
    if offset:
        pieces.append(_numbers(pieces))
    if len(names) != len(pieces):
        raise Limitation("UNNEST without a name for each column; write UNNEST(…) AS t(a, b)")
    columns = [exp.alias_(call("unnest", piece), name) for piece, name in zip(pieces, names, strict=True)]
    query = exp.Subquery(this=exp.select(*columns))
    label = exp.TableAlias(this=alias.this.copy()) if alias is not None and alias.this else None
    if isinstance(node.parent, exp.From):
        query.set("alias", label)
        return query
    return exp.Lateral(this=query, alias=label)


def _pieces(argument: Node) -> list[Node]:
    """Return one array per column that an argument of UNNEST gives."""
    found = known_kind(argument, "UNNEST")
    if found == Kind.MAP:
        return [call("map_keys", argument), call("map_values", argument.copy())]
    nested = argument.type.expressions if argument.type is not None else []
    if found != Kind.ARRAY or not nested:
        raise Limitation(f"UNNEST of {found.value}")
    if nested[0].this != Kind.STRUCT:
        return [argument]
    return [_field(argument, field.name) for field in nested[0].expressions]


def _field(argument: Node, name: str) -> Node:
    element = exp.to_identifier("_row")
    body = call("struct_extract", exp.column("_row"), text(name))
    return call("list_transform", argument.copy(), exp.Lambda(this=body, expressions=[element]))


def _numbers(pieces: list[Node]) -> Node:
    lengths = [call("len", piece.copy()) for piece in pieces]
    longest = lengths[0] if len(lengths) == 1 else call("greatest", *lengths)
    return call("range", number(1), exp.Add(this=longest, expression=number(1)))


RULES: Mapping[type[Node], Rule] = {
    **dict.fromkeys(
        (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ), compared
    ),
    **dict.fromkeys((exp.Coalesce, exp.If, exp.Case, exp.Nullif), chosen),
    **dict.fromkeys((exp.Union, exp.Intersect, exp.Except), alike_columns),
    exp.Between: between,
    exp.In: listed,
    exp.Try: attempted,
    exp.Typeof: type_name,
    exp.TableSample: sampled,
    exp.Unnest: unnested,
}
NAMED: Mapping[str, Rule] = {}
