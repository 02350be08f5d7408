"""The Workspace API and that of workspace files, as far as they move a script; a notebook is its source.

A notebook ``/Shared/x`` is kept as ``x.py``, a workspace file under its own name.
"""

from __future__ import annotations

import base64
import binascii
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from parity_sandbox.databricks.asked import arguments, needed, true
from parity_sandbox.databricks.errors import Refused, invalid
from parity_sandbox.databricks.files_api import below

LANGUAGES: Mapping[str, str] = {".py": "PYTHON", ".sql": "SQL"}
FORMATS = frozenset({"AUTO", "DBC", "HTML", "JUPYTER", "RAW", "R_MARKDOWN", "SOURCE"})
NOTEBOOK_HEADER = b"# Databricks notebook source"
MOST = 10 * 1024 * 1024
"""Bytes that an import or an export may have."""
FOLDERS = ("Shared", "Users")
"""Folders that a workspace has from the beginning."""


@dataclass
class WorkspaceApi:
    """Notebooks and files below ``/Workspace``."""

    root: Path

    def _place(self, path: str) -> Path:
        if not path.startswith("/"):
            raise invalid(f"Path ({path}) doesn't start with '/'")
        return below(self.root, path.removeprefix("/Workspace"))

    def _found(self, path: str) -> Path:
        place = self._place(path)
        source = place.with_name(f"{place.name}.py")
        if not place.exists() and not source.is_file():
            raise Refused(404, "RESOURCE_DOES_NOT_EXIST", f"Path ({path}) doesn't exist.")
        return place if place.exists() else source

    def _require_parent(self, place: Path, path: str) -> None:
        for name in FOLDERS:
            (self.root / name).mkdir(parents=True, exist_ok=True)
        if not place.parent.is_dir():
            parent = path.rpartition("/")[0]
            raise Refused(404, "RESOURCE_DOES_NOT_EXIST", f"The parent folder ({parent}) does not exist.")

    async def status(self, request: Request) -> Response:
        """Answer ``get-status``."""
        path = needed(await arguments(request), "path")
        return JSONResponse(_object(self._found(path), path))

    async def list(self, request: Request) -> Response:
        """Answer ``list``."""
        path = needed(await arguments(request), "path").rstrip("/")
        place = self._found(path)
        children = sorted(place.iterdir()) if place.is_dir() else []
        return JSONResponse({"objects": [_object(child, f"{path}/{child.name}") for child in children]})

    async def mkdirs(self, request: Request) -> Response:
        """Answer ``mkdirs``; a file where a folder should be is refused."""
        path = needed(await arguments(request), "path")
        try:
            self._place(path).mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            message = f"{path} already exists and it is not a folder"
            raise Refused(400, "RESOURCE_ALREADY_EXISTS", message) from None
        return JSONResponse({})

    async def delete(self, request: Request) -> Response:
        """Answer ``delete``."""
        asked = await arguments(request)
        place = self._found(needed(asked, "path"))
        if place.is_dir():
            if any(place.iterdir()) and not true(asked.get("recursive")):
                raise Refused(400, "DIRECTORY_NOT_EMPTY", f"Folder ({asked['path']}) is not empty.")
            shutil.rmtree(place)
        else:
            place.unlink()
        return JSONResponse({})

    async def upload(self, request: Request) -> Response:
        """Answer ``import``: JSON with base64 content, or a form with the file."""
        asked, content = await _imported(request)
        path, kind = needed(asked, "path"), asked.get("format", "SOURCE")
        if kind not in FORMATS:
            raise invalid(f"format must be one of {', '.join(sorted(FORMATS))}, not {kind}.")
        if len(content) > MOST:
            raise Refused(
                400,
                "MAX_NOTEBOOK_SIZE_EXCEEDED",
                f"File size imported is ({len(content)} bytes), exceeded max size ({MOST} bytes)",
            )
        place = self._place(path)
        if kind == "SOURCE" and place.suffix not in LANGUAGES:
            place = place.with_name(f"{place.name}.py")
        self._require_parent(place, path)
        if place.exists() and not true(asked.get("overwrite")):
            raise Refused(400, "RESOURCE_ALREADY_EXISTS", f"{path} already exists. Set overwrite to replace it.")
        place.write_bytes(content)
        return JSONResponse({})

    async def import_file(self, request: Request) -> Response:
        """Answer ``workspace-files/import-file/<path>`` with a file as its body, which becomes no notebook."""
        path = "/" + request.path_params["path"].lstrip("/")
        place = self._place(path)
        self._require_parent(place, path)
        if place.is_file() and place.read_bytes().startswith(NOTEBOOK_HEADER):
            raise Refused(400, "RESOURCE_ALREADY_EXISTS", f"Path ({path}) already exists.")
        if place.exists() and not true(request.query_params.get("overwrite")):
            raise Refused(409, "ALREADY_EXISTS", f"An item with path {path} already exists")
        place.write_bytes(await request.body())
        return JSONResponse({})

    async def download(self, request: Request) -> Response:
        """Answer ``export``: base64 in JSON, or the file itself."""
        asked = await arguments(request)
        content = self._found(needed(asked, "path")).read_bytes()
        if true(asked.get("direct_download")):
            return Response(content, media_type="application/octet-stream")
        return JSONResponse({"content": base64.b64encode(content).decode(), "file_type": "py"})


async def _imported(request: Request) -> tuple[dict[str, Any], bytes]:
    if request.headers.get("content-type", "").startswith("multipart/"):
        form = await request.form()
        content = form["content"]
        data = content.encode() if isinstance(content, str) else await content.read()
        return {name: value for name, value in form.items() if name != "content"}, data
    asked = await arguments(request)
    try:
        return asked, base64.b64decode(asked.get("content") or "", validate=True)
    except binascii.Error:
        raise invalid("content is not base64.") from None


def _object(place: Path, path: str) -> dict[str, Any]:
    facts = {"path": path, "object_id": place.stat().st_ino}
    if place.is_dir():
        return {"object_type": "DIRECTORY", **facts}
    if place.name == path.rpartition("/")[2] and not place.read_bytes().startswith(NOTEBOOK_HEADER):
        return {"object_type": "FILE", "size": place.stat().st_size, **facts}
    return {"object_type": "NOTEBOOK", "language": LANGUAGES.get(place.suffix, "PYTHON"), **facts}
