"""The Databricks stand-in over HTTP, with a runner that only remembers what it was asked to run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from parity_sandbox.azure.entra.tokens import Tokens
from parity_sandbox.context import Context
from parity_sandbox.databricks import create_app
from parity_sandbox.databricks.scripts import access_of
from parity_sandbox.endpoints import Endpoints
from parity_sandbox.faults import Fault, Faults
from parity_sandbox.spark.runner import Job, Outcome

ENDPOINTS = Endpoints(databricks="http://testserver")


@dataclass
class RememberingRunner:
    """Ends each script as told; a script in ``held`` runs until it is cancelled."""

    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    jobs: list[Job] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)
    _stops: dict[str, threading.Event] = field(default_factory=dict)

    def run(self, job: Job, handle: str) -> Outcome:
        self.jobs.append(job)
        if job.script.name in self.held:
            stop = self._stops.setdefault(handle, threading.Event())
            assert stop.wait(10), "nobody cancelled the script"
            return Outcome(ok=False, cancelled=True)
        waiting = self.outcomes.get(job.script.name, [])
        return waiting.pop(0) if waiting else Outcome(ok=True, stdout="printed", result="left with")

    def cancel(self, handle: str) -> None:
        self.killed.append(handle)
        self._stops.setdefault(handle, threading.Event()).set()


@dataclass
class Workspace:
    """A client that holds the right token, and what it talks to."""

    http: TestClient
    runner: RememberingRunner
    faults: Faults
    state: Path

    def post(self, call: str, **body: Any) -> Any:
        return self.http.post(f"/api/2.2/jobs/{call}", json=body).raise_for_status().json()

    def get(self, call: str, **query: Any) -> Any:
        return self.http.get(f"/api/2.2/jobs/{call}", params=query).raise_for_status().json()

    def refused(self, call: str, **body: Any) -> tuple[int, str, str]:
        answer = self.http.post(f"/api/2.2/jobs/{call}", json=body)
        return answer.status_code, answer.json()["error_code"], answer.json()["message"]

    def until(self, run_id: int, reached: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + 10
        while not reached(run := self.get("runs/get", run_id=run_id)):
            assert time.monotonic() < deadline, run["state"]
            time.sleep(0.01)
        return run

    def ended(self, run_id: int) -> dict[str, Any]:
        return self.until(run_id, lambda run: run["status"]["state"] == "TERMINATED")

    def run(self, *tasks: dict[str, Any], **settings: Any) -> dict[str, Any]:
        return self.ended(self.post("runs/submit", tasks=list(tasks), **settings)["run_id"])


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    runner, faults = RememberingRunner(), Faults()
    app = create_app(Context(tmp_path, ENDPOINTS, faults, runner))
    for name in ("one", "two", "three"):
        (tmp_path / "volumes").mkdir(exist_ok=True)
        (tmp_path / "volumes" / f"{name}.py").write_text("")
    headers = {"authorization": f"Bearer {ENDPOINTS.databricks_token}"}
    with TestClient(app, headers=headers) as http:
        yield Workspace(http, runner, faults, tmp_path)


def python(name: str, *parameters: str, after: tuple[str, ...] = (), **extra: Any) -> dict[str, Any]:
    return {
        "task_key": name,
        "spark_python_task": {"python_file": f"/Volumes/{name}.py", "parameters": list(parameters)},
        "depends_on": [{"task_key": key} for key in after],
        **extra,
    }


def results(run: dict[str, Any]) -> dict[str, str]:
    return {task["task_key"]: task["state"].get("result_state", "") for task in run["tasks"]}


def failing(*messages: str) -> list[Outcome]:
    return [Outcome(ok=False, error=text, trace=f"Traceback\n{text}") for text in messages]


def test_job_parameters_are_the_definition_with_the_callers_values(workspace: Workspace) -> None:
    parameters = [{"name": "mode", "default": "rows"}, {"name": "activity", "default": ""}]
    task = python("one", "--activity={{job.parameters.activity}}", "{{job.parameters.mode}}", "{{other}}")
    job = workspace.post("create", name="helper", parameters=parameters, tasks=[task])

    run = workspace.post("run-now", job_id=job["job_id"], job_parameters={"activity": "settle"})
    run = workspace.ended(run["run_id"])

    assert [(p["name"], p["value"]) for p in run["job_parameters"]] == [("activity", "settle"), ("mode", "rows")]
    assert list(workspace.runner.jobs[0].argv) == ["--activity=settle", "rows", "{{other}}"]


def test_a_notebooks_widgets_are_base_parameters_under_job_parameters(workspace: Workspace) -> None:
    notebook = {"notebook_path": "/Volumes/one", "base_parameters": {"a": "base", "b": "base"}}
    task = {"task_key": "one", "notebook_task": notebook}
    job = workspace.post("create", tasks=[task], parameters=[{"name": "b", "default": "job"}])

    run = workspace.ended(workspace.post("run-now", job_id=job["job_id"])["run_id"])

    assert workspace.runner.jobs[0].widgets == {"a": "base", "b": "job"}
    output = workspace.get("runs/get-output", run_id=run["tasks"][0]["run_id"])
    assert output["notebook_output"] == {"result": "left with", "truncated": False}


def test_job_parameters_and_task_parameters_exclude_each_other(workspace: Workspace) -> None:
    plain = workspace.post("create", tasks=[python("one")])
    defining = workspace.post("create", tasks=[python("one")], parameters=[{"name": "a", "default": ""}])

    both = workspace.refused("run-now", job_id=plain["job_id"], job_parameters={"a": "1"}, python_params=["x"])
    defined = workspace.refused("run-now", job_id=defining["job_id"], notebook_params={"a": "1"})

    assert both[:2] == defined[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert workspace.runner.jobs == []


def test_a_repeated_token_returns_the_first_run_even_when_it_has_failed(workspace: Workspace) -> None:
    workspace.runner.outcomes["one.py"] = failing("ValueError: no")
    job = workspace.post("create", tasks=[python("one")])
    first = workspace.post("run-now", job_id=job["job_id"], idempotency_token="night")
    workspace.ended(first["run_id"])

    again = workspace.post("run-now", job_id=job["job_id"], idempotency_token="night")

    assert again == first
    assert len(workspace.runner.jobs) == 1


def test_a_token_of_more_than_64_characters_is_refused(workspace: Workspace) -> None:
    job = workspace.post("create", tasks=[python("one")])

    assert workspace.refused("run-now", job_id=job["job_id"], idempotency_token="x" * 65)[0] == 400


def test_tasks_run_after_what_they_depend_on(workspace: Workspace) -> None:
    run = workspace.run(python("three", after=("one", "two")), python("one"), python("two", after=("one",)))

    assert [job.script.stem for job in workspace.runner.jobs] == ["one", "two", "three"]
    assert run["state"]["result_state"] == "SUCCESS"


def test_a_failed_task_fails_the_run_in_databricks_words(workspace: Workspace) -> None:
    workspace.runner.outcomes["one.py"] = failing("ValueError: bad amount")

    run = workspace.run(python("one"), python("two", after=("one",)))

    assert results(run) == {"one": "FAILED", "two": "UPSTREAM_FAILED"}
    assert run["tasks"][0]["state"]["life_cycle_state"] == "TERMINATED"
    assert (run["state"]["life_cycle_state"], run["state"]["result_state"]) == ("INTERNAL_ERROR", "FAILED")
    words = "Task one failed with message: Workload failed, see run output for details."
    assert run["state"]["state_message"] == words
    assert run["status"]["termination_details"]["code"] == "RUN_EXECUTION_ERROR"


def test_the_output_of_a_failed_task_has_its_error_and_trace(workspace: Workspace) -> None:
    workspace.runner.outcomes["one.py"] = failing("ValueError: bad amount")

    run = workspace.run(python("one"))
    output = workspace.get("runs/get-output", run_id=run["tasks"][0]["run_id"])

    assert (output["error"], output["error_trace"]) == (
        "ValueError: bad amount",
        "Traceback\nValueError: bad amount",
    )
    assert output["metadata"]["run_id"] == run["tasks"][0]["run_id"]


def test_the_output_of_a_run_with_several_tasks_is_refused(workspace: Workspace) -> None:
    run = workspace.run(python("one"), python("two"))

    answer = workspace.http.get("/api/2.2/jobs/runs/get-output", params={"run_id": run["run_id"]})

    assert answer.status_code == 400
    assert "multiple tasks" in answer.json()["message"]


@pytest.mark.parametrize(
    ("condition", "result"),
    [
        ("ALL_SUCCESS", "UPSTREAM_FAILED"),
        ("ALL_DONE", "SUCCESS"),
        ("AT_LEAST_ONE_FAILED", "SUCCESS"),
        ("NONE_FAILED", "EXCLUDED"),
    ],
)
def test_run_if_decides_what_follows_a_failure(workspace: Workspace, condition: str, result: str) -> None:
    workspace.runner.outcomes["one.py"] = failing("no")

    run = workspace.run(python("one"), python("two", after=("one",), run_if=condition))

    assert results(run)["two"] == result


def test_a_failure_that_is_not_a_leaf_leaves_a_success_with_failures(workspace: Workspace) -> None:
    workspace.runner.outcomes["one.py"] = failing("no")

    run = workspace.run(python("one"), python("two", after=("one",), run_if="ALL_DONE"))

    assert run["state"]["result_state"] == "SUCCESS_WITH_FAILURES"


def test_a_failed_task_is_retried_as_often_as_it_says(workspace: Workspace) -> None:
    workspace.runner.outcomes["one.py"] = failing("once", "twice")

    run = workspace.run(python("one", max_retries=2))

    assert (run["state"]["result_state"], run["tasks"][0]["attempt_number"]) == ("SUCCESS", 2)


def test_a_missing_script_fails_the_task_before_anything_runs(workspace: Workspace) -> None:
    run = workspace.run(python("absent"))

    task = run["tasks"][0]
    assert task["state"]["life_cycle_state"] == "INTERNAL_ERROR"
    assert "/Volumes/absent.py" in task["state"]["state_message"]
    assert workspace.runner.jobs == []


def test_a_task_of_an_unknown_kind_fails_and_says_so(workspace: Workspace) -> None:
    run = workspace.run({"task_key": "sql", "sql_task": {}})

    assert "sandbox limitation" in run["tasks"][0]["state"]["state_message"]


def test_cancelling_kills_the_script_and_then_says_cancelled(workspace: Workspace) -> None:
    workspace.runner.held.add("one.py")
    run_id = workspace.post("runs/submit", tasks=[python("one"), python("two", after=("one",))])["run_id"]
    workspace.until(run_id, lambda _run: len(workspace.runner.jobs) == 1)

    workspace.post("runs/cancel", run_id=run_id)
    run = workspace.ended(run_id)

    assert (run["state"]["life_cycle_state"], run["state"]["result_state"]) == ("TERMINATED", "CANCELED")
    assert run["status"]["termination_details"]["code"] == "USER_CANCELED"
    assert results(run) == {"one": "CANCELED", "two": "CANCELED"}
    assert len(workspace.runner.killed) == 1


def test_cancelling_an_ended_run_changes_nothing(workspace: Workspace) -> None:
    run = workspace.run(python("one"))

    workspace.post("runs/cancel", run_id=run["run_id"])

    assert workspace.get("runs/get", run_id=run["run_id"])["state"]["result_state"] == "SUCCESS"


def test_repair_runs_the_failed_tasks_again_within_the_run(workspace: Workspace) -> None:
    workspace.runner.outcomes["two.py"] = failing("no")
    before = workspace.run(python("one"), python("two", after=("one",)), python("three", after=("two",)))

    repair = workspace.post("runs/repair", run_id=before["run_id"], rerun_all_failed_tasks=True)
    after = workspace.ended(before["run_id"])

    assert [job.script.stem for job in workspace.runner.jobs] == ["one", "two", "two", "three"]
    assert after["state"]["result_state"] == "SUCCESS"
    assert after["tasks"][0]["run_id"] == before["tasks"][0]["run_id"]
    assert after["tasks"][1]["run_id"] != before["tasks"][1]["run_id"]
    history = workspace.get("runs/get", run_id=before["run_id"], include_history=True)["repair_history"]
    assert [(entry["type"], entry.get("id")) for entry in history] == [
        ("ORIGINAL", None),
        ("REPAIR", repair["repair_id"]),
    ]


def test_a_second_repair_must_name_the_first(workspace: Workspace) -> None:
    workspace.runner.outcomes["one.py"] = failing("no", "no")
    run_id = workspace.run(python("one"))["run_id"]
    first = workspace.post("runs/repair", run_id=run_id, rerun_tasks=["one"])["repair_id"]
    workspace.ended(run_id)

    assert workspace.refused("runs/repair", run_id=run_id, rerun_tasks=["one"])[0] == 400
    workspace.post("runs/repair", run_id=run_id, rerun_tasks=["one"], latest_repair_id=first)
    assert workspace.ended(run_id)["state"]["result_state"] == "SUCCESS"


def test_a_run_above_the_jobs_maximum_is_skipped(workspace: Workspace) -> None:
    workspace.runner.held.add("one.py")
    job = workspace.post("create", tasks=[python("one")])
    first = workspace.post("run-now", job_id=job["job_id"])["run_id"]

    second = workspace.ended(workspace.post("run-now", job_id=job["job_id"])["run_id"])
    workspace.post("runs/cancel-all", job_id=job["job_id"])

    assert second["state"]["life_cycle_state"] == "SKIPPED"
    assert workspace.ended(first)["state"]["result_state"] == "CANCELED"


def test_a_run_above_the_maximum_waits_when_the_job_has_a_queue(workspace: Workspace) -> None:
    workspace.runner.held.add("one.py")
    job = workspace.post("create", tasks=[python("one")], queue={"enabled": True})
    first, second = (workspace.post("run-now", job_id=job["job_id"])["run_id"] for _ in range(2))
    workspace.until(second, lambda run: run["state"]["life_cycle_state"] == "QUEUED")

    workspace.runner.held.clear()
    workspace.post("runs/cancel", run_id=first)

    assert workspace.ended(second)["state"]["result_state"] == "SUCCESS"


def test_a_run_beyond_its_time_is_killed_and_timed_out(workspace: Workspace) -> None:
    workspace.runner.held.add("one.py")

    run = workspace.run(python("one"), timeout_seconds=0.05)

    assert run["state"]["result_state"] == "TIMEDOUT"
    assert len(workspace.runner.killed) == 1


def test_a_job_that_is_told_to_stay_stays_until_the_fault_is_lifted(workspace: Workspace) -> None:
    workspace.faults.add(Fault(kind="stays_running", target="helper"))
    job = workspace.post("create", name="helper", tasks=[python("one")])
    run_id = workspace.post("run-now", job_id=job["job_id"])["run_id"]
    workspace.until(run_id, lambda run: run["tasks"][0]["state"]["life_cycle_state"] == "RUNNING")
    assert workspace.runner.jobs == []

    workspace.faults.clear()

    assert workspace.ended(run_id)["state"]["result_state"] == "SUCCESS"


def test_a_task_that_is_told_to_fail_fails_with_the_given_words(workspace: Workspace) -> None:
    workspace.faults.add(Fault(kind="fails_at", target="two", message="OutOfMemoryError: Java heap space"))

    run = workspace.run(python("one"), python("two"))

    assert results(run) == {"one": "SUCCESS", "two": "FAILED"}
    output = workspace.get("runs/get-output", run_id=run["tasks"][1]["run_id"])
    assert output["error"] == "OutOfMemoryError: Java heap space"


def test_jobs_are_found_by_name_whatever_the_case_and_by_page(workspace: Workspace) -> None:
    ids = [workspace.post("create", name=name)["job_id"] for name in ("Helper", "helper", "other")]

    named = workspace.get("list", name="HELPER", limit=1)
    rest = workspace.get("list", name="HELPER", limit=1, page_token=named["next_page_token"])

    assert [job["job_id"] for job in named["jobs"] + rest["jobs"]] == [ids[1], ids[0]]
    assert "next_page_token" not in rest


def test_update_changes_what_it_names_and_reset_replaces_the_rest(workspace: Workspace) -> None:
    job_id = workspace.post("create", name="a", tasks=[python("one")], tags={"t": "1"})["job_id"]

    workspace.post("update", job_id=job_id, new_settings={"name": "b"}, fields_to_remove=["tags"])
    updated = workspace.get("get", job_id=job_id)["settings"]
    workspace.post("reset", job_id=job_id, new_settings={"name": "c"})
    replaced = workspace.get("get", job_id=job_id)["settings"]

    assert (updated["name"], len(updated["tasks"]), "tags" in updated) == ("b", 1, False)
    assert (replaced["name"], "tasks" in replaced) == ("c", False)


@pytest.mark.parametrize("after", [("nowhere",), ("one",)])
def test_unknown_and_circular_dependencies_are_refused(workspace: Workspace, after: tuple[str, ...]) -> None:
    assert workspace.refused("create", tasks=[python("one", after=after)])[0] == 400


def test_runs_are_listed_newest_first_by_job_and_activity(workspace: Workspace) -> None:
    job = workspace.post("create", tasks=[python("one")], max_concurrent_runs=5)
    ids = [workspace.post("run-now", job_id=job["job_id"])["run_id"] for _ in range(3)]
    for run_id in ids:
        workspace.ended(run_id)
    workspace.run(python("two"))

    first = workspace.get("runs/list", job_id=job["job_id"], limit=2, completed_only=True)
    rest = workspace.get("runs/list", job_id=job["job_id"], limit=2, page_token=first["next_page_token"])

    assert [run["run_id"] for run in first["runs"] + rest["runs"]] == ids[::-1]
    assert workspace.get("runs/list", job_id=job["job_id"], active_only=True) == {"has_more": False}


def test_many_tasks_are_told_by_the_hundred(workspace: Workspace) -> None:
    tasks = [{**python("one"), "task_key": f"t{number}"} for number in range(101)]
    run_id = workspace.run(*tasks)["run_id"]

    first = workspace.get("runs/get", run_id=run_id)
    rest = workspace.get("runs/get", run_id=run_id, page_token=first["next_page_token"])

    assert (len(first["tasks"]), len(rest["tasks"])) == (100, 1)


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        ("/api/2.2/jobs/get?job_id=1", 404, "RESOURCE_DOES_NOT_EXIST"),
        ("/api/2.2/jobs/get?job_id=one", 400, "INVALID_PARAMETER_VALUE"),
        ("/api/2.2/jobs/get", 400, "INVALID_PARAMETER_VALUE"),
        ("/api/2.2/jobs/runs/get?run_id=1", 400, "INVALID_PARAMETER_VALUE"),
        ("/api/2.2/jobs/list?limit=500", 400, "INVALID_PARAMETER_VALUE"),
        ("/api/2.2/jobs/nonsense", 404, "ENDPOINT_NOT_FOUND"),
        ("/api/2.0/sql/warehouses", 404, "ENDPOINT_NOT_FOUND"),
    ],
)
def test_what_is_not_there_is_refused_as_databricks_does(
    workspace: Workspace, call: str, status: int, code: str
) -> None:
    answer = workspace.http.get(call)

    assert (answer.status_code, answer.json()["error_code"]) == (status, code)


def test_an_unknown_route_is_logged_with_the_remedy(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    workspace.http.get("/api/2.0/sql/warehouses")

    assert "add a route for GET /api/2.0/sql/warehouses" in caplog.text


def test_a_token_of_entra_opens_the_workspace_only_when_meant_for_it(workspace: Workspace) -> None:
    def status(audience: str, lifetime: int = 3600) -> int:
        tokens = Tokens.of(workspace.state)
        tokens.lifetime = lifetime
        token = tokens.issue(audience, ENDPOINTS.tenant, ENDPOINTS.client_id).token
        headers = {"authorization": f"Bearer {token}"}
        return workspace.http.get("/api/2.2/jobs/list", headers=headers).status_code

    assert status("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d") == 200
    assert status("https://management.azure.com") == 401
    assert status("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d", lifetime=-10) == 403


@pytest.mark.parametrize(("header", "status"), [("", 401), ("Basic eDp5", 401), ("Bearer wrong", 403)])
def test_bad_credentials_are_refused(workspace: Workspace, header: str, status: int) -> None:
    answer = workspace.http.get("/api/2.2/jobs/list", headers={"authorization": header})

    assert answer.status_code == status


def test_a_service_principal_buys_a_token_with_its_secret(workspace: Workspace) -> None:
    form = {"grant_type": "client_credentials", "scope": "all-apis"}
    good = (ENDPOINTS.client_id, ENDPOINTS.client_secret)
    bought = workspace.http.post("/oidc/v1/token", data=form, auth=good).json()["access_token"]

    assert (
        workspace.http.get("/api/2.2/jobs/list", headers={"authorization": f"Bearer {bought}"}).status_code == 200
    )
    assert workspace.http.post("/oidc/v1/token", data=form, auth=(good[0], "wrong")).status_code == 401


def test_a_page_of_runs_is_of_less_than_25(workspace: Workspace) -> None:
    answer = workspace.http.get("/api/2.2/jobs/runs/list", params={"limit": 25})

    assert answer.status_code == 400
    assert workspace.get("runs/list", limit=24)["has_more"] is False


@pytest.mark.parametrize(
    ("compute", "access"),
    [
        ({"environment_key": "default"}, "serverless"),
        ({"existing_cluster_id": "0301"}, "standard"),
        ({}, "standard"),
    ],
)
def test_the_compute_of_a_task_decides_what_spark_it_gets(
    workspace: Workspace, compute: dict[str, str], access: str
) -> None:
    workspace.run(python("one", **compute))

    assert workspace.runner.jobs[0].access == access


def test_a_classic_workspace_gives_every_task_a_classic_session() -> None:
    assert access_of({"environment_key": "default"}, "classic") == "classic"
