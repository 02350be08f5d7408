"""The one ASGI app in front of all services: finds the service by its port, applies faults, keeps the journal."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parity_sandbox import error_shapes
from parity_sandbox.faults import Fault, Faults
from parity_sandbox.journal import EXCERPT, Entry, Journal

CONTROL = tuple(f"/_sandbox/{name}" for name in ("faults", "requests", "health", "reset", "databases"))
"""What the sandbox itself answers on every port; services have their own ``/_sandbox`` routes besides."""


@dataclass
class Exchange:
    """One request on its way through; watches what passes without holding it up."""

    service: str
    scope: Scope
    receive: Receive
    send: Send
    at: float = field(default_factory=time.time)
    body: bytearray = field(default_factory=bytearray)
    status: int = 0
    waiting: deque[Message] = field(default_factory=deque)
    """What has arrived before the service asked for it."""

    @property
    def target(self) -> str:
        """Return path and query."""
        path: str = self.scope["path"]
        query = self.scope["query_string"].decode("latin-1")
        return path + (f"?{query}" if query else "")

    @property
    def asked(self) -> error_shapes.Asked:
        """Return what an error's shape depends on."""
        headers = {name.decode(): value.decode("latin-1") for name, value in self.scope["headers"]}
        return error_shapes.Asked(self.target, headers)

    async def arrive(self) -> None:
        """Take the whole request in, so that it is carried out even when its sender dies meanwhile."""
        while True:
            message = await self.receive()
            self.waiting.append(message)
            if not message.get("more_body"):
                return

    async def heard(self) -> Message:
        """Receive, keeping the first bytes."""
        message = self.waiting.popleft() if self.waiting else await self.receive()
        if len(self.body) < EXCERPT:
            self.body += message.get("body", b"")[: EXCERPT - len(self.body)]
        return message

    async def said(self, message: Message) -> None:
        """Send, noting the status."""
        self.status = message.get("status", self.status)
        await self.send(message)

    def entry(self, number: int, fault: Fault | None) -> Entry:
        """Return the line for the journal."""
        ms = round((time.time() - self.at) * 1000, 1)
        text = self.body.decode("utf-8", "replace")
        method, rule = self.scope["method"], fault.id if fault else ""
        return Entry(number, self.service, method, self.target, self.status, ms, self.at, text, rule)


@dataclass
class Gate:
    """``services`` maps a port to a service's name; ``apps`` maps the name to its app and may be replaced."""

    services: Mapping[int, str]
    apps: Mapping[str, ASGIApp]
    control: ASGIApp
    faults: Faults
    journal: Journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection's request."""
        if scope["type"] != "http":
            return
        if scope["path"].startswith(CONTROL):
            await self.control(scope, receive, send)
            return
        exchange = Exchange(self.services[scope["server"][1]], scope, receive, send)
        fault = self.faults.route(exchange.service, scope["method"], exchange.target)
        try:
            await self._answer(exchange, fault)
        finally:
            self.journal.add(exchange.entry(self.journal.next_id(), fault))

    async def _answer(self, exchange: Exchange, fault: Fault | None) -> None:
        if fault and fault.delay:
            await exchange.arrive()
            await asyncio.sleep(fault.delay)
        if fault and fault.drop:
            await _drop(exchange)
        elif fault and (fault.status or fault.expire_token):
            await _refuse(exchange, fault)
        else:
            await self.apps[exchange.service](exchange.scope, exchange.heard, exchange.said)


async def _drop(exchange: Exchange) -> None:
    # ASGI has no word for hanging up, so the transport is taken from uvicorn's request cycle; then we wait
    # until uvicorn knows, or it would still answer 500.
    cast(Any, exchange.send).__self__.transport.abort()
    while (await exchange.receive())["type"] != "http.disconnect":
        pass


async def _refuse(exchange: Exchange, fault: Fault) -> None:
    while (await exchange.heard()).get("more_body"):
        pass
    status, payload, headers = _answer_of(fault, exchange)
    if fault.retry_after is not None:
        headers = {**headers, "retry-after": f"{fault.retry_after:g}"}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    raw.append((b"content-length", str(len(payload)).encode()))
    await exchange.said({"type": "http.response.start", "status": status, "headers": raw})
    await exchange.said({"type": "http.response.body", "body": payload})


def _answer_of(fault: Fault, exchange: Exchange) -> tuple[int, bytes, dict[str, str]]:
    """Return status, body and headers of what a fault says instead of the service."""
    payload = fault.body.encode()
    if 200 <= fault.status < 300:  # something was tampered with: it reads well, and says something else
        status, headers = error_shapes.served(fault.status, payload, exchange.asked)
        return status, payload, headers
    status = error_shapes.EXPIRED if fault.expire_token else fault.status
    body, headers = error_shapes.error(exchange.service, status, exchange.asked)
    return status, payload or body.encode(), headers
