"""The steps of digest mode as the flow calls them; what each one finds is kept on the activity's shelf.

``way.json`` and ``buckets.json`` stay among the artefacts: they say afterwards what was asked, and why.
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
from parity.flow.suite_run.digest.merge_result import demoted, merge_result
from parity.flow.suite_run.digest.recompute import verify_digests
from parity.flow.suite_run.digest.strategy import DigestPlan, choose
from parity.flow.suite_run.exports.fetch import Export
from parity.flow.suite_run.exports.parquet import ExportColumn
from parity.suite.models import Mode

WAY = "way.json"
BUCKETS = "buckets.json"


@dataclass(frozen=True)
class DigestPart:
    """One question to both engines: where they write, and what they are asked; None leaves a step out."""

    folder: str
    legacy: Callable[[ActivityRun, Statement], Statement | None]
    target: Callable[[ActivityRun], str | None]
    optional: bool = True
    """Whether no query for the target means that there is nothing to do, and not all rows."""
    digests: Callable[[ActivityRun], str] = lambda _: ""
    """Says which digests choose what is asked; empty when none do."""


def way_of(case: ActivityRun) -> DigestPlan:
    """Return the way that was chosen; ExportRefused when it is not the one that its task handed on."""
    return case.read(WAY, DigestPlan, Stage.WAY)


def buckets_of(case: ActivityRun) -> BucketDiff:
    """Return what the digests said; ExportRefused when it is not what its task handed on."""
    return case.read(BUCKETS, BucketDiff, Stage.BUCKETS)


def survey_legacy(case: ActivityRun, query: Statement) -> Statement | None:
    """Return Athena's survey query; None when rows were asked for."""
    return None if case.mode is Mode.ROWS else survey.ask_legacy(query)


def survey_target(case: ActivityRun) -> str | None:
    """Return Spark's survey query; None when rows were asked for."""
    return None if case.mode is Mode.ROWS else survey.ask_target(case.activity.target)


def decide(
    case: ActivityRun, outputs: Outputs, columns: Callable[[], Sequence[ExportColumn]], storage: Storage
) -> DigestPlan:
    """Choose the way from both engines' surveys; ``columns`` asks Athena for the legacy query's columns."""
    told = replace(outputs, schema=lambda: survey.NAMES)
    legacy, target = fetch_both(case, told, storage, Mode.DIGEST, "survey-")
    way = choose(
        case.activity,
        case.mode,
        case.suite.auto_rows,
        survey.read(legacy, columns()),
        replace(survey.read(target, survey.target_columns(target)), nameless=not digests.state_of(target)),
    )
    case.keep(WAY, way)
    return way


def find(case: ActivityRun, outputs: Outputs, storage: Storage) -> BucketDiff:
    """Hold both digests against each other."""
    told = replace(outputs, schema=lambda: digests.COLUMNS)
    legacy, target = fetch_both(case, told, storage, Mode.DIGEST, "digest-")
    found = digests.compare_digests(legacy, target, case.plan.business_date)
    case.keep(BUCKETS, found)
    return found


def digest_legacy(case: ActivityRun, query: Statement) -> Statement | None:
    """Return Athena's digest query; None when rows are compared."""
    way = way_of(case)
    return queries.digest_legacy(way, query) if way.mode is Mode.DIGEST else None


def digest_target(case: ActivityRun) -> str | None:
    """Return Spark's digest query; None when rows are compared."""
    way = way_of(case)
    return queries.digest_target(way, case.activity.target) if way.mode is Mode.DIGEST else None


def rows_legacy(case: ActivityRun, query: Statement) -> Statement:
    """Return the query for the legacy rows that travel: ``query`` itself unless buckets were found."""
    if case.mode is Mode.ROWS or (way := way_of(case)).mode is Mode.ROWS:
        return query
    return queries.rows_legacy(way, buckets_of(case), query)


def rows_target(case: ActivityRun) -> str | None:
    """Return the query for the target rows that travel; None for all of them."""
    if case.mode is Mode.ROWS or (way := way_of(case)).mode is Mode.ROWS:
        return None
    return queries.rows_target(way, buckets_of(case), case.activity.target)


def digests_of(case: ActivityRun) -> str:
    """Return the mark of the digests whose buckets travel; empty when all rows do."""
    if case.mode is Mode.ROWS or way_of(case).mode is Mode.ROWS:
        return ""
    return buckets_of(case).mark


def whole(case: ActivityRun, found: Result, legacy: Export, target: Export) -> Result:
    """Return the result for the whole tables from that of the rows that travelled."""
    way = way_of(case)
    if way.mode is Mode.ROWS:
        return demoted(found, way)
    seen = buckets_of(case)
    digests.check_same_state(seen, target)
    return merge_result(found, way, seen, verify_digests(way, seen, legacy, target))


SURVEY = DigestPart("survey/", survey_legacy, survey_target)
DIGEST = DigestPart("digest/", digest_legacy, digest_target)
ROWS = DigestPart("", rows_legacy, rows_target, optional=False, digests=digests_of)
