"""A cloud and an Airflow context that live in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from pydantic import Field

from parity.airflow.connections.clients import RemoteRef
from parity.clients.remote import Phase, RemoteError, RemoteRuns, RunStatus

RUNNING = ("Running", Phase.RUNNING)
SUCCEEDED = ("Succeeded", Phase.SUCCEEDED)
FAILED = ("Failed", Phase.FAILED)
CANCELLED = ("Cancelled", Phase.CANCELLED)


@dataclass
class FakeCloud:
    """Remote runs whose next answers are given; an exception among them is raised once."""

    answers: list[Any] = field(default_factory=list)
    runs: dict[str, str] = field(default_factory=dict)
    """Token to run id."""
    states: dict[str, tuple[str, Phase]] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)
    asked: int = 0
    error: RemoteError | None = None
    requests: list[Mapping[str, Any]] = field(default_factory=list)
    """What find was asked."""
    lose_answer: bool = False
    """submit starts the run and then fails, as when the connection drops."""
    kind: ClassVar[str] = "fake"

    def submit(self, request: Mapping[str, Any], token: str) -> str:
        run_id = f"run-{len(self.runs) + 1}"
        self.runs[token] = run_id
        if self.lose_answer:
            raise ConnectionResetError
        return run_id

    def find(self, request: Mapping[str, Any], token: str) -> str | None:
        self.requests.append(request)
        return self.runs.get(token)

    def status(self, run_id: str) -> RunStatus:
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else self.states.get(run_id, SUCCEEDED)
        if isinstance(answer, Exception):
            raise answer
        state, phase = answer
        error = self.error if phase is Phase.FAILED else None
        return RunStatus(run_id, state, phase, error, url=f"https://cloud/{run_id}")

    def cancel(self, run_id: str) -> None:
        self.cancelled.append(run_id)
        self.states[run_id] = CANCELLED


@dataclass(frozen=True)
class FakeRef(RemoteRef):
    """Leads to a cloud in memory."""

    cloud: Annotated[Any, Field(exclude=True)] = None

    def connect(self) -> RemoteRuns:
        return self.cloud


@dataclass
class FakeStore:
    """A task state store; keeps what a retry and a clear keep."""

    data: dict[str, Any] = field(default_factory=dict)

    def get(self, key: str, default: Any = None) -> Any:
        return self.data.get(key, default)

    def set(self, key: str, value: Any) -> None:
        self.data[key] = value


@dataclass
class FakeTask:
    """What a task instance has to offer."""

    max_tries: int = 3
    try_number: int = 1
    dag_id: str = "parity__payments"
    run_id: str = "scheduled__2026-03-02"
    task_id: str = "settle.helper_job"
    xcoms: dict[str, Any] = field(default_factory=dict)

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = value


def context(store: FakeStore | None = None, **ti: Any) -> dict[str, Any]:
    """Return a context; pass the store of an earlier attempt to play a retry or a clear."""
    return {"ti": FakeTask(**ti), "task_state_store": store or FakeStore()}
