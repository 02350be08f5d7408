"""Parameters and second statements are found, texts and comments are not mistaken for them."""

from __future__ import annotations

import pytest

from parity.suite.sql_text import bracket_violation, first_word, parameters, second_statement, unclosed


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("select :a, b::int, ':c', \":d\", `:e` -- :f\n/* :g */ + :h", ["a", "h"]),
        ("select 'it''s :not', :yes", ["yes"]),
        ("select 1", []),
    ],
)
def test_only_real_parameters_are_found(sql: str, names: list[str]) -> None:
    assert [token.text for token in parameters(sql)] == names


@pytest.mark.parametrize(
    ("sql", "line"),
    [
        ("select 1;", None),
        ("select 1;;\n-- bye", None),
        ("select ';'", None),
        ("select 1;\nselect 2", 1),
        ("a; 'b'", 1),
    ],
)
def test_a_second_statement_is_found_where_the_first_ends(sql: str, line: int | None) -> None:
    found = second_statement(sql)
    assert (found and found.line) == line


def test_the_first_word_is_found_behind_comments_and_brackets() -> None:
    assert first_word("-- hi\n  ((SELECT 1") == "select"
    assert first_word("-- nothing") == ""


@pytest.mark.parametrize(("sql", "text"), [("a 'b", "'"), ('a "b', '"'), ("a /* b", "/*"), ("a 'b'", None)])
def test_an_open_quote_is_found(sql: str, text: str | None) -> None:
    found = unclosed(sql)
    assert (found and found.text) == text


@pytest.mark.parametrize(
    ("sql", "escapes", "stays"),
    [
        ("a = 1 AND (b = 2 OR c = ')')", True, True),
        ("1=1) OR (1=1", False, False),
        ("(a = 1", False, False),
        ("a = 1 -- all", False, False),
        ("a = 1 /* all", False, False),
        ("a = 1; DROP TABLE b", False, False),
        ("a = 'b", False, False),
        ("a = '\\'", False, True),
        ("a = 'b''c' AND `d)` = \"e(\"", True, True),
        (r"a = 'b\'c'", True, False),
        (r"a = '\') OR (1=1 -- '", True, False),
        (r"a = '\\' OR b = 1", True, True),
        ("a = 1 # all", True, False),
        ("a = $$)$$", False, False),
    ],
)
def test_an_expression_stays_within_brackets_around_it(sql: str, escapes: bool, stays: bool) -> None:
    assert (bracket_violation(sql, escapes=escapes) == "") is stays
