"""One deployment: a checkout of its own, its settings, and Compose over both."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployment.engine import Docker
from truth.engines import ROOT

PASSWORD = "p@ss/w:o?r#d %41$&"
PATIENCE = 900.0
SLEEPER = '''"""A task that takes a while, and reports when it has ended."""

import time

from airflow.sdk import DAG, task

with DAG("sleeper", is_paused_upon_creation=False) as dag:

    @task(retries=0)
    def sleep() -> str:
        time.sleep(60)
        return "ended"

    sleep()
'''
EXTRA = """# The build reaches the packages as this machine does; the Dag is not the product's.
services:
  init: {build: {network: host}}
  scheduler: {volumes: ["./sleeper.py:/opt/parity/dags/sleeper.py:ro"]}
  dag-processor: {volumes: ["./sleeper.py:/opt/parity/dags/sleeper.py:ro"]}
"""


@dataclass(frozen=True)
class Containers:
    """The deployment in ``home``."""

    docker: Docker
    home: Path
    port: int

    @property
    def url(self) -> str:
        """Return where it is published."""
        return f"http://127.0.0.1:{self.port}"

    def compose(self, *arguments: str, check: bool = True) -> str:
        """Run ``docker compose …`` in the checkout and return what it said."""
        done = self.docker.run("compose", *arguments, where=self.home, check=check)
        return done.stdout + done.stderr

    def inside(self, service: str, *command: str, check: bool = True) -> str:
        """Run a command in a service's container."""
        return self.compose("exec", "-T", service, *command, check=check)

    def sql(self, statement: str, database: str = "airflow") -> str:
        """Ask the shipped PostgreSQL; rows without decoration."""
        return self.inside("postgres", "psql", "-U", "airflow", "-d", database, "-Atc", statement).strip()

    def inspect(self, service: str) -> dict[str, Any]:
        """Return what the engine knows of a service's container."""
        number = self.compose("ps", "-aq", service).strip()
        found: list[dict[str, Any]] = json.loads(self.docker.run("inspect", number).stdout)
        return found[0]

    def set(self, **values: str) -> None:
        """Change lines of ``.env``."""
        file = self.home / ".env"
        text = file.read_text()
        for name, value in values.items():
            line = f"{name}={value}"
            text = re.sub(rf"^#?{name}=.*$", lambda _, line=line: line, text, flags=re.MULTILINE)
        file.write_text(text)


def checkout(docker: Docker, home: Path, port: int) -> Containers:
    """Check out what is committed as somebody with ``umask 077`` does, with settings of its own."""
    subprocess.run(["git", "clone", "-q", "--no-local", str(ROOT), str(home)], check=True, umask=0o077)
    subprocess.run([home / "scripts" / "make-env.sh"], check=True, capture_output=True)
    (home / "sleeper.py").write_text(SLEEPER)
    (home / "docker-compose.override.yaml").write_text(EXTRA)
    made = Containers(docker, home, port)
    made.set(
        AIRFLOW_PORT=str(port),
        AIRFLOW_URL=made.url,
        POSTGRES_PASSWORD=f"'{PASSWORD}'",
        PARITY_POLL_SECONDS="7",
        AIRFLOW_PARALLELISM="4",
    )
    return made


def until(what: str, holds: Callable[[], object], patience: float = PATIENCE) -> None:
    """Wait for a sign; raises with ``what`` was waited for."""
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience:.0f} s in vain: {what}")
        time.sleep(2)
