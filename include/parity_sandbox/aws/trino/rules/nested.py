"""Arrays, maps, rows and JSON."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from parity_sandbox.aws.trino.limitation import Limitation
from parity_sandbox.aws.trino.nodes import (
    INTEGERS,
    TEXTS,
    Kind,
    Node,
    Rule,
    call,
    cast,
    kind,
    known_kind,
    literal_text,
    text,
)
from parity_sandbox.aws.trino.rules.strings import only


def subscript(node: exp.Bracket) -> Node:
    """``a[i]`` must exist; ``element_at`` may be NULL."""
    if len(node.expressions) != 1:
        raise Limitation("a subscript of several parts")
    found, (index,) = known_kind(node.this, "a subscript"), node.expressions
    if found == Kind.ARRAY:
        return call("t_element" if node.args.get("safe") else "t_subscript", node.this, index)
    if found == Kind.MAP:
        return call("map_extract_value" if node.args.get("safe") else "t_map_subscript", node.this, index)
    raise Limitation(f"a subscript of {found.value}")


def size(node: exp.ArraySize) -> Node:
    """``cardinality``."""
    found = known_kind(node.this, "cardinality")
    if found not in (Kind.ARRAY, Kind.MAP):
        raise Limitation(f"cardinality of {found.value}")
    return call("t_array_size" if found == Kind.ARRAY else "t_map_size", node.this)


def joined(node: exp.ArrayToString) -> Node:
    """``array_join`` of texts and whole numbers."""
    if node.args.get("null") is not None:
        return call("t_join_null", node.this, node.expression, node.args["null"])
    nested = node.this.type.expressions if node.this.type is not None else []
    if not nested or nested[0].this not in TEXTS | INTEGERS:
        raise Limitation("array_join of other than texts and whole numbers; transform them to varchar")
    return call("array_to_string", node.this, node.expression)


def sorted_array(node: exp.Expression) -> Node:
    """``array_sort`` without comparator, NULL last."""
    only(node, "this", "nulls_first")
    return call("list_sort", node.this, text("ASC"), text("NULLS LAST"))


def unordered(node: exp.ArrayIntersect) -> Node:
    """``array_intersect``: Trino's order is not documented."""
    around = node.parent
    if not isinstance(around, exp.ArraySize | exp.ArraySort):
        raise Limitation("array_intersect, whose order is not known; wrap it in array_sort")
    return call("t_distinct", call("list_intersect", *node.expressions))


def matched(name: str, *, negate: bool = False) -> Rule:
    """Return a rule for ``any_match`` and its kin, with NULL as unknown."""

    def rule(node: Node) -> Node:
        array, condition = node.expressions if isinstance(node, exp.Anonymous) else (node.this, node.expression)
        flags = call(name, call("list_transform", array, condition))
        return exp.paren(exp.Not(this=flags)) if negate else flags

    return rule


def reduced(node: exp.Reduce) -> Node:
    """``reduce`` whose last function is the identity."""
    finish = node.args.get("finish")
    if not isinstance(finish, exp.Lambda) or finish.this.sql() != finish.expressions[0].sql():
        raise Limitation("reduce with a finishing function; apply it outside")
    return call("list_reduce", node.this, node.args["merge"], node.args["initial"])


def sequence(node: exp.GenerateSeries) -> Node:
    """``sequence`` of whole numbers or dates, both ends included."""
    start, end, step = node.args["start"], node.args["end"], node.args.get("step")
    found = known_kind(start, "sequence")
    if step is not None and isinstance(step, exp.Interval) and str(step.args["unit"].name).lower() != "day":
        raise Limitation("a sequence in other steps than days")
    if found in INTEGERS:
        return call("t_sequence", start, end, step or call("t_direction", start.copy(), end.copy()))
    if found != Kind.DATE or (step is not None and not isinstance(step, exp.Interval)):
        raise Limitation(f"sequence of {found.value}")
    days = step or exp.Interval(this=text("1"), unit=exp.var("day"))
    return cast(call("t_date_sequence", start, end, days), "date[]")


def of_both(name: str) -> Rule:
    """Return a rule for a function of two arrays."""
    return lambda node: call(name, *_both(node))


def _both(node: Node) -> list[Node]:
    if node.args.get("this") is None or isinstance(node, exp.Anonymous):
        return list(node.expressions)
    return [node.this, *(node.expressions or [node.expression])]


def of_one(name: str) -> Rule:
    """Return a rule for a function of one array."""
    return lambda node: call(name, node.this)


def with_lambda(name: str) -> Rule:
    """Return a rule for a function of an array and a lambda."""
    return lambda node: call(name, node.this, node.expression)


def slice_of(node: exp.ArraySlice) -> Node:
    """``slice(a, start, length)``."""
    return call("t_slice", node.this, node.args["start"], node.args["end"])


def map_of(node: exp.Map) -> Node:
    """``map(keys, values)``."""
    if node.args.get("keys") is None:
        raise Limitation("an empty map")
    return call("map", node.args["keys"], node.args["values"])


def scalar(node: exp.JSONExtractScalar) -> Node:
    """``json_extract_scalar``: numbers keep their text."""
    return call("t_json_scalar", _json_text(node.this), text(path_of(node.expression)))


def extracted(node: exp.JSONExtract) -> Node:
    """``json_extract``, and ``json_query`` with a plain path."""
    if node.args.get("json_query"):
        only(node, "this", "expression", "json_query")
        return cast(call("t_json_extract", _json_text(node.this), text(path_of(node.expression))), "varchar")
    return call("t_json_extract", _json_text(node.this), text(path_of(node.expression)))


def json_value(node: exp.JSONValue) -> Node:
    """``json_value`` with a plain path and no clauses."""
    only(node, "this", "path")
    return call("t_json_scalar", _json_text(node.this), text(path_of(node.args["path"])))


def path_of(node: Node) -> str:
    """Return a literal JSON path."""
    if isinstance(node, exp.JSONPath):
        return "$" + "".join(_step(step) for step in node.expressions if not isinstance(step, exp.JSONPathRoot))
    return literal_text(node, "a JSON path")


def _step(step: Node) -> str:
    if isinstance(step, exp.JSONPathKey) and isinstance(step.this, str):
        return f'["{step.this}"]'
    if isinstance(step, exp.JSONPathSubscript) and isinstance(step.this, int) and step.this >= 0:
        return f"[{step.this}]"
    raise Limitation("a JSON path of more than members and indices")


def _json_text(node: Node) -> Node:
    return cast(node, "varchar")


def parsed(node: exp.ParseJSON) -> Node:
    """``json_parse``."""
    return call("t_json_parse", node.this)


def printed(node: exp.JSONFormat) -> Node:
    """``json_format``."""
    if kind(node.this) not in (Kind.JSON, Kind.UNKNOWN):
        raise Limitation("json_format of other than JSON")
    return cast(node.this, "varchar")


def row(node: exp.Struct) -> Node:
    """``row(…)``."""
    return call("row", *node.expressions)


def contains(node: exp.ArrayContains) -> Node:
    """``contains``: unknown when absent and a NULL is inside."""
    return call("t_contains", node.this, node.expression)


def _of_entry(node: Node) -> exp.Lambda:
    """Return a lambda of key and value as one of an entry."""
    return _spread(node, ("key", "value"))


def _pairwise(node: Node) -> exp.Lambda:
    """Return a lambda of two elements as one of a pair."""
    return _spread(node, ("a", "b"))


def _spread(node: Node, fields: tuple[str, str]) -> exp.Lambda:
    if not isinstance(node, exp.Lambda) or len(node.expressions) != 2 or node.find(exp.Lambda) is not node:
        raise Limitation("this lambda")
    body = node.this.copy() if isinstance(node.this, exp.Expr) else node.this
    holder = exp.paren(body)
    for name, field in zip([one.name for one in node.expressions], fields, strict=True):
        for part in list(holder.find_all(exp.Identifier)):
            if part.name == name and not isinstance(part.parent, exp.Column):
                part.replace(call("struct_extract", exp.to_identifier("_pair"), text(field)))
    return exp.Lambda(this=holder, expressions=[exp.to_identifier("_pair")])


def removed(node: exp.ArrayRemove) -> Node:
    """``array_remove``: NULLs stay."""
    return call("t_array_remove", node.this, node.expression)


RULES: Mapping[type[Node], Rule] = {
    exp.Bracket: subscript,
    exp.ArrayRemove: removed,
    exp.MapFromEntries: lambda node: call("t_map_from_entries", node.this),
    exp.ArrayFirst: lambda node: call("list_extract", node.this, exp.Literal.number(1)),
    exp.DotProduct: lambda node: call("list_dot_product", node.this, node.expression),
    exp.ArraySize: size,
    exp.ArrayToString: joined,
    exp.ArraySort: sorted_array,
    exp.ArrayIntersect: unordered,
    exp.ArrayContains: contains,
    exp.ArrayDistinct: of_one("t_distinct"),
    exp.ArrayMax: of_one("t_greatest_of"),
    exp.ArrayMin: of_one("t_least_of"),
    exp.Flatten: of_one("flatten"),
    exp.ArrayExcept: of_both("t_except"),
    exp.ArrayPosition: of_both("t_position"),
    exp.ArrayFilter: with_lambda("list_filter"),
    exp.Transform: with_lambda("list_transform"),
    exp.ArraySlice: slice_of,
    exp.Repeat: lambda node: call("t_repeat", node.this, node.args["times"]),
    exp.Reduce: reduced,
    exp.GenerateSeries: sequence,
    exp.Map: map_of,
    exp.MapKeys: of_one("map_keys"),
    exp.Struct: row,
    exp.JSONExtractScalar: scalar,
    exp.JSONExtract: extracted,
    exp.JSONValue: json_value,
    exp.ParseJSON: parsed,
    exp.JSONFormat: printed,
}
NAMED: Mapping[str, Rule] = {
    "any_match": matched("t_any"),
    "none_match": matched("t_any", negate=True),
    "all_match": matched("t_all"),
    "array_union": lambda node: call("t_distinct", call("list_concat", *node.expressions)),
    "arrays_overlap": of_both("t_overlap"),
    "zip": lambda node: call("list_zip", *node.expressions),
    "map_values": lambda node: call("map_values", *node.expressions),
    "map_entries": lambda node: call("map_entries", *node.expressions),
    "json_size": lambda node: call("t_json_size", _json_text(node.expressions[0]), node.expressions[1]),
    "zip_with": lambda node: call("t_zip_with", *node.expressions[:2], _pairwise(node.expressions[2])),
    "trim_array": lambda node: call("t_trim_array", *node.expressions),
    "contains_sequence": lambda node: call("t_contains_sequence", *node.expressions),
    "map_concat": lambda node: call("map_concat", *node.expressions),
    "map_filter": lambda node: call("t_map_filter", node.expressions[0], _of_entry(node.expressions[1])),
    "transform_values": lambda node: call("t_map_values", node.expressions[0], _of_entry(node.expressions[1])),
    "transform_keys": lambda node: call("t_map_keys", node.expressions[0], _of_entry(node.expressions[1])),
    "json_array_length": lambda node: call("t_json_array_length", _json_text(node.expressions[0])),
}
