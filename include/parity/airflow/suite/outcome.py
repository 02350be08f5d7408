"""How a run of a suite ended, as the alerts need to know it."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from parity.airflow.notifications import recorded_outcome
from parity.airflow.step.results import open_results, run_url
from parity.airflow.suite.remote_steps import plan_of
from parity.alerts.outcome import ActivityOutcome, RunOutcome
from parity.clock import SystemClock, today
from parity.compare.result import Verdict
from parity.errors import BadInput
from parity.flow.suite_run.plan import SuiteRunPlan, asked_date
from parity.flow.suite_run.records import is_of, severity_of
from parity.suite.models import Suite


def suite_outcome(suite: Suite, context: Context) -> RunOutcome:
    """Return how the run ended: what the gate said, with the details that the results store has of the same."""
    run, beyond = context["dag_run"], context["ti"].xcom_pull(task_ids="gate", key="beyond") or ""
    try:
        plan = plan_of(context)
    except BadInput as error:
        day, outcomes, whole, beyond = asked_date(suite, run), [], False, beyond or str(error)
    else:
        day, whole = plan.business_date, set(plan.activities) == {activity.name for activity in suite.activities}
        outcomes = _outcomes(suite, plan, context)
        if day > today(SystemClock(), suite.timezone):  # a date that has not come proves nothing right
            outcomes, whole = [one for one in outcomes if not one.verdict.green], False
    return RunOutcome(
        suite=suite.suite,
        business_date=day,
        run_id=run.run_id,
        activities=tuple(outcomes),
        url=run_url(context),
        owner=suite.owner,
        beyond=beyond,
        whole=whole,
    )


def _outcomes(suite: Suite, plan: SuiteRunPlan, context: Context) -> list[ActivityOutcome]:
    told = context["ti"].xcom_pull(task_ids="gate", key="outcomes") or {}
    stored = open_results().run(plan.run_id, suite.suite, plan.business_date).activities
    kept = {record.key.activity: record for record in stored}
    return [_activity(suite, name, kept.get(name), told.get(name)) for name in plan.activities]


def _activity(suite: Suite, name: str, kept: Any, said: dict[str, Any] | None) -> ActivityOutcome:
    severity = severity_of(suite, name)
    said = said or {"verdict": Verdict.INVALID, "reason": "It left no result."}
    if kept is None or not is_of(kept, said):  # what is stored is of another attempt
        return ActivityOutcome(name, Verdict(said["verdict"]), said["reason"], severity)
    return recorded_outcome(kept, severity, said.get("caused_by", ""))
