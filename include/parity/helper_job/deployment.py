"""Brings the helper job into a workspace: its script, then the job; what is there already is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from parity.clients.databricks import DatabricksClient
from parity.clients.databricks_deploy import WorkspaceWriter
from parity.clients.databricks_workspace import Workspace
from parity.errors import BadInput, NotFound, Unreachable
from parity.helper_job.job import NAME, Compute, Serverless, changes, job_settings, merged
from parity.helper_job.script import HelperScript

FILE = "export.py"
ROOTS = ("/Workspace/", "/Volumes/")


@dataclass(frozen=True)
class Wanted:
    """What is to be deployed; without ``folder`` the script stays where it is, or goes into one's own folder."""

    script: HelperScript
    name: str = NAME
    folder: str = ""
    compute: Compute = field(default_factory=Serverless)


@dataclass(frozen=True)
class Step:
    """One thing that has to be done."""

    verb: str
    """``upload``, ``create`` or ``change``."""
    what: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What has to be done, and with what."""

    file: str
    job_id: int | None
    settings: dict[str, Any]
    steps: tuple[Step, ...]

    @property
    def verbs(self) -> frozenset[str]:
        """Return what kinds of steps there are."""
        return frozenset(step.verb for step in self.steps)


def plan(workspace: Workspace, jobs: DatabricksClient, wanted: Wanted) -> Plan:
    """Ask what there is and return what has to be done; nothing is written."""
    job_id = found_job(jobs, wanted.name)
    before = workspace.job_settings(job_id) if job_id else {}
    file = (
        script_file(wanted.folder)
        or deployed_file(before)
        or f"/Workspace/Users/{workspace.me().name}/parity/{FILE}"
    )
    settings = job_settings(wanted.name, file, wanted.script.parameters, wanted.compute)
    steps = [*_upload(workspace, file, wanted.script), *_job(job_id, before, settings)]
    return Plan(file, job_id, merged(before, settings), tuple(steps))


def apply(planned: Plan, writer: WorkspaceWriter, script: HelperScript) -> int | None:
    """Do what is planned, the script first, and return the id of the job."""
    if "upload" in planned.verbs:
        _uploaded(planned, writer, script)
    if "change" in planned.verbs and planned.job_id:
        writer.reset_job(planned.job_id, planned.settings)
    if "create" not in planned.verbs:
        return planned.job_id
    try:
        return writer.create_job(planned.settings)
    except Unreachable as error:
        remedy = "Whether the job was created is unknown. Run this again: it looks for the job first."
        raise Unreachable(error.message, remedy=remedy) from error


def _uploaded(planned: Plan, writer: WorkspaceWriter, script: HelperScript) -> None:
    try:
        writer.upload(planned.file, script.text.encode())
    except NotFound as error:
        remedy = "Create the catalogue, schema and volume first, or name a folder that exists with --to."
        raise NotFound(error.message, remedy=remedy) from error


def found_job(jobs: DatabricksClient, name: str) -> int | None:
    """Return the id of the job called exactly so, None when there is none; BadInput when there are several."""
    ids = [job_id for job_id, called in jobs.jobs(name).items() if called == name]
    if len(ids) > 1:
        raise BadInput(
            f"Databricks has {len(ids)} jobs called {name!r} (ids {', '.join(map(str, sorted(ids)))}).",
            remedy="Delete or rename all but one, or choose another name with --job-name.",
        )
    return ids[0] if ids else None


def script_file(folder: str) -> str:
    """Return the script's path in a folder below /Workspace or /Volumes, empty for none; BadInput for others."""
    if not folder:
        return ""
    parts = folder.rstrip("/").split("/")
    if not folder.startswith(ROOTS) or len(parts) < 3 or {"", ".", ".."} & set(parts[1:]):
        raise BadInput(
            f"{folder!r} is no folder of the workspace.",
            remedy="Name one below /Workspace/ or /Volumes/CATALOG/SCHEMA/VOLUME/.",
        )
    if folder.startswith("/Volumes/") and len(parts) < 5:
        raise BadInput(
            f"{folder!r} names no volume.", remedy="Write /Volumes/CATALOG/SCHEMA/VOLUME or a folder in it."
        )
    return "/".join(parts) if parts[-1].endswith(".py") else "/".join([*parts, FILE])


def deployed_file(settings: dict[str, Any]) -> str:
    """Return where a job's script is, when that is a file to which we can write, or an empty text."""
    tasks = settings.get("tasks") or []
    file = str((tasks[0].get("spark_python_task") or {}).get("python_file") or "") if len(tasks) == 1 else ""
    file = file.removeprefix("dbfs:") if file.startswith("dbfs:/Volumes/") else file
    return file if file.startswith(ROOTS) else ""


def _upload(workspace: Workspace, file: str, script: HelperScript) -> Iterator[Step]:
    try:
        before = HelperScript(workspace.source("file", file))
    except NotFound:
        yield Step("upload", file, (script.version,))
        return
    if not before.same_as(script):
        yield Step("upload", file, (f"{before.version} → {script.version}",))


def _job(job_id: int | None, before: dict[str, Any], settings: dict[str, Any]) -> Iterator[Step]:
    if job_id is None:
        yield Step("create", f"job {settings['name']}")
    elif found := changes(before, settings):
        yield Step("change", f"job {settings['name']}, id {job_id}", tuple(map(str, found)))
