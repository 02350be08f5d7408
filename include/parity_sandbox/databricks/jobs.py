"""The jobs of the workspace."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from parity_sandbox.databricks import errors

USER = "sandbox@parity.local"
DEFAULTS: Mapping[str, Any] = {
    "name": "Untitled",
    "format": "MULTI_TASK",
    "max_concurrent_runs": 1,
    "timeout_seconds": 0,
    "email_notifications": {},
    "webhook_notifications": {},
}
TASK_DEFAULTS: Mapping[str, Any] = {"run_if": "ALL_SUCCESS", "timeout_seconds": 0, "email_notifications": {}}
CLUSTER_DEFAULTS: Mapping[str, Any] = {
    "azure_attributes": {"first_on_demand": 1, "availability": "ON_DEMAND_AZURE", "spot_bid_max_price": -1.0},
    "data_security_mode": "SINGLE_USER",
    "enable_elastic_disk": True,
}
MOST_TASKS, MOST_CONCURRENT_RUNS, MOST_TAGS, LONGEST_NAME, LONGEST_DESCRIPTION = 1000, 1000, 25, 4096, 27_700
REFERENCES = (("environment_key", "environments"), ("job_cluster_key", "job_clusters"))
"""What a task names, and the list in which the job defines it."""


def milliseconds() -> int:
    """Return the time as Databricks counts it."""
    return int(time.time() * 1000)


def new_id() -> int:
    """Return a fresh id of 15 digits."""
    return random.randint(10**14, 10**15 - 1)  # noqa: S311 - it identifies, it guards nothing


@dataclass
class Job:
    """One job; ``settings`` is what the API calls so."""

    settings: dict[str, Any]
    job_id: int = field(default_factory=new_id)
    created: int = field(default_factory=milliseconds)

    @property
    def name(self) -> str:
        """Return its name."""
        return str(self.settings["name"])

    def view(self) -> dict[str, Any]:
        """Return it as the API does."""
        return {
            "job_id": self.job_id,
            "creator_user_name": USER,
            "run_as_user_name": USER,
            "created_time": self.created,
            "settings": self.settings,
        }


@dataclass
class Jobs:
    """All jobs by id, oldest first."""

    by_id: dict[int, Job] = field(default_factory=dict)

    def create(self, settings: Mapping[str, Any]) -> Job:
        """Add a job."""
        job = Job(stored(settings))
        self.by_id[job.job_id] = job
        return job

    def get(self, job_id: Any) -> Job:
        """Return a job, or refuse."""
        job = self.by_id.get(number(job_id, "job_id"))
        if job is None:
            raise errors.no_job(job_id)
        return job

    def named(self, name: str) -> list[Job]:
        """Return the jobs called so in any case, newest first; an empty name means all."""
        found = [job for job in self.by_id.values() if not name or job.name.lower() == name.lower()]
        return found[::-1]

    def reset(self, job_id: Any, settings: Mapping[str, Any]) -> None:
        """Replace a job's settings; ``run_as`` stays unless another is given, as the real service has it."""
        job = self.get(job_id)
        kept = {name: job.settings[name] for name in ("run_as",) if name in job.settings}
        job.settings = stored({**kept, **settings})

    def update(self, job_id: Any, changes: Mapping[str, Any], removed: list[str]) -> None:
        """Change and remove some of a job's top-level settings; tasks merge by key."""
        job = self.get(job_id)
        kept = {name: value for name, value in job.settings.items() if name not in removed}
        tasks = {task["task_key"]: task for task in kept.get("tasks", []) + changes.get("tasks", [])}
        merged = {"tasks": list(tasks.values())} if tasks else {}
        job.settings = stored({**kept, **changes, **merged})

    def delete(self, job_id: Any) -> None:
        """Remove a job; its runs stay."""
        del self.by_id[self.get(job_id).job_id]


def number(value: Any, name: str) -> int:
    """Return an id that may have come as text, or refuse."""
    try:
        return int(value)
    except (TypeError, ValueError):
        raise errors.invalid(f"{name} must be a number, not {value!r}.") from None


def stored(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a job as the service keeps them, with its defaults; Refused when they are wrong."""
    kept = {**DEFAULTS, **checked(limited(settings)), "format": "MULTI_TASK"}
    if kept.get("tasks"):
        kept["tasks"] = [{**TASK_DEFAULTS, **_with_cluster(task)} for task in kept["tasks"]]
    if kept.get("job_clusters"):
        kept["job_clusters"] = [_with_cluster(one) for one in kept["job_clusters"]]
    return kept


def _with_cluster(one: Mapping[str, Any]) -> dict[str, Any]:
    return (
        {**one, "new_cluster": {**CLUSTER_DEFAULTS, **one["new_cluster"]}} if "new_cluster" in one else dict(one)
    )


def limited(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return settings that keep to the service's limits and name what they define, or refuse."""
    for name, size, most in (
        ("name", len(str(settings.get("name") or "").encode()), LONGEST_NAME),
        ("description", len(str(settings.get("description") or "").encode()), LONGEST_DESCRIPTION),
        ("tasks", len(settings.get("tasks") or []), MOST_TASKS),
        ("tags", len(settings.get("tags") or {}), MOST_TAGS),
        ("max_concurrent_runs", int(settings.get("max_concurrent_runs") or 0), MOST_CONCURRENT_RUNS),
    ):
        if size > most:
            raise errors.invalid(f"{name} exceeds its limit: {size} is more than {most}.")
    for key, where in REFERENCES:
        known = {one[key] for one in settings.get(where) or []}
        for task in settings.get("tasks") or []:
            if key in task and task[key] not in known:
                raise errors.invalid(
                    f"{key} '{task[key]}' of task {task.get('task_key')} is not defined in {where}."
                )
    return settings


def checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings whose tasks have distinct keys and known, acyclic dependencies, or refuse."""
    keys = [task.get("task_key", "") for task in settings.get("tasks") or []]
    if len(set(keys)) < len(keys) or "" in keys:
        raise errors.invalid("Every task needs a task_key of its own.")
    done: set[str] = set()
    waiting = {task["task_key"]: upstream(task) for task in settings.get("tasks") or []}
    while ready := [key for key, needs in waiting.items() if needs <= done]:
        done.update(ready)
        waiting = {key: needs for key, needs in waiting.items() if key not in done}
    if waiting:
        raise errors.invalid(f"The dependencies of task {min(waiting)} are unknown or circular.")
    return dict(settings)


def upstream(task: Mapping[str, Any]) -> set[str]:
    """Return the keys of the tasks that a task depends on."""
    return {needed["task_key"] for needed in task.get("depends_on") or []}
