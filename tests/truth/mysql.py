"""MySQL 9.7: the tests of two databases on two such servers and beside MariaDB, and what rights really show.

A server hides what a user may not see. Here a user with rights of many kinds counts what it is shown, and Parity
must have said of each kind that is not whole that it may be hidden; more may be suspected, never less.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from mysql_servers import MIXED, MYSQL, TwoDatabases
from parity import errors
from parity.clients.mysql import Address, MySQLSession, connect
from parity.errors import CouldNotCompare
from parity.tablediff.mysql import privileges
from truth import records
from truth.engines import ROOT, Outcome, tested

RIGHTS, VARIABLES = "mysql97_rights", "mysql97_variables"
TESTS = (
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "tests/integration").glob("test_mysql*.py"))),
    "tests/integration/test_history_servers.py",
    "tests/integration/test_canonical_text.py::test_mariadb_writes_every_value_as_the_reference_does",
    "tests/features/test_databases.py",
    "tests/features/test_database_night.py",
)


def ask() -> list[Outcome]:
    """Ask two MySQL servers, then one beside MariaDB; record rights, variables and definitions."""
    two = TwoDatabases("ledger", Path(), family=MYSQL)
    two.fresh()
    version = _variables(two)
    found = [_rights(two, version)]
    for server in two.servers:
        server.stop()
    for family, name in ((MYSQL, "MySQL"), (MIXED, "MariaDB beside MySQL")):
        setting = {"PARITY_TEST_MYSQL": family, "PARITY_RECORD": "1"}
        found.append(tested(name, version, setting, "-p", "no:randomly", "-k", "not postgresql", *TESTS))
    return found


def _variables(two: TwoDatabases) -> str:
    """Record the names of all variables that a session has a value of its own for; return the server's version."""
    session = connect(two.job().connections.legacy)
    names = sorted(str(name).lower() for name, _ in session.rows("SHOW SESSION VARIABLES"))
    [(version,)] = session.rows("SELECT VERSION()")
    own = [name for name in names if _of_session(session, name)]
    session.close()
    records.write(VARIABLES, "MySQL", str(version), {"session": own})
    return str(version)


def _of_session(session: MySQLSession, name: str) -> bool:
    try:
        session.rows(f"SELECT @@SESSION.{name}")
    except CouldNotCompare:  # "is a GLOBAL variable"
        return False
    return True


SCHEMA = """
CREATE TABLE entries (id INT PRIMARY KEY, amount INT);
CREATE TABLE others (id INT PRIMARY KEY);
CREATE VIEW seen AS SELECT id FROM entries;
CREATE TRIGGER stamp BEFORE INSERT ON entries FOR EACH ROW SET NEW.amount = 1;
CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2;
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 03:00:00' DISABLE DO DELETE FROM entries
"""
SHOWN: Mapping[str, str] = {
    "tables": "SELECT table_name FROM information_schema.tables WHERE table_schema = 'ledger'",
    "triggers": "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = 'ledger'",
    "events": "SELECT event_name FROM information_schema.events WHERE event_schema = 'ledger'",
    "routines": "SELECT routine_name FROM information_schema.routines WHERE routine_schema = 'ledger'",
}
"""Kind of object → what lists those that are shown."""


@dataclass(frozen=True)
class Grants:
    """What a user is given; ``admin`` statements run before, and ``undo`` ends what they set for everybody."""

    grants: tuple[str, ...]
    """``{u}`` is the user."""
    admin: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()


def _user(*grants: str) -> Grants:
    return Grants(grants)


_ALL = "SELECT, SHOW VIEW, TRIGGER, EVENT"
_REVOKING = ("SET GLOBAL partial_revokes = ON",), ("SET GLOBAL partial_revokes = OFF",)
_ROLE = ("CREATE ROLE reader", f"GRANT {_ALL} ON *.* TO reader")
_NO_ROLE = ("DROP ROLE IF EXISTS reader, inner_role",)
_PARTS = ("SELECT", "SHOW VIEW", "TRIGGER", "EVENT", "EXECUTE")
CASES: Mapping[str, Grants] = {
    "all that is needed": _user(f"GRANT {_ALL} ON *.* TO {{u}}"),
    "all privileges": _user("GRANT ALL ON *.* TO {u}"),
    "all privileges of the database": _user("GRANT ALL ON ledger.* TO {u}"),
    "all privileges of a table": _user("GRANT ALL ON ledger.entries TO {u}"),
    **{
        f"everywhere without {left_out}": _user(
            f"GRANT {', '.join(part for part in _PARTS if part != left_out)} ON *.* TO {{u}}"
        )
        for left_out in _PARTS
    },
    **{
        f"on the database without {left_out}": _user(
            f"GRANT {', '.join(part for part in _PARTS if part != left_out)} ON ledger.* TO {{u}}"
        )
        for left_out in _PARTS
    },
    **{f"only {right}": _user(f"GRANT {right} ON *.* TO {{u}}") for right in (*_PARTS, "SHOW_ROUTINE", "PROCESS")},
    "columns of a table": _user("GRANT SELECT (id) ON ledger.entries TO {u}"),
    "a table": _user("GRANT SELECT, TRIGGER, SHOW VIEW ON ledger.entries TO {u}"),
    "one routine": _user(f"GRANT {_ALL} ON ledger.* TO {{u}}", "GRANT EXECUTE ON FUNCTION ledger.twice TO {u}"),
    "a pattern": _user(f"GRANT {_ALL}, EXECUTE ON `led%`.* TO {{u}}"),
    "an underscore": _user(f"GRANT {_ALL}, EXECUTE ON `led_er`.* TO {{u}}"),
    "an escaped underscore beside the name": _user(
        f"GRANT {_ALL}, EXECUTE ON `led\\_er`.* TO {{u}}", "GRANT SELECT ON ledger.* TO {u}"
    ),
    "a pattern and the name": _user(f"GRANT {_ALL} ON `led%`.* TO {{u}}", "GRANT SELECT ON ledger.* TO {u}"),
    "two patterns": _user(f"GRANT {_ALL} ON `l%`.* TO {{u}}", "GRANT SELECT ON `ledge_`.* TO {u}"),
    "two patterns turned round": _user("GRANT SELECT ON `l%`.* TO {u}", f"GRANT {_ALL} ON `ledge_`.* TO {{u}}"),
    "a role by default": Grants(("GRANT reader TO {u}", "SET DEFAULT ROLE reader TO {u}"), _ROLE, _NO_ROLE),
    "a role that is not active": Grants(
        ("GRANT SELECT ON ledger.* TO {u}", "GRANT reader TO {u}"), _ROLE, _NO_ROLE
    ),
    "a role within a role": Grants(
        ("GRANT reader TO {u}", "SET DEFAULT ROLE reader TO {u}"),
        (
            "CREATE ROLE reader, inner_role",
            f"GRANT {_ALL} ON *.* TO inner_role",
            "GRANT inner_role TO reader",
        ),
        _NO_ROLE,
    ),
    "a role for everybody": Grants(
        ("GRANT SELECT ON ledger.* TO {u}",),
        (*_ROLE, "SET GLOBAL mandatory_roles = 'reader'"),
        ("SET GLOBAL mandatory_roles = ''", *_NO_ROLE),
    ),
    "a role for everybody that nobody has on": Grants(
        ("GRANT SELECT ON ledger.* TO {u}",),
        (*_ROLE, "SET GLOBAL mandatory_roles = 'reader'", "SET GLOBAL activate_mandatory_roles = OFF"),
        ("SET GLOBAL mandatory_roles = ''", "SET GLOBAL activate_mandatory_roles = ON", *_NO_ROLE),
    ),
    **{
        f"{right} revoked on the database": Grants(
            (f"GRANT {_ALL}, EXECUTE, SHOW_ROUTINE ON *.* TO {{u}}", f"REVOKE {right} ON ledger.* FROM {{u}}"),
            *_REVOKING,
        )
        for right in _PARTS
    },
    "all revoked of all on the database": Grants(
        ("GRANT ALL ON *.* TO {u}", "REVOKE ALL ON ledger.* FROM {u}"), *_REVOKING
    ),
    "TRIGGER revoked of all on the database": Grants(
        ("GRANT ALL ON *.* TO {u}", "REVOKE TRIGGER ON ledger.* FROM {u}"), *_REVOKING
    ),
    "TRIGGER revoked on another database": Grants(
        (f"GRANT {_ALL} ON *.* TO {{u}}", "REVOKE TRIGGER ON mysql.* FROM {u}"), *_REVOKING
    ),
    "patterns that are names": Grants((f"GRANT {_ALL}, EXECUTE ON `led%`.* TO {{u}}",), *_REVOKING),
    "a role that lost TRIGGER, and the user has it": Grants(
        ("GRANT reader TO {u}", "SET DEFAULT ROLE reader TO {u}", "GRANT TRIGGER ON ledger.* TO {u}"),
        (*_REVOKING[0], *_ROLE, "REVOKE TRIGGER ON ledger.* FROM reader"),
        (*_NO_ROLE, *_REVOKING[1]),
    ),
    "a role that lost TRIGGER": Grants(
        ("GRANT reader TO {u}", "SET DEFAULT ROLE reader TO {u}"),
        (*_REVOKING[0], *_ROLE, "REVOKE TRIGGER ON ledger.* FROM reader"),
        (*_NO_ROLE, *_REVOKING[1]),
    ),
    "a user that lost TRIGGER, and whose role has it": Grants(
        (
            f"GRANT {_ALL} ON *.* TO {{u}}",
            "REVOKE TRIGGER ON ledger.* FROM {u}",
            "GRANT reader TO {u}",
            "SET DEFAULT ROLE reader TO {u}",
        ),
        (*_REVOKING[0], *_ROLE),
        (*_NO_ROLE, *_REVOKING[1]),
    ),
}


def _rights(two: TwoDatabases, version: str) -> Outcome:
    two.legacy(SCHEMA)
    answers = {name: answer for name, grants in CASES.items() if (answer := _granted(two, grants))}
    records.write(RIGHTS, "MySQL", version, answers)
    return Outcome("MySQL, rights", version, len(answers), tuple(disagreements(answers)))


def disagreements(answers: Mapping[str, Any]) -> Iterator[str]:
    """Yield the cases in which something was hidden that Parity takes for shown."""
    for name, answer in answers.items():
        suspected = privileges.read_privileges(Replayed(answer["answers"])).hidden(named=False)
        if missed := set(answer["hidden"]) - suspected.keys():
            yield f"{name}: {', '.join(sorted(missed))} hidden, and taken for shown"


def _granted(two: TwoDatabases, grants: Grants) -> dict[str, Any] | None:
    """Return what a user with these rights is answered and not shown; None when the database is closed to it."""
    user = "'limited'@'127.0.0.1'"
    made = (f"DROP USER IF EXISTS {user}", f"CREATE USER {user} IDENTIFIED BY 'p'")
    two.legacy(";\n".join((*grants.admin, *made, *(one.format(u=user) for one in grants.grants))))
    where = replace(two.job().connections.legacy, user="limited", password=SecretStr("p"))
    try:
        return _seen(where)
    except CouldNotCompare:
        return None
    finally:
        two.legacy(";\n".join((f"DROP USER {user}", *grants.undo)))


def _seen(where: Address) -> dict[str, Any]:
    session = connect(where)
    asking = Asking(session)
    privileges.read_privileges(asking)
    shown = {kind: len(session.rows(asked)) for kind, asked in SHOWN.items()}
    session.close()
    whole = {"tables": 3, "triggers": 1, "events": 1, "routines": 1}
    return {"answers": asking.answers, "hidden": [kind for kind in whole if shown[kind] < whole[kind]]}


def _plain(sql: str) -> str:
    return re.sub(r"`parity [0-9a-f]+`", "`parity`", sql)


@dataclass
class Asking:
    """A session whose answers are written down: rows, or the class of an error."""

    session: MySQLSession
    answers: dict[str, Any] = field(default_factory=dict)

    def rows(self, sql: str, arguments: tuple[Any, ...] | None = None) -> list[tuple[Any, ...]]:
        try:
            found = self.session.rows(sql, arguments)
        except CouldNotCompare as error:
            self.answers[_plain(sql)] = type(error).__name__
            raise
        self.answers[_plain(sql)] = [list(row) for row in found]
        return found

    def dicts(self, sql: str, arguments: tuple[Any, ...] | None = None) -> list[dict[str, Any]]:
        return self.session.dicts(sql, arguments)

    def texts(self, sql: str) -> list[dict[str, str | None]]:
        return self.session.texts(sql)


@dataclass
class Replayed:
    """A session that answers as the real server did."""

    answers: Mapping[str, Any]

    def rows(self, sql: str, arguments: tuple[Any, ...] | None = None) -> list[tuple[Any, ...]]:
        found = self.answers[_plain(sql)]
        if isinstance(found, str):
            raise getattr(errors, found)("as the server said")
        return [tuple(row) for row in found]

    def dicts(self, sql: str, arguments: tuple[Any, ...] | None = None) -> list[dict[str, Any]]:
        raise NotImplementedError

    def texts(self, sql: str) -> list[dict[str, str | None]]:
        raise NotImplementedError
