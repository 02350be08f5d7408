"""The verdict of one activity: facts in, verdict out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from parity.compare.result import Result, Verdict
from parity.expectations.findings import Findings, Outcome
from parity.flow.stages import StageFailure, first_failure
from parity.suite.models import Severity

NEXT_STEP: dict[Verdict | None, str] = {
    None: "Next: wait; what has ended already is shown here.",
    Verdict.PASS: "Nothing to do.",
    Verdict.WAIVED: "Nothing to do; look when the waivers expire.",
    Verdict.FAIL: "Next: open the report; repair the job, or agree on a waiver. A retry changes nothing.",
    Verdict.INVALID: "Next: fix the stage that failed first, then clear its task with everything after it.",
}
"""What a person does about a verdict; None while the run goes on."""


COMPARED_AGAIN = "It is compared again, and not judged since. Clear its record task with everything after it."
"""What stands for a result whose evidence is being replaced."""


@dataclass(frozen=True)
class Judgement:
    """What is said of one activity."""

    verdict: Verdict
    reason: str
    failure: StageFailure | None = None


def judge(
    result: Result | None,
    findings: Findings | None,
    failures: Sequence[StageFailure],
    *,
    allow_empty: bool = False,
) -> Judgement:
    """Return the verdict; whatever is not there, or did not hold, makes it INVALID.

    ``allow_empty`` says that an output without rows can be right.
    """
    if first := first_failure(failures):
        return Judgement(Verdict.INVALID, first.sentence, first)
    if result is None:
        return Judgement(
            Verdict.INVALID, "The comparison left no result. Clear the activity's tasks to run it again."
        )
    if result.verdict is Verdict.INVALID:
        return Judgement(Verdict.INVALID, result.reason)
    if (empty := _empty_side(result)) and not allow_empty:
        return Judgement(Verdict.INVALID, empty)
    if findings is None:
        return Judgement(Verdict.INVALID, "Great Expectations left no findings. Clear its task to run it again.")
    return _of_both(result, findings)


def covering_waivers(result: Result) -> dict[str, date]:
    """Return the last day of each waiver that covers a difference, by its ticket."""
    found: dict[str, date] = {}
    for waiver in result.waivers if result.verdict is Verdict.WAIVED else ():
        if waiver.get("state") == "covers":
            ticket, last = str(waiver.get("ticket")), date.fromisoformat(str(waiver["expires"]))
            found[ticket] = min(last, found.get(ticket, last))
    return found


def last_days(judgement: Judgement, result: Result | None) -> dict[str, str]:
    """Return the waivers that a verdict depends on: ticket → last day, as ISO dates."""
    covers = covering_waivers(result) if result and judgement.verdict is Verdict.WAIVED else {}
    return {ticket: last.isoformat() for ticket, last in covers.items()}


def expired_waiver(covers: Mapping[str, date], today: date) -> str:
    """Return what to say of a waiver that covers a difference and has ended since; empty when none has.

    ``covers`` is the last day of each such waiver, by its ticket.
    """
    ended = [(last, ticket) for ticket, last in covers.items() if last < today]
    return "WAIVED rests on waiver {1}, whose last day was {0}.".format(*min(ended)) if ended else ""


def _empty_side(result: Result) -> str:
    """Return what to say of an export without rows beside one that has some: no row met another one."""
    sides = {"legacy": result.rows.legacy, "target": result.rows.target}
    empty = [side for side, rows in sides.items() if not rows]
    if len(empty) != 1:
        return ""
    [(other, rows)] = [(side, rows) for side, rows in sides.items() if rows]
    return (
        f"The {empty[0]} output has no rows and the {other} output has {rows:,}, so no row was compared. "
        f"Look at what wrote the {empty[0]} side for this date; set allow_empty if none is right."
    )


def _of_both(result: Result, findings: Findings) -> Judgement:
    if findings.verdict is Verdict.INVALID:
        return Judgement(Verdict.INVALID, _not_computed(findings))
    if result.verdict is Verdict.FAIL:
        return Judgement(Verdict.FAIL, result.reason)
    if findings.verdict is Verdict.FAIL:
        return Judgement(Verdict.FAIL, _expectations(findings))
    return Judgement(result.verdict, result.reason)


def _not_computed(findings: Findings) -> str:
    first, *more = [f for f in findings.findings if f.outcome is Outcome.INVALID]
    others = f" {len(more)} more could not be, either." if more else ""
    said = first.message.rstrip(".") or "Data Docs say why"
    return f"{first.expectation} on {first.subject} ({first.side}) could not be computed: {said}.{others}"


def _expectations(findings: Findings) -> str:
    failed = findings.failed(Severity.CRITICAL)
    named = "; ".join(f"{f.expectation} on {f.subject} ({f.side})" for f in failed[:3])
    more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
    return f"The outputs agree, but critical expectations failed: {named}{more}."
