"""Whether alerts would arrive: each channel's settings, its login, and on request a test message."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from parity.alerts.lifecycle import Event
from parity.alerts.message import Message
from parity.alerts.notify import Sender
from parity.doctor.checks import Check
from parity.doctor.line import Finding, differs, ok
from parity.errors import BadInput, ParityError
from parity.suite.models import Severity

UNTRIED = "not tried: only a message shows it (--send-test-alert)"


def channel_check(
    place: str, name: str, open_sender: Callable[[], Sender], needed: tuple[str, ...], *, send: bool
) -> Check:
    """Return the check of one channel; with ``send`` it gets a message, and what it opened is resolved."""

    def ask() -> Iterator[Finding]:
        sender = open_sender()
        if send:
            yield _tried(name, sender, needed)
        else:
            yield _looked_at(name, sender)

    return Check(place, "channel", name, ask, needed_by=needed)


def _looked_at(name: str, sender: Sender) -> Finding:
    verify: Callable[[], str] | None = getattr(sender, "verify", None)
    try:
        said = verify() if verify else ""
    except BadInput:
        raise
    except ParityError as error:
        return differs("channel", name, error.message, error.remedy)
    return ok("channel", name, said or UNTRIED)


def _tried(name: str, sender: Sender, subjects: tuple[str, ...]) -> Finding:
    sent = _test(subjects)
    try:
        for message in sent:
            sender(message.to_json())
    except ParityError as error:
        return differs("channel", name, f"The test did not arrive: {error.message}", error.remedy)
    return ok("channel", name, "a test was sent, and resolved")


def _test(subjects: tuple[str, ...]) -> tuple[Message, Message]:
    """Return a message and the one that resolves it."""
    now, who = datetime.now(UTC), ", ".join(subjects)
    made = Message(
        event=Event.NEW,
        incident=f"parity-doctor-{secrets.token_hex(6)}",
        suite=who,
        activity="",
        business_date=now.date().isoformat(),
        severity=Severity.INFO,
        lines=(
            f"TEST of the alerts of {who}: nothing is wrong.",
            "Nothing failed.",
            f"Sent by parity doctor at {now:%Y-%m-%d %H:%M} UTC.",
            "Nothing was compared.",
            "Next: nothing to do; alerts reach this channel.",
        ),
    )
    resolved = (f"TEST of the alerts of {who} is over.", *made.lines[1:])
    return made, Message(
        Event.RECOVERED,
        made.incident,
        who,
        "",
        made.business_date,
        made.severity,
        resolved,
    )
