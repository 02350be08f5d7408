"""The demo: bring both clouds and Airflow up, run the legacy night, run the parity night, say what came of it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import click
from rich.console import Console

from parity_sandbox.demo.airflow import USER, LocalAirflow
from parity_sandbox.demo.api import AirflowApi
from parity_sandbox.demo.connections import connections
from parity_sandbox.demo.database import DatabaseRun
from parity_sandbox.demo.follow import follow, results
from parity_sandbox.endpoints import Endpoints
from parity_sandbox.processes import spawn, stop

DAG = "parity__payments"
PATIENCE = 600.0
"""Seconds that a living sandbox may take to be ready: three minutes were seen on a busy machine."""


def terminal() -> Console:
    """Return the terminal, or a page wide enough for the tables when the output goes to a file."""
    return Console() if sys.stdout.isatty() else Console(width=150)


@dataclass
class Night:
    """One demo under ``project``; everything it starts ends with it."""

    project: Path
    business_date: str
    console: Console = field(default_factory=terminal)
    began: float = field(default_factory=time.monotonic)

    @property
    def state(self) -> Path:
        """Return the sandbox's folder."""
        return self.project / ".sandbox"

    def run(self, *, once: bool) -> int:
        """Run the demo; return 0 exactly when each activity got the verdict that its data deserves."""
        airflow = LocalAirflow(self.project, self.project / ".airflow", self._settings())
        sandbox: subprocess.Popen[bytes] | None = None
        past: subprocess.Popen[bytes] | None = None
        # Each demo is a first run: an alert is sent when something changes, and must be seen to be sent.
        shutil.rmtree(self.project / ".parity", ignore_errors=True)
        try:
            sandbox = self._start_sandbox()
            airflow.start()  # on this thread: Linux ends a child with the thread that started it
            past = self._start_past()
            with ThreadPoolExecutor() as pool:
                up = pool.submit(airflow.wait, self.say)
                endpoints = self._sandbox_ready(sandbox)
                airflow.connect(connections(endpoints))
                self._legacy_night(endpoints)
                up.result()
            status = max(self._verify(airflow), self._past_status(past))
            self.console.print(f"\nReports    {self.project / '.parity' / 'artefacts'}")
            if not once:
                self.console.print(f"Airflow    {airflow.url}   login {USER} / {airflow.password}")
                self.console.print(f"Alerts     {endpoints.sink}")
                self.console.print("\nServing until Ctrl-C.")
                signal.pause()
        except KeyboardInterrupt:
            self.say("stopping")
            status = 0
        except TimeoutError as error:
            self.console.print(f"[red]{error}[/red]")
            status = 1
        finally:
            airflow.stop()
            for child in (past, sandbox):
                if child:
                    stop(child, patience=20)
        return status

    def say(self, what: str) -> None:
        """Print a line with the seconds since the start."""
        self.console.print(f"[dim]{time.monotonic() - self.began:5.1f} s[/dim]  {what}")

    def _settings(self) -> Mapping[str, str]:
        return {
            "PARITY_POLL_SECONDS": "2",
            "PARITY_SCHEDULED": "false",
            "PARITY_HOME": str(self.project / ".parity"),
        }

    def _start_sandbox(self) -> subprocess.Popen[bytes]:
        self.state.mkdir(exist_ok=True)
        (self.state / "endpoints.json").unlink(missing_ok=True)
        with (self.state / "sandbox.log").open("wb") as log:
            command = [sys.executable, "-m", "parity_sandbox", "up", "--foreground", "--state", str(self.state)]
            return spawn(command, stdout=log)

    def _start_past(self) -> subprocess.Popen[bytes]:
        """Seed the dates before this one, beside everything else."""
        with (self.state / "past.log").open("wb") as log:
            command = [sys.executable, "-m", "parity_sandbox.past", self.business_date]
            return spawn(command, env=self._settings(), stdout=log)

    def _past_status(self, past: subprocess.Popen[bytes]) -> int:
        """Wait for the past, and return 1 when it could not be seeded."""
        log = self.state / "past.log"
        failed = past.wait() != 0
        self.say(f"the past could not be seeded; read {log}" if failed else f"seeded: {log.read_text().strip()}")
        return int(failed)

    def _sandbox_ready(self, sandbox: subprocess.Popen[bytes]) -> Endpoints:
        deadline = time.monotonic() + PATIENCE
        while not (self.state / "endpoints.json").exists():
            if sandbox.poll() is not None or time.monotonic() > deadline:
                raise click.ClickException(f"The sandbox did not start; read {self.state / 'sandbox.log'}")
            time.sleep(0.2)
        self.say("the sandbox is up: AWS, Azure, Databricks, Spark")
        return Endpoints.read(self.state)

    def _legacy_night(self, endpoints: Endpoints) -> None:
        from parity_sandbox.world import run_legacy_night

        ended = run_legacy_night(endpoints, self.business_date)
        self.say(f"the legacy night has run: {len(ended)} Glue jobs for {self.business_date}")

    def _verify(self, airflow: LocalAirflow) -> int:
        from parity.history.store import open_store
        from parity_sandbox.world import expected

        api = AirflowApi(airflow.url, USER, airflow.password)
        api.wait_for_dag(DAG)
        ledger = DatabaseRun.start(api, self.state)
        run_id = api.trigger(DAG, {"business_date": self.business_date})
        self.say(f"triggered {DAG} for {self.business_date}: {airflow.url}/dags/{DAG}/runs/{run_id}")
        state = follow(api, DAG, run_id, self.console)
        self.say(f"the run has ended: {state}")
        deserved = expected(self.state)
        ledger.ended()
        store = open_store(f"sqlite:///{self.project / '.parity' / 'results.db'}")
        records, tables = store.run(run_id).activities, ledger.records(store)
        self.console.print(results(records, deserved))
        self.console.print(ledger.table(tables))
        got = {record.key.activity: str(record.verdict) for record in records}
        red = any(verdict in ("FAIL", "INVALID") for verdict in deserved.values())
        as_made = got == deserved and (state == "failed") == red
        return 0 if as_made and ledger.as_planted(tables) else 1
