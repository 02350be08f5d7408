"""What ``status`` prints and what ``reset`` asks, over the sandbox's own HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx

from parity_sandbox import processes
from parity_sandbox.endpoints import Endpoints
from parity_sandbox.services import APPS

KINDS = {
    "parity_sandbox.server": "server",
    "parity_sandbox.spark.worker": "Spark worker",
    "pyspark.daemon": "Spark's Python",
    "java": "Spark JVM",
    "mariadbd": "database",
}
"""What a process is, by what its command line contains."""


def table(state: Path, pid: int) -> str:
    """Return one line per service and per process of the sandbox in ``state``."""
    try:
        endpoints = Endpoints.read(state)
    except FileNotFoundError:
        return f"The sandbox in {state} (process {pid}) is still starting."
    lines = [f"Sandbox in {state}, supervisor {pid}", *_services(endpoints), *_processes(state, pid)]
    return "\n".join(lines)


def ask_reset(state: Path) -> None:
    """Ask the sandbox to clear and seed itself; returns when it has."""
    ask(state, "reset", method="POST")


def ask(state: Path, what: str, method: str = "GET") -> Any:
    """Return the answer of ``/_sandbox/<what>`` of whichever service is there."""
    urls = asdict(Endpoints.read(state))
    url = next(urls[name] for name in APPS if urls[name])
    answer = httpx.request(method, f"{url}/_sandbox/{what}", timeout=300)
    return answer.raise_for_status().json()


def _services(endpoints: Endpoints) -> Iterator[str]:
    urls = asdict(endpoints)
    for name in (*APPS, "mysql_legacy", "mysql_target"):
        yield f"  {name:14} {urls[name] or '-'}"


def _processes(state: Path, supervisor: int) -> Iterator[str]:
    pids = [supervisor, *processes.belonging_to(state)]
    sizes = {pid: processes.resident_mib(pid) for pid in pids}
    for pid, size in sizes.items():
        kind = "supervisor" if pid == supervisor else _kind(processes.command_line(pid))
        yield f"  {kind:14} {size:6.0f} MiB  process {pid}"
    yield f"  {'together':14} {sum(sizes.values()):6.0f} MiB"


def _kind(command: str) -> str:
    return next((kind for part, kind in KINDS.items() if part in command), "job")
