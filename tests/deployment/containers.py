"""One deployment: a checkout of its own, its settings, and Compose over both."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deployment.engine import Docker
from truth.engines import ROOT

PASSWORD = "p@ss/w:o?r#d %41$&"
PATIENCE = 900.0
SHIPPED = ("compose", "exec", "-T", "postgres", "psql", "-U", "airflow")
"""How the shipped PostgreSQL is asked."""


@dataclass
class Containers:
    """The deployment in ``home``; ``psql`` asks its PostgreSQL, ``posted`` is what its watchdog's webhook took."""

    docker: Docker
    home: Path
    port: int
    psql: tuple[str, ...] = SHIPPED
    posted: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Return where it is published."""
        return f"http://127.0.0.1:{self.port}"

    def compose(self, *arguments: str, check: bool = True) -> str:
        """Run ``docker compose …`` in the checkout and return what it said."""
        done = self.docker.run("compose", *arguments, where=self.home, check=check)
        return done.stdout + done.stderr

    def inside(self, service: str, *command: str, check: bool = True, given: str | None = None) -> str:
        """Run a command in a service's container, which may read what is ``given``."""
        arguments = ("compose", "exec", "-T", service, *command)
        done = self.docker.run(*arguments, where=self.home, check=check, given=given)
        return done.stdout + done.stderr

    def sql(self, statement: str, database: str = "airflow") -> str:
        """Ask PostgreSQL; rows without decoration."""
        arguments = (*self.psql, "-d", database, "-Atc", statement)
        return self.docker.run(*arguments, where=self.home).stdout.strip()

    def inspect(self, service: str) -> dict[str, Any]:
        """Return what the engine knows of a service's container."""
        number = self.compose("ps", "-aq", service).strip()
        found: list[dict[str, Any]] = json.loads(self.docker.run("inspect", number).stdout)
        return found[0]

    def set(self, **values: str) -> None:
        """Change lines of ``.env``, set or offered there."""
        file = self.home / ".env"
        text = file.read_text()
        for name, value in values.items():
            line = f"{name}={value}"
            text = re.sub(rf"^#?{name}=.*$", lambda _, line=line: line, text, flags=re.MULTILINE)
        file.write_text(text)


Check = Callable[[Containers], None]
"""Something that people rely on, as its first line says; raises where it does not hold."""


def checkout(docker: Docker, home: Path, override: str, umask: int = 0o022) -> Containers:
    """Check out what is committed, with settings of its own; ``override`` is what these tests need besides."""
    subprocess.run(["git", "clone", "-q", "--no-local", str(ROOT), str(home)], check=True, umask=umask)
    subprocess.run([home / "scripts" / "make-env.sh"], check=True, capture_output=True)
    (home / "docker-compose.override.yaml").write_text(override)
    made = Containers(docker, home, free_port())
    made.set(AIRFLOW_PORT=str(made.port), AIRFLOW_URL=made.url, AIRFLOW_PARALLELISM="4")
    return made


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def gateway(docker: Docker) -> str:
    """Return this machine's address as every container of the engine reaches it."""
    look = ("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}")
    return docker.run(*look).stdout.strip()


def until(what: str, holds: Callable[[], object], patience: float = PATIENCE) -> None:
    """Wait for a sign; raises with ``what`` was waited for."""
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience:.0f} s in vain: {what}")
        time.sleep(2)
