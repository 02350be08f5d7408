"""Two real database servers: MariaDB standing in for RDS MySQL and for Azure Database for MySQL.

Both hold the payments company's ledger; the target's copy has one planted difference of each kind, unless it
is switched off (:mod:`parity_sandbox.mysql.ledger`).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from parity_sandbox.context import Context
from parity_sandbox.mysql.ledger import seed_legacy, seed_target, switched_on
from parity_sandbox.mysql.server import Server


@dataclass(frozen=True)
class Databases:
    """Both servers, up."""

    legacy: Server
    target: Server
    state: Path

    def seed(self) -> None:
        """Make both ledgers as they were at first, with the defects that are on."""
        on = switched_on(self.state)
        with ThreadPoolExecutor(2) as pool:
            for seeding in (pool.submit(seed_legacy, self.legacy), pool.submit(seed_target, self.target, on)):
                seeding.result()

    def stop(self) -> None:
        """Stop both."""
        for server in (self.legacy, self.target):
            server.stop()


def start(context: Context) -> Databases:
    """Start and seed both servers, and enter their URLs; they die with the calling thread."""
    folder = context.state / "mysql"
    databases = Databases(Server(folder / "legacy"), Server(folder / "target"), context.state)
    servers = databases.legacy, databases.target
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(Server.install, servers))
    for server in servers:  # from this thread: a child dies with the thread that started it
        server.start()
    databases.seed()
    context.endpoints.mysql_legacy, context.endpoints.mysql_target = (s.url("ledger") for s in servers)
    return databases
