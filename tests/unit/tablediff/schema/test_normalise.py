"""What only the server's version spells differently is no difference; everything else is one."""

from __future__ import annotations

import pytest

from parity.sql.mysql_tokens import tokens
from parity.tablediff.rows.matching import Difference, Unmatched
from parity.tablediff.schema.normalise import (
    Style,
    body,
    charset,
    column_type,
    default,
    expression,
    extra,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("int(11)", "int"),
        ("BIGINT(20) unsigned", "bigint unsigned"),
        ("year(4)", "year"),
        ("tinyint(4)", "tinyint"),
    ],
)
def test_display_widths_are_no_difference(one: str, other: str) -> None:
    assert column_type(tokens(one)) == column_type(tokens(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("enum('A','int(11)')", "enum('a','int(11)')"),
        ("enum('A','int(11)')", "enum('A','int')"),
        ("enum('a\\\\','B')", "enum('a\\\\','b')"),
        ("varchar(34)", "varchar(40)"),
        ("int(5) unsigned zerofill", "int(6) unsigned zerofill"),
        ("int", "int unsigned"),
        ("tinyint(1)", "tinyint"),
        ("decimal(10,2)", "decimal(10,3)"),
    ],
)
def test_types_that_mean_something_else_differ(one: str, other: str) -> None:
    assert column_type(tokens(one)) != column_type(tokens(other))


def sql_text(text: str) -> str:
    return expression(tokens(text))


def default_of(text: str) -> str:
    return default(tokens(text), Style(introducers=True))


@pytest.mark.parametrize(
    ("mariadb", "mysql"),
    [
        ("NULL", ""),
        ("'active'", "'active'"),
        ("0", "'0'"),
        ("-1.50", "'-1.50'"),
        ("1e-10", "'1e-10'"),
        ("'it''s'", "'it''s'"),
        ("b'101'", "b'101'"),
        ("current_timestamp()", "CURRENT_TIMESTAMP"),
        ("current_timestamp(3)", "CURRENT_TIMESTAMP(3)"),
        ("concat('A')", "(concat(_utf8mb4'A'))"),
        ("uuid()", "(uuid())"),
    ],
)
def test_defaults_mean_the_same_as_mariadb_or_mysql_prints_them(mariadb: str, mysql: str) -> None:
    assert default_of(mariadb) == default_of(mysql)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("'NULL'", "NULL"),
        ("'A'", "'a'"),
        ("'a b'", "'a  b'"),
        ("1.0", "1.00"),
        ("'uuid()'", "(uuid())"),
        ("0x00FF", "0x00FE"),
        ("'0x41'", "0x41"),
        ("(concat('A'))", "(concat('a'))"),
        ("current_timestamp(3)", "current_timestamp()"),
    ],
)
def test_defaults_that_mean_something_else_differ(one: str, other: str) -> None:
    assert default_of(one) != default_of(other)


def test_the_end_of_a_line_comment_is_no_blank() -> None:
    assert sql_text("a; -- now\n b") != sql_text("a; -- now b\n")
    assert sql_text("'-- no' \n b") == sql_text("'-- no' b")
    assert sql_text("a /* don't */ B") == sql_text("A /* don't */  b")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("`c` <> 'ABC'", "`c` <> 'abc'"),
        ("`c` <> 'a b'", "`c` <> 'a  b'"),
        ("`c` <> '('", "`c` <> ' ( '"),
        ("`c` <> 'it\\'s A'", "`c` <> 'it\\'s a'"),
        ("`c` <> 'it''s A'", "`c` <> 'it''s a'"),
        ("`c` <> '\\\\' OR `c` <> 'A'", "`c` <> '\\\\' OR `c` <> 'a'"),
        ('`c` <> "A"', '`c` <> "a"'),
        ("`A`", "`a`"),
        ("`a b`", "`a  b`"),
        ("`a``B`", "`a``b`"),
        ("`n` > 1.0", "`n` > 1.00"),
        ("`c` = _binary'a'", "`c` = 'a'"),
        ("`c` = _latin1'\xe9'", "`c` = '\xe9'"),
        ("`c` = x'41'", "`c` = '41'"),
        ("`c` = N'a'", "`c` = 'a'"),
        ("`c` = '_utf8mb4\\'x\\''", "`c` = 'x'"),
        ("a > = b", "a >= b"),
        ("(a) + (b)", "a) + (b"),
        ("a -- 1", "a - -1"),
    ],
)
def test_expressions_that_mean_something_else_differ(one: str, other: str) -> None:
    plain = Style(introducers=True)
    assert expression(tokens(one), plain) != expression(tokens(other), plain)


def test_introducers_go_only_beside_a_server_that_shows_none() -> None:
    shown, hidden = tokens("`c` <> _utf8mb4'A'"), tokens("`c` <> 'A'")
    assert expression(shown) != expression(hidden)
    assert expression(shown, Style(introducers=True)) == expression(hidden)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT id FROM t", "SELECT id FROM T"),
        ("SELECT t.Key FROM t", "SELECT t.key FROM t"),
        ("SELECT count(x)", "SELECT count (x)"),
        ("SELECT 'a\\', \\'b'", "SELECT 'a', 'b'"),
        ("SELECT _utf8mb4'x'", "SELECT 'x'"),
        ("SELECT 1 /* a */", "SELECT 1 /* A */"),
        ("SELECT 1 /*!50003 + 1 */", "SELECT 1"),
        ("SELECT 1 -- a\n + 1", "SELECT 1 -- a + 1"),
        ("SELECT `T`", "SELECT T"),
        ("SELECT @Key", "SELECT @key"),
    ],
)
def test_bodies_that_may_do_something_else_differ(one: str, other: str) -> None:
    assert body(tokens(one)) != body(tokens(other))


def test_a_body_is_equal_whatever_its_blanks_and_the_case_of_reserved_words() -> None:
    assert body(tokens("SELECT  id\n FROM t WHERE a>1;")) == body(tokens("select id from t\twhere a > 1"))


def test_the_sql_mode_says_what_a_quote_and_a_backslash_mean() -> None:
    ansi = "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"
    assert [t.text for t in tokens("'a\\' , 'b'", ansi)] == ["'a\\'", ",", "'b'"]
    assert [t.text for t in tokens("'a\\' , 'b'")] == ["'a\\' , '", "b", "'"]
    assert body(tokens('SELECT "SELECT"', ansi)) != body(tokens('SELECT "select"', ansi))


@pytest.mark.parametrize("text", ["'never ends", "/* never ends", "`never ends", '"never ends', "a 'b'' c"])
def test_a_quote_that_never_ends_keeps_everything_behind_it(text: str) -> None:
    assert sql_text(text) != sql_text(text.replace("e", "E").replace("c", "C"))


def test_utf8_is_utf8mb3_and_not_utf8mb4() -> None:
    assert charset("utf8_general_ci") == charset("utf8mb3_general_ci") != charset("utf8mb4_general_ci")


def test_expressions_differ_only_by_what_they_say() -> None:
    assert sql_text("(`amount` - coalesce(`fee`,0))") == sql_text("`amount`-COALESCE( `fee`, 0 )")
    assert sql_text("concat('A ', b)") != sql_text("concat('a ', b)")
    assert extra("DEFAULT_GENERATED on update CURRENT_TIMESTAMP") == extra("on update current_timestamp()")


def test_equal_rows_cancel_one_by_one() -> None:
    found = Unmatched.of(["k|a", "k|a", "j|x"], ["k|a", "k|b", "l|y"]).differences()
    assert found == [Difference("j", "x", None), Difference("k", "a", "b"), Difference("l", None, "y")]
