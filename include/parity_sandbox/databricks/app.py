"""A small Databricks workspace: its routes, and who may use them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from parity_sandbox.context import Context
from parity_sandbox.databricks import errors
from parity_sandbox.databricks.asked import arguments
from parity_sandbox.databricks.auth import Guard
from parity_sandbox.databricks.catalogue_api import CatalogueApi, PermissionsApi
from parity_sandbox.databricks.engine import Engine
from parity_sandbox.databricks.files_api import FilesApi
from parity_sandbox.databricks.jobs import USER, Jobs
from parity_sandbox.databricks.jobs_api import JobsApi
from parity_sandbox.databricks.runs import Runs
from parity_sandbox.databricks.workspace_api import WorkspaceApi
from parity_sandbox.journal import unknown_route

Handler = Callable[[Request], Awaitable[Response]]
FILE_METHODS = ["GET", "HEAD", "PUT", "DELETE"]
WORKSPACE_ID = "1000000000000001"


@dataclass
class Workspace:
    """Everything that one workspace answers."""

    guard: Guard
    jobs: JobsApi
    files: FilesApi
    workspace: WorkspaceApi
    catalogue: CatalogueApi
    permissions: PermissionsApi

    def routes(self) -> list[Route]:
        """Return the dispatch table."""
        guarded = [
            ("/api/{version:str}/jobs/{call:path}", self._jobs, ["GET", "POST"]),
            ("/api/2.0/fs/files/{path:path}", self.files.file, FILE_METHODS),
            ("/api/2.0/fs/directories/{path:path}", self.files.directory, FILE_METHODS),
            ("/api/2.0/workspace/get-status", self.workspace.status, ["GET"]),
            ("/api/2.0/workspace/list", self.workspace.list, ["GET"]),
            ("/api/2.0/workspace/mkdirs", self.workspace.mkdirs, ["POST"]),
            ("/api/2.0/workspace/delete", self.workspace.delete, ["POST"]),
            ("/api/2.0/workspace/import", self.workspace.upload, ["POST"]),
            ("/api/2.0/workspace-files/import-file/{path:path}", self.workspace.import_file, ["POST"]),
            ("/api/2.0/workspace/export", self.workspace.download, ["GET"]),
            ("/api/{version:str}/clusters/spark-versions", _spark_versions, ["GET"]),
            ("/api/2.0/preview/scim/v2/Me", _me, ["GET"]),
            ("/api/2.0/permissions/jobs/{job_id:str}", self.permissions.job, ["GET"]),
            ("/api/2.1/unity-catalog/current-metastore-assignment", self.catalogue.assignment, ["GET"]),
            ("/api/2.1/unity-catalog/tables", self.catalogue.tables, ["GET"]),
            ("/api/2.1/unity-catalog/tables/{name:str}", self.catalogue.table, ["GET"]),
            ("/{path:path}", _unknown, ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
        ]
        open_to_all = [
            ("/oidc/v1/token", self.guard.token, ["POST"]),
            ("/oidc/.well-known/oauth-authorization-server", _oauth_server, ["GET"]),
            ("/.well-known/databricks-config", _config, ["GET"]),
        ]
        return [Route(path, handler, methods=methods) for path, handler, methods in open_to_all] + [
            Route(path, self._guarded(handler), methods=methods) for path, handler, methods in guarded
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def admitted(request: Request) -> Response:
            self.guard.admit(request)
            answer = await handler(request)
            answer.headers["x-databricks-org-id"] = WORKSPACE_ID
            return answer

        return admitted

    async def _jobs(self, request: Request) -> Response:
        answer = self.jobs.routes.get((request.method, request.path_params["call"]))
        if answer is None or request.path_params["version"] not in ("2.0", "2.1", "2.2"):
            return await _unknown(request)
        return JSONResponse(await answer(await arguments(request)))


async def _unknown(request: Request) -> Response:
    unknown_route("databricks", request.method, request.url.path)
    raise errors.no_endpoint(request.method, request.url.path)


async def _spark_versions(_request: Request) -> Response:
    return JSONResponse({"versions": [{"key": "17.3.x-scala2.13", "name": "17.3 LTS (Spark 4)"}]})


async def _me(_request: Request) -> Response:
    return JSONResponse({"id": "1", "userName": USER, "displayName": "sandbox", "active": True})


async def _oauth_server(request: Request) -> Response:
    base = _base(request)
    return JSONResponse(
        {"token_endpoint": f"{base}/oidc/v1/token", "authorization_endpoint": f"{base}/oidc/v1/authorize"}
    )


async def _config(request: Request) -> Response:
    return JSONResponse({"oidc_endpoint": f"{_base(request)}/oidc", "workspace_id": WORKSPACE_ID})


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers['host']}"


def create_app(context: Context) -> ASGIApp:
    """Return an empty workspace."""
    runs = Runs()
    engine = Engine(context, runs)
    jobs, known = Jobs(), context.endpoints
    lake = context.state / "adls" / known.storage_account / known.lake_container
    workspace = Workspace(
        guard=Guard(context),
        jobs=JobsApi(jobs, runs, engine, known.databricks),
        catalogue=CatalogueApi(lake),
        permissions=PermissionsApi(jobs),
        files=FilesApi(context.state / "volumes"),
        workspace=WorkspaceApi(context.state / "workspace"),
    )
    return Starlette(routes=workspace.routes(), exception_handlers={errors.Refused: errors.on_refused})
