"""The colour of a night: what its activities came to, its pipeline, and the other dates of its range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Context

from parity.airflow.evidence import broken_task, task_states
from parity.airflow.steps import PIPELINE, PLAN, START
from parity.airflow.telling import loudness, tell
from parity.compare.result import Verdict
from parity.flow.chain import Link, first_broken
from parity.flow.judge import NEXT
from parity.wording import plural

OF_PIPELINE = (START, PIPELINE)
OTHER_DATES = ("other_dates", "runs_of_other_dates")
"""The tasks of a range; the second is mapped, so that its index follows its name."""

Outcomes = Mapping[str, Mapping[str, Any]]
"""Activity to what its record task said: verdict, reason, caused_by."""


def outcome_of(context: Context, activity: str) -> dict[str, Any]:
    """Return what an activity's record task said; INVALID when it said nothing."""
    told = context["ti"].xcom_pull(task_ids=f"{activity}.{Link.RECORD}", key="outcome")
    return told or {
        "verdict": Verdict.INVALID,
        "reason": "It was never judged; read the log of its record task.",
    }


def night_verdict(context: Context, outcomes: Outcomes) -> tuple[Verdict, str]:
    """Return the worst verdict and why; green only when nothing at all speaks against it."""
    verdicts = {name: Verdict(outcome["verdict"]) for name, outcome in outcomes.items()}
    for verdict in (Verdict.INVALID, Verdict.FAIL):
        if red := [name for name, found in verdicts.items() if found is verdict]:
            return verdict, f"{', '.join(red)}. {outcomes[red[0]]['reason']}"
    if not verdicts:
        return Verdict.INVALID, "Nothing was planned, so nothing was compared."
    if trouble := pipeline_trouble(context):
        return Verdict.INVALID, trouble
    if not _other_dates_are_green(task_states(context)):
        return Verdict.INVALID, "Another date of this range is not green; open its run."
    waived = sum(verdict is Verdict.WAIVED for verdict in verdicts.values())
    said = f"{plural(len(verdicts), 'activity is', 'activities are')} equal"
    said += f", {waived} of them by waiver." if waived else "."
    return (Verdict.WAIVED if waived else Verdict.PASS), said


def pipeline_trouble(context: Context) -> str:
    """Return why the pipeline cannot be vouched for, whatever its activities say; empty when it can."""
    links = {PLAN: Link.PLAN, **dict.fromkeys(OF_PIPELINE, Link.PIPELINE)}
    broken = [found for task, link in links.items() if (found := broken_task(context, link, task))]
    if first := first_broken(broken):
        return first.sentence
    states = task_states(context)
    unwell = [task for task in OF_PIPELINE if states.get(task) != "success"]
    return f"{unwell[0]} did not succeed, so the pipeline cannot be vouched for." if unwell else ""


def tell_night(outcomes: Outcomes, verdict: Verdict, url: str) -> None:
    """Write every activity into the gate's log, green ones first, so that the end of the log says what to do."""
    for name, outcome in sorted(
        outcomes.items(), key=lambda told: (not Verdict(told[1]["verdict"]).green, told[0])
    ):
        tell(f"{outcome['verdict']:8}{name}", outcome["reason"], level=loudness(Verdict(outcome["verdict"])))
    tell(f"The run is {verdict}.", NEXT[verdict], url, level=loudness(verdict))


def _other_dates_are_green(states: Mapping[str, str]) -> bool:
    return all(state in ("success", "skipped") for task, state in states.items() if task.startswith(OTHER_DATES))
