"""The sandbox's Azure half inside of the test's own process, with a Databricks workspace that only pretends."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from parity_sandbox.azure import create_app
from parity_sandbox.context import Context
from parity_sandbox.endpoints import Endpoints
from parity_sandbox.faults import Faults
from parity_sandbox.spark.absent import NoSpark

WINDOW = {"lastUpdatedAfter": "2000-01-01T00:00:00Z", "lastUpdatedBefore": "2100-01-01T00:00:00Z"}
ENDED = {"Succeeded", "Failed", "Cancelled"}
PATIENCE = 20.0


def make_context(state: Path) -> Context:
    return Context(state, Endpoints(), Faults(), NoSpark())


@dataclass
class Workspace:
    """A Databricks workspace whose runs end as their scripts' names say: fail*, hang*, anything else succeeds."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    cancelled: set[int] = field(default_factory=set)
    busy: int = 0
    """How many of the next requests are answered 429."""
    runs: dict[int, str] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(101))

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/api/2.2/jobs/{path:path}", self.answer, methods=["GET", "POST"])])

    async def answer(self, request: Request) -> JSONResponse:
        if self.busy:
            self.busy -= 1
            return JSONResponse({"error_code": "REQUEST_LIMIT_EXCEEDED"}, 429, headers={"retry-after": "0.01"})
        path = request.path_params["path"]
        given = await request.json() if request.method == "POST" else dict(request.query_params)
        self.calls.append((path, given))
        return JSONResponse(getattr(self, path.replace("/", "_").replace("-", "_"))(given))

    def runs_submit(self, given: Mapping[str, Any]) -> dict[str, int]:
        task = given["tasks"][0]
        path = (task.get("spark_python_task") or {}).get("python_file") or task["notebook_task"]["notebook_path"]
        return self.start(path, given["idempotency_token"])

    def run_now(self, given: Mapping[str, Any]) -> dict[str, int]:
        return self.start(f"job {given['job_id']}", given["idempotency_token"])

    def start(self, what: str, token: str) -> dict[str, int]:
        if token not in self.tokens:
            self.tokens[token] = next(self.ids)
            self.runs[self.tokens[token]] = what
        return {"run_id": self.tokens[token]}

    def runs_get(self, given: Mapping[str, Any]) -> dict[str, Any]:
        run = int(given["run_id"])
        state = self.state(run)
        kind = "notebook_task" if self.runs[run].startswith("/nb") else "spark_python_task"
        task = {"task_key": "main", "run_id": run, "state": state, kind: {}}
        return {"run_id": run, "run_page_url": f"http://workspace/run/{run}", "state": state, "tasks": [task]}

    def state(self, run: int) -> dict[str, str]:
        name = self.runs[run].rpartition("/")[2]
        if run in self.cancelled:
            return {"life_cycle_state": "TERMINATED", "result_state": "CANCELED"}
        if name.startswith("hang"):
            return {"life_cycle_state": "RUNNING"}
        if name.startswith("fail"):
            message = "Workload failed, see run output for details"
            return {"life_cycle_state": "TERMINATED", "result_state": "FAILED", "state_message": message}
        return {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS"}

    def runs_get_output(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return {"error": "ValueError: no such table", "notebook_output": {"result": "42 rows"}}

    def runs_cancel(self, given: Mapping[str, Any]) -> dict[str, Any]:
        self.cancelled.add(int(given["run_id"]))
        return {}


class Server:
    """An ASGI app on a free port, served by a thread."""

    def __init__(self, app: Any) -> None:
        settings = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
        self.server = uvicorn.Server(settings)
        self.thread = Thread(target=self.server.run, daemon=True)

    def __enter__(self) -> str:
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        return f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join(5)


class Azure:
    """Data Factory as a client sees it, without a client."""

    def __init__(self, context: Context) -> None:
        self.context = context
        at = context.endpoints
        self.http = TestClient(create_app(context), raise_server_exceptions=False)
        group = f"/subscriptions/{at.subscription}/resourceGroups/{at.resource_group}"
        self.base = f"{group}/providers/Microsoft.DataFactory/factories/{at.factory}"
        self.headers = {"authorization": f"Bearer {self.token()}"}

    def token(self, scope: str = "https://management.azure.com/.default", **changes: str) -> str:
        return str(self.ask_token(scope=scope, **changes).json()["access_token"])

    def ask_token(self, **changes: str) -> Any:
        at = self.context.endpoints
        form = {
            "grant_type": "client_credentials",
            "client_id": at.client_id,
            "client_secret": at.client_secret,
            "scope": "https://management.azure.com/.default",
        }
        tenant = changes.pop("tenant", at.tenant)
        return self.http.post(f"/{tenant}/oauth2/v2.0/token", data={**form, **changes})

    def call(self, method: str, path: str, **content: Any) -> Any:
        content.setdefault("headers", self.headers)
        parameters = {"api-version": "2018-06-01", **content.pop("params", {})}
        return self.http.request(method, f"{self.base}{path}", params=parameters, **content)

    def put(self, name: str, activities: Sequence[Mapping[str, Any]], **properties: Any) -> Any:
        body = {"properties": {"activities": list(activities), **properties}}
        return self.call("PUT", f"/pipelines/{name}", json=body)

    def start(self, name: str, given: Mapping[str, Any] | None = None, **params: str) -> str:
        answer = self.call("POST", f"/pipelines/{name}/createRun", json=given or {}, params=params)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["runId"])

    def run(self, run_id: str) -> dict[str, Any]:
        return dict(self.call("GET", f"/pipelineruns/{run_id}").json())

    def wait(self, run_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while (run := self.run(run_id))["status"] not in ENDED:
            assert time.monotonic() < deadline, run
            time.sleep(0.01)
        return run

    def activities(self, run_id: str) -> list[dict[str, Any]]:
        answer = self.call("POST", f"/pipelineruns/{run_id}/queryActivityruns", json=WINDOW)
        return list(answer.json()["value"])

    def statuses(self, run_id: str) -> dict[str, str]:
        return {one["activityName"]: one["status"] for one in self.activities(run_id)}

    def perform(
        self, activities: Sequence[Mapping[str, Any]], given: Mapping[str, Any] | None = None, **properties: Any
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Run a pipeline of these activities to its end; return the run and the last attempt of each activity."""
        answer = self.put("tested", activities, **properties)
        assert answer.status_code == 200, answer.text
        run = self.wait(self.start("tested", given))
        return run, {one["activityName"]: one for one in self.activities(run["runId"])}


def activity(kind: str, name: str = "", after: Mapping[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """Return an activity's JSON; ``after`` maps an activity to a condition."""
    policy = {"policy": more.pop("policy")} if "policy" in more else {}
    extra = {key: more.pop(key) for key in ("inputs", "outputs", "state", "onInactiveMarkAs") if key in more}
    depends = [{"activity": one, "dependencyConditions": [condition]} for one, condition in (after or {}).items()]
    body = {"name": name or kind, "type": kind, "dependsOn": depends, "typeProperties": more}
    return {**body, **policy, **extra}


def wait(name: str, after: Mapping[str, str] | None = None, seconds: float = 0) -> dict[str, Any]:
    return activity("Wait", name, after, waitTimeInSeconds=seconds)


def fail(name: str, after: Mapping[str, str] | None = None, message: str = "broken") -> dict[str, Any]:
    return activity("Fail", name, after, message=message, errorCode="77")
