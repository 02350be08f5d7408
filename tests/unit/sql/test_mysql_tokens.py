"""MySQL's statements cut into tokens, and written again."""

from __future__ import annotations

import pytest

from parity.sql.mysql_tokens import TokenKind, closing, joined, parts, tokens


@pytest.mark.parametrize(
    ("text", "mode", "kinds"),
    [
        ("a1 'x' `b`", "", "word literal name"),
        ("'it''s' 'it\\'s'", "", "literal literal"),
        ("'a\\' 'b'", "NO_BACKSLASH_ESCAPES", "literal literal"),
        ('"a" "b\\"c"', "", "literal literal"),
        ('"a" `b``c`', "ANSI_QUOTES", "name name"),
        ("n'a' X'1f' _b", "", "literal literal word"),
        ("1 2.5 .5 1e-3 0x1F 0b01 1a", "", "number number number number number number word"),
        ("a<=>b ->> c || d", "", "word mark word mark word mark word"),
        ("a -- b\nc # d", "", "word comment word comment"),
        ("a --b", "", "word mark mark word"),
        ("/* a */ b /*! c */", "", "comment word comment"),
        ("'open", "", "broken"),
        ("a /* open", "", "word broken"),
    ],
)
def test_a_text_is_cut_by_its_mode(text: str, mode: str, kinds: str) -> None:
    assert [token.kind for token in tokens(text, mode)] == [TokenKind(kind) for kind in kinds.split()]


def test_what_the_server_executes_is_read_and_what_mariadb_alone_executes_too() -> None:
    text = "a /*! b */ /*M!100 c */ /*!50001 d */ /* e */"
    assert joined(tokens(text, executed=True)) == "a b c d /* e */"
    assert joined(tokens(text)) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a  +\nb", "a + b"),
        ("f( a,b ) ;", "f(a, b);"),
        ("a.b", "a.b"),
        ("`a` . `b`", "`a`.`b`"),
        ("1 .5", "1 .5"),
        ("a = (b)", "a = (b)"),
        ("count (x)", "count(x)"),
        ("-- a\nb", "-- a\nb"),
        ("/* a */ b", "/* a */ b"),
    ],
)
def test_tokens_are_written_with_blanks_where_they_need_them(text: str, written: str) -> None:
    assert joined(tokens(text)) == written


def test_a_call_is_kept_apart_from_a_name_before_a_parenthesis_where_that_matters() -> None:
    assert joined(tokens("count (x) in(1) +(2)"), exact=True) == "count (x) in(1) + (2)"


def test_parentheses_close_and_commas_in_them_part_nothing() -> None:
    found = tokens("f(a, (b), c), g, h(i")
    assert [closing(found, at) for at in (1, 4)] == [9, 6]
    assert closing(found, len(found) - 2) == len(found) - 1
    assert [joined(part) for part in parts(found)] == ["f(a, (b), c)", "g", "h(i"]
    assert [token.word for token in tokens("Ab 'x' ,")] == ["AB", "", ","]
