"""What was received, newest last; and the incidents that PagerDuty and Opsgenie would have open."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

KEPT = 2000
Channel = Literal["pagerduty", "opsgenie", "slack", "teams", "webhook", "mail"]
State = Literal["triggered", "acknowledged", "resolved"]
AFTER: Mapping[str, State] = {"trigger": "triggered", "acknowledge": "acknowledged", "resolve": "resolved"}
"""The state of an incident after each event action."""


@dataclass(frozen=True)
class Message:
    """One thing that was received."""

    id: int
    channel: Channel
    to: str
    """Routing key, channel, path or mail address."""
    summary: str
    body: Any
    """The JSON as it came; of a mail its headers and text."""
    at: str


@dataclass
class Incident:
    """One alert of PagerDuty or Opsgenie, by its deduplication key or alias."""

    dedup_key: str
    state: State
    summary: str
    severity: str
    opened: str
    events: int = 1
    resolved: str = ""


@dataclass
class Inbox:
    """Thread-safe."""

    messages: deque[Message] = field(default_factory=lambda: deque(maxlen=KEPT))
    incidents: dict[str, Incident] = field(default_factory=dict)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, channel: Channel, to: str, summary: str, body: Any) -> Message:
        """Keep a message."""
        with self._lock:
            message = Message(next(self._ids), channel, to, summary, body, _now())
            self.messages.append(message)
        return message

    def event(self, action: str, dedup_key: str, payload: Mapping[str, Any]) -> None:
        """Move the incident of ``dedup_key``; what is not open is neither acknowledged nor resolved."""
        with self._lock:
            incident = self.incidents.get(dedup_key)
            is_open = incident is not None and incident.state != "resolved"
            if incident is not None and is_open:
                self._move(incident, action, payload)
            elif action == "trigger":
                summary, severity = str(payload["summary"]), str(payload["severity"])
                self.incidents[dedup_key] = Incident(dedup_key, "triggered", summary, severity, _now())

    @staticmethod
    def _move(incident: Incident, action: str, payload: Mapping[str, Any]) -> None:
        incident.events += 1
        if action == "trigger":  # a repeated trigger adds an event to the incident, acknowledged or not
            incident.summary, incident.severity = str(payload["summary"]), str(payload["severity"])
            return
        incident.state = AFTER[action]
        incident.resolved = _now() if action == "resolve" else ""

    def read(self, channel: str = "", since: int = 0) -> dict[str, Any]:
        """Return messages of ``channel`` (empty means any) with an id above ``since``, and all incidents."""
        with self._lock:
            chosen = [one for one in self.messages if one.id > since and channel in ("", one.channel)]
            incidents = [asdict(one) for one in self.incidents.values()]
        return {"messages": [asdict(one) for one in chosen], "incidents": incidents}

    def clear(self) -> None:
        """Forget messages and incidents."""
        with self._lock:
            self.messages.clear()
            self.incidents.clear()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
