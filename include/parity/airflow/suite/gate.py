"""The colour of a run: gathers what the gate judges, and writes it into the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from airflow.sdk import Context

from parity.airflow.step.failures import log_block, log_level
from parity.airflow.step.output import facts_of, task_states
from parity.airflow.step.pages import say_again
from parity.airflow.suite.facts import activity_facts
from parity.clock import SystemClock, today
from parity.compare.result import Verdict
from parity.errors import BadInput
from parity.flow.run_verdict import (
    OF_PIPELINE,
    PLAN,
    Recorded,
    RunFacts,
    inputs_now,
    outcome_of,
    stages_of,
    task_of,
)
from parity.flow.stages import Stage
from parity.flow.suite_run.plan import SuiteRunPlan
from parity.flow.suite_run.records import is_of, severity_of, unrecorded
from parity.flow.suite_run.verdict import COMPARED_AGAIN, NEXT_STEP
from parity.history.records import ActivityRecord
from parity.history.store import Store
from parity.suite.models import Suite

OTHER_RUNS = "runs_of_other_dates"
"""The mapped task of a range; its index follows its name."""
OTHER_DATES, ASKED = "other_dates", "asked"
"""The task that lists a range's further dates, and the XCom key of the moment at which it did."""


def run_facts(
    context: Context, suite: Suite, plan: SuiteRunPlan, store: Store, rules: Mapping[str, str]
) -> RunFacts:
    """Gather everything that the run's verdict is a function of; ``rules`` are those declared now, by activity."""
    return RunFacts(
        declared=len(suite.activities),
        plan=plan,
        outcomes={name: _outcome(context, suite, plan, name, rules) for name in plan.activities},
        shared=facts_of(context, {PLAN: Stage.PLAN, **dict.fromkeys(OF_PIPELINE, Stage.PIPELINE)}),
        dates=_other_dates(context, plan, store),
    )


def log_run(outcomes: Mapping[str, Mapping[str, Any]], verdict: Verdict, url: str) -> None:
    """Write every activity into the gate's log, green ones first, so that the end of the log says what to do."""
    for name, outcome in sorted(
        outcomes.items(), key=lambda told: (not Verdict(told[1]["verdict"]).green, told[0])
    ):
        log_block(f"{outcome['verdict']:8}{name}", outcome["reason"], level=log_level(Verdict(outcome["verdict"])))
    log_block(f"The run is {verdict}.", NEXT_STEP[verdict], url, level=log_level(verdict))


def stored(facts: RunFacts, suite: Suite, sha: str, store: Store) -> dict[str, Any]:
    """Return what counts of each activity, once the results store says the same.

    A record task may have died before it stored anything: then an older result, perhaps a green one, would stand
    for this run. ``sha`` is the fingerprint of the suite.
    """
    plan = facts.plan
    kept = _kept(plan, store)
    found = {name: dict(outcome) for name, outcome in facts.outcomes.items()}
    for name, outcome in found.items():
        if not is_of(kept.get(name), outcome):
            outcome["recorded"] = _correct(plan, name, outcome, kept.get(name), (suite, sha, store))
            say_again(plan, name, Verdict(outcome["verdict"]), str(outcome["reason"]))
    return found


def take_back(plan: SuiteRunPlan, name: str, suite: Suite, sha: str, store: Store) -> bool:
    """Take back what is stored of an activity in this run, because its evidence is replaced; say if it was."""
    if (kept := _kept(plan, store).get(name)) is None:
        return False
    _correct(plan, name, {"verdict": Verdict.INVALID, "reason": COMPARED_AGAIN}, kept, (suite, sha, store))
    return True


def _kept(plan: SuiteRunPlan, store: Store) -> dict[str, ActivityRecord]:
    try:
        listed = store.run(plan.run_id, plan.suite, plan.business_date).activities
    except BadInput:  # housekeeping has deleted the run
        return {}
    return {record.key.activity: record for record in listed}


def _correct(
    plan: SuiteRunPlan,
    name: str,
    outcome: Mapping[str, Any],
    kept: ActivityRecord | None,
    of: tuple[Suite, str, Store],
) -> str:
    """Store what counts of an activity in place of what is there, and return when that was recorded."""
    suite, sha, store = of
    record = unrecorded(plan, name, outcome, kept, (severity_of(suite, name), sha))
    record = replace(record, recorded=store.moment(plan.suite, plan.run_id, plan.business_date))
    store.record_activity(record)
    return record.recorded.isoformat()


def _outcome(
    context: Context, suite: Suite, plan: SuiteRunPlan, name: str, rules: Mapping[str, str]
) -> Mapping[str, Any]:
    if name not in rules:
        return {"verdict": Verdict.INVALID, "reason": f"Activity {name} is no longer declared. Start a new run."}
    recorded = _recorded(context, suite, plan, name)
    recorded = replace(recorded, rules=(plan.rules.get(name, ""), rules[name]))
    return outcome_of(recorded, task_of(Stage.RECORD, name))


def _recorded(context: Context, suite: Suite, plan: SuiteRunPlan, name: str) -> Recorded:
    activity, tasks = suite.activity(name), activity_facts(context, name)
    links = stages_of(suite, activity, plan, tasks[task_of(Stage.WAY, name)].piece)
    task = task_of(Stage.RECORD, name)
    outcome = context["ti"].xcom_pull(task_ids=task, key="outcome")
    state = task_states(context).get(task, "missing")
    unwell = tuple(known for link in links if tasks[known := task_of(link, name)].state != "success")
    day = today(SystemClock(), suite.timezone)
    return Recorded(outcome or {}, state, inputs_now(links, name, tasks), unwell, today=day)


def _other_dates(context: Context, plan: SuiteRunPlan, store: Store) -> dict[str, str]:
    """Return what became of every further date of the range: its verdict, or why there is none."""
    states = task_states(context)
    asked = context["ti"].xcom_pull(task_ids=OTHER_DATES, key=ASKED)
    found = {}
    for index, day in enumerate(plan.other_dates):
        state = states.get(f"{OTHER_RUNS}_{index}", "missing")
        said = _of_date(store, plan, day.isoformat(), asked)
        green = said in (Verdict.PASS, Verdict.WAIVED)
        found[day.isoformat()] = f"its task is {state}" if green and state != "success" else said
    return found


def _of_date(store: Store, plan: SuiteRunPlan, day: str, asked: str | None) -> str:
    try:
        found = store.run(f"{plan.run_id}__{day}", plan.suite, date.fromisoformat(day))
    except BadInput:
        return "its run left no result"
    run, green = found.run, {one.key.activity for one in found.activities if one.verdict.green}
    if run.verdict is None or not run.verdict.green:
        return f"{run.verdict or 'no verdict'}. {run.reason}"
    if not asked or run.ended is None or run.ended < datetime.fromisoformat(asked):
        return f"its run ended before this one asked for it, as {run.verdict}"
    if left := [name for name in plan.activities if name not in green]:
        return f"its run is {run.verdict}, but did not compare {left[0]}"
    return str(run.verdict)
