"""The channels: thin callables that send a message, or raise the reason why they could not.

Each takes its settings as an object whose addresses can point elsewhere, so that a test or the sandbox can
stand in for PagerDuty, Slack or a mail server. Every call has a time-out; :mod:`parity.alerts.notify` retries.
"""

from __future__ import annotations

import smtplib
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from parity.alerts import render
from parity.alerts.message import Message
from parity.clients.http import ApiClient, Call, Retry, Timeouts
from parity.errors import AccessDenied, BadInput, RemoteFailed, Unreachable

TIMEOUT_SECONDS = 10.0


class SenderSettings(BaseModel):
    """Base of every channel's settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """Unique within a suite, such as ``slack:slack_default:#payments``."""
    timeout: float = TIMEOUT_SECONDS


class PagerDutySettings(SenderSettings):
    """Where to page."""

    routing_key: SecretStr
    events_url: str = "https://events.pagerduty.com/v2/enqueue"


class SlackSettings(SenderSettings):
    """Where to post: with a bot's token, or to an incoming webhook, which has its channel built in."""

    channel: str = ""
    token: SecretStr | None = None
    api_base: str = "https://slack.com/api"
    webhook_url: SecretStr | None = None


class EmailSettings(SenderSettings):
    """Whom to mail, and through which server."""

    to: tuple[str, ...] = Field(min_length=1)
    sender: str
    host: str
    port: int = 587
    user: str = ""
    password: SecretStr = SecretStr("")
    starttls: bool = True
    ssl: bool = False


class WebhookSettings(SenderSettings):
    """Where to post JSON; the address may hold a secret."""

    url: SecretStr
    headers: dict[str, SecretStr] = Field(default_factory=dict)


@dataclass(frozen=True)
class PagerDutySender:
    """Triggers and resolves incidents through the Events API v2."""

    settings: PagerDutySettings
    transport: httpx.BaseTransport | None = None

    @property
    def name(self) -> str:
        """Return the channel's name."""
        return self.settings.name

    def __call__(self, payload: Mapping[str, Any]) -> None:
        """Send one event; PagerDuty answers 202."""
        body = render.pagerduty(Message.from_json(payload), self.settings.routing_key.get_secret_value())
        _post(self, "PagerDuty", self.settings.events_url, body, expects_json=False)


@dataclass(frozen=True)
class SlackSender:
    """Posts to a channel."""

    settings: SlackSettings
    transport: httpx.BaseTransport | None = None

    @property
    def name(self) -> str:
        """Return the channel's name."""
        return self.settings.name

    def __call__(self, payload: Mapping[str, Any]) -> None:
        """Post one message; Slack's Web API answers 200 even when it refuses."""
        body = render.slack(Message.from_json(payload))
        if self.settings.webhook_url is not None:
            url = self.settings.webhook_url.get_secret_value()
            _post(self, "Slack", url, body, expects_json=False)
            return
        if self.settings.token is None:
            raise BadInput("Slack has neither a token nor a webhook.", remedy="Complete the connection.")
        headers = {"Authorization": f"Bearer {self.settings.token.get_secret_value()}"}
        url = f"{self.settings.api_base.rstrip('/')}/chat.postMessage"
        body["channel"] = self.settings.channel
        answer = _post(self, "Slack", url, body, headers)
        if not answer or not answer.get("ok"):
            reason = (answer or {}).get("error", "no reason given")
            raise RemoteFailed(f"Slack refused the message: {reason}.")


@dataclass(frozen=True)
class EmailSender:
    """Sends mail through a server."""

    settings: EmailSettings

    @property
    def name(self) -> str:
        """Return the channel's name."""
        return self.settings.name

    def __call__(self, payload: Mapping[str, Any]) -> None:
        """Send one mail, as text and HTML."""
        mail = self._write(Message.from_json(payload))
        try:
            with self._connect() as server:
                server.send_message(mail)
        except smtplib.SMTPAuthenticationError as error:
            raise AccessDenied("The mail server refused the login.", remedy="Check the connection.") from error
        except smtplib.SMTPRecipientsRefused as error:
            raise RemoteFailed("The mail server refused every recipient.") from error
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable(f"The mail server did not accept the mail: {type(error).__name__}.") from error

    def _write(self, message: Message) -> EmailMessage:
        subject, text, page = render.email(message)
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = subject, self.settings.sender, ", ".join(self.settings.to)
        mail["X-Parity-Incident"] = message.incident
        mail.set_content(text)
        mail.add_alternative(page, subtype="html")
        return mail

    def _connect(self) -> smtplib.SMTP:
        given = self.settings
        kind = smtplib.SMTP_SSL if given.ssl else smtplib.SMTP
        server = kind(given.host, given.port, timeout=given.timeout)
        try:
            if given.starttls and not given.ssl:
                server.starttls()
            if given.user:
                server.login(given.user, given.password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server


@dataclass(frozen=True)
class WebhookSender:
    """Posts the message as JSON."""

    settings: WebhookSettings
    transport: httpx.BaseTransport | None = None

    @property
    def name(self) -> str:
        """Return the channel's name."""
        return self.settings.name

    def __call__(self, payload: Mapping[str, Any]) -> None:
        """Post one message; any 2xx means delivered."""
        body = render.webhook(Message.from_json(payload))
        headers = {key: value.get_secret_value() for key, value in self.settings.headers.items()}
        url = self.settings.url.get_secret_value()
        _post(self, "The webhook", url, body, headers, expects_json=False)


class _Channel(ApiClient):
    allows_http = True  # a receiver in a private network may have no TLS


def _post(
    sender: PagerDutySender | SlackSender | WebhookSender,
    service: str,
    url: str,
    body: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
    *,
    expects_json: bool = True,
) -> Any:
    """Post JSON once and return the JSON of the answer; no error repeats the address, which may be a secret."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"{service}'s address is not a URL.", remedy="Check the connection.")
    call = Call("POST", url, "the channel", json=dict(body), headers=headers or {}, expects_json=expects_json)
    with _Channel(
        f"{parts.scheme}://{parts.netloc}",
        service=service,
        retry=Retry(attempts=1),
        timeouts=Timeouts(sender.settings.timeout, sender.settings.timeout),
        transport=sender.transport,
    ) as api:
        return api.send(call)
