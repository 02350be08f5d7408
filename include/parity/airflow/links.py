"""The link from a task to the remote run that it started."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperatorLink


class RemoteRunLink(BaseOperatorLink):
    """Opens the remote run where its cloud shows it."""

    name = "Remote run"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the URL that the operator has learnt; Airflow asks on the worker, when the task leaves it."""
        return str(getattr(operator, "remote_url", ""))
