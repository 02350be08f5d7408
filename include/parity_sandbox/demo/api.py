"""Airflow over its public REST API, as any client would use it."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass
class AirflowApi:
    """A signed-in client."""

    url: str
    user: str
    password: str
    _http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self._http = httpx.Client(base_url=self.url, timeout=120)
        answer = self._http.post("/auth/token", json={"username": self.user, "password": self.password})
        self._http.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"

    def wait_for_dag(self, dag_id: str, timeout: float = 600.0) -> None:
        """Return when the Dag processor has parsed ``dag_id``; TimeoutError with the import errors if not."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if self._http.get(f"/api/v2/dags/{dag_id}").status_code == httpx.codes.OK:
                    return
            time.sleep(0.5)
        errors = [error["stack_trace"] for error in self.get("/api/v2/importErrors")["import_errors"]]
        raise TimeoutError(f"Airflow did not find {dag_id}. " + "\n".join(errors))

    def trigger(self, dag_id: str, conf: dict[str, Any]) -> str:
        """Unpause the Dag, start a run and return its id."""
        self._http.patch(f"/api/v2/dags/{dag_id}", json={"is_paused": False}).raise_for_status()
        answer = self._http.post(f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf})
        return str(answer.raise_for_status().json()["dag_run_id"])

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return a Dag run."""
        return self.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return every task instance of a run."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(path, limit=100, offset=len(found))
            found += page["task_instances"]
            if len(found) >= page["total_entries"] or not page["task_instances"]:
                return found

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """Return the JSON of a path."""
        answer: dict[str, Any] = self._http.get(path, params=params).raise_for_status().json()
        return answer
