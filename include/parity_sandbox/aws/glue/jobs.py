"""Starts, carries out and stops Glue job runs: the script of the job is run by the sandbox's runner.

A fault rule ``stays_running`` keeps a run of the job from ending; ``fails_at`` ends it without running it,
as FAILED or, when the message begins with a state (``"EXPIRED: …"``), in that state.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.glue.exceptions import ConcurrentRunsExceededException

from parity_sandbox.aws.glue.metrics import publish
from parity_sandbox.aws.glue.runs import ENDED, JobRun
from parity_sandbox.aws.s3.paths import Disk
from parity_sandbox.faults import Fault, Faults
from parity_sandbox.spark.runner import Job, Outcome, Runner

log = logging.getLogger("parity_sandbox.aws.glue")

ECHOED = {
    "worker_type": "WorkerType",
    "number_of_workers": "NumberOfWorkers",
    "max_capacity": "MaxCapacity",
    "allocated_capacity": "AllocatedCapacity",
    "security_configuration": "SecurityConfiguration",
    "notification_property": "NotificationProperty",
}
"""Our name and the API's for what a run takes from its job unless the call says otherwise."""


@dataclass
class JobEngine:
    """Runs jobs; every run has a thread of its own."""

    disk: Disk
    runner: Runner
    faults: Faults
    logs: Path
    region: str
    minute: float = 60.0
    """Seconds in a minute of a run's timeout; tests make time fly."""
    startup: float = 0.2
    """Seconds in STARTING, so that a poll can see it."""
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self, job: Any, asked: Mapping[str, Any]) -> JobRun:
        """Start a run of moto's ``job``, or raise ConcurrentRunsExceededException."""
        limit = job.execution_property.get("MaxConcurrentRuns", 1)
        if sum(run.active for run in job.job_runs) >= limit:
            raise ConcurrentRunsExceededException(f"Concurrent runs exceeded for {job.name}")
        run = new_run(job, asked)
        job.job_runs.append(run)
        thread = threading.Thread(target=self._carry_out, args=(job, run), name=run.job_run_id, daemon=True)
        self.threads = [other for other in self.threads if other.is_alive()] + [thread]
        thread.start()
        return run

    def stop(self, run: JobRun) -> None:
        """Ask a run to stop; it passes through STOPPING."""
        run.move("STOPPING")
        run.stop.set()
        self.runner.cancel(run.job_run_id)

    def _carry_out(self, job: Any, run: JobRun) -> None:
        try:
            if not run.stop.wait(self.startup):
                run.move("RUNNING")
                self._live(job, run)
        except Exception as error:
            log.exception("glue run %s", run.job_run_id)
            run.end("FAILED", f"{type(error).__name__}: {error}")
        if run.stop.is_set():
            run.end("STOPPED")

    def _live(self, job: Any, run: JobRun) -> None:
        fault = self.faults.engine("fails_at", job.name)
        if fault:
            run.end(*failure_of(fault))
            return
        held = self.faults.engine("stays_running", job.name)
        if held and not self._hold(run, held):
            return
        self._run_script(job, run)

    def _hold(self, run: JobRun, rule: Fault) -> bool:
        """Keep the run RUNNING while ``rule`` is in force; True when it may then go on."""
        deadline = time.monotonic() + run.timeout * self.minute
        while self.faults.holds(rule):
            if run.stop.wait(0.05):
                return False
            if time.monotonic() > deadline:
                run.end("TIMEOUT", "Job run timed out")
                return False
        return True

    def _run_script(self, job: Any, run: JobRun) -> None:
        location = job.command.get("ScriptLocation", "")
        script = self.disk.path(location)
        if not script.is_file():
            run.end("FAILED", f"LAUNCH ERROR | File not found: {location}")
            return
        seconds = run.timeout * self.minute
        alarm = threading.Timer(seconds, self._time_out, (run,))
        alarm.start()
        try:
            outcome = self.runner.run(Job(script, arguments_of(run), timeout=seconds + 30), run.job_run_id)
        finally:
            alarm.cancel()
        self._keep_log(run, outcome)
        if run.status not in ENDED and not run.stop.is_set():
            run.end(*verdict_of(outcome))
            publish(run, outcome.rows_written, self.region)

    def _time_out(self, run: JobRun) -> None:
        run.end("TIMEOUT", "Job run timed out")
        self.runner.cancel(run.job_run_id)

    def _keep_log(self, run: JobRun, outcome: Outcome) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        text = f"{outcome.stdout}\n{outcome.stderr}\n{outcome.trace}"
        (self.logs / f"{run.job_name}-{run.job_run_id[:11]}.log".replace("/", "_")).write_text(text)


def new_run(job: Any, asked: Mapping[str, Any]) -> JobRun:
    """Return a run with the job's settings under the call's."""
    arguments = {
        **job.default_arguments,
        **(asked.get("arguments") or {}),
        **(job.non_overridable_arguments or {}),
    }
    details = {label: asked.get(name) or getattr(job, name) for name, label in ECHOED.items()}
    details["GlueVersion"] = job.glue_version or "5.0"
    timeout = asked.get("timeout") or job.timeout or 2880
    shown = {label: value for label, value in details.items() if value}
    return JobRun(job.name, arguments, shown, int(timeout), asked.get("previous_run_id"))


def arguments_of(run: JobRun) -> list[str]:
    """Return the script's arguments as Glue passes them."""
    named = [part for name, value in run.arguments.items() for part in (name, str(value))]
    return ["--JOB_NAME", run.job_name, "--JOB_RUN_ID", run.job_run_id, *named]


def verdict_of(outcome: Outcome) -> tuple[str, str]:
    """Return the state and message of a script that ended by itself."""
    if outcome.ok:
        return "SUCCEEDED", ""
    return "FAILED", outcome.error or "Command failed with exit code 1"


def failure_of(fault: Fault) -> tuple[str, str]:
    """Return the state and message that a ``fails_at`` rule asks for."""
    first, _, rest = fault.message.partition(":")
    if first.strip() in ENDED:
        return first.strip(), rest.strip()
    return "FAILED", fault.message or "An error occurred while calling o1.run."
