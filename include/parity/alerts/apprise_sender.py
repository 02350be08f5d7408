"""Any service that Apprise knows: Microsoft Teams and a hundred others, for messages alone.

Apprise says only whether a message was taken. Why not stands in its log, which also quotes addresses with their
secrets; it is read here for the status of the answer, and goes no further.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pydantic import SecretStr

from parity.alerts import render
from parity.alerts.lifecycle import Event
from parity.alerts.message import Message
from parity.alerts.senders import ChannelSender
from parity.clients.http import Failure, error_for
from parity.errors import BadInput
from parity.suite.models import Severity

KINDS = {Severity.CRITICAL: "failure", Severity.WARNING: "warning", Severity.INFO: "info"}
OWN_CHANNELS = {"pagerduty": "pagerduty", "opsgenie": "opsgenie", "jira": "opsgenie"}
"""Services of Apprise that keep incidents → the channel that closes them.

Apprise closes only what the same machine opened, and reports success where it has nothing to close.
"""
_STATUS = re.compile(r"error=(\d{3})\b")
_records: ContextVar[list[str] | None] = ContextVar("records", default=None)


class AppriseSender(ChannelSender):
    """Writes each message to one service."""

    url: SecretStr
    """Apprise's address of the service, such as ``workflows://HOST/WORKFLOW/SIGNATURE``."""

    def __call__(self, payload: Mapping[str, Any]) -> None:
        """Write one message."""
        message = Message.from_json(payload)
        title, text, _ = render.email(message)
        kind = "success" if message.event is Event.RECOVERED else KINDS[message.severity]
        service = self._service()
        with _kept_out_of_the_log() as records:
            # Markdown would make one line of lines without an empty one between them.
            text = text.replace("\n", "\n\n")
            taken = service.notify(body=text, title=title, notify_type=kind, body_format="text")
        if not taken:
            found = [int(status) for record in records for status in _STATUS.findall(record)]
            status = found[-1] if found else 0
            raise error_for(Failure(status, "" if status else "no answer"), self._name(), "the message")

    def verify(self) -> str:
        """Have Apprise read the address, without a message."""
        self._service()
        return ""

    def _service(self) -> Any:
        """Return Apprise's own service; BadInput when it cannot read the address."""
        apprise = _library()
        if own := OWN_CHANNELS.get(self._schema()):
            raise BadInput("Through Apprise no incident would be closed.", remedy=f"Use an alert `{own}`.")
        with _kept_out_of_the_log():
            service = apprise.Apprise.instantiate(self.url.get_secret_value())
        if service is None:
            remedy = "Write it as https://appriseit.com/services has it."
            raise BadInput("Apprise cannot read the service's address.", remedy=remedy)
        return service

    def _schema(self) -> str:
        return self.url.get_secret_value().partition("://")[0].lower()

    def _name(self) -> str:
        return f"The service {self._schema()} of Apprise"


def _library() -> Any:
    try:
        import apprise
    except ImportError as error:
        remedy = "Install it beside Parity: pip install 'parity[apprise]'."
        raise BadInput("Apprise is not installed.", remedy=remedy) from error
    return apprise


@contextmanager
def _kept_out_of_the_log() -> Iterator[list[str]]:
    """Yield what this thread's Apprise would have logged."""
    logger = logging.getLogger("apprise")
    logger.addFilter(_held_back)  # a second time changes nothing
    records: list[str] = []
    token = _records.set(records)
    try:
        yield records
    finally:
        _records.reset(token)


def _held_back(record: logging.LogRecord) -> bool:
    """Return whether a record of Apprise may be logged, as it may outside our calls."""
    records = _records.get()
    if records is not None:
        records.append(record.getMessage())
    return records is None
