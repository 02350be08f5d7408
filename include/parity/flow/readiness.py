"""Whether a wave is ready to be cut over, by what the results store holds. Absence of data is never readiness."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from parity.compare.control_totals import ControlTotals
from parity.compare.result import Verdict
from parity.errors import BadInput
from parity.evidence.members import members_of
from parity.evidence.signoff import SignOff, newest_sign_off
from parity.evidence.verify import read_keys
from parity.flow.database_run.plan import DATABASE
from parity.flow.proof import standing
from parity.history import grid
from parity.history.chains import StoredChains
from parity.history.grid import Cell
from parity.history.store import Store
from parity.settings import Settings
from parity.suite.database_files import load_databases
from parity.suite.databases import Database
from parity.suite.models import Severity, Suite
from parity.suite.suite_files import load_suites
from parity.suite.waves import Criteria, Wave, load_waves
from parity.wording import plural

RANK = {str(severity): rank for rank, severity in enumerate((Severity.INFO, Severity.WARNING, Severity.CRITICAL))}
CONFIDENCE = 0.95
ANSWERS = {True: "ready", False: "not yet", None: "cannot say"}
MARKS = {True: "met", False: "open", None: "unknown"}
"""An answer in words: of a wave, and of one criterion."""


@dataclass(frozen=True)
class Criterion:
    """One criterion for one suite or database."""

    subject: str
    owner: str
    name: str
    met: bool | None
    """None when nothing is known."""
    done: float
    """Share of it that is done, from 0 to 1."""
    detail: str


@dataclass(frozen=True)
class Readiness:
    """The answer for one wave."""

    wave: Wave
    criteria: tuple[Criterion, ...]
    earliest: date | None
    """First day on which all nights can be green, when those to come are; None when nothing is known."""
    nights: int
    """Green nights in a row of the suite or database that has the fewest."""
    rows: int
    """Legacy rows that those nights compared."""
    sign_off: SignOff | None = None
    """The newest decision of people about it; it is no criterion."""

    @property
    def ready(self) -> bool | None:
        """Return whether every criterion is met; None when one cannot be answered."""
        answers = {criterion.met for criterion in self.criteria}
        return None if None in answers else False not in answers

    @property
    def done(self) -> float:
        """Return the share that is done, from 0 to 1; 1 only when the wave is ready."""
        share = sum(criterion.done for criterion in self.criteria) / len(self.criteria)
        return share if self.ready else min(share, 0.99)

    @property
    def blocking(self) -> tuple[Criterion, ...]:
        """Return what is not met, or not known."""
        return tuple(criterion for criterion in self.criteria if not criterion.met)

    @property
    def exit_code(self) -> int:
        """Return 0 for ready, 1 for not yet, 2 for cannot say."""
        return {True: 0, False: 1, None: 2}[self.ready]

    @property
    def risk(self) -> str:
        """Say what so many green nights cannot rule out."""
        if not self.nights:
            return "No green night in a row: the record rules nothing out."
        share = 1 - (1 - CONFIDENCE) ** (1 / self.nights)
        return (
            f"{plural(self.nights, 'green night')} in a row, with {plural(self.rows, 'row')} compared, cannot rule"
            f" out everything: were up to {share:.0%} of all nights wrong, such a record would still come about in"
            f" 1 case of 20."
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "wave": self.wave.wave,
            "ready": self.ready,
            "done": round(self.done, 4),
            "earliest": self.earliest.isoformat() if self.earliest else None,
            "green_nights": self.nights,
            "rows": self.rows,
            "risk": self.risk,
            "sign_off": self.sign_off.to_json() if self.sign_off else None,
            "criteria": [vars(criterion) for criterion in self.criteria],
        }


@dataclass(frozen=True)
class _Record:
    """What is stored of one suite or database."""

    subject: Suite | Database
    since: date
    """The first date that was looked at."""
    today: date
    """The business date that a run of now would have."""
    runs: Mapping[date, Cell]
    results: Mapping[date, Mapping[str, Cell]]
    """Newest result by date and activity."""
    twice: frozenset[date]
    """Dates on which every activity was green in two runs."""

    def activities(self, day: date) -> tuple[str, ...]:
        """Return the names that a night must have.

        Of a database these are the database as a whole, which only a run of every table has, and every table.
        """
        return _required(self.subject, self.results.get(day, {}))

    def fault(self, day: date) -> str:
        """Say why a date proves nothing, or what differed; empty when it is green."""
        run, results = self.runs.get(day), self.results.get(day, {})
        if run is None:
            return f"nothing ran for {day}"
        if run.verdict is None:
            return f"the run of {day} has not ended"
        for name in self.activities(day):
            if name not in results:
                return f"{name} has no result for {day}"
            if (verdict := results[name].verdict) is None or not verdict.green:
                return f"{name} is {verdict} on {day}"
        return "" if run.verdict.green else f"the run is {run.verdict} on {day}"

    def streak(self, longest_gap: int) -> tuple[list[date], str]:
        """Return the green dates in a row up to now, newest first, and what ends them."""
        green: list[date] = []
        before = self.today
        for day in sorted(self.runs, reverse=True):
            if self.runs[day].verdict is None and not green:
                continue  # tonight's run is under way
            if (before - day).days > longest_gap:
                return green, f"nothing ran between {day} and {before}"
            if fault := self.fault(day):
                return green, fault
            green.append(day)
            before = day
        return green, "nothing older is recorded"


def readiness_of_waves(
    store: Store, configured: Settings, now: datetime, number: int | None = None
) -> tuple[Readiness, ...]:
    """Return the answer for each wave of ``waves.yaml``, or for one; BadInput where the files do not say."""
    suites, databases = load_suites(configured.suites), load_databases(configured.databases)
    path = configured.waves_file
    if not path.exists():
        remedy = f"Write waves.yaml as docs/readiness.md shows, or set PARITY_WAVES; looked for in {path.parent}."
        raise BadInput("No waves.yaml says when a wave is ready.", remedy=remedy)
    waves, errors = load_waves(path, suites.models, databases.models)
    if wrong := [*suites.errors, *databases.errors, *errors]:
        raise wrong[0]
    chosen = [wave for wave in waves if number in (None, wave.wave)]
    if not chosen:
        listed = ", ".join(str(wave.wave) for wave in waves)
        raise BadInput(f"{path} has no wave {number}.", remedy=f"It has {listed}.")
    keys = read_keys([configured.evidence_key]) if configured.evidence_key else {}
    return tuple(
        replace(
            readiness(store, wave, suites.models, databases.models, now),
            sign_off=newest_sign_off(
                StoredChains(store.engine), wave.wave, members_of(configured, wave.wave).rules, keys
            ),
        )
        for wave in chosen
    )


def readiness(
    store: Store, wave: Wave, suites: Mapping[str, Suite], databases: Mapping[str, Database], now: datetime
) -> Readiness:
    """Return whether a wave is ready; ``now`` is aware."""
    subjects: list[Suite | Database] = [
        *(suites[name] for name in wave.suites),
        *(databases[name] for name in wave.databases),
    ]
    records = [_record(store, subject, wave.ready, now) for subject in subjects]
    incidents = defaultdict(list)
    for incident in grid.open_incidents(store):
        if RANK.get(incident.severity, len(RANK)) >= RANK[wave.ready.severity]:
            incidents[incident.suite].append(incident.activity or "the whole run")
    criteria: list[Criterion] = []
    for record in records:
        criteria += _criteria(store, record, wave.ready, incidents[record.subject.key])
    streaks = [(record, record.streak(wave.ready.longest_gap)[0]) for record in records]
    fewest = min(len(green) for _, green in streaks)
    known = all(record.runs for record in records)
    missing = max(wave.ready.green_nights - fewest, 0)
    return Readiness(
        wave,
        tuple(criteria),
        earliest=now.date() + timedelta(days=missing * wave.ready.longest_gap) if known else None,
        nights=fewest,
        rows=sum(cell.rows for r, green in streaks for day in green for cell in r.results[day].values()),
    )


def _record(store: Store, subject: Suite | Database, criteria: Criteria, now: datetime) -> _Record:
    today = subject.business_date(now)
    since = min([today - timedelta(days=(criteria.green_nights + 1) * criteria.longest_gap), *criteria.dates])
    every = grid.newest_runs(store, since, today, seeded=False)
    runs = {cell.day: cell for cell in every if cell.suite == subject.key}
    newest: dict[date, list[Cell]] = defaultdict(list)
    for cell in grid.results_of_suite(store, subject.key, since, today):
        newest[cell.day].append(cell)
    results = {day: standing(cells) for day, cells in newest.items()}
    return _Record(subject, since, today, runs, results, _twice(store, subject, since, today))


def _twice(store: Store, subject: Suite | Database, since: date, until: date) -> frozenset[date]:
    counts: dict[date, dict[str, int]] = defaultdict(dict)
    for activity, day, runs in grid.green_runs(store, subject.key, since, until):
        counts[day][activity] = runs
    each = ((day, own, _required(subject, own)) for day, own in counts.items())
    return frozenset(day for day, own, names in each if all(own.get(name, 0) > 1 for name in names))


def _required(subject: Suite | Database, found: Iterable[str]) -> tuple[str, ...]:
    """Return what a night must have, of which ``found`` was recorded."""
    if isinstance(subject, Suite):
        return tuple(activity.name for activity in subject.activities)
    return tuple(dict.fromkeys((DATABASE, *found)))


def _criteria(store: Store, record: _Record, criteria: Criteria, incidents: Sequence[str]) -> Iterator[Criterion]:
    def answer(name: str, met: bool | None, detail: str, done: float | None = None) -> Criterion:
        share = float(bool(met)) if done is None else done
        return Criterion(record.subject.key, record.subject.owner, name, met, share, detail)

    if not record.runs:
        yield answer("green nights", None, f"nothing is recorded since {record.since}")
        return
    green, end = record.streak(criteria.longest_gap)
    enough = len(green) >= criteria.green_nights
    counted = f"{len(green)} of {criteria.green_nights}"
    share = min(len(green) / criteria.green_nights, 1.0)
    yield answer("green nights", enough, counted if enough else f"{counted}: {end}", share)
    if criteria.dates:
        faults = [fault for day in criteria.dates if (fault := record.fault(day))]
        share = 1 - len(faults) / len(criteria.dates)
        yield answer("dates", not faults, "; ".join(faults) or "all are green", share)
    if criteria.repeated:
        counted = f"{len(record.twice)} of {plural(criteria.repeated, 'date')} compared twice"
        share = min(len(record.twice) / criteria.repeated, 1.0)
        yield answer("repeated", len(record.twice) >= criteria.repeated, counted, share)
    if criteria.control_totals and isinstance(record.subject, Suite):
        nights = green[: criteria.green_nights]
        wrong = list(_unconfirmed(store, record, criteria, nights))
        share = 1 - len({day for day, _ in wrong}) / len(nights) if nights else 0.0
        faults = [fault for _, fault in wrong] if nights else ["there is no green night to look at"]
        more = [f"and {len(faults) - 3} more"] if len(faults) > 3 else []
        yield answer("control totals", not faults, _listed([*faults[:3], *more], "all counts agree"), share)
    low = _low_coverage(record.subject, criteria.coverage)
    yield answer("coverage", not low, _listed(low, f"all ask for {criteria.coverage:.0%} at least"))
    waivers = _waivers(store, record, criteria)
    yield answer("waivers", not waivers, _listed(waivers, "none but those that may stay"))
    yield answer("incidents", not incidents, _listed(incidents, f"none of {criteria.severity} or above is open"))


def _low_coverage(subject: Suite | Database, floor: float) -> list[str]:
    asked = (
        {activity.name: activity.coverage for activity in subject.activities}
        if isinstance(subject, Suite)
        else {name: rules.coverage for name, rules in subject.tables.items()}
    )
    return [f"{name} asks for {coverage:.0%} only" for name, coverage in asked.items() if coverage < floor]


def _unconfirmed(
    store: Store, record: _Record, criteria: Criteria, nights: Sequence[date]
) -> Iterator[tuple[date, str]]:
    """Yield each night and activity of which a cloud's own count is not that of the exports, or not known."""
    cells = [record.results[day][name] for day in nights for name in record.activities(day)]
    known = grid.control_totals_of(store, [cell.result for cell in cells])
    for cell in cells:
        for cloud in criteria.control_totals:
            for fault in known.get(cell.result, ControlTotals()).faults(cloud):
                yield cell.day, f"{cell.activity} on {cell.day}: {fault}"


def _waivers(store: Store, record: _Record, criteria: Criteria) -> list[str]:
    """Return the waivers that the newest night needed and that may not stay."""
    newest = record.results[max(record.results)] if record.results else {}
    numbers = [cell.result for cell in newest.values() if cell.verdict is Verdict.WAIVED]
    used = [
        (activity, str(waiver.get("ticket")), str(waiver.get("owner")))
        for _, activity, waiver in grid.waivers_of(store, numbers)
        if waiver.get("state") == "covers"
    ]
    return [f"{name}: {ticket} of {owner}" for name, ticket, owner in used if ticket not in criteria.waivers]


def _listed(items: Iterable[str], otherwise: str) -> str:
    return "; ".join(dict.fromkeys(items)) or otherwise
