"""What is known before a row is read: both catalogues, both servers' settings, and the plan that follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from parity.clients.mysql import Limits
from parity.clock import Clock
from parity.engines.mysql_catalogue import Catalogue, read_catalogue
from parity.engines.mysql_rights import Rights, read_rights
from parity.engines.mysql_server import ServerFacts, read_server
from parity.flow.databases.cutover import CutoverLine, check_cutover
from parity.flow.databases.groups import group_tables
from parity.flow.databases.line import Line
from parity.flow.databases.plan import DatabasePlan, plan_database
from parity.flow.databases.schema import SchemaDifference, diff_schema
from parity.flow.databases.sides import Connections, Sides, both, dialect
from parity.suite.databases import Database


@dataclass(frozen=True)
class Survey:
    """What is known before a row is read."""

    plan: DatabasePlan
    schema: tuple[SchemaDifference, ...] = ()
    cutover: tuple[CutoverLine, ...] = ()
    unreadable: tuple[str, ...] = ()
    versions: tuple[str, str] = ("", "")

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Return the tables in groups that foreign keys tie together, the largest first."""
        return group_tables(self.plan.tables)


def connections_of(spec: Database, connections: Connections) -> Connections:
    """Return the connections with the limits that the database's file sets."""
    pace = spec.pace
    limits = Limits(
        statement_seconds=pace.statement.total_seconds(), lock_seconds=round(pace.lock_wait.total_seconds())
    )
    return replace(connections, limits=limits, name=f"parity {spec.database}")


def survey_database(spec: Database, connections: Connections, clock: Clock) -> Survey:
    """Read both catalogues and both servers' settings; raises what a connection can raise.

    A connection that was there and is lost is made anew, as it is later when rows are read.
    """
    line = Line(connections_of(spec, connections), clock, spec.pace.attempts)
    try:
        line.sides()  # whoever cannot connect at all is told so at once
        return line.retried(partial(_survey, spec))
    finally:
        line.hang_up()


def _survey(spec: Database, sides: Sides) -> Survey:
    old, new = both(lambda: _catalogue(sides, "legacy"), lambda: _catalogue(sides, "target"))
    plan = plan_database(spec, old.tables, new.tables, old.views | new.views)
    named = {table.name for table in plan.tables}
    servers = both(
        lambda: _server(sides, "legacy", old, named, spec), lambda: _server(sides, "target", new, named, spec)
    )
    rights = both(lambda: read_rights(sides.legacy), lambda: read_rights(sides.target))
    return Survey(
        plan,
        diff_schema(old, new, lambda name: spec.wants(name) is None),
        check_cutover(*servers, spec.users),
        tuple(
            dict.fromkeys(
                (*_unreadable("legacy", old, rights[0], spec), *_unreadable("target", new, rights[1], spec))
            )
        ),
        (sides.legacy.version, sides.target.version),
    )


def _unreadable(side: str, catalogue: Catalogue, rights: Rights, spec: Database) -> Iterator[str]:
    """Yield what a side does not show, or might not: what is hidden on both sides would look equal."""
    hidden = rights.hidden(named=len(spec.named) == len(set(spec.include)))
    bodiless = {kind: why for kind, why in catalogue.bodiless.items() if kind not in hidden}
    yield from (
        f"{kind} of the {side} side: {why}" for kind, why in {**hidden, **bodiless, **catalogue.unreadable}.items()
    )


def _catalogue(sides: Sides, side: str) -> Catalogue:
    session = getattr(sides, side)
    return read_catalogue(session, mariadb=session.mariadb)


def _server(sides: Sides, side: str, catalogue: Catalogue, named: set[str], spec: Database) -> ServerFacts:
    session = getattr(sides, side)
    tables = [table for name, table in catalogue.tables.items() if name in named]
    return read_server(session, dialect(session), tables, users=bool(spec.users))
