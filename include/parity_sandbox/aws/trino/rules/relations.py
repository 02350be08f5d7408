"""Relations and conditions: UNNEST in all its forms, comparisons without silent conversion, TRY, samples."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlglot import exp

from parity_sandbox.aws.trino.functions import FUNCTIONS
from parity_sandbox.aws.trino.limitation import Limitation, TypeMismatch
from parity_sandbox.aws.trino.nodes import (
    FLOATS,
    INTEGERS,
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
from parity_sandbox.aws.trino.rules import zones
from parity_sandbox.aws.trino.session import macros

NESTS = frozenset({Kind.ARRAY, Kind.MAP, Kind.STRUCT})
SCALARS = INTEGERS | TEXTS | STAMPS | {Kind.DATE, Kind.DECIMAL, Kind.BOOLEAN}
RAISING = frozenset(
    {one.name for one in FUNCTIONS} | {line.split("(")[0].split()[-1] for line in macros() if "t_check" in line}
)
"""Functions of the sandbox whose errors DuckDB's TRY lets through."""
FAMILIES = (NUMBERS, TEXTS, STAMPS | {Kind.DATE}, *(frozenset({one}) for one in (Kind.BOOLEAN, Kind.VARBINARY)))


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
    """``= <> < <= > >=``: NaN equals nothing, and a NULL inside an array is unknown."""
    if zones.instants(node, [node.left, node.right]) or isinstance(node.right, exp.Any | exp.All):
        return node
    check_alike(node, [node.left, node.right])
    kinds = {kind(node.left), kind(node.right)}
    if kinds & FLOATS:
        return call(f"t_{node.key}_nan", node.left, node.right)
    if kinds & {Kind.ARRAY, Kind.STRUCT, Kind.MAP}:
        return _nested(node)
    return node


def _nested(node: exp.Binary) -> Node:
    elements = [
        one.type.expressions[0] if one.type and one.type.expressions else None for one in (node.left, node.right)
    ]
    scalar = all(isinstance(one, exp.DataType) and one.this in SCALARS for one in elements)
    if kind(node.left) != Kind.ARRAY or not scalar:
        raise Limitation(f"comparing {kind(node.left).value} values")
    if isinstance(node, exp.EQ | exp.NEQ):
        equal = call("t_array_equal", node.left, node.right)
        return exp.paren(exp.Not(this=equal)) if isinstance(node, exp.NEQ) else equal
    return type(node)(this=call("t_no_null", node.left), expression=call("t_no_null", node.right))


def distinct(node: exp.Binary) -> Node:
    """IS DISTINCT FROM, which takes NULL for a value."""
    check_alike(node, [node.left, node.right])
    zones.instants(node, [node.left, node.right])
    return node


def between(node: exp.Between) -> Node:
    """BETWEEN."""
    sides = [node.this, node.args["low"], node.args["high"]]
    check_alike(node, sides)
    zones.instants(node, sides)
    if {kind(side) for side in sides} & (FLOATS | NESTS):
        low, high = (
            exp.GTE(this=node.this, expression=sides[1]),
            exp.LTE(this=node.this.copy(), expression=sides[2]),
        )
        return exp.paren(exp.And(this=compared(low), expression=compared(high)))
    return node


def listed(node: exp.In) -> Node:
    """IN a list."""
    check_alike(node, [node.this, *node.expressions])
    zones.instants(node, [node.this, *node.expressions])
    if {kind(side) for side in [node.this, *node.expressions]} & (FLOATS | NESTS):
        raise Limitation("IN with floating point or nested values; write it as comparisons")
    return node


def chosen(node: Node) -> Node:
    """COALESCE, IF, CASE and NULLIF: branches of one family."""
    branches = _branches(node)
    check_alike(node, branches)
    kinds = {kind(branch) for branch in branches if not isinstance(branch, exp.Null)}
    asked = [node.this, *(one.this for one in node.args["ifs"])] if isinstance(node, exp.Case) else []
    if any(one is not None and zones.zoned(one) for one in asked):
        raise Limitation("CASE of a timestamp with time zone; write WHEN x = y")
    if Kind.TIMESTAMPTZ in kinds and len(kinds) > 1:
        raise Limitation(f"{node.key} of timestamps with and without time zone; CAST them to one type")
    return _unless_equal(node) if isinstance(node, exp.Nullif) and Kind.TIMESTAMPTZ in kinds else node


def _unless_equal(node: exp.Nullif) -> Node:
    equal = exp.EQ(this=zones.utc(node.this.copy()), expression=zones.utc(node.expression))
    return exp.Case().when(equal, exp.null()).else_(node.this)


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
        unlike = node.args.get("distinct") or not isinstance(node, exp.Union) or left.type != right.type
        if unlike and (zones.zoned(left) or zones.zoned(right)):
            raise Limitation("UNION, INTERSECT or EXCEPT of timestamps with time zone; UNION ALL takes them")
    return node


def escaped(node: exp.Escape) -> Node:
    """``LIKE … ESCAPE``: what is escaped is a wildcard or the escape itself."""
    like, letter = node.this, node.expression
    literal = isinstance(letter, exp.Literal) and isinstance(like.expression, exp.Literal)
    if not literal or len(letter.name) != 1:
        raise Limitation("LIKE with a computed pattern or escape")
    after = re.findall(re.escape(letter.name) + "(.?)", like.expression.name, re.DOTALL)
    if any(one not in ("%", "_", letter.name) or not one for one in after):
        raise TypeMismatch("Escape character must be followed by '%', '_' or the escape character itself")
    return node


def truth(*names: str) -> Rule:
    """Return a rule for a condition, whose parts must be BOOLEAN."""

    def rule(node: Node) -> Node:
        for name in names:
            part = node.args.get(name)
            if part is not None and kind(part) not in (Kind.BOOLEAN, Kind.UNKNOWN, Kind.NULL):
                raise TypeMismatch(f"a condition must evaluate to a boolean: {part.sql('trino')[:60]}")
        return node

    return rule


def chosen_if(node: exp.If) -> Node:
    """IF, and a branch of CASE."""
    if not (isinstance(node.parent, exp.Case) and node.parent.this):
        truth("this")(node)
    return chosen(node)


def attempted(node: exp.Try) -> Node:
    """TRY, which catches no error that a function of the sandbox's own raises."""
    own = [one.name for one in node.this.find_all(exp.Anonymous) if one.name in RAISING]
    if own:
        raise Limitation(f"TRY around {node.this.sql('trino')[:60]}; use TRY_CAST or a CASE")
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


def joined(node: exp.Join) -> Node:
    """JOIN … ON a condition."""
    return truth("on")(node)


RULES: Mapping[type[Node], Rule] = {
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), compared),
    **dict.fromkeys((exp.NullSafeEQ, exp.NullSafeNEQ), distinct),
    **dict.fromkeys((exp.Coalesce, exp.Case, exp.Nullif), chosen),
    exp.If: chosen_if,
    **dict.fromkeys((exp.Union, exp.Intersect, exp.Except), alike_columns),
    **dict.fromkeys((exp.And, exp.Or), truth("this", "expression")),
    exp.Not: truth("this"),
    exp.Where: truth("this"),
    exp.Join: joined,
    exp.Having: truth("this"),
    exp.Escape: escaped,
    exp.Between: between,
    exp.In: listed,
    exp.Try: attempted,
    exp.Typeof: type_name,
    exp.TableSample: sampled,
    exp.Unnest: unnested,
}
NAMED: Mapping[str, Rule] = {}
