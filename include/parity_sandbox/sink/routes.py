"""The sink's routes."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4
from zlib import crc32

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from parity_sandbox.journal import unknown_route
from parity_sandbox.sink import pagerduty
from parity_sandbox.sink.inbox import Inbox
from parity_sandbox.sink.opsgenie import Opsgenie
from parity_sandbox.sink.page import page

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
LONGEST_TEXT = 40_000
BAD_TOKEN = "invalid_auth"
ADAPTIVE_CARD = "application/vnd.microsoft.card.adaptive"


class Sink:
    """Receives, checks as the receivers would, and shows."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self._posted: dict[tuple[Any, Any], dict[str, Any]] = {}
        """Messages of Slack by the channel's id and their time; one that is changed is changed in the inbox."""

    def app(self) -> Starlette:
        """Return the app."""
        return Starlette(
            routes=[
                Route("/v2/enqueue", self._event, methods=["POST"]),
                *Opsgenie(self.inbox).routes(),
                Route("/workflows/{workflow}/triggers/manual/paths/invoke", self._teams, methods=["POST"]),
                Route("/api/{method}", self._slack, methods=["GET", "POST"]),
                Route("/services/{path:path}", self._slack_webhook, methods=["POST"]),
                Route("/webhook", self._webhook, methods=["POST", "PUT"]),
                Route("/webhook/{path:path}", self._webhook, methods=["POST", "PUT"]),
                Route("/_sandbox/messages", self._messages, methods=["GET", "DELETE"]),
                Route("/", self._page),
                Route("/{path:path}", self._elsewhere, methods=METHODS),
            ]
        )

    async def _event(self, request: Request) -> Response:
        body = await request.body()
        if len(body) > pagerduty.LARGEST:
            return _bad_event(["Event object is larger than 512 KB"], 413)
        event = _json(body)
        wrong = list(pagerduty.findings(event))
        if wrong or not isinstance(event, dict):
            return _bad_event(wrong, 400)
        key = event.get("dedup_key") or uuid4().hex
        action, payload = event["event_action"], event.get("payload") or {}
        self.inbox.event(action, key, payload)
        self.inbox.add("pagerduty", event["routing_key"], f"{action}: {payload.get('summary', key)}", event)
        answer = {"status": "success", "message": "Event processed", "dedup_key": key}
        return JSONResponse(answer, 202)

    async def _slack(self, request: Request) -> Response:
        """Answer Slack's Web API, which says 200 even when it refuses."""
        method, given = request.path_params["method"], await _arguments(request)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token if scheme.lower() == "bearer" else given.get("token", "")
        if not token:
            return _slack_error("not_authed")
        if not token.startswith(("xoxb-", "xoxp-")):
            return _slack_error(BAD_TOKEN)
        if method in {"auth.test", "api.test"}:
            return JSONResponse({"ok": True, "team": "sandbox", "user": "parity", "bot_id": "B0SANDBOX"})
        known = {"chat.postMessage": self._post, "chat.update": self._update}
        if method not in known:
            unknown_route("sink", request.method, request.url.path)
            return _slack_error("unknown_method")
        return known[method](given)

    def _post(self, given: dict[str, Any]) -> Response:
        channel, text = given.get("channel"), given.get("text") or ""
        if not channel:
            return _slack_error("channel_not_found")
        if not (text or given.get("blocks") or given.get("attachments")):
            return _slack_error("no_text")
        if len(text) > LONGEST_TEXT:
            return _slack_error("msg_too_long")
        self.inbox.add("slack", str(channel), text, given)
        stamp, place = f"{time.time():.6f}", _channel_id(str(channel))
        self._posted[(place, stamp)] = given
        message = {"type": "message", "text": text, "bot_id": "B0SANDBOX", "ts": stamp}
        return JSONResponse({"ok": True, "channel": place, "ts": stamp, "message": message})

    def _update(self, given: dict[str, Any]) -> Response:
        """Change a message; Slack takes the channel's id here, and no name."""
        place, stamp = given.get("channel"), given.get("ts")
        if (place, stamp) not in self._posted:
            return _slack_error("message_not_found")
        self._posted[(place, stamp)].update(given)
        return JSONResponse({"ok": True, "channel": place, "ts": stamp, "text": given.get("text", "")})

    async def _slack_webhook(self, request: Request) -> Response:
        body = await request.body()
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        given = _json(form["payload"].encode()) if "payload" in form else _json(body)
        if not isinstance(given, dict):
            return PlainTextResponse("invalid_payload", 400)
        if not (given.get("text") or given.get("blocks") or given.get("attachments")):
            return PlainTextResponse("no_text", 400)
        self.inbox.add("slack", request.url.path, str(given.get("text", "")), given)
        return PlainTextResponse("ok")

    async def _teams(self, request: Request) -> Response:
        """Run a workflow that posts an adaptive card to Microsoft Teams; its signature is in the query."""
        if not request.query_params.get("sig"):
            error = {"code": "DirectApiAuthorizationRequired", "message": "The request lacks a signature."}
            return JSONResponse({"error": error}, 401)
        given = _json(await request.body())
        cards = given.get("attachments") if isinstance(given, dict) and given.get("type") == "message" else None
        if not cards or any(card.get("contentType") != ADAPTIVE_CARD for card in cards):
            error = {
                "code": "TriggerInputSchemaMismatch",
                "message": "The body is no message with cards.",
            }
            return JSONResponse({"error": error}, 400)
        texts = [str(block.get("text", "")) for card in cards for block in card["content"]["body"]]
        self.inbox.add("teams", request.path_params["workflow"], "\n".join(texts), given)
        return Response(status_code=202)

    async def _webhook(self, request: Request) -> Response:
        body = await request.body()
        given = _json(body)
        if given is None:
            given = body.decode("utf-8", "replace")
        self.inbox.add("webhook", request.url.path, body[:200].decode("utf-8", "replace"), given)
        return JSONResponse({"received": True})

    async def _messages(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.inbox.clear()
        query = request.query_params
        since = query.get("since", "0")
        if not since.isdigit():
            return JSONResponse({"error": "since must be a whole number"}, 400)
        return JSONResponse(self.inbox.read(query.get("channel", ""), int(since)))

    async def _page(self, _request: Request) -> Response:
        return HTMLResponse(page(self.inbox.read()))

    async def _elsewhere(self, request: Request) -> Response:
        unknown_route("sink", request.method, request.url.path)
        return JSONResponse({"status": "error", "message": "Not found", "errors": []}, 404)


def _json(body: bytes) -> Any:
    """Return what a JSON text says, or None when it is none."""
    try:
        return json.loads(body)
    except ValueError:
        return None


async def _arguments(request: Request) -> dict[str, Any]:
    body = await request.body()
    given = _json(body)
    if isinstance(given, dict):
        return given
    return {**request.query_params, **dict(parse_qsl(body.decode("utf-8", "replace")))}


def _bad_event(wrong: list[str], status: int) -> Response:
    document = {"status": "invalid event", "message": "Event object is invalid", "errors": wrong}
    return JSONResponse(document, status)


def _channel_id(channel: str) -> str:
    """Return the id of a channel that is called by its name or its id."""
    return channel if channel.startswith("C0") else f"C0{crc32(channel.encode()):08X}"


def _slack_error(word: str) -> Response:
    return JSONResponse({"ok": False, "error": word})
