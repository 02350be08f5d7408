"""The report as data: everything that a view shows, counted, named, ordered and escaped."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import Any

from parity.compare.control_totals import ControlTotals, control_totals
from parity.compare.result import ColumnFacts, Result, Verdict
from parity.wording import plural, visible

CAUSE_NAMES = {
    "timezone_shift": "time-zone shift",
    "timestamp_precision": "timestamp precision",
    "scale": "scale factor",
    "trailing_space": "trailing space",
    "whitespace": "white space",
    "null_vs_empty": "NULL against empty",
    "null_vs_default": "NULL against a default",
    "type_format": "written differently",
    "swapped_columns": "swapped columns",
    "off_by_one_date": "off by one day",
    "calendar": "calendar of before 1582",
    "late_partition": "late partition",
    "duplicate_load": "duplicate load",
    "join_fan_out": "join fan-out",
    "shared_value": "one value in common",
}
"""Causes in words; a cause that is not here is called by its own name."""


_MOST_SUMS = 12
"""Sums of money shown per column."""


@dataclass(frozen=True)
class MarkedText:
    """A value to show, in three parts of which the middle one differs; ``null`` has none."""

    before: str = ""
    marked: str = ""
    after: str = ""
    null: bool = False


@dataclass(frozen=True)
class CauseShare:
    """One cause's part of a column's different rows; ``share`` of all different rows, 0 to 1."""

    cause: str
    name: str
    rows: int
    share: float
    start: float
    detail: str


@dataclass(frozen=True)
class ColumnLine:
    """One compared column; ``share`` is the fraction of the compared rows that differ."""

    name: str
    kind: str
    note: str
    compared: int
    different: int
    share: float
    slices: tuple[CauseShare, ...]
    money: tuple[str, ...]


@dataclass(frozen=True)
class SampleLine:
    """One row: its key, and both values, or the row that only one side has."""

    key: str
    legacy: MarkedText
    target: MarkedText


@dataclass(frozen=True)
class SampleGroup:
    """Samples of one column and cause, or of one kind of row."""

    title: str
    detail: str
    pairs: bool
    lines: tuple[SampleLine, ...]


@dataclass(frozen=True)
class ReportData:
    """The report of one comparison."""

    title: str
    verdict: Verdict
    reason: str
    counts: tuple[tuple[str, int], ...]
    totals: tuple[tuple[str, str], ...]
    """What each cloud counts, and the sums of money; empty where no cloud made the data."""
    gaps: tuple[str, ...]
    """Between which of these counts rows went."""
    coverage: float
    columns: tuple[ColumnLine, ...]
    """Those that differ first, most rows first."""
    schema: tuple[tuple[str, str, str, str, str], ...]
    """Columns whose types are not equal: name, legacy, target, verdict, note."""
    samples: tuple[SampleGroup, ...]
    row_causes: tuple[tuple[str, str], ...]
    not_compared: tuple[tuple[str, str], ...]
    loosened: tuple[tuple[str, str, int], ...]
    waivers: tuple[tuple[str, str, str], ...]
    proposals: tuple[tuple[str, str], ...]
    canary: str
    hidden: tuple[str, ...]
    smallest: tuple[str, ...]
    footer: str

    @property
    def differing(self) -> tuple[ColumnLine, ...]:
        """Return the columns that differ."""
        return tuple(line for line in self.columns if line.different)


def report_data(result: Result, title: str = "") -> ReportData:
    """Return the report of a result."""
    canary, columns, totals = result.canary, _columns(result), control_totals(result)
    # Once for the whole report, so that no name, type, note or value of a new field can be forgotten.
    report: ReportData = _shown(
        ReportData(
            title=title or "Parity",
            verdict=Verdict(result.verdict),
            reason=result.reason,
            counts=_counts(result),
            totals=_totals(totals),
            gaps=totals.gaps if totals else (),
            coverage=result.coverage,
            columns=columns,
            schema=tuple(
                (f.name, f.legacy or "–", f.target or "–", f.verdict.replace("_", " "), f.note)
                for f in result.schema
                if f.verdict != "equal" or f.note
            ),
            samples=_groups(result.samples, columns),
            row_causes=tuple((cause_name(c.cause), c.detail) for c in result.row_causes),
            not_compared=tuple((n.what, n.why) for n in result.not_compared),
            loosened=tuple((n.what, n.why, n.rows or 0) for n in result.loosened),
            waivers=tuple(map(_waiver, result.waivers)),
            proposals=tuple(map(_proposal, result.proposals)),
            canary=_canary(result),
            hidden=(*canary.blind, *canary.hidden),
            smallest=canary.smallest,
            footer=f"{result.seconds:.1f} s, at most {result.peak_mib:,.0f} MiB",
        )
    )
    return report


def cause_name(cause: str) -> str:
    """Return a cause in words."""
    return CAUSE_NAMES.get(str(cause), str(cause).replace("_", " "))


def _shown(value: Any, name: str = "") -> Any:
    """Return the report with every text in it made visible; only a proposal's YAML keeps its lines."""
    if type(value) is str:
        return "\n".join(map(visible, value.split("\n"))) if name == "proposals" else visible(value)
    if isinstance(value, tuple):
        return tuple(_shown(one, name) for one in value)
    if isinstance(value, ReportData | MarkedText | CauseShare | ColumnLine | SampleLine | SampleGroup):
        return replace(value, **{one.name: _shown(getattr(value, one.name), one.name) for one in fields(value)})
    return value


def _counts(result: Result) -> tuple[tuple[str, int], ...]:
    rows = result.rows
    named = {name: getattr(rows, name) for name in ("legacy", "target", "equal", "changed", "missing", "extra")}
    doubled = {"duplicate keys, legacy": rows.duplicate_legacy, "duplicate keys, target": rows.duplicate_target}
    return (*named.items(), *((name, n) for name, n in doubled.items() if n))


def _totals(totals: ControlTotals | None) -> tuple[tuple[str, str], ...]:
    if totals is None:
        return ()
    return (*totals.counts, *(("money", one) for one in totals.sums))


def _columns(result: Result) -> tuple[ColumnLine, ...]:
    facts = {fact.name: fact for fact in result.schema}
    lines = []
    for column in result.columns:
        fact = facts.get(column.name)
        same = fact is None or fact.legacy == fact.target
        kind = "" if fact is None else str(fact.legacy if same else f"{fact.legacy} → {fact.target}")
        lines.append(_line(column, kind, fact.note if fact else ""))
    return tuple(sorted(lines, key=lambda line: -line.different))


def _line(column: ColumnFacts, kind: str, note: str) -> ColumnLine:
    slices, start = [], 0.0
    for one in column.causes:
        share = one.rows / column.different if column.different else 0.0
        slices.append(CauseShare(str(one.cause), cause_name(one.cause), one.rows, share, start, one.detail))
        start += share
    money = _money(column)
    share = column.different / column.compared if column.compared else 0.0
    return ColumnLine(column.name, kind, note, column.compared, column.different, share, tuple(slices), money)


def _money(column: ColumnFacts) -> tuple[str, ...]:
    """Return the sums in money, those of changed rows first."""
    kinds = ("changed", "missing", "extra")
    lines = [
        f"{m.currency} net {m.net:+,}, absolute {m.absolute:,} in {plural(m.rows, f'{m.kind} row')}"
        for m in sorted(column.money, key=lambda one: kinds.index(one.kind))
    ]
    more = [f"… and {len(lines) - _MOST_SUMS} more"] if len(lines) > _MOST_SUMS else []
    return (*lines[:_MOST_SUMS], *more)


def _groups(samples: tuple[dict[str, Any], ...], columns: tuple[ColumnLine, ...]) -> tuple[SampleGroup, ...]:
    """Group the samples by column and cause, in the order of the columns; whole rows come last."""
    order = {line.name: at for at, line in enumerate(columns)}
    grouped: dict[tuple[str, str, str], list[SampleLine]] = {}
    for sample in sorted(samples, key=lambda one: order.get(one["column"], len(order))):
        grouped.setdefault(_heading(sample), []).append(_sample(sample))
    return tuple(
        SampleGroup(title, detail, kind in ("changed", "money"), tuple(lines))
        for (kind, title, detail), lines in grouped.items()
    )


def _heading(sample: dict[str, Any]) -> tuple[str, str, str]:
    if sample["kind"] in ("missing", "extra"):
        side = "legacy" if sample["kind"] == "missing" else "target"
        return sample["kind"], f"{sample['kind']} rows", f"only on the {side} side"
    cause = cause_name(sample["cause"]) if sample["cause"] else sample["detail"]
    return sample["kind"], f"{sample['column']}: {cause}", sample["detail"] if sample["cause"] else ""


def _sample(sample: dict[str, Any]) -> SampleLine:
    key = ", ".join(f"{name} = {_text(value)}" for name, value in sample["key"].items())
    if sample["kind"] in ("missing", "extra"):
        row = ", ".join(f"{name} = {_text(value)}" for name, value in sample["row"].items())
        return SampleLine(key, MarkedText(row), MarkedText(null=True))
    marks = sample.get("marks") or [None, None]
    return SampleLine(key, _piece(sample["legacy"], marks[0]), _piece(sample["target"], marks[1]))


def _text(value: str | None) -> str:
    return "NULL" if value is None else value


def _piece(value: str | None, mark: list[int] | None) -> MarkedText:
    if value is None:
        return MarkedText(null=True)
    if mark is None:
        return MarkedText(value or "(empty)")
    if not value:
        return MarkedText(marked="(empty)")
    start, end = mark
    return MarkedText(value[:start], _spaced(value[start:end]), value[end:])


def _spaced(marked: str) -> str:
    """Make spaces visible at the ends of a marked part, and where there are several."""
    return re.sub(r"^ +| +$| {2,}", lambda found: "·" * len(found[0]), marked)


def _waiver(waiver: dict[str, Any]) -> tuple[str, str, str]:
    where = waiver.get("column") or ("rows" if waiver.get("kind") != "schema" else "schema")
    condition = f" where {waiver['rows_condition']}" if waiver.get("rows_condition") else ""
    what = f"{waiver.get('kind')} {where}{condition}: {waiver.get('reason')} ({waiver.get('ticket')})"
    state = str(waiver["state"]).replace("_", " ")
    effect = plural(waiver["rows"], "row") + (f"; {waiver['note']}" if waiver.get("note") else "")
    return what, state, f"{effect}; {waiver.get('owner')}, until {waiver.get('expires')}"


def _proposal(proposal: dict[str, Any]) -> tuple[str, str]:
    covers, tried, left = proposal["covers"], proposal["tried"], proposal["left"]
    if proposal["kind"] == "waiver":
        return proposal["yaml"], f"a waiver for {plural(covers, 'row')}" + (
            f", which leaves {left:,}" if left else ""
        )
    return proposal["yaml"], f"tried on {plural(tried, 'captured difference')}: covers {covers:,}, leaves {left:,}"


def _canary(result: Result) -> str:
    canary = result.canary
    if not canary.planted:
        return "No corruption was planted."
    return f"{canary.found:,} of {canary.planted:,} planted corruptions were found."
