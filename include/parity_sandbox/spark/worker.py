"""The Spark worker: keeps one JVM warm, and has each job run in a process of its own.

Requests come over a Unix socket, one JSON line per connection: ``run``, ``cancel``, ``prepare``, ``reset``.
In lazy mode the first of them starts the JVM. Nothing is cleaned up at the end: the JVM, the zygote and its
jobs are killed by the kernel with this process's main thread.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from parity_sandbox.options import Options
from parity_sandbox.progress import say
from parity_sandbox.spark import files, jvm, zygote
from parity_sandbox.spark.jobs import Jobs
from parity_sandbox.spark.orphans import RunningSpark
from parity_sandbox.spark.runner import Job

Request = Mapping[str, Any]


@dataclass(frozen=True)
class Warm:
    """The warm JVM's session, and the jobs that run on it."""

    state: Path
    session: Any
    jobs: Jobs

    def answer(self, request: Request) -> dict[str, Any]:
        """Do what is asked."""
        actions: Mapping[str, Callable[[Request], dict[str, Any]]] = {
            "run": self._run,
            "cancel": self._cancel,
            "prepare": lambda _request: {},
            "reset": self._reset,
        }
        return actions[request["do"]](request)

    def _run(self, request: Request) -> dict[str, Any]:
        job = Job(**{**request["job"], "script": Path(request["job"]["script"])})
        self._mount()
        return asdict(self.jobs.run(job, request["handle"]))

    def _cancel(self, request: Request) -> dict[str, Any]:
        self.jobs.cancel(request["handle"])
        return {}

    def _reset(self, _request: Request) -> dict[str, Any]:
        self.jobs.kill_all()
        self.session.catalog.clearCache()
        for database in self.session.catalog.listDatabases():
            if database.name != "default":
                self.session.sql(f"DROP DATABASE `{database.name}` CASCADE")
        for table in self.session.catalog.listTables("default"):
            self.session.sql(f"DROP TABLE `{table.name}`")
        return {}

    def _mount(self) -> None:
        """Let Spark see every bucket and container that exists now."""
        for configuration in hadoop_settings(self.session):
            for name, value in files.mounts(self.state).items():
                configuration.set(name, value)


def warm(options: Options) -> Warm:
    """Start the JVM and the zygote; call it from the main thread, before any other thread is started."""
    state = options.state
    shutil.rmtree(state / "warehouse", ignore_errors=True)  # no catalog refers to it any more
    process = jvm.launch(state)
    zygote.warm_up()
    address = f"{options.spark_address}-zygote"
    zygote.fork(address)
    port, secret = jvm.gateway(process, state)
    session = open_session(port, secret)
    running = RunningSpark.of(session)
    jobs = Jobs(state, address, port, secret, running.connect.localPort(), running.cancel, running.rows_written)
    say(f"Spark {session.version} is up")
    threading.Thread(target=run_in, args=(session,), daemon=True).start()
    threading.Thread(target=running.watch, args=(jobs.ended,), daemon=True).start()
    return Warm(state, session, jobs)


def hadoop_settings(session: Any) -> tuple[Any, Any]:
    """Return the context's Hadoop settings, and the copy that the catalog took of them when it was made.

    The catalog makes folders of databases and partitions by its own copy, which nothing else reaches.
    """
    catalog = session._jsparkSession.sharedState().externalCatalog().unwrapped()  # noqa: SLF001
    copied = catalog.getClass().getDeclaredField("hadoopConfig")
    copied.setAccessible(True)
    return session.sparkContext._jsc.hadoopConfiguration(), copied.get(catalog)  # noqa: SLF001 - the only way


def open_session(port: int, secret: str) -> Any:
    """Create the one SparkContext, whose session shares its catalog with those of all jobs."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    context = SparkContext(gateway=jvm.attach(port, secret))
    context.setLogLevel("ERROR")
    return SparkSession.builder.getOrCreate()


def run_in(session: Any) -> None:
    """Let the JVM load what every job needs, beside whatever else goes on: the first job costs it seconds."""
    session.range(1).selectExpr("count(*)").collect()


def serve(options: Options) -> None:
    """Answer until killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the supervisor
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(options.spark_address)
    listener.listen(64)
    waiting = [] if options.spark == "eager" else [listener.accept()[0]]
    ready = warm(options)
    while True:
        connection = waiting.pop() if waiting else listener.accept()[0]
        threading.Thread(target=reply, args=(ready, connection), daemon=True).start()


def reply(ready: Warm, connection: socket.socket) -> None:
    """Answer one connection; what goes wrong here is told to the asker."""
    with connection:
        try:
            request = json.loads(connection.makefile("rb").readline())
            answer = ready.answer(request)
        except Exception as error:  # noqa: BLE001 - the worker must outlive every request
            traceback.print_exc()
            answer = {"refused": f"{type(error).__name__}: {error}"}
        connection.sendall(json.dumps(answer).encode())


if __name__ == "__main__":
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = token_hex()  # for the JVM and the jobs, which inherit it
    serve(Options.load(sys.argv[1]))
