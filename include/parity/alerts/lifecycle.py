"""The life of an alert, as a pure function: what is open, and what is wrong tonight, give what changed.

::

    (nothing) ── wrong ──▶ open ── twice as many rows, or more severe ──▶ open, told again as worse
                            │
                            └── compared and no longer wrong ──▶ recovered ── wrong again ──▶ a new incident

Troubles of one activity that appear together are one incident, so that a bad night pages once per activity;
a cause that appears later pages anew. An incident has recovered when all its troubles have. A night that could
not be compared proves nothing: it recovers nothing. An older night never changes what a later one said, and nor
does an older comparison of the same night, as when the gate of an earlier run is cleared. A business date that is
far ahead is a slip of the pen: else nobody would hear of anything until it has come.

What is wrong with the night itself, and with no activity, is right again once a run of *everything* is green; that
a run is late is over with the end of that very run, too.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from parity.alerts.issues import LATE, Issue
from parity.suite.models import Severity

WORSE_FACTOR = 2
FAR = timedelta(days=7)
"""A business date that is further ahead than this is not believed."""
SEVERITY_RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
OPEN, RECOVERED = "open", "recovered"


class Event(StrEnum):
    """What people are told about an incident."""

    NEW = "new"
    WORSE = "worse"
    RECOVERED = "recovered"


@dataclass(frozen=True)
class AlertState:
    """What is remembered of one trouble; the fields are the columns of the store."""

    fingerprint: str
    suite: str
    activity: str
    column_name: str
    cause: str
    incident: str
    """Also PagerDuty's dedup key."""
    status: str
    opened: datetime
    opened_date: date
    """Business date on which it appeared."""
    seen_date: date
    severity: str
    row_count: int
    told_rows: int
    """Rows when people were last told."""
    what: str


@dataclass(frozen=True)
class Change:
    """Something that people must hear about one incident."""

    event: Event
    incident: str
    states: tuple[AlertState, ...]
    """All troubles of the incident that are open, or were until now."""


@dataclass(frozen=True)
class RunSnapshot:
    """What one night says."""

    suite: str
    business_date: date
    now: datetime
    troubles: tuple[Issue, ...]
    judged: Collection[str]
    """Activities that were compared, so that silence about a trouble means that it is gone."""
    green: bool = False
    """Whether everything that is declared was compared, and nothing speaks against the night."""
    ended: str = ""
    """The run that has ended with this."""
    recorded: Mapping[str, datetime] = field(default_factory=dict)
    """Activity → when it was judged, where that is known; an incident that was opened since is of a later look."""

    def proves_right(self, state: AlertState) -> bool:
        """Tell whether silence about a trouble means that it is gone."""
        if state.activity:
            return state.activity in self.judged and self.recorded.get(state.activity, self.now) >= state.opened
        return self.green or (state.cause == LATE and bool(self.ended) and state.column_name == self.ended)


def advance(known: Iterable[AlertState], night: RunSnapshot) -> tuple[tuple[AlertState, ...], tuple[Change, ...]]:
    """Return the states that changed, and what to tell; the same night again changes nothing."""
    before = {state.fingerprint: state for state in known}
    wrong = {trouble.fingerprint(night.suite): trouble for trouble in night.troubles}
    after = {**_opened(before, wrong, night), **_seen(before, wrong, night), **_recovered(before, wrong, night)}
    return tuple(after.values()), tuple(_changes(before, after))


def _opened(
    before: Mapping[str, AlertState], wrong: Mapping[str, Issue], night: RunSnapshot
) -> dict[str, AlertState]:
    """Open what is wrong and was not, as one incident per activity."""
    fresh = {print_: trouble for print_, trouble in wrong.items() if _is_new(before.get(print_), night)}
    by_activity: dict[str, list[str]] = defaultdict(list)
    for print_, trouble in fresh.items():
        by_activity[trouble.activity].append(print_)
    incidents = {activity: _incident(activity, prints, night) for activity, prints in by_activity.items()}
    return {print_: _open(print_, t, incidents[t.activity], night) for print_, t in fresh.items()}


def _is_new(state: AlertState | None, night: RunSnapshot) -> bool:
    """Tell whether a trouble starts a new incident; an older night does not reopen what a later one closed."""
    return state is None or (state.status == RECOVERED and _is_later(state, night))


def _incident(activity: str, prints: Sequence[str], night: RunSnapshot) -> str:
    seed = "\x1f".join([*sorted(prints), night.now.isoformat()])
    name = "/".join(["parity", night.suite, activity or "night", night.business_date.isoformat()])
    return f"{name[:230]}/{hashlib.sha256(seed.encode()).hexdigest()[:12]}"


def _open(print_: str, trouble: Issue, incident: str, night: RunSnapshot) -> AlertState:
    return AlertState(
        fingerprint=print_,
        suite=night.suite,
        activity=trouble.activity,
        column_name=trouble.column,
        cause=trouble.cause,
        incident=incident,
        status=OPEN,
        opened=night.now,
        opened_date=night.business_date,
        seen_date=night.business_date,
        severity=trouble.severity.value,
        row_count=trouble.rows,
        told_rows=trouble.rows,
        what=trouble.what,
    )


def _seen(
    before: Mapping[str, AlertState], wrong: Mapping[str, Issue], night: RunSnapshot
) -> dict[str, AlertState]:
    """Update what was wrong and still is."""
    still = {p: s for p, s in before.items() if p in wrong and s.status == OPEN and _is_later(s, night)}
    return {print_: _again(state, wrong[print_], night) for print_, state in still.items()}


def _is_later(state: AlertState, night: RunSnapshot) -> bool:
    return night.business_date >= state.seen_date or state.seen_date > night.now.date() + FAR


def _again(state: AlertState, trouble: Issue, night: RunSnapshot) -> AlertState:
    seen = replace(
        state,
        seen_date=night.business_date,
        row_count=trouble.rows,
        severity=trouble.severity.value,
        what=trouble.what,
    )
    return replace(seen, told_rows=trouble.rows) if _is_worse(state, seen) else seen


def _is_worse(before: AlertState, after: AlertState) -> bool:
    louder = SEVERITY_RANK[Severity(after.severity)] > SEVERITY_RANK[Severity(before.severity)]
    return louder or after.row_count >= WORSE_FACTOR * before.told_rows > 0


def _recovered(
    before: Mapping[str, AlertState], wrong: Mapping[str, Issue], night: RunSnapshot
) -> dict[str, AlertState]:
    """Close what was wrong, was compared tonight, and is right."""
    return {
        print_: replace(state, status=RECOVERED, seen_date=night.business_date)
        for print_, state in before.items()
        if state.status == OPEN and print_ not in wrong and night.proves_right(state) and _is_later(state, night)
    }


def _changes(before: Mapping[str, AlertState], after: Mapping[str, AlertState]) -> Iterable[Change]:
    now = {**before, **after}
    for incident in sorted({state.incident for state in after.values()}):
        touched = [state for state in after.values() if state.incident == incident]
        members = tuple(state for state in now.values() if state.incident == incident)
        event = _event(before, touched, members)
        if event is not None:
            shown = members if event is Event.RECOVERED else tuple(s for s in members if s.status == OPEN)
            yield Change(event, incident, shown)


def _event(
    before: Mapping[str, AlertState], touched: Sequence[AlertState], members: Sequence[AlertState]
) -> Event | None:
    """Return what to tell about one incident, or None when nothing changed for people."""
    if any(s.fingerprint not in before or before[s.fingerprint].incident != s.incident for s in touched):
        return Event.NEW
    if all(state.status == RECOVERED for state in members):
        return Event.RECOVERED
    still = [state for state in touched if state.status == OPEN]
    return Event.WORSE if any(_is_worse(before[s.fingerprint], s) for s in still) else None
