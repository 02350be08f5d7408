"""Jobs that run now: each is a process that the zygote forked, known by its handle until it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from parity_sandbox.spark.runner import Job, Outcome
from parity_sandbox.spark.script import Order

KEPT = 5 * 2**20
"""Bytes of output that are kept, as on Databricks."""


@dataclass
class Jobs:
    """Starts, awaits and kills job processes; thread-safe."""

    state: Path
    zygote: str
    """The zygote's address."""
    port: int
    secret: str
    connect: int
    cancel_spark: Callable[[str], None]
    """Cancels the Spark jobs of a handle: killing Python alone would leave them running in the JVM."""
    rows_written: Callable[[str], int]
    _pids: dict[str, int] = field(default_factory=dict)
    _cancelled: set[str] = field(default_factory=set)
    _handles: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, job: Job, handle: str) -> Outcome:
        """Run ``job`` to its end."""
        began = time.monotonic()
        stem = self.state / "run" / f"job-{uuid4().hex}"
        outcome = self._await(self._order(job, handle, stem), job.timeout)
        written = self.rows_written(handle) if outcome.ok else 0
        self._kill(handle)  # whatever it left running, however it ended
        with self._lock:
            self._pids.pop(handle, None)
            cancelled = handle in self._cancelled
            self._cancelled.discard(handle)
        return replace(
            outcome,
            ok=outcome.ok and not cancelled,
            cancelled=cancelled,
            rows_written=written,
            stdout=_collect(stem.with_suffix(".stdout")),
            stderr=_collect(stem.with_suffix(".stderr")),
            seconds=round(time.monotonic() - began, 3),
        )

    def cancel(self, handle: str) -> None:
        """Kill one job and what it runs in the JVM.

        A handle that is not known yet is remembered: its job may be on its way, and then ends at once.
        """
        with self._lock:
            self._cancelled.add(handle)
            known = handle in self._pids
        if known:
            self._kill(handle)

    def ended(self, handle: str) -> bool:
        """Return whether a job called ``handle`` has run and is over."""
        return handle in self._handles and handle not in self._pids

    def kill_all(self) -> None:
        """Kill every job."""
        for handle in list(self._pids):
            self.cancel(handle)

    def _order(self, job: Job, handle: str, stem: Path) -> Order:
        return Order(
            handle=handle,
            script=str(job.script),
            argv=list(job.argv),
            widgets=dict(job.widgets),
            state=str(self.state),
            output=str(stem),
            port=self.port,
            secret=self.secret,
            connect=self.connect,
            access=job.access,
        )

    def _await(self, order: Order, timeout: float) -> Outcome:
        with self._lock:
            self._pids[order.handle] = 0
            self._handles.add(order.handle)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.zygote)
            connection.sendall(json.dumps(asdict(order)).encode() + b"\n")
            answers = connection.makefile("rb")
            # Without a time limit: a process whose id is not known yet could not be killed when time is up.
            self._born(order.handle, int(answers.readline() or 0))
            connection.settimeout(timeout)
            try:
                return _outcome(answers.read())
            except TimeoutError:
                self._kill(order.handle)
                return Outcome(ok=False, error=f"Timed out after {timeout:g} seconds.", timed_out=True)

    def _born(self, handle: str, pid: int) -> None:
        with self._lock:
            self._pids[handle] = pid
            doomed = handle in self._cancelled
        if doomed:
            self._kill(handle)

    def _kill(self, handle: str) -> None:
        pid = self._pids.get(handle, 0)
        if pid:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        self.cancel_spark(handle)


def _outcome(answer: bytes) -> Outcome:
    if not answer:
        return Outcome(ok=False, error="The job's process was killed.")
    ending: dict[str, Any] = json.loads(answer)
    return Outcome(**ending)


def _collect(file: Path) -> str:
    if not file.exists():
        return ""
    with file.open("rb") as stream:
        text = stream.read(KEPT).decode("utf-8", "replace")
    file.unlink()
    return text
