"""The zygote: a process with PySpark and pandas already imported that forks one child per job.

It has one thread and no connection to the JVM, so that its children start clean, 1.5 to 2 seconds sooner
than a new interpreter would.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import signal
import socket
from contextlib import suppress
from types import FrameType

from parity_sandbox import processes
from parity_sandbox.spark.script import Order, perform

WARM = (
    "pyspark.sql",
    "pyspark.sql.functions",
    "pyspark.sql.types",
    "pyspark.sql.connect.session",
    "pyspark.sql.connect.functions",
    "pandas",
    "pyarrow.parquet",
)


_sessions: set[int] = set()
"""Process groups of all jobs so far: what a script leaves behind may outlive it."""


def warm_up() -> None:
    """Import what nearly every script imports."""
    for module in WARM:
        importlib.import_module(module)


def fork(address: str) -> int:
    """Fork a zygote that listens on ``address``; return its process id. Call it before starting a thread."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(64)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, _end)
        processes.die_with(parent, signal.SIGTERM)
        _let_go(listener)
        _serve(listener)
    listener.close()
    return child


def _end(_number: int, _frame: FrameType | None) -> None:
    """Kill the jobs with all that their scripts have started, which the kernel would leave alive."""
    for session in _sessions:
        with suppress(ProcessLookupError):
            os.killpg(session, signal.SIGKILL)
    os._exit(0)


def _let_go(listener: socket.socket) -> None:
    """Close what was open in the worker: a connection held here too would never look closed to its asker."""
    kept = listener.fileno()
    os.closerange(3, kept)
    os.closerange(kept + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _serve(listener: socket.socket) -> None:
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries our children
    own = os.getpid()
    while True:
        connection, _ = listener.accept()
        child = os.fork()
        if child == 0:
            listener.close()
            for number in (signal.SIGCHLD, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            processes.die_with(own)
            os.setsid()  # so that whatever the script starts can be killed with it
            _work(connection)
        _sessions.add(child)
        connection.close()


def _work(connection: socket.socket) -> None:
    try:
        order = Order(**json.loads(connection.makefile("rb").readline()))
        connection.sendall(f"{os.getpid()}\n".encode())
        connection.sendall(json.dumps(perform(order)).encode())
    finally:
        os._exit(0)
