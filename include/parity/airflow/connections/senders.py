"""From a suite's alerts and Airflow's connections to senders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import SecretStr

from parity.airflow.connections.clients import Connection, base_url
from parity.suite.models import AlertTarget

if TYPE_CHECKING:
    from parity.alerts.notify import Sender


def sender(target: AlertTarget, connection: Connection) -> Sender:
    """Return what delivers to one channel; the connection's host stands in for the service's own address."""
    if target.pagerduty:
        return _pagerduty(connection)
    if target.slack:
        return _slack(target.slack.channel, connection)
    if target.email:
        return _email(target.email.to, connection)
    return _webhook(connection)


def _pagerduty(connection: Connection) -> Sender:
    from parity.alerts.senders import PagerDutySender

    key = connection.extra_dejson.get("integration_key") or connection.password or ""
    address = {"events_url": f"{base_url(connection)}/v2/enqueue"} if connection.host else {}
    name = f"pagerduty:{connection.conn_id}"
    return PagerDutySender(name=name, routing_key=SecretStr(key), **address)


def _slack(channel: str, connection: Connection) -> Sender:
    from parity.alerts.senders import SlackSender

    secret = SecretStr(connection.password or "")
    name = f"slack:{connection.conn_id}:{channel}"
    if connection.conn_type == "slackwebhook":
        url = SecretStr(f"{base_url(connection)}/{secret.get_secret_value().lstrip('/')}")
        return SlackSender(name=name, channel=channel, webhook_url=url)
    base = connection.extra_dejson.get("base_url") or (f"{base_url(connection)}/api" if connection.host else "")
    address = {"api_base": base} if base else {}
    return SlackSender(name=name, channel=channel, token=secret, **address)


def _email(to: tuple[str, ...], connection: Connection) -> Sender:
    from parity.alerts.senders import EmailSender

    extra = connection.extra_dejson
    return EmailSender(
        name=f"email:{connection.conn_id}",
        to=to,
        sender=extra.get("from_email") or connection.login or "parity@localhost",
        host=connection.host or "localhost",
        port=connection.port or 587,
        user=connection.login or "",
        password=SecretStr(connection.password or ""),
        starttls=not extra.get("disable_tls", False),
        ssl=not extra.get("disable_ssl", True),
    )


def _webhook(connection: Connection) -> Sender:
    from parity.alerts.senders import WebhookSender

    headers = {str(name): SecretStr(str(value)) for name, value in connection.extra_dejson.items()}
    if connection.password:
        headers.setdefault("Authorization", SecretStr(f"Bearer {connection.password}"))
    path = f"/{connection.schema.lstrip('/')}" if connection.schema and "://" in (connection.host or "") else ""
    url = SecretStr(f"{base_url(connection)}{path}")
    return WebhookSender(name=f"webhook:{connection.conn_id}", url=url, headers=headers)
