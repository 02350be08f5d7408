"""Two private MariaDB servers for the tests, started once per process; they die with it."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from fake_clock import FakeClock
from parity.clients.mysql import address
from parity.clock import Clock
from parity.suite.databases import Database
from parity.tablediff.job import Job
from parity.tablediff.rows.checkpoint import CheckpointStore, MemoryCheckpoints
from parity.tablediff.runner import verify_database
from parity.tablediff.sessions.pair import Connections
from parity.tablediff.verdict import DatabaseResult
from parity_sandbox.mysql.server import Server


@cache
def servers() -> tuple[Server, Server]:
    """Return the two servers, started on first use."""
    folder = Path(tempfile.mkdtemp(prefix="parity-servers-"))
    pair = Server(folder / "legacy"), Server(folder / "target")
    for server in pair:
        server.install()
        server.start()

    def end() -> None:
        for server in pair:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return pair


@dataclass
class TwoDatabases:
    """One database of the same name on both servers."""

    name: str
    folder: Path
    clock: Clock = field(default_factory=FakeClock)

    def fresh(self) -> None:
        """Empty both."""
        for server in servers():
            server.run(
                f"DROP DATABASE IF EXISTS {self.name};\nCREATE DATABASE {self.name} CHARACTER SET utf8mb4;\n"
            )

    def both(self, script: str) -> None:
        """Run statements on both servers."""
        for server in servers():
            server.run(script, self.name)

    def legacy(self, script: str) -> None:
        """Run statements on the legacy server."""
        servers()[0].run(script, self.name)

    def target(self, script: str) -> None:
        """Run statements on the target server."""
        servers()[1].run(script, self.name)

    def job(self, store: CheckpointStore | None = None, **spec: Any) -> Job:
        """Return a job with a fake clock and small chunks; tables may be empty unless ``spec`` forbids it."""
        throttle = {"settle": "0s", "first": 100, "chunk": "50ms"} | spec.pop("throttle", {})
        base = {"database": self.name, "owner": "dba", "legacy": "l", "target": "t", "allow_empty": True}
        urls = [address(server.url(self.name)) for server in servers()]
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


def counts(result: DatabaseResult, table: str) -> tuple[int, int, int]:
    """Return changed, missing and extra of one table."""
    rows = {one.table: one.result.rows for one in result.tables}[table]
    return rows.changed, rows.missing, rows.extra
