"""An ASGI app over the results store and the artefacts; it knows nothing of Airflow.

Whoever mounts it passes the guard, because Airflow mounts a plugin's app without any authentication. Reports
are files that Parity wrote itself; they are served with a policy that forbids them every outside address.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import FileResponse, HTMLResponse

from parity.errors import BadInput
from parity.flow.pages import run_page, runs_page
from parity.history.store import Store

POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; font-src 'self' data:;"
    " script-src 'self' 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)

OpenStore = Callable[[], Store]


def create_app(store: OpenStore, artefacts: Path, guard: Sequence[Any] = ()) -> FastAPI:
    """Return the pages; ``guard`` are FastAPI dependencies that every request must satisfy."""
    app = FastAPI(title="Parity", docs_url=None, redoc_url=None, openapi_url=None, dependencies=list(guard))

    @app.middleware("http")
    async def protect(request: Request, proceed: Callable[[Request], Any]) -> Response:
        response: Response = await proceed(request)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.get("/", response_class=HTMLResponse)
    def runs(suite: str | None = None) -> str:
        """List the newest runs."""
        return runs_page(store().runs(suite, limit=100))

    @app.get("/runs/{number:path}", response_class=HTMLResponse)
    def run(number: str) -> str:
        """Show one run, by its short number or its run id."""
        try:
            return run_page(store().run(number), artefacts)
        except BadInput as error:
            raise HTTPException(404, str(error)) from error

    @app.get("/artefacts/{path:path}")
    def artefact(path: str) -> FileResponse:
        """Serve one file of the artefacts: a report, or a page of Data Docs."""
        return FileResponse(find(artefacts, path))

    return app


def find(root: Path, path: str) -> Path:
    """Return the file at ``path`` below ``root``; 404 for anything that is not a file there."""
    root = root.resolve()
    found = (root / path).resolve()
    if found.is_dir():
        found = found / "index.html"
    if not found.is_relative_to(root) or not found.is_file():
        raise HTTPException(404, f"There is no artefact {path}; it may have been deleted by housekeeping.")
    return found
