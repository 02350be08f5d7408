"""Small pure functions, case by case: where texts differ, what a mask shows, and what lies within a tolerance."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from duck_files import shared_duckdb
from parity.compare.canary.tolerated import comparable_text, is_tolerated
from parity.compare.explain.redaction import classes, mask
from parity.compare.explain.samples import differing_part
from parity.compare.schema.plan import PlannedColumn
from parity.compare.sql_functions import within_digits
from parity.compare.types import ValueKind
from parity.suite.models import ColumnRule


@pytest.mark.parametrize(
    ("left", "right", "part"),
    [
        ("abc", "abd", (2, (3, 3))),
        ("abc", "xbc", (0, (1, 1))),
        ("abc", "abxxc", (2, (2, 4))),
        ("abab", "ab", (2, (4, 2))),
        ("aa", "aaa", (2, (2, 3))),
        ("abc", "abc", (3, (3, 3))),
        ("abc", None, (0, (3, 0))),
        (None, "", (0, (0, 0))),
        ("1-2-3", "1+2+3", (1, (4, 4))),
    ],
)
def test_the_differing_part_of_two_texts_is_the_shortest_one(
    left: str | None, right: str | None, part: tuple[int, tuple[int, int]]
) -> None:
    assert differing_part(left, right) == part


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("7", "digits"),
        ("a", "letters"),
        (" ", "spaces"),
        ("-", "signs"),
        ("a-1 é", "digits, letters, spaces, signs"),
    ],
)
def test_a_mask_names_the_classes_of_characters(value: str, said: str) -> None:
    assert classes(value) == said


def test_a_mask_depends_on_the_key_and_the_value_alone() -> None:
    assert mask("anna", b"k") == "#76fad479f8dc (4 characters: letters)"
    assert mask("", b"k") == "#8bb990c40a7d (0 characters: none)"
    assert mask("\ud800", b"k") != mask("\ud801", b"k")
    assert mask("anna", b"l") != mask("anna", b"k")
    assert mask(None, b"k") is None


@pytest.mark.parametrize(
    ("one", "other", "most", "share", "within"),
    [
        ("1", "3", "2", "0", True),
        ("3", "1", "2", "0", True),
        ("1", "3.01", "2", "0", False),
        ("-1", "1", "2", "0", True),
        ("100", "90", "0", "0.1", True),
        ("90", "100", "0", "0.1", True),
        ("-100", "-90", "0", "0.1", True),
        ("90", "100.01", "0", "0.1", False),
        ("1e400", "1.1e400", "1", "0.1", True),
        ("1" + "0" * 500, "1" + "0" * 499 + "1", "0", "0", False),
        ("nan", "nan", "9", "9", False),
        ("1", "inf", "9", "9", False),
        ("-inf", "1", "9", "9", False),
    ],
)
def test_numbers_are_near_by_all_of_their_digits(
    one: str, other: str, most: str, share: str, within: bool
) -> None:
    assert within_digits(one, other, most, share) is within


def column(kind: ValueKind, tolerance: str | None, sql: str = "") -> PlannedColumn:
    rule = ColumnRule.model_validate({"tolerance": tolerance} if tolerance else {})
    return cast("PlannedColumn", SimpleNamespace(kind=kind, sql=sql, rule=rule, value="v0"))


WHOLE, EXACT, FLOAT, TIME = ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.FLOAT, ValueKind.TIMESTAMP


@pytest.mark.parametrize(
    ("kind", "tolerance", "one", "other", "excused"),
    [
        (WHOLE, "2", "1", "3", True),
        (WHOLE, "2", "3", "1", True),
        (WHOLE, "2", "1", "4", False),
        (EXACT, "0.1", "1.00", "1.10", True),
        (EXACT, "0.1", "1.00", "1.11", False),
        (EXACT, "10%", "100", "90", True),
        (EXACT, "0%", "100", "90", False),
        (EXACT, "10%", "90", "100", True),
        (EXACT, "10%", "-100", "-90", True),
        (EXACT, "10%", "100.01", "90", False),
        (FLOAT, "0.1", "1.0", "1.10000000000000001", True),
        (FLOAT, "0.1", "1.0", "1.1000001", False),
        (FLOAT, "10%", "100.0", "89.99999999999999999", True),
        (FLOAT, "10%", "100.0", "89.9999", False),
        (EXACT, "0.1", "1.0", "1.10000000000000001", False),
        (TIME, "2ms", "0", "2000", True),
        (TIME, "2ms", "0", "2001", False),
        (WHOLE, "2", None, "1", False),
        (WHOLE, "2", "1", None, False),
        (FLOAT, "2", "nan", "nan", False),
        (FLOAT, "2", "1", "inf", False),
        (FLOAT, "2", "-inf", "1", False),
        (WHOLE, "2", "words", "1", False),
    ],
)
def test_a_tolerance_excuses_what_lies_within_it_by_its_text(
    kind: ValueKind, tolerance: str, one: str | None, other: str | None, excused: bool
) -> None:
    assert is_tolerated(column(kind, tolerance), one, other, equal=True) is excused
    assert is_tolerated(column(kind, tolerance), one, other, equal=False) is False


def test_a_float_of_32_bits_has_two_texts_of_which_either_is_excused() -> None:
    short = column(FLOAT, "0.1", "FLOAT")
    asked = f"SELECT {comparable_text(short, 'l')}, {comparable_text(short, 't')}"
    pair = f"(SELECT 1.1::FLOAT AS {short.value}) l, (SELECT 1.0::FLOAT AS {short.value}) t"
    one, other = shared_duckdb().execute(f"{asked} FROM {pair}").fetchone() or ("", "")
    assert (one, other) == ("1.1 1.100000023841858", "1.0 1.0")
    assert is_tolerated(short, one, other, equal=True)
    assert not is_tolerated(short, one.split()[1], other.split()[1], equal=True)


def test_nanoseconds_are_counted_as_such_and_a_rule_without_a_tolerance_is_its_sql() -> None:
    for gap, excused in (("2000000", True), ("2000001", False)):
        assert is_tolerated(column(TIME, "2ms", "TIMESTAMP_NS"), "0", gap, equal=True) is excused
    assert is_tolerated(column(WHOLE, None), "1", "9", equal=True) is True
    assert is_tolerated(column(WHOLE, None), "1", "9", equal=False) is False
