"""The outcomes of runs, for the alerts: what was decided, with the details from the results store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from airflow.sdk import Context

from parity.airflow.step.output import read_plan
from parity.airflow.step.results import RUN_ISSUE, Subject, open_results, run_url
from parity.alerts.outcome import ActivityOutcome, RunOutcome
from parity.clock import SystemClock, today
from parity.compare.result import Verdict
from parity.errors import BadInput
from parity.flow.database_run.plan import DATABASE, DatabaseRunPlan
from parity.flow.suite_run.files import page_of
from parity.flow.suite_run.plan import SuiteRunPlan, requested_date
from parity.flow.suite_run.records import is_record_of, severity_of
from parity.history.records import ActivityRecord
from parity.settings import settings
from parity.suite.databases import Database
from parity.suite.models import Severity, Suite

NO_RESULT = "It has no result; read the log of its record task."


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


def _activity(
    suite: Suite, name: str, record: ActivityRecord | None, outcome: Mapping[str, Any] | None
) -> ActivityOutcome:
    severity = severity_of(suite, name)
    outcome = outcome or {"verdict": Verdict.INVALID, "reason": "It has no result."}
    if record is None or not is_record_of(record, outcome):  # what is stored is of another attempt
        return ActivityOutcome(name, Verdict(outcome["verdict"]), outcome["reason"], severity)
    return recorded_outcome(record, severity)


def database_outcome(spec: Database, context: Context) -> RunOutcome:
    """Return the outcome of a run: exactly what was recorded of it."""
    run, ti = context["dag_run"], context["ti"]
    issue = ti.xcom_pull(task_ids="gate", key=RUN_ISSUE) or ""
    recorded = ti.xcom_pull(task_ids="gate", key="recorded")
    try:
        plan = read_plan(context, DatabaseRunPlan)
    except BadInput as error:
        day = spec.business_date(run.logical_date or run.run_after)
        return run_outcome(spec, context, day, (), issue or str(error), whole=False)
    stored = open_results().run(run.run_id, spec.key, plan.business_date).activities
    found = [
        recorded_outcome(record, Severity(record.severity))
        for record in stored
        if record.recorded.isoformat() == recorded
    ]
    if not found and plan.partial:  # otherwise nothing reports a run of some tables that failed before it read any
        issue = issue or NO_RESULT
    elif not found:
        found = [ActivityOutcome(DATABASE, Verdict.INVALID, NO_RESULT)]
    return run_outcome(spec, context, plan.business_date, found, issue, whole=not plan.partial)


def run_outcome(
    subject: Subject, context: Context, day: date, found: Iterable[ActivityOutcome], issue: str, *, whole: bool
) -> RunOutcome:
    """Return the outcome of this run, which is of ``day``."""
    return RunOutcome(
        suite=subject.key,
        business_date=day,
        run_id=context["dag_run"].run_id,
        activities=tuple(found),
        url=run_url(context),
        owner=subject.owner,
        run_issue=issue,
        whole=whole,
    )


def recorded_outcome(record: ActivityRecord, severity: Severity) -> ActivityOutcome:
    """Return how an activity or a table ended, as the results store has it."""
    return ActivityOutcome(
        name=record.key.activity,
        verdict=record.verdict,
        reason=record.reason,
        severity=severity,
        rows=record.rows,
        columns=record.columns,
        broken_expectations=tuple(
            (f.subject, f.expectation) for f in record.findings if (f.severity, f.outcome) == ("critical", "fail")
        ),
        first_failure=record.first_broken,
        caused_by=record.caused_by,
        control_totals=record.control_totals,
        url=settings().artefact_link(page_of(record.report)) if record.report else "",
        recorded=record.recorded,
    )
