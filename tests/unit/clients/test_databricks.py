from __future__ import annotations

from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from fake_clock import FakeClock
from parity.clients.databricks import (
    LIFECYCLE,
    DatabricksClient,
    DatabricksConfig,
    DatabricksRuns,
    WorkspacePrincipal,
)
from parity.clients.entra import EntraConfig
from parity.clients.remote import Phase, fingerprint
from parity.errors import AccessDenied, NotFound, Terminal

HOST = "http://127.0.0.1:9"
PAT = DatabricksConfig(HOST, SecretStr("dapi-1"))


def reply(body: Any) -> httpx.Response:
    return httpx.Response(200, json=body)


def job(number: int, name: str) -> dict[str, Any]:
    return {"job_id": number, "settings": {"name": name}}


def state(life: str, result: str = "", message: str = "") -> dict[str, str]:
    return {"life_cycle_state": life, "state_message": message} | ({"result_state": result} if result else {})


def task(key: str, number: int, at: int = 1, **how: str) -> dict[str, Any]:
    return {"task_key": key, "run_id": number, "end_time": at, "state": state(**how)}


@pytest.fixture
def client(wire: Any, clock: FakeClock) -> DatabricksClient:
    return DatabricksClient(PAT, clock=clock, transport=wire.transport)


@pytest.fixture
def runs(client: DatabricksClient) -> DatabricksRuns:
    return DatabricksRuns(client)


def test_a_job_is_found_by_its_exact_name(client: DatabricksClient, wire: Any) -> None:
    wire.on("GET", "/jobs/list", reply({"jobs": [job(7, "Parity-Helper"), job(8, "parity-helper")]}))
    assert client.job_id("parity-helper") == 8
    assert wire.seen[0].url.params["name"] == "parity-helper"
    assert wire.seen[0].headers["authorization"] == "Bearer dapi-1"


def test_a_job_is_found_by_its_number(client: DatabricksClient, wire: Any) -> None:
    wire.on("GET", "/jobs/get", reply(job(7, "x")))
    assert client.job_id("7") == 7


def test_a_job_on_a_later_page_is_found(client: DatabricksClient, wire: Any) -> None:
    wire.on(
        "GET", "/jobs/list", reply({"jobs": [job(1, "a")], "next_page_token": "2"}), reply({"jobs": [job(2, "b")]})
    )
    assert client.job_id("b") == 2


def test_two_jobs_of_one_name_are_not_guessed_between(client: DatabricksClient, wire: Any) -> None:
    wire.on("GET", "/jobs/list", reply({"jobs": [job(7, "x"), job(8, "x")]}))
    with pytest.raises(NotFound, match=r"2 jobs called 'x' \(ids 7, 8\)"):
        client.job_id("x")


def test_an_unknown_job_is_answered_with_what_was_probably_meant(client: DatabricksClient, wire: Any) -> None:
    wire.on("GET", "/jobs/list", reply({}), reply({"jobs": [job(7, "parity-helper")]}))
    with pytest.raises(NotFound, match="Did you mean 'parity-helper'"):
        client.job_id("parity_helper")


def test_a_run_is_started_with_an_idempotency_token_that_fits(runs: DatabricksRuns, wire: Any) -> None:
    wire.on("GET", "/jobs/list", reply({"jobs": [job(7, "x")]}))
    wire.on("POST", "/run-now", httpx.Response(503), reply({"run_id": 42}))
    token = "payments/settle_card_payments/2026-03-02/attempt-1" * 3
    assert runs.submit({"job": "x", "parameters": {"activity": "a"}}, token) == "42"
    first, second = wire.bodies("POST", "/run-now")
    assert first == second
    assert first["job_parameters"] == {"activity": "a"}
    assert len(first["idempotency_token"]) <= 64


def test_a_run_is_found_by_the_token_in_its_destination(runs: DatabricksRuns, wire: Any) -> None:
    mine = {"destination": f"abfss://x/{fingerprint('t-1')[:12]}", "mode": "rows"}
    listed = [
        {"run_id": 1, "job_parameters": [{"name": "destination", "value": "abfss://x/other"}]},
        {
            "run_id": 2,
            "job_parameters": [
                {"name": "destination", "value": mine["destination"]},
                {"name": "mode", "default": "rows"},
            ],
        },
    ]
    wire.on("GET", "/jobs/list", reply({"jobs": [job(7, "x")]}))
    wire.on("GET", "/runs/list", reply({"runs": listed[:1], "next_page_token": "n"}), reply({"runs": listed[1:]}))
    assert runs.find({"job": "x", "parameters": mine}, "t-1") == "2"


def test_a_run_without_the_token_in_its_parameters_is_never_taken_for_ours(runs: DatabricksRuns) -> None:
    assert runs.find({"job": "x", "parameters": {"mode": "rows"}}, "t-1") is None


def test_a_run_that_goes_well_says_where_to_look(runs: DatabricksRuns, wire: Any) -> None:
    run = {"run_id": 42, "job_id": 7, "run_page_url": "https://w/#run/42", "start_time": 1772416800000}
    page = {**run, "state": state("RUNNING"), "tasks": [task("export", 43, life="RUNNING")]}
    wire.on("GET", "/runs/get", reply(page))
    status = runs.status("42")
    assert (status.phase, status.url) == (Phase.RUNNING, "https://w/#run/42")
    assert status.started is not None
    assert status.output == {"job_id": 7, "tasks": {"export": "RUNNING"}}


def test_a_failed_run_says_the_first_failed_tasks_own_error(runs: DatabricksRuns, wire: Any) -> None:
    tasks = [
        task("late", 45, 9, life="TERMINATED", result="FAILED"),
        task("export", 43, 3, life="TERMINATED", result="FAILED"),
        task("after", 44, 1, life="TERMINATED", result="UPSTREAM_FAILED"),
    ]
    failed = {
        "state": state("INTERNAL_ERROR", "FAILED", "Task export failed"),
        "status": {"termination_details": {"code": "RUN_EXECUTION_ERROR", "type": "CLIENT_ERROR"}},
        "end_time": 1772416801000,
    }
    wire.on(
        "GET",
        "/runs/get$",
        reply({**failed, "tasks": tasks[:1], "next_page_token": "n"}),
        reply({**failed, "tasks": tasks[1:]}),
    )
    wire.on("GET", "/get-output", reply({"error": "ValueError: no such table", "error_trace": "Traceback…"}))
    status = runs.status("42")
    assert status.phase is Phase.FAILED
    assert status.error is not None
    assert status.error.message == "task 'export': ValueError: no such table"
    assert (status.error.code, status.error.failure_type) == ("RUN_EXECUTION_ERROR", "CLIENT_ERROR")
    assert status.output["trace"] == "Traceback…"
    assert wire.seen[-1].url.params["run_id"] == "43"


def test_a_task_without_output_leaves_its_states_message(runs: DatabricksRuns, wire: Any) -> None:
    failed = task("export", 43, life="TERMINATED", result="FAILED", message="Cluster lost")
    wire.on("GET", "/runs/get$", reply({"state": state("TERMINATED", "FAILED"), "tasks": [failed]}))
    wire.on(
        "GET", "/get-output", httpx.Response(400, json={"error_code": "INVALID_PARAMETER_VALUE", "message": "no"})
    )
    status = runs.status("42")
    assert status.error is not None
    assert status.error.message == "task 'export': Cluster lost"


@pytest.mark.parametrize(
    ("life", "result", "phase"),
    [
        ("TERMINATED", "SUCCESS", Phase.SUCCEEDED),
        ("TERMINATED", "SUCCESS_WITH_FAILURES", Phase.FAILED),
        ("TERMINATED", "CANCELED", Phase.CANCELLED),
        ("TERMINATED", "TIMEDOUT", Phase.FAILED),
        ("SKIPPED", "", Phase.FAILED),
        ("QUEUED", "", Phase.WAITING),
    ],
)
def test_each_state_is_one_phase(runs: DatabricksRuns, wire: Any, life: str, result: str, phase: Phase) -> None:
    wire.on("GET", "/runs/get$", reply({"state": state(life, result), "tasks": []}))
    assert runs.status("42").phase is phase


def test_every_state_that_the_vendors_client_knows_is_one_phase() -> None:
    from databricks.sdk.service.jobs import RunLifeCycleState, RunResultState

    lives, results = ({one.value for one in kind} for kind in (RunLifeCycleState, RunResultState))
    ended = {"TERMINATED", "SKIPPED", "INTERNAL_ERROR"}
    known = {f"{life}/{result}" for life in ended for result in results} | lives - {"TERMINATED"}
    assert set(LIFECYCLE.phases) == known
    good = [state for state, phase in LIFECYCLE.phases.items() if phase is Phase.SUCCEEDED]
    assert good == ["TERMINATED/SUCCESS"]
    assert all(LIFECYCLE.phases[state].ended is ("/" in state or state in ended) for state in known)


def test_the_first_task_that_failed_by_itself_is_named_and_none_that_was_left_out(
    runs: DatabricksRuns, wire: Any
) -> None:
    left_out = task("left_out", 1, at=1, life="SKIPPED", result="EXCLUDED")
    failed = task("export", 2, at=2, life="TERMINATED", result="FAILED", message="Cluster lost")
    wire.on("GET", "/runs/get$", reply({"state": state("TERMINATED", "FAILED"), "tasks": [left_out, failed]}))
    wire.on("GET", "/get-output", reply({}))
    assert runs.status("42").error.message == "task 'export': Cluster lost"  # type: ignore[union-attr]


def test_runs_are_listed_page_by_page_of_as_many_as_there_may_be(client: DatabricksClient, wire: Any) -> None:
    wire.on(
        "GET",
        "/runs/list",
        reply({"runs": [{"run_id": 1}], "next_page_token": "p"}),
        reply({"runs": [{"run_id": 2}]}),
    )
    assert [run["run_id"] for run in client.runs(7, client.clock.now())] == [1, 2]
    first, second = (one.url.params for one in wire.seen)
    assert (first["limit"], second["limit"], second["page_token"]) == ("24", "24", "p")


def test_an_unknown_state_is_an_error(runs: DatabricksRuns, wire: Any) -> None:
    wire.on("GET", "/runs/get$", reply({"state": state("TERMINATED", "MAYBE"), "tasks": []}))
    with pytest.raises(Terminal, match="'TERMINATED/MAYBE'"):
        runs.status("42")


def test_a_run_is_cancelled_by_its_number(runs: DatabricksRuns, wire: Any) -> None:
    wire.on("POST", "/runs/cancel", reply({}))
    runs.cancel("42")
    assert wire.bodies("POST", "/runs/cancel") == [{"run_id": 42}]


def test_a_service_principal_gets_its_token_from_the_workspace(wire: Any, clock: FakeClock) -> None:
    config = DatabricksConfig(HOST, WorkspacePrincipal("sp", SecretStr("sp-secret")))
    wire.on("POST", "/oidc/v1/token", reply({"access_token": "m2m", "expires_in": 3600}))
    wire.on("GET", "/jobs/get", reply(job(7, "x")))
    DatabricksClient(config, clock=clock, transport=wire.transport).job_id("7")
    assert wire.seen[0].headers["authorization"].startswith("Basic ")
    assert wire.seen[1].headers["authorization"] == "Bearer m2m"


def test_an_azure_identity_asks_for_the_workspaces_scope(wire: Any, clock: FakeClock) -> None:
    config = DatabricksConfig(HOST, EntraConfig("client_secret", "t", "c", SecretStr("s"), HOST))
    wire.on("POST", "/t/oauth2/v2.0/token", reply({"access_token": "aad", "expires_in": 3600}))
    wire.on("GET", "/jobs/get", reply(job(7, "x")))
    DatabricksClient(config, clock=clock, transport=wire.transport).job_id("7")
    assert b"2ff814a6-3304-4ab8-85cb-cd0e6f879c1d" in wire.seen[0].content


def test_a_revoked_personal_token_is_access_denied(client: DatabricksClient, wire: Any) -> None:
    wire.on(
        "GET", "/jobs/get", httpx.Response(403, json={"error_code": "403", "message": "Invalid access token."})
    )
    with pytest.raises(AccessDenied, match=r"Invalid access token") as caught:
        client.job_id("7")
    assert "dapi-1" not in str(caught.value)
