"""Expectations as data: the suite's on both outputs, and Parity's own on the comparison's result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from parity.compare.result import Result, Verdict
from parity.suite.models import Activity, Severity
from parity.wording import plural

MAX_COLUMNS = 100
"""So many columns get an expectation of their own; those that differ come first, the rest share one."""
SAME_TYPES = frozenset({"equal", "widened"})


@dataclass(frozen=True)
class ExpectationSpec:
    """One Great Expectations class with its arguments."""

    name: str
    arguments: dict[str, Any]
    severity: Severity = Severity.CRITICAL
    subject: str = ""
    """The columns it is about, or ``table``."""

    @property
    def columns(self) -> frozenset[str]:
        """Return the columns that it names."""
        given = self.arguments
        one = [given.get(key) for key in ("column", "column_A", "column_B")]
        many = [*(given.get("column_list") or ()), *(given.get("column_set") or ())]
        return frozenset(str(name) for name in (*one, *many) if name)


@dataclass(frozen=True)
class ComparisonFacts:
    """The comparison's result as one row of numbers, and the expectations on it."""

    row: dict[str, Any] = field(default_factory=dict)
    specs: tuple[ExpectationSpec, ...] = ()


def specs_of(activity: Activity, side: str) -> tuple[ExpectationSpec, ...]:
    """Return what the suite expects of one side; critical, unless it says otherwise."""
    listed = (*activity.expect.both, *getattr(activity.expect, side))
    return tuple(_spec(name, arguments) for entry in listed for name, arguments in entry.items())


def comparison_facts(activity: Activity, result: Result) -> ComparisonFacts:
    """Return the facts of the comparison. When it was INVALID there is only that, and it fails.

    The comparison decides: where its verdict is green, nothing here is more than a warning.
    """
    facts = list(_facts(activity, result))
    severity = Severity.WARNING if result.verdict.green else Severity.CRITICAL
    row = {name: value for name, value, *_ in facts}
    specs = [
        ExpectationSpec(kind, {"column": name, **limits, "description": sentence}, severity, subject)
        for name, _, kind, limits, sentence, subject in facts
    ]
    return ComparisonFacts(row, tuple(specs))


Fact = tuple[str, Any, str, dict[str, Any], str, str]
"""Name, value, expectation, limits, sentence, subject."""
_MAX = "ExpectColumnMaxToBeBetween"
_MIN = "ExpectColumnMinToBeBetween"
_IN_SET = "ExpectColumnValuesToBeInSet"


def _facts(activity: Activity, result: Result) -> Iterator[Fact]:
    green = [verdict.value for verdict in Verdict if verdict.green]
    sentence = "the comparison's verdict is green"
    yield "verdict", result.verdict.value, _IN_SET, {"value_set": green}, sentence, "verdict"
    if result.verdict is Verdict.INVALID:
        return
    yield from _row_facts(activity, result)
    yield from _column_facts(result)
    for fact in result.schema:
        limits = {"value_set": sorted(SAME_TYPES)}
        sentence = f"column {fact.name} has the same type on both sides, or a wider one"
        yield f"type of {fact.name}", fact.verdict, _IN_SET, limits, sentence, fact.name


def _row_facts(activity: Activity, result: Result) -> Iterator[Fact]:
    rows, waived = result.rows, result.verdict is Verdict.WAIVED
    for name, count in (("changed", rows.changed), ("missing", rows.missing), ("extra", rows.extra)):
        sentence = f"no row is {name}, but for what a waiver covers ({count} {name})"
        yield f"rows {name}", 0 if waived else count, _MAX, {"max_value": 0}, sentence, "rows"
    if not activity.allow_empty:
        seen = max(rows.legacy, rows.target)
        yield "rows seen", seen, _MIN, {"min_value": 1}, "there are rows to compare", "rows"
    floor = {"min_value": activity.coverage}
    sentence = f"at least {activity.coverage:.0%} of the columns were compared"
    yield "coverage", result.coverage, _MIN, floor, sentence, "coverage"
    blind = len(result.canary.blind)
    sentence = f"every planted corruption was found or explained ({result.canary.planted} planted)"
    yield "canary blind spots", blind, _MAX, {"max_value": 0}, sentence, "canary"


def _column_facts(result: Result) -> Iterator[Fact]:
    waived = result.verdict is Verdict.WAIVED
    ordered = sorted(result.columns, key=lambda column: -column.different)
    for column in ordered[:MAX_COLUMNS]:
        yield _column_fact(column.name, column.different, waived, f"column {column.name} is the same")
    if rest := ordered[MAX_COLUMNS:]:
        sentence = f"the other {plural(len(rest), 'column is', 'columns are')} the same"
        yield _column_fact("other columns", sum(column.different for column in rest), waived, sentence)


def _column_fact(name: str, different: int, waived: bool, sentence: str) -> Fact:
    text = f"{sentence}, but for what a waiver covers" if waived else sentence
    return f"different in {name}", 0 if waived else different, _MAX, {"max_value": 0}, text, name


def _spec(name: str, arguments: dict[str, Any]) -> ExpectationSpec:
    severity = Severity(arguments.get("severity", Severity.CRITICAL))
    plain = {key: value for key, value in arguments.items() if key != "severity"}
    spec = ExpectationSpec(name, plain, severity)
    return ExpectationSpec(name, plain, severity, ", ".join(sorted(spec.columns)) or "table")
