"""One stored result under the rules and waivers of now: its verdict, and what is newly hidden or shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from parity.compare.result import Result, Verdict
from parity.expectations.findings import Finding, Findings, Outcome, Side
from parity.flow.backtest.differences import CHANGED, CannotSay, Differences, differences_of
from parity.flow.backtest.rules import under_rules
from parity.flow.backtest.waivers import Counted, Covering, counted, stored_waivers
from parity.flow.provenance import Provenance, verdict_rules
from parity.flow.suite_run.steps import DECLARED
from parity.flow.suite_run.verdict import judge
from parity.history.records import ActivityRecord
from parity.suite.models import Activity, Severity, Suite, Waiver


@dataclass(frozen=True)
class Declared:
    """What the working tree declares of one activity."""

    suite: Suite
    activity: Activity
    sql: str
    classes: str
    """Text of the suite's own expectation classes."""
    waivers: tuple[Waiver, ...]
    """Those of this activity, in their order."""
    sha: str
    """Fingerprint of the whole suite."""


@dataclass(frozen=True)
class Moved:
    """Differences of one kind and column that are hidden, or shown, and were not before."""

    kind: str
    column: str
    causes: tuple[str, ...]
    rows: int
    money: Mapping[str, Decimal] = field(default_factory=dict)
    """Absolute sums by currency."""
    at_most: bool = False
    """Whether the money is that of the whole column, of which these are a part."""


@dataclass(frozen=True)
class Answer:
    """What one stored result would have said."""

    record: ActivityRecord
    after: Verdict | None
    """None: cannot say."""
    why: str = ""
    """Why it cannot be said."""
    hidden: tuple[Moved, ...] = ()
    shown: tuple[Moved, ...] = ()

    @property
    def changes(self) -> bool:
        """Return whether the verdict, or what it hides, is known to be another one."""
        other = self.after is not None and self.after is not self.record.verdict
        return other or bool(self.hidden or self.shown)


def answer(record: ActivityRecord, report: Result | None, declared: Declared | None) -> Answer:
    """Return what a stored result would have said; ``report`` is None when it is not kept."""
    try:
        return _answer(record, report, declared)
    except CannotSay as open_question:
        return Answer(record, None, str(open_question))


def _answer(record: ActivityRecord, report: Result | None, declared: Declared | None) -> Answer:
    if declared is None:
        raise CannotSay("it is no longer declared")
    if record.suite_sha and record.suite_sha == declared.sha:
        return Answer(record, record.verdict)
    if record.verdict is Verdict.INVALID and not record.report:
        return Answer(record, Verdict.INVALID)  # nothing was compared that rules could judge
    if report is None:
        raise CannotSay("its report is not kept")
    old = _declared_then(record, report, declared)
    findings = _findings(record)
    if judge(report, findings, [], allow_empty=old.allow_empty).verdict is not record.verdict:
        raise CannotSay("its verdict is not that of its report")
    before, after = _coverings(record, report, old, declared)
    hidden, shown = _moved(before, after.covering)
    verdict = Verdict.INVALID if after.invalid else after.covering.verdict()
    if verdict is None:
        raise CannotSay("a waiver's rows or caps cannot be counted from its report")
    if old.expect != declared.activity.expect:
        raise CannotSay(f"the comparison alone would be {verdict}, but its expectations have changed")
    whole = judge(replace(report, verdict=verdict), findings, [], allow_empty=declared.activity.allow_empty)
    return Answer(record, whole.verdict, "", hidden, shown)


def _declared_then(record: ActivityRecord, report: Result, declared: Declared) -> Activity:
    """Return the activity as it was declared; CannotSay unless everything but it and its waivers is as it was."""
    if report.rows != record.rows:
        raise CannotSay("its report is of another attempt")
    provenance = Provenance.of(report.extra)
    try:
        kept = report.extra.get(DECLARED)
        then = _activity(kept) if kept else declared.activity
    except ValidationError:
        raise CannotSay("its rules were written by another version") from None
    rules = verdict_rules(declared.suite, then, declared.sql, stored_waivers(report), declared.classes)
    if provenance is None or provenance.rules != rules:
        what = "its query, what the suite says of all activities, or its expectation classes have changed"
        raise CannotSay(what if kept else f"{what}, or its rules, which were not kept")
    return then


def _activity(kept: Mapping[str, Any]) -> Activity:
    """Return the declaration that a report holds; JSON has durations in a form that suites do not use."""
    columns = {name: dict(rule) for name, rule in dict(kept.get("columns") or {}).items()}
    for rule in columns.values():
        if (tolerance := rule.get("tolerance")) and tolerance.get("time"):
            rule["tolerance"] = {"time": TypeAdapter(timedelta).validate_python(tolerance["time"])}
    return Activity.model_validate({**kept, "columns": columns})


@dataclass(frozen=True)
class _Under:
    covering: Covering
    invalid: str


def _coverings(
    record: ActivityRecord, report: Result, old: Activity, declared: Declared
) -> tuple[Covering, _Under]:
    today, known = record.recorded.astimezone(ZoneInfo(declared.suite.timezone)).date(), counted(report)
    judged = under_rules(report, old, declared.activity)
    found = Differences() if report.verdict is Verdict.INVALID else differences_of(report)
    before = Covering(stored_waivers(report), found, old, today, known)
    if report.verdict is not Verdict.INVALID and before.verdict() not in (report.verdict, None):
        raise CannotSay("its verdict does not follow from the counts of its report")
    then = known if judged.same_rules else Counted()
    after = Covering(declared.waivers, judged.differences, declared.activity, today, then)
    return before, _Under(after, judged.invalid)


def _moved(before: Covering, after: Covering) -> tuple[tuple[Moved, ...], tuple[Moved, ...]]:
    """Return the differences that are newly hidden, and newly shown."""
    columns = dict.fromkeys((one.kind, one.column) for one in (*before.found.each, *after.found.each))
    pairs = [_moved_in(before, after, kind, column) for kind, column in columns]
    hidden, shown = ([one for one in moved if one] for moved in zip(*pairs, strict=True)) if pairs else ([], [])
    return tuple(hidden), tuple(shown)


def _moved_in(before: Covering, after: Covering, kind: str, column: str) -> tuple[Moved | None, Moved | None]:
    """Return what is newly hidden, and newly shown, of one kind and column."""
    was, now = _seen(before, kind, column), _seen(after, kind, column)
    if None in was.values() or None in now.values():
        return None, None
    if "" in now and kind == CHANGED:  # of causes that are not known: how many rows more, or less
        more = sum(filter(None, now.values())) - sum(filter(None, was.values()))
        causes = tuple(was)
        return (
            _move(before, kind, column, -more, causes) if more < 0 else None,
            _move(after, kind, column, more, ()) if more > 0 else None,
        )
    gone = {cause: rows for cause, rows in was.items() if rows and not now.get(cause)}
    new = {cause: rows for cause, rows in now.items() if rows and not was.get(cause)}
    return (
        _move(before, kind, column, sum(filter(None, gone.values())), tuple(gone)) if gone else None,
        _move(after, kind, column, sum(filter(None, new.values())), tuple(new)) if new else None,
    )


def _seen(side: Covering, kind: str, column: str) -> dict[str, int | None]:
    """Return the rows that no waiver covers, by cause; None where that is open."""
    found = [one for one in side.found.each if (one.kind, one.column) == (kind, column)]
    rows = {True: 0, None: None}
    return {one.cause: rows.get(side.covered(one), one.rows) for one in found}


def _move(side: Covering, kind: str, column: str, rows: int, causes: tuple[str, ...]) -> Moved:
    whole = sum(one.rows for one in side.found.each if (one.kind, one.column) == (kind, column))
    named = tuple(cause for cause in causes if cause)
    return Moved(kind, column, named, rows, _money(side.found, kind, column), rows < whole)


def _money(found: Differences, kind: str, column: str) -> dict[str, Decimal]:
    """Return the money of a column's changed rows; of missing or extra rows, that of the column with the most."""
    most: dict[str, Decimal] = {}
    for (of, name), sums in found.money.items():
        if of == kind and (name == column or kind != CHANGED):
            for currency, amount in sums.absolute.items():
                most[currency] = max(most.get(currency, Decimal(0)), amount)
    return most


def _findings(record: ActivityRecord) -> Findings:
    """Return what Great Expectations found of the outputs; what it says of the comparison follows from that."""
    return Findings(
        tuple(
            Finding(
                cast("Side", one.side), one.expectation, one.subject, Severity(one.severity), Outcome(one.outcome)
            )
            for one in record.findings
            if one.side != "comparison" or one.outcome == Outcome.INVALID
        )
    )
