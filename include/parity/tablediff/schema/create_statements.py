"""The clauses of what ``SHOW CREATE`` prints. Pure.

``information_schema`` cannot stand in for it. Both servers print the bodies of routines there without the quotes
inside their literals (``'a\\', \\'b'`` and ``'a', 'b'`` look the same), MySQL cuts a binary default at its first
zero byte, MariaDB writes ``?`` for a byte that is no character, and neither names every clause.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from itertools import pairwise

from parity.sql.mysql_tokens import Token, TokenKind, Tokens, closing, parts, tokens

Clauses = dict[str, list[Token]]
"""Clause → its tokens; under OPTIONS everything that no grammar knows."""

OPTIONS = "options"


class Takes(Enum):
    """What a clause's first words are followed by."""

    NOTHING = "nothing"
    ONE = "one"
    """One token, with or without ``=`` before it."""
    GROUP = "group"
    """Something in parentheses."""
    REST = "rest"
    """Everything up to the next clause."""


class Grammar(dict[tuple[str, ...], tuple[str, Takes]]):
    """First words of a clause → its name, empty when information_schema has the same, and what it takes."""

    @cached_property
    def beginnings(self) -> Mapping[str, list[tuple[str, ...]]]:
        """Return the clauses by their first word."""
        found: dict[str, list[tuple[str, ...]]] = {}
        for words in self:
            found.setdefault(words[0], []).append(words)
        return found


COLUMN = Grammar(
    {
        ("NOT", "NULL"): ("", Takes.NOTHING),
        ("NULL",): ("", Takes.NOTHING),
        ("AUTO_INCREMENT",): ("", Takes.NOTHING),
        ("VIRTUAL",): ("", Takes.NOTHING),
        ("STORED",): ("", Takes.NOTHING),
        ("PERSISTENT",): ("", Takes.NOTHING),
        ("INVISIBLE",): ("", Takes.NOTHING),
        ("CHARACTER", "SET"): ("", Takes.ONE),
        ("CHARSET",): ("", Takes.ONE),
        ("COLLATE",): ("", Takes.ONE),
        ("ON", "UPDATE"): ("", Takes.REST),
        ("DEFAULT",): ("default", Takes.REST),
        ("GENERATED", "ALWAYS", "AS"): ("generated", Takes.GROUP),
        ("AS",): ("generated", Takes.GROUP),
        ("CHECK",): ("check", Takes.GROUP),
        ("COMMENT",): ("comment", Takes.ONE),
        ("SRID",): ("srid", Takes.ONE),
        ("REF_SYSTEM_ID",): ("srid", Takes.ONE),
    }
)
INDEX = Grammar(
    {
        ("USING",): ("", Takes.ONE),
        ("INVISIBLE",): ("", Takes.NOTHING),
        ("IGNORED",): ("", Takes.NOTHING),
        ("COMMENT",): ("comment", Takes.ONE),
        ("WITH", "PARSER"): ("parser", Takes.ONE),
    }
)
CHECK = Grammar({("CHECK",): ("check", Takes.GROUP), ("NOT", "ENFORCED"): ("not enforced", Takes.NOTHING)})
TABLE = Grammar(
    {
        ("ENGINE",): ("", Takes.ONE),
        ("AUTO_INCREMENT",): ("", Takes.ONE),
        ("DEFAULT", "CHARSET"): ("", Takes.ONE),
        ("DEFAULT", "COLLATE"): ("", Takes.ONE),
        ("CHARSET",): ("", Takes.ONE),
        ("COLLATE",): ("", Takes.ONE),
        ("COMMENT",): ("comment", Takes.ONE),
        ("PARTITION", "BY"): ("partition by", Takes.REST),
    }
)
ROUTINE = Grammar(
    {
        ("DETERMINISTIC",): ("", Takes.NOTHING),
        ("NO", "SQL"): ("", Takes.NOTHING),
        ("CONTAINS", "SQL"): ("", Takes.NOTHING),
        ("READS", "SQL", "DATA"): ("", Takes.NOTHING),
        ("MODIFIES", "SQL", "DATA"): ("", Takes.NOTHING),
        ("SQL", "SECURITY"): ("", Takes.ONE),
        ("LANGUAGE",): ("language", Takes.ONE),
        ("COMMENT",): ("comment", Takes.ONE),
    }
)


def clauses(found: Tokens, grammar: Grammar) -> Clauses:
    """Sort tokens under the clauses that they belong to."""
    sorted_: Clauses = {}
    at = 0
    while at < len(found):
        words = _begins(found, at, grammar)
        name, takes = grammar[words] if words else (OPTIONS, Takes.NOTHING)
        start = at + len(words)
        if takes is Takes.ONE and start < len(found) and found[start].matches("="):
            start += 1
        at = _end(found, start, takes, grammar) if words else _atom(found, at)
        own = sorted_.setdefault(name, [])
        own += found[start:at]
    return sorted_


def _begins(found: Tokens, at: int, grammar: Grammar) -> tuple[str, ...]:
    """Return the first words of the clause that begins at ``at``; none when none does."""
    for words in grammar.beginnings.get(found[at].word, ()):
        if tuple(token.word for token in found[at : at + len(words)]) == words:
            return words if _fits(found, at + len(words), grammar[words][1]) else ()
    return ()


def _fits(found: Tokens, start: int, takes: Takes) -> bool:
    return takes is not Takes.GROUP or (start < len(found) and found[start].matches("("))


def _end(found: Tokens, start: int, takes: Takes, grammar: Grammar) -> int:
    if takes is Takes.NOTHING:
        return start
    at = _atom(found, start)
    while takes is Takes.REST and at < len(found) and not _begins(found, at, grammar):
        at = _atom(found, at)
    return at


def _atom(found: Tokens, at: int) -> int:
    """Return where the token at ``at`` ends, or the parentheses that it opens."""
    return closing(found, at) + 1 if at < len(found) and found[at].matches("(") else at + 1


@dataclass(frozen=True)
class TableText:
    """A table's definition."""

    options: Clauses
    columns: dict[str, Clauses] = field(default_factory=dict)
    indexes: dict[str, Clauses] = field(default_factory=dict)
    """With the parts of the index, in its order, under ``parts``."""
    checks: dict[str, Clauses] = field(default_factory=dict)
    others: tuple[Tokens, ...] = ()
    """Elements of other kinds, such as MariaDB's periods."""
    partitions: dict[str, Tokens] = field(default_factory=dict)


def table_text(text: str) -> TableText:
    """Take ``SHOW CREATE TABLE`` apart."""
    found = tokens(text, executed=True)
    start = next((at for at, token in enumerate(found) if token.matches("(")), len(found) - 1)
    end = closing(found, start)
    options = clauses(found[end + 1 :], TABLE)
    by, pieces = _partitions(options.get("partition by", []))
    table = TableText({**options, "partition by": by}, partitions=pieces)
    others = [element for element in parts(found[start + 1 : end]) if element and not _added(table, element)]
    return TableText(table.options, table.columns, table.indexes, table.checks, tuple(others), pieces)


def _added(table: TableText, element: Tokens) -> bool:
    """Add one element to a table; return whether its kind is known."""
    if element[0].kind is TokenKind.NAME:
        end = _type_ends(element, 1)
        table.columns[_name(element[0])] = {**clauses(element[end:], COLUMN), "type": list(element[1:end])}
        return True
    if element[0].matches("CONSTRAINT") and element[2].matches("CHECK"):
        table.checks[_name(element[1])] = clauses(element[2:], CHECK)
        return True
    at = next((at for at, token in enumerate(element) if token.matches("(")), 0)
    if any(token.matches("FOREIGN") for token in element[:at]):
        return True  # information_schema has all of it
    if any(token.matches("KEY") for token in element[:at]):
        name = _name(element[at - 1]) if element[at - 1].kind is TokenKind.NAME else "PRIMARY"
        end = closing(element, at)
        own = clauses(element[end + 1 :], INDEX)
        table.indexes[name] = {**own, "parts": list(element[at + 1 : end])}
        return True
    return False


def _type_ends(found: Tokens, start: int) -> int:
    """Return where the type that begins at ``start`` ends."""
    at = start + 1
    if at < len(found) and found[at].word == "(":
        at = closing(found, at) + 1
    while at < len(found) and found[at].word in ("UNSIGNED", "ZEROFILL", "PRECISION"):
        at += 1
    return at


def _name(token: Token) -> str:
    """Return a name without its quotes."""
    quote = token.text[0]
    return token.text[1:-1].replace(quote * 2, quote) if token.kind is TokenKind.NAME else token.text


def _partitions(found: Tokens) -> tuple[list[Token], dict[str, Tokens]]:
    """Return by what a table is partitioned, and its partitions by name."""
    start = next(
        (at for at, (a, b) in enumerate(pairwise(found)) if a.matches("(") and b.matches("PARTITION")),
        len(found),
    )
    end = closing(found, start) if start < len(found) else start
    pieces = parts(found[start + 1 : end]) if start < len(found) else []
    return [*found[:start], *found[end + 1 :]], {_name(piece[1]): piece[2:] for piece in pieces if len(piece) > 1}


_ROUTINE = re.compile(
    r"\A(?: RETURNS (?P<returns>[^\n]*))?\n(?P<traits>(?: {4}[^\n]*\n)*)(?P<body>.*)\Z", re.DOTALL
)


@dataclass(frozen=True)
class RoutineText:
    """A routine's definition."""

    parameters: Tokens
    returns: Tokens
    """The type of what a function returns."""
    traits: Clauses
    body: str


def routine_text(text: str, sql_mode: str) -> RoutineText:
    """Take ``SHOW CREATE PROCEDURE`` or ``FUNCTION`` apart; the body stays a text, it may be no SQL."""
    found = tokens(text, sql_mode)
    start = next((at for at, token in enumerate(found) if token.matches("(")), len(found))
    end = closing(found, start)
    match = _ROUTINE.match(text[found[end].end :]) if start < len(found) else None
    if match is None:
        return RoutineText([], [], {}, text)
    own = clauses(tokens(match["traits"]), ROUTINE)
    aggregate = [token for token in found[:start] if token.matches("AGGREGATE")]
    returns = tokens(match["returns"] or "")
    return RoutineText(
        found[start + 1 : end],
        returns[: _type_ends(returns, 0)],
        {**own, OPTIONS: [*aggregate, *own.get(OPTIONS, [])]},
        match["body"],
    )


def after_words(found: Tokens, *words: str) -> Tokens:
    """Return what follows these words, where they first occur in a row; everything when nowhere."""
    for at in range(len(found) - len(words) + 1):
        if all(found[at + i].matches(word) for i, word in enumerate(words)):
            return found[at + len(words) :]
    return found


def trigger_text(text: str, sql_mode: str) -> tuple[Tokens, Tokens]:
    """Return when a trigger acts, beyond what information_schema has, and what it does."""
    found = tokens(text, sql_mode)
    body = after_words(found, "FOR", "EACH", "ROW")
    head = found[: len(found) - len(body)]
    when = (
        after_words(head, "BEFORE")
        if any(token.matches("BEFORE") for token in head)
        else after_words(head, "AFTER")
    )
    end = next((at for at, token in enumerate(when) if token.matches("ON")), 0)
    condition = [token for token in when[:end] if not token.matches("INSERT", "UPDATE", "DELETE")]
    return condition, body[2:] if body and body[0].matches("FOLLOWS", "PRECEDES") else body


def event_body(text: str, sql_mode: str) -> Tokens:
    """Return what an event does."""
    return after_words(tokens(text, sql_mode), "DO")


VIEW = Grammar(
    {
        ("CREATE",): ("", Takes.NOTHING),
        ("ALGORITHM",): ("algorithm", Takes.ONE),
        ("DEFINER",): ("", Takes.ONE),
        ("SQL", "SECURITY"): ("", Takes.ONE),
    }
)


def view_text(text: str) -> Clauses:
    """Take ``SHOW CREATE VIEW`` apart; the query includes the names of the columns where the view gives them."""
    found = tokens(text)
    query = after_words(found, "VIEW")
    head = clauses(found[: len(found) - len(query) - 1], VIEW)
    words = [
        t for t in head.get(OPTIONS, []) if t.kind is not TokenKind.NAME and not t.matches("@")
    ]  # of the definer
    return {**head, OPTIONS: words, "query": list(query[1:])}


def after_name(text: str, *words: str, sql_mode: str = "") -> str:
    """Return what follows an object's name, byte for byte."""
    found = after_words(tokens(text, sql_mode), *words)
    name = 3 if len(found) > 2 and found[1].matches(".") else 1
    return text[found[name - 1].end :] if len(found) >= name else text
