"""How Data Factory talks to the Databricks workspace: Jobs 2.2 over HTTP, with patience for a busy workspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from parity_sandbox.azure.adf.failures import ActivityFailure

TRIES = 5
BUSY = frozenset({429, 500, 502, 503, 504})
ENDED = frozenset({"TERMINATED", "SKIPPED", "INTERNAL_ERROR"})


@dataclass(frozen=True)
class Workspace:
    """One workspace; ``sleep`` waits some seconds, or raises when the activity must end."""

    http: httpx.Client
    sleep: Callable[[float], None]

    def submit(self, name: str, task: Mapping[str, Any], token: str) -> int:
        """Start a one-time run of one task and return its id."""
        tasks = [{"task_key": "main", **task}]
        body = {"run_name": name, "tasks": tasks, "idempotency_token": token}
        return int(self._call("POST", "runs/submit", json=body)["run_id"])

    def run_now(self, job: int, parameters: Mapping[str, str], token: str) -> int:
        """Start a job and return the run's id."""
        body = {"job_id": job, "job_parameters": dict(parameters), "idempotency_token": token}
        return int(self._call("POST", "run-now", json=body)["run_id"])

    def run(self, run: int) -> dict[str, Any]:
        """Return a run."""
        return self._call("GET", "runs/get", params={"run_id": run})

    def output(self, run: int) -> dict[str, Any]:
        """Return what a task's run left."""
        return self._call("GET", "runs/get-output", params={"run_id": run})

    def cancel(self, run: int) -> None:
        """Stop a run; the caller is ending, so nothing is repeated and nothing raised."""
        try:
            self.http.post("/api/2.2/jobs/runs/cancel", json={"run_id": run})
        except httpx.HTTPError:
            return

    def _call(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        trouble = ""
        for _ in range(TRIES):
            try:
                answer = self.http.request(method, f"/api/2.2/jobs/{path}", **content)
            except httpx.HTTPError as error:
                trouble = f"{type(error).__name__}: {error}"
                self.sleep(0.2)
                continue
            if answer.status_code not in BUSY:
                return _document(answer)
            trouble = f"HTTP {answer.status_code}: {answer.text[:200]}"
            self.sleep(float(answer.headers.get("retry-after", "0.2")))
        raise ActivityFailure("3200", f"The Databricks workspace does not answer: {trouble}", "SystemError")


def _document(answer: httpx.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        document = {"message": answer.text[:200]}
    if answer.is_success:
        return dict(document)
    code, message = document.get("error_code", answer.status_code), document.get("message", "")
    raise ActivityFailure("3202", f"There was an error when calling Databricks: {code}: {message}")
