"""The facts of a run's verdict, gathered for the gate, and what the gate writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from airflow.sdk import Context

from parity.airflow.step.failures import log_block, log_level
from parity.airflow.step.output import facts_of, task_states
from parity.airflow.step.pages import rewrite_report
from parity.airflow.step.results import OUTCOME, log_verdict
from parity.airflow.suite.facts import activity_facts
from parity.clock import SystemClock, today
from parity.compare.result import Verdict
from parity.errors import BadInput
from parity.flow.run_verdict import (
    PIPELINE_TASKS,
    PLAN,
    Recorded,
    RunFacts,
    current_outcome,
    input_hashes,
    stages_of,
    task_of,
)
from parity.flow.stages import Stage
from parity.flow.suite_run.plan import SuiteRunPlan
from parity.flow.suite_run.records import corrected_record, is_record_of, severity_of
from parity.flow.suite_run.verdict import COMPARED_AGAIN
from parity.history.records import ActivityRecord
from parity.history.store import Store
from parity.suite.models import Suite

OTHER_RUNS = "runs_of_other_dates"
"""The mapped task of a range; its index follows its name."""
OTHER_DATES, ASKED = "other_dates", "asked"
"""The task that lists a range's further dates, and the XCom key of the time at which it did."""


def run_facts(
    context: Context, suite: Suite, plan: SuiteRunPlan, store: Store, rules: Mapping[str, str]
) -> RunFacts:
    """Return the facts of the run's verdict; ``rules`` are hashes of those declared now, by activity."""
    return RunFacts(
        declared=len(suite.activities),
        plan=plan,
        outcomes={name: _outcome(context, suite, plan, name, rules) for name in plan.activities},
        shared=facts_of(context, {PLAN: Stage.PLAN, **dict.fromkeys(PIPELINE_TASKS, Stage.PIPELINE)}),
        dates=_other_dates(context, plan, store),
    )


def log_run(outcomes: Mapping[str, Mapping[str, Any]], verdict: Verdict, url: str) -> None:
    """Write every activity into the gate's log, green ones first, so that the end of the log says what to do."""
    for name, outcome in sorted(
        outcomes.items(), key=lambda item: (not Verdict(item[1]["verdict"]).green, item[0])
    ):
        log_block(f"{outcome['verdict']:8}{name}", outcome["reason"], level=log_level(Verdict(outcome["verdict"])))
    log_verdict(f"The run is {verdict}.", verdict, "", url)


def reconcile_store(facts: RunFacts, suite: Suite, sha: str, store: Store) -> dict[str, Any]:
    """Return the outcome of each activity, and correct the results store where it has another one.

    A record task may have died before it stored anything: then an older result, perhaps a green one, would count
    for this run. ``sha`` is the fingerprint of the suite.
    """
    plan = facts.plan
    recorded = _recorded_in(store, plan)
    found = {name: dict(outcome) for name, outcome in facts.outcomes.items()}
    for name, outcome in found.items():
        if not is_record_of(recorded.get(name), outcome):
            outcome["recorded"] = _correct(plan, name, outcome, recorded.get(name), (suite, sha, store))
            rewrite_report(plan, name, Verdict(outcome["verdict"]), str(outcome["reason"]))
    return found


def retract_result(plan: SuiteRunPlan, name: str, suite: Suite, sha: str, store: Store) -> bool:
    """Replace an activity's result by INVALID, because it is compared again; return whether it had one."""
    if (record := _recorded_in(store, plan).get(name)) is None:
        return False
    _correct(plan, name, {"verdict": Verdict.INVALID, "reason": COMPARED_AGAIN}, record, (suite, sha, store))
    return True


def _recorded_in(store: Store, plan: SuiteRunPlan) -> dict[str, ActivityRecord]:
    try:
        listed = store.run(plan.run_id, plan.suite, plan.business_date).activities
    except BadInput:  # housekeeping has deleted the run
        return {}
    return {record.key.activity: record for record in listed}


def _correct(
    plan: SuiteRunPlan,
    name: str,
    outcome: Mapping[str, Any],
    previous: ActivityRecord | None,
    of: tuple[Suite, str, Store],
) -> str:
    """Store an activity's outcome in place of the previous record, and return when it was recorded."""
    suite, sha, store = of
    record = corrected_record(plan, name, outcome, previous, (severity_of(suite, name), sha))
    record = replace(record, recorded=store.recording_time(plan.suite, plan.run_id, plan.business_date))
    store.record_activity(record)
    return record.recorded.isoformat()


def _outcome(
    context: Context, suite: Suite, plan: SuiteRunPlan, name: str, rules: Mapping[str, str]
) -> Mapping[str, Any]:
    if name not in rules:
        return {"verdict": Verdict.INVALID, "reason": f"Activity {name} is no longer declared. Start a new run."}
    activity, tasks = suite.activity(name), activity_facts(context, name)
    stages = stages_of(suite, activity, plan, tasks[task_of(Stage.STRATEGY, name)].output)
    record = task_of(Stage.RECORD, name)
    recorded = Recorded(
        outcome=context["ti"].xcom_pull(task_ids=record, key=OUTCOME) or {},
        state=task_states(context).get(record, "missing"),
        inputs=input_hashes(stages, name, tasks),
        unsuccessful=tuple(task for stage in stages if tasks[task := task_of(stage, name)].state != "success"),
        rules=(plan.rules.get(name, ""), rules[name]),
        today=today(SystemClock(), suite.timezone),
    )
    return current_outcome(recorded, record)


def _other_dates(context: Context, plan: SuiteRunPlan, store: Store) -> dict[str, str]:
    """Return the verdict of each further date of the range, or why there is none."""
    states = task_states(context)
    asked = context["ti"].xcom_pull(task_ids=OTHER_DATES, key=ASKED)
    found = {}
    for index, day in enumerate(plan.other_dates):
        state = states.get(f"{OTHER_RUNS}_{index}", "missing")
        verdict = _of_date(store, plan, day.isoformat(), asked)
        green = verdict in (Verdict.PASS, Verdict.WAIVED)
        found[day.isoformat()] = f"its task is {state}" if green and state != "success" else verdict
    return found


def _of_date(store: Store, plan: SuiteRunPlan, day: str, asked: str | None) -> str:
    try:
        found = store.run(f"{plan.run_id}__{day}", plan.suite, date.fromisoformat(day))
    except BadInput:
        return "its run has no result"
    run, green = found.run, {one.key.activity for one in found.activities if one.verdict.green}
    if run.verdict is None or not run.verdict.green:
        return f"{run.verdict or 'no verdict'}. {run.reason}"
    if not asked or run.ended is None or run.ended < datetime.fromisoformat(asked):
        return f"its run ended, as {run.verdict}, before this one started it"
    if left := [name for name in plan.activities if name not in green]:
        return f"its run is {run.verdict}, but did not compare {left[0]}"
    return str(run.verdict)
