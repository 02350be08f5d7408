"""One private MariaDB server: its own data, its own free loopback port, no life after its parent."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pymysql

from parity_sandbox import processes

PATIENCE = 120.0
# Airflow hides a password wherever its logs show it; one that is also the product's name would blank the log.
USER, PASSWORD = "parity", "sandbox-ledger"
_SMALL = (
    "--performance-schema=OFF",
    "--skip-log-bin",
    "--innodb-log-file-size=32M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--character-set-server=utf8mb4",
    "--max-connections=60",
)


@dataclass
class Server:
    """A server in ``folder``; ``buffer`` is InnoDB's buffer pool."""

    folder: Path
    buffer: str = "64M"
    options: tuple[str, ...] = ()
    port: int = 0
    rights: ClassVar[str] = "SELECT, SHOW VIEW, TRIGGER, EVENT, PROCESS, REPLICA MONITOR"
    """What the read-only user may do."""
    _process: subprocess.Popen[bytes] | None = None
    _sockets: tempfile.TemporaryDirectory[str] | None = None

    def install(self) -> None:
        """Create the system tables, unless they are there."""
        if (self.folder / "data" / "mysql").is_dir():
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        command = ["mariadb-install-db", "--no-defaults", f"--datadir={self.folder / 'data'}"]
        command += ["--auth-root-authentication-method=normal", "--skip-test-db", *_as_root()]
        env = {**os.environ, "TMPDIR": str(self.temporary)}
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=env)
        if done.returncode:
            raise RuntimeError(f"mariadb-install-db failed: {done.stdout[-500:]} {done.stderr[-500:]}")

    def start(self) -> None:
        """Start, and return when it answers; the server dies with the calling thread."""
        self.port = self.port or _free_port()
        # Not in the server's folder: a socket's path has 107 characters at most.
        self._sockets = tempfile.TemporaryDirectory(prefix="parity-", ignore_cleanup_errors=True)
        with (self.folder / "server.log").open("ab") as log:
            self._process = processes.spawn(self._command(), stdout=log)
        self._wait()
        for account in (f"'{USER}'@'{host}'" for host in ("localhost", "127.0.0.1")):
            self.run(
                f"DROP USER IF EXISTS {account};\nCREATE USER {account} IDENTIFIED BY '{PASSWORD}';\n"
                f"GRANT {self.rights} ON *.* TO {account};\n"
            )

    def _command(self) -> list[str]:
        return [
            shutil.which("mariadbd") or "/usr/sbin/mariadbd",
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--socket={self.socket}",
            f"--pid-file={self.folder / 'server.pid'}",
            f"--tmpdir={self.temporary}",
            "--bind-address=127.0.0.1",
            f"--port={self.port}",
            f"--innodb-buffer-pool-size={self.buffer}",
            *_SMALL,
            *self.options,
            *_as_root(),
        ]

    @property
    def temporary(self) -> Path:
        """Return the folder of temporary tables: a starting server empties it, so it is never shared."""
        path = self.folder / "tmp"
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def socket(self) -> Path:
        """Return the path of the unix socket of a server that was started."""
        if self._sockets is None:
            raise RuntimeError(f"the server in {self.folder} was never started")
        return Path(self._sockets.name) / "s"

    @property
    def pid(self) -> int:
        """Return the server's process id; 0 when it is down."""
        return self._process.pid if self._process else 0

    def url(self, database: str, user: str = USER, password: str = PASSWORD) -> str:
        """Return the URL of a database, with the read-only user's password."""
        return f"mysql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def root(self, database: str | None = None) -> pymysql.Connection[Any]:
        """Connect as root."""
        return pymysql.connect(
            unix_socket=str(self.socket), user="root", database=database, autocommit=True, charset="utf8mb4"
        )

    def run(self, script: str, database: str | None = None) -> None:
        """Run statements, separated by a semicolon at the end of a line."""
        with self.root(database) as connection, connection.cursor() as cursor:
            for statement in script.split(";\n"):
                if statement.strip():
                    cursor.execute(statement)

    def stop(self) -> None:
        """Stop; stopping twice is fine, and so is a server that was never started."""
        if self._process:
            processes.stop(self._process, patience=10)
        self._process = None
        if self._sockets:
            self._sockets.cleanup()

    def kill(self) -> None:
        """Kill it as a crash would."""
        if self._process:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.root().close()
            except pymysql.MySQLError:
                if self._process and self._process.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.03)
                    continue
                raise RuntimeError(f"the server did not start; see {self.folder / 'server.log'}") from None
            return


def _as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
