"""Expectations as data: the suite's on both outputs, and Parity's own on the comparison's result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from parity.compare.result import Result, Verdict
from parity.suite.catalogue import catalogue
from parity.suite.models import Activity, Severity
from parity.wording import plural

MAX_COLUMNS = 100
"""So many columns get an expectation of their own; those that differ come first, the rest share one."""


UNEXPECTED_ROWS = "UnexpectedRowsExpectation"
"""Great Expectations' class for a query of one's own; what it observes is the number of rows returned."""


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

    def touches(self, sensitive: frozenset[str]) -> bool:
        """Return whether it may read a column of ``sensitive`` (names in lower case).

        A query, and a class of the suite's own, may read any.
        """
        if self.name == UNEXPECTED_ROWS or self.name not in catalogue():
            return bool(sensitive)
        return any(name.lower() in sensitive for name in self.columns)


@dataclass(frozen=True)
class ComparisonFacts:
    """The comparison's result as one row, a cell a fact, and the expectations on it."""

    row: dict[str, dict[str, Any]] = field(default_factory=dict)
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
    specs = [
        ExpectationSpec(
            fact.expectation,
            {"fact": fact.name, **fact.arguments, "description": fact.sentence},
            severity,
            fact.subject,
        )
        for fact in facts
    ]
    return ComparisonFacts({fact.name: fact.values for fact in facts}, tuple(specs))


class Fact(NamedTuple):
    """One thing that the comparison found; a class of :mod:`parity.expectations.comparison` judges it."""

    expectation: str
    name: str
    """Unique in its result."""
    values: dict[str, Any]
    """What that class reads."""
    sentence: str
    subject: str
    arguments: dict[str, Any] = {}  # noqa: RUF012 - never changed


def _facts(activity: Activity, result: Result) -> Iterator[Fact]:
    verdict = {"verdict": result.verdict.value, "reason": result.reason}
    yield Fact("ExpectComparisonToBeGreen", "verdict", verdict, "the comparison's verdict is green", "verdict")
    if result.verdict is Verdict.INVALID:
        return
    yield from _row_facts(activity, result)
    yield from _column_facts(result)
    for fact in result.schema:
        sentence = f"column {fact.name} has the same type on both sides, or a wider one"
        types = {"legacy": fact.legacy, "target": fact.target, "verdict": fact.verdict}
        named = {"column": fact.name}
        yield Fact("ExpectColumnTypeToMatchLegacy", f"type of {fact.name}", types, sentence, fact.name, named)


def _row_facts(activity: Activity, result: Result) -> Iterator[Fact]:
    rows, waived = result.rows, result.verdict is Verdict.WAIVED
    for name, count, of in (
        ("changed", rows.changed, rows.legacy),
        ("missing", rows.missing, rows.legacy),
        ("extra", rows.extra, rows.target),
    ):
        values = {"rows": count, "of": of, "waived": waived}
        sentence = f"no row is {name}, but for what a waiver covers"
        yield Fact(f"ExpectNo{name.title()}Rows", f"rows {name}", values, sentence, "rows")
    if not activity.allow_empty:
        values = {"legacy": rows.legacy, "target": rows.target}
        yield Fact("ExpectRowsToCompare", "rows seen", values, "there are rows to compare", "rows")
    sentence = f"at least {activity.coverage:.0%} of the columns were compared"
    coverage, floor = {"coverage": result.coverage}, {"floor": activity.coverage}
    yield Fact("ExpectColumnsToBeCompared", "coverage", coverage, sentence, "coverage", floor)
    one = result.canary
    canary = {"planted": one.planted, "found": one.found, "hidden": len(one.hidden), "blind": list(one.blind)}
    sentence = "every planted corruption was found or explained"
    yield Fact("ExpectEveryPlantedCorruptionToBeFound", "canary", canary, sentence, "canary")


def _column_facts(result: Result) -> Iterator[Fact]:
    waived = result.verdict is Verdict.WAIVED
    covered = ", but for what a waiver covers" if waived else ""
    ordered = sorted(result.columns, key=lambda column: -column.different)
    for column in ordered[:MAX_COLUMNS]:
        values = {"rows": column.different, "of": column.compared, "waived": waived}
        sentence, named = f"column {column.name} is the same{covered}", {"column": column.name}
        name = f"different in {column.name}"
        yield Fact("ExpectColumnToMatchLegacy", name, values, sentence, column.name, named)
    if rest := ordered[MAX_COLUMNS:]:
        cells = {"rows": sum(one.different for one in rest), "of": sum(one.compared for one in rest)}
        sentence = f"the other {plural(len(rest), 'column is', 'columns are')} the same{covered}"
        name = "different in other columns"
        yield Fact("ExpectOtherColumnsToMatchLegacy", name, {**cells, "waived": waived}, sentence, "other columns")


def _spec(name: str, arguments: dict[str, Any]) -> ExpectationSpec:
    severity = Severity(arguments.get("severity", Severity.CRITICAL))
    plain = {key: value for key, value in arguments.items() if key != "severity"}
    spec = ExpectationSpec(name, plain, severity)
    return ExpectationSpec(name, plain, severity, ", ".join(sorted(spec.columns)) or "table")
