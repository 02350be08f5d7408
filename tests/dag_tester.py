"""The Dags of a folder of suites, run by Airflow's ``dag.test()`` in a process of their own.

No scheduler and no triggerer: everything else is what production runs, against the sandbox. The process lives
as long as its tests, because importing Airflow and Great Expectations costs more than a run does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parity.history.records import ActivityRecord
from parity.history.store import Store, open_store
from parity_sandbox.demo.airflow import LocalAirflow
from parity_sandbox.processes import dying_with_us

PROJECT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Tested:
    """A Dag run that has ended."""

    run_id: str
    state: str
    tasks: Mapping[str, str]
    """Task id to state."""
    activities: tuple[ActivityRecord, ...]
    verdict: str
    reason: str

    def verdicts(self) -> dict[str, str]:
        """Return each recorded activity's verdict."""
        return {record.key.activity: str(record.verdict) for record in self.activities}

    def reason_of(self, activity: str) -> str:
        """Return why an activity has its verdict."""
        return next(record.reason for record in self.activities if record.key.activity == activity)


@dataclass
class DagTester:
    """Runs Dags of ``suites`` in ``home``; connections may be changed between two runs."""

    home: Path
    suites: Path
    process: subprocess.Popen[str] | None = None
    airflow: LocalAirflow = field(init=False)
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        settings = {
            "PARITY_HOME": str(self.home / "parity"),
            "PARITY_SUITES": str(self.suites),
            "PARITY_POLL_SECONDS": "0.5",
            "PARITY_RETRY_SECONDS": "1",
            "PARITY_SCHEDULED": "false",
        }
        self.airflow = LocalAirflow(PROJECT, self.home, settings)
        self.store = open_store(f"sqlite:///{self.home / 'parity' / 'results.db'}")

    def connect(self, connections: Mapping[str, Mapping[str, Any]]) -> None:
        """Write the connections that the next run finds."""
        self.airflow.connect(connections)

    def run(self, dag_id: str, **conf: Any) -> Tested:
        """Run a Dag of a suite from parameters and return how it ended."""
        ended = self.ended(dag_id, **conf)
        detail = self.store.run(ended["run_id"])
        verdict = str(detail.run.verdict) if detail.run.verdict else ""
        return Tested(**ended, activities=detail.activities, verdict=verdict, reason=detail.run.reason)

    def ended(self, dag_id: str, **conf: Any) -> dict[str, Any]:
        """Run any Dag from parameters and return the id and the state of its run, and the states of its tasks."""
        served = self.process or self._start()
        assert served.stdin
        assert served.stdout
        served.stdin.write(json.dumps({"dag_id": dag_id, "conf": conf}) + "\n")
        served.stdin.flush()
        line = served.stdout.readline()
        assert line, (self.home / "dag_tester.log").read_text()[-4000:]
        found: dict[str, Any] = json.loads(line)
        return found

    def log(self) -> str:
        """Return everything that the runs so far have logged."""
        return (self.home / "dag_tester.log").read_text()

    def stop(self) -> None:
        """End the process."""
        if self.process:
            self.process.kill()
            self.process.wait()
        self.store.engine.dispose()

    def _start(self) -> subprocess.Popen[str]:
        with (self.home / "dag_tester.log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, __file__, str(PROJECT / "dags")],
                env=self.airflow.env(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                preexec_fn=dying_with_us(),  # noqa: PLW1509 - one system call
            )
        return self.process


def serve(dags: str) -> None:
    """Answer each line on standard input, a Dag and its parameters, with one line that says how it ended."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what tasks print belongs in the log
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.db import upgradedb

    upgradedb()
    for line in sys.stdin:
        asked = json.loads(line)
        run = DagBag(dags).dags[asked["dag_id"]].test(logical_date=None, run_conf=asked["conf"])
        tasks = {ti.task_id: str(ti.state) for ti in run.get_task_instances()}
        answers.write(json.dumps({"run_id": run.run_id, "state": str(run.state), "tasks": tasks}) + "\n")


if __name__ == "__main__":
    serve(sys.argv[1])
