"""Which variants of a cause hold for a pair of values, and which almost do: all of them, asked in one query."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest

from duck_files import shared_duckdb
from parity.compare.causes.variants import (
    Code,
    Variant,
    case_of,
    decimal_variants,
    float_variants,
    null_variants,
    offset,
    text_variants,
    time_variants,
)
from parity.compare.schema.plan import PlannedColumn, RawColumn
from parity.compare.schema.rules import equality_rule
from parity.compare.types import DataType, ValueKind, fill, unescaped
from parity.suite.models import Cause, ColumnRule


def holding(variants: Sequence[Variant], left: str, right: str) -> list[str]:
    """Return the variants that hold for a pair of SQL values, by detail or, where there is none, by cause."""
    tests = ", ".join(f"coalesce(TRY({fill(one.test, 'l', 'r')}), false)" for one in variants)
    row = (
        shared_duckdb().execute(unescaped(f"SELECT {tests} FROM (SELECT {left} AS l, {right} AS r)")).fetchone()
        or ()
    )
    return [one.detail or str(one.cause) for one, holds in zip(variants, row, strict=True) if holds]


NUMBERS, DATES = "numbers written differently", "dates written differently"
TEXTS: list[tuple[str, str, list[str]]] = [
    ("NULL", "''", ["null_vs_empty"]),
    ("NULL", "' '", []),
    ("'ab'", "'ab '", ["trailing_space", "whitespace"]),
    ("'ab\u2003'", "'ab'", ["trailing_space", "whitespace"]),
    ("'ab'", "'ab x'", []),
    ("'a b'", "'ab'", ["whitespace"]),
    ("' ab\t'", "'a  b'", ["whitespace"]),
    ("'a b c'", "'abc'", ["whitespace"]),
    ("'aB'", "'Ab'", ["case"]),
    ("'007'", "'7'", ["leading zeros", NUMBERS]),
    ("'7'", "'007'", ["leading zeros", NUMBERS]),
    ("'-07'", "'-7'", [NUMBERS]),
    ("'00x'", "'x'", []),
    ("'1e3'", "'1000'", [NUMBERS]),
    ("'+1.50'", "'1.5'", [NUMBERS]),
    ("'1.50000000001'", "'1.50000000002'", []),
    ("'1e3x'", "'1000'", []),
    ("'1,234,567.5'", "'1234567.5'", ["thousands separators"]),
    ("'1234'", "'1,234'", ["thousands separators"]),
    ("'1,23'", "'123'", []),
    ("'1,234'", "'12,34'", []),
    ("'true'", "'1'", ["truth values written differently"]),
    ("'N'", "'false'", ["truth values written differently"]),
    ("'yes'", "'off'", []),
    (
        "'AAAAAAAA-0000-4000-8000-000000000007'",
        "'aaaaaaaa000040008000000000000007'",
        ["UUIDs written differently"],
    ),
    ("'AAAAAAAA-0000-4000-8000-000000000007'", "'aaaaaaaa000040008000000000000008'", []),
    ("'AA-07'", "'aa07'", []),
    ("'2026-01-02'", "'02/01/2026'", [DATES]),
    ("'2026-01-02'", "'01/02/2026'", [DATES]),
    ("'20260102'", "'2026/01/02'", [DATES]),
    ("'2.1.2026'", "'02-Jan-2026'", [DATES]),
    ("'Jan 2, 2026'", "'2-1-2026'", [DATES]),
    ("'2026-01-02 03:04:05'", "'2026-01-02T03:04:05Z'", [DATES]),
    ("'2026-01-02T03:04:05'", "'2026-01-02 03:04:05.000'", [DATES]),
    ("'2026-01-02T03:04:05.5Z'", "'2026-01-02T03:04:05.500'", [DATES]),
    ("'2026-01-02 03:04'", "'02/01/2026 03:04:00'", [DATES]),
    ("'2026-01-02 03:04'", "'02/01/2026 03:04:01'", []),
    ("'2026-01-02 03:04'", "'2026-01-02 03:04:00'", [DATES]),
    ("'02/01/2026 03:04:05'", "'2026-01-02 03:04:05'", [DATES]),
    ("'2026-01-02'", "'2026-01-03'", []),
    ("'2026-13-32'", "'2026/13/32'", []),
    ("'é'", "'e' || chr(769)", ["Unicode form"]),
    ("'café €'", "'cafÃ© â‚¬'", ["UTF-8 read as Latin-1"]),
    ("'cafÃ©'", "'café'", ["UTF-8 read as Latin-1"]),
    ("'caf'", "'cafÃ©'", []),
    ("'café'", "'caf?'", ["characters replaced by ?"]),
    ("'cafe'", "'caf?'", []),
    ("'caf\ufffd'", "'café'", ["characters replaced by U+FFFD"]),
    ("'abcdefgh'", "'abcde'", ["cut at 5"]),
    ("'abcdefgh'", "'abcd'", []),
    ("'xbcdefgh'", "'abcde'", []),
]


@pytest.mark.parametrize(("left", "right", "holds"), TEXTS)
def test_texts(left: str, right: str, holds: list[str]) -> None:
    assert holding(text_variants((5, 7)), left, right) == holds


def test_what_undoes_a_difference_of_texts_names_its_cause() -> None:
    simple = (Cause.NULL_VS_EMPTY, Cause.TRAILING_SPACE, Cause.WHITESPACE, Cause.CASE)
    several = (Cause.TYPE_FORMAT,) * 6 + (Cause.ENCODING,) * 4 + (Cause.TRUNCATION,) * 2
    assert [one.cause for one in text_variants((5, 7))] == [*simple, *several]


@pytest.mark.parametrize(
    ("kind", "left", "right", "holds"),
    [
        (ValueKind.DECIMAL, "1.25::DECIMAL(18,2)", "12.50::DECIMAL(18,2)", ["target is legacy × 10"]),
        (ValueKind.DECIMAL, "1.25::DECIMAL(18,2)", "125::DECIMAL(18,2)", ["target is legacy × 100"]),
        (ValueKind.DECIMAL, "1.25::DECIMAL(18,2)", "1250::DECIMAL(18,2)", ["target is legacy × 1000"]),
        (ValueKind.DECIMAL, "12500::DECIMAL(18,2)", "1.25::DECIMAL(18,2)", ["target is legacy ÷ 10000"]),
        (ValueKind.INTEGER, "1000000", "1", ["target is legacy ÷ 1000000"]),
        (ValueKind.INTEGER, "7", "7000000", ["target is legacy × 1000000"]),
        (ValueKind.INTEGER, "7", "700001", []),
        (ValueKind.INTEGER, "0", "0", []),
        (ValueKind.INTEGER, "(-9223372036854775808)::BIGINT", "9223372036854775807::BIGINT", []),
        (ValueKind.INTEGER, "9223372036854775807::BIGINT", "(-9223372036854775807)::BIGINT", ["sign"]),
        (ValueKind.DECIMAL, "-1.25::DECIMAL(18,2)", "1.25::DECIMAL(18,2)", ["sign"]),
        (ValueKind.FLOAT, "1.25::DOUBLE", "125::DOUBLE", ["target is legacy × 100"]),
        (ValueKind.FLOAT, "125::DOUBLE", "0.125::DOUBLE", ["target is legacy ÷ 1000"]),
        (ValueKind.FLOAT, "1.1::DOUBLE", "11.000000000002::DOUBLE", ["target is legacy × 10"]),
        (ValueKind.FLOAT, "1.1::DOUBLE", "11.00000000003::DOUBLE", []),
        (ValueKind.FLOAT, "11.000000000002::DOUBLE", "1.1::DOUBLE", ["target is legacy ÷ 10"]),
        (ValueKind.FLOAT, "1.25::DOUBLE", "-1.25::DOUBLE", ["sign"]),
        (ValueKind.FLOAT, "0::DOUBLE", "0::DOUBLE", ["equal in their first 12 digits", "32-bit precision"]),
        (ValueKind.FLOAT, "0.1::DOUBLE", "0.1::FLOAT::DOUBLE", ["32-bit precision"]),
        (
            ValueKind.FLOAT,
            "0.1::DOUBLE",
            "0.10000000000000003::DOUBLE",
            ["equal in their first 12 digits", "32-bit precision"],
        ),
        *(
            (ValueKind.FLOAT, *pair, ["equal in their first 12 digits", "32-bit precision"])
            for pair in permutations(("999999999999::DOUBLE", "1000000000000::DOUBLE"))
        ),
        (ValueKind.FLOAT, "1::DOUBLE", "10000::DOUBLE", ["target is legacy × 10000"]),
        (ValueKind.FLOAT, "1000000::DOUBLE", "1::DOUBLE", ["target is legacy ÷ 1000000"]),
        (ValueKind.FLOAT, "100::DOUBLE", "100.001::DOUBLE", []),
        (ValueKind.FLOAT, "1e300::DOUBLE", "'inf'::DOUBLE", []),
        (ValueKind.FLOAT, "'inf'::DOUBLE", "1e300::DOUBLE", []),
        (ValueKind.FLOAT, "'nan'::DOUBLE", "1::DOUBLE", []),
    ],
)
def test_numbers(kind: ValueKind, left: str, right: str, holds: list[str]) -> None:
    variants = float_variants() if kind is ValueKind.FLOAT else decimal_variants(kind)
    assert holding(variants, left, right) == holds


WITHOUT_NANOS = [f"{way} to the {unit}" for unit in ("millisecond", "second") for way in ("cut", "rounded")]


@pytest.mark.parametrize(
    ("kind", "left", "right", "holds"),
    [
        ("TIMESTAMP", "10:11:12", "11:11:12", ["legacy is UTC, target Europe/Berlin, with DST", "+01:00"]),
        ("TIMESTAMP", "10:11:12", "09:11:12", ["legacy is Europe/Berlin, target UTC, with DST"]),
        ("TIMESTAMP", "10:11:12", "05:11:12", ["-05:00"]),
        ("TIMESTAMP", "10:11:12", "11:11:13", []),
        ("TIMESTAMP", "10:11:12.123456", "10:11:12.123", ["cut to the millisecond", "rounded to the millisecond"]),
        ("TIMESTAMP", "10:11:12.124", "10:11:12.123556", ["rounded to the millisecond"]),
        ("TIMESTAMP", "10:11:12.1235", "10:11:12.124", ["rounded to the millisecond"]),
        ("TIMESTAMP", "10:11:12.1234", "10:11:12.124", []),
        ("TIMESTAMP", "10:11:12.7", "10:11:13", ["rounded to the second"]),
        ("TIMESTAMP", "10:11:12.7", "10:11:12", ["cut to the second"]),
        ("TIMESTAMP", "10:11:42", "10:12:00", ["rounded to the minute"]),
        ("TIMESTAMP", "10:11:42", "10:11:00", ["cut to the minute"]),
        ("TIMESTAMP", "10:11:12", "00:00:00", ["cut to the day"]),
        ("TIMESTAMP_NS", "10:11:12.000000999", "10:11:12", ["cut to the microsecond", *WITHOUT_NANOS]),
        ("TIMESTAMP_NS", "10:11:12.000000999", "10:11:12.000001", ["rounded to the microsecond"]),
        ("TIMESTAMP_NS", "10:11:12", "05:11:12", ["-05:00"]),
        ("TIME", "10:11:12.5", "10:11:12", ["cut to the second"]),
        ("TIME", "10:11:12", "05:11:12", []),
        ("DATE", "", "", ["off_by_one_date"]),
    ],
)
def test_times(kind: str, left: str, right: str, holds: list[str]) -> None:
    days = {"TIME": ("", ""), "DATE": ("2026-01-02", "2026-01-01")}.get(kind, ("2026-01-02 ",) * 2)
    one, other = (f"'{day}{time}'::{kind}" for day, time in zip(days, (left, right), strict=True))
    of = {"TIME": ValueKind.TIME, "DATE": ValueKind.DATE}.get(kind, ValueKind.TIMESTAMP)
    assert holding(time_variants(of, kind, (3600, -18_000), ("Europe/Berlin",)), one, other) == holds


def test_a_day_later_is_a_day_whichever_way_and_two_are_not() -> None:
    variants = time_variants(ValueKind.TIMESTAMP, "TIMESTAMP", (), ())
    stamp = "TIMESTAMP '2026-01-02 03:04:05' + INTERVAL '{}' DAY"
    for days, holds in ((1, ["off_by_one_date"]), (-1, ["off_by_one_date"]), (2, [])):
        assert holding(variants, stamp.format(0), stamp.format(days)) == holds


@pytest.mark.parametrize(
    ("read", "meant", "holds"),
    [
        ("1582-10-14", "1582-10-04", True),
        ("1000-01-06", "1000-01-01", True),
        ("1000-03-05", "1000-02-28", True),
        ("1000-03-07", "1000-03-01", True),
        ("0000-12-30", "0001-01-01", True),
        ("1000-01-05", "1000-01-01", False),
        ("1700-01-11", "1700-01-01", False),
    ],
)
@pytest.mark.parametrize("kind", ["DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"])
def test_a_day_that_was_counted_in_the_calendar_of_its_time(kind: str, read: str, meant: str, holds: bool) -> None:
    calendar = [
        one
        for one in time_variants(ValueKind.DATE if kind == "DATE" else ValueKind.TIMESTAMP, kind, (), ())
        if one.cause is Cause.CALENDAR
    ]
    pair = (f"'{read}'::{kind}", f"'{meant}'::{kind}")
    assert bool(holding(calendar, *pair)) is bool(holding(calendar, *pair[::-1])) is holds


def test_null_stands_against_a_default_that_is_shown_unless_it_is_sensitive() -> None:
    defaults = (
        "'N/A'",
        "0::INTEGER",
        "TIMESTAMP '1970-01-01'",
        "DATE '1900-01-01'",
        "'a::b'",
        "1.50::DECIMAL(9,2)",
    )
    details = [one.detail for one in null_variants(defaults, shown=True)]
    assert details == [
        f"NULL against {value}" for value in ("N/A", "0", "1970-01-01", "1900-01-01", "a::b", "1.50")
    ]
    hidden = null_variants(defaults[:1], shown=False)
    assert [(one.cause, one.detail) for one in hidden] == [(Cause.NULL_VS_DEFAULT, "NULL against one value")]
    for left, right, holds in (
        ("NULL", "'N/A'", 1),
        ("'N/A'", "NULL", 1),
        ("'N/A'", "'N/A'", 0),
        ("'x'", "NULL", 0),
    ):
        assert len(holding(hidden, left, right)) == holds


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "+00:00"), (3600, "+01:00"), (-3600, "-01:00"), (19_800, "+05:30"), (-45_900, "-12:45")],
)
def test_an_offset_is_written_in_hours_and_minutes(seconds: int, written: str) -> None:
    assert offset(seconds) == written


@pytest.mark.parametrize(
    ("kind", "sql", "left", "right", "code"),
    [
        (ValueKind.INTEGER, "INTEGER", "10", "10", Code.EQUAL),
        (ValueKind.INTEGER, "INTEGER", "10", "12", Code.TOLERATED),
        (ValueKind.INTEGER, "INTEGER", "10", "13", Code.UNEXPLAINED),
        (ValueKind.INTEGER, "INTEGER", "10", "100", 2),
        # What a test cannot work out, it does not explain.
        (ValueKind.DECIMAL, "DECIMAL(38,2)", f"'{'9' * 36}'", "3", Code.UNEXPLAINED),
        (ValueKind.INTEGER, "UHUGEINT", "'340282366920938463463374607431768211455'", "3", Code.UNEXPLAINED),
    ],
)
def test_a_pair_has_one_code(kind: ValueKind, sql: str, left: str, right: str, code: int) -> None:
    rule = equality_rule("v", ColumnRule.model_validate({"tolerance": "2"}), kind, sql, exact_hash=False)
    raw = RawColumn("v", DataType(sql.lower(), sql), "«0»")
    column = PlannedColumn(0, "v", kind, sql, 2, ColumnRule(), False, raw, raw, rule)
    case = case_of(column, {0: tuple(decimal_variants(kind))})
    pair = f"(SELECT {left}::{sql} AS v0) l, (SELECT {right}::{sql} AS v0) t"
    assert shared_duckdb().execute(f"SELECT {unescaped(case)} FROM {pair}").fetchone() == (code,)
    assert len({int(one) for one in Code}) == len(Code.__members__)
