"""Each channel speaks its receiver's language, and says why a message did not arrive."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from parity.alerts.lifecycle import Event
from parity.alerts.message import Message
from parity.alerts.senders import (
    EmailSender,
    OpsgenieSender,
    PagerDutySender,
    SlackSender,
    WebhookSender,
)
from parity.doctor.alerting import channel_check
from parity.errors import (
    AccessDenied,
    BadInput,
    NotFound,
    ParityError,
    RemoteFailed,
    Terminal,
    Throttled,
    Unreachable,
)
from parity.suite.models import Severity

KEY = "0123456789abcdef0123456789abcdef"
LINES = (
    "payments · settle · 2026-03-02: a < b & c.",
    "No stage failed.",
    "Since 2026-03-01.",
    "7 rows.",
    "Next: look.",
)


def payload(event: Event = Event.NEW, **more: Any) -> dict[str, Any]:
    """Return a letter as the store keeps it."""
    given = {"url": "https://airflow.test/run?a=1&b=2", "owner": "data", **more}
    message = Message(
        event, "parity/payments/1", "payments", "settle", "2026-03-02", Severity.CRITICAL, LINES, **given
    )
    return message.to_json()


def answering(status: int, **more: Any) -> httpx.MockTransport:
    """Return a transport whose every request gets one answer."""
    return httpx.MockTransport(lambda _: httpx.Response(status, **more))


def pager(url: str, transport: httpx.BaseTransport | None = None) -> PagerDutySender:
    """Return a pager that points at ``url``."""
    events = f"{url}/v2/enqueue"
    return PagerDutySender(name="pd", routing_key=SecretStr(KEY), events_url=events, transport=transport)


def test_pagerduty_opens_an_incident_updates_it_and_resolves_it(sink: Any) -> None:
    send = pager(sink.url)
    states = []
    for event in (Event.NEW, Event.WORSE, Event.RECOVERED):
        send(payload(event))
        states.append([i["state"] for i in sink.inbox.read()["incidents"]])
    assert states == [["triggered"], ["triggered"], ["resolved"]]
    first = sink.bodies("pagerduty")[0]
    assert first["dedup_key"] == "parity/payments/1"
    assert first["payload"]["severity"] == "critical"
    assert first["payload"]["custom_details"]["Where"] == "No stage failed."
    assert first["links"] == [{"href": "https://airflow.test/run?a=1&b=2", "text": "Open the run"}]


def opsgenie(url: str, key: str = "genie", transport: httpx.BaseTransport | None = None) -> OpsgenieSender:
    """Return an Opsgenie that points at ``url``."""
    return OpsgenieSender(name="og", key=SecretStr(key), api_base=url, transport=transport)


def test_an_alert_of_opsgenie_is_opened_counted_up_noted_and_closed(sink: Any) -> None:
    send = opsgenie(sink.url)
    seen = []
    for event in (Event.NEW, Event.WORSE, Event.RECOVERED):
        send(payload(event))
        seen.append([(one["dedup_key"], one["state"], one["events"]) for one in sink.inbox.read()["incidents"]])
    alias = "parity:payments:1"
    assert seen == [[(alias, "triggered", 1)], [(alias, "triggered", 2)], [(alias, "resolved", 3)]]
    first, again, noted, closed = sink.bodies("opsgenie")
    assert (first["priority"], first["entity"], first["details"]["Owner"]) == ("P1", "payments/settle", "data")
    assert again["alias"] == first["alias"] == alias
    assert noted["note"].startswith("WORSE: payments · settle")
    assert "Where: No stage failed." in closed["note"]


def test_a_test_alert_opens_an_alert_of_opsgenie_and_closes_it(sink: Any) -> None:
    check = channel_check("Alerts", "Opsgenie", lambda: opsgenie(sink.url), ("payments",), send=True)
    assert [found.detail for found in check.ask()] == ["a test was sent, and resolved"]
    assert [one["state"] for one in sink.inbox.read()["incidents"]] == ["resolved"]


def test_an_alert_of_opsgenie_that_somebody_closed_is_opened_again_when_it_gets_worse(sink: Any) -> None:
    send = opsgenie(sink.url)
    send(payload(Event.NEW))
    httpx.post(
        f"{sink.url}/v2/alerts/parity:payments:1/close?identifierType=alias",
        json={},
        headers={"Authorization": "GenieKey genie"},
    )
    send(payload(Event.WORSE))
    assert [one["state"] for one in sink.inbox.read()["incidents"]] == ["triggered"]


def test_what_opsgenie_cuts_off_is_cut_and_a_name_of_any_letters_is_found_again(sink: Any) -> None:
    send = opsgenie(sink.url)
    long = replace(
        Message.from_json(payload()), incident="parity/a b?c%2F/ü/1", lines=("é" * 30_000, *LINES[1:])
    ).to_json()
    send(long)
    send({**long, "event": "recovered"})
    [incident] = sink.inbox.read()["incidents"]
    assert (incident["dedup_key"], incident["state"]) == ("parity:a b?c%2F:ü:1", "resolved")
    assert len(sink.bodies("opsgenie")[0]["message"]) == 130


def test_opsgenie_that_refuses_a_key_did_not_get_it_and_the_key_is_not_repeated(sink: Any) -> None:
    with pytest.raises(AccessDenied) as caught:
        opsgenie(sink.url, "wrong")(payload())
    assert "Could not authenticate" in str(caught.value)
    with pytest.raises(Throttled) as throttled:
        opsgenie("https://og.test", "s3cret", answering(429, headers={"Retry-After": "7"}))(payload())
    assert throttled.value.retry_after == 7
    assert "s3cret" not in str(throttled.value) + repr(opsgenie(sink.url, "s3cret"))


def test_slack_is_posted_to_with_a_token(sink: Any) -> None:
    sender = SlackSender(name="s", channel="#parity", token=SecretStr("xoxb-1"), api_base=f"{sink.url}/api/")
    sender(payload())
    [body] = sink.bodies("slack")
    assert body["channel"] == "#parity"
    assert "a &lt; b &amp; c" in body["text"]
    assert [block["type"] for block in body["blocks"]] == ["header", "section", "actions"]


def test_an_incident_has_one_thread_whose_first_message_shows_the_newest_state(sink: Any) -> None:
    sender = SlackSender(name="s", channel="#parity", token=SecretStr("xoxb-1"), api_base=f"{sink.url}/api")
    thread = sender.reply(payload(Event.NEW), "")
    assert sender.reply(payload(Event.WORSE), thread) == thread
    assert sender.reply(payload(Event.RECOVERED), thread) == thread
    first, worse, over = sink.bodies("slack")
    channel, _, stamp = thread.partition(":")
    assert first["text"].startswith("🟢")
    assert [(one["channel"], one["thread_ts"], one["reply_broadcast"]) for one in (worse, over)] == [
        (channel, stamp, True),
        (channel, stamp, False),
    ]


def test_a_thread_that_is_gone_is_followed_by_a_new_one(sink: Any) -> None:
    sender = SlackSender(name="s", channel="#parity", token=SecretStr("xoxb-1"), api_base=f"{sink.url}/api")
    assert sender.reply(payload(Event.WORSE), "C012345678:1.0") not in ("", "C012345678:1.0")
    [body] = sink.bodies("slack")
    assert "thread_ts" not in body


def test_slack_is_posted_to_through_a_webhook_and_without_a_link(sink: Any) -> None:
    sender = SlackSender(name="s", webhook_url=SecretStr(f"{sink.url}/services/T/B/x"))
    assert sender.reply(payload(url=""), "") == ""
    [body] = sink.bodies("slack")
    assert [block["type"] for block in body["blocks"]] == ["header", "section"]


def test_slack_that_refuses_with_a_200_did_not_get_it(sink: Any) -> None:
    sender = SlackSender(name="s", channel="#parity", token=SecretStr("wrong"), api_base=f"{sink.url}/api")
    with pytest.raises(RemoteFailed, match="invalid_auth"):
        sender(payload())


def test_slack_without_any_secret_is_bad_input() -> None:
    with pytest.raises(BadInput, match="neither a token nor a webhook"):
        SlackSender(name="s", channel="#parity")(payload())


def test_a_message_is_written_as_text_and_html(sink: Any) -> None:
    host, port = sink.smtp.split(":")
    sender = EmailSender(
        name="mail",
        to=("a@example.test", "b@example.test"),
        sender="parity@example.test",
        host=host,
        port=int(port),
        starttls=False,
    )
    sender(payload())
    [mail] = sink.bodies("mail")
    assert mail["to"] == ["a@example.test", "b@example.test"]
    assert mail["headers"]["Subject"] == "[Parity] new: payments · settle · 2026-03-02 (critical)"
    assert "Where: No stage failed." in mail["text"]


def test_a_mail_server_that_is_not_there_may_come_back() -> None:
    sender = EmailSender(name="m", to=("a@b.test",), sender="p@b.test", host="127.0.0.1", port=9, starttls=False)
    with pytest.raises(Unreachable):
        sender(payload())


def test_a_webhook_gets_the_message_as_json(sink: Any) -> None:
    sender = WebhookSender(name="w", url=SecretStr(f"{sink.url}/webhook/parity"))
    sender(payload())
    assert sink.bodies("webhook") == [payload()]
    assert Message.from_json(payload()).to_json() == payload()


@pytest.mark.parametrize(
    ("status", "error"),
    [(429, Throttled), (401, AccessDenied), (403, AccessDenied), (500, Unreachable), (400, Terminal)],
)
def test_a_status_becomes_the_error_that_it_means(status: int, error: type[ParityError]) -> None:
    with pytest.raises(error):
        pager("https://pager.test", answering(status))(payload())


@pytest.mark.parametrize("date", [False, True])
def test_how_long_to_wait_is_seconds_or_a_date(date: bool) -> None:
    asked = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True) if date else "12"
    with pytest.raises(Throttled) as caught:
        pager("https://pager.test", answering(429, headers={"Retry-After": asked}))(payload())
    assert caught.value.retry_after is not None
    assert (caught.value.retry_after == 12) is not date


def test_the_receivers_own_words_are_reported_and_its_answer_to_a_webhook_may_be_any_text() -> None:
    hook = SecretStr("https://slack.test/services/T")
    SlackSender(name="s", webhook_url=hook, transport=answering(200, text="ok"))(payload())
    with pytest.raises(NotFound, match="no_service"):
        SlackSender(name="s", webhook_url=hook, transport=answering(404, text="no_service"))(payload())


@pytest.mark.parametrize("url", ["", "hook.test", "ftp://hook.test/x"])
def test_an_address_that_is_no_url_is_bad_input(url: str) -> None:
    with pytest.raises(BadInput, match="is not a URL"):
        WebhookSender(name="w", url=SecretStr(url))(payload())


def test_no_answer_may_pass_by_itself() -> None:
    with pytest.raises(Unreachable):
        pager("http://127.0.0.1:9")(payload())


def test_no_message_repeats_the_address_of_a_webhook() -> None:
    sender = WebhookSender(name="w", url=SecretStr("https://hook.test/secret-path"), transport=answering(500))
    with pytest.raises(ParityError) as caught:
        sender(payload())
    assert "secret-path" not in str(caught.value)
    assert "secret-path" not in repr(sender)
