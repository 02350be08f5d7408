"""A Databricks workspace as one identity sees it: who we are, jobs, who may run them, files, tables.

Only descriptions are read here: no data, and nothing is started.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx

from parity.clients.databricks import DatabricksConfig, workspace_api
from parity.clients.http import Call, Retry
from parity.clock import Clock, SystemClock
from parity.errors import BadInput

MAY_RUN = frozenset({"CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"})
"""Permission levels of a job that let it be run and cancelled."""
UNITY = "/api/2.1/unity-catalog"


@dataclass(frozen=True)
class Member:
    """Who the workspace says that we are."""

    name: str
    """A user's mail address, or a service principal's application id."""
    groups: tuple[str, ...] = ()
    active: bool = True


@dataclass(frozen=True)
class Job:
    """One job as it is defined."""

    job_id: int
    name: str
    parameters: tuple[str, ...] = ()
    programs: tuple[tuple[str, str], ...] = ()
    """Of each task, ``notebook`` or ``file`` and its path."""


@dataclass(frozen=True)
class Grant:
    """What one user, group or service principal may do with a job."""

    principal: str
    levels: frozenset[str]


@dataclass(frozen=True)
class TargetTable:
    """A table as Unity Catalog describes it."""

    full_name: str
    columns: tuple[str, ...]
    format: str = ""


class Workspace:
    """Reads one workspace."""

    def __init__(
        self,
        config: DatabricksConfig,
        *,
        clock: Clock | None = None,
        retry: Retry | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.host = config.host
        self._api = workspace_api(config, clock or SystemClock(), retry, transport)

    def me(self) -> Member:
        """Return who we are."""
        found = self._api.get("/api/2.0/preview/scim/v2/Me", what="our own identity")
        groups = tuple(group.get("display", "") for group in found.get("groups") or [])
        return Member(found["userName"], groups, bool(found.get("active", True)))

    def skew(self) -> timedelta | None:
        """Return how far Databricks's clock was ahead of ours when it answered last."""
        return self._api.skew

    def job(self, job_id: int) -> Job:
        """Return a job; NotFound."""
        settings = self.job_settings(job_id)
        parameters = tuple(one["name"] for one in settings.get("parameters") or [])
        programs = tuple(filter(None, map(_program, settings.get("tasks") or [])))
        return Job(job_id, settings.get("name", ""), parameters, programs)

    def job_settings(self, job_id: int) -> dict[str, Any]:
        """Return a job's settings as Databricks has them; NotFound."""
        found = self._api.get("/api/2.2/jobs/get", what=f"job {job_id}", params={"job_id": str(job_id)})
        return dict(found["settings"])

    def grants(self, job_id: int) -> tuple[Grant, ...]:
        """Return who may do what with a job."""
        found = self._api.get(f"/api/2.0/permissions/jobs/{job_id}", what=f"the permissions of job {job_id}")
        return tuple(map(_grant, found.get("access_control_list") or []))

    def require(self, kind: str, path: str) -> None:
        """Raise NotFound when there is no notebook or file at ``path``, BadInput when that cannot be looked up."""
        what, place = f"{kind} {path!r}", plain(path)
        if place.startswith("/Volumes/"):
            self._api.send(Call("HEAD", f"/api/2.0/fs/files{quote(place)}", what, expects_json=False))
        elif path.startswith("dbfs:"):
            self._api.get("/api/2.0/dbfs/get-status", what=what, params={"path": place})
        elif "://" in path:
            raise BadInput(f"{what} lies outside of the workspace, and is not looked up there.")
        else:
            self._api.get("/api/2.0/workspace/get-status", what=what, params={"path": place})

    def source(self, kind: str, path: str) -> str:
        """Return the text of a notebook or a Python file; NotFound, BadInput when it cannot be looked up."""
        what, place = f"{kind} {path!r}", plain(path)
        if place.startswith("/Volumes/"):
            return self._api.raw(Call("GET", f"/api/2.0/fs/files{quote(place)}", what)).decode("utf-8", "replace")
        if "://" in path or path.startswith("dbfs:"):
            raise BadInput(f"The text of {what} cannot be read over the workspace's API.")
        params = {"path": place, "format": "SOURCE"}
        found = self._api.get("/api/2.0/workspace/export", what=what, params=params)
        return base64.b64decode(found["content"]).decode("utf-8", "replace")

    def default_catalog(self) -> str:
        """Return the catalogue of names without one; NotFound when the workspace has no Unity Catalog."""
        found = self._api.get(f"{UNITY}/current-metastore-assignment", what="the workspace's metastore")
        return str(found.get("default_catalog_name") or "hive_metastore")

    def table(self, full_name: str) -> TargetTable:
        """Return a table by its three names; NotFound."""
        found = self._api.get(f"{UNITY}/tables/{quote(full_name, safe='')}", what=f"table {full_name}")
        columns = tuple(one["name"] for one in found.get("columns") or [])
        return TargetTable(full_name, columns, found.get("data_source_format") or found.get("table_type") or "")

    def tables(self, catalog: str, schema: str) -> list[str]:
        """Return the names of a schema's tables; all pages."""
        names: list[str] = []
        params = {"catalog_name": catalog, "schema_name": schema, "omit_columns": "true"}
        while True:
            page = self._api.get(f"{UNITY}/tables", what=f"the tables of {catalog}.{schema}", params=params)
            names += [one["name"] for one in page.get("tables") or []]
            if not page.get("next_page_token"):
                return names
            params["page_token"] = page["next_page_token"]


def plain(path: str) -> str:
    """Return a path without its scheme; one below no known root is a workspace's."""
    return path.removeprefix("dbfs:")


def may_run(grants: Iterable[Grant], who: Member) -> bool:
    """Return whether one of the grants lets ``who`` run and cancel the job."""
    own = {who.name, *who.groups}
    return any(grant.principal in own and grant.levels & MAY_RUN for grant in grants)


def _program(task: Mapping[str, Any]) -> tuple[str, str] | None:
    for kind, part, named in (
        ("notebook", "notebook_task", "notebook_path"),
        ("file", "spark_python_task", "python_file"),
    ):
        if found := task.get(part):
            path = str(found.get(named) or "")
            return kind, f"git://{path}" if found.get("source") == "GIT" else path
    return None


def _grant(entry: Mapping[str, Any]) -> Grant:
    named = ("user_name", "service_principal_name", "group_name")
    principal = next((str(entry[name]) for name in named if entry.get(name)), "")
    levels = frozenset(one["permission_level"] for one in entry.get("all_permissions") or [])
    return Grant(principal, levels)
