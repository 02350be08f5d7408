"""Merges the comparison of the exported rows with the digests, into a result of the whole tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from parity.compare.control_totals import DIGEST, DIGESTED
from parity.compare.result import CanaryCheck, NotCompared, Result, Rows, Verdict
from parity.flow.suite_run.digest.buckets import BucketDiff
from parity.flow.suite_run.digest.strategy import DigestPlan
from parity.wording import plural

SURE = "2^-128"


def merge_result(result: Result, plan: DigestPlan, buckets: BucketDiff, canary: CanaryCheck) -> Result:
    """Add the rows that were not exported; INVALID when digest and comparison contradict each other."""
    stayed = buckets.stayed if plan.whole_rows else 0
    whole = replace(
        result,
        rows=_rows(result.rows, buckets, plan),
        columns=tuple(replace(column, compared=column.compared + stayed) for column in result.columns),
        not_compared=(*result.not_compared, *_unseen(plan, buckets)),
        canary=replace(
            result.canary,
            planted=result.canary.planted + canary.planted,
            found=result.canary.found + canary.planted - len(canary.blind),
        ),
        extra={**result.extra, DIGEST: facts(plan, buckets)},
        money_totals=(),  # of the exported rows only
    )
    if result.verdict is Verdict.INVALID:
        return whole
    if reason := _contradiction(result, plan, buckets, canary, whole.rows):
        return replace(whole, verdict=Verdict.INVALID, reason=reason)
    return replace(whole, reason=_reason(whole, buckets))


def rows_instead(result: Result, plan: DigestPlan) -> Result:
    """Add the reason why rows were compared to their result."""
    return replace(result, extra={**result.extra, DIGEST: {"mode": plan.mode, "reason": plan.reason}})


def facts(plan: DigestPlan, buckets: BucketDiff) -> dict[str, Any]:
    """Return the facts of the digests that go into the result."""
    return {
        "mode": plan.mode,
        "reason": " ".join(filter(None, (plan.reason, buckets.note))),
        "buckets": buckets.all,
        "unequal": buckets.unequal,
        "seen": "all" if buckets.everything else len(buckets.seen),
        "rows_that_stayed": buckets.stayed if plan.whole_rows else 0,
        "digest_bytes": buckets.bytes,
        DIGESTED: [buckets.legacy_rows, buckets.target_rows],
    }


def _rows(seen: Rows, buckets: BucketDiff, plan: DigestPlan) -> Rows:
    if not plan.whole_rows:
        return seen
    return replace(
        seen,
        legacy=seen.legacy + buckets.stayed,
        target=seen.target + buckets.stayed,
        equal=seen.equal + buckets.stayed,
        duplicate_legacy=seen.duplicate_legacy + buckets.stayed_duplicates,
        duplicate_target=seen.duplicate_target + buckets.stayed_duplicates,
    )


def _unseen(plan: DigestPlan, buckets: BucketDiff) -> Iterator[NotCompared]:
    equal = buckets.all - buckets.unequal
    if equal and not buckets.everything:
        yield NotCompared(
            f"rows of {equal:,} equal buckets",
            f"compared by digest: count and 128 bits of sums over MD5; a collision goes unseen (odds {SURE})",
            buckets.stayed,
        )
    for column in plan.by_value:
        yield NotCompared(
            f"column {column.name} in digests",
            f"compared by value ({column.why}), by a later query than its row's digest: a write to the table"
            " between the two goes unseen",
        )
    for padded in (one.name for one in plan.hashed if one.legacy.padded or one.target.padded):
        yield NotCompared(f"column {padded}", "CHAR: the padding blanks are not part of its digest")


def _contradiction(result: Result, plan: DigestPlan, buckets: BucketDiff, canary: CanaryCheck, rows: Rows) -> str:
    if canary.blind:
        return f"The digest missed a change that was planted in {canary.blind[0]}."
    if mismatch := {column.name for column in result.columns} ^ plan.compared:
        return f"The digest and the comparison do not cover the same columns: {', '.join(sorted(mismatch))}."
    if (rows.legacy, rows.target) != (buckets.legacy_rows, buckets.target_rows):
        return (
            f"{rows.legacy:,} legacy and {rows.target:,} target rows were compared, but"
            f" {buckets.legacy_rows:,} and {buckets.target_rows:,} digested."
        )
    return "" if buckets.unequal else _unequal_without_a_bucket(result, plan)


def _unequal_without_a_bucket(result: Result, plan: DigestPlan) -> str:
    hashed = {one.name for one in plan.hashed}
    seen = [column.name for column in result.columns if column.different and column.name in hashed]
    if seen or result.rows.missing or result.rows.extra:
        return f"The digest missed a difference: buckets are equal, rows are not ({', '.join(seen) or 'keys'})."
    return ""


def _reason(whole: Result, buckets: BucketDiff) -> str:
    if whole.verdict is not Verdict.PASS:
        return whole.reason
    return (
        f"{plural(whole.rows.equal, 'row')} equal in {plural(len(whole.columns), 'column')}, "
        f"{plural(buckets.all, 'bucket')} by digest;"
        f" {whole.canary.found} of {whole.canary.planted} planted corruptions found."
    )
