"""Runs and their tasks: what they were asked, how they stand, what came out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from parity_sandbox.databricks import errors, parameters
from parity_sandbox.databricks.jobs import milliseconds, new_id, number
from parity_sandbox.databricks.states import PENDING, State
from parity_sandbox.spark.runner import Outcome

TOKEN_LENGTH = 64


@dataclass
class Timed:
    """What has a state, a beginning and an end (milliseconds; 0 while it lasts)."""

    state: State = PENDING
    started: int = field(default_factory=milliseconds)
    ended: int = 0

    def begin(self, state: State) -> None:
        """Start the clock."""
        self.state, self.started, self.ended = state, milliseconds(), 0

    def end(self, state: State) -> None:
        """Stop the clock."""
        self.state, self.ended = state, milliseconds()


@dataclass
class TaskRun(Timed):
    """One task of a run."""

    settings: dict[str, Any] = field(default_factory=dict)
    run_id: int = field(default_factory=new_id)
    attempt: int = 0
    outcome: Outcome | None = None

    @property
    def key(self) -> str:
        """Return its name within the run."""
        return str(self.settings["task_key"])


@dataclass
class Run(Timed):
    """One run of a job, or a submitted one."""

    settings: dict[str, Any] = field(default_factory=dict)
    job_id: int = field(default_factory=new_id)
    submitted: bool = False
    run_id: int = field(default_factory=new_id)
    tasks: list[TaskRun] = field(default_factory=list)
    job_parameters: list[dict[str, str]] = field(default_factory=list)
    overrides: dict[str, Any] = field(default_factory=dict)
    token: str = ""
    repairs: list[dict[str, Any]] = field(default_factory=list)
    execution: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """Return the name of the run."""
        return str(self.settings.get("run_name") or self.settings.get("name") or "Untitled")

    @property
    def active(self) -> bool:
        """Return whether it has not ended."""
        return not self.state.ended

    def task(self, key: str) -> TaskRun:
        """Return one task."""
        return next(task for task in self.tasks if task.key == key)

    def known(self, task: TaskRun) -> dict[str, Any]:
        """Return what dynamic value references may name."""
        values = {f"job.parameters.{entry['name']}": entry["value"] for entry in self.job_parameters}
        names = {"job.id": self.job_id, "job.name": self.name, "job.run_id": self.run_id}
        old = {"job_id": self.job_id, "run_id": task.run_id, "parent_run_id": self.run_id}
        return {**values, **names, **old, "task.name": task.key, "task.run_id": task.run_id}


@dataclass
class Runs:
    """All runs by id, oldest first; a task's run id leads to its run too."""

    by_id: dict[int, Run] = field(default_factory=dict)
    by_token: dict[str, int] = field(default_factory=dict)

    def add(self, run: Run) -> None:
        """Remember a run, and under what token it was started."""
        self.by_id[run.run_id] = run
        if run.token:
            self.by_token[run.token] = run.run_id

    def repeated(self, body: Mapping[str, Any]) -> Run | None:
        """Return the run that this request's idempotency token started before, or None."""
        token = body.get("idempotency_token") or ""
        if len(token) > TOKEN_LENGTH:
            raise errors.invalid(f"idempotency_token must have at most {TOKEN_LENGTH} characters.")
        return self.by_id[self.by_token[token]] if token in self.by_token else None

    def find(self, run_id: Any) -> tuple[Run, TaskRun | None]:
        """Return a run, or the run and the task whose own run id it is; or refuse."""
        wanted = number(run_id, "run_id")
        if wanted in self.by_id:
            return self.by_id[wanted], None
        for run in self.by_id.values():
            for task in run.tasks:
                if task.run_id == wanted:
                    return run, task
        raise errors.no_run(run_id)

    def of_job(self, job_id: int | None) -> list[Run]:
        """Return the runs of a job, or all, newest first."""
        return [run for run in reversed(self.by_id.values()) if job_id in (None, run.job_id)]

    def delete(self, run_id: Any) -> None:
        """Forget an ended run."""
        run, _ = self.find(run_id)
        if run.active:
            raise errors.Refused(400, "INVALID_STATE", f"Run {run_id} is active and cannot be deleted.")
        del self.by_id[run.run_id]
        self.by_token.pop(run.token, None)


def new_run(settings: Mapping[str, Any], body: Mapping[str, Any], job_id: int | None = None) -> Run:
    """Return a run of ``settings`` as the request ``body`` wants it; without ``job_id`` a submitted one."""
    return Run(
        settings=dict(settings),
        job_id=job_id or new_id(),
        submitted=job_id is None,
        tasks=[TaskRun(settings=task) for task in settings.get("tasks") or []],
        job_parameters=parameters.resolved(settings, body.get("job_parameters") or {}),
        overrides=parameters.overrides(body, settings),
        token=body.get("idempotency_token") or "",
    )
