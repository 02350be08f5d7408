"""One expression as MySQL and as MariaDB print it: without parentheses that change nothing. Pure.

MySQL prints parentheses round every operation, MariaDB only where it needs them.

A pair is dropped only where the text without it is read the same way: what it holds binds tighter than what stands
on either side, or as tight and is then read from the left. Whatever is not understood keeps its parentheses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from parity.sql.mysql_tokens import Token, TokenKind, Tokens, closing

_LOOSEST, _COMPARES, _TIGHTEST = 0, 5, 99
_BINARY: Mapping[str, int] = {
    "OR": 1,
    "XOR": 2,
    "AND": 3,
    **dict.fromkeys(("=", "<=>", ">=", ">", "<=", "<", "<>", "!="), _COMPARES),
    **dict.fromkeys(("IS", "LIKE", "REGEXP", "RLIKE", "IN", "BETWEEN"), _COMPARES),
    "|": 6,
    "&": 7,
    "<<": 8,
    ">>": 8,
    "+": 9,
    "-": 9,
    "*": 10,
    "/": 10,
    "DIV": 10,
    "%": 10,
    "MOD": 10,
    "^": 11,
}
"""How tight an operator binds, on both servers alike."""
_NOT, _SIGN = 4, 12
_FROM_THE_LEFT = frozenset({1, 2, 3, 9, 10})
_EITHER_WAY = frozenset({1, 3})
"""AND and OR: it makes no difference which of several comes first."""
_CLAUSES = """
select where on having by when then else case end as using from group order limit asc desc separator union join
left right inner cross straight_join with ,
"""
_BETWEEN_EXPRESSIONS = frozenset(_CLAUSES.upper().split())
_OPENS_A_GROUP = _BETWEEN_EXPRESSIONS - {"AS", "USING", "FROM", "JOIN", "STRAIGHT_JOIN", "WITH", "UNION"} | (
    _BINARY.keys() | {"NOT", "~"}
) - {"IN"}
"""What stands before parentheses that hold an operand; after any other word they are a call's or a list."""


class _Node(NamedTuple):
    """One operand, one operator, or one word between expressions; with how tight it binds."""

    tokens: list[Token]
    binds: int | None
    """None for an operand."""
    group: bool = False
    """Parentheses that hold an operand alone."""


def unbracketed(found: Tokens) -> list[Token]:
    """Return the tokens without the parentheses that change nothing, and MOD as ``%``."""
    nodes = _prefixed(_nodes(found))
    written: list[Token] = []
    for at, node in enumerate(nodes):
        left, right = (_binds(nodes, at + step) for step in (-1, 1))
        bare = node.group and _redundant(node.tokens[1:-1], left, right)
        written += node.tokens[1:-1] if bare else node.tokens
    return written


def _prefixed(nodes: list[_Node]) -> list[_Node]:
    """Write ``NOT a LIKE b`` for ``a NOT LIKE b``, where nothing but AND, OR or a clause stands before it."""
    found: list[_Node] = []
    for node in nodes:
        before = found[-2].binds if len(found) > 1 else _LOOSEST
        negated = len(node.tokens) == 2 and node.tokens[0].matches("NOT") and node.binds == _COMPARES
        if negated and found and before is not None and before < _NOT:
            found[-1:] = [_Node(node.tokens[:1], _NOT), found[-1], node._replace(tokens=node.tokens[1:])]
        else:
            found.append(node)
    return found


def _redundant(inside: list[Token], left: int, right: int) -> bool:
    nodes = _nodes(inside)
    operators = [node.binds for node in nodes if node.binds is not None]
    loosest = min(operators, default=_TIGHTEST)
    between_two = [binds for binds in operators if binds not in (_NOT, _SIGN)]
    if loosest == _LOOSEST or len(nodes) - len(operators) != len(between_two) + 1:  # words that are not understood
        return False
    if loosest != max(left, right):
        return loosest > max(left, right)
    return loosest in _EITHER_WAY or (loosest in _FROM_THE_LEFT and left < loosest)


def _binds(nodes: list[_Node], at: int) -> int:
    if not 0 <= at < len(nodes):
        return _LOOSEST
    binds = nodes[at].binds
    return _TIGHTEST if binds is None else binds  # beside another operand: not understood


def _nodes(found: Tokens) -> list[_Node]:
    """Cut an expression into operands and operators; what stands in parentheses or CASE is one operand."""
    nodes: list[_Node] = []
    at = between = 0
    while at < len(found):
        token, behind = found[at], bool(nodes) and nodes[-1].binds is None
        after = found[at + 1] if at + 1 < len(found) else _NOTHING
        if token.word in _SYNONYMS and after.matches("("):
            token = token._replace(text=_SYNONYMS[token.word])
        if token.matches("AND") and between:
            node, between = _Node([token], _COMPARES), between - 1
        elif (token.matches("NOT") and behind and after.word in _BINARY) or (
            token.matches("IS") and after.matches("NOT")
        ):
            node = _Node([token, after], _COMPARES)
        elif token.matches("NOT") and not behind:
            node = _Node([token], _NOT)
        elif token.matches("-", "~") and not behind:
            node = _Node([token], _SIGN)
        elif token.word in _BINARY and behind:
            node = _Node([_PERCENT if token.matches("MOD") else token], _BINARY[token.word])
        elif token.word in _BETWEEN_EXPRESSIONS - {"CASE"}:
            node = _Node([token], _LOOSEST)
        else:
            opens = token.matches("(") and (not nodes or nodes[-1].tokens[-1].word in _OPENS_A_GROUP)
            end = _operand_ends(found, at)
            nodes.append(_Node(_without_inner([token, *found[at + 1 : end]]), None, group=opens and end - at > 2))
            at = end
            continue
        between += any(t.matches("BETWEEN") for t in node.tokens)
        nodes.append(node)
        at += len(node.tokens)
    return nodes


_SYNONYMS: Mapping[str, str] = {
    **dict.fromkeys(("UCASE", "UPPER"), "upper"),
    **dict.fromkeys(("LCASE", "LOWER"), "lower"),
    **dict.fromkeys(("MID", "SUBSTRING", "SUBSTR"), "substr"),
    **dict.fromkeys(("CHARACTER_LENGTH", "CHAR_LENGTH"), "char_length"),
    **dict.fromkeys(("OCTET_LENGTH", "LENGTH"), "length"),
    **dict.fromkeys(("CEILING", "CEIL"), "ceiling"),
    **dict.fromkeys(("POWER", "POW"), "pow"),
}
"""Functions with two names on both servers."""
_NOTHING = Token(TokenKind.MARK, "")
_PERCENT = Token(TokenKind.MARK, "%", word="%")


def _operand_ends(found: Tokens, at: int) -> int:
    """Return where the operand at ``at`` ends: parentheses, CASE … END, INTERVAL, a call, or a name with dots."""
    if found[at].matches("("):
        return closing(found, at) + 1
    if found[at].matches("CASE"):
        return _case_ends(found, at)
    if found[at].matches("INTERVAL") and at + 2 < len(found) and not found[at + 1].matches("("):
        return at + 3
    end = at + 1
    while end + 1 < len(found) and found[end].matches("."):
        end += 2
    if end < len(found) and found[end].matches("(") and found[end - 1].kind is TokenKind.WORD:
        return closing(found, end) + 1
    introduced = found[at].text.startswith("_") and end < len(found) and found[end].kind is TokenKind.LITERAL
    return end + introduced


def _case_ends(found: Tokens, start: int) -> int:
    depth = 0
    for at in range(start, len(found)):
        depth += found[at].matches("CASE") - found[at].matches("END")
        if depth == 0:
            return at + 1
    return len(found)


def _without_inner(operand: Tokens) -> list[Token]:
    """Return an operand with what stands inside it written without parentheses that change nothing."""
    start = next((at for at, token in enumerate(operand) if token.matches("(", "CASE")), len(operand))
    if start + 1 >= len(operand):
        return list(operand)
    return [*operand[: start + 1], *unbracketed(operand[start + 1 : -1]), operand[-1]]
