"""Draws cells near every border there is, and neighbours of a cell that a careless comparison takes for it."""

from __future__ import annotations

import datetime as dt
import json
import math
import random
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from fuzz.kinds import DAY, UNITS, Kind, decode, encode, unscaled_cell
from fuzz.reference import Tolerance

WORDS = (
    "", " ", "a", "A", "b", "ab", "aB", "é", "e\u0301", "É", "ß", "ẞ", "ss", "SS", "İ", "I", "i", "ı",
    "i\u0307", "ſ", "s",
    "K", "\u212a", "k", "Å", "\u212b", "å", "Σ", "σ", "ς", "ﬁ", "fi", "Ǆ", "ǅ", "ǆ", "\u0345", "ͅΙ", "ᾳ",
    "Ω", "\u2126",
    "\0", "a\0", "a\0b", "\n", "\r\n", "\r", "\t", "\v", "\x1f", "\x7f", "\u0085", "\u00a0", "\u00ad",
    "\u200b", "\u200d",
    "\u200f", "\u2028", "\u3000", "\ufeff", "\ufffd", "\ud7ff", "\ue000", "\uffff", "\U00010000",
    "\U0010ffff", "😀", "👩\u200d👩\u200d👧",
    "NULL", "null", "None", "\\N", "nan", "0", "00", "-0", "1", "01", "1.0", "1e5", "true", "2026-02-30",
    "0000-00-00",
    "'", '"', '""', ",", ";", "|", "\\", "%", "$", "{}", "«0»", "«1»", "#", "<a>", "\x1b[31m",
    "x" * 11, "x" * 12, "x" * 13, "x" * 255, "x" * 256, "xy" * 2048, "é" * 6, "é" * 7,
)  # fmt: skip
DOCUMENTS = (
    '{"a": 1}', '{"a":1}', '{"a":1.0}', '{"a":"1"}', '{"a":true}', '{"a":null}', "{}", "[]", "[1, 2]",
    "[2,1]",
    '{"a":1,"b":[1.0]}', '{"b":[1e0],"a":1}', '{"a":1,"a":2}', '{"a":1,"a":1}', "[100]", "[1e2]", "[0]",
    "[-0]", "[-0.0]",
    '"\\u00e9"', '"é"', '"\\ud800"', '"\\ud83d\\ude00"', '"😀"', "[NaN]", "[ NaN ]", "[Infinity]", "1",
    "1.0", "01", "null", '""', " 1 ",
    "[1000000000000000000000000000001]", "[1e30]", "[1E+30]", "[0.1]", "[0.10]",
    "[0.10000000000000000001]", "{'a': 1}",
    '{"":1}', '{"ka":1}', "[true]", "[1]", '["1"]', "[[]]", "[null]", "[{}]", "true", '["a\\u0000"]',
    "[1,]", "1e1000000001",
)  # fmt: skip
HASHED_AS_NULL = (-2930909409056394622, 15515834664653156994)
"""The values of 64 bits that once had the hash of NULL."""
_YEARS = (
    -1,
    0,
    1,
    2,
    1582,
    1583,
    1677,
    1678,
    1899,
    1900,
    1969,
    1970,
    1971,
    2000,
    2026,
    2038,
    2039,
    2262,
    2263,
    9999,
    10000,
)
_SWITCHES = (
    "1970-01-01T00:00:00", "2026-03-29T01:00:00", "2026-03-29T02:30:00", "2026-10-25T01:00:00",
    "2026-10-25T02:30:00",
    "2026-03-08T02:00:00", "2026-03-08T02:30:00", "2026-11-01T01:30:00", "2026-11-01T06:00:00",
    "2038-01-19T03:14:07",
    "1582-10-04T00:00:00", "1582-10-15T00:00:00", "2000-02-29T00:00:00", "1900-03-01T00:00:00",
    "2016-12-31T23:59:59",
)  # fmt: skip
_FLOATS = (
    0.0, -0.0, 1.0, 0.1, 0.2, 0.3, 1 / 3, 1.1, 1e-5, 1e15, 1e16, 1e17, 1e22, 9e19, 2.0**53, 2.0**53 + 2,
    2.0**63, 2.0**64, 1e-290,
    1e290, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 3.4028234663852886e38,
    1.401298464324817e-45, 123456789.125,
    float("inf"), float("nan"), -4.645812804824922e112,
)  # fmt: skip


def step(allowed: Tolerance | None, of: Kind) -> Fraction:
    """Return the width of a tolerance in a kind's smallest unit; zero without one."""
    if allowed is None:
        return Fraction(0)
    if allowed.nanos is not None:
        return Fraction(allowed.nanos, DAY if of.family == "date" else UNITS.get(of.unit, 1))
    return (allowed.absolute or Fraction(0)) * (10**of.scale if of.family == "decimal" else 1)


class Drawer:
    """Draws cells from one source of chance."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice

    def cell(self, of: Kind, allowed: Tolerance | None = None) -> Any:
        """Draw a cell that is not NULL."""
        while True:
            try:
                return self._cell(of, allowed)
            except ValueError:
                continue

    def _cell(self, of: Kind, allowed: Tolerance | None) -> Any:
        if of.exact:
            return unscaled_cell(of, self._whole(of, step(allowed, of)))
        makers: dict[str, Callable[[], Any]] = {
            "float": lambda: encode(of, self._float(of, allowed)),
            "text": self.text,
            "bool": lambda: self.dice.random() < 0.5,
            "binary": lambda: self._bytes().hex(),
            "uuid": lambda: str(self._uuid()),
            "null": lambda: None,
        }
        if of.family in makers:
            return makers[of.family]()
        return self._nested(of) if of.nested else encode(of, self._nanos(of, allowed))

    def _whole(self, of: Kind, width: Fraction) -> int:
        """Draw an integer near zero, a limit, a power of two or ten, or an edge of a tolerance's cells."""
        dice, (low, high) = self.dice, of.limits
        way = dice.randrange(8)
        if way == 0:
            return dice.randint(low, high)
        if way == 1:
            return dice.choice((low, high)) + dice.choice((-1, 1, 0, 0)) * dice.randrange(4)
        if way == 2:
            return dice.choice((1, -1)) * 2 ** dice.randrange(high.bit_length() + 1) + dice.randint(-2, 2)
        if way == 3:
            return dice.choice((1, -1)) * 10 ** dice.randrange(len(str(high))) + dice.randint(-2, 2)
        if way == 4 and of.bits == 64:
            return dice.choice(HASHED_AS_NULL)
        if width and way > 3:
            return int(dice.randint(-6, 6) * width / dice.choice((1, 1, 2))) + dice.randint(-2, 2)
        return dice.randint(-12, 12) if way < 7 else dice.randint(-(10**6), 10**6)

    def _float(self, of: Kind, allowed: Tolerance | None) -> float:
        dice, width = self.dice, float(step(allowed, of))
        way = dice.randrange(6)
        if way == 0:
            value = dice.choice(_FLOATS) * dice.choice((1, 1, -1))
        elif way == 1:
            value = dice.uniform(-1, 1) * 10.0 ** dice.randint(-12, 18)
        elif way == 2:
            value = round(dice.uniform(-1000, 1000), dice.randrange(4))
        elif way == 3 and width:
            value = dice.randint(-6, 6) * width / dice.choice((1, 2))
        else:
            value = dice.choice((-1, 1)) * math.ldexp(dice.choice((0.5, 0.75, 1.0)), dice.randint(-40, 60))
        value = math.nextafter(value, dice.choice((-math.inf, math.inf))) if dice.random() < 0.3 else value
        return self.single(value) if of.bits == 32 else value

    @staticmethod
    def single(value: float) -> float:
        """Round to 32 bits."""
        import struct

        try:
            return float(struct.unpack("f", struct.pack("f", value))[0])
        except OverflowError:
            return math.copysign(math.inf, value)

    def text(self) -> str:
        """Draw a text of a few awkward pieces."""
        count = self.dice.choice((0, 1, 1, 1, 2, 2, 3, 5))
        return "".join(self.dice.choice(WORDS) for _ in range(count))

    def document(self) -> str:
        """Draw a JSON document, or what looks like one."""
        return self.dice.choice(DOCUMENTS)

    def _bytes(self) -> bytes:
        piece = self.dice.choice(
            (b"", b"\0", b"a", b"\xff", b"\x80", "é".encode(), b"\\x00", self.dice.randbytes(4))
        )
        return piece * self.dice.choice((1, 1, 2, 13))

    def _uuid(self) -> Any:
        from uuid import UUID

        low = self.dice.randrange(16)
        return UUID(
            int=self.dice.choice((low, 2**128 - 1 - low, 2**127 + low, 2**64 - low, self.dice.getrandbits(128)))
        )

    def _nanos(self, of: Kind, allowed: Tolerance | None) -> int:
        """Draw a moment near a year's or a clock change's edge, in whole units."""
        dice, size = self.dice, DAY if of.family == "date" else UNITS[of.unit]
        if of.family == "time":
            value = dice.choice((0, 1, size, DAY - size, DAY // 2, dice.randrange(DAY)))
        elif dice.random() < 0.5:
            value = _january(dice.choice(_YEARS)) * DAY
        else:
            value = moment(dice.choice(_SWITCHES))
        if allowed is not None and allowed.nanos and dice.random() < 0.6:
            value = dice.randint(-4, 4) * allowed.nanos + (value // DAY * DAY if dice.random() < 0.3 else 0)
        value += dice.choice((0, 0, 1, -1)) * dice.choice((size, 1_000_000_000, 10**6, 10**3, DAY, 3600 * 10**9))
        return value // size * size

    def _nested(self, of: Kind) -> Any:
        parts = dict(of.fields)

        def part(kind: Kind) -> Any:
            return None if self.dice.random() < 0.2 else self.cell(kind)

        if of.family == "list":
            return [part(parts["item"]) for _ in range(self.dice.randrange(4))]
        if of.family == "struct":
            return {name: part(kind) for name, kind in of.fields}
        keys = {json.dumps(key): key for key in (self.cell(parts["key"]) for _ in range(self.dice.randrange(4)))}
        return [[key, part(parts["value"])] for key in keys.values()]

    def neighbour(self, of: Kind, cell: Any, allowed: Tolerance | None) -> Any:
        """Return a cell near ``cell``; ValueError where there is none, or where it happens to be outside."""
        if cell is None:
            return self.dice.choice((self._blank(of), self.cell(of, allowed)))
        if self.dice.random() < 0.1:
            return None
        if of.exact:
            unscaled = int(Decimal(cell).scaleb(of.scale)) if of.precision < 28 else _unscaled(cell, of)
            return unscaled_cell(of, self._near_whole(unscaled, of, allowed))
        if of.family == "float":
            return encode(of, self._near_float(float(cell), of, allowed))
        if of.family == "date" or of.unit:
            size = DAY if of.family == "date" else UNITS[of.unit]
            return encode(of, self._near_nanos(decode(of, cell), size, allowed) // size * size)
        if of.family == "binary":
            return self.dice.choice((cell + "00", "00" + cell, cell[2:], cell[:-2], self._bytes().hex()))
        ways = {"text": self.near_text, "bool": lambda one: not one, "uuid": lambda _: self.cell(of)}
        return ways[of.family](cell) if of.family in ways else self._near_nested(of, cell)

    @staticmethod
    def _blank(of: Kind) -> Any:
        blanks = {"text": "", "binary": "", "bool": False, "list": [], "map": []}
        if of.family in blanks:
            return blanks[of.family]
        if of.family == "struct":
            return {name: None for name, _ in of.fields}
        if of.family == "uuid":
            return "00000000-0000-0000-0000-000000000000"
        return encode(of, Decimal(0) if of.exact else 0.0 if of.family == "float" else 0)

    def _near_whole(self, value: int, of: Kind, allowed: Tolerance | None) -> int:
        dice, width = self.dice, step(allowed, of)
        if allowed is not None and allowed.relative:
            width = (
                abs(value) * allowed.relative / (1 - min(allowed.relative, Fraction(99, 100)) * dice.randrange(2))
            )
        sign = dice.choice((-1, 1))
        if width and dice.random() < 0.8:
            return value + sign * (math.floor(width) + dice.choice((0, 1, 1, 0, -1, math.floor(width) // 2)))
        ways = (
            value + sign,
            -value,
            value * 10,
            value // 10,
            value + sign * 2**64,
            value ^ 1,
            value + sign * 2**32,
        )
        return dice.choice((*ways, value + sign * 10 ** dice.randrange(6), dice.randint(*of.limits)))

    def _near_float(self, value: float, of: Kind, allowed: Tolerance | None) -> float:
        dice, width = self.dice, float(step(allowed, of))
        if allowed is not None and allowed.relative:
            width = abs(value) * float(allowed.relative)
        sign = dice.choice((-1, 1))
        near = math.nextafter(value, sign * math.inf)
        if of.bits == 32:
            near = self.single(value * (1 + sign * 2.0**-23))
        if width and dice.random() < 0.8:
            near = value + sign * width * dice.choice((1, 0.5, 0.99, 1.01, 1.5, 1.99, 2, 1 + 1e-6, 1 - 1e-6))
        ways = (near, near, near, -value, value * 10, value * 2, math.inf, math.nan, 0.0, value + sign)
        found = dice.choice(ways)
        return self.single(found) if of.bits == 32 else found

    def _near_nanos(self, value: int, size: int, allowed: Tolerance | None) -> int:
        dice, sign = self.dice, self.dice.choice((-1, 1))
        if allowed is not None and allowed.nanos is not None and dice.random() < 0.8:
            return value + sign * (allowed.nanos + dice.choice((0, size, -size, 0, -(allowed.nanos // 2))))
        return value + sign * dice.choice(
            (size, size, 10**6, 10**9, 3600 * 10**9, DAY, 365 * DAY, -2 * value // sign)
        )

    def near_text(self, cell: str) -> str:
        """Return a text that differs by a letter, a blank, its case or its composition."""
        import unicodedata

        dice, at = self.dice, self.dice.randrange(len(cell) + 1)
        piece = dice.choice(WORDS)
        ways = (
            cell + piece, piece + cell, cell[:at] + piece + cell[at:], cell[:at] + cell[at + 1 :],
            cell.upper(), cell.lower(),
            cell.swapcase(), unicodedata.normalize("NFC", cell), unicodedata.normalize("NFD", cell),
            cell + " ", " " + cell,
            cell + "\u200b", cell + "\0", cell[:at] + "\u00ad" + cell[at:], cell.strip(), cell[::-1],
            cell[:-1], piece,
            cell.replace("é", "e"), cell.replace("1", "2"), cell + "\n", cell.replace('"', "'"),
        )  # fmt: skip
        return dice.choice(ways)

    def _near_nested(self, of: Kind, cell: Any) -> Any:
        parts = dict(of.fields)
        if of.family == "struct":
            name = self.dice.choice([name for name, _ in of.fields])
            return {**cell, name: self.neighbour(parts[name], cell[name], None)}
        if of.family == "list":
            return self.dice.choice((
                [*cell, None], [*cell, self.cell(parts["item"])], cell[1:], cell[::-1],
                [*(self.neighbour(parts["item"], one, None) for one in cell[:1]), *cell[1:]],
            ))  # fmt: skip
        changed = [[key, self.neighbour(parts["value"], value, None)] for key, value in cell[:1]]
        return self.dice.choice((cell[::-1], cell[1:], [*changed, *cell[1:]], []))


def _unscaled(cell: Any, of: Kind) -> int:
    return int(Fraction(Decimal(cell)) * 10**of.scale)


def _january(year: int) -> int:
    """Return the first of January of any year as days since 1970, Gregorian throughout."""
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 - 719_162


def moment(text: str) -> int:
    """Return nanoseconds since 1970 of an ISO text."""
    return int(dt.datetime.fromisoformat(f"{text}+00:00").timestamp()) * 10**9
