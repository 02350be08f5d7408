"""Where alerts go: PagerDuty, Opsgenie, Slack, Teams, webhooks and mail, received, checked and shown."""

from __future__ import annotations

from starlette.types import ASGIApp

from parity_sandbox.context import Context
from parity_sandbox.sink.inbox import Inbox
from parity_sandbox.sink.mail import open_mailbox
from parity_sandbox.sink.routes import Sink


def create_app(context: Context) -> ASGIApp:
    """Return the app, and take mail at the port that it enters as ``smtp``."""
    inbox = Inbox()
    context.endpoints.smtp = open_mailbox(context.state, inbox)
    return Sink(inbox).app()
