"""The outcome of a database's run, for the alerts."""

from __future__ import annotations

from airflow.sdk import Context

from parity.airflow.notifications import recorded_outcome, run_outcome
from parity.airflow.step.output import read_plan
from parity.airflow.step.results import RUN_ISSUE, open_results
from parity.alerts.outcome import ActivityOutcome, RunOutcome
from parity.compare.result import Verdict
from parity.errors import BadInput
from parity.flow.database_run.plan import DATABASE, DatabaseRunPlan
from parity.suite.databases import Database
from parity.suite.models import Severity

NO_RESULT = "It has no result; read the log of its record task."


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
