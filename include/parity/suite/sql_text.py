"""A lexer for the SQL of suites, which finds what is refused there: unknown parameters and second statements.

Strings, quoted identifiers and comments are skipped, ``::`` is a cast and no parameter. It covers
Athena's, Spark's and DuckDB's SQL; MySQL's, which its ``sql_mode`` changes, is in :mod:`parity.sql.mysql_tokens`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

KNOWN_PARAMETERS = frozenset({"business_date"})
"""Parameters that a query may bind."""
QUERY_STARTS = frozenset({"select", "with", "values", "table"})
"""First words of a statement that only reads."""

_TOKEN = re.compile(
    r"""
    (?P<skip> '(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*` | --[^\n]* | /\*.*?\*/ | :: )
  | (?P<open> ['"`] | /\* )
  | :(?P<parameter> [A-Za-z_][A-Za-z0-9_]* )
  | (?P<end> ; )
  | (?P<word> [^\s'"`:;(]+ )
    """,
    re.VERBOSE | re.DOTALL,
)
_BRACKETS = tuple(
    re.compile(
        rf"(?P<text> {quotes} | `[^`]*`) | (?P<beyond> ['\"`;] | -- | /\* {more} ) | [()]", re.VERBOSE | re.DOTALL
    )
    for quotes, more in (
        (r"""'(?:[^']|'')*' | "(?:[^"]|"")*" """, r"| \$\w*\$"),
        (r"""'(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" """, r"| \#"),
    )
)
"""Where a backslash in a text is a character like others, and where it escapes the next one."""
_NOTHING = ("--", "/*", "::")


@dataclass(frozen=True)
class SqlToken:
    """One token of a query, and its 1-based line."""

    kind: str
    text: str
    line: int


@lru_cache(maxsize=1024)
def tokens(sql: str) -> tuple[SqlToken, ...]:
    """Return the parameters, words, semicolons, texts and unclosed quotes of ``sql``, in order."""
    return tuple(_tokens(sql))


def _tokens(sql: str) -> Iterator[SqlToken]:
    for found in _TOKEN.finditer(sql):
        kind = found.lastgroup or ""
        if kind == "skip" and found[0].startswith(_NOTHING):
            continue
        text = found["parameter"] if kind == "parameter" else found[0]
        yield SqlToken(kind, text, sql.count("\n", 0, found.start()) + 1)


def parameters(sql: str) -> Iterator[SqlToken]:
    """Yield each use of a ``:parameter``."""
    return (token for token in tokens(sql) if token.kind == "parameter")


def quoted_parameters(sql: str) -> Iterator[SqlToken]:
    """Yield each text that is nothing but a known parameter's name: in quotes it is text, and is never bound."""
    return (t for t in tokens(sql) if t.kind == "skip" and t.text[1] == ":" and t.text[2:-1] in KNOWN_PARAMETERS)


def second_statement(sql: str) -> SqlToken | None:
    """Return the semicolon that something follows, or None when ``sql`` is one statement."""
    ended: SqlToken | None = None
    for token in tokens(sql):
        if ended and token.kind != "end":
            return ended
        if token.kind == "end":
            ended = ended or token
    return None


def first_word(sql: str) -> str:
    """Return the first word in lower case, without opening brackets; empty when there is none."""
    return next((token.text.lower() for token in tokens(sql) if token.kind == "word"), "")


def unclosed(sql: str) -> SqlToken | None:
    """Return a quote or comment that never closes, or None."""
    return next((token for token in tokens(sql) if token.kind == "open"), None)


def bracket_violation(sql: str, *, escapes: bool) -> str:
    """Return why an expression would not stay within brackets around it; empty when it does.

    ``escapes`` is for engines that may take a backslash in a text for an escape: both readings are checked.
    """
    for lexicon in _BRACKETS if escapes else _BRACKETS[:1]:
        depth = 0
        for found in lexicon.finditer(sql):
            if found["beyond"]:
                return f"holds {found['beyond']}, which has no place in an expression"
            depth += {"(": 1, ")": -1}.get(found[0], 0)
            if depth < 0:
                return "closes a bracket that it does not open"
        if depth:
            return "does not close a bracket that it opens"
    return ""
