"""Text to tree.

A value is an expression when it starts with ``@``; ``@@`` stands for a plain ``@``; and ``@{…}`` anywhere in a
text is replaced by the value of what is inside. The grammar is small::

    expression := (literal | name | name '(' [expression {',' expression}] ')') {accessor}
    accessor   := '.' name | '?.' name | '[' expression ']' | '?[' expression ']'
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from parity_sandbox.azure.adf.expressions.errors import ExpressionError

TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?)|'(?P<text>(?:[^']|'')*)'|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<mark>\?\.|\?\[|[().,\[\]{}]))\s*"
)
CONSTANTS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True)
class Literal:
    """A value as it is written."""

    value: Any


@dataclass(frozen=True)
class Call:
    """A function and its arguments."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Access:
    """One property or element of a value; ``safe`` (``?``) makes what is absent null."""

    of: Node
    key: Node
    safe: bool


@dataclass(frozen=True)
class Join:
    """A text with values in between."""

    parts: tuple[Node, ...]


Node = Literal | Call | Access | Join


@dataclass(frozen=True)
class Token:
    """One word of an expression."""

    kind: str
    text: str


@dataclass
class Parser:
    """Reads ``text`` from ``at``, one token ahead."""

    text: str
    at: int = 0

    def next(self) -> Token:
        """Return the next token and step over it."""
        match = TOKEN.match(self.text, self.at)
        if match is None or match.lastgroup is None:
            raise ExpressionError(f"Unable to parse expression '{self.text}': position {self.at}.")
        self.at = match.end()
        return Token(match.lastgroup, match[match.lastgroup])

    def peek(self) -> str:
        """Return the mark that comes next, or an empty string."""
        match = TOKEN.match(self.text, self.at)
        return match["mark"] or "" if match else ""

    def expect(self, mark: str) -> None:
        """Step over ``mark``."""
        if self.peek() != mark:
            raise ExpressionError(f"Unable to parse expression '{self.text}': expected '{mark}' at {self.at}.")
        self.next()

    def expression(self) -> Node:
        """Read one expression with its accessors."""
        node = self._primary(self.next())
        while (mark := self.peek()) in {".", "?.", "[", "?["}:
            self.next()
            node = Access(node, self._key(mark), mark.startswith("?"))
        return node

    def _primary(self, token: Token) -> Node:
        if token.kind == "number":
            return Literal(float(token.text) if "." in token.text else int(token.text))
        if token.kind == "text":
            return Literal(token.text.replace("''", "'"))
        if token.kind == "name" and self.peek() == "(":
            return Call(token.text, self._arguments())
        if token.text.lower() in CONSTANTS:
            return Literal(CONSTANTS[token.text.lower()])
        raise ExpressionError(f"Unable to parse expression '{self.text}': '{token.text}' is not expected.")

    def _arguments(self) -> tuple[Node, ...]:
        self.expect("(")
        found: list[Node] = []
        while self.peek() != ")":
            if found:
                self.expect(",")
            found.append(self.expression())
        self.expect(")")
        return tuple(found)

    def _key(self, mark: str) -> Node:
        if mark.endswith("["):
            key = self.expression()
            self.expect("]")
            return key
        token = self.next()
        if token.kind != "name":
            raise ExpressionError(f"Unable to parse expression '{self.text}': a name must follow '{mark}'.")
        return Literal(token.text)


def parse(text: str) -> Node:
    """Return the tree of a whole value, expression or plain text."""
    if text.startswith("@@"):
        return Literal(text[1:])
    if text.startswith("@") and not text.startswith("@{"):
        return _whole(text)
    return _interpolation(text)


def _whole(text: str) -> Node:
    parser = Parser(text, 1)
    node = parser.expression()
    if parser.at != len(text):
        raise ExpressionError(f"Unable to parse expression '{text}': unexpected text at position {parser.at}.")
    return node


def _interpolation(text: str) -> Node:
    parts: list[Node] = []
    at = 0
    while (start := text.find("@{", at)) >= 0:
        if text[start - 1 : start] == "@":  # @@{ is a plain @{
            parts.append(Literal(text[at : start - 1] + "@{"))
            at = start + 2
            continue
        parser = Parser(text, start + 2)
        parts += [Literal(text[at:start]), parser.expression()]
        if parser.peek() != "}":
            raise ExpressionError(f"Unable to parse expression '{text}': expected '}}' at {parser.at}.")
        at = text.index("}", parser.at) + 1
    return Join((*parts, Literal(text[at:]))) if parts else Literal(text)
