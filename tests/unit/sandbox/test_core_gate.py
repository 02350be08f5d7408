"""The gate before every service: it applies faults, keeps the journal, and answers for the sandbox itself."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from parity_sandbox.control import Control
from parity_sandbox.faults import Faults
from parity_sandbox.gate import Gate
from parity_sandbox.journal import KEPT, Entry, Journal


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.method} {(await request.body()).decode()}")


class Asker:
    """Sends requests through a gate before two services, on ports 1 and 2."""

    def __init__(self) -> None:
        self.resets = self.seedings = 0
        echoing = Starlette(routes=[Route("/{path:path}", echo, methods=["GET", "POST"])])
        faults, journal = Faults(), Journal()
        control = Control(faults, journal, self.count_reset, self.count_seeding, lambda: {"ready": True})
        apps = {"aws": echoing, "databricks": echoing}
        self.gate = Gate({1: "aws", 2: "databricks"}, apps, control.app(), faults, journal)

    def count_reset(self) -> None:
        self.resets += 1

    def count_seeding(self) -> None:
        self.seedings += 1

    def __call__(self, method: str, path: str, port: int = 1, **extra: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.gate)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://host:{port}") as client:
                return await client.request(method, path, **extra)

        return asyncio.run(send())


@pytest.fixture
def ask() -> Asker:
    return Asker()


def test_a_request_without_a_fault_reaches_its_service(ask: Asker) -> None:
    assert ask("POST", "/x", content="hello").text == "POST hello"


def test_a_fault_posted_to_one_service_hits_another(ask: Asker) -> None:
    rule = {"service": "databricks", "path": "/api", "status": 429, "retry_after": 7, "times": 1}
    assert ask("POST", "/_sandbox/faults", 1, json=rule).status_code == 201

    refused, passed, other = ask("GET", "/api", 2), ask("GET", "/api", 2), ask("GET", "/api", 1)

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
    assert refused.json()["error_code"] == "REQUEST_LIMIT_EXCEEDED"
    assert (passed.status_code, other.status_code) == (200, 200)


def test_an_expired_token_is_answered_with_401(ask: Asker) -> None:
    ask("POST", "/_sandbox/faults", json={"path": "/x", "expire_token": True})

    assert ask("GET", "/x", 2).status_code == 401


def test_a_fault_may_bring_its_own_body(ask: Asker) -> None:
    ask("POST", "/_sandbox/faults", json={"path": "/x", "status": 418, "body": "short and stout"})

    assert ask("GET", "/x").text == "short and stout"


def test_a_senseless_fault_is_refused_and_not_in_force(ask: Asker) -> None:
    answer = ask("POST", "/_sandbox/faults", json={"path": "("})

    assert answer.status_code == 400
    assert "regular expression" in answer.json()["error"]
    assert ask("GET", "/_sandbox/faults").json() == {"faults": []}


@pytest.mark.parametrize("content", ["{", "null", '"text"', ""])
def test_a_fault_that_is_no_rule_is_a_bad_request(ask: Asker, content: str) -> None:
    assert ask("POST", "/_sandbox/faults", content=content).status_code == 400


def test_a_place_in_the_journal_is_a_number(ask: Asker) -> None:
    assert ask("GET", "/_sandbox/requests?since=yesterday").status_code == 400


def test_deleting_without_an_id_forgets_every_fault(ask: Asker) -> None:
    ask("POST", "/_sandbox/faults", json=[{"path": "/x", "status": 500}, {"path": "/y", "status": 500}])

    assert ask("DELETE", "/_sandbox/faults").json() == {"faults": []}
    assert ask("GET", "/x").status_code == 200


def test_the_journal_tells_what_was_asked_and_answered(ask: Asker) -> None:
    ask("POST", "/_sandbox/faults", json={"id": "slow", "path": "/y", "status": 503})
    ask("POST", "/x?a=1", 1, content="body")
    ask("GET", "/y", 2)

    entries = ask("GET", "/_sandbox/requests").json()["requests"]

    seen = [(e["service"], e["method"], e["path"], e["status"], e["body"], e["fault"]) for e in entries]
    assert seen == [("aws", "POST", "/x?a=1", 200, "body", ""), ("databricks", "GET", "/y", 503, "", "slow")]


def test_the_journal_is_read_by_service_and_from_an_id_on(ask: Asker) -> None:
    for port in (1, 2, 1):
        ask("GET", "/x", port)

    assert [e["id"] for e in ask("GET", "/_sandbox/requests?service=aws").json()["requests"]] == [1, 3]
    assert [e["id"] for e in ask("GET", "/_sandbox/requests?since=1").json()["requests"]] == [2, 3]


def test_the_journal_forgets_its_oldest_entries() -> None:
    journal = Journal()
    for _ in range(KEPT + 1):
        journal.add(Entry(journal.next_id(), "aws", "GET", "/", 200, 1.0, 0.0, ""))

    kept = journal.read()

    assert (len(kept), kept[0].id) == (KEPT, 2)


def test_reset_and_health_are_asked_of_any_service(ask: Asker) -> None:
    assert ask("POST", "/_sandbox/reset", 2).json() == {"reset": True}
    assert ask.resets == 1
    assert json.loads(ask("GET", "/_sandbox/health").text) == {"ready": True}


def test_a_delayed_request_is_carried_out_even_when_its_sender_dies_meanwhile(ask: Asker) -> None:
    ask("POST", "/_sandbox/faults", json={"path": "/x", "delay": 0.05})
    said: list[bytes] = []

    async def dying_sender() -> None:
        gone = asyncio.Event()
        asyncio.get_running_loop().call_later(0.01, gone.set)
        scope = {"type": "http", "method": "POST", "path": "/x", "query_string": b"", "headers": []}

        async def receive() -> dict[str, Any]:
            if gone.is_set():
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": b"hello", "more_body": False}

        async def send(message: Any) -> None:
            said.append(message.get("body", b""))

        await ask.gate({**scope, "server": ("host", 1), "http_version": "1.1"}, receive, send)

    asyncio.run(dying_sender())
    assert b"".join(said) == b"POST hello"


def test_a_fault_that_answers_well_reads_like_an_object_that_was_tampered_with(ask: Asker) -> None:
    ask("POST", "/_sandbox/faults", json={"path": "/x", "status": 200, "body": "PAR1"})
    whole, part = ask("GET", "/x"), ask("GET", "/x", headers={"Range": "bytes=0-1023"})
    assert (whole.status_code, whole.text) == (200, "PAR1")
    assert (part.status_code, part.headers["content-range"]) == (206, "bytes 0-3/4")
    assert not [name for name in part.headers if "error" in name]


def test_the_databases_are_made_anew_through_any_service(ask: Asker) -> None:
    assert ask("POST", "/_sandbox/databases", 2).json() == {"seeded": True}
    assert (ask.seedings, ask.resets) == (1, 0)
