"""Aggregates. The approximate ones are computed exactly: inside Trino's own error bounds, and repeatable."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from parity_sandbox.aws.trino.limitation import Limitation
from parity_sandbox.aws.trino.nodes import INTEGERS, Kind, Node, Rule, call, cast, kind, known_kind
from parity_sandbox.aws.trino.rules import zones
from parity_sandbox.aws.trino.rules.numbers import outer_sum
from parity_sandbox.aws.trino.rules.strings import only


def distinct_count(node: exp.ApproxDistinct) -> Node:
    """``approx_distinct`` is counted."""
    return exp.Count(this=exp.Distinct(expressions=[node.this]))


def percentile(node: exp.ApproxQuantile) -> Node:
    """``approx_percentile`` of one fraction is the exact discrete quantile."""
    only(node, "this", "quantile")
    if known_kind(node.args["quantile"], "approx_percentile") == Kind.ARRAY:
        raise Limitation("approx_percentile of several fractions")
    return call("quantile_disc", node.this, node.args["quantile"])


def at_extreme(name: str) -> Rule:
    """Return a rule for ``max_by``/``min_by``: the value may be NULL."""

    def rule(node: Node) -> Node:
        only(node, "this", "expression")
        by = node.expression
        return call(name, node.this, zones.utc(by) if zones.zoned(by) else by)

    return rule


def listed(node: exp.GroupConcat) -> Node:
    """``listagg``."""
    separator = node.args.get("separator")
    if node.args.get("on_overflow"):
        raise Limitation("listagg ON OVERFLOW")
    ordered = node.this if isinstance(node.this, exp.Order) else None
    value = ordered.this if ordered is not None else node.this
    parts: list[Node] = [value, separator or exp.Literal.string("")]
    if ordered is not None:
        parts[1] = exp.Order(this=parts[1], expressions=ordered.expressions)
    return call("string_agg", *parts)


def counted_if(node: exp.CountIf) -> Node:
    """``count_if`` is 0 over no rows."""
    return exp.Count(this=exp.Case().when(node.this, exp.Literal.number(1)))


def of_numbers(name: str) -> Rule:
    """Return a rule for a statistic that works in doubles."""
    return lambda node: call(name, cast(node.this, "double"))


def of_pairs(name: str) -> Rule:
    """Return a rule for a statistic of two doubles."""

    def rule(node: Node) -> Node:
        if not {kind(node.this), kind(node.expression)} <= {Kind.DOUBLE}:
            raise Limitation(f"{name} of other than doubles, whose result is a REAL; CAST them")
        return call(name, node.this, node.expression)

    return rule


def geometric_mean(node: Node) -> Node:
    """``geometric_mean`` of whole numbers and doubles."""
    (value,) = node.expressions
    if known_kind(value, "geometric_mean") not in INTEGERS | {Kind.DOUBLE}:
        raise Limitation("geometric_mean of other than whole numbers and doubles, whose result is a REAL")
    return call("geometric_mean", cast(value, "double"))


def windowed(node: exp.Window) -> Node:
    """An OVER clause; sums get their type outside of it."""
    return outer_sum(node)


RULES: Mapping[type[Node], Rule] = {
    exp.ApproxDistinct: distinct_count,
    exp.ApproxQuantile: percentile,
    exp.ArgMax: at_extreme("arg_max_null"),
    exp.ArgMin: at_extreme("arg_min_null"),
    exp.GroupConcat: listed,
    exp.CountIf: counted_if,
    exp.Stddev: of_numbers("stddev_samp"),
    exp.StddevSamp: of_numbers("stddev_samp"),
    exp.StddevPop: of_numbers("stddev_pop"),
    exp.Variance: of_numbers("var_samp"),
    exp.VariancePop: of_numbers("var_pop"),
    exp.Corr: of_pairs("corr"),
    exp.CovarSamp: of_pairs("covar_samp"),
    exp.CovarPop: of_pairs("covar_pop"),
    exp.BitwiseAndAgg: lambda node: call("bit_and", cast(node.this, "bigint")),
    exp.BitwiseOrAgg: lambda node: call("bit_or", cast(node.this, "bigint")),
    exp.BitwiseXorAgg: lambda node: call("bit_xor", cast(node.this, "bigint")),
    exp.RegrSlope: of_pairs("regr_slope"),
    exp.RegrIntercept: of_pairs("regr_intercept"),
    exp.LogicalAnd: lambda node: call("bool_and", node.this),
    exp.LogicalOr: lambda node: call("bool_or", node.this),
    exp.AnyValue: lambda node: call("any_value", node.this),
    exp.Filter: outer_sum,
    exp.Window: windowed,
}
NAMED: Mapping[str, Rule] = {
    "multimap_agg": lambda node: call("t_multimap_agg", *node.expressions),
    "every": lambda node: call("bool_and", *node.expressions),
    "geometric_mean": geometric_mean,
    "histogram": lambda node: call("t_histogram", *node.expressions),
    "map_agg": lambda node: call("t_map_agg", *node.expressions),
}
