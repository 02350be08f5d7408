"""The server process: every wanted service on its own port, one event loop for all.

Ports are bound first, so that every service knows every endpoint when its app is made. ``endpoints.json``
is written last: whoever finds it finds a sandbox that works.
"""

from __future__ import annotations

import shutil
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import uvicorn
from starlette.types import ASGIApp

from parity_sandbox.context import Context
from parity_sandbox.control import Control
from parity_sandbox.databases import DatabaseKeeper
from parity_sandbox.endpoints import Endpoints
from parity_sandbox.faults import Faults
from parity_sandbox.gate import Gate
from parity_sandbox.options import Options
from parity_sandbox.progress import say
from parity_sandbox.services import APPS, create_apps
from parity_sandbox.spark.absent import NoSpark
from parity_sandbox.spark.client import SparkRunner
from parity_sandbox.spark.runner import Runner

DATA = ("s3", "adls", "volumes", "workspace", "dbfs", "adf", "storage", "azure_mysql")
"""Folders that hold the clouds' data; ``reset`` empties them."""


class Engine(Runner, Protocol):
    """A runner with a life of its own."""

    def prepare(self) -> None:
        """Return when jobs can run."""

    def reset(self) -> None:
        """Kill what runs and forget every table."""


def bind(names: tuple[str, ...]) -> dict[str, socket.socket]:
    """Return a loopback socket on a free port for each service."""
    return {name: socket.create_server(("127.0.0.1", 0), backlog=256) for name in names}


def port_of(bound: socket.socket) -> int:
    """Return the port that the kernel chose."""
    port: int = bound.getsockname()[1]
    return port


@dataclass
class Sandbox:
    """Everything the server process holds."""

    options: Options
    context: Context
    engine: Engine
    databases: DatabaseKeeper | None
    apps: dict[str, ASGIApp] = field(default_factory=dict)
    ready: bool = False
    failed: bool = False

    def open(self, give_up: Callable[[], None]) -> None:
        """Do what takes time while the services already answer, then say ready."""
        try:
            self._make_ready()
        except Exception:  # noqa: BLE001 - whatever it is, the sandbox cannot start, and must say why
            traceback.print_exc(file=sys.stdout)
            self.failed = True
            give_up()

    def _make_ready(self) -> None:
        if self.options.world:
            self.seed()
            say("the world is seeded")
        if self.options.spark == "eager":
            self.engine.prepare()
        if self.databases:
            self.databases.wait()
        self.context.endpoints.write(self.context.state)
        self.ready = True
        say(f"ready; endpoints are in {self.context.state / 'endpoints.json'}")

    def seed(self) -> None:
        """Fill the clouds with the demo's world."""
        from parity_sandbox import world

        world.seed(self.context)

    def reset(self) -> None:
        """Empty the clouds and seed them again; ports, database servers and Spark stay."""
        self.context.faults.clear()
        self.engine.reset()
        if self.databases:
            self.databases.as_new()
        for folder in DATA:
            empty(self.context.state / folder)
        self.apps.update(create_apps(self.options.only, self.context))
        self.context.journal.clear()
        if self.options.world:
            self.seed()

    def reseed(self) -> None:
        """Make both databases anew."""
        if self.databases:
            self.databases.reset()

    def health(self) -> dict[str, Any]:
        """Return what ``status`` prints."""
        return {
            "ready": self.ready,
            "services": sorted(self.apps),
            "spark": self.options.spark,
            "databricks": self.options.databricks,
        }


def empty(folder: Path) -> None:
    """Remove what is in ``folder``, and make sure that it exists."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def build(options: Options, sockets: Mapping[str, socket.socket]) -> Sandbox:
    """Return a sandbox that knows every endpoint, and has no app yet."""
    for folder in DATA:
        (options.state / folder).mkdir(parents=True, exist_ok=True)
    endpoints = Endpoints(**{name: f"http://127.0.0.1:{port_of(sockets[name])}" for name in sockets})
    engine: Engine = NoSpark() if options.spark == "none" else SparkRunner(options.spark_address)
    context = Context(options.state, endpoints, Faults(), engine, options.databricks)
    databases = DatabaseKeeper(context) if "mysql" in options.only else None
    return Sandbox(options, context, engine, databases)


def gate(sandbox: Sandbox, sockets: Mapping[str, socket.socket]) -> Gate:
    """Return the app in front of all services."""
    context = sandbox.context
    control = Control(context.faults, context.journal, sandbox.reset, sandbox.reseed, sandbox.health)
    ports = {port_of(bound): name for name, bound in sockets.items()}
    return Gate(ports, sandbox.apps, control.app(), context.faults, context.journal)


def serve(options: Options) -> int:
    """Serve until SIGTERM; return the exit status."""
    sockets = bind(tuple(name for name in APPS if name in options.only))
    sandbox = build(options, sockets)
    try:
        return run(sandbox, sockets)
    finally:
        if sandbox.databases:
            sandbox.databases.stop()


def run(sandbox: Sandbox, sockets: Mapping[str, socket.socket]) -> int:
    """Start the databases, load the services meanwhile, and serve."""
    if sandbox.databases:
        sandbox.databases.start()
    sandbox.apps.update(create_apps(sandbox.options.only, sandbox.context))
    say(f"{', '.join(sandbox.apps)} listen")
    settings = uvicorn.Config(
        gate(sandbox, sockets), lifespan="off", log_level="warning", timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(settings)

    def give_up() -> None:
        server.should_exit = True

    threading.Thread(target=sandbox.open, args=(give_up,), name="opening", daemon=True).start()
    server.run(sockets=list(sockets.values()))
    return int(sandbox.failed)


if __name__ == "__main__":
    sys.exit(serve(Options.load(sys.argv[1])))
