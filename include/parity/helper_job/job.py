"""The settings that the helper job needs, and how those of a job in the workspace differ from them.

What else a job has (tags, notifications, a schedule, permissions, retries of its task) is its owner's, and stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NAME = "parity-helper"
TASK = "parity_helper"
COMPUTE = "default"
"""Key of the job's environment or cluster."""
CONCURRENT = 20
"""Runs at a time; one activity is one run, and more wait in the queue."""
LONGEST = 12 * 3600
"""Seconds after which a run ends that nobody waits for any more; a suite's own timeout cancels sooner."""
ABSENT = "none"
OWN_PARTS = frozenset({"name", "description", "parameters", "tasks", "environments", "job_clusters", "queue"}) | {
    "max_concurrent_runs"
}
"""Settings of the job that are ours."""
OWN_TASK = frozenset({"environment_key", "existing_cluster_id", "job_cluster_key", "new_cluster"}) | {
    "spark_python_task",
    "notebook_task",
    "depends_on",
    "task_key",
    "timeout_seconds",
}
"""Settings of its task that are ours."""


@dataclass(frozen=True)
class Serverless:
    """Serverless compute."""

    environment_version: str = "4"

    def of_job(self) -> dict[str, Any]:
        """Return what the job defines."""
        spec = {"environment_version": self.environment_version}
        return {"environments": [{"environment_key": COMPUTE, "spec": spec}]}

    def of_task(self) -> dict[str, Any]:
        """Return what the task names."""
        return {"environment_key": COMPUTE}


@dataclass(frozen=True)
class Classic:
    """A cluster that is made for a run, in standard access mode."""

    node_type: str = "Standard_D4ds_v5"
    workers: int = 2
    spark_version: str = "17.3.x-scala2.13"

    def of_job(self) -> dict[str, Any]:
        """Return what the job defines."""
        cluster = {
            "spark_version": self.spark_version,
            "node_type_id": self.node_type,
            "num_workers": self.workers,
            "data_security_mode": "USER_ISOLATION",
        }
        return {"job_clusters": [{"job_cluster_key": COMPUTE, "new_cluster": cluster}]}

    def of_task(self) -> dict[str, Any]:
        """Return what the task names."""
        return {"job_cluster_key": COMPUTE}


Compute = Serverless | Classic


def job_settings(name: str, file: str, parameters: Sequence[str], compute: Compute) -> dict[str, Any]:
    """Return the settings of the helper job, whose script is at ``file``, for Jobs 2.2."""
    passed = [part for key in parameters for part in (f"--{key}", f"{{{{job.parameters.{key}}}}}")]
    task = {
        "task_key": TASK,
        "spark_python_task": {"python_file": file, "parameters": passed},
        "timeout_seconds": LONGEST,
        **compute.of_task(),
    }
    return {
        "name": name,
        "description": "Exports one activity's data for Parity. Deployed by Parity; changes are overwritten.",
        "max_concurrent_runs": CONCURRENT,
        "queue": {"enabled": True},
        "parameters": [{"name": key, "default": ""} for key in parameters],
        **compute.of_job(),
        "tasks": [task],
    }


@dataclass(frozen=True)
class Change:
    """One setting that differs."""

    setting: str
    """As ``tasks[0].environment_key``."""
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.setting}: {self.before} → {self.after}"


def changes(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return what of a job differs from the wanted settings, leaving out what is its owner's or the service's."""
    return tuple(_different("", _ours(found), wanted))


def merged(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that replace those found: the wanted ones, and of the others what is the owner's."""
    kept = {name: value for name, value in found.items() if name not in OWN_PARTS}
    before: Mapping[str, Any] = next(iter(found.get("tasks") or []), {})
    owners = {name: value for name, value in before.items() if name not in OWN_TASK and not name.endswith("_task")}
    (task,) = wanted["tasks"]
    return {**kept, **wanted, "tasks": [{**owners, **task}]}


def _ours(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a job's settings those that are ours: with them an empty one where the service leaves it out."""
    own = {name: value for name, value in found.items() if name in OWN_PARTS and value not in ({}, [], "")}
    tasks = [
        {name: value for name, value in task.items() if name in OWN_TASK or name.endswith("_task")}
        for task in own.get("tasks") or []
    ]
    return {**own, **({"tasks": tasks} if tasks else {})}


def _different(where: str, found: Any, wanted: Any) -> Iterator[Change]:
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        yield from _different_parts(where, found, wanted)
    elif _listed(found) and _listed(wanted) and len(found) == len(wanted):
        for at, (one, other) in enumerate(zip(found, wanted, strict=True)):
            yield from _different(f"{where}[{at}]", one, other)
    elif found != wanted:
        yield Change(where, _shown(found), _shown(wanted))


def _different_parts(where: str, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[Change]:
    """Yield the parts that differ; below the job's and the task's own settings the service adds defaults."""
    ours = where == "" or (where.startswith("tasks[") and "." not in where)
    names = [*wanted, *(name for name in found if ours and name not in wanted)]
    for name in names:
        place = f"{where}.{name}" if where else name
        yield from _different(place, found.get(name), wanted.get(name))


def _listed(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _shown(value: Any) -> str:
    return ABSENT if value is None else json.dumps(value, ensure_ascii=False)
