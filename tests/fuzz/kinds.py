"""The types of columns that are compared, by names that a case file can hold, and the exact value of a cell.

A cell is plain JSON: numbers of decimals and floats, bytes (hex) and UUIDs are texts; dates and times are whole
numbers of days or of their unit, so that no calendar limits them.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
"""Nanoseconds of each unit."""
DAY = 86_400 * 10**9
_TOKEN = re.compile(r"[A-Za-z0-9_]+|[<>(),:]")


@dataclass(frozen=True)
class Kind:
    """A column's type on one side."""

    name: str
    family: str
    bits: int = 0
    signed: bool = True
    precision: int = 0
    scale: int = 0
    unit: str = ""
    zoned: bool = False
    fields: tuple[tuple[str, Kind], ...] = ()

    @property
    def nested(self) -> bool:
        """Whether cells have parts."""
        return self.family in ("list", "struct", "map")

    @property
    def exact(self) -> bool:
        """Whether it holds exact numbers."""
        return self.family in ("integer", "decimal")

    @property
    def limits(self) -> tuple[int, int]:
        """Smallest and largest integer; of a decimal, unscaled."""
        if self.family == "decimal":
            return 1 - 10**self.precision, 10**self.precision - 1
        return (-(2 ** (self.bits - 1)), 2 ** (self.bits - 1) - 1) if self.signed else (0, 2**self.bits - 1)


@cache
def kind(name: str) -> Kind:
    """Parse a type's name, such as ``decimal(18,2)`` or ``list<struct<a:int32,b:text>>``."""
    found, rest = _parse(_TOKEN.findall(name))
    if rest:
        raise ValueError(f"{name!r} is not a type")
    return found


def _parse(tokens: list[str]) -> tuple[Kind, list[str]]:
    head, *rest = tokens
    if head in ("list", "map"):
        parts, rest = _parts(rest[1:])
        names = ("item",) if head == "list" else ("key", "value")
        name = f"{head}<{','.join(part.name for part in parts)}>"
        return Kind(name, head, fields=tuple(zip(names, parts, strict=True))), rest
    if head == "struct":
        return _struct(rest[1:])
    arguments, rest = _arguments(rest)
    return _simple(head, arguments), rest


def _parts(tokens: list[str]) -> tuple[list[Kind], list[str]]:
    parts: list[Kind] = []
    while True:
        part, (mark, *tokens) = _parse(tokens)
        parts.append(part)
        if mark == ">":
            return parts, tokens


def _struct(tokens: list[str]) -> tuple[Kind, list[str]]:
    fields: list[tuple[str, Kind]] = []
    while True:
        name, _, *tokens = tokens
        part, (mark, *tokens) = _parse(tokens)
        fields.append((name, part))
        if mark == ">":
            inner = ",".join(f"{name}:{part.name}" for name, part in fields)
            return Kind(f"struct<{inner}>", "struct", fields=tuple(fields)), tokens


def _arguments(tokens: list[str]) -> tuple[list[str], list[str]]:
    if not tokens or tokens[0] != "(":
        return [], tokens
    end = tokens.index(")")
    return [one for one in tokens[1:end] if one != ","], tokens[end + 1 :]


def _simple(head: str, arguments: list[str]) -> Kind:
    name = f"{head}({','.join(arguments)})" if arguments else head
    if found := re.fullmatch(r"(u?)int(\d+)", head):
        return Kind(name, "integer", bits=int(found[2]), signed=not found[1])
    if found := re.fullmatch(r"float(\d+)", head):
        return Kind(name, "float", bits=int(found[1]))
    if head == "decimal":
        return Kind(name, head, precision=int(arguments[0]), scale=int(arguments[1]))
    if head in ("time", "timestamp"):
        return Kind(name, head, unit=arguments[0], zoned="utc" in arguments)
    if head in ("text", "binary", "bool", "date", "uuid", "null"):
        return Kind(name, head)
    raise ValueError(f"{head!r} is not a type")


def decode(of: Kind, cell: Any) -> Any:
    """Return a cell's exact value: Decimal, float, nanoseconds, text, bytes, or what nests them."""
    if cell is None:
        return None
    if of.exact:
        return Decimal(cell)
    if of.family == "float":
        return float(cell)
    if of.family == "date":
        return int(cell) * DAY
    if of.unit:
        return int(cell) * UNITS[of.unit]
    if of.family == "binary":
        return bytes.fromhex(cell)
    return _decode_nested(of, cell) if of.nested else cell


def _decode_nested(of: Kind, cell: Any) -> Any:
    parts = dict(of.fields)
    if of.family == "list":
        return [decode(parts["item"], one) for one in cell]
    if of.family == "map":
        return [(decode(parts["key"], key), decode(parts["value"], value)) for key, value in cell]
    return {name: decode(part, cell[name]) for name, part in of.fields}


def encode(to: Kind, value: Any) -> Any:
    """Return the cell that holds exactly this value; ValueError where the type has none."""
    if value is None:
        return None
    if to.exact:
        return _encode_number(to, value)
    if to.family == "float":
        return _encode_float(to, value)
    if to.family == "date" or to.unit:
        return _encode_ticks(to, value)
    if to.family == "binary":
        return value.hex()
    return _encode_nested(to, value) if to.nested else value


def _encode_number(to: Kind, value: Any) -> Any:
    sign, digits, exponent = Decimal(value).as_tuple()
    if not isinstance(exponent, int):
        raise ValueError("not a finite number")
    unscaled = int("".join(map(str, digits)) or "0")
    places = exponent + to.scale
    if places < 0 and unscaled % 10**-places:
        raise ValueError("too many places")
    unscaled = unscaled * 10**places if places >= 0 else unscaled // 10**-places
    return unscaled_cell(to, -unscaled if sign else unscaled)


def unscaled_cell(to: Kind, unscaled: int) -> Any:
    """Return the cell of an integer, or of a decimal given in its smallest unit."""
    low, high = to.limits
    if not low <= unscaled <= high:
        raise ValueError("out of range")
    if to.family == "integer":
        return unscaled
    return format(Decimal((unscaled < 0, tuple(map(int, str(abs(unscaled)))), -to.scale)), "f")


def _encode_float(to: Kind, value: float) -> str:
    if to.bits == 32:
        try:
            narrow = struct.unpack("f", struct.pack("f", value))[0]
        except OverflowError as error:
            raise ValueError("out of range") from error
        if narrow != value and value == value:  # noqa: PLR0124 - NaN is the only value unlike itself
            raise ValueError("too fine")
    return repr(float(value))


RANGES = {
    "date": (-719_528 * DAY - 400 * 366 * DAY, 2_932_896 * DAY + 400 * 366 * DAY),
    "ns": (-(2**63) + 2 * DAY, 2**63 - 2 * DAY),
    "time": (0, DAY - 1),
}
"""Nanoseconds: dates and times some centuries around the years 1 to 9999; nanoseconds within their 64 bits."""


def _encode_ticks(to: Kind, nanos: int) -> int:
    low, high = RANGES["time" if to.family == "time" else "ns" if to.unit == "ns" else "date"]
    size = DAY if to.family == "date" else UNITS[to.unit]
    if not low <= nanos <= high or nanos % size:
        raise ValueError("out of range, or too fine")
    return nanos // size


def _encode_nested(to: Kind, value: Any) -> Any:
    parts = dict(to.fields)
    if to.family == "list":
        return [encode(parts["item"], one) for one in value]
    if to.family == "map":
        return [[encode(parts["key"], key), encode(parts["value"], item)] for key, item in value]
    return {name: encode(part, value[name]) for name, part in to.fields}
