"""The runner that the services hold: hands scripts to the Spark worker over its socket."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import asdict, dataclass
from typing import Any

from parity_sandbox.spark.runner import Job, Outcome

START_PATIENCE = 60.0
"""Seconds for the worker's socket to appear; it does so long before the JVM is up."""


@dataclass(frozen=True)
class SparkRunner:
    """Speaks one JSON line each way per connection; thread-safe, since nothing is kept between calls."""

    address: str

    def run(self, job: Job, handle: str) -> Outcome:
        """Run ``job`` to its end and return the outcome; starts Spark when it is not up yet."""
        request = {
            "do": "run",
            "handle": handle,
            "job": {**asdict(job), "script": str(job.script), "argv": list(job.argv), "widgets": {**job.widgets}},
        }
        return Outcome(**self._ask(request))

    def cancel(self, handle: str) -> None:
        """Kill the job called ``handle``; unknown and ended ones are left alone."""
        self._ask({"do": "cancel", "handle": handle})

    def prepare(self) -> None:
        """Return when Spark is warm."""
        self._ask({"do": "prepare"})

    def reset(self) -> None:
        """Kill every job and forget every database."""
        self._ask({"do": "reset"})

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._connected() as connection:
            connection.sendall(json.dumps(request).encode() + b"\n")
            answer = connection.makefile("rb").read()
        if not answer:
            raise ConnectionError("The Spark worker ended; see the sandbox's log.")
        document: dict[str, Any] = json.loads(answer)
        if "refused" in document:
            raise RuntimeError(document["refused"])
        return document

    def _connected(self) -> socket.socket:
        deadline = time.monotonic() + START_PATIENCE
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(self.address)
            except OSError:
                connection.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return connection
