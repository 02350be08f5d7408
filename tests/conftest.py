"""Fixtures that every floor shares: one sandbox per session, started when the first test asks for it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from parity_sandbox.endpoints import Endpoints

PATIENCE = 120.0


@dataclass(frozen=True)
class RunningSandbox:
    """A sandbox as its tests see it."""

    state: Path
    endpoints: Endpoints
    process: subprocess.Popen[bytes]

    def fault(self, **rule: Any) -> None:
        """Put a fault rule in force; it is forgotten when the test ends."""
        httpx.post(f"{self.endpoints.databricks}/_sandbox/faults", json=rule).raise_for_status()

    def heal(self) -> None:
        """Forget every fault."""
        httpx.delete(f"{self.endpoints.databricks}/_sandbox/faults").raise_for_status()

    def requests(self, service: str = "", since: int = 0) -> list[dict[str, Any]]:
        """Return the request log: dicts with id, service, method, path, status, ms, at, body, fault."""
        answer = httpx.get(
            f"{self.endpoints.databricks}/_sandbox/requests", params={"service": service, "since": since}
        )
        return answer.raise_for_status().json()["requests"]

    def last_request(self) -> int:
        """Return the newest id in the request log, for ``since``."""
        return max((entry["id"] for entry in self.requests()), default=0)


def start_sandbox(state: Path, *flags: str) -> RunningSandbox:
    """Start a sandbox in ``state`` that dies with this process, and return it when it is ready."""
    command = [sys.executable, "-m", "parity_sandbox", "up", "--foreground", "--state", str(state), *flags]
    state.mkdir(parents=True, exist_ok=True)
    log = state / "output.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + PATIENCE
    while not (state / "endpoints.json").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            pytest.fail(f"the sandbox did not start:\n{log.read_text()}")
        time.sleep(0.1)
    return RunningSandbox(state, Endpoints.read(state), process)


def stop_sandbox(sandbox: RunningSandbox) -> None:
    """Stop a sandbox and wait until it is gone."""
    sandbox.process.terminate()
    sandbox.process.wait(30)


@pytest.fixture(scope="session")
def sandbox_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], RunningSandbox]]:
    """One sandbox per kind ("full" or "light"), started on first use."""
    flags = {"full": ("--spark", "eager"), "light": ("--spark", "lazy", "--no-world", "--only", LIGHT)}
    started: dict[str, RunningSandbox] = {}

    def start(kind: str) -> RunningSandbox:
        if kind not in started:
            started[kind] = start_sandbox(tmp_path_factory.mktemp("sandbox") / kind, *flags[kind])
        return started[kind]

    yield start
    for sandbox in started.values():
        stop_sandbox(sandbox)


LIGHT = "aws,azure,databricks,storage,sink"


@pytest.fixture
def sandbox(sandbox_of: Callable[[str], RunningSandbox]) -> Iterator[RunningSandbox]:
    """The demo's world with Spark warm; faults are forgotten after each test."""
    running = sandbox_of("full")
    yield running
    running.heal()


@pytest.fixture
def sandbox_light(sandbox_of: Callable[[str], RunningSandbox]) -> Iterator[RunningSandbox]:
    """Empty clouds without databases, whose Spark starts with the first job; for fast tests."""
    running = sandbox_of("light")
    yield running
    running.heal()
