"""Writes into a Databricks workspace what Parity itself needs there: a script and a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from parity.clients.databricks import API, DatabricksConfig, workspace_api
from parity.clients.http import Call, Retry
from parity.clock import Clock, SystemClock


class WorkspaceWriter:
    """Writes into one workspace."""

    def __init__(
        self,
        config: DatabricksConfig,
        *,
        clock: Clock | None = None,
        retry: Retry | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._api = workspace_api(config, clock or SystemClock(), retry, transport)

    def upload(self, path: str, content: bytes) -> None:
        """Write a file of the workspace or of a volume, with the folders above it."""
        what, params = f"file {path!r}", {"overwrite": "true"}
        if path.startswith("/Volumes/"):
            self._send(Call("PUT", f"/api/2.0/fs/files{quote(path)}", what, params, content=content))
            return
        # workspace/import with overwrite may refuse a file that exists (issue 3386 of databricks/cli).
        folder = path.rpartition("/")[0]
        self._api.post(
            "/api/2.0/workspace/mkdirs", what=f"folder {folder!r}", idempotent=True, json={"path": folder}
        )
        place = f"/api/2.0/workspace-files/import-file/{quote(path.lstrip('/'), safe='')}"
        self._send(Call("POST", place, what, params, content=content))

    def create_job(self, settings: Mapping[str, Any]) -> int:
        """Create a job and return its id; Unreachable when nobody knows whether it was created."""
        what = f"the creation of job {settings['name']!r}"
        answer = self._api.post(f"{API}/create", what=what, idempotent=False, json=dict(settings))
        return int(answer["job_id"])

    def reset_job(self, job_id: int, settings: Mapping[str, Any]) -> None:
        """Replace all settings of a job."""
        body = {"job_id": job_id, "new_settings": dict(settings)}
        self._api.post(f"{API}/reset", what=f"the settings of job {job_id}", idempotent=True, json=body)

    def _send(self, call: Call) -> None:
        self._api.raw(call)
