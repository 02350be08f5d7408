"""What is known before a row is read: both catalogues, both servers' settings, and the plan that follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from functools import partial

from parity.clients.mysql import Limits, MySQLSession
from parity.clock import Clock
from parity.compare.result import NotCompared, Omission
from parity.errors import Terminal
from parity.suite.databases import Database
from parity.tablediff.mysql.catalogue import Catalogue, read_catalogue
from parity.tablediff.mysql.privileges import Privileges, read_privileges
from parity.tablediff.mysql.server import ServerFacts, database_identity, read_server
from parity.tablediff.schema.cutover import CutoverLine, check_cutover
from parity.tablediff.schema.diff import SchemaDifference, diff_schema, not_compared
from parity.tablediff.sessions.pair import Connections, SessionPair, both, dialect
from parity.tablediff.sessions.reconnecting import ReconnectingPair
from parity.tablediff.table_plan import DatabasePlan, group_tables, plan_database


@dataclass(frozen=True)
class Survey:
    """What is known before a row is read."""

    plan: DatabasePlan
    schema: tuple[SchemaDifference, ...] = ()
    cutover: tuple[CutoverLine, ...] = ()
    unreadable: tuple[NotCompared, ...] = ()
    """What a server does not show, or might not."""
    versions: tuple[str, str] = ("", "")

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Return the tables in groups that foreign keys connect, the largest first."""
        return group_tables(self.plan.tables)


def connections_of(spec: Database, connections: Connections) -> Connections:
    """Return the connections with the limits that the database's file sets."""
    throttle = spec.throttle
    limits = Limits(
        statement_seconds=throttle.statement.total_seconds(),
        lock_seconds=round(throttle.lock_wait.total_seconds()),
    )
    return replace(connections, limits=limits, name=f"parity {spec.database}")


def survey_database(spec: Database, connections: Connections, clock: Clock) -> Survey:
    """Read both catalogues and both servers' settings; raises what a connection can raise.

    A connection that is lost is opened again, as it is later when rows are read.
    """
    pair = ReconnectingPair(connections_of(spec, connections), clock, spec.throttle.attempts)
    try:
        pair.sessions()  # a server that does not answer at all is not retried
        return pair.retry(partial(_survey, spec))
    finally:
        pair.close()


def _require_two_databases(sessions: SessionPair) -> None:
    """Refuse to compare a database with itself: it would be equal, whatever became of the other one."""
    old, new = sessions.both(database_identity)
    if old and old == new:
        raise Terminal(
            f"Both sides are one database, {sessions.legacy.where}.",
            remedy="Check the addresses of legacy and target.",
        )


def _survey(spec: Database, sessions: SessionPair) -> Survey:
    _require_two_databases(sessions)
    old, new = sessions.both(lambda session: _catalogue(session, spec))
    old, new = (old.with_names_of(new), new) if old.folds_case else (old, new.with_names_of(old))
    names = {str(record["name"]) for side in (old, new) for record in side.records["tables"]}
    plan = plan_database(spec, old.tables, new.tables, names)
    others = (
        NotCompared(f"{kind} {name}", why, kind=Omission.IGNORED) for kind, name, why in _excluded(spec, old, new)
    )
    plan = replace(plan, left_out=(*plan.left_out, *others, *not_compared(old, new)))
    named = {table.name for table in plan.tables}
    servers = both(
        lambda: _server(sessions.legacy, old, named, spec), lambda: _server(sessions.target, new, named, spec)
    )
    rights = sessions.both(read_privileges)
    partly_hidden = {**_partly_hidden("target", new, named), **_partly_hidden("legacy", old, named)}
    return Survey(
        _refused(plan, partly_hidden),
        diff_schema(old, new, lambda name: spec.exclusion(name) is None),
        check_cutover(*servers, spec.users),
        tuple(
            dict.fromkeys(
                (*_unreadable("legacy", old, rights[0], spec), *_unreadable("target", new, rights[1], spec))
            )
        ),
        (sessions.legacy.version, sessions.target.version),
    )


def _excluded(spec: Database, *sides: Catalogue) -> Iterator[tuple[str, str, str]]:
    """Yield kind, name and reason of views and sequences that are left out; tables are the plan's."""
    found = {("view", name) for side in sides for name in side.views}
    found |= {
        ("sequence", str(r["name"]))
        for side in sides
        for r in side.records["tables"]
        if r["table_type"] == "SEQUENCE"
    }
    for kind, name in sorted(found):
        if why := spec.exclusion(name):
            yield kind, name, why


def _partly_hidden(side: str, catalogue: Catalogue, named: Set[str]) -> dict[str, str]:
    """Return the wanted tables of which the user may see some columns only, and why.

    The catalogue omits the others; a user with rights on single columns only is shown no definition.
    """
    return {
        name: (
            f"Table {name}: the user has rights on some columns of the {side} side only; "
            "the others are hidden. Grant SELECT on the whole table."
        )
        for name in sorted(named & catalogue.denied)
    }


def _refused(plan: DatabasePlan, refusals: Mapping[str, str]) -> DatabasePlan:
    return replace(
        plan, tables=tuple(replace(one, refusal=refusals.get(one.name, one.refusal)) for one in plan.tables)
    )


def _unreadable(side: str, catalogue: Catalogue, rights: Privileges, spec: Database) -> Iterator[NotCompared]:
    """Yield what a side does not show, or may not: what is hidden on both sides would look equal."""
    hidden = rights.hidden(named=len(spec.named_tables) == len(set(spec.include)))
    hidden_definitions = catalogue.hidden_definitions(lambda name: spec.exclusion(name) is None)
    for kind, why in {**hidden, **catalogue.unreadable, **hidden_definitions, **hidden}.items():
        yield NotCompared(f"{kind} of the {side} side", why, kind=Omission.HIDDEN)


def _catalogue(session: MySQLSession, spec: Database) -> Catalogue:
    return read_catalogue(session, mariadb=session.mariadb, wanted=lambda name: spec.exclusion(name) is None)


def _server(session: MySQLSession, catalogue: Catalogue, named: set[str], spec: Database) -> ServerFacts:
    tables = [table for name, table in catalogue.tables.items() if name in named]
    sequences = sorted(name for name in catalogue.created.get("sequence", {}) if spec.exclusion(name) is None)
    return read_server(session, dialect(session), tables, sequences, users=bool(spec.users))
