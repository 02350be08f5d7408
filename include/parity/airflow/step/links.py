"""The links from a task to where more is to be seen: the remote run, the report."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperatorLink, Context

from parity.settings import settings


class RemoteRunLink(BaseOperatorLink):
    """Opens the remote run where its cloud shows it."""

    name = "Remote run"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the URL of the operator's run; Airflow calls this on the worker, when the task leaves it."""
        return str(getattr(operator, "remote_url", ""))


class PageLink(BaseOperatorLink):
    """Opens what a step has written for people: the report, Data Docs, the run's page."""

    name = "Report"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the page that the step has shown; empty when it wrote none."""
        return str(getattr(operator, "page", ""))


def link_page(context: Context, path: str) -> None:
    """Link the task to one of Parity's own pages, seen from where the pages begin."""
    task: Any = context["ti"].task
    task.page = f"{settings().site_url.rstrip('/')}/parity/{path}" if path else ""
