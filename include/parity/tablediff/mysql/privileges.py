"""What a session may see. A server silently hides what a user has no right to; hidden is not equal.

Where the server can prove it, it is asked about an object that does not exist: a user with SELECT on the whole
database gets "does not exist", any other "access denied". The same holds for events. So nothing depends on how
roles, partial revokes, patterns and proxies combine. No statement proves it for triggers and routines; for them
SHOW GRANTS is read, and a line that is not understood proves nothing.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from parity.errors import AccessDenied, NotFound, Terminal
from parity.tablediff.mysql.session import QuerySession

_TOKEN = re.compile(r"`(?:[^`]|``)*`|'(?:[^'\\]|\\.|'')*'|[(),]|[^\s`'(),]+", re.DOTALL)
_DATABASE = re.compile(r"`((?:[^`]|``)+)`\.\*", re.DOTALL)
_ROUTINES = ("SELECT", "SHOW_ROUTINE", "SHOW CREATE ROUTINE")
"""Any one of them, on ``*.*``, shows every routine with its body."""
_ALL = {"ALL", "ALL PRIVILEGES"}
PROOFS: Mapping[str, tuple[str, str]] = {
    "tables": ("SELECT", "SELECT 1 FROM `{}`"),
    "events": ("EVENT", "SHOW CREATE EVENT `{}`"),
}
"""Kind of object → the right on the whole database without which some may be hidden, and the query to prove it."""


@dataclass(frozen=True)
class Privileges:
    """What a user may do on every database, and on the whole of this one."""

    everywhere: frozenset[str] = frozenset()
    here: frozenset[str] = frozenset()
    proven: Mapping[str, bool] = field(default_factory=dict)
    """By kind of object: whether the server showed that none of them is hidden."""
    not_understood: str = ""
    """A line of SHOW GRANTS that was not understood, and might take rights away."""

    def hidden(self, *, named: bool) -> dict[str, str]:
        """Return the kinds of which some may be hidden, and why; tables are not when all are ``named``."""
        found = {kind: _lacks(right) for kind, (right, _) in PROOFS.items() if not self.proven.get(kind)}
        if named:
            found.pop("tables", None)
        if not _has(self.here, "TRIGGER"):
            found["triggers"] = _lacks("TRIGGER")
        if not any(_has(self.everywhere, right) for right in _ROUTINES) and not _has(self.here, "EXECUTE"):
            found["routines"] = "all may be hidden: the user has neither SELECT on *.* nor EXECUTE on the database"
        if self.not_understood:
            why = f"some may be hidden: this line of SHOW GRANTS is not understood: {self.not_understood}"
            found |= {"triggers": why, "routines": why}
        return found


def _lacks(right: str) -> str:
    return f"some may be hidden: the user has no {right} right on the whole database"


def _has(rights: frozenset[str], right: str) -> bool:
    return right in rights or bool(rights & _ALL)


def read_privileges(session: QuerySession) -> Privileges:
    """Read what the current user may do, with the roles that are active."""
    database = str(session.rows("SELECT DATABASE()")[0][0])
    proven = {kind: _proven(session, asked) for kind, (_, asked) in PROOFS.items()}
    lines = [str(row[0]) for row in session.rows(_grants_statement(session))]
    revokes = session.rows("SHOW GLOBAL VARIABLES LIKE 'partial_revokes'")
    return privileges_of(lines, database, proven, literal=[str(value).upper() for _, value in revokes] == ["ON"])


def _proven(session: QuerySession, asked: str) -> bool:
    """Return whether the server says that an object does not exist, rather than that access is denied."""
    try:
        session.rows(asked.format(f"parity {secrets.token_hex(12)}"))
    except NotFound:
        return True
    except AccessDenied:
        return False
    return False


def _grants_statement(session: QuerySession) -> str:
    """Return the statement that shows all rights: MySQL 8 shows a role's only when it is named."""
    with suppress(Terminal):  # MySQL 5.7 has no roles
        role = session.rows("SELECT CURRENT_ROLE()")[0][0]
        if role and "`@`" in str(role):  # MariaDB's roles have no host, and are shown anyway
            return f"SHOW GRANTS FOR CURRENT_USER() USING {role}"
    return "SHOW GRANTS"


@dataclass(frozen=True)
class _Grant:
    """One line of SHOW GRANTS that gives or takes rights on something."""

    verb: str
    rights: frozenset[str]
    """Those on all columns."""
    what: str


def privileges_of(
    grants: Iterable[str], database: str, proven: Mapping[str, bool] | None = None, *, literal: bool = False
) -> Privileges:
    """Sort the rights out of SHOW GRANTS' lines; one on a single table or column counts for nothing here.

    ``literal``: the server takes every name of a database as it stands, as MySQL does under ``partial_revokes``.
    """
    covers = str.__eq__ if literal else _covers
    everywhere: set[str] = set()
    revoked: set[str] = set()
    patterns: dict[str, set[str]] = {}
    not_understood = ""
    for line in grants:
        tokens = [match[0] for match in _TOKEN.finditer(line)]
        grant = _grant(tokens)
        if grant is None:
            not_understood = not_understood or ("" if _gives_no_right(tokens) else line)
        elif grant.what == "*.*":
            everywhere |= grant.rights if grant.verb == "GRANT" else set()
        elif match := _DATABASE.fullmatch(grant.what):
            pattern = match[1].replace("``", "`")
            if grant.verb == "GRANT":
                patterns.setdefault(pattern, set()).update(grant.rights)
            elif covers(pattern, database):
                revoked |= grant.rights
    left = set() if revoked & _ALL else everywhere - revoked
    if revoked and left & _ALL:  # what is left of ALL is not spelled out
        left = set()
    patterns = {pattern: rights for pattern, rights in patterns.items() if covers(pattern, database)}
    return Privileges(
        frozenset(left), frozenset(left | _here(patterns, database)), dict(proven or {}), not_understood
    )


def _here(matching: Mapping[str, set[str]], database: str) -> set[str]:
    """Return the rights that grants on databases with ``matching`` names give on this one.

    Of several patterns that match, the server takes the most specific alone: the name itself, if it is there;
    which of the others it would be is not worked out: only what all of them give counts.
    """
    exact = [rights for pattern, rights in matching.items() if _literal(pattern) == database]
    return set.intersection(*(exact or matching.values())) if matching else set()


def _grant(tokens: list[str]) -> _Grant | None:
    """Return what GRANT … ON … TO … and REVOKE … ON … FROM … say; None for any other line."""
    if not tokens or tokens[0] not in ("GRANT", "REVOKE"):
        return None
    words, end = list(_outside(tokens[1:])), {"GRANT": "TO", "REVOKE": "FROM"}[tokens[0]]
    if "ON" not in words or end not in words[words.index("ON") :]:
        return None
    on = words.index("ON")
    what = "".join(words[on + 1 : words.index(end, on)])
    rights = " ".join(words[:on]).upper().split(" , ")
    return _Grant(tokens[0], frozenset(right for right in rights if "(" not in right), what)


def _outside(tokens: Iterable[str]) -> Iterator[str]:
    """Yield the tokens outside parentheses, and one that marks where there are some."""
    depth = 0
    for token in tokens:
        depth += (token == "(") - (token == ")")
        if token == "(" and depth == 1:
            yield "("
        elif depth == 0 and token != ")":
            yield token


def _gives_no_right(tokens: list[str]) -> bool:
    """Return whether a line grants a role, or sets the default one: neither takes anything away."""
    return tokens[:3] == ["SET", "DEFAULT", "ROLE"] or (
        len(tokens) > 2 and tokens[0] == "GRANT" and tokens[1][0] in "`'" and "TO" in tokens
    )


def _parts(pattern: str) -> list[str]:
    return re.findall(r"\\.|.", pattern, re.DOTALL)


def _literal(pattern: str) -> str:
    """Return the name that a pattern stands for when every character of it is taken as it is."""
    return "".join(part[-1] for part in _parts(pattern))


def _covers(pattern: str, database: str) -> bool:
    """Return whether a grant's pattern, in which % and _ are wildcards unless escaped, covers the database."""
    wild = {"%": ".*", "_": "."}
    expression = "".join(wild.get(part, re.escape(part[-1])) for part in _parts(pattern))
    return re.fullmatch(expression, database, re.DOTALL) is not None
