"""How one activity is compared in this run: by digest or by rows, and each of its columns by hash or by value.

A hash is strict. Where it is equal, every rule that loosens holds too; where it is not, the rows are exported and
the rule decides. So a rule loses no exactness here: a column that cannot be hashed is exported, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from parity.flow.suite_run.digest.survey import Surveyed
from parity.flow.suite_run.exports.parquet import ExportColumn
from parity.sql import columnar_types
from parity.sql.columns import Column as SqlColumn
from parity.suite.models import Activity, ColumnRule, Mode
from parity.wording import fold, plural

ROWS_PER_BUCKET = 1024
"""Fewer make a difference cheaper to fetch, and the digests of every run larger."""
MOST_BUCKETS = 1 << 18
"""Both sides' digests are held in memory: some 450 bytes a bucket and side."""


@dataclass(frozen=True)
class Hashed:
    """A column that both engines digest, as each of them holds it."""

    name: str
    legacy: SqlColumn
    target: SqlColumn


@dataclass(frozen=True)
class ByValue:
    """A column whose values are all exported, and why."""

    name: str
    legacy: str
    target: str
    why: str


@dataclass(frozen=True)
class DigestPlan:
    """The chosen strategy. In mode rows only ``reason`` matters."""

    mode: Mode
    reason: str
    legacy_rows: int
    target_rows: int
    key: tuple[Hashed, ...] = ()
    values: tuple[Hashed, ...] = ()
    by_value: tuple[ByValue, ...] = ()
    legacy: tuple[str, ...] = ()
    """Names of all columns, as the engine spells them."""
    target: tuple[str, ...] = ()
    buckets: int = 1
    target_version: str = ""
    """State of the target that was surveyed; empty when it cannot be known."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """Its provenance (:mod:`parity.flow.provenance`), as JSON."""

    @property
    def hashed(self) -> tuple[Hashed, ...]:
        """Return every column of the digest, the key first."""
        return self.key + self.values

    @property
    def whole_rows(self) -> bool:
        """Return whether only the rows of unequal buckets are exported."""
        return not self.by_value

    @property
    def compared(self) -> frozenset[str]:
        """Return the names of the columns that are compared."""
        return frozenset({one.name for one in self.hashed} | {one.name for one in self.by_value})


@dataclass(frozen=True)
class _Pair:
    name: str
    rule: ColumnRule
    legacy: ExportColumn
    target: ExportColumn


class _Rows(Exception):
    """The reason why rows have to be compared."""


def choose(activity: Activity, mode: Mode, auto_rows: int, legacy: Surveyed, target: Surveyed) -> DigestPlan:
    """Return the digest plan of an activity whose mode is ``digest`` or ``auto``."""
    try:
        return _digest(activity, mode, auto_rows, legacy, target)
    except _Rows as reason:
        return DigestPlan(Mode.ROWS, str(reason), legacy.rows, target.rows, target_version=target.version)


def _digest(activity: Activity, mode: Mode, auto_rows: int, legacy: Surveyed, target: Surveyed) -> DigestPlan:
    most = max(legacy.rows, target.rows)
    if mode is Mode.AUTO and most <= auto_rows:
        raise _Rows(f"{plural(most, 'row is', 'rows are')} no more than auto_rows ({auto_rows:,}).")
    _refuse_activity(activity)
    if not target.version and target.rows:
        raise _Rows("The target has no version, so a change between digest and export would go unseen.")
    pairs = [pair for pair in _pairs(activity, legacy, target) if not pair.rule.ignore]
    hashed, by_value = _sort(pairs, legacy, target)
    key = tuple(_key(activity, pairs, hashed, by_value))
    values = tuple(one for one in hashed.values() if one not in key)
    _refuse_columns(key, values, by_value)
    return DigestPlan(
        mode=Mode.DIGEST,
        reason=f"{plural(most, 'row')}; {plural(len(hashed), 'column')} by digest, {len(by_value)} by value.",
        legacy_rows=legacy.rows,
        target_rows=target.rows,
        key=key,
        values=values,
        by_value=tuple(by_value.values()),
        legacy=tuple(column.name for column in legacy.columns),
        target=tuple(column.name for column in target.columns),
        buckets=min(MOST_BUCKETS, max(1, -(-most // ROWS_PER_BUCKET))),
        target_version=target.version,
    )


def _refuse_activity(activity: Activity) -> None:
    expect = activity.expect
    if expect.both or expect.legacy or expect.target:
        raise _Rows("Great Expectations on the outputs needs every row on the worker.")
    for name, rule in activity.columns.items():
        if not rule.ignore and (rule.legacy_sql or rule.target_sql):
            raise _Rows(f"Column {name} is compared through an SQL expression, which only the worker can run.")


def _refuse_columns(key: tuple[Hashed, ...], values: tuple[Hashed, ...], by_value: Mapping[str, ByValue]) -> None:
    if not key and by_value:
        first = next(iter(by_value.values()))
        raise _Rows(f"There is no key, and column {first.name} cannot be digested: {first.why}.")
    if not values:
        raise _Rows("No column beside the key can be digested.")


def _pairs(activity: Activity, legacy: Surveyed, target: Surveyed) -> Iterator[_Pair]:
    """Match the columns as the comparison does: by rule, then by name without regard to case."""
    own = _by_folded_name(legacy, "legacy")
    theirs = _by_folded_name(target, "target")
    rules = {fold(name): rule for name, rule in activity.columns.items()}
    renamed = {fold(rule.legacy) for rule in activity.columns.values() if rule.legacy}
    for folded, column in theirs.items():
        rule = rules.get(folded, ColumnRule())
        wanted = fold(rule.legacy) if rule.legacy else folded
        if wanted in own and (rule.legacy or wanted not in renamed):
            yield _Pair(column.name, rule, own[wanted], column)


def _by_folded_name(side: Surveyed, label: str) -> dict[str, ExportColumn]:
    found = {fold(column.name): column for column in side.columns}
    if len(found) < len(side.columns):
        raise _Rows(f"The {label} side has columns whose names differ by case alone.")
    return found


def _sort(pairs: list[_Pair], legacy: Surveyed, target: Surveyed) -> tuple[dict[str, Hashed], dict[str, ByValue]]:
    hashed: dict[str, Hashed] = {}
    by_value: dict[str, ByValue] = {}
    for pair in pairs:
        met = _meet(pair, legacy, target)
        if isinstance(met, str):
            by_value[pair.name] = ByValue(pair.name, pair.legacy.name, pair.target.name, met)
        else:
            hashed[pair.name] = Hashed(pair.name, *met)
    return hashed, by_value


def _meet(pair: _Pair, legacy: Surveyed, target: Surveyed) -> tuple[SqlColumn, SqlColumn] | str:
    """Return the column as both sides hash it, or why its values are exported."""
    if pair.rule.legacy_timezone or pair.rule.target_timezone:
        return "its time zone is a rule, which only the worker applies"
    met = columnar_types.agree_on_text(
        columnar_types.column_of(pair.legacy.name, pair.legacy.type),
        columnar_types.column_of(pair.target.name, pair.target.type),
    )
    if isinstance(met, str):
        return met
    if any(column.padded for column in met) and pair.rule.trim not in ("right", "both"):
        return "a CHAR is padded with blanks, which count in a comparison of rows; trim: right lets it be digested"
    for engine, side in (("Athena", legacy), ("Spark", target)):
        if example := side.nonconforming.get(met[0].kind):
            return f"the probe found that {engine} writes {met[0].kind} otherwise: {example}"
    return met


def _key(
    activity: Activity, pairs: list[_Pair], hashed: Mapping[str, Hashed], by_value: Mapping[str, ByValue]
) -> Iterator[Hashed]:
    names = {fold(pair.rule.legacy): pair for pair in pairs if pair.rule.legacy}
    names |= {fold(pair.name): pair for pair in pairs}
    for part in activity.key:
        pair = names.get(fold(part))
        if pair is None:
            raise _Rows(f"The key column {part} is not on both sides.")
        if pair.name in by_value:
            raise _Rows(f"The key column {part} cannot be digested: {by_value[pair.name].why}.")
        if pair.rule.loosens:
            raise _Rows(f"The key column {part} has a rule under which different keys are the same.")
        yield hashed[pair.name]
