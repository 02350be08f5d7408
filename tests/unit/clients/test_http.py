from __future__ import annotations

import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from fake_clock import FakeClock
from parity.clients.entra import StaticCredential
from parity.clients.http import ApiClient, Failure, Retry, error_for, retry_reason, through
from parity.errors import AccessDenied, BadInput, NotFound, Terminal, Throttled, Unreachable

OK = httpx.Response(200, json={"fine": True})
BUSY = httpx.Response(503, json={"error": {"code": "ServerBusy", "message": "try later"}})
SECRET = "hunter2-very-secret"


class CountingCredential:
    """A credential whose tokens are numbered."""

    def __init__(self, *, renewable: bool = True) -> None:
        self.number = 1
        self.renewable = renewable

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer token-{self.number}"}

    def renew(self) -> bool:
        self.number += 1
        return self.renewable


@pytest.fixture
def api(wire: Any, clock: FakeClock) -> ApiClient:
    return ApiClient("https://cloud.test", service="The cloud", clock=clock, transport=wire.transport)


def test_a_throttled_request_waits_as_long_as_it_was_asked_to(api: ApiClient, wire: Any, clock: FakeClock) -> None:
    wire.on("GET", "/x", httpx.Response(429, headers={"Retry-After": "7"}), OK)
    assert api.get("/x", what="x") == {"fine": True}
    assert clock.slept == [7.0]


def test_retry_after_may_be_a_date(api: ApiClient, wire: Any, clock: FakeClock) -> None:
    wire.on("GET", "/x", httpx.Response(503, headers={"Retry-After": "Sun, 01 Mar 2026 02:00:09 GMT"}), OK)
    api.get("/x", what="x")
    assert clock.slept == [9.0]


def test_an_unreadable_retry_after_is_ignored(api: ApiClient, wire: Any, clock: FakeClock) -> None:
    wire.on("GET", "/x", httpx.Response(503, headers={"Retry-After": "soon"}), OK)
    api.get("/x", what="x")
    assert clock.slept == [1.0]


def test_waits_grow_and_end_as_unreachable(wire: Any, clock: FakeClock) -> None:
    api = ApiClient(
        "https://cloud.test", service="The cloud", clock=clock, retry=Retry(attempts=4), transport=wire.transport
    )
    wire.on("GET", "/x", BUSY)
    with pytest.raises(Unreachable, match=r"not be reached for the thing \(503 ServerBusy: try later"):
        api.get("/x", what="the thing")
    assert clock.slept == [1.0, 2.0, 4.0]
    assert len(wire.seen) == 4


def test_a_wait_beyond_patience_is_left_to_the_caller(api: ApiClient, wire: Any, clock: FakeClock) -> None:
    wire.on("GET", "/x", httpx.Response(429, headers={"Retry-After": "3600"}))
    with pytest.raises(Throttled) as caught:
        api.get("/x", what="x")
    assert caught.value.retry_after == 3600.0
    assert clock.slept == []


@pytest.mark.parametrize("trouble", [BUSY, httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("dropped")])
def test_a_post_that_may_have_worked_is_never_sent_twice(api: ApiClient, wire: Any, trouble: Any) -> None:
    wire.on("POST", "/x", trouble)
    with pytest.raises(Unreachable):
        api.post("/x", what="x", idempotent=False, json={})
    assert len(wire.seen) == 1


@pytest.mark.parametrize(
    "trouble", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.Response(429)]
)
def test_a_post_that_cannot_have_worked_is_sent_again(api: ApiClient, wire: Any, trouble: Any) -> None:
    wire.on("POST", "/x", trouble, OK)
    assert api.post("/x", what="x", idempotent=False, json={}) == {"fine": True}
    assert len(wire.seen) == 2


def test_an_idempotent_post_is_sent_again(api: ApiClient, wire: Any) -> None:
    wire.on("POST", "/x", BUSY, httpx.ReadError("reset"), OK)
    assert api.post("/x", what="x", idempotent=True) == {"fine": True}


def test_an_expired_token_is_refreshed_once(wire: Any, clock: FakeClock) -> None:
    credential = CountingCredential()
    api = ApiClient(
        "https://cloud.test", service="C", credential=credential, clock=clock, transport=wire.transport
    )
    wire.on("POST", "/x", httpx.Response(401), OK)
    api.post("/x", what="x", idempotent=False)
    assert [r.headers["authorization"] for r in wire.seen] == ["Bearer token-1", "Bearer token-2"]
    assert clock.slept == []


def test_a_token_refused_twice_is_access_denied(wire: Any, clock: FakeClock) -> None:
    api = ApiClient(
        "https://cloud.test", service="C", credential=CountingCredential(), clock=clock, transport=wire.transport
    )
    wire.on("GET", "/x", httpx.Response(401))
    with pytest.raises(AccessDenied, match="credentials"):
        api.get("/x", what="x")
    assert len(wire.seen) == 2


def test_a_token_that_cannot_be_renewed_is_not_tried_again(wire: Any, clock: FakeClock) -> None:
    credential = CountingCredential(renewable=False)
    api = ApiClient(
        "https://cloud.test", service="C", credential=credential, clock=clock, transport=wire.transport
    )
    wire.on("GET", "/x", httpx.Response(401))
    with pytest.raises(AccessDenied):
        api.get("/x", what="x")
    assert len(wire.seen) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (0, Unreachable),
        (302, Terminal),
        (400, Terminal),
        (401, AccessDenied),
        (403, AccessDenied),
        (404, NotFound),
        (408, Unreachable),
        (409, Terminal),
        (410, NotFound),
        (429, Throttled),
        (500, Unreachable),
        (502, Unreachable),
        (504, Unreachable),
    ],
)
def test_each_status_is_one_class_of_error(status: int, kind: type) -> None:
    assert type(error_for(Failure(status, "Code", "words"), "S", "it")) is kind


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": "BadRequest", "message": "no such parameter\nmore"}},
        {"error_code": "BadRequest", "message": "no such parameter"},
        {"error": "BadRequest", "error_description": "no such parameter"},
    ],
)
def test_a_rejection_carries_the_clouds_own_code_and_words(api: ApiClient, wire: Any, body: Any) -> None:
    wire.on("GET", "/x", httpx.Response(400, json=body))
    with pytest.raises(Terminal, match=r"for x \(400 BadRequest: no such parameter\)\.$"):
        api.get("/x", what="x")


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_that_is_not_json_is_unreachable(api: ApiClient, wire: Any, status: int) -> None:
    wire.on("GET", "/x", httpx.Response(status, text="<html>proxy</html>"))
    with pytest.raises(Unreachable):
        api.get("/x", what="x")


def test_secrets_are_in_neither_errors_nor_logs(wire: Any, clock: FakeClock, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    credential = StaticCredential(SecretStr(SECRET))
    api = ApiClient(
        "https://cloud.test", service="C", credential=credential, clock=clock, transport=wire.transport
    )
    wire.on("GET", "/x", BUSY, httpx.Response(403, json={"error": {"code": "No", "message": "no"}}))
    with pytest.raises(AccessDenied) as caught:
        api.get("/x", what="x")
    assert SECRET not in str(caught.value) + repr(caught.value) + caplog.text + repr(credential)


def test_a_secret_with_a_line_break_is_not_quoted(wire: Any, clock: FakeClock) -> None:
    credential = StaticCredential(SecretStr(SECRET + "\n"))
    api = ApiClient(
        "https://cloud.test", service="C", credential=credential, clock=clock, transport=wire.transport
    )
    wire.on("GET", "/x", httpx.LocalProtocolError(f"Illegal header value b'Bearer {SECRET}\\n'"))
    with pytest.raises(AccessDenied, match="line breaks") as caught:
        api.get("/x", what="x")
    assert SECRET not in str(caught.value)
    assert len(wire.seen) == 1


def test_secrets_do_not_travel_in_clear() -> None:
    with pytest.raises(BadInput, match=r"http://cloud\.test would carry secrets in clear"):
        ApiClient("http://user:pass@cloud.test", service="S")


def test_plain_http_is_fine_on_this_machine() -> None:
    ApiClient("http://127.0.0.1:9", service="S").close()


def test_a_retry_decision_is_a_reason_or_none() -> None:
    assert retry_reason(Failure(503, "", ""), idempotent=True) == "answered 503"
    assert retry_reason(Failure(503, "", ""), idempotent=False) is None
    assert retry_reason(Failure(400, "", ""), idempotent=True) is None


def test_a_connections_own_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    asked: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Be silent."""

    with HTTPServer(("127.0.0.1", 0), Proxy) as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        transport = through(f"http://127.0.0.1:{server.server_port}")
        api = ApiClient("http://localhost:9", service="The cloud", transport=transport)
        assert api.get("/x", what="x") == {}
        api.close()
        thread.join()
    assert asked == ["http://localhost:9/x"]


def test_without_a_proxy_the_environment_decides_and_a_wrong_one_is_refused() -> None:
    assert through("") is None
    with pytest.raises(BadInput, match="proxy") as caught:
        through("gopher://user:hunter2@proxy")
    assert "hunter2" not in str(caught.value)
