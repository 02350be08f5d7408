"""Two real database servers: MariaDB standing in for RDS MySQL and for Azure Database for MySQL.

Both hold the payments company's ledger; the target's copy has one planted difference of each kind
(:mod:`parity_sandbox.mysql.ledger` says which, and how many rows).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from parity_sandbox.context import Context
from parity_sandbox.mysql.ledger import seed_legacy, seed_target
from parity_sandbox.mysql.server import Server


@dataclass(frozen=True)
class Databases:
    """Both servers, up."""

    legacy: Server
    target: Server

    def seed(self) -> None:
        """Make both ledgers as they were at first."""
        with ThreadPoolExecutor(2) as pool:
            for seeding in (pool.submit(seed_legacy, self.legacy), pool.submit(seed_target, self.target)):
                seeding.result()

    def stop(self) -> None:
        """Stop both."""
        for server in (self.legacy, self.target):
            server.stop()


def start(context: Context) -> Databases:
    """Start and seed both servers, and enter their URLs; they die with the calling thread."""
    folder = context.state / "mysql"
    databases = Databases(Server(folder / "legacy"), Server(folder / "target"))
    servers = databases.legacy, databases.target
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(Server.install, servers))
    for server in servers:  # from this thread: a child dies with the thread that started it
        server.start()
    databases.seed()
    context.endpoints.mysql_legacy, context.endpoints.mysql_target = (s.url("ledger") for s in servers)
    return databases
