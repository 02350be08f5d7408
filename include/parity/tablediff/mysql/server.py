"""What a MySQL server reports about itself: settings, counters, users, TLS, and how busy it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf

from parity.errors import AccessDenied, CouldNotCompare, Terminal, Transient
from parity.sql.mysql import MySQL
from parity.tablediff.mysql.catalogue import Table
from parity.tablediff.mysql.session import QuerySession

COUNTER_BATCH = 200
"""Tables whose highest key is read in one query."""
_SECRET = re.compile(r"\s+IDENTIFIED (BY|VIA|WITH)\b.*?(?=\s+(REQUIRE|WITH GRANT|$)|$)", re.IGNORECASE)


@dataclass(frozen=True)
class ServerLoad:
    """How busy a server is."""

    running: int = 0
    lag: float | None = None
    """Seconds behind its source, infinite while it does not follow; None without one, or without the right."""


@dataclass(frozen=True)
class Counter:
    """An AUTO_INCREMENT: its next value, and the highest key there is."""

    next: int | None
    highest: int


@dataclass(frozen=True)
class Sequence:
    """The next value of a sequence when nothing of it is cached, and its increment."""

    next: int
    step: int


@dataclass(frozen=True)
class ServerFacts:
    """One server."""

    version: str
    variables: Mapping[str, str] = field(default_factory=dict)
    counters: Mapping[str, Counter] = field(default_factory=dict)
    sequences: Mapping[str, Sequence | None] = field(default_factory=dict)
    """By name; None where it may not be read."""
    cipher: str = ""
    users: Mapping[str, str] | None = None
    """Grants by user@host; None when they may not be read."""


def database_identity(session: QuerySession) -> tuple[str, ...]:
    """Return what identifies a database: its name, its server's identity and address; or nothing."""
    names = ("server_uuid", "server_uid", "hostname", "port", "datadir", "lower_case_table_names")
    wanted = ", ".join(f"'{name}'" for name in names)
    shown = {
        str(k).lower(): str(v) for k, v in session.rows(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({wanted})")
    }
    database = str(session.rows("SELECT DATABASE()")[0][0])
    folds = shown.pop("lower_case_table_names", "0") != "0"
    return (database.lower() if folds else database, *(shown.get(name, "") for name in names)) if shown else ()


def read_server(
    session: QuerySession, dialect: MySQL, tables: Iterable[Table], sequences: Iterable[str] = (), *, users: bool
) -> ServerFacts:
    """Read a server's settings, counters and TLS; the grants only when ``users`` is set."""
    variables = {str(k).lower(): str(v) for k, v in session.rows("SHOW GLOBAL VARIABLES")}
    database = session.rows(
        "SELECT default_character_set_name, default_collation_name "
        "FROM information_schema.schemata WHERE schema_name = DATABASE()"
    )
    if database:
        variables |= dict(
            zip(("character_set_database", "collation_database"), map(str, database[0]), strict=True)
        )
    cipher = session.rows("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
    return ServerFacts(
        version=variables.get("version", ""),
        variables=variables,
        counters=_counters(session, dialect, [t for t in tables if t.counter]),
        sequences={name: _sequence(session, dialect, name) for name in sequences},
        cipher=str(cipher[0][1]) if cipher else "",
        users=_users(session) if users else None,
    )


def _counters(session: QuerySession, dialect: MySQL, tables: list[Table]) -> dict[str, Counter]:
    found: dict[str, Counter] = {}
    for start in range(0, len(tables), COUNTER_BATCH):
        batch = tables[start : start + COUNTER_BATCH]
        asked = " UNION ALL ".join(
            f"(SELECT {at}, MAX({dialect.quote(t.counter)}) FROM {dialect.quote(t.name)})"
            for at, t in enumerate(batch)
        )
        for at, highest in session.rows(asked):
            table = batch[int(at)]
            found[table.name] = Counter(table.auto_increment, int(highest or 0))
    return found


def _sequence(session: QuerySession, dialect: MySQL, name: str) -> Sequence | None:
    asked = f"SELECT next_not_cached_value, increment FROM {dialect.quote(name)}"
    try:
        after, step = session.rows(asked)[0]
    except (AccessDenied, Terminal):
        return None
    return Sequence(int(after), int(step))


def _users(session: QuerySession) -> dict[str, str] | None:
    """Return the grants of every account, or None without the right to read them."""
    try:
        accounts = session.rows("SELECT user, host FROM mysql.user ORDER BY user, host")
        return {f"{user}@{host}": _grants(session, str(user), str(host)) for user, host in accounts}
    except Transient:
        raise
    except (Terminal, CouldNotCompare):
        return None


def _grants(session: QuerySession, user: str, host: str) -> str:
    try:
        found = session.rows("SHOW GRANTS FOR %s@%s", (user, host))
    except Terminal as error:
        return f"not readable: {error}"
    return "; ".join(sorted(_SECRET.sub("", str(row[0])).replace("`", "") for row in found))


def read_load(session: QuerySession) -> ServerLoad:
    """Return how many threads of a server are running and, if it is a replica, how far it is behind."""
    running = session.rows("SHOW GLOBAL STATUS LIKE 'Threads_running'")
    return ServerLoad(int(running[0][1]) if running else 0, _lag(session))


def _lag(session: QuerySession) -> float | None:
    for statement in ("SHOW REPLICA STATUS", "SHOW SLAVE STATUS"):  # MySQL before 8.0.22 knows the second
        try:
            found = session.dicts(statement)
        except AccessDenied:
            return None
        except Terminal:
            continue
        if not found:
            return None
        behind = found[0].get("seconds_behind_source", found[0].get("seconds_behind_master"))
        return inf if behind is None else float(behind)
    return None
