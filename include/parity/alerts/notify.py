"""Alerting, once per change, through an outbox in the results store.

The changes and the outbox entries about them are written in one transaction before anything is sent, and two runs
that end at the same moment do so one after the other, so that an issue pages once. A retry, a clear or a crash in
between therefore neither loses an entry nor adds one: it sends what has not been sent yet. An entry may be sent
twice when the process dies right after sending; PagerDuty's dedup key makes that harmless.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Protocol, runtime_checkable

from parity.alerts.issues import AWAITED, LATE, NOT_GREEN, NOT_IN_PLACE, Issue, find_issues
from parity.alerts.lifecycle import AlertState, Change, RunSnapshot, advance
from parity.alerts.message import message
from parity.alerts.outcome import RunOutcome
from parity.clock import Clock
from parity.compare.result import Verdict
from parity.errors import Transient
from parity.suite.models import Severity

TRIES = 3
PATIENCE_SECONDS = 30.0
"""Longest pause between two tries; the next run tries again anyway."""

Rows = Sequence[Mapping[str, Any]]
log = logging.getLogger(__name__)


class AlertStore(Protocol):
    """What alerts need of the results store."""

    def change_alerts(self, suite: str, decide: Callable[[Rows], tuple[Rows, Rows]]) -> None:
        """Write the states and outbox entries that ``decide`` returns, in one exclusive transaction."""

    def unsent(self, suite: str) -> Sequence[Mapping[str, Any]]:
        """Return the outbox entries that have not been sent."""

    def thread(self, suite: str, channel: str, incident: str) -> str:
        """Return where the newest thread about an incident is at a channel; empty when there is none."""

    def mark_sent(self, entry: str, at: datetime, thread: str = "") -> None:
        """Mark an outbox entry as sent, to a thread of its channel."""


class Sender(Protocol):
    """One channel; raises a ParityError when the message did not arrive."""

    @property
    def name(self) -> str:
        """Return its name, unique within a suite, such as ``slack:slack_default:#payments``."""

    def __call__(self, payload: Mapping[str, Any]) -> None:
        """Deliver the JSON of one :class:`parity.alerts.message.Message`."""


@runtime_checkable
class ThreadSender(Protocol):
    """A channel that keeps the messages about an incident together."""

    def reply(self, payload: Mapping[str, Any], thread: str) -> str:
        """Deliver a message to a thread, or to a new one where it is empty; return where the thread is."""


@dataclass(frozen=True)
class Delivery:
    """How the delivery of one outbox entry ended."""

    channel: str
    event: str
    """new, worse, recovered."""
    incident: str
    error: str = ""
    """Empty when it was delivered; otherwise the next notify retries it."""


def notify(
    store: AlertStore, outcome: RunOutcome, senders: Sequence[Sender], clock: Clock
) -> tuple[Delivery, ...]:
    """Compare the run with the stored alerts and notify every channel of changes; never raises for a channel.

    Only the activities in ``outcome`` count, so a partial re-run leaves the others' alerts alone, and those of the
    run as a whole.
    """
    run = RunSnapshot(
        outcome.suite,
        outcome.business_date,
        clock.now(),
        find_issues(outcome),
        compared={activity.name for activity in outcome.activities if activity.verdict is not Verdict.INVALID},
        green=outcome.green,
        complete=outcome.green,
        ended=outcome.run_id,
        recorded={activity.name: activity.recorded for activity in outcome.activities if activity.recorded},
    )
    return _send_changes(store, run, outcome, senders, clock)


def notify_unstored(outcome: RunOutcome, senders: Sequence[Sender], clock: Clock) -> tuple[Delivery, ...]:
    """Notify every channel of what is wrong when the store is unavailable; nothing is stored."""
    run = RunSnapshot(outcome.suite, outcome.business_date, clock.now(), find_issues(outcome), ())
    _, changes = advance((), run)
    entries = [(sender, _entry(change, outcome, sender.name, run)) for change in changes for sender in senders]
    return tuple(
        Delivery(sender.name, entry["event"], entry["incident"], _deliver(sender, entry["payload"], clock))
        for sender, entry in entries
    )


def notify_setup(
    store: AlertStore, outcome: RunOutcome, senders: Sequence[Sender], clock: Clock
) -> tuple[Delivery, ...]:
    """Report what of a run's needs is not in place; the ``activities`` of the outcome are the places."""
    places = outcome.activities
    issues = [
        Issue(place.name, "", NOT_IN_PLACE, "not everything is in place", place.severity)
        for place in places
        if not place.verdict.green
    ]
    if outcome.run_issue:
        issues.append(Issue("", "", NOT_GREEN, "could not be looked at"))
    run = RunSnapshot(
        outcome.suite,
        outcome.business_date,
        clock.now(),
        tuple(issues),
        compared={place.name for place in places},
        green=not outcome.run_issue,
        ended=outcome.run_id,
    )
    return _send_changes(store, run, outcome, senders, clock)


def notify_late(
    store: AlertStore,
    suite: str,
    business_date: date,
    detail: str,
    senders: Sequence[Sender],
    clock: Clock,
    run_id: str = "",
) -> tuple[Delivery, ...]:
    """Report that a run is past its deadline; its own end resolves that, or a later run that is green.

    ``detail`` says how late, such as ``has not ended 2 h after its start``.
    """
    issue = Issue("", run_id, LATE, detail)
    outcome = RunOutcome(suite, business_date, run_id, (), whole=False)
    return _send_changes(
        store, RunSnapshot(suite, business_date, clock.now(), (issue,), ()), outcome, senders, clock
    )


def notify_awaited(
    store: AlertStore, outcome: RunOutcome, senders: Sequence[Sender], clock: Clock, detail: str
) -> tuple[Delivery, ...]:
    """Report that people's answer is awaited; each ``detail`` is reported once, and an empty one ends all."""
    issues = (Issue("", detail, AWAITED, detail, Severity.WARNING),) if detail else ()
    run = RunSnapshot(outcome.suite, outcome.business_date, clock.now(), issues, (), green=not detail)
    return _send_changes(store, run, outcome, senders, clock)


def _send_changes(
    store: AlertStore, run: RunSnapshot, outcome: RunOutcome, senders: Sequence[Sender], clock: Clock
) -> tuple[Delivery, ...]:
    def decide(stored: Rows) -> tuple[Rows, Rows]:
        states, changes = advance([AlertState(**row) for row in stored], run)
        entries = [_entry(change, outcome, sender.name, run) for change in changes for sender in senders]
        return [asdict(state) for state in states], entries

    store.change_alerts(run.suite, decide)
    return tuple(_send(store, run.suite, senders, clock))


def _entry(change: Change, outcome: RunOutcome, channel: str, run: RunSnapshot) -> dict[str, Any]:
    seed = (change.incident, change.event.value, channel, run.now.isoformat())
    return {
        "id": hashlib.sha256("\x1f".join(seed).encode()).hexdigest(),
        "suite": run.suite,
        "incident": change.incident,
        "channel": channel,
        "event": change.event.value,
        "payload": message(change, outcome).to_json(),
        "created": run.now,
    }


def _send(store: AlertStore, suite: str, senders: Sequence[Sender], clock: Clock) -> Iterable[Delivery]:
    """Send the unsent entries, oldest first; a channel that failed is skipped, to keep its messages in order."""
    by_name = {sender.name: sender for sender in senders}
    failed: dict[str, str] = {}
    for entry in store.unsent(suite):
        channel = entry["channel"]
        if channel not in by_name:
            continue
        send = _Post(by_name[channel], store.thread(suite, channel, entry["incident"]))
        error = failed.get(channel) or _deliver(send, entry["payload"], clock)
        if error:
            failed[channel] = error
            log.error("Alert %s did not reach %s: %s", entry["incident"], channel, error)
        else:
            store.mark_sent(entry["id"], clock.now(), send.thread)
        yield Delivery(channel, entry["event"], entry["incident"], error)


@dataclass
class _Post:
    """Delivers a message to the thread of its incident, where the channel has threads."""

    sender: Sender
    thread: str

    def __call__(self, payload: Mapping[str, Any]) -> None:
        if isinstance(self.sender, ThreadSender):
            self.thread = self.sender.reply(payload, self.thread)
        else:
            self.sender(payload)


def _deliver(sender: Callable[[Mapping[str, Any]], None], payload: Mapping[str, Any], clock: Clock) -> str:
    """Return why the message was not delivered, or an empty string; transient errors are retried."""
    for attempt in range(1, TRIES + 1):
        try:
            sender(payload)
        except Transient as error:
            if attempt == TRIES:
                return str(error)
            clock.sleep(min(error.retry_after or 2.0**attempt, PATIENCE_SECONDS))
        except Exception as error:  # noqa: BLE001 - one channel's error must never hide the others
            return f"{type(error).__name__}: {error}"
        else:
            return ""
    return ""
