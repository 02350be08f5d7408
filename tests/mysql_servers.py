"""Two private database servers for the tests, started once per process; they die with it.

``PARITY_TEST_MYSQL`` says of which family: ``mariadb`` (the default), ``9.7`` for two MySQL 9.7, or ``mixed`` for
MariaDB on the legacy side and MySQL 9.7 on the target.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pymysql
import pytest

from fake_clock import FakeClock
from parity.clients.mysql import address
from parity.clock import Clock
from parity.suite.databases import Database
from parity.tablediff.job import Job
from parity.tablediff.rows.checkpoint import CheckpointStore, MemoryCheckpoints
from parity.tablediff.runner import verify_database
from parity.tablediff.sessions.pair import Connections
from parity.tablediff.verdict import DatabaseResult
from parity_sandbox.mysql.server import USER, Server
from truth.engines import debian

MARIADB, MYSQL, MIXED = FAMILIES = "mariadb", "9.7", "mixed"
FAMILY = os.environ.get("PARITY_TEST_MYSQL") or MARIADB
if FAMILY not in FAMILIES:
    raise ValueError(f"PARITY_TEST_MYSQL={FAMILY!r} is unknown; it is one of {', '.join(FAMILIES)}")

on_mysql = pytest.mark.skipif(FAMILY != MYSQL, reason="it is about what MySQL alone has: PARITY_TEST_MYSQL=9.7")
"""Marks a test of two MySQL servers."""


one_family = pytest.mark.skipif(FAMILY == MIXED, reason="MariaDB and MySQL name, print and default it otherwise")
"""Marks a test that two servers of different families cannot pass, since they do differ in what it looks at."""
UTF8 = "CHARACTER SET utf8mb4" + (" COLLATE utf8mb4_general_ci" if FAMILY == MIXED else "")
"""Of a new database: one collation for both servers, whose defaults may not be the same."""
_ALIKE = ("--sql-mode=STRICT_TRANS_TABLES", "--collation-server=utf8mb4_general_ci")


def mariadb_only(reason: str) -> pytest.MarkDecorator:
    """Mark a test of two MariaDB servers, and say what MySQL lacks."""
    return pytest.mark.skipif(FAMILY != MARIADB, reason=reason)


class MySQLServer(Server):
    """A private MySQL 9.7 from Debian's ``sid``, run by the loader and the libraries that it was built for."""

    rights: ClassVar[str] = "SELECT, SHOW VIEW, TRIGGER, EVENT, PROCESS, REPLICATION CLIENT, SHOW_ROUTINE"

    def install(self) -> None:
        """Create the system tables, unless they are there."""
        if (self.folder / "data" / "mysql").is_dir():
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        command = self._mysqld("--initialize-insecure")
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            raise RuntimeError(f"mysqld --initialize failed: {done.stdout[-500:]} {done.stderr[-500:]}")

    def root(self, database: str | None = None) -> pymysql.Connection[Any]:
        """Connect as root; beside MariaDB with its collation, which is stored with views and programs."""
        connection = super().root(database)
        if FAMILY == MIXED:
            with connection.cursor() as cursor:
                cursor.execute("SET NAMES utf8mb4 COLLATE utf8mb4_general_ci")
        return connection

    def run(self, script: str, database: str | None = None) -> None:
        """Run statements; MariaDB's tables of numbers, ``seq_1_to_9``, are there too."""
        super().run(re.sub(r"\bseq_1_to_(\d+)\b", _NUMBERS, script), database)

    def _mysqld(self, *more: str) -> list[str]:
        root = debian()
        return [
            str(root / "lib64" / "ld-linux-x86-64.so.2"),
            "--library-path",
            f"{root / 'usr/lib/x86_64-linux-gnu'}:{root / 'usr/lib/mysql/private'}",
            str(root / "usr/sbin/mysqld"),
            "--no-defaults",
            f"--basedir={root / 'usr'}",
            f"--datadir={self.folder / 'data'}",
            "--innodb-redo-log-capacity=32M",
            *(["--user=root"] if os.geteuid() == 0 else []),
            *more,
            *self.options,
        ]

    def _command(self) -> list[str]:
        return self._mysqld(
            f"--socket={self.socket}",
            f"--pid-file={self.folder / 'server.pid'}",
            f"--tmpdir={self.temporary}",
            "--bind-address=127.0.0.1",
            f"--port={self.port}",
            f"--innodb-buffer-pool-size={self.buffer}",
            *_SMALL,
        )


_NUMBERS = (
    r"(WITH RECURSIVE numbers (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM numbers WHERE seq < \1) "
    r"SELECT seq FROM numbers) AS seq_1_to_\1"
)
_SMALL = (
    "--mysqlx=OFF",
    "--secure-file-priv=",
    "--performance-schema=OFF",
    "--skip-log-bin",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--max-connections=60",
    "--cte-max-recursion-depth=4294967295",
)


CLASSES: Mapping[str, tuple[type[Server], type[Server]]] = {
    MARIADB: (Server, Server),
    MYSQL: (MySQLServer, MySQLServer),
    MIXED: (Server, MySQLServer),
}
"""Of a family: what the legacy and the target servers are."""


def servers(family: str = FAMILY) -> tuple[Server, Server]:
    """Return the two servers of a family, started on first use."""
    return _servers(family)


@cache
def _servers(family: str) -> tuple[Server, Server]:
    folder = Path(tempfile.mkdtemp(prefix="parity-servers-"))
    legacy, target = CLASSES[family]
    options = _ALIKE if family == MIXED else ()
    pair = legacy(folder / "legacy", options=options), target(folder / "target", options=options)

    def end() -> None:
        for server in pair:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda server: server.install(), pair))
    for server in pair:  # from this thread: a child dies with the thread that started it
        server.start()
    return pair


@dataclass
class TwoDatabases:
    """One database of the same name on both servers."""

    name: str
    folder: Path
    clock: Clock = field(default_factory=FakeClock)
    family: str = FAMILY

    @property
    def servers(self) -> tuple[Server, Server]:
        """Return the two servers."""
        return servers(self.family)

    def fresh(self) -> None:
        """Empty both."""
        for server in self.servers:
            server.run(f"DROP DATABASE IF EXISTS {self.name};\nCREATE DATABASE {self.name} {UTF8};\n")

    def both(self, script: str) -> None:
        """Run statements on both servers."""
        for server in self.servers:
            server.run(script, self.name)

    def legacy(self, script: str) -> None:
        """Run statements on the legacy server."""
        self.servers[0].run(script, self.name)

    def target(self, script: str) -> None:
        """Run statements on the target server."""
        self.servers[1].run(script, self.name)

    def job(self, store: CheckpointStore | None = None, **spec: Any) -> Job:
        """Return a job with a fake clock and small chunks; tables may be empty unless ``spec`` forbids it."""
        throttle = {"settle": "0s", "first": 100, "chunk": "50ms"} | spec.pop("throttle", {})
        base = {"database": self.name, "owner": "dba", "legacy": "l", "target": "t", "allow_empty": True}
        urls = [address(server.url(self.name)) for server in self.servers]
        return Job(
            Database.model_validate({**base, "throttle": throttle, **spec}),
            Connections(*urls),
            store or MemoryCheckpoints(),
            self.folder,
            self.clock,
        )

    def verify(self, store: CheckpointStore | None = None, **spec: Any) -> DatabaseResult:
        """Verify and return the result."""
        return verify_database(self.job(store, **spec))


def kill_sessions() -> None:
    """Kill every session of the read-only user on both servers, as a fail-over would."""
    for server in servers():
        with server.root() as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT id FROM information_schema.processlist WHERE user = '{USER}'")
            for (session,) in cursor.fetchall():
                with suppress(pymysql.MySQLError):  # it has just ended
                    cursor.execute(f"KILL {session}")


def counts(result: DatabaseResult, table: str) -> tuple[int, int, int]:
    """Return changed, missing and extra of one table."""
    rows = {one.table: one.result.rows for one in result.tables}[table]
    return rows.changed, rows.missing, rows.extra
