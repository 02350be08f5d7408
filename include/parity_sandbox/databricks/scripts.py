"""From a task to the script that runs: where its file is, and with which arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from parity_sandbox.databricks import parameters
from parity_sandbox.databricks.runs import Run, TaskRun
from parity_sandbox.spark.runner import Access, DatabricksSpark, Job

NO_LIMIT = 86400.0
"""Seconds that stand for a time-out of 0, which means none."""

ABFSS = re.compile(r"abfss?://([^@/]+)@([^./]+)\.(?:dfs|blob)\.core\.windows\.net/(.+)")
FOLDERS: Mapping[str, str] = {"/Volumes/": "volumes", "/Workspace/": "workspace"}


class Unrunnable(Exception):
    """A task that the sandbox cannot run; the message says why. ``missing`` when its file is not there."""

    def __init__(self, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


def script_of(state: Path, run: Run, task: TaskRun, spark: DatabricksSpark) -> Job:
    """Return what to run for a task; Unrunnable when there is nothing to."""
    access = access_of(task.settings, spark)
    if "notebook_task" in task.settings:
        return replace(_notebook(state, run, task), access=access)
    if "spark_python_task" in task.settings:
        return replace(_python(state, run, task), access=access)
    kinds = [name for name in task.settings if name.endswith("_task")]
    raise Unrunnable(f"sandbox limitation: tasks of kind {', '.join(kinds) or 'none'} cannot be run")


def access_of(settings: Mapping[str, Any], spark: DatabricksSpark) -> Access:
    """Return what a task gets as Spark: serverless compute runs what names an environment, a cluster the rest."""
    if spark == "classic":
        return "classic"
    return "serverless" if "environment_key" in settings else "standard"


def _python(state: Path, run: Run, task: TaskRun) -> Job:
    settings: Mapping[str, Any] = task.settings["spark_python_task"]
    path = settings["python_file"]
    file = locate(state, path)
    if not file.is_file():
        raise Unrunnable(f"Cannot read the python file {path}. Please check that it exists.", missing=True)
    known = run.known(task)
    given = run.overrides.get("python_params") or settings.get("parameters") or []
    return Job(file, [parameters.refer(text, known) for text in given], timeout=_limit(task))


def _notebook(state: Path, run: Run, task: TaskRun) -> Job:
    settings: Mapping[str, Any] = task.settings["notebook_task"]
    path = settings["notebook_path"]
    file = locate(state, path)
    if not file.is_file():
        file = file.with_name(f"{file.name}.py")
    if not file.is_file():
        message = f'Unable to access the notebook "{path}". Either it does not exist, or it cannot be read.'
        raise Unrunnable(message, missing=True)
    return Job(file, widgets=_widgets(run, task, settings), timeout=_limit(task))


def _widgets(run: Run, task: TaskRun, settings: Mapping[str, Any]) -> dict[str, str]:
    """Return a notebook's parameters: the job's win over the task's, the caller's over both."""
    known = run.known(task)
    base = {name: parameters.refer(text, known) for name, text in (settings.get("base_parameters") or {}).items()}
    job = {entry["name"]: entry["value"] for entry in run.job_parameters}
    return {**base, **job, **(run.overrides.get("notebook_params") or {})}


def _limit(task: TaskRun) -> float:
    return float(task.settings.get("timeout_seconds") or NO_LIMIT)


def locate(state: Path, path: str) -> Path:
    """Return the file behind ``/Volumes/…``, ``/Workspace/…``, ``dbfs:/…``, ``abfss://…`` or ``/Shared/…``."""
    found = ABFSS.fullmatch(path)
    if found:
        return state / "adls" / found[2] / found[1] / found[3]
    bare = path.removeprefix("dbfs:").removeprefix("file:")
    for head, folder in FOLDERS.items():
        if bare.startswith(head):
            return state / folder / bare.removeprefix(head)
    folder = "dbfs" if path.startswith("dbfs:") else "workspace"
    return state / folder / bare.lstrip("/")
