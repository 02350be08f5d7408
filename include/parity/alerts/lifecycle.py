"""The lifecycle of alerts, as a pure function of the open alerts and the issues of a run.

::

    (nothing) ── wrong ──▶ open ── twice as many rows, or more severe ──▶ open, reported again as worse
                            │
                            └── compared and no longer wrong ──▶ recovered ── wrong again ──▶ a new incident

Issues of one activity that appear together are one incident, so that a bad run pages once per activity; a cause
that appears later pages again. An incident has recovered when all its issues have. A run that could not be
compared proves nothing: it recovers nothing. An older business date never changes the state that a later one left,
nor does an older comparison of the same date, as when the gate of an earlier run is cleared. A business date far
in the future is taken for a typing error: otherwise nothing would be reported until that date.

An issue of the run itself, and of no activity, recovers once a run of *everything* is green; that a run is late
also recovers when that very run ends. So does one of an activity that such a run does not have: it is no longer
declared, or a table that neither server has any more.
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
"""A business date further in the future than this is ignored."""
SEVERITY_RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
OPEN, RECOVERED = "open", "recovered"


class Event(StrEnum):
    """What is reported of an incident."""

    NEW = "new"
    WORSE = "worse"
    RECOVERED = "recovered"


@dataclass(frozen=True)
class AlertState:
    """The stored state of one issue; the fields are the columns of the store."""

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
    """Rows when the issue was last reported."""
    what: str


@dataclass(frozen=True)
class Change:
    """A change of one incident that must be reported."""

    event: Event
    incident: str
    states: tuple[AlertState, ...]
    """All issues of the incident that are open, or were until now."""


@dataclass(frozen=True)
class RunSnapshot:
    """One run, as the lifecycle sees it."""

    suite: str
    business_date: date
    now: datetime
    issues: tuple[Issue, ...]
    compared: Collection[str]
    """Activities that were compared, so that an open issue which is absent now has recovered."""
    green: bool = False
    """Whether everything that is declared was compared, and nothing is wrong with the run."""
    complete: bool = False
    """Whether it is green, and had everything that there is: an activity that it does not have is no more.

    A doctor's run, or an answered question, can be green without that.
    """
    ended: str = ""
    """The id of the run, when it has ended."""
    recorded: Mapping[str, datetime] = field(default_factory=dict)
    """Activity → when its verdict was recorded, if known; an incident opened since is of a later comparison."""

    def proves_recovery(self, state: AlertState) -> bool:
        """Return whether the absence of an issue proves that it has recovered."""
        if state.activity in self.compared:
            return self.recorded.get(state.activity, self.now) >= state.opened
        if state.activity:
            return self.complete and max(self.recorded.values(), default=self.now) >= state.opened
        return self.green or (state.cause == LATE and bool(self.ended) and state.column_name == self.ended)


def advance(known: Iterable[AlertState], run: RunSnapshot) -> tuple[tuple[AlertState, ...], tuple[Change, ...]]:
    """Return the states that changed, and the changes to report; the same run again changes nothing."""
    before = {state.fingerprint: state for state in known}
    wrong = {issue.fingerprint(run.suite): issue for issue in run.issues}
    after = {**_opened(before, wrong, run), **_seen(before, wrong, run), **_recovered(before, wrong, run)}
    return tuple(after.values()), tuple(_changes(before, after))


def _opened(
    before: Mapping[str, AlertState], wrong: Mapping[str, Issue], run: RunSnapshot
) -> dict[str, AlertState]:
    """Open the new issues, as one incident per activity."""
    fresh = {fingerprint: issue for fingerprint, issue in wrong.items() if _is_new(before.get(fingerprint), run)}
    by_activity: dict[str, list[str]] = defaultdict(list)
    for fingerprint, issue in fresh.items():
        by_activity[issue.activity].append(fingerprint)
    incidents = {
        activity: _incident(activity, fingerprints, run) for activity, fingerprints in by_activity.items()
    }
    return {fingerprint: _open(fingerprint, t, incidents[t.activity], run) for fingerprint, t in fresh.items()}


def _is_new(state: AlertState | None, run: RunSnapshot) -> bool:
    """Return whether an issue starts a new incident; an older date does not reopen what a later one closed."""
    return state is None or (state.status == RECOVERED and _is_later(state, run))


def _incident(activity: str, fingerprints: Sequence[str], run: RunSnapshot) -> str:
    seed = "\x1f".join([*sorted(fingerprints), run.now.isoformat()])
    name = "/".join(["parity", run.suite, activity or "run", run.business_date.isoformat()])
    return f"{name[:230]}/{hashlib.sha256(seed.encode()).hexdigest()[:12]}"


def _open(fingerprint: str, issue: Issue, incident: str, run: RunSnapshot) -> AlertState:
    return AlertState(
        fingerprint=fingerprint,
        suite=run.suite,
        activity=issue.activity,
        column_name=issue.column,
        cause=issue.cause,
        incident=incident,
        status=OPEN,
        opened=run.now,
        opened_date=run.business_date,
        seen_date=run.business_date,
        severity=issue.severity.value,
        row_count=issue.rows,
        told_rows=issue.rows,
        what=issue.what,
    )


def _seen(before: Mapping[str, AlertState], wrong: Mapping[str, Issue], run: RunSnapshot) -> dict[str, AlertState]:
    """Update the open issues that are still present."""
    still = {p: s for p, s in before.items() if p in wrong and s.status == OPEN and _is_later(s, run)}
    return {fingerprint: _again(state, wrong[fingerprint], run) for fingerprint, state in still.items()}


def _is_later(state: AlertState, run: RunSnapshot) -> bool:
    return run.business_date >= state.seen_date or state.seen_date > run.now.date() + FAR


def _again(state: AlertState, issue: Issue, run: RunSnapshot) -> AlertState:
    seen = replace(
        state,
        seen_date=run.business_date,
        row_count=issue.rows,
        severity=issue.severity.value,
        what=issue.what,
    )
    return replace(seen, told_rows=issue.rows) if _is_worse(state, seen) else seen


def _is_worse(before: AlertState, after: AlertState) -> bool:
    more_severe = SEVERITY_RANK[Severity(after.severity)] > SEVERITY_RANK[Severity(before.severity)]
    return more_severe or after.row_count >= WORSE_FACTOR * before.told_rows > 0


def _recovered(
    before: Mapping[str, AlertState], wrong: Mapping[str, Issue], run: RunSnapshot
) -> dict[str, AlertState]:
    """Close the open issues that are absent and were compared."""
    return {
        fingerprint: replace(state, status=RECOVERED, seen_date=run.business_date)
        for fingerprint, state in before.items()
        if state.status == OPEN
        and fingerprint not in wrong
        and run.proves_recovery(state)
        and _is_later(state, run)
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
    """Return what to report of one incident, or None when nothing changed for people."""
    if any(s.fingerprint not in before or before[s.fingerprint].incident != s.incident for s in touched):
        return Event.NEW
    if all(state.status == RECOVERED for state in members):
        return Event.RECOVERED
    still = [state for state in touched if state.status == OPEN]
    return Event.WORSE if any(_is_worse(before[s.fingerprint], s) for s in still) else None
