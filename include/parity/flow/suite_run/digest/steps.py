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
from parity.flow.suite_run.digest import queries, survey
from parity.flow.suite_run.digest.buckets import BucketDiff
from parity.flow.suite_run.digest.merge_result import merge_result, rows_instead
from parity.flow.suite_run.digest.recompute import verify_digests
from parity.flow.suite_run.digest.strategy import DigestPlan, choose
from parity.flow.suite_run.exports.fetch import Export
from parity.flow.suite_run.exports.parquet import ExportColumn
from parity.suite.models import Mode

STRATEGY = "strategy.json"
BUCKETS = "buckets.json"


@dataclass(frozen=True)
class DigestPart:
    """One query to each engine, and the folder that they write to; a query that is None skips the step."""

    folder: str
    legacy: Callable[[ActivityRun, Statement], Statement | None]
    target: Callable[[ActivityRun], str | None]
    optional: bool = True
    """Whether no query for the target means to skip the step, and not to export all rows."""
    digests: Callable[[ActivityRun], str] = lambda _: ""
    """Returns the mark of the digests that select the rows; empty when none do."""


def digest_plan_of(run: ActivityRun) -> DigestPlan:
    """Return the digest plan; ExportRefused when another attempt wrote it than the one that counts."""
    return run.read(STRATEGY, DigestPlan, Stage.STRATEGY)


def buckets_of(run: ActivityRun) -> BucketDiff:
    """Return the bucket diff; ExportRefused when another attempt wrote it than the one that counts."""
    return run.read(BUCKETS, BucketDiff, Stage.BUCKETS)


def survey_legacy(run: ActivityRun, query: Statement) -> Statement | None:
    """Return Athena's survey query; None when rows are compared."""
    return None if run.mode is Mode.ROWS else survey.ask_legacy(query)


def survey_target(run: ActivityRun) -> str | None:
    """Return Spark's survey query; None when rows are compared."""
    return None if run.mode is Mode.ROWS else survey.ask_target(run.activity.target)


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
        replace(survey.read(target, survey.target_columns(target)), unversioned=not digests.version_of(target)),
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


def digest_legacy(run: ActivityRun, query: Statement) -> Statement | None:
    """Return Athena's digest query; None when rows are compared."""
    plan = digest_plan_of(run)
    return queries.digest_legacy(plan, query) if plan.mode is Mode.DIGEST else None


def digest_target(run: ActivityRun) -> str | None:
    """Return Spark's digest query; None when rows are compared."""
    plan = digest_plan_of(run)
    return queries.digest_target(plan, run.activity.target) if plan.mode is Mode.DIGEST else None


def rows_legacy(run: ActivityRun, query: Statement) -> Statement:
    """Return the query for the legacy rows to export: ``query`` itself unless buckets select them."""
    if run.mode is Mode.ROWS or (plan := digest_plan_of(run)).mode is Mode.ROWS:
        return query
    return queries.rows_legacy(plan, buckets_of(run), query)


def rows_target(run: ActivityRun) -> str | None:
    """Return the query for the target rows to export; None for all of them."""
    if run.mode is Mode.ROWS or (plan := digest_plan_of(run)).mode is Mode.ROWS:
        return None
    return queries.rows_target(plan, buckets_of(run), run.activity.target)


def digests_of(run: ActivityRun) -> str:
    """Return the mark of the digests that select the rows; empty when all rows are exported."""
    if run.mode is Mode.ROWS or digest_plan_of(run).mode is Mode.ROWS:
        return ""
    return buckets_of(run).mark


def complete_result(run: ActivityRun, found: Result, legacy: Export, target: Export) -> Result:
    """Return the result of the whole tables from that of the exported rows."""
    plan = digest_plan_of(run)
    if plan.mode is Mode.ROWS:
        return rows_instead(found, plan)
    seen = buckets_of(run)
    digests.check_same_state(seen, target)
    return merge_result(found, plan, seen, verify_digests(plan, seen, legacy, target))


SURVEY = DigestPart("survey/", survey_legacy, survey_target)
DIGEST = DigestPart("digest/", digest_legacy, digest_target)
ROWS = DigestPart("", rows_legacy, rows_target, optional=False, digests=digests_of)
