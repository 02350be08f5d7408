"""Types of a node by those of its arguments, where sqlglot's own inference is not Trino's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.dialects.athena import Athena
from sqlglot.optimizer.annotate_types import TypeAnnotator

from parity_sandbox.aws.trino.nodes import (
    FLOATS,
    INTEGERS,
    NUMBERS,
    STAMPS,
    Kind,
    Node,
    added,
    decimal_of,
    decimal_type,
    divided,
    kind,
    multiplied,
    remaining,
    settle,
)

Annotate = Callable[[Any, Any], Any]


def literal_decimal(digits: str) -> exp.DataType:
    """Return the type of a decimal literal such as ``12.30``."""
    whole, _, fraction = digits.lstrip("+-").partition(".")
    return decimal_type(max(1, len(whole.lstrip("0")) + len(fraction)), len(fraction))


def _literal(annotator: TypeAnnotator, node: exp.Literal) -> exp.Literal:
    if node.is_string:
        return settle(annotator, node, Kind.VARCHAR)
    if "e" in node.name.lower():
        return settle(annotator, node, Kind.DOUBLE)
    if "." in node.name:
        return settle(annotator, node, literal_decimal(node.name))
    return settle(annotator, node, Kind.INT if int(node.name) < 2**31 else Kind.BIGINT)


def _arithmetic(decimals: Callable[[tuple[int, int], tuple[int, int]], tuple[int, int]]) -> Annotate:
    def annotated(annotator: TypeAnnotator, node: exp.Binary) -> exp.Binary:
        kinds = {kind(node.left), kind(node.right)}
        if Kind.DECIMAL in kinds and kinds <= INTEGERS | {Kind.DECIMAL}:
            left, right = decimal_of(node.left), decimal_of(node.right)
            known = decimal_type(*decimals(left, right)) if left and right else Kind.UNKNOWN
            return settle(annotator, node, known)
        if kinds <= NUMBERS and kinds & FLOATS:
            return settle(annotator, node, Kind.DOUBLE if Kind.DOUBLE in kinds else Kind.FLOAT)
        if Kind.TIMESTAMPTZ in kinds and (found := _shifted_by(node)) is not None:
            return settle(annotator, node, found)
        if isinstance(node, exp.Div) and kinds <= INTEGERS:
            return settle(annotator, node, common([node.left, node.right]))
        return annotator._annotate_binary(node)  # noqa: SLF001 - the same door

    return annotated


def _shifted_by(node: exp.Binary) -> exp.DataType | None:
    """Return the type of a time with zone and an interval: days and less have milliseconds."""
    times = [side for side in (node.left, node.right) if kind(side) == Kind.TIMESTAMPTZ]
    spans = [side for side in (node.left, node.right) if isinstance(side, exp.Interval)]
    if len(times) != 1 or len(spans) != 1:
        return None
    found: exp.DataType = times[0].type
    calendar = str(spans[0].args["unit"].name).upper().startswith(("MONTH", "YEAR"))
    coarse = not calendar and any(int(one.name) < 3 for one in found.expressions)
    return _zoned(None) if coarse else found


def common(nodes: list[Any]) -> exp.DataType | Kind:
    """Return the type that Trino gives to a choice between ``nodes``; UNKNOWN when it is not certain."""
    certain = [node for node in nodes if not isinstance(node, exp.Null) and kind(node) != Kind.NULL]
    kinds = {kind(node) for node in certain}
    if not certain or Kind.UNKNOWN in kinds:
        return Kind.UNKNOWN
    if len({node.type for node in certain}) == 1:
        return certain[0].type
    if kinds <= INTEGERS:
        return max(kinds, key=[Kind.TINYINT, Kind.SMALLINT, Kind.INT, Kind.BIGINT].index)
    if kinds <= NUMBERS and kinds & FLOATS:
        return Kind.DOUBLE if Kind.DOUBLE in kinds else Kind.FLOAT
    if kinds in ({Kind.TIMESTAMP}, {Kind.TIMESTAMPTZ}):
        return max(
            (node.type for node in certain), key=lambda one: int(one.expressions[0].name) if one.expressions else 3
        )
    if kinds <= INTEGERS | {Kind.DECIMAL}:
        pairs = [pair for pair in map(decimal_of, certain) if pair]
        scale = max(pair[1] for pair in pairs)
        return decimal_type(max(pair[0] - pair[1] for pair in pairs) + scale, scale)
    return certain[0].type.this if len(kinds) == 1 else Kind.UNKNOWN


def _choice(*names: str) -> Annotate:
    """Return an annotator for nodes whose value is one of their arguments."""

    def annotated(annotator: TypeAnnotator, node: Node) -> Node:
        given = [node.args.get(name) for name in names]
        flat = [one for item in given for one in (item if isinstance(item, list) else [item]) if one is not None]
        return settle(annotator, node, common(flat))

    return annotated


def _case(annotator: TypeAnnotator, node: exp.Case) -> exp.Case:
    branches = [branch.args["true"] for branch in node.args["ifs"]]
    return settle(annotator, node, common([*branches, *filter(None, [node.args.get("default")])]))


def _same(annotator: TypeAnnotator, node: Node) -> Node:
    return settle(annotator, node, node.this.type)


def _sum(annotator: TypeAnnotator, node: exp.Sum) -> exp.Sum:
    pair = decimal_of(node.this)
    if kind(node.this) in INTEGERS:
        return settle(annotator, node, Kind.BIGINT)
    return settle(annotator, node, decimal_type(38, pair[1]) if pair else node.this.type)


def _average(annotator: TypeAnnotator, node: exp.Avg) -> exp.Avg:
    return settle(annotator, node, Kind.DOUBLE if kind(node.this) in INTEGERS else node.this.type)


def _round(annotator: TypeAnnotator, node: exp.Round) -> exp.Round:
    pair = decimal_of(node.this) if kind(node.this) == Kind.DECIMAL else None
    if pair is None:
        return settle(annotator, node, node.this.type)
    places = node.args.get("decimals")
    scale = pair[1] if places is not None else 0
    return settle(annotator, node, decimal_type(pair[0] - pair[1] + scale + 1, scale))


def _whole(annotator: TypeAnnotator, node: Node) -> Node:
    pair = decimal_of(node.this) if kind(node.this) == Kind.DECIMAL else None
    return settle(annotator, node, decimal_type(pair[0] - pair[1] + 1, 0) if pair else node.this.type)


def _truncated(annotator: TypeAnnotator, node: exp.Trunc) -> exp.Trunc:
    pair = decimal_of(node.this)
    if pair is None or node.args.get("decimals") is not None:
        return settle(annotator, node, decimal_type(*pair) if pair else node.this.type)
    return settle(annotator, node, decimal_type(max(1, pair[0] - pair[1]), 0))


def _negated(annotator: TypeAnnotator, node: exp.Neg) -> exp.Neg:
    smallest = isinstance(node.this, exp.Literal) and node.this.name == str(2**31)
    return settle(annotator, node, Kind.INT if smallest else node.this.type)


def _returns(data_type: str) -> dict[str, Any]:
    built = exp.DataType.build(data_type)
    return {"annotator": lambda annotator, node: settle(annotator, node, built)}


def _element(annotator: TypeAnnotator, node: exp.Bracket) -> exp.Bracket:
    nested = node.this.type.expressions if node.this.type is not None else []
    if kind(node.this) == Kind.ARRAY and nested:
        return settle(annotator, node, nested[0])
    if kind(node.this) == Kind.MAP and len(nested) == 2:
        return settle(annotator, node, nested[1])
    return settle(annotator, node, Kind.UNKNOWN)


def _named(annotator: TypeAnnotator, node: exp.Anonymous) -> exp.Anonymous:
    given = [argument.type for argument in node.expressions]
    make = NAMED_TYPES.get(node.name.lower())
    certain = make is not None and all(one is not None and one.this != Kind.UNKNOWN for one in given)
    return settle(annotator, node, make(given) if make is not None and certain else Kind.UNKNOWN)


def _zoned(plain: exp.DataType | None) -> exp.DataType:
    """Return the type of a timestamp of this precision that has a zone."""
    digits = plain.expressions if plain is not None and plain.this in STAMPS else []
    return exp.DataType(this=Kind.TIMESTAMPTZ, expressions=[one.copy() for one in digits] or [_digits(3)])


def _digits(number: int) -> exp.DataTypeParam:
    return exp.DataTypeParam(this=exp.Literal.number(number))


def _map(key: Any, value: Any) -> exp.DataType:
    return exp.DataType(this=Kind.MAP, expressions=[key.copy(), value.copy()], nested=True)


BIGINT = exp.DataType.build("bigint")
VARCHAR = exp.DataType.build("varchar")
DOUBLE = exp.DataType.build("double")
BOOLEAN = exp.DataType.build("boolean")
NAMED_TYPES: dict[str, Callable[[list[Any]], Any]] = {
    "map_agg": lambda given: _map(given[0], given[1]),
    "histogram": lambda given: _map(given[0], BIGINT),
    "array_union": lambda given: given[0],
    **dict.fromkeys(("at_timezone", "with_timezone"), lambda given: _zoned(given[0])),
    **dict.fromkeys(("timezone_hour", "timezone_minute", "millisecond"), lambda _: BIGINT),
    **dict.fromkeys(("crc32", "hamming_distance", "json_size", "json_array_length"), lambda _: BIGINT),
    **dict.fromkeys(("to_base", "format_datetime", "to_iso8601", "url_extract_host"), lambda _: VARCHAR),
    "timezone": lambda _: VARCHAR,
    **dict.fromkeys(("e", "nan", "infinity", "geometric_mean", "log2", "log10"), lambda _: DOUBLE),
    **dict.fromkeys(("any_match", "all_match", "none_match", "every"), lambda _: BOOLEAN),
}


def _unknown(annotator: TypeAnnotator, node: Node) -> Node:
    return settle(annotator, node, Kind.UNKNOWN)


METADATA: dict[Any, Any] = {
    **Athena.EXPRESSION_METADATA,
    exp.Literal: {"annotator": _literal},
    exp.Anonymous: {"annotator": _named},
    exp.Add: {"annotator": _arithmetic(added)},
    exp.Sub: {"annotator": _arithmetic(added)},
    exp.Mul: {"annotator": _arithmetic(multiplied)},
    exp.Div: {"annotator": _arithmetic(divided)},
    exp.Mod: {"annotator": _arithmetic(remaining)},
    exp.Coalesce: {"annotator": _choice("this", "expressions")},
    exp.Greatest: {"annotator": _choice("this", "expressions")},
    exp.Least: {"annotator": _choice("this", "expressions")},
    exp.If: {"annotator": _choice("true", "false")},
    exp.Case: {"annotator": _case},
    exp.Nullif: {"annotator": _same},
    exp.Sum: {"annotator": _sum},
    exp.Avg: {"annotator": _average},
    exp.Abs: {"annotator": _same},
    exp.Round: {"annotator": _round},
    exp.Ceil: {"annotator": _whole},
    exp.Floor: {"annotator": _whole},
    exp.Trunc: {"annotator": _truncated},
    exp.Neg: {"annotator": _negated},
    exp.HexString: _returns("varbinary"),
    exp.Unicode: _returns("int"),
    exp.Bracket: {"annotator": _element},
    exp.DateAdd: {"annotator": _same},
    exp.DateTrunc: {"annotator": _same},
    exp.TimestampTrunc: {"annotator": _same},
    exp.DateDiff: _returns("bigint"),
    exp.StrToTime: _returns("timestamp(3)"),
    exp.Localtimestamp: _returns("timestamp(3)"),
    exp.CurrentTimestamp: _returns("timestamptz(3)"),
    exp.UnixToTime: _returns("timestamptz(3)"),
    exp.FromISO8601Timestamp: _returns("timestamptz(3)"),
    exp.ParseDatetime: _returns("timestamptz(3)"),
    exp.AtTimeZone: {"annotator": lambda annotator, node: settle(annotator, node, _zoned(node.this.type))},
    exp.CurrentTimezone: _returns("varchar"),
    exp.FromISO8601Date: _returns("date"),
    exp.LastDay: _returns("date"),
    exp.Date: _returns("date"),
    exp.JSONExtract: _returns("json"),
    exp.ParseJSON: _returns("json"),
    exp.JSONExtractScalar: _returns("varchar"),
    exp.Split: _returns("array<varchar>"),
    exp.RegexpExtractAll: _returns("array<varchar>"),
    exp.RegexpSplit: _returns("array<varchar>"),
    exp.ArgMax: {"annotator": _same},
    exp.ArgMin: {"annotator": _same},
    exp.AnyValue: {"annotator": _same},
    exp.ApproxQuantile: {"annotator": _same},
    exp.Try: {"annotator": _same},
    exp.Filter: {"annotator": _same},
    exp.Encode: _returns("varbinary"),
    exp.Unhex: _returns("varbinary"),
    exp.Hex: _returns("varchar"),
    exp.LowerHex: _returns("varchar"),
    exp.MD5Digest: _returns("varbinary"),
    exp.FromBase: _returns("bigint"),
    exp.Substring: _returns("varchar"),
    exp.RegexpExtract: _returns("varchar"),
    exp.RegexpReplace: _returns("varchar"),
    exp.SplitPart: _returns("varchar"),
    exp.Replace: _returns("varchar"),
    exp.Translate: _returns("varchar"),
    exp.Pad: _returns("varchar"),
    exp.Trim: _returns("varchar"),
    exp.Reverse: _returns("varchar"),
    exp.ArrayToString: _returns("varchar"),
    exp.Decode: _returns("varchar"),
    exp.Chr: _returns("varchar"),
    exp.ArraySize: _returns("bigint"),
    exp.Length: _returns("bigint"),
    exp.Sign: {"annotator": _same},
    exp.Repeat: {"annotator": _unknown},
    exp.Reduce: {"annotator": _unknown},
    **{node: _returns("double") for node in (exp.Corr, exp.CovarSamp, exp.CovarPop, exp.Stddev, exp.Variance)},
    exp.Pow: _returns("double"),
    exp.TimeToStr: _returns("varchar"),
    exp.TimeToUnix: _returns("double"),
    **{node: {"annotator": _same} for node in (exp.ArrayFilter, exp.ArraySort, exp.ArrayDistinct, exp.ArraySlice)},
    **{node: _returns("bigint") for node in (exp.Year, exp.Month, exp.Day, exp.Hour, exp.Minute, exp.Second)},
}
