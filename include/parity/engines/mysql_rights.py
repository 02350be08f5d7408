"""What a session may see. A server hides what a user has no right to, without a word; hidden is not equal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from parity.errors import Terminal

_GRANT = re.compile(r"GRANT (?P<rights>.+?) ON (?P<what>.+?) TO ", re.DOTALL)
_DATABASE = re.compile(r"`((?:[^`]|``)+)`\.\*")
_COLUMNS = re.compile(r"\([^)]*\)")
_ROUTINES = ("SELECT", "SHOW_ROUTINE", "SHOW CREATE ROUTINE")
"""Any one of them, on ``*.*``, shows every routine with its body."""
NEEDED: Mapping[str, str] = {"tables": "SELECT", "views": "SHOW VIEW", "triggers": "TRIGGER", "events": "EVENT"}
"""Kind of object, and the right on the whole database without which some may be hidden."""


class Asking(Protocol):
    """What is needed of a session."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return all rows of a statement."""


@dataclass(frozen=True)
class Rights:
    """What a user may do on every database, and on the whole of this one."""

    everywhere: frozenset[str]
    here: frozenset[str]

    def hidden(self, *, named: bool) -> dict[str, str]:
        """Return the kinds of which some may be hidden, and why; tables are not when all are ``named``."""
        kinds = {kind: right for kind, right in NEEDED.items() if not (named and kind == "tables")}
        found = {
            kind: f"some may be hidden: the user has no {right} right on the whole database"
            for kind, right in kinds.items()
            if not _has(self.here, right)
        }
        if not any(_has(self.everywhere, right) for right in _ROUTINES) and not _has(self.here, "EXECUTE"):
            found["routines"] = "all may be hidden: the user has neither SELECT on *.* nor EXECUTE on the database"
        return found


def _has(rights: frozenset[str], right: str) -> bool:
    return right in rights or "ALL PRIVILEGES" in rights or "ALL" in rights


def read_rights(session: Asking) -> Rights:
    """Ask what the current user may do, with the roles that are active."""
    database = str(session.rows("SELECT DATABASE()")[0][0])
    return rights_of((str(row[0]) for row in session.rows(_question(session))), database)


def _question(session: Asking) -> str:
    """Return the statement that shows all rights: MySQL 8 shows a role's only when it is named."""
    with suppress(Terminal):  # MySQL 5.7 has no roles
        role = session.rows("SELECT CURRENT_ROLE()")[0][0]
        if role and "`@`" in str(role):  # MariaDB's roles have no host, and are shown anyway
            return f"SHOW GRANTS FOR CURRENT_USER() USING {role}"
    return "SHOW GRANTS"


def rights_of(grants: Iterable[str], database: str) -> Rights:
    """Sort the rights out of SHOW GRANTS' lines; one on a single table or column counts for nothing here."""
    everywhere: set[str] = set()
    here: set[str] = set()
    for grant in grants:
        match = _GRANT.match(grant)
        if match is None:
            continue
        rights = {r.strip().upper() for r in _COLUMNS.sub("(", match["rights"]).split(",")}
        if match["what"] == "*.*":
            everywhere |= rights
        elif _covers(match["what"], database):
            here |= rights
    return Rights(frozenset(everywhere), frozenset(everywhere | here))


def _covers(what: str, database: str) -> bool:
    """Tell whether a grant's pattern, in which % and _ stand for others unless escaped, is the whole database."""
    match = _DATABASE.fullmatch(what)
    if match is None:
        return False
    parts = re.findall(r"\\.|.", match[1].replace("``", "`"), re.DOTALL)
    wild = {"%": ".*", "_": "."}
    return re.fullmatch("".join(wild.get(p, re.escape(p[-1])) for p in parts), database) is not None
