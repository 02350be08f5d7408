"""The smallest ways to corrupt a value of each type, in SQL over ``«0»``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from decimal import Decimal

from parity.compare.rules import plain
from parity.compare.session import ident
from parity.compare.types import DataType
from parity.suite.models import Tolerance


@dataclass(frozen=True)
class Shake:
    """One corruption: what it is called, and its SQL.

    ``least`` marks the smallest difference that the column should show; ``beyond`` one that lies outside the
    column's tolerance and that no rule may hide.
    """

    what: str
    sql: str
    least: bool = False
    beyond: bool = False


_INTEGERS = (
    "tinyint",
    "smallint",
    "integer",
    "bigint",
    "hugeint",
    "utinyint",
    "usmallint",
    "uinteger",
    "ubigint",
    "uhugeint",
)
_LITERALS = {
    "varchar": "'canary'",
    "blob": "'\\x07'::BLOB",
    "boolean": "true",
    "date": "DATE '2001-02-03'",
    "time": "TIME '01:02:03'",
    "time_ns": "'01:02:03'",
    "time with time zone": "'01:02:03+00'",
    "interval": "INTERVAL 1 DAY",
    "uuid": "'00000000-0000-4000-8000-000000000007'",
}
_TICKS = {
    "timestamp_s": ("one second", "1 SECOND"),
    "timestamp_ms": ("one millisecond", "1 MILLISECOND"),
    "timestamp": ("one microsecond", "1 MICROSECOND"),
    "timestamp with time zone": ("one microsecond", "1 MICROSECOND"),
}


_CHARACTER = "left(«0», -1) || CASE WHEN right(«0», 1) = '7' THEN '8' ELSE '7' END"
_NANOSECOND = (
    "CAST(left(«0»::VARCHAR, 8) || '.' || lpad(((epoch_ns(«0») + 1) % 1000000000)::VARCHAR, 9, '0') AS TIME_NS)"
)
_MOST_FIELDS = 20
"""Fields of a struct that are changed one by one."""


def shakes(kind: DataType, tolerance: Tolerance | None) -> list[Shake]:
    """Return the corruptions of a type, the smallest first, NULL last."""
    literal = f"CAST({_literal(kind)} AS {kind.sql})"
    found = [Shake(what, _changed(sql, literal), least=not tolerance) for what, sql in _smallest(kind)]
    if tolerance is not None and (sql := _beyond(kind, tolerance)):
        said = f"more than {_words(tolerance)}"
        found.append(Shake(said, _changed(sql, literal), least=True, beyond=True))
    return [*found, Shake("NULL", f"CASE WHEN «0» IS NULL THEN {literal} END")]


def _changed(sql: str, literal: str) -> str:
    """Return the shaken value, or the literal where shaking changes nothing: NULL, NaN, an infinite time."""
    return f"CASE WHEN ({sql}) IS DISTINCT FROM «0» THEN ({sql}) ELSE {literal} END"


def _literal(kind: DataType) -> str:
    if kind.name == "struct":
        inner = ", ".join(
            f"'{name.replace(chr(39), chr(39) * 2)}': {_literal(part)}" for name, part in kind.fields
        )
        return f"{{{inner}}}"
    if kind.name in ("list", "array"):
        return f"[{_literal(kind.fields[0][1])}]" if kind.name == "list" else "NULL"
    if kind.name == "map":
        return f"MAP {{{_literal(kind.fields[0][1])}: {_literal(kind.fields[1][1])}}}"
    if kind.name.startswith("timestamp"):
        return "TIMESTAMP '2001-02-03 04:05:06'"
    if kind.name == "decimal" and kind.precision == kind.scale:
        return "0.1"  # It has no digit before the point.
    return _LITERALS.get(kind.name, "1" if kind.sql != '"NULL"' else "NULL")


def _smallest(kind: DataType) -> list[tuple[str, str]]:
    """Return names and SQL of the least changes of a value that is not NULL."""
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
        "timestamp_ns": ("one nanosecond", "make_timestamp_ns(epoch_ns(«0») - 1)"),
    }
    if kind.name in simple:
        more = {"timestamp_ns": _second(kind), "time": "«0» + INTERVAL 1 SECOND"}
        seconds = [("one second", more[kind.name])] if kind.name in more else []
        return [simple[kind.name], *seconds]
    if kind.name in _TICKS:
        what, step = _TICKS[kind.name]
        second = [("one second", _second(kind))] if kind.name != "timestamp_s" else []
        return [(what, f"CAST(«0» - INTERVAL {step} AS {kind.sql})"), *second]
    return _number(kind) or _nested(kind) or [("another value", _literal(kind))]


def _second(kind: DataType) -> str:
    if kind.name == "timestamp_ns":
        return "make_timestamp_ns(epoch_ns(«0») - 1000000000)"
    return f"CAST(«0» - INTERVAL 1 SECOND AS {kind.sql})"


def _number(kind: DataType) -> list[tuple[str, str]]:
    if kind.name in _INTEGERS:
        return [("one unit", f"CASE WHEN «0» > 0 THEN «0» - 1::{kind.sql} ELSE «0» + 1::{kind.sql} END")]
    if kind.name == "decimal":
        unit = plain(Decimal(1).scaleb(-kind.scale))
        step = f"CAST({unit} AS {kind.sql})" if kind.precision > kind.scale or kind.scale else "1"
        return [(f"{unit}", f"CAST(CASE WHEN «0» > 0 THEN «0» - {step} ELSE «0» + {step} END AS {kind.sql})")]
    if kind.name in ("float", "double"):
        toward = f"CASE WHEN «0» > 0 THEN '-inf'::{kind.sql} ELSE 'inf'::{kind.sql} END"
        return [("one unit in the last place", f"nextafter(«0», {toward})")]
    return []


def _nested(kind: DataType) -> list[tuple[str, str]]:
    if kind.name == "list":
        return [("one more element", f"list_append(«0», CAST(NULL AS {kind.fields[0][1].sql}))")]
    if kind.name == "struct":
        return [shake for at in range(len(kind.fields[:_MOST_FIELDS])) for shake in _in_field(kind, at)]
    if kind.name == "map":
        return [("no entry", f"CASE WHEN cardinality(«0») > 0 THEN CAST(MAP {{}} AS {kind.sql}) END")]
    return []


def _in_field(kind: DataType, at: int) -> list[tuple[str, str]]:
    """Return the least change of one field of a struct, the others staying as they are."""
    name, part = kind.fields[at]
    fields = {other: f"(«0»).{ident(other)}" for other, _ in kind.fields}
    for what, sql in _smallest(part)[:1]:
        shaken = sql.replace("«0»", fields[name])
        literal = f"CAST({_literal(part)} AS {part.sql})"
        changed = f"CASE WHEN ({shaken}) IS DISTINCT FROM {fields[name]} THEN ({shaken}) ELSE {literal} END"
        packed = ", ".join(f"{ident(k)} := {changed if k == name else v}" for k, v in fields.items())
        return [(f"{what} in {name}", f"CASE WHEN «0» IS NOT NULL THEN struct_pack({packed}) END")]
    return []


def _beyond(kind: DataType, tolerance: Tolerance) -> str:
    """Return a value that lies just outside the tolerance, or nothing for a type it does not fit."""
    if tolerance.time is not None:
        step = tolerance.time.total_seconds() * 1e6
        least = {"timestamp_ms": 1_000, "timestamp_s": 1_000_000, "date": 86_400_000_000}.get(kind.name, 1)
        return f"CAST(«0» + to_microseconds({int(step // least * least + least)}) AS {kind.sql})"
    if tolerance.absolute is not None:
        return _past(kind, tolerance.absolute)
    part = float(tolerance.relative or 0)
    whole = "«0»::DOUBLE" if kind.name in ("float", "double") else "«0»"
    return (
        f"CAST(CASE WHEN «0» = 0 THEN 1 ELSE {whole} - {whole} * "
        f"{plain(Decimal(str(part * 1.01 + 1e-15)))} END AS {kind.sql})"
        if kind.name in ("float", "double")
        else ""
    )


def _past(kind: DataType, most: Decimal) -> str:
    if kind.name in ("float", "double"):
        # One unit in the last place more than the tolerance, or rounding would bring the value back inside.
        last = 2.0**-22 if kind.name == "float" else 2.0**-51
        near = f"«0» - ({plain(most * Decimal('1.001'))}::DOUBLE + abs(«0»::DOUBLE) * {last!r})"
        bound = min(float(most) * 2.0**40, sys.float_info.max)
        return f"CAST(CASE WHEN abs(«0»::DOUBLE) < {bound!r} THEN {near} ELSE «0» / 2 END AS {kind.sql})"
    unit = Decimal(1).scaleb(-kind.scale)
    step = (most // unit + 1) * unit
    if kind.name == "decimal" or kind.name in _INTEGERS:
        return (
            f"CAST(CASE WHEN «0» > 0 THEN «0»::DECIMAL(38,{kind.scale}) - {plain(step)} ELSE "
            f"«0»::DECIMAL(38,{kind.scale}) + {plain(step)} END AS {kind.sql})"
        )
    return ""


def _words(tolerance: Tolerance) -> str:
    if tolerance.absolute is not None:
        return plain(tolerance.absolute)
    return (
        str(tolerance.time)
        if tolerance.time is not None
        else f"{plain((tolerance.relative or Decimal(0)) * 100)} %"
    )
