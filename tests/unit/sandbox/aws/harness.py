"""A running AWS for tests: the app on a free loopback port in a thread, with a runner that runs plain Python."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import uvicorn
from botocore.config import Config

from parity_sandbox.aws import create_app
from parity_sandbox.context import Context
from parity_sandbox.endpoints import Endpoints
from parity_sandbox.faults import Faults
from parity_sandbox.spark.runner import Job, Outcome
from waiting import until

REGION = "eu-west-1"


@dataclass
class PlainPython:
    """Runs a script with the plain interpreter."""

    processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def run(self, job: Job, handle: str) -> Outcome:
        """Run ``job`` to its end."""
        command = [sys.executable, str(job.script), *job.argv]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.processes[handle] = process
        stdout, stderr = process.communicate(timeout=job.timeout)
        last = stderr.strip().splitlines()[-1:] or [""]
        return Outcome(process.returncode == 0, stdout, stderr, last[0], cancelled=process.returncode < 0)

    def cancel(self, handle: str) -> None:
        """Kill the process called ``handle``."""
        if handle in self.processes:
            self.processes[handle].kill()


@dataclass(frozen=True)
class RunningAws:
    """One sandbox AWS and how to reach it."""

    url: str
    state: Path
    faults: Faults

    def client(self, service: str, **options: Any) -> Any:
        """Return a boto3 client of a service."""
        usual = {
            "endpoint_url": self.url,
            "region_name": REGION,
            "aws_access_key_id": "AKIASANDBOX",
            "aws_secret_access_key": "sandbox",
            "config": Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}),
        }
        return boto3.client(service, **(usual | options))

    def put(self, bucket: str, key: str, content: bytes) -> Path:
        """Write a file where Spark would, and return it."""
        path = self.state / "s3" / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def query(self, sql: str, *, database: str = "lake", **options: Any) -> dict[str, Any]:
        """Run a query to its end and return its QueryExecution."""
        athena = self.client("athena")
        given = {"ResultConfiguration": {"OutputLocation": "s3://results/out/"}, **options}
        context = {"Database": database}
        started = athena.start_query_execution(QueryString=sql, QueryExecutionContext=context, **given)
        return finish(athena, started["QueryExecutionId"])

    def rows(self, sql: str, **options: Any) -> list[list[str | None]]:
        """Return the rows of a query that must succeed, without the names."""
        ended = self.query(sql, **options)
        assert ended["Status"]["State"] == "SUCCEEDED", ended["Status"]
        answer = self.client("athena").get_query_results(QueryExecutionId=ended["QueryExecutionId"])
        rows = [[cell.get("VarCharValue") for cell in row["Data"]] for row in answer["ResultSet"]["Rows"]]
        return rows[1:]

    def failure(self, sql: str, **options: Any) -> str:
        """Return why a query failed."""
        ended = self.query(sql, **options)
        assert ended["Status"]["State"] == "FAILED", ended["Status"]
        return str(ended["Status"]["StateChangeReason"])


def finish(athena: Any, query_id: str) -> dict[str, Any]:
    """Wait until a query has ended."""
    until(lambda: state(athena, query_id) not in ("QUEUED", "RUNNING"))
    found: dict[str, Any] = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
    return found


def state(athena: Any, query_id: str) -> str:
    """Return the state of a query."""
    execution = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
    return str(execution["Status"]["State"])


@contextmanager
def running_aws(state: Path) -> Iterator[RunningAws]:
    """Serve a fresh AWS over ``state`` while the block lasts."""
    faults = Faults()
    context = Context(state, Endpoints(region=REGION), faults, PlainPython())
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(context), log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield RunningAws(f"http://127.0.0.1:{listener.getsockname()[1]}", state, faults)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
