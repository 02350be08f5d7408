"""Requests, answers and errors of the storage service: Blob speaks XML, DFS speaks JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from urllib.parse import unquote
from uuid import uuid4
from xml.sax.saxutils import escape

VERSION = "2026-06-06"
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
META = "x-ms-meta-"


@dataclass(frozen=True)
class Ask:
    """One request. Header names are lower-case; ``path`` is what follows the container, unquoted."""

    method: str
    account: str
    container: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    raw_path: str = ""
    """The path as it was sent, which is what a signature covers."""
    base: str = ""

    @property
    def dfs(self) -> bool:
        """Return whether the DFS half of the service is meant."""
        asked = {"resource", "action", "recursive"} & self.query.keys()
        return bool(asked) or self.method == "PATCH" or "x-ms-rename-source" in self.headers

    @property
    def metadata(self) -> dict[str, str]:
        """Return the metadata that the request carries."""
        return {name.removeprefix(META): value for name, value in self.headers.items() if name.startswith(META)}

    def number(self, name: str, otherwise: int) -> int:
        """Return a whole number of the query; StorageError 400 when it is none."""
        text = self.query.get(name) or str(otherwise)
        if not text.isdigit():
            raise StorageError(400, "InvalidQueryParameterValue", f"Value for the query parameter {name} is bad.")
        return int(text)


@dataclass(frozen=True)
class Slice:
    """Part of a file, to be streamed."""

    file: Path
    start: int
    length: int


@dataclass(frozen=True)
class Answer:
    """What is answered."""

    status: int = 200
    body: bytes | Slice = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class StorageError(Exception):
    """A refusal, with Azure's own code."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})

    def answer(self, ask: Ask) -> Answer:
        """Return the error in the dialect of the request; HEAD has no body."""
        named = {**self.headers, "x-ms-error-code": self.code}
        if ask.method == "HEAD":
            return Answer(self.status, headers=named)
        if ask.dfs:
            return Answer(self.status, _json({"error": {"code": self.code, "message": str(self)}}), JSON | named)
        parts = f"<Code>{self.code}</Code><Message>{escape(str(self))}</Message>"
        return Answer(self.status, f"{DECLARATION}<Error>{parts}</Error>".encode(), XML | named)


XML = {"content-type": "application/xml"}
JSON = {"content-type": "application/json;charset=utf-8"}


def _json(document: object) -> bytes:
    return json.dumps(document).encode()


def xml(inner: str, status: int = 200) -> Answer:
    """Return an XML answer."""
    return Answer(status, f"{DECLARATION}{inner}".encode(), XML)


def json_answer(document: object, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a JSON answer."""
    return Answer(200, _json(document), {**JSON, **(headers or {})})


def common(ask: Ask) -> dict[str, str]:
    """Return what accompanies every answer; any ``x-ms-version`` is taken and repeated."""
    found = {
        "x-ms-request-id": str(uuid4()),
        "x-ms-version": ask.headers.get("x-ms-version", VERSION),
        "date": formatdate(usegmt=True),
        "server": "Windows-Azure-Blob/1.0",
    }
    if "x-ms-client-request-id" in ask.headers:
        found["x-ms-client-request-id"] = ask.headers["x-ms-client-request-id"]
    return found


def split(raw_path: str, host: str) -> tuple[str, str, str]:
    """Return account, container and path; the account leads the path, or the host as in the real cloud."""
    labels = host.partition(":")[0].split(".")
    named = len(labels) > 1 and labels[1] in {"blob", "dfs"}
    lead = f"/{labels[0]}" if named else ""
    parts = (lead + raw_path).lstrip("/").split("/", 2)
    account, container, path = (unquote(part) for part in ([*parts, "", ""])[:3])
    return account, container, path
