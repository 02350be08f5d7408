"""``/_sandbox/…`` on every service: faults, the request log, health, and reset."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from parity_sandbox.faults import Fault, Faults
from parity_sandbox.journal import Journal


@dataclass
class Control:
    """What tests and people may ask of the sandbox itself."""

    faults: Faults
    journal: Journal
    reset: Callable[[], None]
    """Clear everything and seed the world again; blocks."""
    reseed: Callable[[], None]
    """Make both databases anew, with the defects that are on; blocks."""
    health: Callable[[], dict[str, Any]]

    def app(self) -> Starlette:
        """Return the routes below ``/_sandbox``."""
        return Starlette(
            routes=[
                Route("/_sandbox/faults", self._faults, methods=["GET", "POST", "DELETE"]),
                Route("/_sandbox/requests", self._requests, methods=["GET", "DELETE"]),
                Route("/_sandbox/health", self._health),
                Route("/_sandbox/reset", self._reset, methods=["POST"]),
                Route("/_sandbox/databases", self._databases, methods=["POST"]),
            ]
        )

    async def _faults(self, request: Request) -> JSONResponse:
        if request.method == "POST":
            return await self._add(request)
        if request.method == "DELETE":
            self._forget(request.query_params.get("id", ""))
        return JSONResponse({"faults": [asdict(rule) for rule in self.faults.rules]})

    async def _add(self, request: Request) -> JSONResponse:
        try:
            document = await request.json()
            rules = [Fault.parse(one) for one in (document if isinstance(document, list) else [document])]
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        for rule in rules:
            self.faults.add(rule)
        return JSONResponse({"faults": [asdict(rule) for rule in rules]}, 201)

    def _forget(self, rule_id: str) -> None:
        if rule_id:
            self.faults.remove(rule_id)
        else:
            self.faults.clear()

    async def _requests(self, request: Request) -> JSONResponse:
        if request.method == "DELETE":
            self.journal.clear()
        query = request.query_params
        if not (since := query.get("since", "0")).isdigit():
            return JSONResponse({"error": f"since is the id of an entry, not {since!r}"}, 400)
        entries = self.journal.read(query.get("service", ""), int(since))
        return JSONResponse({"requests": [asdict(entry) for entry in entries]})

    async def _health(self, request: Request) -> JSONResponse:
        return JSONResponse(self.health())

    async def _reset(self, request: Request) -> JSONResponse:
        await asyncio.to_thread(self.reset)
        return JSONResponse({"reset": True})

    async def _databases(self, request: Request) -> JSONResponse:
        await asyncio.to_thread(self.reseed)
        return JSONResponse({"seeded": True})
