"""Fixtures that every floor shares: one sandbox per session, started when the first test asks for it."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from hypothesis import settings

from parity_sandbox.endpoints import Endpoints

# The same examples every time, so that a red build is about the change; HYPOTHESIS_PROFILE=search looks for more.
settings.register_profile("steady", derandomize=True)
settings.register_profile("search")
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

# The main module of a process of pytest-xdist has no file. PySpark, which Great Expectations imports, takes it for
# a doctest without what it needs, and ends the process.
vars(sys.modules["__main__"]).setdefault("__file__", __file__)

PATIENCE = 270
SHARED = ("sandbox", "sandbox_light")
"""Fixtures that start a sandbox for the whole session."""
LIGHT = ("--only", "aws,azure,databricks,storage,sink")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one process run all tests that need the same sandbox, so that it is started once; else one a file.

    These groups come first, since they take longest; what follows is mixed, so that one waits while another works.
    """
    groups = {}
    for item in items:
        needed = [name for name in SHARED if name in getattr(item, "fixturenames", ())]
        groups[item] = needed[0] if needed else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(groups[item]))
    items.sort(key=lambda item: groups[item] not in SHARED)


def pytest_collection_finish() -> None:
    """Spare a worker's later garbage collections what lives as long as it: modules and collected tests."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        gc.collect()
        gc.freeze()


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

    def aws(self, service: str) -> Any:
        """Return a boto3 client."""
        at = self.endpoints
        return boto3.client(
            service,
            endpoint_url=at.aws,
            region_name=at.region,
            aws_access_key_id=at.aws_access_key,
            aws_secret_access_key=at.aws_secret_key,
        )

    def last_request(self) -> int:
        """Return the newest id in the request log, for ``since``."""
        return max((entry["id"] for entry in self.requests()), default=0)


def start_sandbox(state: Path, *flags: str) -> RunningSandbox:
    """Start a sandbox in ``state`` that dies with this process, and return it when it is ready."""
    command = [sys.executable, "-m", "parity_sandbox", "up", "--foreground", "--state", str(state), *flags]
    state.mkdir(parents=True, exist_ok=True)
    (state / "endpoints.json").unlink(missing_ok=True)  # a killed sandbox leaves it behind
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
def sandboxes() -> Iterator[dict[str, RunningSandbox]]:
    """The sandboxes that are up in this session, by kind; stopped at its end."""
    up: dict[str, RunningSandbox] = {}
    yield up
    for running in up.values():
        stop_sandbox(running)


@pytest.fixture(scope="session")
def sandbox(sandboxes: dict[str, RunningSandbox], tmp_path_factory: pytest.TempPathFactory) -> RunningSandbox:
    """The demo's world, its databases, and Spark warm."""
    return sandboxes.setdefault("full", start_sandbox(tmp_path_factory.mktemp("sandbox")))


@pytest.fixture(scope="session")
def sandbox_light(
    sandboxes: dict[str, RunningSandbox], tmp_path_factory: pytest.TempPathFactory
) -> RunningSandbox:
    """Empty clouds without databases, whose Spark starts with the first job; for fast tests."""
    state = tmp_path_factory.mktemp("light")
    return sandboxes.setdefault("light", start_sandbox(state, "--spark", "lazy", "--no-world", *LIGHT))


@pytest.fixture(autouse=True)
def healed(sandboxes: dict[str, RunningSandbox]) -> Iterator[None]:
    """Forget every fault when a test ends."""
    yield
    for running in sandboxes.values():
        running.heal()
