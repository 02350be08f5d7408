"""An alert in five lines: what is wrong, what failed first, since when, how much, what to do next."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import TypeAdapter

from parity.alerts.issues import AWAITED, COULD_NOT_COMPARE, LATE, NOT_GREEN, NOT_IN_PLACE
from parity.alerts.lifecycle import SEVERITY_RANK, AlertState, Change, Event
from parity.alerts.outcome import ActivityOutcome, RunOutcome
from parity.suite.models import Severity
from parity.wording import plural

SHOWN = 3
LONGEST = 400
"""Characters of a line; a cloud's own words can be long."""
HIDDEN = "•••"
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")


@dataclass(frozen=True)
class Message:
    """An alert, before it is rendered for a channel."""

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
        """Return the first line, after the event."""
        return f"{self.event.upper()}: {self.lines[0]}"

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON for the store and for webhooks."""
        return {"version": 1, "title": self.title, **_ADAPTER.dump_python(self, mode="json")}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Message:
        """Read it back."""
        return _ADAPTER.validate_python(data)


_ADAPTER = TypeAdapter(Message)


def message(change: Change, outcome: RunOutcome) -> Message:
    """Return the message about one change of one incident."""
    activity = next((a for a in outcome.activities if a.name == change.states[0].activity), None)
    url = (activity.url if activity else "") or outcome.url
    write = _recovered if change.event is Event.RECOVERED else _wrong
    what, failure, since, amount, next_step = (_short(line) for line in write(change, outcome, activity, url))
    return Message(
        event=change.event,
        incident=change.incident,
        suite=outcome.suite,
        activity=change.states[0].activity,
        business_date=outcome.business_date.isoformat(),
        severity=_most_severe(change.states),
        lines=(what, failure, since, amount, next_step),
        url=url,
        owner=outcome.owner,
    )


Lines = tuple[str, str, str, str, str]


def _wrong(change: Change, outcome: RunOutcome, activity: ActivityOutcome | None, url: str) -> Lines:
    states = sorted(change.states, key=lambda state: -state.row_count)
    shown = "; ".join(state.what for state in states[:SHOWN])
    more = f"; and {len(states) - SHOWN} more" if len(states) > SHOWN else ""
    return (
        f"{_head(change, outcome)}: {shown}{more}.",
        _failure(states[0], activity, outcome),
        _since(states, outcome.business_date),
        _amount(states[0], activity, outcome),
        _next(states[0], url),
    )


def _recovered(change: Change, outcome: RunOutcome, activity: ActivityOutcome | None, url: str) -> Lines:
    first = min(state.opened_date for state in change.states)
    verdict = activity.verdict if activity else "ended"
    return (
        f"{_head(change, outcome)}: recovered ({verdict}).",
        f"It was: {'; '.join(state.what for state in change.states[:SHOWN])}.",
        f"It was wrong from business date {first} and is right on {outcome.business_date}.",
        _compared(activity),
        f"Nothing to do. {url}".strip(),
    )


def _head(change: Change, outcome: RunOutcome) -> str:
    name = change.states[0].activity
    where = f"{outcome.suite} · {name}" if name else outcome.suite
    return f"{where} · {outcome.business_date}"


def _failure(state: AlertState, activity: ActivityOutcome | None, outcome: RunOutcome) -> str:
    if activity is not None and activity.first_failure:
        return f"Failed first: {redact(activity.first_failure)}"
    if activity is not None and state.cause in (COULD_NOT_COMPARE, NOT_IN_PLACE):
        return f"Failed first: {redact(activity.reason)}"
    if state.cause == NOT_GREEN:
        return f"Failed first: {redact(outcome.run_issue)}"
    if state.cause == LATE:
        return "Nothing is known to have failed; the run is only late."
    if state.cause == AWAITED:
        return "Nothing failed: people are asked."
    return "No stage failed: both outputs were exported and compared; the data differ."


def _since(states: Sequence[AlertState], today: date) -> str:
    first = min(state.opened_date for state in states)
    if first == today:
        return f"Since this business date, {today}."
    return f"Since business date {first}, {plural((today - first).days, 'day')} before this one."


def _amount(state: AlertState, activity: ActivityOutcome | None, outcome: RunOutcome) -> str:
    if state.cause == NOT_GREEN and outcome.activities:
        whole = plural(len(outcome.activities), "activity", "activities")
        return f"All of {whole} were compared and are green; the run as a whole is not."
    if state.cause == AWAITED:
        return "Two people sign a wave off before its cut-over."
    if state.cause == NOT_IN_PLACE:
        return "No run is wrong yet: this is what a run needs."
    if activity is None or state.cause in (COULD_NOT_COMPARE, LATE):
        waiting = [a.name for a in outcome.activities if a.caused_by and a.caused_by == state.activity]
        blocked = f"{plural(len(waiting), 'more waits', 'more wait')} for it: {', '.join(waiting[:5])}"
        also = f" {blocked}." if waiting else ""
        return f"Nothing was compared, so nothing is known.{also}"
    return f"{_compared(activity)}{_money(activity)}{_gaps(activity)}"


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


def _gaps(activity: ActivityOutcome) -> str:
    """Return between which clouds rows went."""
    gaps = activity.control_totals.gaps if activity.control_totals else ()
    return f" {'; '.join(gaps)}." if gaps else ""


def _next(state: AlertState, url: str) -> str:
    steps = {
        NOT_GREEN: "Next: fix what failed, then recover the pipeline or clear that task.",
        COULD_NOT_COMPARE: "Next: fix what failed, then clear the activity's tasks.",
        LATE: "Next: see which task is still waiting.",
        AWAITED: "Next: answer under the run's required actions.",
        NOT_IN_PLACE: "Next: do what the line says, then run parity doctor again.",
    }
    step = steps.get(state.cause, "Next: open the report; fix the job, or add a waiver if this is agreed.")
    return f"{step} {url}".strip()


def _most_severe(states: Sequence[AlertState]) -> Severity:
    return max((Severity(state.severity) for state in states), key=lambda severity: SEVERITY_RANK[severity])


def _short(line: str) -> str:
    one = " ".join(line.split())
    return one if len(one) <= LONGEST else f"{one[: LONGEST - 1]}…"


def redact(text: str) -> str:
    """Return a cloud's own words without what looks like a person's mail address, account (IBAN) or card number.

    They may quote a row, and an alert is sent elsewhere; the results store and Airflow's logs have the whole text.
    """
    return _CARD.sub(_card, _IBAN.sub(HIDDEN, _MAIL.sub(HIDDEN, text)))


def _card(found: re.Match[str]) -> str:
    return HIDDEN if _checks(re.sub(r"\D", "", found[0])) else found[0]


def _checks(digits: str) -> bool:
    """Return whether the last digit is the check digit of the others, as Luhn computes it."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
