"""The Files API over ``/Volumes``, and as much of the Workspace API as uploads a script."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from parity_sandbox.databricks.asked import arguments, needed, true
from parity_sandbox.databricks.errors import Refused, invalid

EMPTY = 204


def below(root: Path, path: str) -> Path:
    """Return a path below ``root``; one that climbs out of it is refused."""
    found = (root / path.lstrip("/")).resolve()
    if not found.is_relative_to(root.resolve()):
        raise invalid(f"Invalid path: {path}")
    return found


def not_there(kind: str, path: str) -> Refused:
    """Return the refusal of a missing file or directory."""
    return Refused(404, "NOT_FOUND", f"The {kind} being accessed is not found: /{path}")


@dataclass
class FilesApi:
    """Files and directories of all volumes."""

    volumes: Path

    def _place(self, request: Request) -> Path:
        path: str = request.path_params["path"]
        if not path.startswith("Volumes/"):
            raise invalid(f"Invalid path: /{path} is not below /Volumes")
        return below(self.volumes, path.removeprefix("Volumes/"))

    async def file(self, request: Request) -> Response:
        """Answer one request about a file."""
        place = self._place(request)
        if request.method == "PUT":
            return await self._upload(request, place)
        if not place.is_file():
            raise not_there("file", request.path_params["path"])
        if request.method == "DELETE":
            place.unlink()
            return Response(status_code=EMPTY)
        return FileResponse(place, media_type="application/octet-stream")

    async def _upload(self, request: Request, place: Path) -> Response:
        if place.exists() and request.query_params.get("overwrite", "false") != "true":
            raise Refused(409, "ALREADY_EXISTS", "The file being created already exists.")
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_name(f".{place.name}.uploading")
        with draft.open("wb") as file:
            async for chunk in request.stream():
                file.write(chunk)
        draft.replace(place)
        return Response(status_code=EMPTY)

    async def directory(self, request: Request) -> Response:
        """Answer one request about a directory."""
        place, path = self._place(request), request.path_params["path"]
        if request.method == "PUT":
            place.mkdir(parents=True, exist_ok=True)
            return Response(status_code=EMPTY)
        if not place.is_dir():
            raise not_there("directory", path)
        if request.method == "DELETE":
            return self._remove(place)
        return Response() if request.method == "HEAD" else JSONResponse(self._listing(place, path))

    @staticmethod
    def _remove(place: Path) -> Response:
        if any(place.iterdir()):
            raise Refused(400, "DIRECTORY_NOT_EMPTY", "The directory being deleted is not empty.")
        place.rmdir()
        return Response(status_code=EMPTY)

    @staticmethod
    def _listing(place: Path, path: str) -> dict[str, Any]:
        return {"contents": [_entry(child, f"/{path.rstrip('/')}") for child in sorted(place.iterdir())]}


def _entry(child: Path, parent: str) -> dict[str, Any]:
    facts = child.stat()
    kind = {"is_directory": True} if child.is_dir() else {"is_directory": False, "file_size": facts.st_size}
    modified = int(facts.st_mtime * 1000)
    return {"path": f"{parent}/{child.name}", "name": child.name, "last_modified": modified, **kind}


LANGUAGES: Mapping[str, str] = {".py": "PYTHON", ".sql": "SQL"}


@dataclass
class WorkspaceApi:
    """Notebooks and files below ``/Workspace``; a notebook is its source."""

    root: Path

    def _place(self, path: str) -> Path:
        return below(self.root, path.removeprefix("/Workspace"))

    def _found(self, path: str) -> Path:
        place = self._place(path)
        source = place.with_name(f"{place.name}.py")
        if not place.exists() and not source.is_file():
            raise Refused(404, "RESOURCE_DOES_NOT_EXIST", f"Path ({path}) doesn't exist.")
        return place if place.exists() else source

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
        """Answer ``mkdirs``."""
        self._place(needed(await arguments(request), "path")).mkdir(parents=True, exist_ok=True)
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
        path = needed(asked, "path")
        place = self._place(path)
        if asked.get("format", "SOURCE") == "SOURCE" and place.suffix not in LANGUAGES:
            place = place.with_name(f"{place.name}.py")
        if place.exists() and not true(asked.get("overwrite")):
            raise Refused(400, "RESOURCE_ALREADY_EXISTS", f"{path} already exists. Set overwrite to replace it.")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
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
    return asked, base64.b64decode(asked.get("content") or "")


def _object(place: Path, path: str) -> dict[str, Any]:
    if place.is_dir():
        return {"object_type": "DIRECTORY", "path": path, "object_id": place.stat().st_ino}
    kind = {"object_type": "NOTEBOOK", "language": LANGUAGES.get(place.suffix, "PYTHON")}
    return {**kind, "path": path, "object_id": place.stat().st_ino}
