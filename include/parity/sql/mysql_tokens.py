"""MySQL's and MariaDB's SQL cut into tokens: literals, quoted names and comments are kept byte by byte. Pure.

Two texts mean the same when their tokens are the same, so nothing that compares definitions ever looks inside a
literal. What a quote or a backslash means depends on the ``sql_mode`` under which the text was stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from itertools import pairwise
from typing import NamedTuple


class TokenKind(StrEnum):
    """The kinds of tokens."""

    WORD = "word"
    """A keyword, or a name without quotes."""
    NAME = "name"
    """A quoted name."""
    LITERAL = "literal"
    """A text, a bit or a hexadecimal value in quotes; without its introducer, which is a word."""
    NUMBER = "number"
    COMMENT = "comment"
    MARK = "mark"
    """An operator or other punctuation."""
    BROKEN = "broken"
    """A quote or a comment that never ends, and everything behind it."""


class Token(NamedTuple):
    """One token as it was written."""

    kind: TokenKind
    text: str
    spaced: bool = False
    """White space stands before it."""
    end: int = 0
    """Where it ends in the text."""
    word: str = ""
    """A keyword or a mark in upper case; empty for other kinds."""

    def matches(self, *words: str) -> bool:
        """Return whether it is one of these keywords or marks, in whatever case."""
        return self.word in words


Tokens = Sequence[Token]
_KINDS: Mapping[str | None, TokenKind] = {kind.value: kind for kind in TokenKind}

_PLAIN = r"'(?:[^']|'')*'"
_ESCAPED = r"'(?:[^'\\]|\\.|'')*'"
_COMMENT = r"/\*.*?\*/|--(?=\s|\Z)[^\n]*|\#[^\n]*"
_EXECUTED = r"/\*(?!M?!).*?\*/|--(?=\s|\Z)[^\n]*|\#[^\n]*"


@cache
def _pattern(*, ansi_quotes: bool, backslash_escapes: bool, executed: bool) -> re.Pattern[str]:
    single = _ESCAPED if backslash_escapes else _PLAIN
    double = single.replace("'", '"')
    literal = rf"[nNxXbB]?{single}" if ansi_quotes else rf"[nNxXbB]?{single}|{double}"
    name = rf"`(?:[^`]|``)*`|{double}" if ansi_quotes else r"`(?:[^`]|``)*`"
    return re.compile(
        rf"(?P<blank>\s+{'|/[*]M?![0-9]*|[*]/' if executed else ''})"
        rf"|(?P<comment>{_EXECUTED if executed else _COMMENT})"
        rf"|(?P<literal>{literal})"
        rf"|(?P<name>{name})"
        r"|(?P<broken>(?:['\"`]|/\*).*)"
        r"|(?P<number>0x[0-9a-fA-F]+(?![\w$])|0b[01]+(?![\w$])|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w$]))"
        r"|(?P<word>[\w$]+)"
        r"|(?P<mark><=>|->>|->|<<|>>|<=|>=|<>|!=|:=|\|\||&&|.)",
        re.DOTALL,
    )


def tokens(text: str, sql_mode: str = "", *, executed: bool = False) -> list[Token]:
    """Cut a text that was stored under ``sql_mode``; ``executed`` reads what stands in ``/*! … */`` as well."""
    modes = set(sql_mode.upper().split(","))
    pattern = _pattern(
        ansi_quotes="ANSI_QUOTES" in modes,
        backslash_escapes="NO_BACKSLASH_ESCAPES" not in modes,
        executed=executed,
    )
    found, spaced = [], False
    for match in pattern.finditer(text):
        if match.lastgroup == "blank":
            spaced = True
        else:
            kind, text = _KINDS[match.lastgroup], match[0]
            word = text if kind is TokenKind.MARK else text.upper() if kind is TokenKind.WORD else ""
            found.append(Token(kind, text, spaced, match.end(), word))
            spaced = False
    return found


def joined(found: Tokens, *, exact: bool = False) -> str:
    """Write tokens with one blank where there has to be one: equal texts have equal tokens, and the reverse.

    ``exact`` keeps apart ``count(x)`` and ``count (x)``: the one calls a function, the other may not.
    """
    text = ""
    for last, token in zip((None, *found), found, strict=False):
        text += token.text if last is None else _between(last, token, exact=exact) + token.text
    return text


def _between(last: Token, token: Token, *, exact: bool) -> str:
    if last.kind is TokenKind.COMMENT and not last.text.startswith("/*"):
        return "\n"
    if last.matches("(") or token.matches(")", ",", ";"):
        return ""
    if token.matches("("):
        return " " if last.kind is TokenKind.MARK or (exact and token.spaced) else ""
    dotted = (last.matches(".") or token.matches(".")) and TokenKind.NUMBER not in (last.kind, token.kind)
    return "" if dotted else " "


def closing(found: Tokens, start: int) -> int:
    """Return where the parenthesis that opens at ``start`` closes; the last token's place when it never does."""
    depth = 0
    for at in range(start, len(found)):
        word = found[at].word
        depth += (word == "(") - (word == ")")
        if depth == 0:
            return at
    return len(found) - 1


def parts(found: Tokens) -> list[Tokens]:
    """Split at the commas that stand in no parenthesis."""
    ends, depth = [-1], 0
    for at, token in enumerate(found):
        depth += (token.word == "(") - (token.word == ")")
        if depth == 0 and token.word == ",":
            ends.append(at)
    ends.append(len(found))
    return [found[a + 1 : b] for a, b in pairwise(ends)]
