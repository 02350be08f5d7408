"""What of moto's Glue is replaced: job runs, stopping them, and recording runs of the past."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult
from moto.glue import models, responses
from moto.glue.exceptions import EntityNotFoundException
from moto.glue.models import glue_backends

from parity_sandbox.aws.glue.jobs import JobEngine
from parity_sandbox.aws.glue.metrics import publish
from parity_sandbox.aws.glue.runs import ENDED, JobRun
from parity_sandbox.aws.patches import Patch


def patches(engine: JobEngine) -> list[Patch]:
    """Return what of moto's Glue is replaced."""

    def start_job_run(job: Any, **asked: Any) -> str:
        return engine.start(job, asked).job_run_id

    def batch_stop_job_run(response: Any) -> ActionResult:
        name, ids = response._get_param("JobName"), response._get_param("JobRunIds")  # noqa: SLF001
        return ActionResult(stop_runs(engine, response.glue_backend.get_job(name), ids))

    def get_job_bookmark(response: Any) -> ActionResult:
        return ActionResult(bookmark_of(response.glue_backend.get_job(response._get_param("JobName"))))  # noqa: SLF001

    return [
        Patch(responses.GlueResponse, "get_job_bookmark", get_job_bookmark, "moto has none"),
        Patch(models.FakeJob, "start_job_run", start_job_run, "a run executes the job's script"),
        Patch(models.FakeJob, "get_job_run", get_job_run, "a run's state is what happens, not a count of polls"),
        Patch(models.FakeJob, "get_job_runs", get_job_runs, "Glue lists the newest run first"),
        Patch(models.GlueBackend, "delete_job", delete_job, "moto's forgets the job while a run still works"),
        Patch(responses.GlueResponse, "batch_stop_job_run", batch_stop_job_run, "moto has none"),
    ]


def get_job_run(job: Any, run_id: str) -> JobRun:
    """Return a run, or raise Glue's EntityNotFoundException."""
    for run in job.job_runs:
        if run.job_run_id == run_id:
            return run  # type: ignore[no-any-return]
    raise EntityNotFoundException(f"Failed to get job run {run_id} of job {job.name}: it does not exist.")


def get_job_runs(job: Any) -> list[JobRun]:
    """Return a job's runs, newest first."""
    return sorted(job.job_runs, key=lambda run: run.started, reverse=True)


def delete_job(backend: Any, name: str) -> None:
    """Forget a job; its running runs go on, as in Glue."""
    backend.jobs.pop(name, None)


def bookmark_of(job: Any) -> dict[str, Any]:
    """Return the answer about a job's bookmark, which its first run makes, or Glue's EntityNotFoundException."""
    if not job.job_runs:
        raise EntityNotFoundException(f"Continuation for job {job.name} not found.")
    runs = len(job.job_runs)
    return {"JobBookmarkEntry": {"JobName": job.name, "Version": runs, "Run": runs, "Attempt": 0}}


def stop_runs(engine: JobEngine, job: Any, ids: list[str]) -> dict[str, Any]:
    """Stop runs and return the API's answer."""
    known = {run.job_run_id: run for run in job.job_runs}
    stoppable = [run_id for run_id in ids if run_id in known and known[run_id].active]
    for run_id in stoppable:
        engine.stop(known[run_id])
    return {
        "SuccessfulSubmissions": [{"JobName": job.name, "JobRunId": run_id} for run_id in stoppable],
        "Errors": [_stop_error(job.name, run_id, known) for run_id in ids if run_id not in stoppable],
    }


def _stop_error(name: str, run_id: str, known: Mapping[str, JobRun]) -> dict[str, Any]:
    code = "InvalidInputException" if run_id in known else "JobRunNotFoundException"
    what = "cannot be stopped: it has ended" if run_id in known else "does not exist"
    return {
        "JobName": name,
        "JobRunId": run_id,
        "ErrorDetail": {"ErrorCode": code, "ErrorMessage": f"Job run {run_id} {what}"},
    }


def record_run(document: Mapping[str, Any], region: str) -> str:
    """Write a run of the past and return its id.

    ``document`` has JobName, JobRunState (an ended state), StartedOn and CompletedOn (ISO with zone), and
    optionally Arguments, ErrorMessage and RowsWritten. Raises ValueError, or Glue's error for an unknown job.
    """
    state = document.get("JobRunState", "SUCCEEDED")
    if state not in ENDED:
        raise ValueError(f"JobRunState {state!r} is none of {', '.join(sorted(ENDED))}")
    started, completed = (datetime.fromisoformat(document[name]) for name in ("StartedOn", "CompletedOn"))
    if started.tzinfo is None or completed.tzinfo is None or completed < started:
        raise ValueError("StartedOn and CompletedOn need a time zone, and the end comes last")
    job = glue_backends[DEFAULT_ACCOUNT_ID][region].get_job(document["JobName"])
    run = JobRun(
        job.name,
        {**job.default_arguments, **document.get("Arguments", {})},
        {"GlueVersion": job.glue_version or "5.0"},
        status=state,
        started=started,
        modified=completed,
        completed=completed,
        error=document.get("ErrorMessage", ""),
    )
    job.job_runs.append(run)
    if "RowsWritten" in document:
        publish(run, document["RowsWritten"], region)
    return run.job_run_id
