"""What each rule calls equal, asked of its SQL alone: on the boundary and just beyond it, both ways round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from parity.compare.schema.rules import SPACES, EqualityRule, equality_rule
from parity.compare.sql_functions import canonical_json, within_digits
from parity.compare.types import ValueKind, fill, unescaped
from parity.errors import BadInput
from parity.suite.models import ColumnRule

WHOLE, EXACT, FLOAT, TEXT = ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.FLOAT, ValueKind.TEXT
DAY, TIME, STAMP = ValueKind.DATE, ValueKind.TIME, ValueKind.TIMESTAMP


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a database that knows the functions of rules."""
    with duckdb.connect() as opened:
        opened.create_function("canonical_json", canonical_json, ["varchar"], "varchar", null_handling="special")
        opened.create_function("within_digits", within_digits, ["varchar"] * 4, "boolean")
        yield opened


def asked(database: duckdb.DuckDBPyConnection, rule: EqualityRule, sql: str, left: str, right: str) -> bool:
    """Return whether a rule calls two SQL values of a type equal."""
    one, other = (fill(rule.canonical, f"({value})::{sql}") for value in (left, right))
    (found,) = database.execute(f"SELECT {unescaped(fill(rule.equal, one, other))}").fetchone() or ()
    assert found is not None
    return bool(found)


NEAR: list[tuple[ValueKind, str, str, str, str, bool]] = [
    (WHOLE, "INTEGER", "1000", "0", "1000", True),
    (WHOLE, "INTEGER", "1000", "0", "1001", False),
    (WHOLE, "INTEGER", "1000", "-500", "500", True),
    (WHOLE, "INTEGER", "0.9", "1", "2", False),
    (WHOLE, "INTEGER", "1000", "NULL", "NULL", True),
    (WHOLE, "INTEGER", "1000", "NULL", "0", False),
    (WHOLE, "HUGEINT", "1e40", "-170141183460469231731687303715884105728", "0", False),
    (WHOLE, "HUGEINT", "1e40", "-170141183460469231731687303715884105727", "0", True),
    (WHOLE, "UHUGEINT", "1e40", "340282366920938463463374607431768211455", "0", True),
    (WHOLE, "UHUGEINT", "10", "340282366920938463463374607431768211455", "0", False),
    (
        WHOLE,
        "UHUGEINT",
        "10",
        "340282366920938463463374607431768211455",
        "340282366920938463463374607431768211445",
        True,
    ),
    (WHOLE, "BIGINT", "50%", "10", "5", True),
    (WHOLE, "BIGINT", "50%", "10", "4", False),
    (WHOLE, "BIGINT", "50%", "-10", "-5", True),
    (WHOLE, "BIGINT", "200%", "-7", "7", True),
    (WHOLE, "BIGINT", "199%", "-7", "7", False),
    (WHOLE, "BIGINT", "300%", "-7", "7", True),
    (WHOLE, "BIGINT", "0%", "7", "7", True),
    (WHOLE, "BIGINT", "0%", "7", "8", False),
    (WHOLE, "BIGINT", "10%", "NULL", "1", False),
    (WHOLE, "HUGEINT", "10%", f"'{5 * 10**37}'", f"'{45 * 10**36}'", True),
    (WHOLE, "HUGEINT", "10%", f"'{5 * 10**37}'", f"'{45 * 10**36 - 1}'", False),
    (EXACT, "DECIMAL(18,2)", "0.05", "1.00", "1.05", True),
    (EXACT, "DECIMAL(18,2)", "0.05", "1.05", "0.99", False),
    (EXACT, "DECIMAL(18,2)", "0.059", "1.00", "1.05", True),
    (EXACT, "DECIMAL(18,2)", "0.059", "1.00", "1.06", False),
    (EXACT, "DECIMAL(4,2)", "200", "-99.99", "99.99", True),
    (EXACT, "DECIMAL(4,2)", "199", "-99.99", "99.99", False),
    (EXACT, "DECIMAL(4,2)", "200", "NULL", "99.99", False),
    (EXACT, "DECIMAL(4,2)", "200", "NULL", "NULL", True),
    (EXACT, "DECIMAL(38,2)", "2e36", "'9e35'", "'-9e35'", True),
    (EXACT, "DECIMAL(38,2)", "15e35", "'9e35'", "0", True),
    (EXACT, "DECIMAL(38,2)", "15e35", "'9e35'", "'-9e35'", False),
    (EXACT, "DECIMAL(38,2)", "1e35", "'9e35'", "'-9e35'", False),
    (EXACT, "DECIMAL(38,2)", "15e35", "'9e35'", "'-6e35'", True),
    (EXACT, "DECIMAL(38,2)", "15e35", "'9e35'", "'-600000000000000000000000000000000000.01'", False),
    (EXACT, "DECIMAL(18,2)", "10%", "100", "90", True),
    (EXACT, "DECIMAL(18,2)", "10%", "90", "100", True),
    (EXACT, "DECIMAL(18,2)", "10%", "100", "89.99", False),
    (EXACT, "DECIMAL(18,2)", "10%", "-100", "-90", True),
    (EXACT, "DECIMAL(38,2)", "10%", "'9e35'", "'8.2e35'", True),
    (EXACT, "DECIMAL(38,2)", "10%", "'9e35'", "'8.0e35'", False),
    (EXACT, "DECIMAL(38,0)", "0.00000000000000000000000000000000000000000001%", "5", "5", True),
    (EXACT, "DECIMAL(38,0)", "0.00000000000000000000000000000000000000000001%", "5", "6", False),
    (FLOAT, "DOUBLE", "0.1", "1.0", "1.1", True),
    (FLOAT, "DOUBLE", "0.1", "1.1", "1.0", True),
    (FLOAT, "DOUBLE", "0.1", "1.0", "1.1000001", False),
    (FLOAT, "DOUBLE", "0.1", "'nan'", "1.0", False),
    (FLOAT, "DOUBLE", "0.1", "'nan'", "'nan'", True),
    (FLOAT, "DOUBLE", "1e308", "'inf'", "1e308", False),
    (FLOAT, "DOUBLE", "1e308", "1e308", "'-inf'", False),
    (FLOAT, "DOUBLE", "1e400", "1.7e308", "0", True),
    (FLOAT, "DOUBLE", "1e17", "1e17", "2e17", True),
    (FLOAT, "DOUBLE", "1e18", "-5e17", "5e17", True),
    (FLOAT, "DOUBLE", "0", "1.0", "1.0000000000000002", False),
    (FLOAT, "DOUBLE", "1e-15", "1.000000000000001", "1.000000000000002", True),
    (FLOAT, "DOUBLE", "1e-15", "1e-19", "1.0002e-15", False),
    (FLOAT, "DOUBLE", "1e-10", "9.5367431640625e-07", "9.5357431640625e-07", True),
    (FLOAT, "DOUBLE", "1e-10", "9.5367431640625e-07", "9.5357431640624e-07", False),
    (FLOAT, "DOUBLE", "0.1", "123456.78901234567", "123456.68901234567", True),
    (FLOAT, "DOUBLE", "0.1", "123456.78901234567", "123456.68901234564", False),
    (FLOAT, "DOUBLE", "2", "0.4", "-1.6", True),
    (FLOAT, "DOUBLE", "463", "7915.7", "8378.7", True),
    (FLOAT, "DOUBLE", "405.2", "2.3799999999999996e-09", "405.20000000238", False),
    (FLOAT, "DOUBLE", "1378763155299489.3", "-603763033324470.1", "775000121975019.2", False),
    (FLOAT, "DOUBLE", "6", "9007199254740992", "9007199254741000", False),
    (FLOAT, "FLOAT", "6", "67108864", "67108872", False),
    (FLOAT, "FLOAT", "8", "67108864", "67108872", True),
    (FLOAT, "FLOAT", "0.1", "1.1", "1.0", True),
    (FLOAT, "FLOAT", "0.1", "16777215", "16777216", False),
    (FLOAT, "DOUBLE", "10%", "100", "90", True),
    (FLOAT, "DOUBLE", "10%", "90", "100", True),
    (FLOAT, "DOUBLE", "10%", "100", "89.9", False),
    (FLOAT, "DOUBLE", "10%", "-100", "-90", True),
    (FLOAT, "DOUBLE", "200%", "1.7e308", "-1.7e308", True),
    (FLOAT, "DOUBLE", "150%", "1.7e308", "-1.7e308", False),
    (FLOAT, "DOUBLE", "190%", "1.7e308", "-1.5e308", True),
    (FLOAT, "DOUBLE", "10%", "'inf'", "1", False),
    (FLOAT, "DOUBLE", "10%", "1", "'inf'", False),
    (DAY, "DATE", "1d", "'2026-01-01'", "'2026-01-02'", True),
    (DAY, "DATE", "1d", "'2026-01-01'", "'2026-01-03'", False),
    (DAY, "DATE", "1d", "'1969-12-31'", "'1970-01-01'", True),
    (DAY, "DATE", "1d", "'5000000-01-01'", "'5000000-01-02'", True),
    (TIME, "TIME", "1s", "'10:00:00'", "'10:00:01'", True),
    (TIME, "TIME", "1s", "'10:00:00'", "'10:00:01.000001'", False),
    (STAMP, "TIMESTAMP", "1ms", "'2026-01-01 10:00:00'", "'2026-01-01 09:59:59.999'", True),
    (STAMP, "TIMESTAMP", "1ms", "'2026-01-01 10:00:00'", "'2026-01-01 09:59:59.998999'", False),
    (STAMP, "TIMESTAMP_NS", "1us", "'2026-01-01 10:00:00'", "'2026-01-01 10:00:00.000001'", True),
    (STAMP, "TIMESTAMP_NS", "1us", "'2026-01-01 10:00:00'", "'2026-01-01 10:00:00.000001001'", False),
    (STAMP, "TIMESTAMP", "1s", "NULL", "'2026-01-01'", False),
]


@pytest.mark.parametrize(("kind", "sql", "tolerance", "left", "right", "equal"), NEAR)
def test_a_tolerance_ends_where_it_says(
    database: duckdb.DuckDBPyConnection,
    kind: ValueKind,
    sql: str,
    tolerance: str,
    left: str,
    right: str,
    equal: bool,
) -> None:
    rule = equality_rule("c", ColumnRule.model_validate({"tolerance": tolerance}), kind, sql, exact_hash=False)
    assert rule.approximate
    assert asked(database, rule, sql, left, right) is equal
    assert asked(database, rule, sql, right, left) is equal


@pytest.mark.parametrize(
    ("given", "left", "right", "equal"),
    [
        ({"trim": "right"}, "'a'", "'a\u3000\ufeff'", True),
        ({"trim": "right"}, "'a'", "' a'", False),
        ({"trim": "left"}, "'a'", "'\u00a0\ta'", True),
        ({"trim": "left"}, "'a'", "'a '", False),
        ({"trim": "both"}, "'a'", "'\u2003a\n'", True),
        ({"trim": "both"}, "'a'", "'a\n'", True),
        ({"trim": "both"}, "'a b'", "'ab'", False),
        ({"trim": "right"}, "'~'", "'~ '", True),
        ({"trim": "left"}, "'!'", "' !'", True),
        ({"case": "ignore"}, "'STRASSE É'", "'strasse é'", True),
        ({"case": "ignore"}, "'a'", "'b'", False),
        ({"null_equals_empty": True}, "NULL", "''", True),
        ({"null_equals_empty": True}, "NULL", "' '", False),
        ({"null_equals_empty": True, "trim": "both"}, "NULL", "' '", True),
        ({"replace": [r"\d+", "#"]}, "'a1b22'", "'a333b4'", True),
        ({"replace": [r"\d+", "#"]}, "'a1'", "'b1'", False),
        ({"replace": ["x", " "], "trim": "right"}, "'ax'", "'a'", True),
        ({"replace": ["X", ""], "case": "ignore"}, "'ax'", "'a'", False),
        ({"json_equal": True}, """'{"a": 1, "b": 2}'""", """'{"b":2.0,"a":1e0}'""", True),
        ({"json_equal": True}, """'{"a": 1}'""", """'{"a": "1"}'""", False),
        ({"json_equal": True}, "'no json'", "'no json'", True),
        ({"json_equal": True}, "NULL", "'null'", False),
        ({"json_equal": True}, "NULL", "NULL", True),
        ({}, "'a'", "'a '", False),
    ],
)
@pytest.mark.parametrize("exact_hash", [False, True])
def test_a_rule_for_texts_makes_equal_what_it_names_and_nothing_else(
    database: duckdb.DuckDBPyConnection,
    given: dict[str, Any],
    left: str,
    right: str,
    equal: bool,
    exact_hash: bool,
) -> None:
    rule = equality_rule("c", ColumnRule.model_validate(given), TEXT, "VARCHAR", exact_hash=exact_hash)
    assert rule.approximate is ("json_equal" in given and not exact_hash)
    assert asked(database, rule, "VARCHAR", left, right) is equal
    assert asked(database, rule, "VARCHAR", right, left) is equal


def test_every_space_is_trimmed_and_no_other_character(database: duckdb.DuckDBPyConnection) -> None:
    rule = equality_rule("c", ColumnRule(trim="both"), TEXT, "VARCHAR", exact_hash=False)
    every = ", ".join(f"'{char}'" for char in SPACES)
    trimmed = unescaped(fill(rule.canonical, "c"))
    kept = database.execute(
        f"SELECT count(*) FROM (SELECT unnest([{every}]) AS c) WHERE {trimmed} <> ''"
    ).fetchone()
    other = database.execute(
        f"SELECT list(i) FROM (SELECT range AS i, chr(range::INT) AS c FROM range(1, 12400)) WHERE {trimmed} = ''"
    ).fetchone()
    assert kept == (0,)
    assert other == (sorted(ord(char) for char in SPACES if char != "\ufeff"),)


@pytest.mark.parametrize(
    ("tolerance", "left", "right", "equal"),
    [("2", "1e50", "1e50", True), ("2", "1", "3.0", True), ("2", "1", "3.1", False), ("10%", "100", "90", True)],
)
def test_numbers_as_texts_have_a_tolerance_by_their_digits(
    database: duckdb.DuckDBPyConnection, tolerance: str, left: str, right: str, equal: bool
) -> None:
    given = ColumnRule.model_validate({"tolerance": tolerance})
    rule = equality_rule("c", given, TEXT, "VARCHAR", exact_hash=False, digits=True)
    assert asked(database, rule, "VARCHAR", f"'{left}'", f"'{right}'") is equal


@pytest.mark.parametrize(
    ("given", "kind", "sql", "hidden"),
    [
        ({"tolerance": "0.10"}, EXACT, "DECIMAL(18,2)", "differences up to 0.1"),
        ({"tolerance": "0"}, WHOLE, "INTEGER", "differences up to 0"),
        ({"tolerance": "100"}, FLOAT, "DOUBLE", "differences up to 100"),
        ({"tolerance": "2.50%"}, FLOAT, "DOUBLE", "differences up to 2.5 %"),
        ({"tolerance": "90s"}, TIME, "TIME", "differences up to 0:01:30"),
        ({"tolerance": "2.50%"}, TEXT, "VARCHAR", "differences up to 2.5 %"),
        ({"tolerance": "2.50"}, TEXT, "VARCHAR", "differences up to 2.5"),
        ({"trim": "left", "case": "ignore"}, TEXT, "VARCHAR", "white space at the left; upper and lower case"),
        ({"trim": "both", "json_equal": True}, TEXT, "VARCHAR", "white space at the ends; JSON of equal meaning"),
        (
            {"replace": ["a", "b"], "null_equals_empty": True},
            TEXT,
            "VARCHAR",
            "whatever 'a' replaces; NULL against empty text",
        ),
    ],
)
def test_a_rule_says_what_it_hides(given: dict[str, Any], kind: ValueKind, sql: str, hidden: str) -> None:
    rule = ColumnRule.model_validate(given)
    assert equality_rule("c", rule, kind, sql, exact_hash=False, digits=kind is TEXT).hidden == hidden


@pytest.mark.parametrize(
    ("given", "kind", "sql", "key", "said"),
    [
        ({"trim": "both"}, WHOLE, "INTEGER", False, "Column c is INTEGER: trim does not fit it."),
        ({"money": "EUR"}, DAY, "DATE", False, "Column c is DATE: money does not fit it."),
        (
            {"tolerance": "1"},
            WHOLE,
            "INTEGER",
            True,
            "Column c: a tolerance needs a key, and cannot be part of one.",
        ),
        ({"tolerance": "1"}, TEXT, "VARCHAR", False, "Column c is VARCHAR: a numeric tolerance does not fit it."),
        ({"tolerance": "1%"}, DAY, "DATE", False, "Column c is DATE: a numeric tolerance does not fit it."),
        (
            {"tolerance": "1s"},
            WHOLE,
            "INTEGER",
            False,
            "Column c is INTEGER: a tolerance in time does not fit it.",
        ),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(
    given: dict[str, Any], kind: ValueKind, sql: str, key: bool, said: str
) -> None:
    with pytest.raises(BadInput) as caught:
        equality_rule("c", ColumnRule.model_validate(given), kind, sql, exact_hash=key)
    assert caught.value.message == said
    assert caught.value.remedy or key
