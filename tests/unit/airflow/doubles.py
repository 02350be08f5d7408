"""A cloud and an Airflow context that live in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Annotated, Any, ClassVar

from pydantic import Field

from parity.airflow.connections.clients import RemoteRef
from parity.airflow.step.results import open_results
from parity.clients.remote import Phase, RemoteError, RemoteRuns, RunStatus
from parity.history.records import ActivityRecord

RUNNING = ("Running", Phase.RUNNING)
SUCCEEDED = ("Succeeded", Phase.SUCCEEDED)
FAILED = ("Failed", Phase.FAILED)
CANCELLED = ("Cancelled", Phase.CANCELLED)
NIGHTLY = datetime(2026, 3, 3, 2, tzinfo=UTC)


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


@dataclass
class Instance:
    """A task instance with what every task handed on, by (task, key); it keeps what it pushes."""

    states: dict[str, str] = field(default_factory=dict)
    handed: dict[tuple[str, str], Any] = field(default_factory=dict)
    task: Any = field(default_factory=lambda: SimpleNamespace(outlets=[], page=""))
    dag_id: str = "parity__payments"
    run_id: str = "scheduled__1"
    task_id: str = "gate"
    id: str = "attempt-9"
    try_number: int = 1
    max_tries: int = 3
    map_index: int = -1

    def get_task_states(self, **_: Any) -> dict[str, dict[str, str]]:
        return {self.run_id: self.states}

    def xcom_pull(self, task_ids: str, key: str = "return_value", **_: Any) -> Any:
        return self.handed.get((task_ids, key))

    def xcom_push(self, key: str, value: Any) -> None:
        self.handed[(self.task_id, key)] = value


def run_context(instance: Instance, **conf: Any) -> Any:
    """Return the context of one task of a run that was started with ``conf``."""
    moments = dict.fromkeys(("logical_date", "run_after", "start_date"), NIGHTLY)
    run = SimpleNamespace(run_id=instance.run_id, conf=conf, clear_number=0, **moments)
    dag = SimpleNamespace(dag_id=instance.dag_id)
    return {"ti": instance, "task": instance.task, "dag_run": run, "dag": dag, "params": conf, "outlet_events": {}}


def recorded(name: str) -> dict[str, ActivityRecord]:
    """Return what the results store has of the usual run of a suite or a database, by activity or table."""
    return {one.key.activity: one for one in open_results().run("scheduled__1", name).activities}
