"""The smallest ways to change a value of each type, in SQL.

A mutation of a row's own value is SQL over ``«0»``. A border pair has both values: one that a wrong hash or rule
would take for the other, whatever the rows hold (across zero, at a type's limits, just beyond a tolerance).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext

from parity.compare.schema.rules import plain
from parity.compare.session import ident, text
from parity.compare.types import FLOATS, INTEGERS, DataType, fill, quoted, unescaped
from parity.suite.models import Tolerance


@dataclass(frozen=True)
class Mutation:
    """One mutation: its name, its SQL, and the SQL of the value before it if not the row's own.

    ``least`` marks the smallest difference that the column should show.
    """

    what: str
    sql: str
    base: str = ""
    least: bool = False


_LITERALS = {
    "varchar": ("'canary'", "'canary bird'"),
    "blob": ("'\\x07'::BLOB", "'\\x08'::BLOB"),
    "boolean": ("true", "false"),
    "date": ("DATE '2001-02-03'", "DATE '2001-02-04'"),
    "time": ("TIME '01:02:03'", "TIME '01:02:04'"),
    "time_ns": ("'01:02:03'", "'01:02:04'"),
    "time with time zone": ("'01:02:03+00'", "'01:02:04+00'"),
    "interval": ("INTERVAL 1 DAY", "INTERVAL 2 DAY"),
    "uuid": ("'00000000-0000-4000-8000-000000000007'", "'00000000-0000-4000-8000-000000000008'"),
    "bit": ("'1'", "'01'"),
    "geometry": ("'POINT (1 2)'", "'POINT (1 3)'"),
}
_TICKS = {
    "timestamp_s": "second",
    "timestamp_ms": "millisecond",
    "timestamp": "microsecond",
    "timestamp with time zone": "microsecond",
    "timestamp_ns": "nanosecond",
    "timestamp_ns with time zone": "nanosecond",
}
"""The least steps of moments."""
_NULL_HASH_VALUE = -2930909409056394622
"""The 64 bits that have the hash which DuckDB gives NULL."""
_CHARACTER = "left(«0», -1) || CASE WHEN right(«0», 1) = '7' THEN '8' ELSE '7' END"
_NANOSECOND = (
    "CAST(left(«0»::VARCHAR, 8) || '.' || lpad(((epoch_ns(«0») + 1) % 1000000000)::VARCHAR, 9, '0') AS TIME_NS)"
)
_MOST_FIELDS = 20
"""Fields of a struct that are changed one by one."""


def mutations(kind: DataType, tolerance: Tolerance | None) -> list[Mutation]:
    """Return the mutations of a row's own value, the smallest first, NULL last."""
    kind = quoted(kind)
    found = [Mutation(unescaped(what), _first(kind, sql), least=not tolerance) for what, sql in _smallest(kind)]
    if tolerance is not None:
        with localcontext(prec=100):
            down, up = (tuple(_moved(kind, tolerance, sign)) for sign in "-+")
        beyond = f"more than {tolerance_text(tolerance)}"
        found += [Mutation(beyond, _first(kind, *down, *up), least=True)] if down else []
        found += [Mutation(f"{beyond} the other way", _first(kind, *up, *down))] if up else []
    return [*found, Mutation("NULL", f"CASE WHEN «0» IS NULL THEN {literals(kind)[0]} END")]


def border_pairs(kind: DataType, tolerance: Tolerance | None) -> list[Mutation]:
    """Return mutations between values that a wrong hash or rule would take for equal."""
    kind = quoted(kind)
    # By default, decimals are rounded to 28 digits.
    with localcontext(prec=100):
        found = [(what, *map(str, pair)) for what, pair in _hard(kind)]
        if tolerance is not None:
            beyond = f"more than {tolerance_text(tolerance)}"
            found += [(f"{beyond}, from {one} to {other}", one, other) for one, other in _beyond(kind, tolerance)]
    return [
        Mutation(what, f"CAST({other} AS {kind.sql})", f"CAST({one} AS {kind.sql})") for what, one, other in found
    ]


def _first(kind: DataType, *changes: str) -> str:
    """Return the first change that yields another value; a literal where none does (NULL, NaN, a limit)."""
    first, second = literals(kind)
    whens = [f"WHEN coalesce(TRY({one}), «0») IS DISTINCT FROM «0» THEN TRY({one})" for one in changes]
    return f"CASE {' '.join(whens)} WHEN {first} IS DISTINCT FROM «0» THEN {first} ELSE {second} END"


def literals(kind: DataType) -> tuple[str, str]:
    """Return two different values of a type, in its own type."""
    first, second = _literals(kind)
    return f"CAST({first} AS {kind.sql})", f"CAST({second} AS {kind.sql})"


def _literals(kind: DataType) -> tuple[str, str]:
    if kind.name == "struct":
        parts = [(text(name), *_literals(part)) for name, part in kind.fields]
        one = ", ".join(f"{name}: {first}" for name, first, _ in parts)
        return f"{{{one}}}", "{" + ", ".join(f"{name}: {second}" for name, _, second in parts) + "}"
    if kind.name in ("list", "array"):
        size = int(re.findall(r"\[(\d+)\]$", kind.sql)[0]) if kind.name == "array" else 1
        first, second = (f"[{', '.join([one] * size)}]" for one in _literals(kind.fields[0][1]))
        return first, second
    if kind.name == "map":
        key, (first, second) = _literals(kind.fields[0][1])[0], _literals(kind.fields[1][1])
        return f"MAP {{{key}: {first}}}", f"MAP {{{key}: {second}}}"
    if kind.name.startswith("timestamp"):
        return "TIMESTAMP '2001-02-03 04:05:06'", "TIMESTAMP '2001-02-03 04:05:07'"
    if kind.name == "decimal" and kind.precision == kind.scale:
        return "0.1", "0"  # It has no digit before the point.
    return _LITERALS.get(kind.name, ("1", "0"))


def _smallest(kind: DataType) -> list[tuple[str, str]]:
    """Return names and SQL of the least changes of a value that is not NULL."""
    if kind.moment:
        units = dict.fromkeys((_TICKS[kind.name], "second"))
        return [(f"one {unit}", _earlier(kind, unit)) for unit in units]
    simple = {
        "boolean": ("the other truth value", "NOT «0»"),
        "varchar": ("one character", _CHARACTER),
        "blob": ("one byte", "«0» || '\\x07'::BLOB"),
        "date": ("one day", "«0» - 1"),
        "time": ("one microsecond", "«0» + INTERVAL 1 MICROSECOND"),
        "time_ns": ("one nanosecond", _NANOSECOND),
        "time with time zone": ("one second", "«0» + INTERVAL 1 SECOND"),
        "uuid": ("one digit", f"CAST({_CHARACTER.replace('«0»', '«0»::VARCHAR')} AS UUID)"),
        "interval": ("one microsecond", "«0» + INTERVAL 1 MICROSECOND"),
    }
    if kind.name in simple:
        seconds = [("one second", "«0» + INTERVAL 1 SECOND")] if kind.name == "time" else []
        return [simple[kind.name], *seconds]
    return _number(kind) or _nested(kind) or [("another value", literals(kind)[0])]


def _earlier(kind: DataType, unit: str) -> str:
    if kind.name.startswith("timestamp_ns"):
        nanoseconds = 1_000_000_000 if unit == "second" else 1
        return f"CAST(make_timestamp_ns(epoch_ns(«0») - {nanoseconds}) AS {kind.sql})"
    return f"CAST(«0» - INTERVAL 1 {unit.upper()} AS {kind.sql})"


def _number(kind: DataType) -> list[tuple[str, str]]:
    sign = [("the other sign", f"CAST(-«0» AS {kind.sql})")] if _signed(kind) else []
    if kind.name in INTEGERS:
        unit = f"CASE WHEN «0» > 0 THEN «0» - 1::{kind.sql} ELSE «0» + 1::{kind.sql} END"
        return [("one unit", unit), *sign]
    if kind.name == "decimal":
        unit = plain(Decimal(1).scaleb(-kind.scale))
        step = f"CAST({unit} AS {kind.sql})"
        moved = f"CAST(CASE WHEN «0» > 0 THEN «0» - {step} ELSE «0» + {step} END AS {kind.sql})"
        return [(unit, moved), *sign]
    if kind.name in FLOATS:
        toward = f"CASE WHEN «0» > 0 THEN '-inf'::{kind.sql} ELSE 'inf'::{kind.sql} END"
        return [("one unit in the last place", f"nextafter(«0», {toward})"), *sign]
    return []


def _signed(kind: DataType) -> bool:
    return kind.name in FLOATS or kind.name == "decimal" or INTEGERS.get(kind.name, (0, False))[1]


def _nested(kind: DataType) -> list[tuple[str, str]]:
    if kind.name == "list":
        return [("one more element", f"list_append(«0», CAST(NULL AS {kind.fields[0][1].sql}))")]
    if kind.name == "struct":
        return [change for at in range(len(kind.fields[:_MOST_FIELDS])) for change in _in_field(kind, at)]
    if kind.name == "map":
        return [("no entry", f"CASE WHEN cardinality(«0») > 0 THEN CAST(MAP {{}} AS {kind.sql}) END")]
    return []


def _in_field(kind: DataType, at: int) -> list[tuple[str, str]]:
    """Return the least change of one field of a struct, the others staying as they are."""
    name, part = kind.fields[at]
    fields = {other: f"(«0»).{ident(other)}" for other, _ in kind.fields}
    for what, sql in _smallest(part)[:1]:
        changed = fill(_first(part, sql), fields[name])
        packed = ", ".join(f"{ident(k)} := {changed if k == name else v}" for k, v in fields.items())
        return [(f"{what} in {name}", f"CASE WHEN «0» IS NOT NULL THEN struct_pack({packed}) END")]
    return []


def _hard(kind: DataType) -> list[tuple[str, tuple[object, object]]]:
    """Return values and their neighbours, including those that a hash may take for one another."""
    twin = _NULL_HASH_VALUE + (2**64 if kind.name == "ubigint" else 0)
    found: dict[str, list[tuple[str, tuple[object, object]]]] = {
        "bigint": [("the hash of NULL", (twin, "NULL"))],
        "ubigint": [("the hash of NULL", (twin, "NULL"))],
        "double": [
            ("the hash of NULL", (repr(struct.unpack("<d", struct.pack("<q", _NULL_HASH_VALUE))[0]), "NULL")),
            ("NaN", ("'nan'", 0)),
            ("infinity", ("'inf'", "'-inf'")),
        ],
        "float": [("NaN", ("'nan'", 0)), ("infinity", ("'inf'", "'-inf'"))],
        "blob": [("bits that cancel", (f"'{_bytes(0)}'", f"'{_bytes(128)}'"))],
        "varchar": [("a NUL character", ("chr(0)", "''")), ("bits that cancel", _texts_that_cancel())],
        "interval": [("a month for its days", ("INTERVAL 1 MONTH", "INTERVAL 30 DAY"))],
        "list": [("an element that is NULL", ("[]", "[NULL]"))],
        "variant": [("a text for a number", ("1", "'1'"))],
    }
    return [*found.get(kind.name, ()), *_limits(kind)]


def _bytes(value: int) -> str:
    return "".join(f"\\x{value if at % 8 == 7 else 0:02X}" for at in range(16))


def _texts_that_cancel() -> tuple[str, str]:
    """Return two texts whose first hash is one: the highest bits of every eighth byte cancel each other."""
    return f"'{'a' * 16}'", f"'{'aaaaaaa9' * 2}'"


def _limits(kind: DataType) -> list[tuple[str, tuple[object, object]]]:
    """Return a number's limits, its halves, and the step across zero."""
    unit = Decimal(1).scaleb(-kind.scale)
    low, high = number_range(kind)
    if high is None or low is None:
        return []
    top = 2 ** (int(high / unit).bit_length() - 1) * unit
    found: list[tuple[str, tuple[object, object]]] = [
        ("the highest value", (_sql(high), _sql(high - unit))),
        ("the highest bit", (_sql(top * 0), _sql(top))),
    ]
    if low < 0:
        found.append(("the lowest value", (_sql(low), _sql(low + unit))))
        found.append(("across zero", (_sql(-unit), _sql(unit))))
    if high >= 2**64 * unit:
        found.append(("2^64 of its units", (_sql(unit), _sql(2**64 * unit))))
    return found


def number_range(kind: DataType) -> tuple[Decimal | None, Decimal | None]:
    """Return the least and the greatest value of an exact type; None for any other."""
    if kind.name in INTEGERS:
        bits, signed = INTEGERS[kind.name]
        half = 2 ** (bits - 1)
        return (Decimal(-half), Decimal(half - 1)) if signed else (Decimal(0), Decimal(2 * half - 1))
    if kind.name == "decimal":
        most = Decimal(10**kind.precision - 1).scaleb(-kind.scale)
        return most.copy_negate(), most
    return None, None


def _sql(number: Decimal) -> str:
    return f"'{number:f}'"


_UNITS = {"timestamp_ms": 1_000, "timestamp_s": 1_000_000, "date": 86_400_000_000}
"""Microseconds of the least step of a time; one of any other."""


def _step(kind: DataType, tolerance: Tolerance) -> Decimal:
    """Return the least step beyond a tolerance that is absolute: in units of the number, or microseconds."""
    if tolerance.time is not None:
        unit, most = Decimal(_UNITS.get(kind.name, 1)), Decimal(round(tolerance.time.total_seconds() * 10**6))
    else:
        unit, most = Decimal(1).scaleb(-kind.scale), tolerance.absolute or Decimal(0)
    if kind.name in FLOATS:
        return most * Decimal("1.001") if most else Decimal("1e-3")
    return (most // unit + 1) * unit if most < 10**38 * unit else most


def _moved(kind: DataType, tolerance: Tolerance, sign: str) -> Iterable[str]:
    """Return the SQL of a value just beyond the tolerance on one side; none where that cannot be."""
    if tolerance.relative is not None:
        yield from _moved_by_share(kind, float(min(tolerance.relative, Decimal(2))), sign)
        return
    step = _step(kind, tolerance)
    if tolerance.time is not None:
        casts = {"time_ns": "«0»::TIME", "timestamp_ns with time zone": "«0»::TIMESTAMP_NS"}
        time = casts.get(kind.name, "«0»")
        if step < 2**63:
            yield f"CAST({time} {sign} to_microseconds({int(step)}) AS {kind.sql})"
    elif kind.name in FLOATS and step < 10**300:
        # Rounding must not bring the value back inside.
        last = 2.0**-22 if kind.name == "float" else 2.0**-51
        moved = f"«0»::DOUBLE {sign} ({float(step)!r}::DOUBLE + abs(«0»::DOUBLE) * {last!r})"
        bound = float(step) * 2.0**40
        yield f"CASE WHEN abs(«0»::DOUBLE) < {bound!r} THEN CAST({moved} AS {kind.sql}) END"
        yield "«0» / 2"
    elif kind.name in INTEGERS and step < 2**126:
        yield f"CAST(«0»::HUGEINT {sign} '{step:f}'::HUGEINT AS {kind.sql})"
    elif kind.name == "decimal" and step < Decimal(10) ** (38 - kind.scale):
        yield f"CAST(«0» {sign} '{step:f}'::DECIMAL(38,{kind.scale}) AS {kind.sql})"


def _moved_by_share(kind: DataType, share: float, sign: str) -> Iterable[str]:
    if share < 1:
        # Rounding must not bring the value back inside.
        less = 1 - share * (1 + 1e-6) - (2.0**-22 if kind.name == "float" else 1e-15)
        yield f"CAST(«0»::DOUBLE * {less if sign == '-' else 1 / less!r} AS {kind.sql})"
    if share < 2 and _signed(kind):
        yield f"CAST(-«0» AS {kind.sql})"


def _beyond(kind: DataType, tolerance: Tolerance) -> list[tuple[str, str]]:
    """Return pairs of values just further apart than a tolerance, around zero or 1970, on both sides of it."""
    if tolerance.relative is not None:
        return [(_sql(one), _sql(other)) for one, other in _beyond_share(kind, tolerance.relative)]
    step = _step(kind, tolerance)
    unit = Decimal(_UNITS.get(kind.name, 1)) if tolerance.time is not None else Decimal(1).scaleb(-kind.scale)
    if step >= 10**38:
        return []
    unit = step / 2 if kind.name in FLOATS else unit
    half = step // (2 * unit) * unit
    starts = dict.fromkeys((Decimal(0), -half, -unit, -step))
    pairs = [(one, one + step) for one in starts] + [(step, Decimal(0)), (step - unit, -unit)]
    if tolerance.time is not None:
        return [(_at(kind, one), _at(kind, other)) for one, other in pairs if _is_time(kind, one, other)]
    return [(_sql(one), _sql(other)) for one, other in pairs if _fits(kind, one, other)]


def _beyond_share(kind: DataType, share: Decimal) -> list[tuple[Decimal, Decimal]]:
    unit = Decimal(1).scaleb(-kind.scale)
    _, high = number_range(kind)
    whole = min(Decimal(1000), high) if high is not None else Decimal(1000)
    less = whole - whole * share // unit * unit - unit
    pairs = [(whole, less), (less, whole), (-whole, -less), (Decimal(0), unit)] if share < 1 else []
    pairs += [(whole, -whole), (-unit, unit)] if share < 2 else []
    return [(one, other) for one, other in pairs if _fits(kind, one, other)]


def _fits(kind: DataType, *values: Decimal) -> bool:
    low, high = number_range(kind)
    return low is None or high is None or all(low <= value <= high for value in values)


def _is_time(kind: DataType, *values: Decimal) -> bool:
    """Return whether microseconds since 1970 fit the type and every other type of times."""
    if kind.name in ("time", "time_ns"):
        return all(0 <= value < _UNITS["date"] for value in values)
    return all(abs(value) < 200 * 365 * _UNITS["date"] for value in values)


def _at(kind: DataType, micros: Decimal) -> str:
    if kind.name in ("time", "time_ns"):
        return f"TIME '00:00:00' + to_microseconds({int(micros)})"
    return f"make_timestamp({int(micros)})"


def tolerance_text(tolerance: Tolerance) -> str:
    """Write a tolerance as a suite does."""
    if tolerance.relative is not None:
        return f"{plain(tolerance.relative * 100)} %"
    return str(tolerance.time) if tolerance.absolute is None else plain(tolerance.absolute)
