"""One message, rendered for each channel. Text is escaped; nothing is sent here."""

from __future__ import annotations

import html
from typing import Any

from parity.alerts.lifecycle import Event
from parity.alerts.message import Message
from parity.suite.models import Severity

LABELS = ("What", "Where", "Since", "How much", "Next")
SIGNS = {Event.NEW: "🔴", Event.WORSE: "🔺", Event.RECOVERED: "🟢"}
SUMMARY = 1024
"""Characters that PagerDuty takes as a summary."""
OPSGENIE_MESSAGE, OPSGENIE_DESCRIPTION, OPSGENIE_NOTE = 130, 15_000, 25_000
"""Characters that Opsgenie takes as a message, a description and a note."""
PRIORITIES = {Severity.CRITICAL: "P1", Severity.WARNING: "P3", Severity.INFO: "P5"}


def pagerduty(message: Message, routing_key: str) -> dict[str, Any]:
    """Return an event of PagerDuty's Events API v2; a recovery resolves the incident."""
    event: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": "resolve" if message.event is Event.RECOVERED else "trigger",
        "dedup_key": message.incident,
    }
    if message.event is Event.RECOVERED:
        return event
    links = [{"href": message.url, "text": "Open the run"}] if message.url else []
    return {**event, "payload": _payload(message), "links": links, "client": "Parity"}


def opsgenie(message: Message) -> dict[str, Any]:
    """Return an alert as Opsgenie and Jira Service Management take it; one alias is one alert."""
    return {
        "message": message.title[:OPSGENIE_MESSAGE],
        "alias": opsgenie_alias(message),
        "description": _text(message)[:OPSGENIE_DESCRIPTION],
        "priority": PRIORITIES[message.severity],
        "source": "Parity",
        "entity": f"{message.suite}/{message.activity}".rstrip("/"),
        "tags": ["parity", message.suite],
        "details": {"Business date": message.business_date, "Owner": message.owner, "Run": message.url},
    }


def opsgenie_note(message: Message) -> dict[str, Any]:
    """Return the note that an open alert gets, or is closed with."""
    return {"source": "Parity", "note": f"{message.title}\n{_text(message)}"[:OPSGENIE_NOTE]}


def opsgenie_alias(message: Message) -> str:
    """Return what stands for the incident in a path: a slash there may not survive, even encoded."""
    return message.incident.replace("/", ":")


def slack(message: Message) -> dict[str, Any]:
    """Return ``text`` (for notifications) and ``blocks`` of a Slack message, without its channel."""
    escaped = (html.escape(line, quote=False) for line in message.lines)
    lines = "\n".join(f"*{label}*  {line}" for label, line in zip(LABELS, escaped, strict=True))
    heading = f"{SIGNS[message.event]} {message.event.value.capitalize()}: {_where(message)}"
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": heading[:150], "emoji": True}},
        {"type": "section", "text": {"type": "mrkdwn", "text": lines[:3000]}},
    ]
    if message.url.startswith(("http://", "https://")):
        button = {"type": "button", "text": {"type": "plain_text", "text": "Open"}, "url": message.url}
        blocks.append({"type": "actions", "elements": [button]})
    return {"text": f"{SIGNS[message.event]} {html.escape(message.title, quote=False)}", "blocks": blocks}


def email(message: Message) -> tuple[str, str, str]:
    """Return subject, text and HTML of a mail."""
    subject = f"[Parity] {message.event.value}: {_where(message)} ({message.severity})"
    rows = "".join(
        f'<tr><th align="left" valign="top">{label}</th><td>{html.escape(line)}</td></tr>'
        for label, line in zip(LABELS, message.lines, strict=True)
    )
    link = f'<p><a href="{html.escape(message.url)}">Open</a></p>' if message.url else ""
    return " ".join(subject.split()), _text(message), f"<table>{rows}</table>{link}"


def _text(message: Message) -> str:
    return "".join(f"{label}: {line}\n" for label, line in zip(LABELS, message.lines, strict=True))


def _payload(message: Message) -> dict[str, Any]:
    return {
        "summary": message.title[:SUMMARY],
        "source": f"parity/{message.suite}",
        "severity": message.severity.value,
        "component": message.activity or message.suite,
        "group": message.suite,
        "class": message.event.value,
        "custom_details": {
            **dict(zip(LABELS, message.lines, strict=True)),
            "Business date": message.business_date,
            "Owner": message.owner,
        },
    }


def _where(message: Message) -> str:
    name = f"{message.suite} · {message.activity}" if message.activity else message.suite
    return f"{name} · {message.business_date}"
