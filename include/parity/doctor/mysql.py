"""What has to be in place on both servers of a database: access, rights, tables, key columns, users, clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import partial

from parity.clients.mysql import Address, Limits, MySQLSession, Row, connect
from parity.doctor.checks import Check, Once
from parity.doctor.clock import judge_clock
from parity.doctor.columns import judge_columns, legacy_names, target_names
from parity.doctor.line import Finding, missing, ok, unreadable
from parity.errors import CouldNotCompare, Transient
from parity.suite.databases import Database
from parity.tablediff.mysql.privileges import read_privileges
from parity.wording import did_you_mean

LIMITS = Limits(connect_seconds=5.0, statement_seconds=20.0, lock_seconds=2)
COLUMNS = (
    "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE() "
    "ORDER BY table_name, ordinal_position"
)
TABLES = (
    "SELECT table_name FROM information_schema.tables "
    "WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'"
)
GRANTS = {"tables": "SELECT", "triggers": "TRIGGER", "events": "EVENT", "routines": "EXECUTE"}
Columns = Mapping[str, Sequence[str]]


class ServerSide:
    """One database on one server; each question has a session of its own, so that none can spoil another."""

    def __init__(self, place: str, side: str, open_address: Callable[[], Address]) -> None:
        self.place = place
        self.side = side
        self.address = Once(open_address)
        self.tables = Once(self._tables)
        self.columns = Once(self._columns)
        self.users = Once(self._users)

    def session(self) -> MySQLSession:
        """Open a session; AccessDenied, NotFound, Unreachable."""
        return connect(self.address(), LIMITS, "parity doctor")

    def rows(self, sql: str) -> list[Row]:
        """Return the rows of one statement."""
        with closing(self.session()) as session:
            return session.rows(sql)

    def _tables(self) -> frozenset[str]:
        return frozenset(str(name) for (name,) in self.rows(TABLES))

    def _columns(self) -> Columns:
        found: dict[str, list[str]] = {}
        for table, column in self.rows(COLUMNS):
            found.setdefault(str(table), []).append(str(column))
        return found

    def _users(self) -> frozenset[str]:
        return frozenset(str(user) for (user,) in self.rows("SELECT user FROM mysql.user"))


def server_checks(side: ServerSide, database: Database) -> Iterator[Check]:
    """Yield what one database needs of one of its servers."""
    needed, name = (database.key,), database.database
    yield Check(side.place, "identity", "", lambda: _identity(side), needed_by=needed)
    yield Check(side.place, "clock", "server", lambda: _clock(side), needed_by=needed)
    yield Check(side.place, "right", name, lambda: _rights(side, database), needed_by=needed)
    yield Check(side.place, "tables", name, lambda: _tables(side, database), needed_by=needed)
    for table in database.tables:
        if database.exclusion(table) is None and not database.rules(table).ignore:
            ask = partial(_table_columns, side, database, table)
            yield Check(side.place, "columns", table, ask, needed_by=needed)
    for pattern in database.users:
        yield Check(side.place, "users", pattern, partial(_pattern, side, pattern), needed_by=needed)


def _identity(side: ServerSide) -> Iterator[Finding]:
    asked = "SELECT CURRENT_USER(), VERSION(), @@global.time_zone, @@system_time_zone"
    with closing(side.session()) as session:
        user, version, zone, system = map(str, session.rows(asked)[0])
        cipher = session.rows("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
    tls = str(cipher[0][1]) if cipher and cipher[0][1] else "no TLS"
    shown = f"{zone} ({system})" if zone == "SYSTEM" else zone
    yield ok("identity", user, f"{side.address()}, version {version}, {tls}, time zone {shown}")


def _clock(side: ServerSide) -> Iterator[Finding]:
    with closing(side.session()) as session:
        before = datetime.now(UTC)
        at = session.rows("SELECT UTC_TIMESTAMP(6)")[0][0]
    moment = at if isinstance(at, datetime) else datetime.fromisoformat(str(at))
    yield judge_clock("server", moment.replace(tzinfo=UTC) - before)


def _rights(side: ServerSide, database: Database) -> Iterator[Finding]:
    with closing(side.session()) as session:
        found = read_privileges(session)
        user = str(session.rows("SELECT CURRENT_USER()")[0][0])
    hidden = found.hidden(named=bool(database.named_tables) and set(database.include) == database.named_tables)
    for kind, right in GRANTS.items():
        if why := hidden.get(kind):
            yield missing(
                "right", f"read {kind}", f"Of {kind}, {why}.", grant(right, side.address().database, user)
            )
        else:
            yield ok("right", f"read {kind}")


def grant(right: str, database: str, user: str) -> str:
    """Return the statement that gives a right on the whole database; ``user`` is ``name@host``."""
    name, _, host = user.rpartition("@")
    return f"GRANT {right} ON `{database.replace('`', '``')}`.* TO '{name}'@'{host}';"


def _tables(side: ServerSide, database: Database) -> Iterator[Finding]:
    found = side.tables()
    yield from judge_tables(database, found)


def judge_tables(database: Database, found: frozenset[str]) -> Iterator[Finding]:
    """Judge whether the tables that the file names are there."""
    for table in sorted({*database.named_tables, *database.tables}):
        if table not in found:
            yield missing("table", table, "The database has no such table.", did_you_mean(table, found))
    included = [table for table in found if database.exclusion(table) is None]
    if included:
        yield ok("tables", database.database, f"{len(included)} of {len(found)} tables are compared")
    else:
        yield missing("tables", database.database, f"None of {len(found)} tables is included.")


def _table_columns(side: ServerSide, database: Database, table: str) -> Iterator[Finding]:
    found = side.columns().get(table)
    if found is None:
        yield unreadable("columns", table, "Its table is missing.")
        return
    names = legacy_names if side.side == "legacy" else target_names
    yield from judge_columns("columns", table, names(database.rules(table)), found)


def _pattern(side: ServerSide, pattern: str) -> Iterator[Finding]:
    try:
        users = side.users()
    except Transient:
        raise
    except CouldNotCompare as error:
        name = side.address().user
        yield unreadable("users", pattern, error.message, f"GRANT SELECT ON mysql.user TO '{name}'@'%';")
        return
    matching = sorted(user for user in users if user == pattern or fnmatchcase(user, pattern))
    if matching:
        yield ok("users", pattern, ", ".join(matching))
    else:
        yield missing("users", pattern, "No user of this server matches.", did_you_mean(pattern, users))
