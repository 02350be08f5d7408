"""The steps of digest mode as the flow calls them; each one writes its output among the activity's files.

``strategy.json`` and ``buckets.json`` stay among the artefacts, to show what was compared how, and why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from parity.clients.athena_sql import Statement
from parity.clients.storage import Storage
from parity.compare.result import Result
from parity.flow.stages import Stage
from parity.flow.suite_run.activity_run import ActivityRun, Outputs, fetch_both
from parity.flow.suite_run.digest import buckets as digests
from parity.flow.suite_run.digest import survey
from parity.flow.suite_run.digest.buckets import BucketDiff
from parity.flow.suite_run.digest.merge_result import merge_result, rows_instead
from parity.flow.suite_run.digest.queries import EngineSide, digest_query, legacy_side, rows_query, target_side
from parity.flow.suite_run.digest.recompute import verify_digests
from parity.flow.suite_run.digest.strategy import DigestPlan, choose
from parity.flow.suite_run.exports.fetch import Export
from parity.flow.suite_run.exports.parquet import ExportColumn
from parity.sql.conformance import conformance_query
from parity.suite.models import Mode

STRATEGY = "strategy.json"
BUCKETS = "buckets.json"
DELTA = "delta-"
"""How the version of a Delta table begins."""


@dataclass(frozen=True)
class DigestPart:
    """One query to each engine, and the folder that they write to."""

    folder: str
    query: Callable[[ActivityRun, EngineSide], str | None]
    """Returns the query to one engine; None when rows are compared."""
    optional: bool = True
    """Whether no query means to skip the step, and not to export all rows."""
    digests: Callable[[ActivityRun], str] = lambda _: ""
    """Returns the mark of the digests that select the rows; empty when none do."""
    version: Callable[[ActivityRun], str] = lambda _: ""
    """Returns the state of the target to read; empty for the newest."""

    def legacy(self, run: ActivityRun, query: Statement) -> Statement | None:
        """Return what Athena is asked about the result of ``query``; None to skip the step."""
        sql = self.query(run, legacy_side(query))
        if sql is None:
            return None if self.optional else query
        return Statement(sql, query.parameters)

    def target(self, run: ActivityRun) -> str | None:
        """Return what Spark is asked; None to skip the step, or to export all rows."""
        return self.query(run, target_side())


def digest_plan_of(run: ActivityRun) -> DigestPlan:
    """Return the digest plan; ExportRefused when another attempt wrote it than the one that counts."""
    return run.read(STRATEGY, DigestPlan, Stage.STRATEGY)


def digest_plan(run: ActivityRun) -> DigestPlan | None:
    """Return the digest plan; None when rows are compared."""
    plan = None if run.mode is Mode.ROWS else digest_plan_of(run)
    return plan if plan and plan.mode is Mode.DIGEST else None


def buckets_of(run: ActivityRun) -> BucketDiff:
    """Return the bucket diff; ExportRefused when another attempt wrote it than the one that counts."""
    return run.read(BUCKETS, BucketDiff, Stage.BUCKETS)


def choose_strategy(
    run: ActivityRun, outputs: Outputs, columns: Callable[[], Sequence[ExportColumn]], storage: Storage
) -> DigestPlan:
    """Choose the strategy from both engines' surveys; ``columns`` returns the legacy query's columns."""
    queried = replace(outputs, schema=lambda: survey.NAMES)
    legacy, target = fetch_both(run, queried, storage, Mode.DIGEST, "survey-")
    plan = choose(
        run.activity,
        run.mode,
        run.suite.auto_rows,
        survey.read(legacy, columns()),
        replace(survey.read(target, survey.target_columns(target)), version=digests.version_of(target)),
    )
    run.write(STRATEGY, plan)
    return plan


def compare_buckets(run: ActivityRun, outputs: Outputs, storage: Storage) -> BucketDiff:
    """Compare both sides' digests."""
    queried = replace(outputs, schema=lambda: digests.COLUMNS)
    legacy, target = fetch_both(run, queried, storage, Mode.DIGEST, "digest-")
    found = digests.compare_digests(legacy, target, run.plan.business_date)
    run.write(BUCKETS, found)
    return found


def mark_of(run: ActivityRun) -> str:
    """Return the mark of the digests that select the rows; empty when all rows are exported."""
    return buckets_of(run).mark if digest_plan(run) else ""


def version_to_read(run: ActivityRun) -> str:
    """Return the state of the target that was surveyed; empty for the newest.

    Rows that are compared instead of digests may be newer, but for a Delta table, which keeps the state.
    """
    if run.mode is Mode.ROWS:
        return ""
    plan = digest_plan_of(run)
    return plan.target_version if plan.mode is Mode.DIGEST or plan.target_version.startswith(DELTA) else ""


def complete_result(run: ActivityRun, found: Result, legacy: Export, target: Export) -> Result:
    """Return the result of the whole tables from that of the exported rows."""
    plan = digest_plan_of(run)
    if plan.mode is Mode.ROWS:
        if version := version_to_read(run):
            digests.check_same_state(version, digests.version_of(target), "surveyed")
        return rows_instead(found, plan)
    seen = buckets_of(run)
    digests.check_same_state(plan.target_version, seen.target_source, "surveyed")
    digests.check_same_state(seen.target_source, digests.version_of(target), "digested")
    digests.check_known_state(seen, target)
    return merge_result(found, plan, seen, verify_digests(plan, seen, legacy, target))


def _survey_query(run: ActivityRun, engine: EngineSide) -> str | None:
    return None if run.mode is Mode.ROWS else conformance_query(engine.dialect, engine.source)


def _digest_query(run: ActivityRun, engine: EngineSide) -> str | None:
    return digest_query(engine, plan) if (plan := digest_plan(run)) else None


def _rows_query(run: ActivityRun, engine: EngineSide) -> str | None:
    return rows_query(engine, plan, buckets_of(run)) if (plan := digest_plan(run)) else None


SURVEY = DigestPart("survey/", _survey_query)
DIGEST = DigestPart("digest/", _digest_query, version=version_to_read)
ROWS = DigestPart("", _rows_query, optional=False, digests=mark_of, version=version_to_read)
