"""The channels: callables that send a message, or raise the reason why they could not.

The addresses can point elsewhere, so that a test or the sandbox can stand in for PagerDuty, Slack or a mail
server. Every call has a time-out; :mod:`parity.alerts.notify` retries.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Mapping
from contextlib import closing
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from parity.alerts import render
from parity.alerts.lifecycle import Event
from parity.alerts.message import Message
from parity.clients.http import NO_SECRET, ApiClient, Call, Retry, through
from parity.errors import AccessDenied, BadInput, RemoteFailed, Unreachable

ROUTING_KEY = 32
"""Characters of a key of PagerDuty's Events API v2."""


class _Channel(ApiClient):
    allows_http = True  # a receiver in a private network may have no TLS


class ChannelSender(BaseModel):
    """Base of every channel."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    name: str
    """Unique within a suite, such as ``slack:slack_default:#payments``."""

    def verify(self) -> str:
        """Look whether a message would be taken, without sending one, and say what is known; empty: nothing is."""
        return ""


class HttpSender(ChannelSender):
    """Base of every channel that takes JSON."""

    proxy: SecretStr = NO_SECRET
    timeout: float = 10.0
    """Seconds."""
    transport: httpx.BaseTransport | None = None

    def post(
        self,
        service: str,
        url: str,
        body: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        *,
        expects_json: bool = False,
    ) -> Any:
        """Post JSON once and return the JSON of the answer, if it ``expects_json``.

        No error repeats the address, which may be a secret.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInput(f"{service}'s address is not a URL.", remedy="Check the connection.")
        call = Call("POST", url, "the channel", json=dict(body), headers=headers or {}, expects_json=expects_json)
        channel = _Channel(
            f"{parts.scheme}://{parts.netloc}",
            service=service,
            retry=Retry(attempts=1),
            timeout=httpx.Timeout(self.timeout),
            transport=self.transport or through(self.proxy.get_secret_value()),
        )
        with closing(channel) as api:
            return api.send(call)


class PagerDutySender(HttpSender):
    """Triggers and resolves incidents through the Events API v2."""

    routing_key: SecretStr
    """32 characters."""
    events_url: str = "https://events.pagerduty.com/v2/enqueue"

    def __call__(self, payload: Mapping[str, Any]) -> None:
        """Send one event; PagerDuty answers 202."""
        body = render.pagerduty(Message.from_json(payload), self.routing_key.get_secret_value())
        self.post("PagerDuty", self.events_url, body)

    def verify(self) -> str:
        """Look at the key's length: PagerDuty has no question about a key."""
        if len(self.routing_key.get_secret_value()) != ROUTING_KEY:
            remedy = "Put the Events API v2 integration key into the connection's password."
            raise BadInput(f"The routing key has not the {ROUTING_KEY} characters that one has.", remedy=remedy)
        return ""


class OpsgenieSender(HttpSender):
    """Opens, notes and closes alerts of Opsgenie, or of Jira Service Management, which took over its alert API."""

    key: SecretStr
    """Of an API integration, which routes its alerts to a team."""
    api_base: str = "https://api.opsgenie.com"
    """In the EU ``https://api.eu.opsgenie.com``; ``https://api.atlassian.com/jsm/ops/integration`` of Jira."""

    def __call__(self, payload: Mapping[str, Any]) -> None:
        """Send what happened: an open alert is counted up, and one that somebody closed is opened again."""
        message = Message.from_json(payload)
        if message.event is Event.RECOVERED:
            self._act(message, "close")
            return
        self._post("", render.opsgenie(message))
        if message.event is Event.WORSE:
            self._act(message, "notes")  # what is counted up keeps its first text

    def _act(self, message: Message, action: str) -> None:
        alias = quote(render.opsgenie_alias(message), safe=":")
        self._post(f"/{alias}/{action}?identifierType=alias", render.opsgenie_note(message))

    def _post(self, path: str, body: Mapping[str, Any]) -> None:
        headers = {"Authorization": f"GenieKey {self.key.get_secret_value()}"}
        self.post("Opsgenie", f"{self.api_base.rstrip('/')}/v2/alerts{path}", body, headers)


class SlackSender(HttpSender):
    """Posts with a bot's token to a channel, or to an incoming webhook, which has its channel built in."""

    channel: str = ""
    token: SecretStr | None = None
    api_base: str = "https://slack.com/api"
    webhook_url: SecretStr | None = None

    def __call__(self, payload: Mapping[str, Any]) -> None:
        """Post one message."""
        body = render.slack(Message.from_json(payload))
        if self.webhook_url is not None:
            self.post("Slack", self.webhook_url.get_secret_value(), body)
            return
        self._call("chat.postMessage", body | {"channel": self.channel}, "the message")

    def reply(self, payload: Mapping[str, Any], thread: str) -> str:
        """Post below the incident's first message, which then shows the newest state; return where that one is.

        A first message that was deleted, or may not be changed any more, is followed by a new one. A webhook has
        no threads.
        """
        if self.webhook_url is not None:
            self(payload)
            return ""
        message = Message.from_json(payload)
        body = render.slack(message)
        channel, _, stamp = thread.partition(":")
        if stamp and self._update(body | {"channel": channel, "ts": stamp}):
            # What got worse shows in the channel, too: a change of a message, or a reply, notifies few.
            below = {"channel": channel, "thread_ts": stamp, "reply_broadcast": message.event is Event.WORSE}
            self._call("chat.postMessage", body | below, "the message")
            return thread
        posted = self._call("chat.postMessage", body | {"channel": self.channel}, "the message")
        return f"{posted['channel']}:{posted['ts']}"

    def _update(self, body: Mapping[str, Any]) -> bool:
        try:
            self._call("chat.update", body, "the change")
        except RemoteFailed:
            return False
        return True

    def verify(self) -> str:
        """Ask Slack who the token is; whether that one may post to the channel only a message shows."""
        if self.webhook_url is not None:
            return ""
        found = self._call("auth.test", {}, "the token")
        return f"{found.get('user', 'the bot')} of {found.get('team', 'the workspace')}"

    def _call(self, method: str, body: Mapping[str, Any], what: str) -> Mapping[str, Any]:
        """Call Slack's Web API, which answers 200 even when it refuses."""
        if self.token is None:
            raise BadInput("Slack has neither a token nor a webhook.", remedy="Complete the connection.")
        headers = {"Authorization": f"Bearer {self.token.get_secret_value()}"}
        answer = self.post("Slack", f"{self.api_base.rstrip('/')}/{method}", body, headers, expects_json=True)
        if not answer or not answer.get("ok"):
            reason = (answer or {}).get("error", "no reason given")
            raise RemoteFailed(f"Slack refused {what}: {reason}.")
        found: Mapping[str, Any] = answer
        return found


class EmailSender(ChannelSender):
    """Sends mail through a server."""

    to: tuple[str, ...] = Field(min_length=1)
    sender: str
    host: str
    port: int = 0
    """0 means the protocol's own: 465 with implicit TLS, else 25."""
    user: str = ""
    password: SecretStr = NO_SECRET
    starttls: bool = True
    implicit_tls: bool = False
    verified: bool = True
    """Whether the server's certificate must be valid."""
    timeout: float = 30.0
    """Seconds."""

    def __call__(self, payload: Mapping[str, Any]) -> None:
        """Send one mail, as text and HTML."""
        mail = self._write(Message.from_json(payload))
        self._served(lambda server: server.send_message(mail))

    def verify(self) -> str:
        """Log in to the mail server and out again."""
        self._served(lambda server: server.noop())
        return f"{self.host} lets us in; to {', '.join(self.to)}"

    def _served(self, use: Callable[[smtplib.SMTP], Any]) -> None:
        try:
            with self._connect() as server:
                use(server)
        except smtplib.SMTPAuthenticationError as error:
            raise AccessDenied("The mail server refused the login.", remedy="Check the connection.") from error
        except smtplib.SMTPRecipientsRefused as error:
            raise RemoteFailed("The mail server refused every recipient.") from error
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable(f"The mail server did not accept the mail: {type(error).__name__}.") from error

    def _write(self, message: Message) -> EmailMessage:
        subject, text, page = render.email(message)
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = subject, self.sender, ", ".join(self.to)
        mail["X-Parity-Incident"] = message.incident
        mail.set_content(text)
        mail.add_alternative(page, subtype="html")
        return mail

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context() if self.verified else None
        server = (
            smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout, context=context)
            if self.implicit_tls
            else smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        )
        try:
            if self.starttls and not self.implicit_tls:
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server


class WebhookSender(HttpSender):
    """Posts the message as JSON; its address may hold a secret."""

    url: SecretStr
    headers: dict[str, SecretStr] = Field(default_factory=dict)

    def __call__(self, payload: Mapping[str, Any]) -> None:
        """Post one message; any 2xx means delivered."""
        headers = {key: value.get_secret_value() for key, value in self.headers.items()}
        self.post("The webhook", self.url.get_secret_value(), payload, headers)
