"""Times with a zone as Trino keeps them: an instant, what clocks show then, and the zone's name.

The rules of the zones are those of the package ``tzdata``, wherever the sandbox runs; ``verified.json`` says since
when they are the real Trino's. Instants and local times are naive datetimes.

Trino has two calendars, which differ where a local time exists twice or never. A text is read by ``java.time``:
the earlier instant, and a literal in a gap is an error. ``with_timezone``, ``date_trunc`` and ``date_add`` work by
Joda's: see :func:`_instant`.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

from parity_sandbox.aws.trino.shapes import verified

ZONED = "STRUCT(t_utc TIMESTAMP, t_local TIMESTAMP, t_zone VARCHAR)"
"""DuckDB's type of such a value, as it also describes it."""
NAMED_UTC = frozenset({
    "UTC", "Z", "GMT", "UCT", "Zulu", "Universal", "Greenwich", "Etc/UTC", "Etc/UCT", "Etc/GMT", "Etc/Universal",
})  # fmt: skip
OFFSET = re.compile(r"([+-])(\d\d?)(?::?(\d\d))?")
TEXT = re.compile(
    r"\s*(\d{4})-(\d{1,2})-(\d{1,2})(?: (\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6}))?)?)?\s*"
    r"([+-]\d\d?(?::?\d\d)?|[A-Za-z].*)?"
)
ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?"
)
DURATIONS = {
    "millisecond": timedelta(milliseconds=1),
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
MONTHS = {"month": 1, "quarter": 3, "year": 12}
CLOCK = frozenset({"millisecond", "second", "minute", "hour"})
"""Units that count real time; the others count days of the calendar."""


class Zoned(TypedDict):
    """A value, as DuckDB hands it over."""

    t_utc: datetime
    t_local: datetime
    t_zone: str


def is_zoned(value: Any) -> bool:
    """Return whether a value that DuckDB gave is a timestamp with time zone."""
    return isinstance(value, dict) and value.keys() == Zoned.__annotations__.keys()


@cache
def rules(zone: str) -> ZoneInfo:
    """Return the rules of a region; KeyError when there is none."""
    source = files("tzdata.zoneinfo").joinpath(*zone.split("/"))
    if not re.fullmatch(r"[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", zone) or not source.is_file():
        raise KeyError(zone)
    with source.open("rb") as file:
        return ZoneInfo.from_file(file, zone)


@cache
def zone_named(name: str) -> str:
    """Return a zone's name as Trino shows it: ``UTC``, an offset of hours and minutes, or a region."""
    if name in NAMED_UTC:
        return "UTC"
    if found := OFFSET.fullmatch(name):
        sign, hours, minutes = found.groups(default="0")
        return offset_zone((int(hours) * 60 + int(minutes)) * (-1 if sign == "-" else 1), int(minutes))
    if name not in verified().zones:
        raise ValueError(f"sandbox limitation: the time zone {name!r}, which was not held against a real Trino")
    return name


def hours_zone(hours: int, minutes: int) -> str:
    """Return the zone of an offset in hours and minutes, each with its sign."""
    return offset_zone(hours * 60 + minutes)


def offset_zone(minutes: int, rest: int = 0) -> str:
    """Return the zone of an offset in minutes; ``rest`` are those beside whole hours, as they were written."""
    if abs(minutes) > 14 * 60 or rest > 59:
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: Invalid offset minutes {minutes}")
    hours, beside = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{beside:02d}" if minutes else "UTC"


def offset(zone: str, instant: datetime) -> timedelta:
    """Return by how much clocks in a zone are ahead of UTC at an instant."""
    if zone == "UTC":
        return timedelta()
    if zone[0] in "+-":
        ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
        return -ahead if zone[0] == "-" else ahead
    since = verified().zones.get(zone, 0)
    if instant.year < since:
        raise ValueError(f"sandbox limitation: a time in {zone} before {since}")
    return rules(zone).fromutc(instant.replace(tzinfo=rules(zone))).replace(tzinfo=None) - instant


def shown(instant: datetime, zone: str) -> Zoned:
    """Return an instant in a zone: ``AT TIME ZONE``, ``at_timezone``."""
    zone = zone_named(zone)
    return _at(instant, zone)


def _at(instant: datetime, zone: str) -> Zoned:
    return {"t_utc": instant, "t_local": instant + offset(zone, instant), "t_zone": zone}


def placed(local: datetime, zone: str) -> Zoned:
    """Return the time at which clocks in a zone show ``local``: ``with_timezone``."""
    zone = zone_named(zone)
    return _at(_instant(local, zone), zone)


def _instant(local: datetime, zone: str) -> datetime:
    """Return the instant of a local time by Joda's rule.

    What exists twice is the later of both east of Greenwich, and the earlier west of it; what does not exist is
    as much later as clocks were put forward.
    """
    near = offset(zone, local)
    ahead = offset(zone, local - near)
    if near != ahead and near < timedelta() and offset(zone, local - ahead) != ahead:
        ahead = near
    return local - ahead


def _near(local: datetime, like: Zoned) -> Zoned:
    """Return a local time in the zone of ``like``, with its offset if that is one of the zone's then."""
    zone, ahead = like["t_zone"], like["t_local"] - like["t_utc"]
    kept = local - ahead
    return _at(kept if offset(zone, kept) == ahead else _instant(local, zone), zone)


def moved(value: Zoned, unit: str, amount: int) -> Zoned:
    """Return ``value`` some units later: ``date_add``, and an interval of one unit."""
    if unit in CLOCK:
        return _at(value["t_utc"] + DURATIONS[unit] * amount, value["t_zone"])
    if unit in DURATIONS:
        return _near(value["t_local"] + DURATIONS[unit] * amount, value)
    local = value["t_local"]
    year, month = divmod(local.year * 12 + local.month - 1 + MONTHS[unit] * amount, 12)
    day = min(local.day, calendar.monthrange(year, month + 1)[1])
    return _near(local.replace(year=year, month=month + 1, day=day), value)


def truncated(value: Zoned, unit: str) -> Zoned:
    """Return the begin of the unit that ``value`` is in: ``date_trunc``."""
    local = value["t_local"]
    if unit in CLOCK:
        begin = local - (local - local.min) % DURATIONS[unit]
        return _at(begin - (local - value["t_utc"]), value["t_zone"])
    begin = datetime(local.year, local.month, local.day)  # noqa: DTZ001 - local times have no zone here
    if unit == "week":
        return _near(begin - timedelta(days=begin.weekday()), value)
    if unit in MONTHS:
        begin = begin.replace(day=1, month=local.month - (local.month - 1) % MONTHS[unit])
    return _near(begin, value)


def minutes(value: Zoned) -> int:
    """Return the offset of a value in whole minutes."""
    return int((value["t_local"] - value["t_utc"]).total_seconds() / 60)


def iso_offset(value: Zoned) -> str:
    """Return the offset of a value as ISO 8601 writes it."""
    ahead = value["t_local"] - value["t_utc"]
    if ahead % timedelta(minutes=1):
        raise ValueError("INVALID_ARGUMENTS: Timezone with non-zero seconds offset cannot be rendered as ISO8601")
    return "Z" if not ahead else offset_zone(minutes(value))


def literal(text: str) -> Zoned:
    """Return the value of ``TIMESTAMP '…'``; a local time that clocks skip is an error."""
    value = cast(text, 6)
    if value["t_local"] != _read(text)[0]:
        raise ValueError(f"INVALID_LITERAL: '{text}' is not a valid TIMESTAMP literal")
    return value


def cast(text: str, digits: int) -> Zoned:
    """Return the value that a text names; without zone it is in UTC. Digits after ``digits`` round half up."""
    local, zone = _read(text)
    if digits < 3 and local.microsecond % 1000:  # Trino rounds twice
        raise ValueError(f"sandbox limitation: the digits of {text!r}")
    zone = zone_named(zone)
    first = _instant(local, zone)
    earlier = local - offset(zone, first - timedelta(days=1))
    at = earlier if earlier + offset(zone, earlier) == local else first
    return _at(rounded(at, digits), zone)


def try_cast(text: str, digits: int) -> Zoned | None:
    """Return the value that a text names, or None."""
    try:
        return cast(text, digits)
    except ValueError as error:
        if "sandbox limitation" in str(error):
            raise
        return None


def to_digits(value: Zoned, digits: int) -> Zoned:
    """Return a value with ``digits`` after the second, rounded half up."""
    return _at(rounded(value["t_utc"], digits), value["t_zone"])


def rounded(at: datetime, digits: int) -> datetime:
    """Return a time with ``digits`` after the second, rounded half up."""
    step = 10 ** (6 - digits)
    rest = at.microsecond % step
    return at + timedelta(microseconds=step - rest if rest * 2 >= step else -rest)


def _read(text: str) -> tuple[datetime, str]:
    found = TEXT.fullmatch(text)
    if found is None:
        if re.search(r"\.\d{7}|^\s*(\d{5}|[+-])|\d\s+$", text):
            raise ValueError(f"sandbox limitation: the year, digits or form of {text!r}")
        raise ValueError(f"INVALID_CAST_ARGUMENT: Value cannot be cast to timestamp: {text}")
    *fields, fraction, zone = found.groups()
    year, month, day, hour, minute, second = (int(one or 0) for one in fields)
    micros = int((fraction or "").ljust(6, "0"))
    return datetime(year, month, day, hour, minute, second, micros), zone or "UTC"  # noqa: DTZ001 - as above


def iso_time(text: str) -> Zoned:
    """Return the value of an ISO 8601 text, to the millisecond: ``from_iso8601_timestamp``."""
    found = ISO.fullmatch(text)
    if found is None:
        raise ValueError(f"sandbox limitation: the ISO 8601 form of {text!r}")
    *fields, fraction, zone = found.groups()
    year, month, day, hour, minute, second = (int(one or 0) for one in fields)
    millis = int((fraction or "")[:3].ljust(3, "0"))
    zone = zone_named(zone or "UTC")
    local = datetime(year, month, day, hour, minute, second, millis * 1000, UTC).replace(tzinfo=None)
    return _at(local - offset(zone, local), zone)


FUNCTIONS: tuple[tuple[str, Any, tuple[str, ...], str], ...] = (
    ("t_at_zone", shown, ("TIMESTAMP", "VARCHAR"), ZONED),
    ("t_with_zone", placed, ("TIMESTAMP", "VARCHAR"), ZONED),
    ("t_zone_add", moved, (ZONED, "VARCHAR", "BIGINT"), ZONED),
    ("t_zone_trunc", truncated, (ZONED, "VARCHAR"), ZONED),
    ("t_zone_minutes", minutes, (ZONED,), "BIGINT"),
    ("t_zone_offset", iso_offset, (ZONED,), "VARCHAR"),
    ("t_zone_of_hours", hours_zone, ("BIGINT", "BIGINT"), "VARCHAR"),
    ("t_zoned_round", to_digits, (ZONED, "BIGINT"), ZONED),
    ("t_zoned_literal", literal, ("VARCHAR",), ZONED),
    ("t_zoned_cast", cast, ("VARCHAR", "BIGINT"), ZONED),
    ("t_zoned_try", try_cast, ("VARCHAR", "BIGINT"), ZONED),
    ("t_iso_stamp", iso_time, ("VARCHAR",), ZONED),
)
"""Name, call, types of the arguments, and type of the result."""
