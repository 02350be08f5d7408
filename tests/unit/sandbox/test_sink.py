"""The alert sink receives what the real receivers would, and refuses what they would."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from azure_sandbox import make_context
from parity_sandbox.context import Context
from parity_sandbox.sink import create_app

KEY = "0123456789abcdef0123456789abcdef"
PAYLOAD = {"summary": "payments differ", "severity": "critical", "source": "parity"}


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return make_context(tmp_path)


@pytest.fixture
def sink(context: Context) -> TestClient:
    return TestClient(create_app(context))


def event(sink: TestClient, action: str = "trigger", key: str | None = "k", **changes: Any) -> Any:
    body = {"routing_key": KEY, "event_action": action, "dedup_key": key, "payload": PAYLOAD, **changes}
    return sink.post("/v2/enqueue", json={name: value for name, value in body.items() if value is not None})


def received(sink: TestClient, **query: Any) -> dict[str, Any]:
    return dict(sink.get("/_sandbox/messages", params=query).json())


def test_an_incident_opens_once_and_is_resolved_by_its_key(sink: TestClient) -> None:
    answer = event(sink)
    assert (answer.status_code, answer.json()["dedup_key"]) == (202, "k")
    event(sink, payload={**PAYLOAD, "summary": "payments still differ"})
    event(sink, "acknowledge")
    (incident,) = received(sink)["incidents"]
    assert (incident["state"], incident["events"]) == ("acknowledged", 3)
    assert incident["summary"] == "payments still differ"
    event(sink, "resolve")
    assert received(sink)["incidents"][0]["state"] == "resolved"


def test_after_a_resolve_the_same_key_opens_a_new_incident(sink: TestClient) -> None:
    for action in ("trigger", "resolve", "acknowledge", "trigger"):
        event(sink, action)
    (incident,) = received(sink)["incidents"]
    assert (incident["state"], incident["events"]) == ("triggered", 1)


def test_resolving_what_is_not_open_opens_nothing(sink: TestClient) -> None:
    assert event(sink, "resolve").status_code == 202
    assert received(sink)["incidents"] == []


def test_a_trigger_without_a_key_is_given_one(sink: TestClient) -> None:
    first, second = (event(sink, key=None).json()["dedup_key"] for _ in range(2))
    assert first != second


BAD_EVENTS: list[tuple[dict[str, Any], str]] = [
    ({"routing_key": ""}, "'routing_key' is missing"),
    ({"routing_key": "short"}, "'routing_key' is invalid"),
    ({"event_action": "shout"}, "'event_action' is invalid"),
    ({"event_action": "resolve", "dedup_key": None}, "'dedup_key' is missing"),
    ({"dedup_key": "k" * 256}, "'dedup_key' is invalid"),
    ({"payload": None}, "'payload' is missing"),
    ({"payload": {**PAYLOAD, "severity": "awful"}}, "'payload.severity' is invalid"),
    ({"payload": {**PAYLOAD, "summary": ""}}, "'payload.summary' is missing"),
    ({"payload": {**PAYLOAD, "summary": "x" * 1025}}, "'payload.summary' is too long"),
    ({"payload": {"summary": "s", "severity": "info"}}, "'payload.source' is missing"),
]


@pytest.mark.parametrize(("changes", "said"), BAD_EVENTS, ids=[said for _, said in BAD_EVENTS])
def test_a_wrong_event_is_refused_and_kept_nowhere(sink: TestClient, changes: dict[str, Any], said: str) -> None:
    answer = event(sink, **changes)
    assert (answer.status_code, answer.json()["status"]) == (400, "invalid event")
    assert any(one.startswith(said) for one in answer.json()["errors"])
    assert received(sink) == {"messages": [], "incidents": []}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'"x"'])
def test_what_is_no_event_at_all_is_400(sink: TestClient, body: bytes) -> None:
    assert sink.post("/v2/enqueue", content=body).status_code == 400


def slack(sink: TestClient, token: str = "xoxb-x", **body: Any) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    answer = sink.post("/api/chat.postMessage", json=body, headers=headers)
    assert answer.status_code == 200
    return dict(answer.json())


def test_slack_posts_and_refuses_with_200(sink: TestClient) -> None:
    assert slack(sink, channel="#p", text="hello")["ok"]
    assert slack(sink, "", channel="#p", text="x") == {"ok": False, "error": "not_authed"}
    assert slack(sink, "other", channel="#p", text="x")["error"] == "invalid_auth"
    assert slack(sink, text="x")["error"] == "channel_not_found"
    assert slack(sink, channel="#p")["error"] == "no_text"
    assert [one["summary"] for one in received(sink, channel="slack")["messages"]] == ["hello"]


def test_a_slack_webhook_says_ok(sink: TestClient) -> None:
    assert sink.post("/services/T/B/x", json={"text": "hi"}).text == "ok"
    refused = sink.post("/services/T/B/x", content=b"{")
    assert (refused.status_code, refused.text) == (400, "invalid_payload")


def test_a_webhook_takes_anything(sink: TestClient) -> None:
    sink.post("/webhook/parity", json={"verdict": "FAIL"})
    sink.post("/webhook", content=b"plain")
    assert [one["body"] for one in received(sink)["messages"]] == [{"verdict": "FAIL"}, "plain"]


def test_messages_are_read_from_a_number_on_and_can_be_forgotten(sink: TestClient) -> None:
    for number in range(3):
        sink.post("/webhook", json=number)
    first = received(sink)["messages"][0]["id"]
    assert [one["body"] for one in received(sink, since=first)["messages"]] == [1, 2]
    assert sink.get("/_sandbox/messages", params={"since": "x"}).status_code == 400
    assert sink.delete("/_sandbox/messages").json() == {"messages": [], "incidents": []}


def test_the_page_shows_what_came_and_runs_none_of_it(sink: TestClient) -> None:
    assert "Nothing has been received yet" in sink.get("/").text
    event(sink, payload={**PAYLOAD, "summary": "<script>alert(1)</script>"})
    page = sink.get("/").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in page


def test_mail_arrives_and_a_reset_keeps_the_port(sink: TestClient, context: Context) -> None:
    address = context.endpoints.smtp
    reborn = TestClient(create_app(context))
    assert context.endpoints.smtp == address
    host, port = address.split(":")
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "late", "parity@localhost", "a@localhost, b@localhost"
    mail.set_content("five lines\n.hidden point\n")
    with smtplib.SMTP(host, int(port), timeout=10) as client:
        client.send_message(mail)
    (message,) = received(reborn, channel="mail")["messages"]
    assert (message["summary"], message["to"]) == ("late", "a@localhost, b@localhost")
    assert message["body"]["text"] == "five lines\n.hidden point\n"
    assert received(sink)["messages"] == []


def test_a_mail_without_recipients_is_refused(sink: TestClient, context: Context) -> None:
    host, port = context.endpoints.smtp.split(":")
    with smtplib.SMTP(host, int(port), timeout=10) as client:
        client.mail("parity@localhost")
        assert client.docmd("DATA")[0] == 503
        assert client.docmd("VRFY", "x")[0] == 502
