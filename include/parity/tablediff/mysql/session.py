"""What is needed of a session, and the definition of one object as ``SHOW CREATE`` prints it."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Protocol

from parity.errors import Terminal

_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")


class QuerySession(Protocol):
    """What is needed of a session; :class:`parity.clients.mysql.MySQLSession` is one."""

    def rows(self, sql: str, arguments: tuple[Any, ...] | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of a statement."""

    def dicts(self, sql: str, arguments: tuple[Any, ...] | None = None) -> list[dict[str, Any]]:
        """Return all rows by lower-case column name."""

    def texts(self, sql: str) -> list[dict[str, str | None]]:
        """Return all rows by lower-case column name, as text; a byte that is no UTF-8 is shown as an escape."""


def show_create(session: QuerySession, kind: str, name: str) -> str:
    """Return an object's definition; raises Terminal when the server hides it from the user."""
    quoted = name.replace("`", "``")
    found = session.texts(f"SHOW CREATE {kind.upper()} `{quoted}`")
    columns = [f"create {kind}", "sql original statement", "create table"]
    text = next((row[column] for row in found for column in columns if row.get(column)), None)
    if text is None:
        raise Terminal("The server hides it from the user.")
    if text.startswith("CREATE TEMPORARY "):
        raise Terminal("In this session a temporary table has its name, and would be read in its place.")
    return text


def definition_hash(text: str) -> str:
    """Return what identifies a table's definition, but for its name, its counter and its partitions.

    A server that folds names prints the one that it was asked for; the others move with the rows.
    """
    elements, _, options = text.partition(" (\n")[2].rpartition("\n) ")
    lines = (elements, _COUNTER.sub("", options.partition("\n")[0]))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
