"""The supervisor: starts the server and Spark and ends them when told, or with its parent."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

from parity_sandbox import processes
from parity_sandbox.lock import claimed
from parity_sandbox.options import Options
from parity_sandbox.progress import say, start_the_clock

GLANCE = 0.3
"""Seconds between two looks at the children and the parent."""


def supervise(options: Options, parent: int | None) -> int:
    """Run a sandbox until SIGTERM or SIGINT, until ``parent`` ends, or until a child fails; return the status."""
    start_the_clock()
    with claimed(options.state):
        prepare(options.state)
        stopping = stop_on_signals()
        if parent is not None:
            # SIGHUP only wakes us: it also comes when no more than the parent's *thread* has ended.
            processes.die_with(parent, signal.SIGHUP)
        children = start(options)
        try:
            status = watch(children, stopping, parent)
        finally:
            end(options.state, children)
    say("down")
    return status


def prepare(state: Path) -> None:
    """Clear away what a killed sandbox left: its endpoints, its sockets, its last processes."""
    (state / "endpoints.json").unlink(missing_ok=True)
    sweep(state)
    shutil.rmtree(state / "run", ignore_errors=True)
    for folder in ("logs", "run"):
        (state / folder).mkdir(exist_ok=True)


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    signal.signal(signal.SIGHUP, lambda _number, _frame: None)
    return stopping


def start(options: Options) -> dict[str, subprocess.Popen[bytes]]:
    """Start the children."""
    env = {processes.MARK: str(options.state), "PYTHONUNBUFFERED": "1"}
    python = [sys.executable, "-W", "ignore", "-m"]
    children = {}
    if options.spark != "none":
        children["Spark"] = processes.spawn([*python, "parity_sandbox.spark.worker", options.dump()], env=env)
    children["server"] = processes.spawn([*python, "parity_sandbox.server", options.dump()], env=env)
    return children


def watch(children: dict[str, subprocess.Popen[bytes]], stopping: threading.Event, parent: int | None) -> int:
    """Return 0 when asked to stop, 1 when a child ended by itself."""
    while not stopping.wait(GLANCE):
        for name, child in children.items():
            if child.poll() is not None:
                say(f"{name} ended by itself with status {child.returncode}; stopping the sandbox")
                return 1
        if parent is not None and os.getppid() != parent:
            say("the parent ended")
            return 0
    return 0


def end(state: Path, children: dict[str, subprocess.Popen[bytes]]) -> None:
    """Stop every child, whatever state it is in."""
    (state / "endpoints.json").unlink(missing_ok=True)
    for child in children.values():
        child.terminate()
    for child in children.values():
        processes.stop(child)
    sweep(state)


def sweep(state: Path, patience: float = 3.0) -> None:
    """Wait for the last processes of ``state`` to end by themselves, then kill them."""
    deadline = time.monotonic() + patience
    while (left := processes.belonging_to(state)) and time.monotonic() < deadline:
        time.sleep(0.05)
    kill(left)


def kill(pids: Iterable[int]) -> None:
    """Kill processes that may already be gone."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
