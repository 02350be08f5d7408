"""ADLS Gen2 on plain files: the Blob and the DFS service on one port.

``wire`` speaks, ``auth`` admits, ``service`` finds the operation, ``containers``, ``blobs``, ``paths`` and
``listing`` do it, ``disk`` keeps it.
"""

from __future__ import annotations

import shutil
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from parity_sandbox.azure.entra.tokens import Tokens
from parity_sandbox.azure.storage.auth import Doorman
from parity_sandbox.azure.storage.blobs import read
from parity_sandbox.azure.storage.disk import Disk
from parity_sandbox.azure.storage.service import Service
from parity_sandbox.azure.storage.wire import Answer, Ask, Slice, split
from parity_sandbox.context import Context

METHODS = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"]


def create_app(context: Context) -> ASGIApp:
    """Return the app of the sandbox's storage account."""
    service = create_service(context)

    async def handle(request: Request) -> Response:
        ask = await _ask(request)
        return _response(await run_in_threadpool(service.answer, ask))

    return Starlette(routes=[Route("/{path:path}", handle, methods=METHODS)])


def create_service(context: Context) -> Service:
    """Return the service; drafts that an earlier process left are removed."""
    endpoints = context.endpoints
    tokens = Tokens.of(context.state)
    doorman = Doorman(endpoints.storage_account, endpoints.storage_key, endpoints.tenant, tokens)
    disk = Disk(context.state / "adls", context.state / "storage")
    (disk.root / endpoints.storage_account).mkdir(parents=True, exist_ok=True)
    shutil.rmtree(disk.side / "drafts", ignore_errors=True)
    return Service(endpoints.storage_account, doorman, disk)


async def _ask(request: Request) -> Ask:
    raw_path = request.scope.get("raw_path", request.url.path.encode()).decode("latin-1").partition("?")[0]
    host = request.headers.get("host", "")
    account, container, path = split(raw_path, host)
    query = request.scope["query_string"].decode("latin-1")
    return Ask(
        method=request.method,
        account=account,
        container=container,
        path=path,
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.body(),
        raw_path=raw_path,
        base=f"{request.url.scheme}://{host}",
    )


def _response(answer: Answer) -> Response:
    headers = dict(answer.headers)
    if isinstance(answer.body, Slice):
        headers["content-length"] = str(answer.body.length)
        return StreamingResponse(read(answer.body), answer.status, headers=headers)
    if "content-length" in headers:  # HEAD: the length of what is not sent
        reply = Response(status_code=answer.status)
        reply.raw_headers = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        return reply
    return Response(answer.body, answer.status, headers=headers)
