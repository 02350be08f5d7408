"""An alert in five lines: what is wrong, where the chain broke first, since when, how much, what next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from parity.alerts.issues import COULD_NOT_COMPARE, LATE, NOT_GREEN
from parity.alerts.lifecycle import SEVERITY_RANK, AlertState, Change, Event
from parity.alerts.outcome import ActivityOutcome, RunOutcome
from parity.alerts.redaction import redact
from parity.suite.models import Severity
from parity.wording import plural

SHOWN = 3
LONGEST = 400
"""Characters of a line; a cloud's own words can be long."""


@dataclass(frozen=True)
class Message:
    """What people read, before it is dressed for a channel."""

    event: Event
    incident: str
    suite: str
    activity: str
    business_date: str
    severity: Severity
    lines: tuple[str, str, str, str, str]
    url: str = ""
    owner: str = ""

    @property
    def title(self) -> str:
        """Return the first line, with what happened to the alert before it."""
        return f"{self.event.upper()}: {self.lines[0]}"

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON for the store and for webhooks."""
        return {
            "version": 1,
            "event": self.event.value,
            "incident": self.incident,
            "suite": self.suite,
            "activity": self.activity,
            "business_date": self.business_date,
            "severity": self.severity.value,
            "title": self.title,
            "lines": list(self.lines),
            "url": self.url,
            "owner": self.owner,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Message:
        """Read it back."""
        what, broke, since, much, following = data["lines"]
        return cls(
            Event(data["event"]),
            data["incident"],
            data["suite"],
            data["activity"],
            data["business_date"],
            Severity(data["severity"]),
            (what, broke, since, much, following),
            data["url"],
            data["owner"],
        )


def message(change: Change, night: RunOutcome) -> Message:
    """Return what to say about one change of one incident."""
    activity = next((a for a in night.activities if a.name == change.states[0].activity), None)
    url = (activity.url if activity else "") or night.url
    write = _recovered if change.event is Event.RECOVERED else _wrong
    what, broke, since, much, following = (_short(line) for line in write(change, night, activity, url))
    return Message(
        event=change.event,
        incident=change.incident,
        suite=night.suite,
        activity=change.states[0].activity,
        business_date=night.business_date.isoformat(),
        severity=_loudest(change.states),
        lines=(what, broke, since, much, following),
        url=url,
        owner=night.owner,
    )


Lines = tuple[str, str, str, str, str]


def _wrong(change: Change, night: RunOutcome, activity: ActivityOutcome | None, url: str) -> Lines:
    states = sorted(change.states, key=lambda state: -state.row_count)
    told = "; ".join(state.what for state in states[:SHOWN])
    more = f"; and {len(states) - SHOWN} more" if len(states) > SHOWN else ""
    return (
        f"{_head(change, night)}: {told}{more}.",
        _broke(states[0], activity, night),
        _since(states, night.business_date),
        _much(states[0], activity, night),
        _next(states[0], url),
    )


def _recovered(change: Change, night: RunOutcome, activity: ActivityOutcome | None, url: str) -> Lines:
    first = min(state.opened_date for state in change.states)
    verdict = activity.verdict if activity else "ended"
    return (
        f"{_head(change, night)}: right again ({verdict}).",
        f"It was: {'; '.join(state.what for state in change.states[:SHOWN])}.",
        f"It was wrong from business date {first} and is right on {night.business_date}.",
        _compared(activity),
        f"Nothing to do. {url}".strip(),
    )


def _head(change: Change, night: RunOutcome) -> str:
    name = change.states[0].activity
    where = f"{night.suite} · {name}" if name else night.suite
    return f"{where} · {night.business_date}"


def _broke(state: AlertState, activity: ActivityOutcome | None, night: RunOutcome) -> str:
    if activity is not None and activity.first_broken:
        return f"Broke first: {redact(activity.first_broken)}"
    if activity is not None and state.cause == COULD_NOT_COMPARE:
        return f"Broke first: {redact(activity.reason)}"
    if state.cause == NOT_GREEN:
        return f"Broke first: {redact(night.beyond)}"
    if state.cause == LATE:
        return "Nothing is known to be broken; the night is only late."
    return "The chain held: both outputs arrived and were compared; the data differ."


def _since(states: Sequence[AlertState], today: date) -> str:
    first = min(state.opened_date for state in states)
    if first == today:
        return f"Since this business date, {today}."
    return f"Since business date {first}, {plural((today - first).days, 'day')} before this one."


def _much(state: AlertState, activity: ActivityOutcome | None, night: RunOutcome) -> str:
    if state.cause == NOT_GREEN and night.activities:
        whole = plural(len(night.activities), "activity", "activities")
        return f"Of {whole} every one was compared and is green; the night as a whole is not."
    if activity is None or state.cause in (COULD_NOT_COMPARE, LATE):
        waiting = [a.name for a in night.activities if a.caused_by and a.caused_by == state.activity]
        held = f"{plural(len(waiting), 'more waits', 'more wait')} for it: {', '.join(waiting[:5])}"
        also = f" {held}." if waiting else ""
        return f"Nothing was compared, so nothing is known.{also}"
    return f"{_compared(activity)}{_money(activity)}"


def _compared(activity: ActivityOutcome | None) -> str:
    if activity is None:
        return "Nothing to count."
    rows = activity.rows
    counted = f"{rows.changed:,} changed, {rows.missing:,} missing, {rows.extra:,} extra"
    return f"Rows: {counted} of {rows.legacy:,} legacy and {rows.target:,} target."


def _money(activity: ActivityOutcome) -> str:
    sums = [
        f"{column.name} {money.absolute:,f} {money.currency} (net {money.net:+,f})"
        for column in activity.columns
        for money in column.money
        if money.absolute
    ]
    more = f" and {len(sums) - SHOWN} more sums" if len(sums) > SHOWN else ""
    return f" Money: {'; '.join(sums[:SHOWN])}{more}." if sums else ""


def _next(state: AlertState, url: str) -> str:
    steps = {
        NOT_GREEN: "Next: repair what broke, then recover the pipeline or clear that task.",
        COULD_NOT_COMPARE: "Next: repair what broke, then clear the activity's tasks.",
        LATE: "Next: see which task still waits.",
    }
    step = steps.get(state.cause, "Next: open the report; fix the job, or add a waiver if this is agreed.")
    return f"{step} {url}".strip()


def _loudest(states: Sequence[AlertState]) -> Severity:
    return max((Severity(state.severity) for state in states), key=lambda severity: SEVERITY_RANK[severity])


def _short(line: str) -> str:
    one = " ".join(line.split())
    return one if len(one) <= LONGEST else f"{one[: LONGEST - 1]}…"
