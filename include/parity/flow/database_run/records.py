"""The end of a database run: the results of the pieces become one result, one verdict, and records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from parity.compare.result import Omission, Result, Rows, Verdict
from parity.flow.database_run.files import StoredSurvey, StoredTables
from parity.flow.database_run.plan import DATABASE, DatabaseRunPlan, activity_name
from parity.flow.stages import StageFailure, first_failure
from parity.flow.suite_run.verdict import covering_waivers, expired_waiver
from parity.history.records import ActivityKey, ActivityRecord, RemoteRun
from parity.suite.databases import Database
from parity.suite.models import Waiver
from parity.tablediff.verdict import DatabaseResult, TableResult
from parity.wording import plural


@dataclass(frozen=True)
class PieceReport:
    """How the task of one piece ended."""

    piece: StoredTables | None
    succeeded: bool
    failure: StageFailure | None = None


def tables_of(stored: StoredSurvey, reports: Mapping[int, PieceReport], today: date) -> tuple[TableResult, ...]:
    """Return one result per table of the survey; INVALID for a table whose result is missing or not trustworthy.

    So is a table that depends on a waiver which is not in force on ``today``.
    """
    return tuple(
        _in_force(result, today)
        for index, names in enumerate(stored.pieces)
        for result in _of_piece(stored, names, reports.get(index) or PieceReport(None, succeeded=False))
    )


def _of_piece(stored: StoredSurvey, names: Sequence[str], report: PieceReport) -> Iterator[TableResult]:
    piece = report.piece
    known = {table.table: table for table in piece.tables} if piece else {}
    if piece is None or (piece.number, piece.rules) != (stored.number, stored.rules):
        known, why = {}, "It has no result; read the log of its task, which was probably killed."
    elif piece.green and not report.succeeded:
        # Equal tables make no task fail: this result is not of the attempt that failed.
        known, why = {}, "Its task failed although its result is equal, so that cannot be its final verdict."
    else:
        why = "It was never compared."
    if report.failure and not known:
        why = report.failure.sentence
    for name in names:
        yield known.get(name) or TableResult(name, Result(Verdict.INVALID, why))


def _in_force(table: TableResult, today: date) -> TableResult:
    ended = expired_waiver(covering_waivers(table.result), today)
    again = f"{ended} Clear its piece with everything after it."
    return replace(table, result=replace(table.result, verdict=Verdict.INVALID, reason=again)) if ended else table


def last_days(result: DatabaseResult, waivers: Iterable[Waiver], today: date) -> dict[str, date]:
    """Return the last day of each waiver that covers a difference of rows or of schema, by its ticket."""
    found: dict[str, date] = {}
    tickets = {difference.waived for difference in result.schema if difference.waived}
    schema = ((w.ticket, w.expires) for w in waivers if w.ticket in tickets and w.expires >= today)
    rows = (item for table in result.tables for item in covering_waivers(table.result).items())
    for ticket, last in (*schema, *rows):
        found[ticket] = min(last, found.get(ticket, last))
    return found if result.verdict is Verdict.WAIVED else {}


def not_compared(database: str, failures: Sequence[StageFailure]) -> DatabaseResult:
    """Return the result of a run in which no row was read."""
    first = first_failure(failures)
    why = first.sentence if first else "There is no survey of the databases. Clear it with everything after it."
    return DatabaseResult(database, Verdict.INVALID, why)


def records(
    spec: Database,
    plan: DatabaseRunPlan,
    result: DatabaseResult,
    reports: Mapping[str, str],
    context: RecordContext,
) -> Iterator[ActivityRecord]:
    """Yield a record for the database as a whole, and one for every table; ``reports`` are
    their reports by activity.

    A run of some tables has none for the whole: routines, events and the other tables were not compared.
    """
    if not plan.partial:
        yield _record_of_whole(plan, result, reports[DATABASE], context)
    for table in result.tables:
        found, name = table.result, activity_name(table.table)
        yield ActivityRecord(
            key=_key(plan, name, context),
            verdict=found.verdict,
            reason=found.reason,
            recorded=context.now,
            rows=found.rows,
            columns=tuple(column for column in found.columns if column.different),
            severity=spec.rules(table.table).severity,
            seconds=found.seconds,
            report=reports.get(name, reports[DATABASE]),
            suite_sha=context.sha,
            waivers=found.waivers,
        )


def _record_of_whole(
    plan: DatabaseRunPlan, result: DatabaseResult, report: str, context: RecordContext
) -> ActivityRecord:
    failure = context.failure
    verdict, reason = _whole(result, failure.sentence if failure else "")
    return ActivityRecord(
        key=_key(plan, DATABASE, context),
        verdict=verdict,
        reason=reason,
        recorded=context.now,
        rows=Rows(),
        waivers=result.waivers,
        remote_runs=context.servers,
        first_broken=failure.sentence if failure else "",
        broken_stage=failure.stage.value if failure else "",
        seconds=result.seconds,
        report=report,
        suite_sha=context.sha,
    )


def invalid_records(
    plan: DatabaseRunPlan, stored: Sequence[ActivityRecord], reason: str, context: RecordContext, *, whole: bool
) -> Iterator[ActivityRecord]:
    """Yield an INVALID record in place of each recorded result of a run that no longer counts.

    ``whole``: one for the database as a whole, too.
    """
    older = {record.key.activity: record.key for record in stored}
    for name in sorted({*older, DATABASE} if whole else older):
        attempt = older[name].attempt + 1 if name in older else 1
        key = ActivityKey(plan.key, name, plan.business_date, plan.run_id, attempt)
        yield ActivityRecord(key, Verdict.INVALID, reason, context.now, suite_sha=context.sha)


@dataclass(frozen=True)
class RecordContext:
    """What the records of one run have in common."""

    attempt: int
    now: datetime
    sha: str
    servers: tuple[RemoteRun, ...] = ()
    failure: StageFailure | None = None
    """The first stage that failed before a row was read."""


def _key(plan: DatabaseRunPlan, activity: str, context: RecordContext) -> ActivityKey:
    return ActivityKey(plan.key, activity, plan.business_date, plan.run_id, context.attempt)


def _whole(result: DatabaseResult, failure: str) -> tuple[Verdict, str]:
    """Return the verdict on what belongs to no table; the whole run's reason when there is no table."""
    if failure or not result.tables:
        return Verdict.INVALID, failure or result.reason
    if hidden := [one for one in result.not_compared if one.kind is Omission.HIDDEN]:
        return Verdict.INVALID, f"Not everything could be read: {hidden[0].what}: {hidden[0].why}"
    open_ones = [difference for difference in result.schema if not difference.waived]
    if result.verdict is Verdict.INVALID and all(t.result.verdict is not Verdict.INVALID for t in result.tables):
        return Verdict.INVALID, result.reason
    if open_ones:
        named = ", ".join(f"{d.kind} {d.object}" for d in open_ones[:5])
        more = f" and {len(open_ones) - 5} more" if len(open_ones) > 5 else ""
        return Verdict.FAIL, f"{plural(len(open_ones), 'difference')} of schema: {named}{more}."
    if result.schema:
        return Verdict.WAIVED, "Every difference of schema is covered by a waiver."
    return Verdict.PASS, "No difference of schema was found."
