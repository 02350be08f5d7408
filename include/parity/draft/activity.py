"""One activity of a suite, drafted: every part with the words that stand beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from parity.draft.columns import Mapped, map_columns
from parity.draft.dates import ATHENA, SPARK, condition
from parity.draft.facts import Certainty, Guess, TableFacts
from parity.draft.keys import propose_key
from parity.draft.pairing import proven
from parity.draft.queries import legacy_query
from parity.draft.rules import column_entries, expectations

NOWHERE = "unknown"
"""Stands for a table that was not found: a TODO beside it asks for its name."""


@dataclass(frozen=True)
class ActivityFacts:
    """What was found out about one activity."""

    name: str
    glue_job: Guess[str]
    legacy_table: Guess[str]
    target_table: Guess[str]
    legacy: TableFacts | None = None
    target: TableFacts | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    """Target by legacy column, as a Copy activity declares it."""


@dataclass(frozen=True)
class Line:
    """A value of the suite's file and the comment beside it; one that begins with TODO asks a person to decide."""

    value: Any
    comment: str = ""

    @property
    def open(self) -> bool:
        """Return whether a person has to decide."""
        return self.comment.startswith("TODO")


@dataclass(frozen=True)
class ActivityDraft:
    """One activity as the suite's file will have it."""

    name: str
    parts: Mapping[str, Line]
    columns: Mapping[str, Line]
    expect: Mapping[str, Any]
    sql: str
    """Text of its Athena query; empty where the table is not known."""

    @property
    def todos(self) -> int:
        """Return how many decisions it asks for."""
        return sum(line.open for line in (*self.parts.values(), *self.columns.values()))


def draft_activity(facts: ActivityFacts, folder: str = "") -> ActivityDraft:
    """Draft one activity, whose query is in ``folder`` below the suite's sql/."""
    legacy = facts.legacy or TableFacts(facts.legacy_table.value, ())
    target = facts.target or _as_legacy(facts.target_table.value, legacy)
    mapped = map_columns(legacy, target, facts.mapping)
    key = propose_key(legacy, target, mapped)
    asked, kept = condition(legacy, ATHENA), target_condition(legacy, target, mapped)
    file = {"sql": f"{folder}{facts.name}.sql"}
    parts = {
        "glue_job": _line(facts.glue_job.value or None, facts.glue_job),
        "legacy": _line(file, proven(facts.legacy_table, mapped), asked, _rows(legacy)),
        "target": _target(facts, mapped, kept, target),
        "key": _line(list(key.value), key),
    }
    columns = {name: Line(entry.rule, entry.comment) for name, entry in column_entries(mapped, target).items()}
    sql = legacy_query(legacy, ATHENA.dialect, asked.value) if legacy.columns else ""
    return ActivityDraft(facts.name, parts, columns, expectations(target, mapped), sql)


def target_condition(legacy: TableFacts, target: TableFacts, mapped: Mapped) -> Guess[str]:
    """Return the condition on the target's rows: its own date, else the column that the legacy date became."""
    found = condition(target, SPARK)
    if found.certain:
        return found
    to_target = mapped.to_target
    dates = [to_target[name] for name in legacy.partitions if name in to_target]
    if not target.partitions and len(legacy.partitions) == len(dates) == 1:
        as_legacy = replace(
            target, partitions=tuple(dates), examples={dates[0]: next(iter(legacy.examples.values()), "")}
        )
        own = condition(as_legacy, SPARK)
        why = "the column by which the legacy table is partitioned"
        return (
            Guess(own.value, Certainty.CERTAIN if target.sampled else Certainty.LIKELY, why)
            if own.value
            else found
        )
    return found


def _target(facts: ActivityFacts, mapped: Mapped, kept: Guess[str], target: TableFacts) -> Line:
    if not facts.target_table.value:
        return _line({"table": NOWHERE}, facts.target_table)
    where = {"where": kept.value} if kept.value else {}
    return _line(
        {"table": facts.target_table.value, **where}, proven(facts.target_table, mapped), kept, _rows(target)
    )


def _as_legacy(name: str, legacy: TableFacts) -> TableFacts:
    """Return a target that nothing is known of: the legacy table's names, no values."""
    return TableFacts(name, tuple(replace(one, values=None) for one in legacy.columns), legacy.partitions)


def _rows(table: TableFacts) -> Guess[str]:
    if table.rows:
        return Guess("", Certainty.CERTAIN, f"{table.rows:,} rows sampled")
    none = "no rows in the sample" if table.rows == 0 else "not sampled"
    return Guess(
        "",
        Certainty.UNKNOWN,
        f"{none}, so nothing shows that the table, the date and the pairs of columns are right",
    )


def _line(value: Any, *guesses: Guess[Any]) -> Line:
    """Return a value with the reasons for it, what a person has to decide first."""
    doubts = [f"{one.certainty}: {one.why}" for one in guesses if not one.certain]
    sure = [one.why for one in guesses if one.certain]
    if doubts:
        return Line(value, "TODO " + "; ".join([*doubts, *sure]))
    return Line(value, "certain: " + "; ".join(sure))
