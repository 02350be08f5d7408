"""The definition of one object, as ``SHOW CREATE`` prints it."""

from __future__ import annotations

import hashlib
import re
from typing import Protocol

from parity.errors import Terminal

_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")


class Asking(Protocol):
    """What is needed of a session."""

    def texts(self, sql: str) -> list[dict[str, str | None]]:
        """Return rows by lower-case column name, with bytes that are no UTF-8 shown as escapes."""


def created(session: Asking, what: str, name: str) -> str:
    """Return an object's definition; raises Terminal when the server keeps it from the user."""
    quoted = name.replace("`", "``")
    found = session.texts(f"SHOW CREATE {what.upper()} `{quoted}`")
    columns = [f"create {what}", "sql original statement", "create table"]
    text = next((row[column] for row in found for column in columns if row.get(column)), None)
    if text is None:
        raise Terminal("The server keeps it from the user.")
    if text.startswith("CREATE TEMPORARY "):
        raise Terminal("In this session a temporary table has its name, and would be read in its place.")
    return text


def mark_of(text: str) -> str:
    """Return what identifies a table's definition, but for its name, its counter and its partitions.

    A server that folds names prints the one that it was asked for; the others move with the rows.
    """
    elements, _, options = text.partition(" (\n")[2].rpartition("\n) ")
    lines = (elements, _COUNTER.sub("", options.partition("\n")[0]))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
