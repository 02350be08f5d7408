"""What a rule forgives, exactly, and how many rows it let through."""

from __future__ import annotations

from typing import Any

import pytest

from parity.compare import Result
from unit.compare.conftest import Compare, different, side_by_side

FORGIVEN: list[tuple[dict[str, Any], str, str]] = [
    ({"tolerance": "0.01"}, "1.00::DECIMAL(18,2)", "1.01::DECIMAL(18,2)"),
    ({"tolerance": "0.01"}, "-1.00::DECIMAL(18,2)", "-1.01::DECIMAL(18,2)"),
    ({"tolerance": "1e-10"}, "1.0000000000::DECIMAL(38,10)", "1.0000000001::DECIMAL(38,10)"),
    ({"tolerance": "0.1"}, "1.1::DOUBLE", "1.0::DOUBLE"),
    ({"tolerance": "3"}, "10", "13"),
    ({"tolerance": "1%"}, "100.00::DECIMAL(18,2)", "99.00::DECIMAL(18,2)"),
    ({"tolerance": "1%"}, "100::DOUBLE", "99.5::DOUBLE"),
    ({"tolerance": "1ms"}, "TIMESTAMP '2026-01-01'", "TIMESTAMP '2026-01-01 00:00:00.001'"),
    ({"tolerance": "1d"}, "DATE '2026-01-01'", "DATE '2026-01-02'"),
    ({"case": "ignore"}, "'abc'", "'ABC'"),
    ({"trim": "right"}, "'abc'", "'abc \t'"),
    ({"trim": "both"}, "'abc'", "chr(160) || 'abc '"),
    ({"null_equals_empty": True}, "NULL::VARCHAR", "''"),
    ({"json_equal": True}, """'{"a": 1, "b": [1.0]}'""", """'{"b":[1],"a":1e0}'"""),
    ({"replace": [r"\d{1}", ""]}, "'ab1'", "'ab2'"),
    ({"tolerance": "1 %"}, f"{'9' * 38}::DECIMAL(38,0)", f"{'9' * 36}00::DECIMAL(38,0)"),
    ({"tolerance": "200%"}, "1.7e308::DOUBLE", "-1.7e308::DOUBLE"),
    ({"tolerance": "300%"}, "(-5)::BIGINT", "9::BIGINT"),
    ({"tolerance": "1e400"}, "1.0::DOUBLE", "1e308::DOUBLE"),
    ({"tolerance": "1e12"}, "-1::DECIMAL(38,30)", "1::DECIMAL(38,30)"),
    ({"tolerance": "1"}, "18446744073709551615::UBIGINT", "18446744073709551614::UBIGINT"),
    ({"tolerance": "20000"}, "9e19::DOUBLE", "9e19::DOUBLE + 16384"),
    ({"tolerance": "1e-8"}, "0.1::FLOAT", "0.1::DOUBLE"),
    ({"json_equal": True}, "'[100, 1e2, -0.50]'", "'[1e2,1.00e2,-5e-1]'"),
]
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"tolerance": "0.01"}, "1.00::DECIMAL(18,2)", "1.02::DECIMAL(18,2)"),
    ({"tolerance": "0.01"}, "NULL::DECIMAL(18,2)", "0.00::DECIMAL(18,2)"),
    ({"tolerance": "0.01"}, "1e17::DOUBLE", "1e17::DOUBLE + 16"),
    ({"tolerance": "3"}, "10", "14"),
    ({"tolerance": "1%"}, "100.00::DECIMAL(18,2)", "98.99::DECIMAL(18,2)"),
    ({"tolerance": "10%"}, "'inf'::DOUBLE", "5::DOUBLE"),
    ({"tolerance": "1ms"}, "TIMESTAMP '2026-01-01'", "TIMESTAMP '2026-01-01 00:00:00.001001'"),
    ({"tolerance": "1ms"}, "'infinity'::TIMESTAMP", "NULL::TIMESTAMP"),
    ({"case": "ignore"}, "'abc'", "'ABD'"),
    ({"trim": "right"}, "'abc'", "' abc'"),
    ({"null_equals_empty": True}, "NULL::VARCHAR", "' '"),
    ({"json_equal": True}, """'{"a": 1}'""", """'{"a": "1"}'"""),
    # 38 digits and their products overflow: that is a difference, not an error.
    ({"tolerance": "0.01"}, f"-{'9' * 36}.99::DECIMAL(38,2)", f"{'9' * 36}.99::DECIMAL(38,2)"),
    ({"tolerance": "1 %"}, f"{'9' * 38}::DECIMAL(38,0)", "1::DECIMAL(38,0)"),
    ({"tolerance": "5"}, "(-9223372036854775808)::BIGINT", "9223372036854775807::BIGINT"),
    ({"tolerance": "1e300"}, "'inf'::DOUBLE", "1e308::DOUBLE"),
    ({"tolerance": "150%"}, "1.7e308::DOUBLE", "-1.7e308::DOUBLE"),
    ({"tolerance": "1e400"}, "'inf'::DOUBLE", "1e308::DOUBLE"),
    ({"tolerance": "10"}, "'nan'::DOUBLE", "1::DOUBLE"),
    ({"tolerance": "10"}, "NULL::DOUBLE", "1::DOUBLE"),
    ({"tolerance": "10"}, "NULL::UBIGINT", "1::UBIGINT"),
    ({"tolerance": "300%"}, "NULL::BIGINT", "1::BIGINT"),
    ({"tolerance": "1e12"}, "NULL::DECIMAL(38,30)", "1::DECIMAL(38,30)"),
    # No digit of a number in JSON is rounded away.
    ({"json_equal": True}, f"'[1{'0' * 30}1]'", f"'[1{'0' * 30}2]'"),
    ({"json_equal": True}, "'[1e1000000001]'", "'[1e1000000002]'"),
]


def _ruled(comparing: Compare, cases: list[tuple[dict[str, Any], str, str]]) -> Result:
    """Compare a row of values, each under its own rule."""
    rules = {f"v{at}": rule for at, (rule, _, _) in enumerate(cases)}
    return comparing(*side_by_side([(legacy, target) for _, legacy, target in cases]), rules)


def test_a_rule_forgives_up_to_its_boundary_and_says_so(comparing: Compare) -> None:
    result = _ruled(comparing, FORGIVEN)
    assert different(result) == {f"v{at}": 0 for at in range(len(FORGIVEN))}
    assert result.verdict == "PASS", result.reason
    assert [(n.what, n.rows) for n in result.loosened] == [(f"column v{at}", 1) for at in range(len(FORGIVEN))]
    assert not result.canary.blind


def test_a_rule_forgives_nothing_beyond_its_boundary(comparing: Compare) -> None:
    result = _ruled(comparing, REFUSED)
    assert different(result) == {f"v{at}": 1 for at in range(len(REFUSED))}
    assert result.verdict == "FAIL"


def test_tolerances_hold_over_many_values_on_both_sides_of_a_cell(comparing: Compare) -> None:
    legacy = "SELECT i AS id, (i * 0.37)::DOUBLE AS d, (i * 0.37)::DECIMAL(18,4) AS m FROM range(3000) t(i)"
    target = (
        "SELECT i AS id, (i * 0.37 + (i % 7) * 0.001)::DOUBLE AS d, (i * 0.37 + (i % 7) * "
        "0.001)::DECIMAL(18,4) AS m "
        "FROM range(3000) t(i)"
    )
    result = comparing(legacy, target, {"d": {"tolerance": "0.0035"}, "m": {"tolerance": "0.003"}})
    beyond = sum(i % 7 > 3 for i in range(3000))
    assert {c.name: c.different for c in result.columns} == {"id": 0, "d": beyond, "m": beyond}
    assert {n.what: n.rows for n in result.loosened} == {
        "column d": sum(0 < i % 7 <= 3 for i in range(3000)),
        "column m": sum(0 < i % 7 <= 3 for i in range(3000)),
    }


def test_naive_times_are_read_in_their_zone(comparing: Compare) -> None:
    legacy = "SELECT 1 AS id, TIMESTAMP '2026-07-01 12:00' AS at UNION ALL SELECT 2, TIMESTAMP '2026-01-01 12:00'"
    target = "SELECT 1 AS id, TIMESTAMP '2026-07-01 16:00' AS at UNION ALL SELECT 2, TIMESTAMP '2026-01-01 17:00'"
    assert comparing(legacy, target, {"at": {"legacy_timezone": "America/New_York"}}).verdict == "PASS"
    assert comparing(target, legacy, {"at": {"target_timezone": "America/New_York"}}).verdict == "PASS"


def test_a_key_can_be_renamed(comparing: Compare) -> None:
    rules = {"payment_id": {"legacy": "pid"}}
    assert comparing("SELECT 1 AS pid", "SELECT 1 AS payment_id", rules, key=("payment_id",)).verdict == "PASS"


def test_a_rule_finds_its_column_in_other_letters(comparing: Compare) -> None:
    rows = 'SELECT 1 AS id, {} AS "Amount"'
    result = comparing(rows.format(2), rows.format(3), {"aMOUNT": {"tolerance": "1"}})
    assert result.verdict == "PASS", result.reason


def test_an_expression_settles_the_type_and_is_in_the_ledger(comparing: Compare) -> None:
    rule = {"legacy": "cents", "legacy_sql": "(cents / 100)::DECIMAL(18,2)"}
    result = comparing(
        "SELECT 1 AS id, 1050 AS cents", "SELECT 1 AS id, 10.50::DECIMAL(18,2) AS amount", {"amount": rule}
    )
    assert result.verdict == "PASS", result.reason
    assert [n.what for n in result.not_compared] == ["column amount"]


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"amuont": {"trim": "right"}}, "Did you mean 'amount'?"),
        ({"amount": {"legacy": "cents"}}, "no column 'cents'"),
        ({"amount": {"tolerance": "1s"}}, "does not fit"),
        ({"amount": {"case": "ignore"}}, "Column amount is INTEGER: case does not fit it. It is for texts"),
        ({"amount": {"trim": "right"}}, "trim does not fit"),
        ({"amount": {"null_equals_empty": True}}, "null_equals_empty does not fit"),
        ({"amount": {"json_equal": True}}, "json_equal does not fit"),
        ({"amount": {"replace": ["0", ""]}}, "replace does not fit"),
        ({"id": {"trim": "both"}}, "trim does not fit"),
        ({"amount": {"legacy_timezone": "Asia/Kolkata"}}, "legacy_timezone does not fit"),
        ({"amount": {"target_timezone": "Asia/Kolkata"}}, "target_timezone does not fit"),
        ({"id": {"tolerance": "1"}}, "cannot be part of one"),
        ({"amount": {}, "AMOUNT": {"tolerance": "9"}}, "Two rules name one column: 'amount' and 'AMOUNT'."),
        ({"amount": {"legacy_sql": "nonsense("}}, "not one expression"),
    ],
)
def test_a_wrong_rule_is_invalid_and_named(comparing: Compare, rules: dict[str, Any], words: str) -> None:
    rows = "SELECT 1 AS id, 2 AS amount"
    result = comparing(rows, rows, rules)
    assert result.verdict == "INVALID"
    assert words in result.reason


@pytest.mark.parametrize(
    ("legacy", "target", "words"),
    [
        ("TIMESTAMPTZ '2026-01-01 00:00+00'", "TIMESTAMP '2026-01-01'", "legacy_timezone does not fit it"),
        ("TIMESTAMP '2026-01-01'", "DATE '2026-01-01'", "legacy_timezone does not fit them"),
        ("DATE '2026-01-01'", "DATE '2026-01-01'", "legacy_timezone does not fit it"),
        ("'2026-01-01'", "'2026-01-01'", "legacy_timezone does not fit it"),
    ],
)
def test_a_zone_that_would_move_nothing_is_told(comparing: Compare, legacy: str, target: str, words: str) -> None:
    rules = {"at": {"legacy_timezone": "America/New_York"}}
    result = comparing(f"SELECT 1 AS id, {legacy} AS at", f"SELECT 1 AS id, {target} AS at", rules)
    assert result.verdict == "INVALID"
    assert words in result.reason


def test_a_rule_for_texts_fits_numbers_that_are_compared_as_texts(comparing: Compare) -> None:
    rows = "SELECT 1 AS id, {} AS code"
    result = comparing(rows.format("7"), rows.format("'7 '"), {"code": {"trim": "right"}})
    assert result.rows.changed == 0


@pytest.mark.parametrize(("legacy", "target"), [("'7'", "7"), ("7", "'7'")])
def test_a_tolerance_in_numbers_fits_no_texts(comparing: Compare, legacy: str, target: str) -> None:
    rows = "SELECT 1 AS id, {} AS code"
    result = comparing(rows.format(legacy), rows.format(target), {"code": {"tolerance": "1"}})
    assert (result.verdict, "a numeric tolerance does not fit it" in result.reason) == ("INVALID", True)


FINE = "'5.{}'::DECIMAL(38,30)"
NO_COMMON_TYPE = [
    ("1", "6", FINE.format("0"), 0),
    ("1", "6", FINE.format("0" * 29 + "1"), 0),
    ("1", "7", FINE.format("9" * 30), 1),
    ("20%", "(-5)", FINE.format("0"), 1),
    ("200%", "(-5)", FINE.format("0"), 0),
    ("1e-30", "5", FINE.format("0" * 29 + "1"), 0),
    ("1e-31", "5", FINE.format("0" * 29 + "1"), 1),
    ("10%", "9223372036854775807", FINE.format("0"), 1),
    ("1e20", "9223372036854775807", FINE.format("0"), 0),
    ("1", "NULL", FINE.format("0"), 1),
    ("1e-38", "1", f"'0.{'9' * 38}'::DECIMAL(38,38)", 0),
    ("1e-39", "1", f"'0.{'9' * 38}'::DECIMAL(38,38)", 1),
]


@pytest.mark.parametrize("turned", [False, True])
def test_a_tolerance_fits_numbers_that_have_no_common_type(comparing: Compare, turned: bool) -> None:
    sides = [(f"{legacy}::BIGINT", target) for _, legacy, target, _ in NO_COMMON_TYPE]
    rules = [{"tolerance": tolerance} for tolerance, *_ in NO_COMMON_TYPE]
    pairs = [reversed(pair) if turned else pair for pair in sides]
    result = _ruled(comparing, [(rule, *pair) for rule, pair in zip(rules, pairs, strict=True)])
    assert different(result) == {f"v{at}": changed for at, (*_, changed) in enumerate(NO_COMMON_TYPE)}
    assert result.verdict == "FAIL"
    assert "schema" not in result.reason


@pytest.mark.parametrize("places", [19, 38])
def test_numbers_without_a_common_type_are_equal_by_their_digits(comparing: Compare, places: int) -> None:
    def rows(kind: str, third: str) -> str:
        values = enumerate(["0", "0.5", third, "NULL"])
        return " UNION ALL ".join(f"SELECT {at} AS id, {value}::{kind} AS v" for at, value in values)

    left, right = rows(f"DECIMAL(38,{places})", "-0.5"), rows("DECIMAL(38,1)", "-0.5")
    assert comparing(left, right).verdict == comparing(right, left).verdict == "PASS"
    assert comparing(left, rows("DECIMAL(38,1)", "-0.6")).rows.changed == 1


def test_a_union_is_refused_since_its_members_can_have_one_text(comparing: Compare) -> None:
    rule = {"legacy_sql": "union_value(n := v)", "target_sql": "[union_value(t := v::VARCHAR)]"}
    result = comparing("SELECT 1 AS id, 1 AS v", "SELECT 1 AS id, 1 AS v", {"v": rule})
    assert result.verdict == "INVALID"
    assert "a UNION cannot be compared exactly" in result.reason


@pytest.mark.parametrize(
    ("legacy", "target", "one"),
    [
        ("Straße", "STRAßE", True),
        ("ÉCOLE", "école", True),
        ("straße", "strasse", False),
        ("ﬁ", "fi", False),
        ("\u212a", "k", False),
        ("İ", "i", False),
        ("ς", "σ", False),
    ],
)
def test_only_case_makes_two_names_one_column(comparing: Compare, legacy: str, target: str, one: bool) -> None:
    left, right = (f'SELECT 1 AS id, 2 AS "{name}"' for name in (legacy, target))
    result = comparing(left, right)
    assert (result.verdict, len(result.columns)) == (("PASS", 2) if one else ("FAIL", 1))


def test_one_side_can_have_two_columns_whose_names_only_fold_alike(comparing: Compare) -> None:
    query = 'SELECT 1 AS id, 2 AS "straße", 3 AS "strasse"'
    assert comparing(query, query).verdict == "PASS"
    assert comparing(query, query.replace("2 AS", "4 AS")).rows.changed == 1


def test_a_column_of_nothing_but_null_has_no_type_that_a_zone_could_miss(comparing: Compare) -> None:
    rows = "SELECT 1 AS id, NULL AS at"
    assert comparing(rows, rows, {"at": {"legacy_timezone": "America/New_York"}}).verdict == "PASS"
