"""What is killed, and what a person stops: nothing runs twice or on, and the night says what happened."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from integration.airflow.conftest import DATES, HASTY, HELPER_JOB, SOLO, DagRun, World, until
from parity_sandbox.world.aws import client

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.sandbox,
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.timeout(420),
]
HELPER, UNLOAD = "sync_clients.helper_job", "sync_clients.athena_unload"
IN_FLIGHT = 8.0
"""Seconds that a submission is on its way, so that its sender can be killed meanwhile."""


@pytest.fixture
def held(world: World, green: DagRun) -> DagRun:
    """A run whose helper job runs for as long as the fault holds; its task waits, and its trigger polls."""
    world.sandbox.fault(kind="stays_running", target=HELPER_JOB)
    run = world.again()
    mark = world.sandbox.last_request()
    run.wait_for(HELPER, "deferred")
    until(lambda: sum("/jobs/runs/get?" in e["path"] for e in world.sandbox.requests("databricks", mark)) > 5)
    return run


def test_marking_a_waiting_task_failed_cancels_its_run_and_the_night_is_invalid(
    world: World, held: DagRun
) -> None:
    held.mark_failed(HELPER)
    assert held.ended() == "failed"
    [export] = until(lambda: [e for e in world.exports(held) if e["state"]["life_cycle_state"] == "TERMINATED"])
    assert export["state"]["result_state"] == "CANCELED"
    assert held.verdicts() == {"sync_clients": "INVALID"}
    assert "was stopped or killed" in held.reason("sync_clients")


def test_a_query_is_stopped_though_its_task_was_stopped_before_anything_watched_it(
    world: World, green: DagRun
) -> None:
    world.sandbox.fault(kind="stays_running", target="FROM clients")
    mark = world.sandbox.last_request()
    run = world.again()
    run.wait_for(UNLOAD, "deferred")
    run.mark_failed(UNLOAD)
    assert run.ended() == "failed"
    assert len(world.unloads(mark)) == 1
    assert _query(world, run) == "CANCELLED"
    assert run.verdicts() == {"sync_clients": "INVALID"}


def test_a_suites_timeout_cancels_what_still_runs_and_says_so(world: World, green: DagRun) -> None:
    world.sandbox.fault(kind="stays_running", target=HELPER_JOB)
    run = world.again(HASTY)
    assert run.ended() == "failed"
    [export] = until(lambda: [e for e in world.exports(run) if e["state"]["life_cycle_state"] == "TERMINATED"])
    assert export["state"]["result_state"] == "CANCELED"
    assert run.verdicts() == {"sync_clients": "INVALID"}
    assert "had not ended by" in run.reason("sync_clients")
    assert "It was cancelled." in run.reason("sync_clients")


def test_a_killed_triggerer_loses_nothing(world: World, held: DagRun) -> None:
    world.airflow.kill("triggerer")
    world.airflow.restart("triggerer")
    world.sandbox.heal()
    assert held.ended() == "success"
    assert held.verdicts() == {"sync_clients": "PASS"}
    assert len(world.exports(held)) == 1


def test_a_killed_scheduler_with_all_its_workers_starts_nothing_twice(world: World, green: DagRun) -> None:
    world.sandbox.fault(service="databricks", path="/jobs/run-now", delay=IN_FLIGHT, times=1)
    run = world.again()
    run.pid(HELPER)
    time.sleep(IN_FLIGHT / 4)  # the submission is on its way, and nobody has written its run down
    world.airflow.kill("scheduler")
    world.airflow.restart("scheduler")
    assert run.ended() == "success"
    assert run.verdicts() == {"sync_clients": "PASS"}
    assert len(world.exports(run)) == 1


@pytest.mark.parametrize("who", ["task", "worker"])
def test_what_is_killed_while_it_submits_finds_its_run_again(world: World, green: DagRun, who: str) -> None:
    world.sandbox.fault(service="databricks", path="/jobs/run-now", delay=IN_FLIGHT, times=1)
    run = world.again()
    pid = run.pid(HELPER)
    time.sleep(IN_FLIGHT / 4)
    os.kill(pid if who == "task" else _parent(pid), signal.SIGKILL)
    assert run.ended() == "success"
    assert run.verdicts() == {"sync_clients": "PASS"}
    assert run.task(HELPER)["try_number"] == 2
    assert len(world.exports(run)) == 1


def test_a_task_killed_while_it_starts_the_pipeline_starts_no_second_one(world: World, green: DagRun) -> None:
    world.sandbox.fault(service="azure", path="/createRun", delay=IN_FLIGHT / 2, times=1)
    mark = world.sandbox.last_request()
    run = world.run(SOLO)
    pid = run.pid("start_pipeline")
    time.sleep(IN_FLIGHT / 4)
    os.kill(pid, signal.SIGKILL)
    assert run.ended() == "success"
    started = [entry for entry in world.sandbox.requests("azure", mark) if "/createRun" in entry["path"]]
    assert len(started) == 1


def test_a_killed_gate_is_opened_again(world: World, green: DagRun) -> None:
    run = world.again()
    os.kill(run.pid("gate"), signal.SIGKILL)
    assert run.ended() == "success"
    assert run.task("gate")["try_number"] == 2


def test_a_run_is_remembered_by_what_it_is_for(world: World, held: DagRun) -> None:
    [(key, submission)] = held.kept(HELPER).items()
    assert key == f"remote_run:solo/sync_clients/{DATES[0]}"
    [export] = world.exports(held)
    assert submission["run_id"] == str(export["run_id"])
    world.sandbox.heal()
    assert held.ended() == "success"


def test_a_red_activity_makes_the_run_red_though_everything_after_it_went_well(
    world: World, green: DagRun
) -> None:
    world.sandbox.fault(kind="fails_at", target=HELPER_JOB, message="Table is being rewritten")
    run = world.again()
    assert run.ended() == "failed"
    states = run.states()
    assert (states["publish"], states["gate"]) == ("success", "failed")
    assert "Table is being rewritten" in run.reason("sync_clients")
    log = " ".join(run.log(HELPER).split())
    assert "INVALID: the Databricks helper job failed." in log
    assert "Table is being rewritten" in log
    assert "Next: Fix that, then clear this task with everything after it." in log


def _parent(pid: int) -> int:
    """Return the worker that supervises a task's process."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _query(world: World, run: DagRun) -> str:
    athena = client(world.sandbox.endpoints, "athena")
    [(_, submission)] = run.kept(UNLOAD).items()
    query = athena.get_query_execution(QueryExecutionId=submission["run_id"])["QueryExecution"]
    return str(query["Status"]["State"])
