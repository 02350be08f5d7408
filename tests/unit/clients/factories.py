"""A Data Factory that keeps state: pipelines, runs, and the answers that a test wants to be lost."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httpx
from pydantic import SecretStr

from fake_clock import FakeClock
from parity.clients.adf import AdfClient, AdfConfig
from parity.clients.entra import EntraConfig

CONFIG = AdfConfig(
    subscription="sub",
    resource_group="rg",
    factory="factory",
    credential=EntraConfig("client_secret", "tenant", "client", SecretStr("s"), "http://127.0.0.1:9"),
    endpoint="http://127.0.0.1:9",
)
MARKED = {"parity_token": {"type": "string", "defaultValue": ""}, "business_date": {"type": "string"}}


FIELDS = {"PipelineName": "pipelineName", "RunGroupId": "runGroupId"}
"""Filter operands."""


def activity(name: str, *needs: str, kind: str = "DatabricksSparkPython", **more: Any) -> dict[str, Any]:
    """Return an activity's definition that runs when all of ``needs`` succeeded."""
    depends = [{"activity": need, "dependencyConditions": ["Succeeded"]} for need in needs]
    return {"name": name, "type": kind, "dependsOn": depends, **more}


def activity_run(name: str, status: str, **more: Any) -> dict[str, Any]:
    """Return an activity run as queryActivityruns lists it."""
    start = more.pop("start", "2026-03-02T01:00:00.0000000Z")
    number = f"{more.get('retryAttempt') or 0}-{more.get('iterationHash', '')}"
    defaults = {"activityRunId": f"id-{name}-{start}-{number}", "activityRunStart": start, "activityType": "X"}
    ended = {"activityRunEnd": more.pop("end", start), "output": {}, "error": None}
    return {"activityName": name, "status": status, **defaults, **ended, **more}


@dataclass
class FakeFactory:
    """Answers like Data Factory; a page holds ``page`` items."""

    clock: FakeClock
    pipelines: dict[str, dict[str, Any]] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    activities: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    page: int = 2
    created: list[httpx.Request] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    lose_answer: Exception | int | None = None
    """createRun starts the run, and then answers so."""
    refuse: int = 0
    """createRun starts nothing, and answers with this status."""
    listing_delay: int = 0
    """How many listings a new run is missing from."""

    def client(self) -> AdfClient:
        return AdfClient(CONFIG, clock=self.clock, transport=httpx.MockTransport(self.answer))

    def declare(self, name: str, *activities: dict[str, Any], parameters: Any = MARKED) -> None:
        self.pipelines[name] = {"parameters": parameters, "activities": list(activities)}

    def add_run(self, run_id: str, **more: Any) -> dict[str, Any]:
        stamp = self.clock.now().isoformat()
        run = {
            "runId": run_id,
            "runGroupId": run_id,
            "pipelineName": "p",
            "parameters": {},
            "isLatest": True,
            "status": "InProgress",
            "message": "",
            "runStart": stamp,
            "lastUpdated": stamp,
            "runEnd": None,
        } | more
        self.runs.append(run)
        return run

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = unquote(request.url.path).rpartition("/factories/factory/")[2]
        if path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
        return self._write(request, path) if request.method == "POST" else self._named(path)

    def _write(self, request: httpx.Request, path: str) -> httpx.Response:
        body = json.loads(request.content) if request.content else {}
        if path.endswith("/createRun"):
            return self._create(request, path.split("/")[1], body)
        if path == "queryPipelineRuns":
            return httpx.Response(200, json=self._paged(self._listed(body), body))
        if path.endswith("/queryActivityruns"):
            return httpx.Response(200, json=self._paged(self.activities.get(path.split("/")[1], []), body))
        assert path.endswith("/cancel"), path
        self.cancelled.append(path.split("/")[1])
        return httpx.Response(200)

    def _named(self, path: str) -> httpx.Response:
        if path == "pipelines":
            return httpx.Response(200, json={"value": [{"name": name} for name in self.pipelines]})
        kind, _, name = path.partition("/")
        if kind == "pipelines" and name in self.pipelines:
            return httpx.Response(200, json={"name": name, "properties": self.pipelines[name]})
        found = [run for run in self.runs if run["runId"] == name]
        if kind == "pipelineruns" and found:
            return httpx.Response(200, json=found[0])
        return httpx.Response(404, json={"error": {"code": "ResourceNotFound", "message": "not found"}})

    def _create(self, request: httpx.Request, pipeline: str, body: dict[str, Any]) -> httpx.Response:
        self.created.append(request)
        if self.refuse:
            return httpx.Response(self.refuse)
        reference = request.url.params.get("referencePipelineRunId")
        older = next((run for run in self.runs if run["runId"] == reference), None)
        self.clock.sleep(1)
        run = self.add_run(
            f"run-{len(self.runs) + 1}", pipelineName=pipeline, parameters=older["parameters"] if older else body
        )
        run |= {"runGroupId": older["runGroupId"]} if older else {}
        if isinstance(self.lose_answer, Exception):
            raise self.lose_answer
        if self.lose_answer:
            return httpx.Response(self.lose_answer)
        return httpx.Response(200, json={"runId": run["runId"]})

    def _listed(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        filters = [(FIELDS[one["operand"]], one["values"]) for one in body.get("filters") or []]
        hidden = 1 if self.listing_delay > 0 and self.created else 0
        self.listing_delay -= hidden
        seen = self.runs[: len(self.runs) - hidden]
        after = body["lastUpdatedAfter"]
        found = [run for run in seen if all(run[field] in values for field, values in filters)]
        return [run for run in found if run["lastUpdated"] > after]

    def _paged(self, found: list[Any], body: dict[str, Any]) -> dict[str, Any]:
        start = int(body.get("continuationToken") or 0)
        more = {"continuationToken": str(start + self.page)} if start + self.page < len(found) else {}
        return {"value": found[start : start + self.page], **more}
