"""Each channel speaks its receiver's language, and says why a message did not arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from parity.alerts.lifecycle import Event
from parity.alerts.message import Message
from parity.alerts.senders import (
    EmailSender,
    EmailSettings,
    PagerDutySender,
    PagerDutySettings,
    SlackSender,
    SlackSettings,
    WebhookSender,
    WebhookSettings,
)
from parity.errors import AccessDenied, BadInput, ParityError, RemoteFailed, Throttled, Unreachable
from parity.suite.models import Severity

KEY = "0123456789abcdef0123456789abcdef"
LINES = (
    "payments · settle · 2026-03-02: a < b & c.",
    "The chain held.",
    "Since 2026-03-01.",
    "7 rows.",
    "Next: look.",
)


def letter(event: Event = Event.NEW, **more: Any) -> dict[str, Any]:
    """Return a letter as the store keeps it."""
    given = {"url": "https://airflow.test/run?a=1&b=2", "owner": "data", **more}
    message = Message(
        event, "parity/payments/1", "payments", "settle", "2026-03-02", Severity.CRITICAL, LINES, **given
    )
    return message.to_json()


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client."""
    with httpx.Client() as client:
        yield client


@pytest.fixture
def answering() -> Callable[..., httpx.Client]:
    """Make a client whose every request gets one answer."""

    def make(status: int, **more: Any) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(status, **more)))

    return make


def pager(http: httpx.Client, url: str) -> PagerDutySender:
    """Return a pager that points at ``url``."""
    settings = PagerDutySettings(name="pd", routing_key=SecretStr(KEY), events_url=f"{url}/v2/enqueue")
    return PagerDutySender(settings, http)


def test_pagerduty_opens_an_incident_updates_it_and_resolves_it(sink: Any, http: httpx.Client) -> None:
    send = pager(http, sink.url)
    states = []
    for event in (Event.NEW, Event.WORSE, Event.RECOVERED):
        send(letter(event))
        states.append([i["state"] for i in sink.inbox.read()["incidents"]])
    assert states == [["triggered"], ["triggered"], ["resolved"]]
    first = sink.bodies("pagerduty")[0]
    assert first["dedup_key"] == "parity/payments/1"
    assert first["payload"]["severity"] == "critical"
    assert first["payload"]["custom_details"]["Where"] == "The chain held."
    assert first["links"] == [{"href": "https://airflow.test/run?a=1&b=2", "text": "Open the run"}]


def test_slack_is_posted_to_with_a_token(sink: Any, http: httpx.Client) -> None:
    settings = SlackSettings(name="s", channel="#parity", token=SecretStr("xoxb-1"), api_base=f"{sink.url}/api/")
    SlackSender(settings, http)(letter())
    [body] = sink.bodies("slack")
    assert body["channel"] == "#parity"
    assert "a &lt; b &amp; c" in body["text"]
    assert [block["type"] for block in body["blocks"]] == ["header", "section", "actions"]


def test_slack_is_posted_to_through_a_webhook_and_without_a_link(sink: Any, http: httpx.Client) -> None:
    settings = SlackSettings(name="s", webhook_url=SecretStr(f"{sink.url}/services/T/B/x"))
    SlackSender(settings, http)(letter(url=""))
    [body] = sink.bodies("slack")
    assert [block["type"] for block in body["blocks"]] == ["header", "section"]


def test_slack_that_refuses_with_a_200_did_not_get_it(sink: Any, http: httpx.Client) -> None:
    settings = SlackSettings(name="s", channel="#parity", token=SecretStr("wrong"), api_base=f"{sink.url}/api")
    with pytest.raises(RemoteFailed, match="invalid_auth"):
        SlackSender(settings, http)(letter())


def test_slack_without_any_secret_is_bad_input(http: httpx.Client) -> None:
    with pytest.raises(BadInput, match="neither a token nor a webhook"):
        SlackSender(SlackSettings(name="s", channel="#parity"), http)(letter())


def test_a_letter_is_written_as_text_and_html(sink: Any) -> None:
    host, port = sink.smtp.split(":")
    settings = EmailSettings(
        name="mail",
        to=("a@example.test", "b@example.test"),
        sender="parity@example.test",
        host=host,
        port=int(port),
        starttls=False,
    )
    EmailSender(settings)(letter())
    [mail] = sink.bodies("mail")
    assert mail["to"] == ["a@example.test", "b@example.test"]
    assert mail["headers"]["Subject"] == "[Parity] new: payments · settle · 2026-03-02 (critical)"
    assert "Where: The chain held." in mail["text"]


def test_a_mail_server_that_is_not_there_may_come_back() -> None:
    settings = EmailSettings(
        name="m", to=("a@b.test",), sender="p@b.test", host="127.0.0.1", port=9, starttls=False
    )
    with pytest.raises(Unreachable):
        EmailSender(settings)(letter())


def test_a_webhook_gets_the_message_as_json(sink: Any, http: httpx.Client) -> None:
    settings = WebhookSettings(name="w", url=SecretStr(f"{sink.url}/webhook/parity"))
    WebhookSender(settings, http)(letter())
    assert sink.bodies("webhook") == [letter()]
    assert Message.from_json(letter()).to_json() == letter()


@pytest.mark.parametrize(
    ("status", "error"),
    [(429, Throttled), (401, AccessDenied), (403, AccessDenied), (500, Unreachable), (400, RemoteFailed)],
)
def test_a_status_becomes_the_error_that_it_means(
    answering: Callable[..., httpx.Client], status: int, error: type[ParityError]
) -> None:
    with pytest.raises(error):
        pager(answering(status), "https://pager.test")(letter())


def test_how_long_to_wait_is_kept(answering: Callable[..., httpx.Client]) -> None:
    with pytest.raises(Throttled) as caught:
        pager(answering(429, headers={"Retry-After": "12"}), "https://pager.test")(letter())
    assert caught.value.retry_after == 12


def test_no_answer_may_pass_by_itself(http: httpx.Client) -> None:
    with pytest.raises(Unreachable):
        pager(http, "http://127.0.0.1:9")(letter())


def test_no_message_tells_the_address_of_a_webhook(answering: Callable[..., httpx.Client]) -> None:
    settings = WebhookSettings(name="w", url=SecretStr("https://hook.test/secret-path"))
    with pytest.raises(ParityError) as caught:
        WebhookSender(settings, answering(500))(letter())
    assert "secret-path" not in str(caught.value)
    assert "secret-path" not in repr(settings)
