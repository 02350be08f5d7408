"""The outcome of a database's run, for the alerts."""

from __future__ import annotations

from collections.abc import Sequence

from airflow.sdk import Context

from parity.airflow.database.context import plan_of
from parity.airflow.notifications import recorded_outcome
from parity.airflow.step.results import RUN_ISSUE, open_results, run_url
from parity.alerts.outcome import ActivityOutcome, RunOutcome
from parity.compare.result import Verdict
from parity.errors import BadInput
from parity.flow.database_run.plan import DATABASE
from parity.history.records import ActivityRecord
from parity.suite.databases import Database
from parity.suite.models import Severity

NO_RESULT = "It has no result; read the log of its record task."


def database_outcome(spec: Database, context: Context) -> RunOutcome:
    """Return the outcome of a run: exactly what was recorded of it."""
    run, ti = context["dag_run"], context["ti"]
    run_issue = ti.xcom_pull(task_ids="gate", key=RUN_ISSUE) or ""
    recorded = ti.xcom_pull(task_ids="gate", key="recorded")
    stored: Sequence[ActivityRecord] = ()
    try:
        plan = plan_of(context)
    except BadInput as error:
        day, whole, run_issue = (
            spec.business_date(run.logical_date or run.run_after),
            False,
            run_issue or str(error),
        )
    else:
        day, whole = plan.business_date, not plan.partial
        stored = open_results().run(run.run_id, spec.key, day).activities
    found = tuple(
        recorded_outcome(record, Severity(record.severity))
        for record in stored
        if record.recorded.isoformat() == recorded
    )
    if not found and not whole:  # otherwise nothing reports a run of some tables that failed before it read any
        run_issue = run_issue or NO_RESULT
    never = ActivityOutcome(DATABASE, Verdict.INVALID, NO_RESULT)
    return RunOutcome(
        suite=spec.key,
        business_date=day,
        run_id=run.run_id,
        activities=found if found or not whole else (never,),
        url=run_url(context),
        owner=spec.owner,
        run_issue=run_issue,
        whole=whole,
    )
