"""Glue job runs run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from parity.clients.glue import GlueConfig, GlueRuns
from parity_sandbox.aws.app import RECORD_RUN
from parity_sandbox.faults import Fault
from unit.sandbox.aws.conftest import Place
from waiting import until

ACTIVE = ("WAITING", "STARTING", "RUNNING", "STOPPING")
SLEEPS = "import time\ntime.sleep(60)\n"


def make_job(place: Place, script: str, name: str = "job", **options: Any) -> str:
    """Create a job over a script and return its name."""
    place.aws.put(place.bucket, f"jobs/{name}.py", script.encode())
    full = f"{place.name}-{name}"
    place.aws.client("glue").create_job(
        Name=full,
        Role="arn:aws:iam::123456789012:role/glue",
        Command={"Name": "glueetl", "ScriptLocation": place.uri(f"jobs/{name}.py"), "PythonVersion": "3"},
        **options,
    )
    return full


def finish(place: Place, job: str, run_id: str) -> dict[str, Any]:
    """Wait until a run has ended."""
    glue = place.aws.client("glue")

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]
        return None if found["JobRunState"] in ACTIVE else found

    return until(ended)


def run(place: Place, job: str, **options: Any) -> dict[str, Any]:
    """Run a job to its end."""
    run_id = place.aws.client("glue").start_job_run(JobName=job, **options)["JobRunId"]
    return finish(place, job, run_id)


def test_a_run_executes_the_script_with_merged_arguments(place: Place) -> None:
    out = place.aws.state / "s3" / place.bucket / "argv.txt"
    script = f"import sys, pathlib\npathlib.Path({str(out)!r}).write_text(' '.join(sys.argv[1:]))\n"
    job = make_job(place, script, DefaultArguments={"--mode": "full", "--business_date": "2020-01-01"})
    ended = run(place, job, Arguments={"--business_date": "2026-03-02"})
    assert ended["JobRunState"] == "SUCCEEDED"
    assert ended["Arguments"] == {"--mode": "full", "--business_date": "2026-03-02"}
    assert f"--JOB_NAME {job}" in out.read_text()
    assert "--mode full --business_date 2026-03-02" in out.read_text()


def test_a_failing_script_says_the_last_line_of_its_traceback(place: Place) -> None:
    ended = run(place, make_job(place, "raise ValueError('fee of card 4711 is negative')\n"))
    assert ended["JobRunState"] == "FAILED"
    assert ended["ErrorMessage"] == "ValueError: fee of card 4711 is negative"


def test_only_a_run_that_ended_has_an_end(place: Place) -> None:
    job = make_job(place, SLEEPS)
    glue = place.aws.client("glue")
    run_id = glue.start_job_run(JobName=job)["JobRunId"]
    assert "CompletedOn" not in glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]
    glue.batch_stop_job_run(JobName=job, JobRunIds=[run_id])
    ended = finish(place, job, run_id)
    assert ended["JobRunState"] == "STOPPED"
    assert ended["CompletedOn"] >= ended["StartedOn"]


def test_stopping_reports_what_cannot_be_stopped(place: Place) -> None:
    job = make_job(place, "pass\n")
    ended = run(place, job)
    answer = place.aws.client("glue").batch_stop_job_run(JobName=job, JobRunIds=[ended["Id"], "jr_none"])
    codes = [one["ErrorDetail"]["ErrorCode"] for one in answer["Errors"]]
    assert codes == ["InvalidInputException", "JobRunNotFoundException"]


def test_one_run_at_a_time_unless_the_job_allows_more(place: Place) -> None:
    job = make_job(place, SLEEPS)
    glue = place.aws.client("glue")
    first = glue.start_job_run(JobName=job)["JobRunId"]
    with pytest.raises(glue.exceptions.ConcurrentRunsExceededException):
        glue.start_job_run(JobName=job)
    glue.batch_stop_job_run(JobName=job, JobRunIds=[first])
    finish(place, job, first)


def test_a_missing_script_is_a_launch_error(place: Place) -> None:
    job = make_job(place, "pass\n")
    (place.aws.state / "s3" / place.bucket / "jobs" / "job.py").unlink()
    assert "LAUNCH ERROR" in run(place, job)["ErrorMessage"]


def test_unknown_jobs_and_runs_are_not_found(place: Place) -> None:
    glue, job = place.aws.client("glue"), make_job(place, "pass\n")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.start_job_run(JobName="nobody")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_job_run(JobName=job, RunId="jr_none")


@pytest.mark.parametrize(
    ("message", "state", "said"),
    [
        ("EXPIRED", "EXPIRED", None),
        ("ERROR: internal service error", "ERROR", "internal service error"),
        ("disk is full", "FAILED", "disk is full"),
    ],
)
def test_a_fault_ends_a_run_in_the_state_it_names(
    place: Place, message: str, state: str, said: str | None
) -> None:
    job = make_job(place, "pass\n")
    place.aws.faults.add(Fault(kind="fails_at", target=job, message=message))
    ended = run(place, job)
    assert (ended["JobRunState"], ended.get("ErrorMessage")) == (state, said)


def test_a_held_run_goes_on_when_the_fault_is_lifted(place: Place) -> None:
    job = make_job(place, "pass\n")
    place.aws.faults.add(Fault(kind="stays_running", target=job))
    glue = place.aws.client("glue")
    run_id = glue.start_job_run(JobName=job)["JobRunId"]
    until(lambda: glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]["JobRunState"] == "RUNNING")
    place.aws.faults.clear()
    assert finish(place, job, run_id)["JobRunState"] == "SUCCEEDED"


def test_runs_of_the_past_can_be_recorded_and_the_newest_comes_first(place: Place) -> None:
    job = make_job(place, "pass\n")
    now = run(place, job)
    old = {
        "JobName": job,
        "JobRunState": "TIMEOUT",
        "StartedOn": "2026-03-01T02:00:00+00:00",
        "CompletedOn": "2026-03-01T04:00:00+00:00",
        "Arguments": {"--business_date": "2026-02-28"},
    }
    recorded = httpx.post(f"{place.aws.url}{RECORD_RUN}", json=old).raise_for_status().json()["JobRunId"]
    runs = place.aws.client("glue").get_job_runs(JobName=job)["JobRuns"]
    assert [one["Id"] for one in runs] == [now["Id"], recorded]
    assert runs[1]["ExecutionTime"] == 7200
    assert runs[1]["StartedOn"] == datetime(2026, 3, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(("observed", "rows"), [("true", 1203), ("false", None)])
def test_cloudwatch_has_the_rows_of_a_run_with_observability_metrics(
    place: Place, observed: str, rows: int | None
) -> None:
    job = make_job(place, "pass\n", DefaultArguments={"--enable-observability-metrics": observed})
    past = {
        "JobName": job,
        "StartedOn": "2026-03-01T02:50:00+00:00",
        "CompletedOn": "2026-03-01T04:00:00+00:00",
        "RowsWritten": 1203,
    }
    run_id = httpx.post(f"{place.aws.url}{RECORD_RUN}", json=past).raise_for_status().json()["JobRunId"]
    glue = GlueRuns(GlueConfig(), place.aws.client)
    assert glue.rows_written(f"{job}/{run_id}") == rows


def test_a_recorded_run_must_have_ended(place: Place) -> None:
    answer = httpx.post(f"{place.aws.url}{RECORD_RUN}", json={"JobName": "x", "JobRunState": "RUNNING"})
    assert answer.status_code == 400
    assert "RUNNING" in answer.text


def test_what_the_sandbox_lacks_is_an_unknown_operation(place: Place) -> None:
    with pytest.raises(ClientError, match="UnknownOperationException"):
        place.aws.client("glue").get_data_quality_result(ResultId="x")
    with pytest.raises(ClientError, match="UnknownOperation"):
        place.aws.client("dynamodb").list_tables()
