"""What the verification of a database found, and the verdicts that follow. Facts in, verdicts out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from parity.compare.result import Canary, CanaryCheck, ColumnFacts, NotCompared, Omission, Result, Rows, Verdict
from parity.suite.models import ColumnRule
from parity.tablediff.rows.checkpoint import Checkpoint
from parity.tablediff.rows.recheck import Recheck
from parity.tablediff.schema.cutover import CutoverLine
from parity.tablediff.schema.diff import SchemaDifference
from parity.tablediff.table_plan import TablePlan
from parity.wording import plural


@dataclass(frozen=True)
class TableFacts:
    """Everything gathered about one table."""

    plan: TablePlan
    checkpoint: Checkpoint
    canary: CanaryCheck = field(default_factory=lambda: CanaryCheck(0))
    recheck: Recheck = field(default_factory=Recheck)
    duplicates: tuple[int, int] = (0, 0)
    explained: Result | None = None
    """The comparison engine's result, with the equal rows added; None when no row differs."""
    waived: tuple[str, ...] = ()
    """One-sided columns that a waiver covers."""
    seconds: float = 0.0
    peak_mib: float = 0.0


@dataclass(frozen=True)
class TableResult:
    """One table's result."""

    table: str
    result: Result

    def to_json(self) -> dict[str, Any]:
        """Return the contract's JSON."""
        return {"table": self.table, **self.result.to_json()}


@dataclass(frozen=True)
class DatabaseResult:
    """A whole database's result."""

    database: str
    verdict: Verdict
    reason: str
    tables: tuple[TableResult, ...] = ()
    schema: tuple[SchemaDifference, ...] = ()
    cutover: tuple[CutoverLine, ...] = ()
    not_compared: tuple[NotCompared, ...] = ()
    servers: tuple[str, str] = ("", "")
    """Versions of both servers."""
    cloud: tuple[CutoverLine, ...] = ()
    """What RDS's and Azure's own APIs report about the two servers."""
    waivers: tuple[dict[str, Any], ...] = ()
    """The waivers of the schema, and what was made of each."""
    seconds: float = 0.0
    peak_mib: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the contract's JSON."""
        return {
            "version": 1,
            "database": self.database,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "tables": [table.to_json() for table in self.tables],
            "schema": [asdict(difference) for difference in self.schema],
            "cutover": [asdict(line) for line in (*self.cutover, *self.cloud)],
            "not_compared": [asdict(one) for one in self.not_compared],
            "waivers": list(self.waivers),
            "servers": {"legacy": self.servers[0], "target": self.servers[1]},
            "seconds": self.seconds,
            "peak_mib": self.peak_mib,
        }


def refused(plan: TablePlan, why: str) -> TableResult:
    """Return INVALID for a table that could not be compared."""
    return TableResult(plan.name, Result(Verdict.INVALID, why, not_compared=plan.not_compared))


def judge_one_sided(plan: TablePlan, rows: int, *, waived: bool) -> TableResult:
    """Return the result of a table that one side alone has: all its rows are missing or extra."""
    verdict = Verdict.WAIVED if waived else Verdict.FAIL
    reason = f"The table is on the {plan.only_side} side only; it has {plural(rows, 'row')}."
    counts = Rows(legacy=rows, missing=rows) if plan.only_side == "legacy" else Rows(target=rows, extra=rows)
    return TableResult(plan.name, Result(verdict, reason, counts))


def judge_table(facts: TableFacts) -> TableResult:
    """Return the result of a table that was scanned to its end."""
    base = facts.explained or _equal(facts)
    verdict, reason = _verdict(facts, base)
    result = replace(
        base,
        verdict=verdict,
        reason=reason,
        rows=replace(base.rows, duplicate_legacy=facts.duplicates[0], duplicate_target=facts.duplicates[1]),
        not_compared=(*base.not_compared, *_notes(facts)),
        canary=_canary(facts, base.canary),
        seconds=round(facts.seconds, 3),
        peak_mib=facts.peak_mib,
        extra={**base.extra, "mysql": _extra(facts)},
    )
    return TableResult(facts.plan.name, result)


def _equal(facts: TableFacts) -> Result:
    """Return the result of a table without a different row."""
    checkpoint, plan = facts.checkpoint, facts.plan
    rows = Rows(legacy=checkpoint.legacy, target=checkpoint.target, equal=checkpoint.legacy)
    columns = tuple(ColumnFacts(column.name, checkpoint.legacy, 0) for column in plan.target)
    reason = f"{plural(checkpoint.legacy, 'row')} equal in {plural(len(columns), 'column')}."
    return Result(Verdict.PASS, reason, rows, columns, not_compared=plan.not_compared, coverage=plan.coverage)


def _verdict(facts: TableFacts, base: Result) -> tuple[Verdict, str]:
    if reason := _invalid(facts, base):
        return Verdict.INVALID, reason
    one_sided = [name for name in facts.plan.one_sided if name not in facts.waived]
    if one_sided:
        rows = "" if base.verdict.green else f" {base.reason}"
        return (
            Verdict.FAIL,
            f"Column {one_sided[0]} is on one side only ({plural(len(one_sided), 'such column')}).{rows}",
        )
    if facts.plan.one_sided and base.verdict is Verdict.PASS:
        return Verdict.WAIVED, f"{base.reason} Columns on one side only are waived."
    return base.verdict, base.reason


def _invalid(facts: TableFacts, base: Result) -> str:
    """Return the first reason why the table cannot be judged, or an empty string."""
    reasons = (_blind(facts, base.rows), _unjudged(facts, base.rows), _sums(base.rows), _disagreement(facts, base))
    return next((reason for reason in reasons if reason), "")


def _blind(facts: TableFacts, rows: Rows) -> str:
    if facts.canary.blind:
        return f"The digest missed a change that was planted in column {facts.canary.blind[0]}."
    if (rows.legacy or rows.target) and not facts.canary.planted:
        return "The digest is not proven by a canary: no change was planted."
    return ""


def _unjudged(facts: TableFacts, rows: Rows) -> str:
    plan = facts.plan
    if not rows.legacy and not rows.target and not plan.rules.allow_empty:
        return (
            "Nothing was compared: both sides have zero rows. Set allow_empty for the table, or for the database "
            "(at a terminal: --allow-empty), if none is right."
        )
    if facts.recheck.unstable:
        return _unstable(facts.recheck.unstable)
    if plan.unreadable and plan.rules.coverage >= 1.0:
        return f"Column {plan.unreadable[0]} could not be compared: its type has no canonical text."
    return ""


def _unstable(rows: int) -> str:
    they = "it" if rows == 1 else "they"
    many = plural(rows, "row changed every time it was read", "rows changed every time they were read")
    return f"{many}; {they} cannot be judged."


def _sums(rows: Rows) -> str:
    if rows.legacy != rows.equal + rows.changed + rows.missing:
        return "The counts of the legacy side do not add up."
    if rows.target != rows.equal + rows.changed + rows.extra:
        return "The counts of the target side do not add up."
    return ""


def _disagreement(facts: TableFacts, base: Result) -> str:
    """Compare the engine's counts with ours; only a rule may let values pass, and of its own column only."""
    if facts.explained is None or base.verdict is Verdict.INVALID:
        return ""
    found = _missing_and_changed(facts, base)
    rules = facts.plan.rules.columns
    loosened = {name for name, rule in rules.items() if rule.loosens or _rewrites(rule)}
    if not loosened:
        found = (("", facts.checkpoint.different, base.rows.different), *found)
    elif loosened & {column.name for column in facts.plan.key_target}:
        return ""  # rows may be paired by other keys than ours
    for what, ours, theirs in found:
        if what not in loosened and ours != theirs:
            where = f" in column {what}" if what else ""
            return (
                f"Two counts disagree: {plural(ours, 'different row')}{where} by the servers' texts, "
                f"{theirs:,} by their values."
            )
    return ""


def _rewrites(rule: ColumnRule) -> bool:
    return bool(rule.legacy_sql or rule.target_sql or rule.legacy_timezone or rule.target_timezone)


def _missing_and_changed(facts: TableFacts, base: Result) -> tuple[tuple[str, int, int], ...]:
    """Return what both count, by column; rows that are missing or extra have none."""
    checkpoint, rows = facts.checkpoint, base.rows
    alone = ("", checkpoint.missing + checkpoint.extra, rows.missing + rows.extra)
    if not facts.plan.unique:  # rows under one key are paired in another order
        return ()
    values = {column.name: column.different for column in base.columns}
    names = [column.name for column in facts.plan.target]
    return (alone, *((name, checkpoint.columns.get(name, 0), values[name]) for name in names if name in values))


def _notes(facts: TableFacts) -> Iterator[NotCompared]:
    plan, recheck, checkpoint = facts.plan, facts.recheck, facts.checkpoint
    if recheck.in_flight:
        yield NotCompared("rows in flight", "were equal when read again", recheck.in_flight)
    if recheck.skipped:
        yield NotCompared("second read of different rows", recheck.skipped, checkpoint.different)
    if checkpoint.resumed:
        why = f"the connection was lost {checkpoint.resumed} times; each time a new snapshot was taken"
        yield NotCompared("one single snapshot", why)
    if checkpoint.partitions > 1:
        why = f"{checkpoint.partitions} partitions of the table were read at once, each in a snapshot of its own"
        yield NotCompared("one single snapshot", why)
    if not checkpoint.legacy and not checkpoint.target:
        yield NotCompared("rows", "there is none on either side, which allow_empty permits")
    if not checkpoint.count_checked:
        yield NotCompared("the number of rows with COUNT(*)", "there was no single snapshot to count under")
    if plan.rules.where:
        yield NotCompared("rows outside the condition", f"where: {plan.rules.where}", kind=Omission.IGNORED)
    if plan.keyless:
        yield NotCompared("rows by key", "there is no key without NULLs; whole rows were counted")


def _canary(facts: TableFacts, engine: Canary) -> Canary:
    """Add the digest's own canary to the engine's."""
    seen = facts.canary.planted - len(facts.canary.blind)
    return replace(
        engine,
        planted=engine.planted + facts.canary.planted,
        found=engine.found + seen,
        blind=(*engine.blind, *facts.canary.blind),
    )


def _extra(facts: TableFacts) -> dict[str, Any]:
    checkpoint = facts.checkpoint
    key = [] if facts.plan.keyless else [column.name for column in facts.plan.key_target]
    return {
        "key": key,
        "spans": checkpoint.chunks,
        "rows_fetched": checkpoint.rows_fetched,
        "rows_looked_at": checkpoint.hashes_fetched,
        "in_flight": facts.recheck.in_flight,
        "changed_again": facts.recheck.changed_again,
        "resumed": checkpoint.resumed,
    }


def judge_database(found: DatabaseResult, unreadable: Sequence[NotCompared]) -> DatabaseResult:
    """Return the database's verdict: INVALID before FAIL, FAIL before WAIVED, and PASS only for what is left."""
    verdicts = [table.result.verdict for table in found.tables]
    schema = [difference for difference in found.schema if not difference.waived]
    unsure = any(difference.unsure for difference in schema)
    if Verdict.INVALID in verdicts or unreadable or unsure or not verdicts:
        return replace(found, verdict=Verdict.INVALID, reason=_why_invalid(found, unreadable))
    if Verdict.FAIL in verdicts or schema:
        return replace(found, verdict=Verdict.FAIL, reason=_why_different(found, schema))
    if Verdict.WAIVED in verdicts or found.schema:
        return replace(found, verdict=Verdict.WAIVED, reason="Every difference is covered by a waiver.")
    rows = sum(table.result.rows.equal for table in found.tables)
    tables, verb = plural(len(verdicts), "table"), "is" if len(verdicts) == 1 else "are"
    out = sum(one.kind is Omission.IGNORED for one in found.not_compared)
    rest = f" Left out: {plural(out, 'table, view or sequence', 'tables, views or sequences')}." if out else ""
    partly = sum(any(n.kind is Omission.IGNORED for n in one.result.not_compared) for one in found.tables)
    rest += f" Rows or columns are left out of {plural(partly, 'table')}." if partly else ""
    return replace(found, verdict=Verdict.PASS, reason=f"{tables} with {plural(rows, 'row')} {verb} equal.{rest}")


def _why_invalid(found: DatabaseResult, unreadable: Sequence[NotCompared]) -> str:
    bad = [table for table in found.tables if table.result.verdict is Verdict.INVALID]
    different = sum(table.result.verdict is Verdict.FAIL for table in found.tables)
    also = f" {plural(different, 'table differs', 'tables differ')}." if different else ""
    if bad:
        rest = f" (and {plural(len(bad) - 1, 'more table')})" if len(bad) > 1 else ""
        return f"Table {bad[0].table} could not be compared{rest}: {bad[0].result.reason}{also}"
    if unreadable:
        return f"Not everything could be read: {unreadable[0].what}: {unreadable[0].why}{also}"
    if unsure := [one for one in found.schema if one.unsure and not one.waived]:
        rest = f" (and {len(unsure) - 1} more)" if len(unsure) > 1 else ""
        return (
            f"The {unsure[0].difference} of {unsure[0].kind} {unsure[0].object}{rest} cannot be judged: "
            f"{unsure[0].unsure}. Look at both, and waive what means the same.{also}"
        )
    return "Nothing was compared: no table is left."


def _why_different(found: DatabaseResult, schema: Sequence[SchemaDifference]) -> str:
    bad = [table.table for table in found.tables if table.result.verdict is Verdict.FAIL]
    rows = sum(table.result.rows.different for table in found.tables)
    many = plural(rows, "row differs", "rows differ")
    parts = [f"{many} in {plural(len(bad), 'table')} ({', '.join(bad[:5])})"] if bad else []
    parts += [plural(len(schema), "schema difference")] if schema else []
    return "; ".join(parts) + "."
