"""An ASGI app over the results store and the artefacts, without Airflow.

Whoever mounts it passes the guard, because Airflow mounts a plugin's app without any authentication. A browser
that the guard does not know is sent to the login, and comes back: the links in alerts lead here. Reports are files
that Parity wrote itself; they are served with a policy that forbids them every outside address.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import HTMLResponse, RedirectResponse

from parity.clients.artefacts import Artefacts
from parity.errors import BadInput, NotFound, ParityError
from parity.flow.readiness import readiness_of_waves
from parity.history.store import Store
from parity.settings import settings
from parity.web.doctor import doctor_page
from parity.web.links import Links, suite_of
from parity.web.overview import View
from parity.web.overview import overview as look
from parity.web.pages import (
    OpenArtefacts,
    activity_page,
    overview_page,
    readiness_page,
    run_page,
    waivers_page,
)
from parity.web.tables import Ask, Source, table_page
from parity.web.waivers import waivers

POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; font-src 'self' data:;"
    " script-src 'self' 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)

OpenStore = Callable[[], Store]
Login = Callable[[str], str]
"""Returns the address of the login that leads back to a path and its query."""


def create_app(
    store: OpenStore, artefacts: OpenArtefacts, guard: Sequence[Any] = (), login: Login | None = None
) -> FastAPI:
    """Return the pages; ``guard`` are FastAPI dependencies that every request must satisfy.

    What the guard answers with 401 becomes a redirect to ``login`` for who asks for HTML.
    """
    app = FastAPI(title="Parity", docs_url=None, redoc_url=None, openapi_url=None, dependencies=list(guard))

    @app.middleware("http")
    async def protect(request: Request, proceed: Callable[[Request], Any]) -> Response:
        response: Response = await proceed(request)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.exception_handler(HTTPException)
    async def refuse(request: Request, error: HTTPException) -> Response:
        if login and error.status_code == 401 and asks_for_a_page(request):
            url = request.url
            return RedirectResponse(login(f"{url.path}?{url.query}" if url.query else url.path), 303)
        return await http_exception_handler(request, error)

    _add_pages(app, store, artefacts)
    _add_files(app, store, artefacts)
    return app


def _add_pages(app: FastAPI, store: OpenStore, artefacts: OpenArtefacts) -> None:
    @app.get("/", response_class=HTMLResponse)
    def overview(view: Annotated[View, Query()]) -> str:
        """Show activities and nights at a glance, and the newest runs."""
        stored, today = store(), datetime.now(UTC).date()
        return overview_page(look(stored, view, today), view, stored.runs(view.suite or None, limit=100))

    @app.get("/doctor", response_class=HTMLResponse)
    def doctor() -> str:
        """Show what the doctor found last."""
        return doctor_page(artefacts)

    @app.get("/readiness", response_class=HTMLResponse)
    def ready() -> str:
        """Show which waves are ready to be cut over."""
        return readiness_page(lambda: readiness_of_waves(store(), settings(), datetime.now(UTC)))

    @app.get("/waivers", response_class=HTMLResponse)
    def all_waivers() -> str:
        """Show all waivers, with what the newest nights made of them."""
        return waivers_page(waivers(store(), settings(), datetime.now(UTC).date()))

    @app.get("/activities/{suite}/{activity:path}", response_class=HTMLResponse)
    def activity(suite: str, activity: str) -> str:
        """Show an activity over its last ninety nights."""
        history = store().activity_history(suite, activity)
        if not history:
            raise HTTPException(404, f"No result of {activity} in {suite} is recorded.")
        return activity_page(suite, activity, history, Links("../" * (2 + activity.count("/"))))

    @app.get("/runs/{number:path}", response_class=HTMLResponse)
    def run(number: str, dag: str | None = None) -> str:
        """Show one run, by its short number or its run id; runs of several Dags may share an id."""
        try:
            return run_page(store().run(number, suite_of(dag)), artefacts)
        except BadInput as error:
            raise HTTPException(404, str(error)) from error


def _add_files(app: FastAPI, store: OpenStore, artefacts: OpenArtefacts) -> None:
    @app.get("/tables/{name}.{form}")
    def table(name: str, form: Literal["csv", "json"], ask: Annotated[Ask, Query()]) -> Response:
        """Return one page of a table for a spreadsheet or a program."""
        try:
            page = table_page(name, Source(store(), artefacts), ask)
        except ParityError as error:
            raise HTTPException(404 if isinstance(error, NotFound) else 400, str(error)) from error
        headers = {"Link": f'<{name}.{form}{page.following}>; rel="next"'} if page.following else {}
        if form == "json":
            return Response(page.to_json(), media_type="application/json", headers=headers)
        headers["Content-Disposition"] = f'attachment; filename="parity-{name}.csv"'
        return Response(page.to_csv(), media_type="text/csv", headers=headers)

    @app.get("/artefacts/{path:path}")
    def artefact(path: str) -> Response:
        """Serve one file of the artefacts: a report, or a page of Data Docs."""
        try:
            name, data = find(artefacts(), path)
        except ParityError as error:
            raise HTTPException(502, str(error)) from error
        return Response(data, media_type=mimetypes.guess_type(name)[0] or "application/octet-stream")


def asks_for_a_page(request: Request) -> bool:
    """Return whether a person's browser asks, and not a program, which understands the status alone."""
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")


def find(artefacts: Artefacts, path: str) -> tuple[str, bytes]:
    """Return the name and bytes of what lies at ``path``, a folder's index included; 404 for anything else."""
    name = path.strip("/")
    for candidate in (name, f"{name}/index.html".lstrip("/")):
        with suppress(NotFound):
            return candidate, artefacts.read(candidate)
    raise HTTPException(404, f"There is no artefact {path}; it may have been deleted by housekeeping.")
