"""Glue job runs of the legacy side: found by their business date, watched, never started, never stopped.

They belong to the legacy production. The only questions are whether the run that made this
date's data ended well, and whether it is this date's run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from parity.clients.aws import AwsClients, aws_errors, console_url
from parity.clients.remote import Lifecycle, Phase, RemoteError, RunStatus
from parity.errors import ExportRefused, NotFound
from parity.wording import did_you_mean

LIFECYCLE = Lifecycle(
    "Glue",
    {
        "WAITING": Phase.WAITING,
        "STARTING": Phase.WAITING,
        "RUNNING": Phase.RUNNING,
        "STOPPING": Phase.RUNNING,
        "SUCCEEDED": Phase.SUCCEEDED,
        "FAILED": Phase.FAILED,
        "TIMEOUT": Phase.FAILED,
        "ERROR": Phase.FAILED,
        "EXPIRED": Phase.FAILED,
        "STOPPED": Phase.CANCELLED,
    },
)
BAD = (Phase.FAILED, Phase.CANCELLED)
ROWS_WRITTEN = "glue.driver.recordsWritten"
"""Metric of a run with ``--enable-observability-metrics``: a gauge, whose last value is the run's whole."""


@dataclass(frozen=True)
class GlueConfig:
    """How a run carries its date."""

    date_argument: str = "--business_date"
    timezone: str = "UTC"
    """Zone of business dates: a run started before its date began cannot have seen its data."""


class GlueRuns:
    """RemoteRuns that only finds. A request is ``{"job": name, "business_date": ISO date}``."""

    kind: ClassVar[str] = "glue"

    def __init__(self, config: GlueConfig, clients: AwsClients) -> None:
        self._config = config
        self._clients = clients

    def submit(self, request: Mapping[str, Any], token: str) -> str:
        """Return the date's newest run; NotFound when the legacy side has not started it."""
        if found := self.find(request, token):
            return found
        job, day = request["job"], request["business_date"]
        raise NotFound(
            f"Glue job {job!r} has no run with {self._config.date_argument} {day}.",
            remedy="Run the legacy job for that date, or check aws.glue_date_argument in the suite.",
        )

    def find(self, request: Mapping[str, Any], token: str) -> str | None:
        """Return the newest run of the request's date, or None; ExportRefused when it is stale."""
        day = date.fromisoformat(request["business_date"])
        newest = max(self._runs(request["job"], day), key=lambda run: run["StartedOn"], default=None)
        if newest is None:
            return None
        # Glue cannot find a run without its job.
        run_id, started = f"{newest['JobName']}/{newest['Id']}", newest["StartedOn"]
        begins = datetime.combine(day, time.min, ZoneInfo(self._config.timezone))
        if started < begins:
            raise ExportRefused(
                f"Glue run {run_id} for {day} started at {started.isoformat()}, "
                f"before that date began ({begins.isoformat()}).",
                remedy="Run the legacy job again for that date.",
            )
        return run_id

    def check_newest(self, request: Mapping[str, Any], run_id: str) -> None:
        """Raise ExportRefused when a newer run of the same date has started since ``run_id`` was found.

        Called after the unload: data that were rewritten meanwhile are no proof.
        """
        newest = self.find(request, "")
        if newest != run_id:
            raise ExportRefused(
                f"Glue run {run_id} was superseded by {newest} while its data were read.",
                remedy="Clear the activity's tasks to compare the newer run's data.",
            )

    def status(self, run_id: str) -> RunStatus:
        """Return how the run stands, with Glue's error message."""
        job, _, name = run_id.rpartition("/")
        glue = self._clients("glue")
        with aws_errors("Glue", f"run {name} of job {job!r}"):
            run = glue.get_job_run(JobName=job, RunId=name)["JobRun"]
        phase = LIFECYCLE.phase(run["JobRunState"])
        return RunStatus(
            run_id=run_id,
            state=run["JobRunState"],
            phase=phase,
            error=_error(run) if phase in BAD else None,
            url=console_url(glue, "gluestudio", f"/job/{job}/run/{name}"),
            started=run.get("StartedOn"),
            ended=run.get("CompletedOn") if phase.ended else None,
            output={"attempt": run.get("Attempt", 0), "seconds": run.get("ExecutionTime", 0)},
        )

    def rows_written(self, run_id: str) -> int | None:
        """Return how many rows a run wrote, to all its sinks; None when CloudWatch has no such metric.

        Glue's own API has no counts of rows. CloudWatch has this one of Glue 4.0 and later, of jobs that have
        observability metrics and a GlueContext; none of Iceberg tables and JDBC, and not always of a short run.
        """
        job, _, name = run_id.rpartition("/")
        run = self.status(run_id)
        if run.started is None:
            return None
        with aws_errors("CloudWatch", f"the rows that run {name} of job {job!r} wrote"):
            found = self._clients("cloudwatch").get_metric_statistics(
                Namespace="Glue",
                MetricName=ROWS_WRITTEN,
                Dimensions=[{"Name": key, "Value": value} for key, value in metric_dimensions(job, name).items()],
                StartTime=run.started.replace(minute=0, second=0, microsecond=0),
                EndTime=(run.ended or run.started) + timedelta(hours=1),
                Period=3600,
                Statistics=["Maximum"],
            )
        return max((int(point["Maximum"]) for point in found["Datapoints"]), default=None)

    def cancel(self, run_id: str) -> None:
        """Do nothing: the run is the legacy production's, and others wait for it."""

    def _runs(self, job: str, day: date) -> list[dict[str, Any]]:
        """Return the job's runs whose date argument is ``day``, written as 2026-03-02 or 20260302; all pages."""
        glue = self._clients("glue")
        try:
            with aws_errors("Glue", f"the runs of job {job!r}"):
                pages = glue.get_paginator("get_job_runs").paginate(JobName=job)
                found = [run for page in pages for run in page["JobRuns"]]
        except NotFound as error:
            remedy = did_you_mean(job, self._job_names())
            raise NotFound(f"Glue has no job {job!r}.", remedy=remedy) from error
        argument = self._config.date_argument
        return [run for run in found if _day((run.get("Arguments") or {}).get(argument, "")) == day]

    def _job_names(self) -> list[str]:
        with aws_errors("Glue", "the list of jobs"):
            pages = self._clients("glue").get_paginator("get_jobs").paginate()
            return [job["Name"] for page in pages for job in page["Jobs"]]


def metric_dimensions(job: str, run: str) -> dict[str, str]:
    """Return the dimensions of a run's :data:`ROWS_WRITTEN`."""
    return {
        "JobName": job,
        "JobRunId": run,
        "Type": "gauge",
        "ObservabilityGroup": "throughput",
        "Sink": "ALL",
    }


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _error(run: Mapping[str, Any]) -> RemoteError:
    message = run.get("ErrorMessage") or run.get("StateDetail") or "Glue gave no reason."
    system = run["JobRunState"] in ("ERROR", "EXPIRED")
    return RemoteError(run["JobRunState"], message, "SystemError" if system else "UserError")
