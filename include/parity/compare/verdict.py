"""Derives the verdict from facts: INVALID before FAIL, FAIL before WAIVED, and PASS only for what is left."""

from __future__ import annotations

from dataclasses import dataclass

from parity.compare.result import Canary, Rows, Verdict
from parity.compare.schema.plan import ComparisonPlan
from parity.compare.spec import Spec
from parity.wording import plural


@dataclass(frozen=True)
class Evidence:
    """Everything that the verdict depends on."""

    plan: ComparisonPlan
    rows: Rows
    canary: Canary
    uncovered: int
    """Differences (rows and schema) that no waiver covers."""
    waived: int


def coverage(plan: ComparisonPlan) -> float:
    """Return the fraction of the columns of either side that were compared."""
    return len(plan.columns) / plan.total_columns if plan.total_columns else 0.0


def only_keys(plan: ComparisonPlan) -> bool:
    """Return whether rules left out every column but the key; a table without any other is compared whole."""
    return bool(plan.ignored) and not plan.schema_differences and not plan.keyless and not plan.values


def judge(evidence: Evidence, spec: Spec) -> tuple[Verdict, str]:
    """Return the verdict and its reason in one sentence."""
    if reason := _invalid(evidence, spec):
        return Verdict.INVALID, reason
    if evidence.uncovered:
        return Verdict.FAIL, _different(evidence)
    if evidence.waived:
        return Verdict.WAIVED, f"{plural(evidence.waived, 'difference')}, every one covered by a waiver."
    return Verdict.PASS, _equal(evidence)


def _equal(evidence: Evidence) -> str:
    canary = evidence.canary
    return (
        f"{plural(evidence.rows.equal, 'row')} equal in {plural(len(evidence.plan.columns), 'column')}; "
        f"{canary.found} of {canary.planted} planted corruptions found."
    )


def _invalid(evidence: Evidence, spec: Spec) -> str:
    rows, canary, plan = evidence.rows, evidence.canary, evidence.plan
    if not plan.columns:
        return "Nothing was compared: the two sides have no column in common."
    if only_keys(plan):
        return "Only the key was compared: every other column is ignored, so the data were not compared."
    if not rows.legacy and not rows.target and not spec.allow_empty:
        return "Nothing was compared: both sides have zero rows and allow_empty is not set."
    if canary.blind:
        return f"The comparison missed a planted corruption that no rule hides ({canary.blind[0]})."
    if (rows.legacy or rows.target) and not canary.planted:
        return "The comparison could not be tested: no corruption was planted."
    share = coverage(plan)
    if spec.coverage < 1 and share < spec.coverage:
        return (
            f"Coverage {share:.1%} is under its floor of {spec.coverage:.1%}: {len(plan.columns)} of "
            f"{plural(plan.total_columns, 'column')} were compared."
        )
    return ""


def _different(evidence: Evidence) -> str:
    rows = evidence.rows
    named = ((rows.changed, "changed"), (rows.missing, "missing"), (rows.extra, "extra"))
    parts = [f"{n:,} {word}" for n, word in named if n]
    listed = " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))
    rows_text = f"{listed} row{'' if rows.different == 1 else 's'}" if parts else ""
    found = evidence.plan.schema_differences
    schema = (
        (f"a different schema in {plural(len(found), 'column')} ({', '.join(f.name for f in found[:5])})")
        if found
        else ""
    )
    waived = f"; {evidence.waived:,} of the differences are waived" if evidence.waived else ""
    return f"{'; '.join(filter(None, (rows_text, schema)))}{waived}."
