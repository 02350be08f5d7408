"""Why two values differ: tests in SQL, each of which undoes one cause and compares the values again.

Every different value gets the first cause whose test holds, in the order of :data:`ORDER`, so the parts add
up to the whole; what no test explains stays unexplained. A code per column and row keeps the answer in one
byte: 0 equal, 255 equal only under the column's rule, 254 unexplained, else the number of the variant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from parity.compare.schema.plan import PlannedColumn
from parity.compare.schema.rules import SPACES, precision, ticks
from parity.compare.session import text
from parity.compare.types import ValueKind, fill, verbatim
from parity.suite.models import Cause


class Code(IntEnum):
    """Codes that mean something other than a variant."""

    EQUAL = 0
    UNEXPLAINED = 254
    TOLERATED = 255


@dataclass(frozen=True)
class Variant:
    """One way in which a cause shows; ``test`` is SQL over ``«0»`` (legacy) and ``«1»`` (target)."""

    cause: Cause
    detail: str
    test: str


Variants = Mapping[int, tuple[Variant, ...]]
"""The variants to test, in order, by column index."""


def case_of(column: PlannedColumn, variants: Variants) -> str:
    """Return the CASE that yields a column's code for the pair ``l``, ``t``."""
    whens = [f"WHEN {column.identical} THEN {Code.EQUAL}"]
    if column.loosened:
        whens.append(f"WHEN {column.equal} THEN {Code.TOLERATED}")
    for number, variant in enumerate(variants.get(column.index, ())[:253], 1):
        test = fill(variant.test, column.canonical("l"), column.canonical("t"))
        whens.append(f"WHEN {f'TRY({test})' if _may_overflow(column) else test} THEN {number}")
    return f"(CASE {' '.join(whens)} ELSE {Code.UNEXPLAINED} END)::UTINYINT"


def _may_overflow(column: PlannedColumn) -> bool:
    """Return whether a test may overflow, as with 39 digits: it then explains nothing.

    TRY doubles the time that the tests take (0.4 s, not 0.2 s, for 78,000 pairs of 17 columns).
    """
    return column.sql == "UHUGEINT" or (column.kind is ValueKind.DECIMAL and precision(column.sql) > 28)


def either_way(one_way: str) -> str:
    """Return a test that holds in one direction or the other."""
    return f"({one_way} OR {swapped(one_way)})"


def swapped(one_way: str) -> str:
    """Return a test with its sides exchanged."""
    return one_way.replace("«0»", "«x»").replace("«1»", "«0»").replace("«x»", "«1»")


def text_variants(lengths: tuple[int, ...]) -> list[Variant]:
    """Return the variants of texts; ``lengths`` are those at which texts seem to be cut."""
    spaces, anywhere = text(SPACES), text(f"[{SPACES}]+")
    return [
        Variant(Cause.NULL_VS_EMPTY, "", either_way("(«0» IS NULL AND «1» = '')")),
        Variant(
            Cause.TRAILING_SPACE,
            "",
            f"({either_way('starts_with(«0», «1»)')} AND rtrim(«0», {spaces}) = rtrim(«1», {spaces}))",
        ),
        Variant(
            Cause.WHITESPACE,
            "",
            f"regexp_replace(«0», {anywhere}, '', 'g') = regexp_replace(«1», {anywhere}, '', 'g')",
        ),
        Variant(Cause.CASE, "", "lower(«0») = lower(«1»)"),
        *_format_variants(),
        *_encoding_variants(),
        *(
            Variant(Cause.TRUNCATION, f"cut at {n}", either_way(f"(length(«1») = {n} AND starts_with(«0», «1»))"))
            for n in lengths
        ),
    ]


_TRUE, _FALSE = "('true', 't', 'yes', 'y', '1', 'on')", "('false', 'f', 'no', 'n', '0', 'off')"
_DATES = (
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y%m%d",
    "%d-%m-%Y",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d-%b-%Y",
    "%b %d, %Y",
)
_TIMES = (" %H:%M:%S", "T%H:%M:%S", " %H:%M:%S.%f", "T%H:%M:%S.%f", "T%H:%M:%SZ", "T%H:%M:%S.%fZ", " %H:%M")
_NUMBER = r"[+-]?\d{0,27}(\.\d{0,10})?([eE][+-]?\d{1,2})?"


def _format_variants() -> list[Variant]:
    digits = (
        "(regexp_full_match(«0», '-?\\d+') AND regexp_full_match(«1», '-?\\d+') AND ltrim(«0», '0') = "
        "ltrim(«1», '0'))"
    )
    number = (
        f"(regexp_full_match(«0», {text(_NUMBER)}) AND regexp_full_match(«1», {text(_NUMBER)}) "
        "AND TRY_CAST(«0» AS DECIMAL(38,10)) = TRY_CAST(«1» AS DECIMAL(38,10)) AND TRY_CAST(«0» AS "
        "DOUBLE) = TRY_CAST(«1» AS DOUBLE))"
    )
    commas = either_way(
        "(contains(«0», ',') AND regexp_full_match(«0», '[+-]?\\d{1,3}(,\\d{3})+(\\.\\d+)?') AND "
        "replace(«0», ',', '') = «1»)"
    )
    truth = (
        f"((lower(«0») IN {_TRUE} AND lower(«1») IN {_TRUE}) OR (lower(«0») IN {_FALSE} AND lower(«1») IN "
        f"{_FALSE}))"
    )
    uuid = "(length(replace(«0», '-', '')) = 32 AND lower(replace(«0», '-', '')) = lower(replace(«1», '-', '')))"
    return [
        Variant(Cause.TYPE_FORMAT, "leading zeros", digits),
        Variant(Cause.TYPE_FORMAT, "numbers written differently", number),
        Variant(Cause.TYPE_FORMAT, "thousands separators", commas),
        Variant(Cause.TYPE_FORMAT, "truth values written differently", truth),
        Variant(Cause.TYPE_FORMAT, "UUIDs written differently", uuid),
        Variant(Cause.TYPE_FORMAT, "dates written differently", _date_test()),
    ]


def _date_test() -> str:
    formats = [*_DATES, *(f"%Y-%m-%d{time}" for time in _TIMES), *(f"%d/%m/%Y{time}" for time in _TIMES[:1])]

    def readings(value: str) -> str:
        parsed = ", ".join(f"try_strptime({value}, {text(one)})" for one in formats)
        return f"list_filter([{parsed}], lambda x: x IS NOT NULL)"

    shape = (
        r"(\d{4}[-/]?\d\d[-/]?\d\d|\d\d?[-/.](\d\d?|[A-Za-z]{3})[-/.]\d{4}|[A-Za-z]{3} \d\d?, "
        r"\d{4})(\D.*)?"
    )
    dated = " AND ".join(f"regexp_full_match({side}, {text(shape)})" for side in ("«0»", "«1»"))
    return f"({dated} AND list_has_any({readings('«0»')}, {readings('«1»')}))"


_CP1252 = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_LATIN1 = _CP1252.encode("cp1252").decode("latin-1")


def _encoding_variants() -> list[Variant]:
    def undone(value: str) -> str:
        latin = f"translate({value}, {text(_CP1252)}, {text(_LATIN1)})"
        pairs = f"list_transform(string_split({latin}, ''), lambda c: lpad(to_hex(unicode(c)), 2, '0'))"
        return f"TRY(decode(unhex(array_to_string({pairs}, ''))))"

    twice = either_way(f"(regexp_matches(«1», '[ÃÂâÅÄ]') AND {undone('«1»')} = «0»)")
    return [
        Variant(Cause.ENCODING, "Unicode form", "nfc_normalize(«0») = nfc_normalize(«1»)"),
        Variant(Cause.ENCODING, "UTF-8 read as Latin-1", twice),
        Variant(Cause.ENCODING, "characters replaced by ?", _replaced("?")),
        Variant(Cause.ENCODING, "characters replaced by U+FFFD", _replaced("\ufffd")),
    ]


def _replaced(by: str) -> str:
    """Return the test that one side has another character in place of each that is not ASCII."""
    return either_way(f"(contains(«1», '{by}') AND regexp_replace(«0», '[^\\x00-\\x7F]', '{by}', 'g') = «1»)")


def null_variants(constants: tuple[str, ...], *, shown: bool) -> list[Variant]:
    """Return NULL against one of some SQL constants, tried as the column's own type."""

    def detail(value: str) -> str:
        literal = re.sub(r"^(TIMESTAMP|DATE) |::[\w(),]+$", "", value)
        return f"NULL against {literal.strip(chr(39))}" if shown else "NULL against one value"

    return [
        Variant(Cause.NULL_VS_DEFAULT, detail(value), either_way(f"(«0» IS NULL AND «1» = {verbatim(value)})"))
        for value in constants
    ]


def decimal_variants(kind: ValueKind) -> list[Variant]:
    """Return scale factors and the sign of exact numbers."""
    left, right = ("«0»::HUGEINT", "«1»::HUGEINT") if kind is ValueKind.INTEGER else ("«0»", "«1»")
    sign = Variant(Cause.SIGN, "", f"(«0» <> 0 AND TRY({left} = -{right}))")
    return [*_scales(f"TRY({left} * {{}} = {right})"), sign]


def float_variants() -> list[Variant]:
    """Return precision, scale factors and the sign of floats."""
    finite = "isfinite(«0») AND isfinite(«1»)"
    noise = f"({finite} AND abs(«0» - «1») <= 1e-12 * greatest(abs(«0»), abs(«1»)))"
    single = f"({finite} AND TRY_CAST(«0» AS FLOAT) = TRY_CAST(«1» AS FLOAT))"
    return [
        Variant(Cause.ROUNDING, "equal in their first 12 digits", noise),
        Variant(Cause.ROUNDING, "32-bit precision", single),
        *_scales("isfinite(«1») AND (abs(«0» * {} - «1») <= 1e-12 * abs(«1»))"),
        Variant(Cause.SIGN, "", "(«0» <> 0 AND «0» = -«1»)"),
    ]


def _scales(times: str) -> list[Variant]:
    """Return the scale factors; ``times`` is the test that the target is the legacy value times ``{}``."""
    return [
        Variant(Cause.SCALE, f"target is legacy {sign} {10**n}", f"(«0» <> 0 AND {test.format(10**n)})")
        for sign, test in (("×", times), ("÷", swapped(times)))
        for n in (2, 1, 3, 4, 6)
    ]


_UNITS = {"microsecond": 1, "millisecond": 10**3, "second": 10**6, "minute": 60 * 10**6}


def time_variants(kind: ValueKind, sql: str, shifts: tuple[int, ...], zones: tuple[str, ...]) -> list[Variant]:
    """Return calendars, zones, offsets (``shifts``, in seconds), precision and days."""
    unit = 1000 if sql.endswith("_NS") else 1
    left, right = ticks("«0»", sql), ticks("«1»", sql)
    found = [] if kind is ValueKind.TIME else [_calendar(left, right, 86_400 * 10**6 * unit)]
    if kind is ValueKind.TIMESTAMP:
        found += [zone for name in zones for zone in _zoned(name, sql)]
    if kind is ValueKind.TIMESTAMP:
        found += [
            Variant(Cause.TIMEZONE_SHIFT, offset(s), f"(TRY({right} - {left}) = {s * 10**6 * unit})")
            for s in shifts
        ]
    if kind is not ValueKind.DATE:
        for name, size in _UNITS.items():
            step = size * unit
            if step > 1:
                found.append(
                    Variant(
                        Cause.TIMESTAMP_PRECISION,
                        f"cut to the {name}",
                        either_way(f"({left} - {left} % {step} = {right})"),
                    )
                )
                rounded = f"(TRY(({left} + {step // 2}) // {step} * {step}) = {right})"
                found.append(Variant(Cause.TIMESTAMP_PRECISION, f"rounded to the {name}", either_way(rounded)))
    if kind is ValueKind.TIMESTAMP:
        midnight = either_way(f"(TRY_CAST(date_trunc('day', «0») AS {sql}) = «1»)")
        found.append(Variant(Cause.TIMESTAMP_PRECISION, "cut to the day", midnight))
    if kind is not ValueKind.TIME:
        day = 86_400 * 10**6 * unit
        found.append(Variant(Cause.OFF_BY_ONE_DATE, "", f"(abs(TRY({left} - {right})) = {day})"))
    return found


def _calendar(left: str, right: str, day: int) -> Variant:
    """Return the test that one side's days of before 1582 were counted in the calendar of that time.

    Hive, Spark 2 and Spark's LEGACY mode write them so; Spark reads them back, and Athena does not.
    """
    year = "(year(«1») - (month(«1») <= 2)::INTEGER)"
    shift = f"({year} // 100 - {year} // 400 - 2)"
    before = "«1»::DATE < DATE '1582-10-15'"
    return Variant(Cause.CALENDAR, "", either_way(f"({before} AND TRY({left} - {right}) = {shift} * {day})"))


def _zoned(name: str, sql: str) -> list[Variant]:
    # Near the limits of a type, a moment of another zone is none.
    zone = f"TRY_CAST(timezone('UTC', TRY(timezone({text(name)}, {{}}::TIMESTAMP))) AS {sql})"
    return [
        Variant(Cause.TIMEZONE_SHIFT, f"legacy is {name}, target UTC, with DST", f"({zone.format('«0»')} = «1»)"),
        Variant(Cause.TIMEZONE_SHIFT, f"legacy is UTC, target {name}, with DST", f"({zone.format('«1»')} = «0»)"),
    ]


def offset(seconds: int) -> str:
    """Write an offset in seconds as ``+05:30``."""
    sign = "-" if seconds < 0 else "+"
    return f"{sign}{abs(seconds) // 3600:02d}:{abs(seconds) % 3600 // 60:02d}"
