"""PostgreSQL: the results store's tests and migrations, and how the containers reach it, on a private cluster."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from parity_sandbox import processes
from truth.engines import CACHE, ROOT, Outcome, Unavailable, installed, run, tested

TESTS = ("tests/integration/test_history_servers.py", "tests/integration/test_container_database.py")
DRIVERS = CACHE / "postgresql-drivers"
PATIENCE = 120.0


def ask() -> Outcome:
    """Run the tests of the store and the containers with the drivers that production's requirements pin."""
    server = binaries() or installed("postgresql", binaries)
    version = subprocess.run([server / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    paths = [str(_drivers()), *filter(None, [os.environ.get("PYTHONPATH")])]
    setting = {"PYTHONPATH": os.pathsep.join(paths)}
    return tested("PostgreSQL", version.split()[2], setting, *TESTS, "-k", "postgresql")


def binaries() -> Path | None:
    """Return the folder of the newest server's programs, or None."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    return max(found, key=lambda path: int(path.parts[-3])).parent if found else None


def _drivers() -> Path:
    if not DRIVERS.exists():
        pins = (ROOT / "requirements" / "production.txt").read_text().split()
        wanted = [pin for pin in pins if pin.startswith(("psycopg2", "asyncpg"))]
        uv = Path(sys.executable).with_name("uv")
        run(str(uv), "pip", "install", "-q", "--python", sys.executable, "--target", str(DRIVERS), *wanted)
    return DRIVERS


@contextmanager
def cluster() -> Iterator[str]:
    """Yield the URL of an empty database in a cluster that dies with this thread."""
    programs = binaries()
    if programs is None:
        raise Unavailable("PostgreSQL's server is not installed (apt-get install postgresql)")
    home = Path(tempfile.mkdtemp(prefix="parity-postgresql-"))
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    as_user: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
    if user:
        shutil.chown(home, user, user)
    initdb = [programs / "initdb", "-D", home / "data", "-A", "trust", "-U", "postgres", "-E", "UTF8"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=home, **as_user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["-D", home / "data", "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-k", home]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "postgres", *options],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=home,
            preexec_fn=processes.dying_with_us(),  # noqa: PLW1509 - one system call, its library already loaded
            **as_user,
        )
    try:
        _wait([programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port)], server, home / "log")
        yield f"postgresql+psycopg2://postgres@127.0.0.1:{port}/postgres"
    finally:
        processes.stop(server, patience=30)
        shutil.rmtree(home, ignore_errors=True)


def _wait(ready: list[str | Path], server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while subprocess.run(ready, capture_output=True, check=False).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
        time.sleep(0.1)
