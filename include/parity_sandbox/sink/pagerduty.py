"""What PagerDuty's Events API, version 2, accepts: findings about one event. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

ACTIONS = ("trigger", "acknowledge", "resolve")
SEVERITIES = ("critical", "warning", "error", "info")
REQUIRED = ("summary", "source", "severity")
LONGEST_SUMMARY = 1024
LONGEST_KEY = 255
ROUTING_KEY = 32
LARGEST = 512 * 1024


def findings(event: Any) -> Iterator[str]:
    """Yield what is wrong with an event, in PagerDuty's manner."""
    if not isinstance(event, Mapping):
        yield "Event object is invalid"
        return
    yield from _routing_key(event.get("routing_key"))
    action = event.get("event_action")
    if action not in ACTIONS:
        yield f"'event_action' is invalid (must be one of the following: {', '.join(ACTIONS)})"
    yield from _dedup_key(action, event.get("dedup_key"))
    if action == "trigger":
        yield from _payload(event.get("payload"))


def _routing_key(key: Any) -> Iterator[str]:
    if not key:
        yield "'routing_key' is missing or blank"
    elif not isinstance(key, str) or len(key) != ROUTING_KEY:
        yield f"'routing_key' is invalid (must be a string of {ROUTING_KEY} characters)"


def _dedup_key(action: Any, key: Any) -> Iterator[str]:
    if action in {"acknowledge", "resolve"} and not key:
        yield "'dedup_key' is missing or blank"
    elif key is not None and (not isinstance(key, str) or len(key) > LONGEST_KEY):
        yield f"'dedup_key' is invalid (must be a string of at most {LONGEST_KEY} characters)"


def _payload(payload: Any) -> Iterator[str]:
    if not isinstance(payload, Mapping):
        yield "'payload' is missing or blank"
        return
    for name in REQUIRED:
        if not payload.get(name):
            yield f"'payload.{name}' is missing or blank"
    if len(str(payload.get("summary", ""))) > LONGEST_SUMMARY:
        yield f"'payload.summary' is too long (maximum is {LONGEST_SUMMARY} characters)"
    if payload.get("severity") and payload["severity"] not in SEVERITIES:
        yield f"'payload.severity' is invalid (must be one of the following: {', '.join(SEVERITIES)})"
