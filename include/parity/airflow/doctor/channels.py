"""The channels of alerts, as checks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from parity.airflow.connections.senders import RefusedSender, sender
from parity.airflow.doctor.connected import Connected, place
from parity.airflow.notifications import connection_id
from parity.airflow.step.results import Subject
from parity.doctor.alerting import channel_check
from parity.doctor.checks import Check
from parity.suite.models import AlertTarget

if TYPE_CHECKING:
    from parity.alerts.notify import Sender

NAMES = {"pagerduty": "PagerDuty", "webhook": "webhook", "opsgenie": "Opsgenie", "apprise": "Apprise"}


def alert_checks(subject: Subject, connected: Connected, *, send: bool) -> Iterator[Check]:
    """Yield a check of each channel of a suite or database; with ``send`` each gets a message that says TEST."""
    for target in subject.alerts:
        conn_id = connection_id(target)
        where, needed = place("Alerts", conn_id), (subject.key,)
        yield connected.check("Alerts", conn_id, lambda _: None, needed)
        open_sender = connected.opener(conn_id, partial(_opened, target))
        yield channel_check(where, channel_name(target), open_sender, needed, send=send)


def channel_name(target: AlertTarget) -> str:
    """Return what people call a channel."""
    if target.slack:
        return f"Slack {target.slack.channel}"
    if target.email:
        return f"mail to {', '.join(target.email.to)}"
    return NAMES[target.kind]


def _opened(target: AlertTarget, connection: Any) -> Sender:
    found = sender(target, connection)
    if isinstance(found, RefusedSender):
        raise found.reason
    return found
