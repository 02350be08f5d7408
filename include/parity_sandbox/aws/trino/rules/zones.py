"""Timestamps with a zone: where the instant counts, where what clocks show, and where neither is known to.

A value is a STRUCT of both and the zone's name (:mod:`parity_sandbox.aws.trino.zones`), which DuckDB would compare
with the zone. So :func:`by_instant` sorts, groups and counts by the instant alone, :func:`check` refuses whatever
has no rule for such values, and the other rules ask for :func:`utc` or :func:`local`.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from parity_sandbox.aws.trino.limitation import Limitation, TypeMismatch
from parity_sandbox.aws.trino.nodes import STAMPS, Kind, Node, Rule, call, cast, kind, known_kind, number, text

STRUCTURE = (
    exp.Alias, exp.Paren, exp.Subquery, exp.Select, exp.Values, exp.Order, exp.Ordered, exp.Group, exp.Is,
    exp.Coalesce, exp.Case, exp.If, exp.Count, exp.ArrayAgg, exp.AnyValue, exp.Array, exp.Exists, exp.From,
    exp.CTE, exp.Table, exp.Lateral, exp.With, exp.Union,
)  # fmt: skip
"""What hands values on as they are."""
RULED = (
    exp.Cast, exp.TryCast, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ,
    exp.Between, exp.In, exp.Nullif, exp.Greatest, exp.Least, exp.Max, exp.Min, exp.ArgMax, exp.ArgMin,
    exp.DateDiff, exp.DateAdd, exp.DateTrunc, exp.TimestampTrunc, exp.Add, exp.Sub, exp.Extract, exp.Year,
    exp.Quarter, exp.Month, exp.Week, exp.WeekOfYear, exp.YearOfWeek, exp.Day, exp.DayOfMonth, exp.DayOfYear,
    exp.DayOfWeek, exp.DayOfWeekIso, exp.Hour, exp.Minute, exp.Second, exp.LastDay, exp.TimeToStr,
    exp.TimeToUnix, exp.AtTimeZone, exp.Date,
)  # fmt: skip
WINDOWS = (
    exp.Window, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.IgnoreNulls, exp.RespectNulls,
)  # fmt: skip
NAMES = frozenset({
    "to_iso8601", "format_datetime", "at_timezone", "with_timezone", "timezone", "timezone_hour",
    "timezone_minute", "millisecond", "t_instant",
})  # fmt: skip
NESTS = (exp.Alias, exp.Paren, exp.Subquery, exp.Select, exp.Is, exp.Count, exp.ArraySize)
"""What may be done with a value inside an array."""


def zoned(node: Node) -> bool:
    """Return whether a node is a timestamp with time zone."""
    return bool(kind(node) == Kind.TIMESTAMPTZ)


def check(node: Node) -> None:
    """Raise Limitation for what has no rule for timestamps with time zone and is given one."""
    given = [one for value in node.args.values() for one in (value if isinstance(value, list) else [value])]
    types = [one.type for one in given if isinstance(one, exp.Expr) and one.type is not None]
    if any(one.this == Kind.TIMESTAMPTZ for one in types) and not _ruled(node):
        raise Limitation(f"{node.key} of a timestamp with time zone; CAST it to timestamp or varchar")
    if not isinstance(node, NESTS) and any(map(_nests, types)):
        raise Limitation(f"{node.key} of nested timestamps with time zone")


def _ruled(node: Node) -> bool:
    named = isinstance(node, exp.Anonymous) and node.name.lower() in NAMES
    return named or isinstance(node, STRUCTURE + RULED + WINDOWS) or isinstance(node.parent, exp.Values)


def _nests(found: exp.DataType) -> bool:
    return any(one is not found and one.this == Kind.TIMESTAMPTZ for one in found.find_all(exp.DataType))


def utc(node: Node) -> Node:
    """Return the instant of a date or time as a TIMESTAMP in UTC; the session's zone is UTC."""
    if zoned(node):
        return cast(call("struct_extract", node, text("t_utc")), "timestamp")
    return cast(node, "timestamp") if kind(node) in STAMPS | {Kind.DATE} else node


def local(node: Node) -> Node:
    """Return what clocks show, of a timestamp with time zone; other values as they are."""
    return cast(call("struct_extract", node, text("t_local")), "timestamp") if zoned(node) else node


def zone(node: Node) -> Node:
    """Return the zone's name."""
    return call("struct_extract", node, text("t_zone"))


def local_at(node: Node, where: Node) -> Node:
    """Return what clocks in another zone show at the instant of a timestamp."""
    return call("struct_extract", call("t_at_zone", utc(node), where), text("t_local"))


def in_utc(node: Node) -> Node:
    """Return a TIMESTAMP as one with the zone UTC."""
    return call("t_in_utc", node)


def digits(node: Node) -> str:
    """Return how many digits a timestamp has after the second."""
    return str(node.type.expressions[0].name) if node.type is not None and node.type.expressions else "3"


def instants(node: Node, sides: list[Node]) -> bool:
    """Replace the values of a comparison by their instants, if one of them has a zone."""
    lists = [side for side in sides if isinstance(side, exp.Any | exp.All)] or [node.args.get("query")]
    queries = [one for one in lists if one is not None]
    if queries and any(map(zoned, [*sides, *(column for one in queries for column in _columns(one))])):
        raise Limitation("comparing timestamps with time zone with those of a query; join them")
    if not any(map(zoned, sides)):
        return False
    for side in sides:
        at = exp.Placeholder()
        side.replace(at)
        at.replace(utc(side))
    return True


def _columns(node: Node) -> list[Node]:
    query = node.find(exp.Select, exp.SetOperation)
    return list(query.selects) if query is not None else []


def by_instant(tree: Node) -> Node:
    """Let a typed query sort, group, count and number timestamps with time zone by their instants.

    Of the zones in a group, or of equal rows, Trino shows one, and it does not say which; so does this.
    """
    for select in list(tree.find_all(exp.Select)):
        _group(select)
        _distinct(select)
    for ordered in list(tree.find_all(exp.Ordered)):
        if zoned(ordered.this):
            ordered.set("this", _instant(ordered.this))
    for window in list(tree.find_all(exp.Window)):
        keys = window.args.get("partition_by") or []
        window.set("partition_by", [_instant(key) if zoned(key) else key for key in keys])
    for count in list(tree.find_all(exp.Count)):
        if isinstance(count.this, exp.Distinct) and any(map(zoned, count.this.expressions)):
            count.set("this", exp.Distinct(expressions=[_instant(one) for one in count.this.expressions]))
    return tree


def _instant(node: Node) -> Node:
    made = exp.Anonymous(this="t_instant", expressions=[node.copy()])
    made.type = exp.DataType.build("timestamp(6)")
    return made


def _group(select: exp.Select) -> None:
    group = select.args.get("group")
    for key in [one for one in group.expressions if zoned(one)] if group is not None else []:
        for part in [*select.expressions, select.args.get("having"), select.args.get("order")]:
            if part is not None:
                _any_of(part, key)
        key.replace(_instant(key))


def _any_of(node: Node, key: Node) -> None:
    """Replace a key of GROUP BY, outside of aggregates, by any value of the group."""
    for part in [one for one in node.iter_expressions() if not isinstance(one, exp.AggFunc | exp.Query)]:
        if part == key:
            chosen = exp.AnyValue(this=key.copy())
            chosen.type = key.type.copy()
            part.replace(chosen)
        else:
            _any_of(part, key)


def _distinct(select: exp.Select) -> None:
    if select.args.get("distinct") and any(map(zoned, select.selects)):
        keys = [one.unalias() for one in select.selects]
        on = exp.Tuple(expressions=[_instant(one) if zoned(one) else one.copy() for one in keys])
        select.set("distinct", exp.Distinct(on=on))


def extreme(name: str, among: type[Node]) -> Rule:
    """Return a rule for ``max`` or ``min``: of equal instants the first one."""

    def rule(node: Node) -> Node:
        if not zoned(node.this):
            return node
        if node.expressions or isinstance(node.this, exp.Distinct):
            raise Limitation(f"{among.key} of several timestamps with time zone")
        return call(name, node.this, utc(node.this.copy()))

    return rule


def chosen(node: Node, after: type[exp.Binary]) -> Node:
    """``greatest`` and ``least`` of two: of equal instants the first one."""
    sides = [node.this, *node.expressions]
    if len(sides) != 2 or not all(map(zoned, sides)):
        raise Limitation(f"{node.key} of other than two timestamps with time zone")
    first, second = sides
    later = after(this=utc(second.copy()), expression=utc(first.copy()))
    nothing = exp.Is(this=first.copy(), expression=exp.null())
    missing = exp.Or(this=nothing, expression=exp.Is(this=second.copy(), expression=exp.null()))
    return exp.Case().when(missing, exp.null()).when(later, second).else_(first)


def shown(node: Node, moment: Node, where: Node) -> Node:
    """``AT TIME ZONE`` and ``at_timezone``."""
    if known_kind(moment, node.key) not in STAMPS:
        raise Limitation(f"{node.key} of {kind(moment).value}")
    return call("t_at_zone", utc(moment), where)


def at_zone(node: exp.AtTimeZone) -> Node:
    """``x AT TIME ZONE z``."""
    where = node.args["zone"]
    if isinstance(where, exp.Interval):
        raise Limitation("AT TIME ZONE INTERVAL; write the offset as a text")
    if not (isinstance(where, exp.Literal) and where.is_string):
        raise TypeMismatch("AT TIME ZONE takes a text in quotes; use at_timezone(x, zone)")
    return shown(node, node.this, where)


def with_timezone(node: Node) -> Node:
    """``with_timezone(x, z)``."""
    moment, where = node.expressions
    if known_kind(moment, "with_timezone") != Kind.TIMESTAMP:
        raise TypeMismatch("Unexpected parameters for function with_timezone")
    return call("t_with_zone", moment, where)


def moved(value: Node, unit: str, amount: Node) -> Node:
    """``date_add``, and an interval of one unit."""
    return call("t_zone_add", value, text(unit), cast(amount, "bigint"))


def plus(node: exp.Binary, value: Node, interval: Node) -> Node:
    """Add or take an interval: days are of 24 hours, months are the calendar's."""
    if not isinstance(interval, exp.Interval):
        raise Limitation("adding a computed interval to a timestamp with time zone")
    unit = str(interval.args["unit"].name).lower()
    amount = int(interval.this.name) * (-1 if isinstance(node, exp.Sub) else 1) * (24 if unit == "day" else 1)
    return moved(value, "hour" if unit == "day" else unit, number(amount))


def offset_part(size: str) -> Rule:
    """Return a rule for hours or minutes of the offset; both have its sign."""

    def rule(node: Node) -> Node:
        (value,) = node.expressions
        if known_kind(value, "an offset") not in STAMPS:
            raise Limitation(f"an offset of {kind(value).value}")
        return offset_of(value, size)

    return rule


def offset_of(value: Node, size: str) -> Node:
    """Return hours or minutes of the offset of a timestamp."""
    whole = call("t_zone_minutes", value if zoned(value) else in_utc(value))
    return call("t_offset_hours" if size == "hour" else "t_offset_minutes", whole)


def name_of(node: Node) -> Node:
    """``timezone(x)``."""
    (value,) = node.expressions
    if known_kind(value, "timezone") not in STAMPS:
        raise Limitation(f"timezone of {kind(value).value}")
    return zone(value if zoned(value) else in_utc(value))


RULES: Mapping[type[Node], Rule] = {
    exp.AtTimeZone: at_zone,
    exp.CurrentTimezone: lambda _: text("UTC"),
    exp.Max: extreme("arg_max", exp.Max),
    exp.Min: extreme("arg_min", exp.Min),
}
NAMED: Mapping[str, Rule] = {
    "at_timezone": lambda node: shown(node, *node.expressions),
    "with_timezone": with_timezone,
    "timezone": name_of,
    "timezone_hour": offset_part("hour"),
    "timezone_minute": offset_part("minute"),
    "t_instant": lambda node: utc(node.expressions[0]),
}
