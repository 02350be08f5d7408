"""Arithmetic: integer division truncates, exact numbers stay exact, sums of integers are BIGINT."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from parity_sandbox.aws.trino.limitation import Limitation, TypeMismatch
from parity_sandbox.aws.trino.nodes import (
    FLOATS,
    INTEGERS,
    MAX_PRECISION,
    Kind,
    Node,
    Rule,
    assume_kind,
    assume_scale,
    call,
    cast,
    decimal_type,
    kind,
    known_decimal,
    known_kind,
    number,
    refuse,
)
from parity_sandbox.aws.trino.rules import zones

WHOLE = r"(TINY|SMALL|BIG|HUGE)?INT(EGER)?"


def divide(node: exp.Div) -> Node:
    """``/``: whole numbers truncate, decimals round half up to the larger scale, floats may be infinite."""
    kinds = {known_kind(node.left, "a division"), known_kind(node.right, "a division")}
    if kinds <= INTEGERS:
        operands = [exp.paren(assume_kind(side, WHOLE)) for side in (node.left, node.right)]
        return exp.Cast(this=exp.IntDiv(this=operands[0], expression=operands[1]), to=node.type)
    if kinds & FLOATS:
        return _float_divide(node)
    return _decimal_divide(node)


def _float_divide(node: exp.Div) -> Node:
    width = "double" if Kind.DOUBLE in (kind(node.left), kind(node.right)) else "float"
    left, right = (cast(side, width) for side in (node.left, node.right))
    nothing = exp.EQ(this=right.copy(), expression=number(0))
    endless = cast(
        exp.Mul(this=cast(exp.Literal.string("inf"), "double"), expression=call("sign", left.copy())), width
    )
    undefined = exp.EQ(this=left.copy(), expression=number(0))
    by_zero = exp.Case().when(undefined, cast(exp.Literal.string("nan"), width)).else_(endless)
    return exp.paren(exp.Case().when(nothing, by_zero).else_(exp.Div(this=left, expression=right)))


def _decimal_divide(node: exp.Div) -> Node:
    (_, left), (_, right) = (known_decimal(side, "a division") for side in (node.left, node.right))
    scale = max(left, right)
    shift = cast(exp.Literal.string(str(10 ** (scale - left + right))), "hugeint")
    quotient = call("t_divide", assume_scale(node.left, left), assume_scale(node.right, right), shift)
    return scaled(quotient, scale)


def scaled(unscaled: Node, scale: int) -> Node:
    """Return the decimal whose digits without the point are ``unscaled``."""
    whole = cast(unscaled, f"decimal({MAX_PRECISION}, 0)")
    if not scale:
        return whole
    unit = cast(exp.Literal.string(f"0.{'0' * (scale - 1)}1"), f"decimal({scale}, {scale})")
    return exp.paren(exp.Mul(this=whole, expression=unit))


def modulus(node: exp.Mod) -> Node:
    """``%`` has DuckDB's sign and scale; a zero divisor is an error in both."""
    known_kind(node.left, "a remainder")
    known_kind(node.right, "a remainder")
    return exp.paren(exp.Mod(this=exp.paren(node.left), expression=exp.paren(node.right)))


def average(node: exp.Avg) -> Node:
    """``avg`` of decimals is a decimal of their scale, rounded half up; of reals a real."""
    found = known_kind(node.this, "an average")
    if found == Kind.FLOAT:
        return cast(node, "float")
    if found != Kind.DECIMAL:
        return node
    precision, scale = known_decimal(node.this, "an average")
    total = call("t_unscaled", exp.Sum(this=assume_scale(node.this, scale)))
    rounded = call("t_half_up", total, cast(exp.Count(this=node.this.copy()), "hugeint"))
    counted = exp.Case().when(exp.GT(this=exp.Count(this=node.this.copy()), expression=number(0)), rounded)
    return exp.Cast(this=scaled(counted, scale), to=decimal_type(precision, scale))


def average_in_context(node: exp.Avg) -> Node:
    """An exact average is several aggregates, which FILTER, OVER and DISTINCT would have to enter."""
    exact = kind(node.this) == Kind.DECIMAL
    if exact and (isinstance(node.parent, exp.Filter | exp.Window) or isinstance(node.this, exp.Distinct)):
        raise Limitation("avg of decimals with FILTER, OVER or DISTINCT; CAST the argument to DOUBLE")
    return average(node)


def total(node: exp.Sum) -> Node:
    """``sum`` of whole numbers is BIGINT, of reals REAL."""
    if isinstance(node.parent, exp.Filter | exp.Window):
        return node
    return _sum_type(node, node.this)


def _sum_type(node: Node, argument: Node) -> Node:
    inner = argument.expressions[0] if isinstance(argument, exp.Distinct) else argument
    found = known_kind(inner, "a sum")
    target = "bigint" if found in INTEGERS else "float" if found == Kind.FLOAT else ""
    return cast(node, target) if target else node


def outer_sum(node: Node) -> Node:
    """``sum(…) FILTER`` and ``sum(…) OVER``: the cast goes outside."""
    inner = node.this.this if isinstance(node.this, exp.Filter) else node.this
    if isinstance(node.parent, exp.Window) or not isinstance(inner, exp.Sum):
        return node
    return _sum_type(node, inner.this)


def rounded(node: exp.Round) -> Node:
    """``round`` of decimals with places keeps their scale; of whole numbers it changes nothing here."""
    found = known_kind(node.this, "round")
    places = node.args.get("decimals")
    if found != Kind.DECIMAL or places is None:
        return node
    precision, scale = known_decimal(node.this, "round")
    return exp.Cast(this=node, to=decimal_type(precision + 1, scale))


def truncated(node: exp.Trunc) -> Node:
    """``truncate`` towards zero; of exact numbers it is a decimal."""
    places = node.args.get("decimals")
    if kind(node.this) in FLOATS and places is None:
        return call("trunc", node.this)
    _, scale = known_decimal(node.this, "truncate")
    if places is not None or kind(node.this) != Kind.DECIMAL:
        raise Limitation("truncate with places, or of whole numbers")
    return exp.Cast(this=call("trunc", assume_scale(node.this, scale)), to=node.type)


def extreme(node: exp.Greatest | exp.Least) -> Node:
    """``greatest`` and ``least`` of anything with NULL are NULL, and NaN is passed over."""
    name = "greatest" if isinstance(node, exp.Greatest) else "least"
    given = [node.this, *node.expressions]
    if any(map(zones.zoned, given)):
        return zones.chosen(node, exp.GT if name == "greatest" else exp.LT)
    if {kind(one) for one in given} & FLOATS:
        return call(
            f"t_{name}_number", exp.Array(expressions=[cast(one, node.type.sql("duckdb")) for one in given])
        )
    unknown = exp.or_(*(exp.Is(this=exp.paren(one.copy()), expression=exp.Null()) for one in given))
    return exp.Case().when(unknown, exp.Null()).else_(call(name, *given))


def logarithm(node: exp.Log) -> Node:
    """``log(base, x)``."""
    if node.expression is None:
        raise TypeMismatch("log takes a base and a number")
    if node.meta.get("name") == "log10":
        return call("log10", call("t_positive", cast(node.expression, "double")))
    return call("t_log", cast(node.this, "double"), cast(node.expression, "double"))


def bucket(node: exp.WidthBucket) -> Node:
    """``width_bucket`` of equal widths."""
    parts = [node.this, node.args.get("min_value"), node.args.get("max_value"), node.args.get("num_buckets")]
    if any(part is None for part in parts):
        raise Limitation("width_bucket over an array of bins")
    return call("t_width_bucket", *(cast(part, "double") for part in parts[:3] if part is not None), parts[3])


def negated(node: exp.Neg) -> Node:
    """``-x``; the smallest INTEGER is one literal in Trino, and BIGINT for DuckDB."""
    if isinstance(node.this, exp.Literal) and node.this.name == str(2**31):
        return cast(exp.paren(node), "int")
    if isinstance(node.this, exp.Paren) and node.this.find(exp.Neg):
        raise Limitation("- of a negative number in parentheses")
    if isinstance(node.this, exp.Cast) and kind(node) in INTEGERS:  # of a constant, DuckDB would widen the type
        return cast(exp.paren(node), str(kind(node).value))
    return node


def to_double(name: str) -> Rule:
    """Return a rule for a function of doubles that DuckDB has by this name."""
    return lambda node: call(name, cast(node.this, "double"))


def power(node: exp.Pow) -> Node:
    """``power`` works in doubles."""
    return call("pow", cast(node.this, "double"), cast(node.expression, "double"))


def no_text_arithmetic(node: exp.Binary) -> Node:
    """``+ - *`` over text, which DuckDB would convert."""
    kinds = {kind(node.left), kind(node.right)}
    if kinds & {Kind.VARCHAR, Kind.TEXT} and Kind.INTERVAL not in kinds:
        raise TypeMismatch(f"Cannot apply operator to varchar: {node.sql('trino')[:80]}")
    return node


def constant(value: str) -> Rule:
    """Return a rule for a function without arguments that is this double."""
    return lambda _node: cast(exp.Literal.string(value), "double")


WIDTHS = {Kind.TINYINT: 8, Kind.SMALLINT: 16, Kind.INT: 32, Kind.BIGINT: 64}


def shift(direction: str) -> Rule:
    """Return a rule for a bitwise shift, in the width of its argument's type."""

    def rule(node: Node) -> Node:
        value, amount = node.expressions
        found = known_kind(value, "a shift")
        if found not in WIDTHS:
            raise Limitation(f"a shift of {found.value}")
        moved = call("t_shift", cast(value, "bigint"), cast(amount, "bigint"), number(WIDTHS[found]))
        moved.append("expressions", exp.Literal.string(direction))
        return exp.Cast(this=moved, to=value.type)

    return rule


def from_base(node: exp.FromBase) -> Node:
    """``from_base``; base 16, which digests are made of, without a call into Python for every row."""
    sixteen = isinstance(node.expression, exp.Literal) and node.expression.this == "16"
    return call("t_from_16" if sixteen else "t_from_base", node.this, *([] if sixteen else [node.expression]))


RULES: Mapping[type[Node], Rule] = {
    exp.Div: divide,
    exp.Mod: modulus,
    exp.Avg: average_in_context,
    exp.Sum: total,
    exp.Round: rounded,
    exp.Trunc: truncated,
    exp.Greatest: extreme,
    exp.Least: extreme,
    exp.Log: logarithm,
    exp.WidthBucket: bucket,
    exp.Pow: power,
    exp.Mul: no_text_arithmetic,
    exp.Cbrt: refuse("cbrt, whose last digit differs; use power(x, 1e0 / 3)"),
    exp.Sqrt: to_double("t_sqrt"),
    exp.FromBase: from_base,
    exp.Neg: negated,
    exp.Ln: to_double("t_ln"),
    exp.Exp: to_double("exp"),
    exp.Degrees: to_double("degrees"),
    exp.Radians: to_double("radians"),
    **{
        node: to_double(node.__name__.lower())
        for node in (exp.Sin, exp.Cos, exp.Tan, exp.Asin, exp.Acos, exp.Atan, exp.Sinh, exp.Cosh, exp.Tanh)
    },
    exp.Atan2: lambda node: call("atan2", cast(node.this, "double"), cast(node.expression, "double")),
}
NAMED: Mapping[str, Rule] = {
    "e": constant("2.718281828459045"),
    "nan": constant("nan"),
    "infinity": constant("inf"),
    "bitwise_left_shift": shift("left"),
    "bitwise_right_shift": shift("right"),
    "bitwise_right_shift_arithmetic": shift("arithmetic"),
    "bit_count": lambda node: call("t_bit_count", *node.expressions),
    "to_base": lambda node: call("t_to_base", *node.expressions),
    "is_finite": lambda node: call("isfinite", cast(node.expressions[0], "double")),
    "is_infinite": lambda node: call("isinf", cast(node.expressions[0], "double")),
}
