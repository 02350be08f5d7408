"""The verdict of one activity: facts in, verdict out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parity.compare.result import Result, Verdict
from parity.expectations.findings import Findings
from parity.flow.chain import Broken, first_broken
from parity.suite.models import Severity


@dataclass(frozen=True)
class Judgement:
    """What is said of one activity."""

    verdict: Verdict
    reason: str
    broken: Broken | None = None


def judge(result: Result | None, findings: Findings | None, broken: Sequence[Broken]) -> Judgement:
    """Return the verdict; whatever is not there, or did not hold, makes it INVALID."""
    if first := first_broken(broken):
        return Judgement(Verdict.INVALID, first.sentence, first)
    if result is None:
        return Judgement(
            Verdict.INVALID, "The comparison left no result. Clear the activity's tasks to run it again."
        )
    if result.verdict is Verdict.INVALID:
        return Judgement(Verdict.INVALID, result.reason)
    if findings is None:
        return Judgement(Verdict.INVALID, "Great Expectations left no findings. Clear its task to run it again.")
    return _of_both(result, findings)


def _of_both(result: Result, findings: Findings) -> Judgement:
    if findings.verdict is Verdict.INVALID:
        return Judgement(Verdict.INVALID, "An expectation could not be computed; Data Docs say which and why.")
    if result.verdict is Verdict.FAIL:
        return Judgement(Verdict.FAIL, result.reason)
    if findings.verdict is Verdict.FAIL:
        return Judgement(Verdict.FAIL, _expectations(findings))
    return Judgement(result.verdict, result.reason)


def _expectations(findings: Findings) -> str:
    failed = findings.failed(Severity.CRITICAL)
    named = "; ".join(f"{f.expectation} on {f.subject} ({f.side})" for f in failed[:3])
    more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
    return f"The outputs agree, but critical expectations failed: {named}{more}."
