"""Tell whoever must know, once per change; a channel that fails hides nothing.

What changed and the letters about it are written in one transaction before anything is sent, and two runs that
end at the same moment decide one after the other, so that a trouble pages once. A retry, a clear
or a crash in between therefore neither forgets a letter nor invents one: it sends what has not arrived yet. A
letter may arrive twice when the process dies right after sending; PagerDuty's dedup key makes that harmless.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any, Protocol

from parity.alerts.issues import LATE, Issue, find_issues
from parity.alerts.lifecycle import AlertState, Change, RunSnapshot, advance
from parity.alerts.message import message
from parity.alerts.outcome import RunOutcome
from parity.clock import Clock
from parity.compare.result import Verdict
from parity.errors import Transient

TRIES = 3
PATIENCE_SECONDS = 30.0
"""Longest pause between two tries; the next run tries again anyway."""

Rows = Sequence[Mapping[str, Any]]
log = logging.getLogger(__name__)


class AlertStore(Protocol):
    """What alerts need of the results store."""

    def change_alerts(self, suite: str, decide: Callable[[Rows], tuple[Rows, Rows]]) -> None:
        """Write the states and letters that ``decide`` makes of a suite's alerts, alone, in one transaction."""

    def unsent(self, suite: str) -> Sequence[Mapping[str, Any]]:
        """Return the letters that have not arrived."""

    def mark_sent(self, letter: str, at: datetime) -> None:
        """Remember that a letter arrived."""


class Sender(Protocol):
    """One channel; raises a ParityError when the message did not arrive."""

    @property
    def name(self) -> str:
        """Return its name, unique within a suite, such as ``slack:slack_default:#payments``."""

    def __call__(self, letter: Mapping[str, Any]) -> None:
        """Deliver one letter: the JSON of :class:`parity.alerts.message.Message`."""


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
    store: AlertStore, outcome: RunOutcome, senders: Sequence[Sender], clock: Clock
) -> tuple[Delivery, ...]:
    """Compare the night with the store, and tell every channel what changed; never raises for a channel.

    Only the activities in ``outcome`` are judged, so a partial re-run leaves the others' alerts alone, and those
    of the night as a whole.
    """
    night = RunSnapshot(
        outcome.suite,
        outcome.business_date,
        clock.now(),
        find_issues(outcome),
        judged={activity.name for activity in outcome.activities if activity.verdict is not Verdict.INVALID},
        green=outcome.green,
        ended=outcome.run_id,
        recorded={activity.name: activity.recorded for activity in outcome.activities if activity.recorded},
    )
    return _tell(store, night, outcome, senders, clock)


def notify_unstored(outcome: RunOutcome, senders: Sequence[Sender], clock: Clock) -> tuple[Delivery, ...]:
    """Tell every channel what is wrong though the store cannot be asked; nothing of it is remembered."""
    night = RunSnapshot(outcome.suite, outcome.business_date, clock.now(), find_issues(outcome), ())
    _, changes = advance((), night)
    letters = [(sender, _letter(change, outcome, sender.name, night)) for change in changes for sender in senders]
    return tuple(
        Delivery(sender.name, letter["event"], letter["incident"], _deliver(sender, letter["payload"], clock))
        for sender, letter in letters
    )


def notify_late(
    store: AlertStore,
    suite: str,
    business_date: date,
    detail: str,
    senders: Sequence[Sender],
    clock: Clock,
    run_id: str = "",
) -> tuple[Delivery, ...]:
    """Tell that a run is later than its deadline; its own end resolves that, or a later night that is green.

    ``detail`` says how late, such as ``has not ended 2 h after its start``.
    """
    trouble = Issue("", run_id, LATE, detail)
    outcome = RunOutcome(suite, business_date, run_id, (), whole=False)
    return _tell(store, RunSnapshot(suite, business_date, clock.now(), (trouble,), ()), outcome, senders, clock)


def _tell(
    store: AlertStore, night: RunSnapshot, outcome: RunOutcome, senders: Sequence[Sender], clock: Clock
) -> tuple[Delivery, ...]:
    def decide(known: Rows) -> tuple[Rows, Rows]:
        states, changes = advance([_state(row) for row in known], night)
        letters = [_letter(change, outcome, sender.name, night) for change in changes for sender in senders]
        return [asdict(state) for state in states], letters

    store.change_alerts(night.suite, decide)
    return tuple(_send(store, night.suite, senders, clock))


def _state(row: Mapping[str, Any]) -> AlertState:
    return AlertState(**{field.name: row[field.name] for field in fields(AlertState)})


def _letter(change: Change, outcome: RunOutcome, channel: str, night: RunSnapshot) -> dict[str, Any]:
    seed = (change.incident, change.event.value, channel, night.now.isoformat())
    return {
        "id": hashlib.sha256("\x1f".join(seed).encode()).hexdigest(),
        "suite": night.suite,
        "incident": change.incident,
        "channel": channel,
        "event": change.event.value,
        "payload": message(change, outcome).to_json(),
        "created": night.now,
    }


def _send(store: AlertStore, suite: str, senders: Sequence[Sender], clock: Clock) -> Iterable[Delivery]:
    """Send what waits, oldest first; after a failure a channel rests, so that nothing arrives out of order."""
    by_name = {sender.name: sender for sender in senders}
    resting: dict[str, str] = {}
    for letter in store.unsent(suite):
        channel = letter["channel"]
        if channel not in by_name:
            continue
        error = resting.get(channel) or _deliver(by_name[channel], letter["payload"], clock)
        if error:
            resting[channel] = error
            log.error("Alert %s did not reach %s: %s", letter["incident"], channel, error)
        else:
            store.mark_sent(letter["id"], clock.now())
        yield Delivery(channel, letter["event"], letter["incident"], error)


def _deliver(sender: Sender, payload: Mapping[str, Any], clock: Clock) -> str:
    """Return why the letter did not arrive, or an empty string; what may pass by itself is tried again."""
    for attempt in range(1, TRIES + 1):
        try:
            sender(payload)
        except Transient as error:
            if attempt == TRIES:
                return str(error)
            clock.sleep(min(error.retry_after or 2.0**attempt, PATIENCE_SECONDS))
        except Exception as error:  # noqa: BLE001 - one channel's trouble must never hide the others
            return f"{type(error).__name__}: {error}"
        else:
            return ""
    return ""
