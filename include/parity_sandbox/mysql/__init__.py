"""Two real database servers: MariaDB standing in for RDS MySQL and for Azure Database for MySQL.

Both hold the payments company's ledger; the target's copy has one planted difference of each kind
(:mod:`parity_sandbox.mysql.ledger` says which, and how many rows).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from parity_sandbox.context import Context
from parity_sandbox.mysql.ledger import seed_legacy, seed_target
from parity_sandbox.mysql.server import Server


def start(context: Context) -> Callable[[], None]:
    """Start and seed both servers, enter their URLs, and return what stops them."""
    folder = context.state / "mysql"
    servers = Server(folder / "legacy"), Server(folder / "target")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(Server.install, servers))
    for server in servers:  # from this thread: a child dies with the thread that started it
        server.start()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda seed: seed[0](seed[1]), zip((seed_legacy, seed_target), servers, strict=True)))
    context.endpoints.mysql_legacy, context.endpoints.mysql_target = (s.url("ledger") for s in servers)

    def stop() -> None:
        for server in servers:
            server.stop()

    return stop
