"""What a night does by itself: it is late, it is caught up, it is tidied, it waits as long as a cloud asks."""

from __future__ import annotations

import os
import shutil
import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from integration.airflow.conftest import (
    DAILY,
    DATES,
    HELPER_JOB,
    HOUSEKEEPING,
    LATE,
    MISSED,
    SOLO,
    THRIFTY,
    DagRun,
    World,
    until,
)
from parity.compare.result import Verdict
from parity.history.records import RunRecord
from parity_sandbox.world.aws import client

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.sandbox,
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.timeout(420),
]
HELPER, UNLOAD = "sync_clients.helper_job", "sync_clients.athena_unload"
LONG_AGO = date(2020, 1, 1)


def test_a_late_night_is_told_before_it_ends_and_resolved_when_it_has(world: World, green: DagRun) -> None:
    world.sandbox.fault(kind="stays_running", target=HELPER_JOB)
    run = world.again(LATE)
    [late] = until(lambda: world.incidents("late"))
    assert late["state"] == "triggered"
    assert "has not ended 0:00:10 after it was queued" in late["summary"]
    assert run.state() == "running"
    world.sandbox.heal()
    assert run.ended() == "success"
    # A callback speaks after its task has ended, and that may be a moment after the run has.
    until(lambda: [incident["state"] for incident in world.incidents("late")] == ["resolved"])


def test_missed_nights_are_caught_up_once_and_a_backfill_repeats_none(world: World) -> None:
    world.http.patch(f"/api/v2/dags/{DAILY}", json={"is_paused": False}).raise_for_status()
    try:
        caught_up = until(lambda: len(runs := _runs(world)) == len(MISSED) and runs)
        assert [run.ended() for run in caught_up] == ["success"] * len(MISSED)
        assert _dates(world, caught_up) == list(MISSED)
        _backfill(world, "none")
        time.sleep(5)  # long enough for a scheduler that looks each second
        assert [run.run_id for run in _runs(world)] == [run.run_id for run in caught_up]
        _backfill(world, "completed")
        again = until(lambda: _repeated(world, caught_up))
        assert [run.ended() for run in again] == ["success"] * len(MISSED)
        assert _dates(world, again) == list(MISSED)
        assert {run.business_date for run in world.store.runs("daily", limit=100)} == set(MISSED)
    finally:
        world.http.patch(f"/api/v2/dags/{DAILY}", json={"is_paused": True}).raise_for_status()


def test_housekeeping_deletes_what_has_been_kept_long_enough_and_nothing_else(world: World, green: DagRun) -> None:
    home = world.airflow.home / "parity"
    old_report = home / "artefacts" / "small" / LONG_AGO.isoformat() / "run" / "report.html"
    old_report.parent.mkdir(parents=True)
    old_report.write_text("old")
    began = datetime(2020, 1, 2, tzinfo=UTC)
    world.store.record_run(RunRecord("small", "old", LONG_AGO, began, began, Verdict.PASS))
    [young] = world.exports(green)
    exported = [_folder(world, young), _unloaded(world, green)]
    old = [Path(shutil.copytree(folder, folder.parent / "old")) for folder in exported]
    for file in (file for folder in old for file in folder.iterdir()):
        _age(file, days=30)
    run = DagRun(world, HOUSEKEEPING, world.api.trigger(HOUSEKEEPING, {}))
    assert run.ended() == "success"
    assert [_data(folder) for folder in old] == [[], []]
    assert all(_data(folder) for folder in exported)
    assert not old_report.exists()
    assert (home / "artefacts" / "small" / DATES[0].isoformat()).is_dir()
    assert [r.run_id for r in world.store.runs("small", limit=100) if r.business_date == LONG_AGO] == []
    assert green.verdicts() == {"sync_clients": "PASS"}


def test_a_throttled_poll_waits_as_long_as_the_cloud_asks(world: World, green: DagRun) -> None:
    world.sandbox.fault(kind="stays_running", target=HELPER_JOB)
    run = world.again()
    run.wait_for(HELPER, "deferred")
    mark = world.sandbox.last_request()
    world.sandbox.fault(service="databricks", path="/jobs/runs/get", status=429, retry_after=4, times=2)
    until(lambda: [e for e in _polls(world, mark) if e["status"] == 200 and e["at"] > _refused(world, mark)])
    world.sandbox.heal()
    assert run.ended() == "success"
    polls = _polls(world, mark)
    pauses = [after["at"] - before["at"] for before, after in pairwise(polls) if before["status"] == 429]
    assert len(pauses) == 2
    assert min(pauses) >= 4


def test_a_token_that_expires_while_a_task_waits_is_renewed(world: World, green: DagRun) -> None:
    mark = world.sandbox.last_request()
    world.sandbox.fault(service="azure", path="pipelineruns", expire_token=True, times=1, after=3)
    run = world.run(SOLO)
    assert run.ended() == "success"
    asked = world.sandbox.requests("azure", mark)
    refused = [entry["id"] for entry in asked if entry["status"] == 401]
    tokens = [entry["id"] for entry in asked if "/oauth2/" in entry["path"]]
    assert len(refused) == 1
    assert any(token > refused[0] for token in tokens)
    assert sum("/createRun" in entry["path"] for entry in asked) == 1


def test_a_query_that_scans_too_much_is_stopped_and_the_night_is_invalid(world: World, green: DagRun) -> None:
    run = world.again(THRIFTY)
    assert run.ended() == "failed"
    [(_, submission)] = run.kept(UNLOAD).items()
    athena = client(world.sandbox.endpoints, "athena")
    query = athena.get_query_execution(QueryExecutionId=submission["run_id"])["QueryExecution"]
    assert query["Status"]["State"] == "CANCELLED"
    assert run.verdicts() == {"sync_clients": "INVALID"}
    reason = run.reason("sync_clients")
    assert "the suite allows 1,000 (aws.max_scan)" in reason
    assert "It was cancelled." in reason


def _runs(world: World) -> list[DagRun]:
    listed = world.api.get(f"/api/v2/dags/{DAILY}/dagRuns", order_by="run_after")["dag_runs"]
    return [DagRun(world, DAILY, run["dag_run_id"]) for run in listed]


def _dates(world: World, runs: list[DagRun]) -> list[date]:
    return [world.store.run(run.run_id).run.business_date for run in runs]


def _repeated(world: World, before: list[DagRun]) -> list[DagRun]:
    """Return the runs once each date has one that was cleared, or that Airflow made anew in its place.

    It does the latter when SQLite is locked in the middle of its answer, which it then gives with status 503.
    """
    runs, known = _runs(world), {run.run_id for run in before}
    if len(runs) != len(before):
        return []
    try:
        done = [run.run_id not in known or run.tries().get("plan") == 2 for run in runs]
    except httpx.HTTPStatusError as gone:  # deleted between the list and the question
        if gone.response.status_code != httpx.codes.NOT_FOUND:
            raise
        return []
    return runs if all(done) else []


def _backfill(world: World, behaviour: str) -> None:
    first, last = (day + timedelta(days=1) for day in MISSED)
    body = {
        "dag_id": DAILY,
        "from_date": f"{first}T00:00:00Z",
        "to_date": f"{last}T00:00:00Z",
        "reprocess_behavior": behaviour,
        "max_active_runs": 2,
    }
    until(lambda: world.http.post("/api/v2/backfills", json=body).status_code == 200)


def _polls(world: World, since: int) -> list[dict[str, Any]]:
    return [e for e in world.sandbox.requests("databricks", since) if "/jobs/runs/get?" in e["path"]]


def _refused(world: World, since: int) -> float:
    refused = [entry["at"] for entry in _polls(world, since) if entry["status"] == 429]
    return refused[-1] if len(refused) == 2 else float("inf")


def _folder(world: World, export: dict[str, Any]) -> Path:
    [url] = [p["value"] for p in export["job_parameters"] if p["name"] == "destination"]
    at = world.sandbox
    return at.state / "adls" / at.endpoints.storage_account / "exchange" / url.partition(".net/")[2]


def _unloaded(world: World, run: DagRun) -> Path:
    """Return the folder in S3 to which Athena wrote the legacy output of a run."""
    bucket = world.sandbox.state / "s3" / world.sandbox.endpoints.exchange_bucket
    [folder] = {file.parent for file in bucket.rglob("*") if file.is_file() and run.key in file.parts}
    return Path(folder)


def _data(folder: Path) -> list[Path]:
    return [file for file in folder.glob("*") if file.is_file() and not file.name.startswith("_")]


def _age(path: Path, days: int) -> None:
    then = time.time() - days * 86400
    os.utime(path, (then, then))
