"""Many deletions in one request: a multipart body of small HTTP requests, answered by one of small answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import parse_qsl
from uuid import uuid4

from parity_sandbox.azure.storage.wire import Answer, Ask, StorageError, split

MOST = 256
BOUNDARY = re.compile(r'boundary="?([^";]+)"?')


def answer(ask: Ask, one: Callable[[Ask], Answer]) -> Answer:
    """Answer each request of the batch with ``one``."""
    parts = list(_parts(ask))
    if not 1 <= len(parts) <= MOST:
        raise StorageError(400, "InvalidInput", f"A batch holds 1 to {MOST} requests.")
    boundary = f"batchresponse_{uuid4()}"
    written = [_written(number, one(part)) for number, part in parts]
    body = "".join(f"--{boundary}\r\n{part}" for part in written) + f"--{boundary}--\r\n"
    return Answer(202, body.encode(), {"content-type": f"multipart/mixed; boundary={boundary}"})


def _parts(ask: Ask) -> Iterator[tuple[str, Ask]]:
    match = BOUNDARY.search(ask.headers.get("content-type", ""))
    if match is None:
        raise StorageError(400, "InvalidHeaderValue", "The batch's Content-Type names no boundary.")
    text = ask.body.decode("utf-8", "replace").replace("\r\n", "\n")
    for part in text.split(f"--{match[1]}")[1:]:
        if part.strip() not in {"", "--"}:
            yield _part(ask, part)


def _part(ask: Ask, text: str) -> tuple[str, Ask]:
    outer, _, request = text.strip("\n").partition("\n\n")
    lines = request.strip("\n").split("\n")
    try:
        method, target, _version = lines[0].split(" ")
    except ValueError as error:
        raise StorageError(400, "InvalidInput", "A part of the batch is no HTTP request.") from error
    raw_path, _, query = target.partition("?")
    account, container, path = split(raw_path, "")
    if (account, container) != (ask.account, ask.container or container):
        account, container, path = split(f"/{ask.account}{raw_path}", "")
    inner = replace(
        ask,
        method=method,
        account=account,
        container=container,
        path=path,
        raw_path=raw_path,
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers=_headers(lines[1:]),
        body=b"",
    )
    return _headers(outer.split("\n")).get("content-id", "0"), inner


def _headers(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _written(number: str, reply: Answer) -> str:
    head = f"Content-Type: application/http\r\nContent-ID: {number}\r\n\r\n"
    status = f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}\r\n"
    headers = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
    body = reply.body.decode() if isinstance(reply.body, bytes) else ""
    return f"{head}{status}{headers}\r\n{body}\r\n"
