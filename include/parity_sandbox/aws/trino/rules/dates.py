"""Dates and times: whole units between, a DATE stays a DATE, ISO weekdays, formats we know."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlglot import exp

from parity_sandbox.aws.trino.functions import joda_to_python
from parity_sandbox.aws.trino.limitation import Limitation, TypeMismatch
from parity_sandbox.aws.trino.nodes import (
    STAMPS,
    Kind,
    Node,
    Rule,
    assume_kind,
    call,
    cast,
    kind,
    known_kind,
    literal_text,
    text,
)
from parity_sandbox.aws.trino.rules import zones
from parity_sandbox.aws.trino.rules.casts import converted
from parity_sandbox.aws.trino.rules.numbers import no_text_arithmetic
from parity_sandbox.aws.trino.rules.strings import only

UNITS = frozenset({"millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"})
TIMES = frozenset({"millisecond", "second", "minute", "hour"})
INTERVALS = frozenset({"second", "minute", "hour", "day", "month", "year"})
STAMP = r"TIMESTAMP.*"
NUMERIC = r"DECIMAL.*|DOUBLE|FLOAT|.*INT.*"
PRINTED = frozenset("YmdHMSfpBbaAyIjT")
"""strftime codes that mean the same in MySQL's date_format as sqlglot maps it, and in DuckDB."""
SOLO = re.compile(r"%(-?[A-Za-z%])")


def unit_of(node: Node) -> str:
    """Return the unit of a date function, or refuse."""
    given = node.args.get("unit")
    unit = given.name.lower() if given is not None else "day"
    if unit not in UNITS:
        raise Limitation(f"the unit {unit!r}")
    return unit


def no_time(unit: str) -> None:
    """Raise TypeMismatch for a unit that a DATE has not."""
    if unit in TIMES:
        raise TypeMismatch(f"'{unit}' is not a valid DATE field")


def between(node: exp.DateDiff) -> Node:
    """``date_diff`` counts complete units.

    From 31 January to 29 February is one month for Trino's calendar (Joda) and for DuckDB's.
    """
    sides = [known_kind(side, "date_diff") for side in (node.expression, node.this)]
    if not set(sides) <= STAMPS | {Kind.DATE}:
        raise Limitation(f"date_diff between {sides[0].value} and {sides[1].value}")
    if set(sides) == {Kind.DATE}:
        no_time(unit_of(node))
    start, end = node.expression, node.this
    if Kind.TIMESTAMPTZ not in sides or unit_of(node) in TIMES:
        return call("date_sub", text(unit_of(node)), zones.utc(start), zones.utc(end))
    if zones.zoned(start):
        end = zones.local_at(end, zones.zone(start.copy()))
    return call("date_sub", text(unit_of(node)), zones.local(start), zones.utc(end))


def truncated(node: Node) -> Node:
    """``date_trunc`` of a DATE is a DATE."""
    found = known_kind(node.this, "date_trunc")
    if found == Kind.DATE:
        no_time(unit_of(node))
    if found == Kind.TIMESTAMPTZ:
        return call("t_zone_trunc", node.this, text(unit_of(node)))
    whole = call("date_trunc", text(unit_of(node)), node.this)
    if found == Kind.DATE:
        return cast(_date(whole, node.this), "date")
    return call("date_trunc", text(unit_of(node)), assume_kind(node.this, STAMP))


def _date(result: Node, source: Node) -> Node:
    """Let the check that ``source`` is a DATE run with the rest."""
    result.expressions[1].replace(assume_kind(source.copy(), "DATE"))
    return result


def shifted(node: exp.DateAdd) -> Node:
    """``date_add`` of a DATE is a DATE; the end of a month stays inside the month."""
    found = known_kind(node.this, "date_add")
    unit = unit_of(node)
    if found == Kind.DATE:
        no_time(unit)
    elif unit == "millisecond" and node.this.type.expressions and int(node.this.type.expressions[0].name) < 3:
        raise Limitation("date_add of milliseconds to a timestamp without them")
    if found == Kind.TIMESTAMPTZ:
        return zones.moved(node.this, unit, node.expression)
    if unit == "quarter":
        unit, quarters = "month", exp.Mul(this=exp.paren(node.expression), expression=exp.Literal.number(3))
        node.set("expression", exp.paren(quarters))
    amount = call(
        f"to_{unit}s", cast(node.expression, "bigint" if unit in ("hour", "minute", "second") else "int")
    )
    if unit == "millisecond":
        amount = call("to_milliseconds", cast(node.expression, "double"))
    pattern = "DATE" if found == Kind.DATE else STAMP
    moved = exp.paren(exp.Add(this=assume_kind(node.this, pattern), expression=amount))
    return cast(moved, "date") if found == Kind.DATE else moved


def plus_interval(node: exp.Binary) -> Node:
    """``+`` and ``-`` with an interval keep a DATE a DATE; a difference of times is an interval."""
    kinds = [kind(node.left), kind(node.right)]
    if Kind.INTERVAL in kinds or isinstance(node.right, exp.Interval) or isinstance(node.left, exp.Interval):
        return _moved(node)
    if isinstance(node, exp.Sub) and set(kinds) & (STAMPS | {Kind.DATE}):
        raise Limitation("a difference of dates is an interval; use date_diff")
    if set(kinds) & (STAMPS | {Kind.DATE}):
        raise Limitation(f"arithmetic on dates without INTERVAL: {node.sql('trino')[:60]}")
    return _plain(node, kinds)


def _plain(node: exp.Binary, kinds: list[Kind]) -> Node:
    """Numbers; where a type is unknown (a lambda's argument), that they are is checked in the run."""
    if Kind.UNKNOWN in kinds:
        for side in (node.left, node.right):
            side.replace(assume_kind(side.copy(), NUMERIC))
    return no_text_arithmetic(node)


def _moved(node: exp.Binary) -> Node:
    other = node.left if isinstance(node.right, exp.Interval) or kind(node.right) == Kind.INTERVAL else node.right
    found = known_kind(other, "adding an interval")
    moved = node.right if other is node.left else node.left
    if found == Kind.DATE and isinstance(moved, exp.Interval):
        no_time(str(moved.args["unit"].name).lower())
    if found == Kind.DATE and not isinstance(moved, exp.Interval):
        raise Limitation("adding a computed interval to a DATE")
    if found == Kind.INTERVAL:
        return node
    if found == Kind.TIMESTAMPTZ:
        return zones.plus(node, other, moved)
    return cast(exp.paren(node), "date") if found == Kind.DATE else node


def interval(node: exp.Interval) -> Node:
    """``INTERVAL '1' MONTH``: one number and one unit."""
    unit = node.args.get("unit")
    spelt = node.this.name if isinstance(node.this, exp.Literal) and node.this.is_string else ""
    known = isinstance(unit, exp.Var) and unit.name.lower() in INTERVALS
    if not known or not re.fullmatch(r"[+-]?\d+", spelt):
        raise Limitation(f"the interval {node.sql('trino')}")
    amount = int(spelt)
    return exp.Interval(this=text(str(amount)), unit=exp.var(unit.name.lower().rstrip("s")))


def weekday(node: Node) -> Node:
    """Monday is 1."""
    return call("isodow", zones.local(node.this))


def part(node: exp.Extract) -> Node:
    """``extract``: weekdays are ISO's."""
    field = node.this.name.lower()
    name = {
        "dow": "isodow",
        "day_of_week": "isodow",
        "doy": "dayofyear",
        "day_of_year": "dayofyear",
        "yow": "isoyear",
    }
    known = {"year", "quarter", "month", "week", "day", "hour", "minute", "second"}
    if kind(node.expression) == Kind.DATE:
        no_time(field)
    if kind(node.expression) not in STAMPS | {Kind.DATE}:
        raise Limitation(f"extract from {kind(node.expression).value}")
    if field in ("timezone_hour", "timezone_minute"):
        return zones.offset_of(node.expression, field.removeprefix("timezone_"))
    if field not in name and field not in known:
        raise Limitation(f"extract({field})")
    return call(name.get(field, field), zones.local(node.expression))


def same_name(name: str) -> Rule:
    """Return a rule for a function of one time that DuckDB has by this name."""
    return lambda node: call(name, zones.local(node.this))


def of_time(name: str) -> Rule:
    """Return a rule for a function of a time of day, which a DATE has not."""

    def rule(node: Node) -> Node:
        if known_kind(node.this, name) not in STAMPS:
            raise Limitation(f"{name} of other than a timestamp")
        return call(name, zones.local(node.this))

    return rule


def strftime_format(node: Node | None, what: str) -> str:
    """Return a literal format whose every code is known, or refuse."""
    spelt = literal_text(node, what)
    if spelt in ("", "None"):  # sqlglot writes an empty one so
        raise TypeMismatch(f"{what} is empty")
    unknown = {code for code in SOLO.findall(spelt) if code.lstrip("-") not in PRINTED | {"%", "d", "H", "I"}}
    if unknown:
        raise Limitation(f"the code %{min(unknown)} in {what}")
    return spelt.replace("%T", "%H:%M:%S")


def formatted(node: exp.TimeToStr) -> Node:
    """``date_format``."""
    if not node.args.get("format"):
        raise TypeMismatch("date_format's format is empty")
    if kind(node.this) in (Kind.VARCHAR, Kind.TEXT):
        raise Limitation("date_format of text")
    return call(
        "strftime",
        cast(zones.local(node.this), "timestamp"),
        text(strftime_format(node.args.get("format"), "date_format's format")),
    )


def parsed(node: exp.StrToTime) -> Node:
    """``date_parse``."""
    spelt = strftime_format(node.args.get("format"), "date_parse's format")
    moment = call("t_parsed", node.this, text(spelt))
    codes = {code.lstrip("-") for code in SOLO.findall(spelt)} - {"%"}
    if codes & set("aAjp"):
        raise Limitation("date_parse of weekdays, days of a year, or half days")
    if not codes & set("yY"):
        if codes - set("HMSf"):
            raise Limitation("date_parse without a year")
        moment = exp.paren(exp.Add(this=moment, expression=exp.Interval(this=text("70"), unit=exp.var("year"))))
    return call("t_millis", call("t_two_digits", moment) if "y" in codes else moment)


def joda(node: Node, what: str) -> str:
    """Return a literal Joda pattern in strftime's words, or refuse."""
    spelt = joda_to_python(literal_text(node, what))
    if spelt == "":
        raise TypeMismatch(f"{what} is empty")
    if spelt is None:
        raise Limitation(f"a letter of {what}")
    return spelt


def format_datetime(node: Node) -> Node:
    """``format_datetime`` with a Joda pattern."""
    when, pattern = node.expressions
    local = cast(zones.local(when), "timestamp")
    return call("t_format_datetime", local, text(joda(pattern, "format_datetime's pattern")))


def parse_datetime(node: exp.ParseDatetime) -> Node:
    """``parse_datetime`` with a Joda pattern, in UTC."""
    spelt = joda(node.args["format"], "parse_datetime's pattern")
    if "%Y" not in spelt or "%p" in spelt or "%a" in spelt or "%A" in spelt:
        raise Limitation("parse_datetime without a year of four digits, or with weekdays or half days")
    return zones.in_utc(call("strptime", node.this, text(spelt.replace("%f", "%g"))))


def iso_date(node: Node) -> Node:
    """``from_iso8601_date``."""
    return exp.Cast(this=call("t_iso_date", node.this), to=exp.DataType.build("date"))


def date_of(node: exp.Date) -> Node:
    """``date(x)`` is CAST(x AS DATE)."""
    only(node, "this")
    return converted(exp.Cast(this=node.this, to=exp.DataType.build("date")))


def iso_stamp(node: Node) -> Node:
    """``from_iso8601_timestamp``."""
    return call("t_iso_stamp", node.this)


def iso_text(node: Node) -> Node:
    """``to_iso8601``; a timestamp's precision shows, and only the usual one is known."""
    (when,) = node.expressions
    spelt = [one.name for one in when.type.expressions] if when.type is not None else []
    found = known_kind(when, "to_iso8601")
    fraction = {"0": "", "3": ".%g", "6": ".%f"}.get(spelt[0] if spelt else "3")
    if found == Kind.DATE:
        return call("strftime", assume_kind(when, "DATE"), text("%Y-%m-%d"))
    if found not in STAMPS or fraction is None:
        raise Limitation(f"to_iso8601 of {when.type.sql('trino')}; CAST it to timestamp(3)")
    local = call("strftime", zones.local(when), text("%Y-%m-%dT%H:%M:%S" + fraction))
    if found == Kind.TIMESTAMP:
        return local
    return exp.paren(exp.DPipe(this=local, expression=call("t_zone_offset", when.copy())))


def from_unix(node: exp.UnixToTime) -> Node:
    """``from_unixtime``, in UTC, in a zone, or at an offset of hours and minutes."""
    only(node, "this", "zone", "hours", "minutes")
    moment, zone = call("t_from_unix", cast(node.this, "double")), node.args.get("zone")
    if node.args.get("hours") is not None:
        zone = call("t_zone_of_hours", *(cast(node.args[name], "bigint") for name in ("hours", "minutes")))
    return call("t_at_zone", moment, zone) if zone is not None else zones.in_utc(moment)


def to_unix(node: exp.TimeToUnix) -> Node:
    """``to_unixtime``; a timestamp without zone is UTC here."""
    return call("epoch", cast(zones.utc(node.this), "timestamp"))


def now(_node: Node) -> Node:
    """``now()`` has milliseconds."""
    return zones.in_utc(local_now(_node))


def local_now(_node: Node) -> Node:
    """``localtimestamp`` has milliseconds, in UTC."""
    return call("t_millis", call("timezone", text("UTC"), call("now")))


RULES: Mapping[type[Node], Rule] = {
    exp.DateDiff: between,
    exp.DateTrunc: truncated,
    exp.TimestampTrunc: truncated,
    exp.DateAdd: shifted,
    exp.Add: plus_interval,
    exp.Sub: plus_interval,
    exp.Interval: interval,
    exp.DayOfWeekIso: weekday,
    exp.DayOfWeek: weekday,
    exp.Extract: part,
    exp.Year: same_name("year"),
    exp.Quarter: same_name("quarter"),
    exp.Month: same_name("month"),
    exp.WeekOfYear: same_name("week"),
    exp.Week: same_name("week"),
    exp.YearOfWeek: same_name("isoyear"),
    exp.Day: same_name("day"),
    exp.DayOfMonth: same_name("day"),
    exp.DayOfYear: same_name("dayofyear"),
    exp.Hour: of_time("hour"),
    exp.Minute: of_time("minute"),
    exp.Second: of_time("second"),
    exp.LastDay: same_name("last_day"),
    exp.TimeToStr: formatted,
    exp.StrToTime: parsed,
    exp.ParseDatetime: parse_datetime,
    exp.Date: date_of,
    exp.FromISO8601Date: iso_date,
    exp.FromISO8601Timestamp: iso_stamp,
    exp.UnixToTime: from_unix,
    exp.TimeToUnix: to_unix,
    exp.CurrentTimestamp: now,
    exp.Localtimestamp: local_now,
}
NAMED: Mapping[str, Rule] = {
    "format_datetime": format_datetime,
    "to_iso8601": iso_text,
    "to_milliseconds": lambda node: call("t_interval_millis", *node.expressions),
    "millisecond": lambda node: call("t_millisecond", *map(zones.local, node.expressions)),
}
