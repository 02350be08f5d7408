"""A private Trino on this machine: one node, the Hive connector over a file metastore and local files.

It runs on the Java of Debian's ``sid`` (:func:`truth.engines.debian`), in a mount namespace of its own that ends
with it, and is asked over Trino's plain HTTP protocol::

    with TrinoServer() as trino:
        trino.query("SELECT 1 AS one").rows      # [[1]]

The catalogue is ``hive``; ``local:///…`` is a file under :attr:`TrinoServer.warehouse`.
"""

from __future__ import annotations

import shutil
import socket
import tarfile
import tempfile
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from types import TracebackType
from typing import Any

import httpx

from parity_sandbox import processes
from truth.engines import CACHE, debian, maven

VERSION = "476"
START, QUERY = 300.0, 300.0
"""Seconds until a server must answer, and a statement have ended."""
HEADERS = {
    "X-Trino-User": "truth",
    "X-Trino-Catalog": "hive",
    "X-Trino-Time-Zone": "UTC",
    "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
}
CONFIG = """\
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port={port}
http-server.process-forwarded=ignore
discovery.uri=http://127.0.0.1:{port}
query.max-memory=1GB
query.max-memory-per-node=1GB
query.client.timeout=30m
catalog.config-dir=/mnt/data/etc/catalog
plugin.dir=/mnt/trino/plugin
"""
NODE = """\
node.environment=truth
node.id=truth
node.internal-address=127.0.0.1
node.bind-ip=127.0.0.1
"""
HIVE = """\
connector.name=hive
hive.metastore=file
hive.metastore.catalog.dir=local:///.metastore
fs.native-local.enabled=true
local.location=/mnt/warehouse
hive.parquet.time-zone=UTC
hive.non-managed-table-writes-enabled=true
hive.security=allow-all
"""
JAVA = (
    "/usr/lib/jvm/java-25-openjdk-amd64/bin/java",
    "-Xmx2G",
    "-XX:+UseG1GC",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:ReservedCodeCacheSize=256M",
    "-XX:-UsePerfData",
    "-Dfile.encoding=UTF-8",
    "-Duser.timezone=UTC",
    "-Djdk.attach.allowAttachSelf=true",
    "-Dlog.levels-file=/mnt/data/etc/log.properties",
    "-Dconfig=/mnt/data/etc/config.properties",
    "--add-modules=jdk.incubator.vector",
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
)
ENTER = """\
mount -t tmpfs none "$1/mnt"
mkdir "$1/mnt/trino" "$1/mnt/data" "$1/mnt/warehouse"
mount --bind "$2" "$1/mnt/trino"
mount --bind "$3" "$1/mnt/data"
mount --bind "$4" "$1/mnt/warehouse"
mount --rbind /proc "$1/proc"
mount --rbind /dev "$1/dev"
root=$1; shift 4
exec chroot "$root" "$@"
"""
"""Mounts what the server needs into Debian's root, seen by this process alone, and becomes the server."""


class TrinoError(Exception):
    """A statement failed; ``name`` is Trino's error name, such as ``DIVISION_BY_ZERO``."""

    def __init__(self, name: str, kind: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name, self.kind, self.message = name, kind, message


@dataclass(frozen=True)
class Answer:
    """What a statement gave: names and types of its columns, and rows of JSON values.

    Decimals, dates, times and intervals come as text, bytes as base64, maps as objects, rows as arrays, and NaN
    and the infinities as text.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[list[Any]]
    update_count: int | None = None

    @property
    def value(self) -> Any:
        """The first column of the only row."""
        ((first, *_),) = self.rows
        return first


@dataclass
class TrinoServer:
    """One server; ``warehouse`` is the folder that ``local:///`` names, one of its own by default."""

    warehouse: Path | None = None
    port: int = 0
    _folder: Path = field(default_factory=Path)
    _process: Popen[bytes] | None = None
    _http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=QUERY))

    def start(self) -> TrinoServer:
        """Start, and return when it runs statements; the server dies with the calling thread."""
        root, home = debian(), installed()
        self._folder = Path(tempfile.mkdtemp(prefix="parity-trino-"))
        self.port = self.port or _free_port()
        self.warehouse = self.warehouse or self._folder / "warehouse"
        self.warehouse.mkdir(parents=True, exist_ok=True)
        self._configure()
        libraries = "/mnt/trino/lib/*"
        places = [str(path) for path in (root, home, self._folder, self.warehouse)]
        enter = ["unshare", "--mount", "sh", "-euc", ENTER, "enter", *places]
        with (self._folder / "server.log").open("ab") as log:
            self._process = processes.spawn(
                [*enter, *JAVA, "-cp", libraries, "io.trino.server.TrinoServer"], stdout=log
            )
        self._wait()
        return self

    def query(self, sql: str, session: dict[str, str] | None = None) -> Answer:
        """Run one statement to its end; ``session`` holds headers to add. Raises TrinoError."""
        headers = {**HEADERS, **(session or {})}
        reply = _reply(self._http.post(f"{self._url}/v1/statement", content=sql.encode(), headers=headers))
        columns: list[dict[str, Any]] = []
        rows: list[list[Any]] = []
        while True:
            columns = reply.get("columns") or columns
            rows += reply.get("data") or []
            if error := reply.get("error"):
                raise TrinoError(error["errorName"], error["errorType"], error["message"])
            if "nextUri" not in reply:
                break
            reply = _reply(self._http.get(reply["nextUri"], headers=headers))
        names, types = ([one[key] for one in columns] for key in ("name", "type"))
        return Answer(tuple(names), tuple(types), rows, reply.get("updateCount"))

    def stop(self) -> None:
        """Stop, and remove what it wrote outside a warehouse of the caller's; stopping twice is fine."""
        if self._process:
            processes.stop(self._process, patience=10)
            shutil.rmtree(self._folder, ignore_errors=True)
        self._process = None

    def __enter__(self) -> TrinoServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _configure(self) -> None:
        etc = self._folder / "etc"
        (etc / "catalog").mkdir(parents=True)
        (etc / "config.properties").write_text(CONFIG.format(port=self.port) + NODE)
        (etc / "log.properties").write_text("io.trino=WARN\nio.airlift=WARN\norg=WARN\n")
        (etc / "catalog" / "hive.properties").write_text(HIVE)

    def _wait(self) -> None:
        deadline = time.monotonic() + START
        while True:
            try:
                self.query("SELECT 1")
            except (httpx.HTTPError, TrinoError) as error:
                if self._process and self._process.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.2)
                    continue
                log = (self._folder / "server.log").read_text(errors="replace")
                self.stop()
                raise RuntimeError(f"Trino did not start ({error}):\n{log[-3000:]}") from error
            return


def installed() -> Path:
    """Return the folder of the server with its Hive connector, unpacked on first use."""
    home = CACHE / f"trino-{VERSION}"
    if not home.exists():
        server = maven(f"io.trino:trino-server-core:{VERSION}:tar.gz")
        hive = maven(f"io.trino:trino-hive:{VERSION}:zip")
        with tempfile.TemporaryDirectory(dir=CACHE) as draft:
            with tarfile.open(server) as packed:
                packed.extractall(draft, filter="data")
            unpacked = Path(draft) / f"trino-server-core-{VERSION}"
            with zipfile.ZipFile(hive) as plugin:
                plugin.extractall(draft)
            (Path(draft) / f"trino-hive-{VERSION}").rename(unpacked / "plugin" / "hive")
            unpacked.rename(home)
    return home


def _reply(response: httpx.Response) -> dict[str, Any]:
    reply: dict[str, Any] = response.raise_for_status().json()
    return reply


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
