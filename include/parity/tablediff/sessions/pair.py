"""One session on each server, queried in parallel, and one table on both."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

from parity.clients.mysql import Address, Limits, MySQLSession, connect
from parity.sql.mysql import MySQL, MySQL57, OracleMySQL
from parity.tablediff.mysql.table import MySQLTable
from parity.tablediff.table_plan import TablePlan

A = TypeVar("A")
B = TypeVar("B")
MAX_THREADS = 64
"""More than there can be connections, with one more each that kills what a connection is waiting for."""


@dataclass(frozen=True)
class Connections:
    """Where both databases are, and what a session may do there."""

    legacy: Address
    target: Address
    limits: Limits = field(default_factory=Limits)
    name: str = "parity"


def both(legacy: Callable[[], A], target: Callable[[], B]) -> tuple[A, B]:
    """Run two calls at once; the first error wins, once both have ended."""
    first = _threads(os.getpid()).submit(legacy)
    try:
        second = target()
    except BaseException:
        first.result()
        raise
    return first.result(), second


@cache
def _threads(process: int) -> ThreadPoolExecutor:
    """Return the threads of a process: starting two for every query costs more than a small table.

    A forked child has none of its parent's threads, and so gets its own.
    """
    return ThreadPoolExecutor(MAX_THREADS, f"parity-side-{process}")


@dataclass(frozen=True)
class TablePair:
    """One table on both servers."""

    legacy: MySQLTable
    target: MySQLTable
    allows_lookup: bool
    """Single rows can be fetched by their key."""

    def both(self, query: Callable[[MySQLTable], A]) -> tuple[A, A]:
        """Return what ``query`` returns on each side, run at once."""
        return both(lambda: query(self.legacy), lambda: query(self.target))


@dataclass
class SessionPair:
    """One session on each server, inside one snapshot each."""

    legacy: MySQLSession
    target: MySQLSession

    @classmethod
    def open(cls, connections: Connections) -> SessionPair:
        """Connect to both; closes the one when the other fails."""
        opened: list[MySQLSession] = []

        def one(where: Address) -> MySQLSession:
            session = connect(where, connections.limits, connections.name)
            opened.append(session)
            return session

        try:
            return cls(*both(lambda: one(connections.legacy), lambda: one(connections.target)))
        except BaseException:
            for session in opened:
                session.close()
            raise

    def both(self, query: Callable[[MySQLSession], A]) -> tuple[A, A]:
        """Return what ``query`` returns on each side, run at once."""
        return both(lambda: query(self.legacy), lambda: query(self.target))

    def snapshot(self) -> None:
        """Take a fresh consistent snapshot on both, as close in time as two servers allow."""
        self.both(MySQLSession.snapshot)

    def tables(self, plan: TablePlan) -> TablePair:
        """Return the table on both sides."""
        where = plan.rules.where or ""
        return TablePair(
            MySQLTable(self.legacy, dialect(self.legacy), plan.name, plan.legacy, plan.key_legacy, where),
            MySQLTable(self.target, dialect(self.target), plan.name, plan.target, plan.key_target, where),
            plan.allows_lookup,
        )

    def kill(self) -> None:
        """Kill what both servers are running for these sessions."""
        self.both(MySQLSession.kill)

    def close(self) -> None:
        """Close both sessions."""
        self.legacy.close()
        self.target.close()


def dialect(session: MySQLSession) -> MySQL:
    """Return the server's dialect."""
    if session.mariadb:
        return MySQL()
    return MySQL57() if session.version.startswith("5.") else OracleMySQL()
