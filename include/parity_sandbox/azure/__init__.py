"""Azure's management side: Entra's tokens, Data Factory and MySQL behind Resource Manager, on one port."""

from __future__ import annotations

from pathlib import Path
from weakref import WeakValueDictionary

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from parity_sandbox.azure.adf.arm import Answer, Call, Guard, headers, no_route
from parity_sandbox.azure.adf.engine import Engine
from parity_sandbox.azure.adf.factory import Factories
from parity_sandbox.azure.adf.routes import DataFactory
from parity_sandbox.azure.entra.routes import Entra, base
from parity_sandbox.azure.entra.tokens import Tokens
from parity_sandbox.azure.mysql import create_servers
from parity_sandbox.azure.rights import create_rights
from parity_sandbox.context import Context
from parity_sandbox.journal import unknown_route

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_ENGINES: WeakValueDictionary[Path, Engine] = WeakValueDictionary()
"""The engine at work in each state folder, so that a reset can stop what it still runs."""


def create_app(context: Context) -> ASGIApp:
    """Return the app; an earlier one of the same state folder stops its runs."""
    service = create_service(context)
    servers, rights = create_servers(context), create_rights(context)

    async def arm(request: Request) -> Response:
        if not request.url.path.lower().startswith("/subscriptions/"):
            return _nowhere(request)
        call = await _call(request)
        provider = next((one for one in (rights, servers) if one.knows(call.path)), service)
        return _response(await run_in_threadpool(provider.answer, call))

    entra = Entra(context.endpoints, service.guard.tokens)
    return Starlette(routes=[*entra.routes(), Route("/{path:path}", arm, methods=METHODS)])


def _nowhere(request: Request) -> Response:
    unknown_route("azure", request.method, request.url.path)
    error = no_route(request.url.path)
    return _response(Answer(error.document(), error.status))


def create_service(context: Context) -> DataFactory:
    """Return Data Factory with the sandbox's own factory, and what an earlier process left."""
    former = _ENGINES.get(context.state)
    if former:
        former.close()
    endpoints = context.endpoints
    factories = Factories(endpoints.subscription, endpoints.resource_group, context.state / "adf")
    factories.create(endpoints.factory)
    factories.load()
    engine = _ENGINES[context.state] = Engine(context)
    return DataFactory(factories, engine, Guard(Tokens.of(context.state)))


async def _call(request: Request) -> Call:
    return Call(
        method=request.method,
        path=request.url.path,
        query=dict(request.query_params),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.body(),
        base=base(request),
    )


def _response(answer: Answer) -> Response:
    extra = {**headers(), **answer.headers}
    if answer.body is None:
        return Response(status_code=answer.status, headers=extra)
    return JSONResponse(answer.body, answer.status, headers=extra)
