"""The Files API over ``/Volumes``: ``/Volumes/<catalog>/…``, of the one catalogue that there is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from parity_sandbox.databricks.catalogue_api import CATALOG
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
        place = below(self.volumes, path.removeprefix("Volumes/"))
        catalog = path.removeprefix("Volumes/").partition("/")[0]
        if catalog != CATALOG:
            raise Refused(404, "NOT_FOUND", f"Catalog '{catalog}' does not exist.")
        return place

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
        if place.exists() and request.query_params.get("overwrite", "true") != "true":
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
