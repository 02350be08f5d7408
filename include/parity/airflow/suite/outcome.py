"""The outcome of a suite's run, for the alerts."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from parity.airflow.notifications import recorded_outcome, run_outcome
from parity.airflow.step.output import read_plan
from parity.airflow.step.results import RUN_ISSUE, open_results
from parity.alerts.outcome import ActivityOutcome, RunOutcome
from parity.clock import SystemClock, today
from parity.compare.result import Verdict
from parity.errors import BadInput
from parity.flow.suite_run.plan import SuiteRunPlan, requested_date
from parity.flow.suite_run.records import is_record_of, severity_of
from parity.suite.models import Suite


def suite_outcome(suite: Suite, context: Context) -> RunOutcome:
    """Return the outcome of a run: what the gate decided, with the details from the results store."""
    issue = context["ti"].xcom_pull(task_ids="gate", key=RUN_ISSUE) or ""
    try:
        plan = read_plan(context, SuiteRunPlan)
    except BadInput as error:
        day = requested_date(suite, context["dag_run"])
        return run_outcome(suite, context, day, (), issue or str(error), whole=False)
    day, whole = plan.business_date, set(plan.activities) == {activity.name for activity in suite.activities}
    outcomes = _outcomes(suite, plan, context)
    if day > today(SystemClock(), suite.timezone):  # a date in the future proves no recovery
        outcomes, whole = [one for one in outcomes if not one.verdict.green], False
    return run_outcome(suite, context, day, outcomes, issue, whole=whole)


def _outcomes(suite: Suite, plan: SuiteRunPlan, context: Context) -> list[ActivityOutcome]:
    outcomes = context["ti"].xcom_pull(task_ids="gate", key="outcomes") or {}
    stored = open_results().run(plan.run_id, suite.suite, plan.business_date).activities
    records = {record.key.activity: record for record in stored}
    return [_activity(suite, name, records.get(name), outcomes.get(name)) for name in plan.activities]


def _activity(suite: Suite, name: str, records: Any, outcome: dict[str, Any] | None) -> ActivityOutcome:
    severity = severity_of(suite, name)
    outcome = outcome or {"verdict": Verdict.INVALID, "reason": "It has no result."}
    if records is None or not is_record_of(records, outcome):  # what is stored is of another attempt
        return ActivityOutcome(name, Verdict(outcome["verdict"]), outcome["reason"], severity)
    return recorded_outcome(records, severity, outcome.get("caused_by", ""))
