"""Opsgenie's alert API, which Jira Service Management has, too: alerts by their alias."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from parity_sandbox.sink.inbox import Inbox

LONGEST = {"message": 130, "alias": 512, "description": 15_000, "entity": 512, "source": 100, "note": 25_000}
PRIORITIES = ("P1", "P2", "P3", "P4", "P5")
IDENTIFIERS = ("alias",)
"""Of id, tiny and alias: nobody here learns an id."""


def findings(body: Any, *, creates: bool) -> Iterator[str]:
    """Yield what is wrong with the body of a request."""
    if not isinstance(body, Mapping):
        yield "Request body is not processable. Please check the errors."
        return
    if creates and not body.get("message"):
        yield "Message can not be empty."
    for name, most in LONGEST.items():
        if len(str(body.get(name, ""))) > most:
            yield f"{name} can not be longer than {most} characters."
    if body.get("priority", "P3") not in PRIORITIES:
        yield f"Priority should be one of {', '.join(PRIORITIES)}."


class Opsgenie:
    """Accepts requests, which the service processes later."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox

    def routes(self) -> list[Route]:
        """Return its routes."""
        return [
            Route("/v2/alerts", self._create, methods=["POST"]),
            Route("/v2/alerts/{alias}/{action}", self._act, methods=["POST"]),
        ]

    async def _create(self, request: Request) -> Response:
        body = _json(await request.body())
        if refused := _refused(request, findings(body, creates=True)):
            return refused
        alias = body.get("alias") or uuid4().hex
        opened = {"summary": body["message"], "severity": body.get("priority", "P3")}
        self.inbox.event("trigger", alias, opened)
        return self._accepted("create", alias, body)

    async def _act(self, request: Request) -> Response:
        action, alias = request.path_params["action"], request.path_params["alias"]
        body = _json(await request.body())
        if refused := _refused(request, findings(body, creates=False)):
            return refused
        if action not in {"close", "notes"} or request.query_params.get("identifierType", "id") not in IDENTIFIERS:
            document = {"message": "The sandbox knows close and notes, by alias.", "took": 0.0}
            return JSONResponse(document, 404)
        if action == "close":
            self.inbox.event("resolve", alias, {})
        return self._accepted(action, alias, body)

    def _accepted(self, action: str, alias: str, body: Mapping[str, Any]) -> Response:
        self.inbox.add("opsgenie", alias, f"{action}: {body.get('message') or body.get('note', '')}", body)
        return JSONResponse({"result": "Request will be processed", "took": 0.1, "requestId": str(uuid4())}, 202)


def _refused(request: Request, wrong: Iterator[str]) -> Response | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme != "GenieKey" or not key or key == "wrong":
        return JSONResponse({"message": "Could not authenticate", "took": 0.0, "requestId": str(uuid4())}, 401)
    if found := list(wrong):
        return JSONResponse({"message": " ".join(found), "took": 0.0, "requestId": str(uuid4())}, 422)
    return None


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
