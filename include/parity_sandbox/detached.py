"""``up`` without ``--foreground``: leave a supervisor behind, and follow its log until it is ready."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click

from parity_sandbox.lock import AlreadyUp, holder
from parity_sandbox.options import Options

PATIENCE = 120.0
"""Seconds after which a start that still isn't ready is given up."""


def launch(options: Options) -> None:
    """Start a supervisor in a session of its own; ClickException with its last words when it fails."""
    pid = holder(options.state)
    if pid is not None:
        raise AlreadyUp(options.state, pid)
    (options.state / "logs").mkdir(parents=True, exist_ok=True)
    (options.state / "endpoints.json").unlink(missing_ok=True)
    log = options.state / "logs" / "sandbox.log"
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            command(options),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    for line in until_ready(supervisor, options.state, log):
        click.echo(line)


def command(options: Options) -> list[str]:
    """Return the command line of the supervisor."""
    flags = [] if options.world else ["--no-world"]
    head = [sys.executable, "-W", "ignore", "-m", "parity_sandbox", "up", "--foreground", "--detached"]
    tail = ["--state", str(options.state), "--only", ",".join(options.only), "--spark", options.spark]
    tail += ["--databricks", options.databricks]
    return [*head, *tail, *flags]


def until_ready(supervisor: subprocess.Popen[bytes], state: Path, log: Path) -> Iterator[str]:
    """Yield the log's lines until the endpoints are there; ClickException when they never will be."""
    deadline = time.monotonic() + PATIENCE
    with log.open() as lines:
        while True:
            ready = (state / "endpoints.json").exists()
            yield from (line.rstrip("\n") for line in lines)
            if ready:
                return
            if supervisor.poll() is not None or time.monotonic() > deadline:
                supervisor.terminate()
                raise click.ClickException(f"The sandbox did not start; see {log}.")
            time.sleep(0.1)
