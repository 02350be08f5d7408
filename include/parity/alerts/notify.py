"""Tell whoever must know, once per change; a channel that fails hides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from parity.alerts.outcome import NightOutcome
from parity.clock import Clock


class AlertStore(Protocol):
    """What alerts need of the results store."""

    def alerts(self, suite: str | None = None) -> Sequence[Mapping[str, Any]]:
        """Return the state of every alert."""

    def save_alerts(self, states: Iterable[Mapping[str, Any]], letters: Iterable[Mapping[str, Any]]) -> None:
        """Write states and letters in one transaction."""

    def unsent(self, suite: str) -> Sequence[Mapping[str, Any]]:
        """Return the letters that have not arrived."""

    def mark_sent(self, letter: str, at: datetime) -> None:
        """Remember that a letter arrived."""


class Sender(Protocol):
    """One channel; raises a ParityError when the message did not arrive."""

    name: str
    """Unique within a suite, such as ``slack:slack_default:#payments``."""

    def __call__(self, letter: Mapping[str, Any]) -> None:
        """Deliver one letter."""


@dataclass(frozen=True)
class Delivery:
    """What became of one letter."""

    channel: str
    event: str
    """new, worse, recovered."""
    incident: str
    error: str = ""
    """Empty when it arrived; it is tried again with the next notify."""


def notify(
    store: AlertStore, outcome: NightOutcome, senders: Sequence[Sender], clock: Clock
) -> tuple[Delivery, ...]:
    """Compare the night with the store, and tell every channel what changed; never raises for a channel."""
    raise NotImplementedError


def notify_late(
    store: AlertStore, suite: str, business_date: date, detail: str, senders: Sequence[Sender], clock: Clock
) -> tuple[Delivery, ...]:
    """Tell that a night is later than its deadline; the night's own outcome resolves it."""
    raise NotImplementedError
