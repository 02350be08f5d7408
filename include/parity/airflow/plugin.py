"""Parity's pages inside Airflow, for whoever may see plugins: /parity, and a tab on each Dag run."""

from functools import cache
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from airflow.plugins_manager import AirflowPlugin

from parity.airflow import manual_success


async def pages(scope: Any, receive: Any, send: Any) -> None:
    """Serve the pages; built with the first request, because every Airflow process loads its plugins."""
    await _app()(scope, receive, send)


@cache
def _app() -> Any:
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import requires_access_view
    from fastapi import Depends

    from parity.airflow.connections.artefacts import open_artefacts
    from parity.history.store import open_store
    from parity.settings import settings
    from parity.web.app import create_app

    # Airflow mounts a plugin's app without authentication; this is Airflow's own.
    guard = [Depends(requires_access_view(AccessView.PLUGINS))]
    return create_app(lambda: open_store(settings().results_store), open_artefacts, guard, _login)


def _login(back: str) -> str:
    """Return the address of Airflow's login, whichever auth manager it has, below the path of Airflow itself."""
    from airflow.configuration import conf

    below = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
    return f"{below}/api/v2/auth/login?{urlencode({'next': back})}"


class ParityPlugin(AirflowPlugin):
    """Adds the pages to the API server, and removes the outputs of a task that a person marks."""

    name = "parity"
    listeners: ClassVar = [manual_success]
    fastapi_apps: ClassVar = [{"app": pages, "url_prefix": "/parity", "name": "Parity"}]
    external_views: ClassVar = [
        {"name": "Parity", "href": "/parity/", "destination": "nav", "url_route": "parity"},
        {
            "name": "Parity",
            "href": "/parity/runs/{RUN_ID}?dag={DAG_ID}",
            "destination": "dag_run",
            "url_route": "parity-run",
        },
    ]
