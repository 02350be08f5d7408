"""As much of Unity Catalog's and the permissions' REST as describes the lake's tables and who may run a job."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from parity_sandbox.databricks.errors import Refused
from parity_sandbox.databricks.jobs import USER, Jobs

CATALOG = "main"
"""The catalogue of names without one."""


@dataclass
class CatalogueApi:
    """The tables of the lake, each a folder of Parquet files in ``<lake>/<schema>/<table>``."""

    lake: Path

    async def assignment(self, _request: Request) -> Response:
        """Answer ``current-metastore-assignment``."""
        return JSONResponse({"metastore_id": "sandbox", "workspace_id": 1, "default_catalog_name": CATALOG})

    async def tables(self, request: Request) -> Response:
        """List the tables of a schema."""
        schema = request.query_params.get("schema_name", "")
        folder = self.lake / schema
        names = [child.name for child in sorted(folder.iterdir()) if _files(child)] if folder.is_dir() else []
        return JSONResponse({"tables": [_named(schema, name) for name in names]})

    async def table(self, request: Request) -> Response:
        """Describe one table."""
        full = request.path_params["name"]
        catalog, _, rest = full.partition(".")
        schema, _, name = rest.partition(".")
        files = _files(self.lake / schema / name)
        if catalog != CATALOG or not name or not files:
            raise Refused(404, "TABLE_DOES_NOT_EXIST", f"Table '{full}' does not exist.")
        columns = [
            {"name": one, "position": at} for at, one in enumerate(_columns(self.lake / schema / name, files[0]))
        ]
        return JSONResponse({**_named(schema, name), "columns": columns, "data_source_format": "PARQUET"})


@dataclass
class PermissionsApi:
    """Who may do what with a job: its owner, and the administrators."""

    jobs: Jobs

    async def job(self, request: Request) -> Response:
        """Answer ``permissions/jobs/<id>``."""
        job = self.jobs.get(request.path_params["job_id"])
        entries = [_entry("user_name", USER, "IS_OWNER"), _entry("group_name", "admins", "CAN_MANAGE")]
        return JSONResponse(
            {"object_id": f"/jobs/{job.job_id}", "object_type": "job", "access_control_list": entries}
        )


def _entry(kind: str, name: str, level: str) -> dict[str, Any]:
    return {kind: name, "all_permissions": [{"permission_level": level, "inherited": kind == "group_name"}]}


def _named(schema: str, name: str) -> dict[str, Any]:
    full = f"{CATALOG}.{schema}.{name}"
    return {
        "name": name,
        "catalog_name": CATALOG,
        "schema_name": schema,
        "full_name": full,
        "table_type": "EXTERNAL",
    }


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.parquet")) if folder.is_dir() else []


def _columns(table: Path, file: Path) -> Iterator[str]:
    """Yield the columns of a file and those that its folders name."""
    from pyarrow import parquet

    yield from parquet.read_schema(file).names
    yield from (part.partition("=")[0] for part in file.relative_to(table).parts[:-1] if "=" in part)
