"""What a suite's Athena query reads and returns, as far as its text alone says so.

Where the text does not say it for certain, the answer is None, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\*.*?\*/ )
  | (?P<text> '(?:[^']|'')*' )
  | (?P<quoted> "(?:[^"]|"")*" | `[^`]*` )
  | (?P<word> [A-Za-z_][A-Za-z0-9_$]* )
  | (?P<number> \d[\w.]* )
  | (?P<sign> \S )
    """,
    re.VERBOSE | re.DOTALL,
)
_END_OF_LIST = frozenset(
    {"from", "where", "union", "intersect", "except", "group", "having", "order", "limit", "window"}
)
_AFTER_TABLES = frozenset({"where", "group", "having", "order", "limit", "offset", "fetch", "window"}) | frozenset(
    {"union", "intersect", "except"}
)
"""Words behind which a comma separates no tables."""
_NO_NAME = frozenset({"end", "null", "true", "false", "current_date", "current_timestamp"})
"""Words that end an expression and do not name it."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    depth: int

    @property
    def word(self) -> str:
        """Return a bare word in lower case, or an empty text."""
        return self.text.lower() if self.kind == "word" else ""

    @property
    def name(self) -> str:
        """Return an identifier as Athena stores it, or an empty text."""
        if self.kind == "quoted":
            quote = self.text[0]
            return self.text[1:-1].replace(quote * 2, quote).lower()
        return self.word


@dataclass(frozen=True)
class TableName:
    """A table as a query names it; an empty part means the default."""

    table: str
    database: str = ""
    catalog: str = ""

    def __str__(self) -> str:
        return ".".join(filter(None, (self.catalog, self.database, self.table)))


@dataclass(frozen=True)
class Query:
    """What the text of a query shows."""

    tables: tuple[TableName, ...]
    columns: tuple[str, ...] | None
    """Names in lower case; None when the text does not show all of them. ``*`` stands for all of its one table."""
    reads: tuple[str, ...] = ()
    """Columns that it returns as they are; known to be the table's where the query has one table and no other."""

    def columns_with(self, tables: Mapping[TableName, Sequence[str]]) -> tuple[str, ...] | None:
        """Return the names with ``*`` replaced by its table's columns, or None when they are not known."""
        if self.columns is None or "*" not in self.columns:
            return self.columns
        of_star = tables.get(self.tables[0]) if len(self.tables) == 1 else None
        if of_star is None:
            return None
        return tuple(name for one in self.columns for name in (of_star if one == "*" else (one,)))


def read_query(sql: str) -> Query:
    """Read the tables and the names of the output columns of one SELECT, WITH … SELECT or union of them."""
    tokens = list(_tokens(sql))
    defined = set(_defined(tokens))
    tables = tuple(dict.fromkeys(t for t in _tables(tokens) if t.database or t.table not in defined))
    flat = len(tables) == 1 and sum(token.word == "select" for token in tokens) == 1
    reads = tuple(filter(None, map(_source, _items_of(tokens)))) if flat else ()
    return Query(tables, _columns(tokens, derived=bool(defined)), reads)


def _tokens(sql: str) -> Iterator[_Token]:
    depth = 0
    for found in _TOKEN.finditer(sql):
        kind = found.lastgroup or ""
        if kind == "comment":
            continue
        depth -= found[0] == ")"
        yield _Token(kind, found[0], depth)
        depth += found[0] == "("


def _defined(tokens: Sequence[_Token]) -> Iterator[str]:
    """Yield the names that a WITH gives to its queries."""
    if not any(token.word == "with" for token in tokens):
        return
    for before, name, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        opens = before.word in ("with", "recursive") or before.text == ","
        if opens and name.name and (after.word == "as" or after.text == "("):
            yield name.name


def _tables(tokens: Sequence[_Token]) -> Iterator[TableName]:
    """Yield what follows FROM and JOIN; the FROM inside ``extract(… FROM …)`` has no SELECT on its level."""
    selects: set[int] = set()
    listing: set[int] = set()
    for at, token in enumerate(tokens):
        if token.text == ")":
            selects.discard(token.depth + 1)
            listing.discard(token.depth + 1)
        if token.word == "select":
            selects.add(token.depth)
        if token.word in _AFTER_TABLES:
            listing.discard(token.depth)
        follows = token.word == "from" and token.depth in selects and not _distinct_from(tokens, at)
        if follows:
            listing.add(token.depth)
        comma = token.text == "," and token.depth in listing
        if (follows or comma or token.word == "join") and (found := _table_at(tokens, at + 1)):
            yield found


def _distinct_from(tokens: Sequence[_Token], at: int) -> bool:
    return at > 0 and tokens[at - 1].word == "distinct"


def _table_at(tokens: Sequence[_Token], at: int) -> TableName | None:
    parts: list[str] = []
    while at < len(tokens) and tokens[at].name and len(parts) < 3:
        parts.append(tokens[at].name)
        if at + 1 < len(tokens) and tokens[at + 1].text == ".":
            at += 2
            continue
        called = at + 1 < len(tokens) and tokens[at + 1].text == "("
        return None if called or parts[0] in ("lateral", "unnest") else TableName(*reversed(parts))
    return None


def _columns(tokens: Sequence[_Token], *, derived: bool) -> tuple[str, ...] | None:
    """Return the names of the first SELECT outside brackets, which names the output of a union."""
    names: list[str] = []
    items = _items_of(tokens)
    for item in items:
        name = _output_name(item)
        if name is None or (name == "*" and derived):
            return None
        names.append(name)
    return tuple(names) if items else None


def _source(item: Sequence[_Token]) -> str:
    """Return the column that an item is, under whatever name; empty for an expression."""
    if not all(token.name or token.text == "." for token in item):
        return ""
    path = [token.name for token in item if token.text != "."]
    renamed = len(item) > 2 and item[-2].word == "as"
    if renamed:
        path = path[:-2]
    dots = sum(token.text == "." for token in item)
    whole = len(path) == dots + 1 and path[-1] not in _NO_NAME
    return path[-1] if whole else ""


def _items_of(tokens: Sequence[_Token]) -> list[list[_Token]]:
    """Return the items of the first SELECT outside brackets."""
    start = next((at for at, token in enumerate(tokens) if token.depth == 0 and token.word == "select"), None)
    return [] if start is None else list(_items(tokens[start + 1 :]))


def _items(tokens: Sequence[_Token]) -> Iterator[list[_Token]]:
    item: list[_Token] = []
    for token in tokens:
        if token.depth == 0 and token.word in _END_OF_LIST and not (item and item[-1].word == "distinct"):
            break
        if token.depth == 0 and token.text == ",":
            yield item
            item = []
        elif not (token.word in ("distinct", "all") and not item):
            item.append(token)
    yield item


def _output_name(item: Sequence[_Token]) -> str | None:
    if not item:
        return None
    last, before = item[-1], item[-2] if len(item) > 1 else None
    if last.text == "*":
        return "*" if before is None or before.text == "." else None
    if not last.name or last.depth or last.word in _NO_NAME:
        return None
    named = before is None or before.text in (".", ")") or before.kind in ("word", "quoted", "text", "number")
    return last.name if named else None
