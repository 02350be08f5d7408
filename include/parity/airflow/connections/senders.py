"""From a suite's alerts and Airflow's connections to senders."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from parity.airflow.connections.extras import Connection, Extras
from parity.errors import BadInput
from parity.suite.models import AlertTarget

if TYPE_CHECKING:
    from parity.alerts.notify import Sender


@dataclass(frozen=True)
class RefusedSender:
    """A channel whose connection cannot be used: each message fails with the reason, and other channels go on."""

    name: str
    reason: BadInput

    def __call__(self, payload: Mapping[str, Any]) -> None:
        """Raise the reason."""
        raise self.reason


def sender(target: AlertTarget, connection: Connection | BadInput) -> Sender:
    """Return what delivers to one channel, or why nothing can be delivered there, such as a missing connection."""
    kind = target.kind
    channel = f":{target.slack.channel}" if target.slack else ""
    name = f"{kind}:{getattr(target, kind).connection}{channel}"
    if isinstance(connection, BadInput):
        return RefusedSender(name, connection)
    try:
        return _KINDS[kind](name, target, connection)
    except BadInput as error:
        return RefusedSender(name, error)
    except ValueError:
        # Its text may quote the value, and that may be a secret.
        wrong = f"Connection {connection.conn_id!r} has an extra of the wrong kind."
        return RefusedSender(name, BadInput(wrong, remedy="A timeout is a whole number of seconds."))


def _pagerduty(name: str, _: AlertTarget, connection: Connection) -> Sender:
    from parity.alerts.senders import PagerDutySender

    key = connection.password or connection.extra_dejson.get("integration_key") or ""
    address = {"events_url": f"{_base_url(connection)}/v2/enqueue"} if connection.host else {}
    return PagerDutySender(name=name, routing_key=SecretStr(key), **address)


def _slack(name: str, target: AlertTarget, connection: Connection) -> Sender:
    from airflow.providers.slack.utils import ConnectionExtraConfig

    from parity.alerts.senders import SlackSender

    extra = ConnectionExtraConfig(connection.conn_type, connection.conn_id, connection.extra_dejson)
    given = {"name": name, "proxy": extra.get("proxy", None), "timeout": extra.getint("timeout", None)}
    if connection.conn_type == "slackwebhook":
        given["webhook_url"] = _slack_webhook(connection)
    else:
        channel = target.slack.channel if target.slack else ""
        base_url = _slack_api(connection, extra.get("base_url", None))
        given |= {"channel": channel, "token": connection.password, "api_base": base_url}
    return SlackSender(**{name: value for name, value in given.items() if value})


def _slack_api(connection: Connection, base_url: str | None) -> str | None:
    if connection.host and not base_url:
        raise Extras(connection).refused(
            "Host", "is ignored by the provider, which calls slack.com", "Write the address as the extra base_url."
        )
    return base_url


def _slack_webhook(connection: Connection) -> str:
    """Return the whole address: the password may be one, or is what follows the host."""
    path = str(connection.password or "").strip()
    if not path:
        raise Extras(connection).refused("Password", "is empty", "Put the webhook's address there, or its path.")
    if "://" in path:
        return path
    host = connection.host or "hooks.slack.com/services"
    base = host if "://" in host else f"{connection.schema or 'https'}://{host}"
    return f"{base.rstrip('/')}/{path.lstrip('/')}"


def _email(name: str, target: AlertTarget, connection: Connection) -> Sender:
    """Return what mails through a server as ``SmtpHook`` does, with implicit TLS where it is not disabled."""
    from parity.alerts.senders import EmailSender

    extra = connection.extra_dejson
    _refuse_unusable_mail(Extras(connection))
    return EmailSender(
        name=name,
        to=target.email.to if target.email else (),
        sender=extra.get("from_email") or connection.login or "parity@localhost",
        host=connection.host,
        port=connection.port or 0,
        # The hook does not log in with one of them alone.
        user=(connection.password and connection.login) or "",
        password=SecretStr(connection.password or ""),
        starttls=not extra.get("disable_tls"),
        implicit_tls=not extra.get("disable_ssl"),
        verified=extra.get("ssl_context") != "none",
        timeout=float(extra.get("timeout", 30)),
    )


def _refuse_unusable_mail(extras: Extras) -> None:
    extra = extras.connection.extra_dejson
    if not extras.connection.host:
        raise extras.refused("Host", "is empty", "Put the mail server's address there.")
    if extra.get("auth_type") == "oauth2":
        raise extras.refused("auth_type", "oauth2 is not supported", "Use a login and a password.")
    if extra.get("ssl_context") not in (None, "default", "none"):
        raise extras.refused("ssl_context", "is unknown", "Known: default, none.")
    if not str(extra.get("timeout", 30)).isdecimal():
        raise extras.refused("timeout", "is no number of seconds", "Write a whole number.")


HTTP_OPTIONS = (
    *("allow_redirects", "cert", "check_response", "max_redirects", "proxies", "proxy", "srv_lookup"),
    *("stream", "timeout", "trust_env", "verify", "verify_ssl"),
)
"""Extras of an HTTP connection that are no headers."""


def _webhook(name: str, _: AlertTarget, connection: Connection) -> Sender:
    from parity.alerts.senders import WebhookSender

    headers = {str(name): SecretStr(str(value)) for name, value in connection.extra_dejson.items()}
    for option in headers.keys() & HTTP_OPTIONS:
        raise Extras(connection).refused(option, "is not supported for a webhook", "Remove it.")
    if connection.login:
        pair = f"{connection.login}:{connection.password or ''}".encode()
        headers["Authorization"] = SecretStr(f"Basic {b64encode(pair).decode()}")
    elif connection.password:
        headers.setdefault("Authorization", SecretStr(f"Bearer {connection.password}"))
    path = f"/{connection.schema.lstrip('/')}" if connection.schema and "://" in (connection.host or "") else ""
    url = SecretStr(f"{_base_url(connection)}{path}")
    return WebhookSender(name=name, url=url, headers=headers)


def _opsgenie(name: str, _: AlertTarget, connection: Connection) -> Sender:
    from parity.alerts.senders import OpsgenieSender

    if not connection.password:
        raise Extras(connection).refused("Password", "is empty", "Put the key of an API integration there.")
    address = {"api_base": _base_url(connection)} if connection.host else {}
    return OpsgenieSender(name=name, key=SecretStr(connection.password), **address)


def _apprise(name: str, _: AlertTarget, connection: Connection) -> Sender:
    """Return what writes to the address that ``AppriseHook`` reads: ``config``, as JSON or as its text."""
    from parity.alerts.apprise_sender import AppriseSender

    extras = Extras(connection)
    services = _services(extras.get("config"))
    if len(services) > 1:
        # A second try after one of several has failed would write to the others twice.
        raise extras.refused("config", "has several services", "Give each a connection and an alert of its own.")
    path = services[0].get("path") if services and isinstance(services[0], dict) else None
    if not path:
        raise extras.refused("config", "has no path", 'Write {"path": "workflows://…"} there.')
    return AppriseSender(name=name, url=SecretStr(str(path)))


def _services(config: Any) -> list[Any]:
    if isinstance(config, str):
        with suppress(ValueError):
            config = json.loads(config)
    return config if isinstance(config, list) else [config]


def _base_url(connection: Connection) -> str:
    """Return the address that a connection's host, schema and port mean."""
    host = (connection.host or "").rstrip("/")
    base = host if "://" in host else f"{connection.schema or 'https'}://{host}"
    return f"{base}:{connection.port}" if connection.port else base


_KINDS: Mapping[str, Callable[[str, AlertTarget, Connection], Sender]] = {
    "pagerduty": _pagerduty,
    "slack": _slack,
    "email": _email,
    "webhook": _webhook,
    "opsgenie": _opsgenie,
    "apprise": _apprise,
}
