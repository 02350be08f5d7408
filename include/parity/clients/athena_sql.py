"""Statements for Athena: named parameters become execution parameters, a query becomes an UNLOAD.

A suite's SQL has ``:business_date``. Athena has ``?`` only, and documents it for WHERE only
("Use parameterized queries": SELECT ?, and so on, is not supported); UNLOAD takes it too. So a name in a WHERE
becomes ``?`` with a typed literal as its execution parameter, and anywhere else the typed literal itself, such
as ``DATE '2026-03-02'``. The text is read token by token: strings, quoted names and comments are never touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from parity.errors import BadInput
from parity.wording import did_you_mean

Value = str | int | Decimal | bool | date | datetime | None

_TOKEN = re.compile(
    r"""
      (?P<string>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*"|`[^`]*`)
    | (?P<comment>--[^\n]*|/\*.*?\*/)
    | (?P<space>\s+)
    | (?P<name>(?<![:\w]):[A-Za-z_]\w*)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<open>\()
    | (?P<close>\))
    | (?P<mark>\?)
    | (?P<end>;)
    | (?P<torn>['"`]|/\*)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_CLAUSES = frozenset(
    {"select", "from", "where", "group", "having", "order", "on", "window", "union", "except", "intersect"}
)


@dataclass(frozen=True)
class Statement:
    """A statement with ``?``, and the literals for them in order."""

    sql: str
    parameters: tuple[str, ...] = ()

    @property
    def request(self) -> dict[str, Any]:
        """Return it as AthenaRuns takes it."""
        return {"sql": self.sql, "parameters": list(self.parameters)}


def bind(sql: str, values: Mapping[str, Value]) -> Statement:
    """Return one statement without its final semicolon, each ``:name`` bound to its value.

    BadInput for an unknown name, a ``?`` of the author's own, an open quote or a second statement.
    """
    binder = _Binder(values)
    for token in _TOKEN.finditer(sql):
        binder.take(str(token.lastgroup), token.group(), sql.count("\n", 0, token.start()) + 1)
    return Statement("".join(binder.text).rstrip(), tuple(binder.parameters))


def unload(query: Statement, destination: str) -> Statement:
    """Return the UNLOAD of ``query`` to Snappy Parquet under ``destination``, an empty s3:// folder."""
    if not destination.startswith("s3://") or not destination.endswith("/"):
        raise BadInput(f"{destination!r} is not a folder to unload to.", remedy="Write s3://bucket/folder/.")
    options = "WITH (format = 'PARQUET', compression = 'SNAPPY')"
    # The line break before the bracket ends a comment on the query's last line.
    return Statement(f"UNLOAD (\n{query.sql}\n)\nTO {literal(destination)}\n{options}", query.parameters)


def without_rows(query: Statement) -> Statement:
    """Return a query with the same columns and no rows."""
    return Statement(f"SELECT * FROM (\n{query.sql}\n) LIMIT 0", query.parameters)


def literal(value: Value) -> str:
    """Return a value as a typed literal."""
    for kind, render in _LITERALS:
        if isinstance(value, kind):
            return render(value)
    raise BadInput(f"A parameter cannot be of type {type(value).__name__}.", remedy="Use text, numbers or dates.")


_LITERALS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (type(None), lambda _: "NULL"),
    (bool, lambda value: "TRUE" if value else "FALSE"),
    (int, str),
    (Decimal, lambda value: f"DECIMAL '{value:f}'"),
    (datetime, lambda value: f"TIMESTAMP '{value.replace(tzinfo=None).isoformat(' ', 'microseconds')}'"),
    (date, lambda value: f"DATE '{value.isoformat()}'"),
    (str, lambda value: "'" + value.replace("'", "''") + "'"),
)
"""In this order: a bool is an int and a datetime is a date."""


@dataclass
class _Binder:
    """Rewrites a statement token by token, and tracks the clause."""

    values: Mapping[str, Value]
    text: list[str] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    clauses: list[str] = field(default_factory=lambda: [""])
    ended: bool = False

    def take(self, kind: str, token: str, line: int) -> None:
        if kind == "end":
            self.ended = True
            return
        if self.ended and kind not in ("space", "comment"):
            raise BadInput(f"Line {line}: there is a second statement.", remedy="Keep one query per file.")
        handler = getattr(self, f"_take_{kind}", None)
        self.text.append(handler(token, line) if handler else token)

    def _take_name(self, token: str, line: int) -> str:
        name = token[1:]
        if name not in self.values:
            remedy = did_you_mean(name, self.values)
            raise BadInput(f"Line {line}: nothing is bound to {token}.", remedy=remedy)
        rendered = literal(self.values[name])
        if self.clauses[-1] != "where":
            return rendered
        self.parameters.append(rendered)
        return "?"

    def _take_word(self, token: str, line: int) -> str:
        if token.lower() in _CLAUSES:
            self.clauses[-1] = token.lower()
        return token

    def _take_open(self, token: str, line: int) -> str:
        self.clauses.append(self.clauses[-1])
        return token

    def _take_close(self, token: str, line: int) -> str:
        if len(self.clauses) == 1:
            raise BadInput(f"Line {line}: this bracket closes nothing.")
        self.clauses.pop()
        return token

    def _take_mark(self, token: str, line: int) -> str:
        raise BadInput(f"Line {line}: ? has no name.", remedy="Write :business_date.")

    def _take_torn(self, token: str, line: int) -> str:
        raise BadInput(f"Line {line}: what {token} opens is never closed.")
