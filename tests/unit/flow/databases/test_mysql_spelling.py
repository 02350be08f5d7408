"""What only the server's version spells differently is no difference; everything else is one."""

from __future__ import annotations

import pytest

from parity.flow.databases.pairing import Difference, Unequal
from parity.flow.databases.spelling import charset, column_type, default, extra, sql_text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("int(11)", "int"),
        ("BIGINT(20) unsigned", "bigint unsigned"),
        ("year(4)", "year"),
        ("tinyint(1)", "tinyint"),
    ],
)
def test_display_widths_are_no_difference(one: str, other: str) -> None:
    assert column_type(one) == column_type(other)


def test_the_words_of_an_enum_keep_their_case() -> None:
    assert column_type("ENUM('A','int(11)')") == "enum('A','int(11)')"
    assert column_type("varchar(34)") != column_type("varchar(40)")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("NULL", None),
        ("'active'", "active"),
        ("''", ""),
        ("0", "0"),
        ("-1.50", "-1.50"),
        ("'it''s'", "it's"),
        ("'now'", "now"),
        ("'f(X)'", "f(X)"),
        ("b'101'", "b'101'"),
        ("current_timestamp()", "CURRENT_TIMESTAMP"),
        ("current_timestamp(3)", "CURRENT_TIMESTAMP(3)"),
    ],
)
def test_defaults_mean_the_same_quoted_by_mariadb_or_not_by_mysql(one: str, other: str | None) -> None:
    assert default(one, "", mariadb=True) == default(other, "", mariadb=False)


def test_an_expression_as_default_is_one_that_the_server_marks_as_such() -> None:
    marked = default("(UUID())", "DEFAULT_GENERATED", mariadb=False)
    assert marked == default("uuid()", "", mariadb=True) != default("(UUID())", "", mariadb=False)


@pytest.mark.parametrize("mariadb", [True, False])
def test_the_text_null_is_not_the_value_null(mariadb: bool) -> None:
    text, nothing = ("'NULL'", "NULL") if mariadb else ("NULL", None)
    assert default(text, "", mariadb=mariadb) != default(nothing, "", mariadb=mariadb)


def test_the_end_of_a_line_comment_is_no_blank() -> None:
    assert sql_text("a; -- now\n b") != sql_text("a; -- now b\n")
    assert sql_text("'-- no' \n b") == sql_text("'-- no' b")
    assert sql_text("a /* don't */ B") == sql_text("A /* don't */  b")


def test_utf8_is_utf8mb3_and_not_utf8mb4() -> None:
    assert charset("utf8_general_ci") == charset("utf8mb3_general_ci") != charset("utf8mb4_general_ci")


def test_expressions_differ_only_by_what_they_say() -> None:
    assert sql_text("(`amount` - coalesce(`fee`,0))") == sql_text("`amount`-COALESCE( fee, 0 )")
    assert sql_text("concat('A ', b)") != sql_text("concat('a ', b)")
    assert extra("DEFAULT_GENERATED on update CURRENT_TIMESTAMP") == extra("on update current_timestamp()")


def test_equal_rows_cancel_one_by_one() -> None:
    found = Unequal.of(["k|a", "k|a", "j|x"], ["k|a", "k|b", "l|y"]).differences()
    assert found == [Difference("j", "x", None), Difference("k", "a", "b"), Difference("l", None, "y")]
