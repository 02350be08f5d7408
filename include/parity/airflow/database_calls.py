"""On call for a database: the gate tells what changed, and a night that is late is told before it ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from airflow.sdk import AsyncCallback, Context, DeadlineAlert, DeadlineReference  # type: ignore[attr-defined]

from parity.airflow.calls import GateAlert, as_seconds, connection_id, log_deliveries, senders
from parity.airflow.runs import aconnection
from parity.errors import BadInput
from parity.settings import settings
from parity.suite.databases import Database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parity.alerts.outcome import ActivityOutcome, NightOutcome
    from parity.history.records import ActivityRecord


NO_RESULT = "It left no result; read the log of its record task."


class DatabaseAlert(GateAlert):
    """Tells the database's channels what changed; tables that are right again resolve what is open."""

    def outcome(self, context: Context) -> NightOutcome:
        """Return how the run ended, from the results store."""
        assert isinstance(self.suite, Database)
        return database_night(self.suite, context)


def database_night(spec: Database, context: Context) -> NightOutcome:
    """Return how a run ended: what was recorded of it, and nothing that was not."""
    from parity.airflow.database_jobs import night_of
    from parity.airflow.results import open_results, run_url
    from parity.alerts.outcome import ActivityOutcome, NightOutcome
    from parity.compare.result import Verdict
    from parity.flow.database_run.plan import DATABASE, day_of

    run, ti = context["dag_run"], context["ti"]
    beyond = ti.xcom_pull(task_ids="gate", key="beyond") or ""
    recorded = ti.xcom_pull(task_ids="gate", key="recorded")
    kept: Sequence[ActivityRecord] = ()
    try:
        plan = night_of(context)
    except BadInput as error:
        day, whole, beyond = day_of(spec, run.logical_date or run.run_after), False, beyond or str(error)
    else:
        day, whole = plan.business_date, not plan.partial
        kept = open_results().run(run.run_id, spec.key, day).activities
    found = tuple(_outcome(record) for record in kept if record.recorded.isoformat() == recorded)
    if not found and not whole:  # else nobody is told of a run of some tables that broke before it read any
        beyond = beyond or NO_RESULT
    never = ActivityOutcome(DATABASE, Verdict.INVALID, NO_RESULT)
    return NightOutcome(
        suite=spec.key,
        business_date=day,
        run_id=run.run_id,
        activities=found if found or not whole else (never,),
        url=run_url(context),
        owner=spec.owner,
        beyond=beyond,
        whole=whole,
    )


def _outcome(record: ActivityRecord) -> ActivityOutcome:
    from parity.alerts.outcome import ActivityOutcome
    from parity.flow.suite_run.files import page_of
    from parity.suite.models import Severity

    return ActivityOutcome(
        name=record.key.activity,
        verdict=record.verdict,
        reason=record.reason,
        severity=Severity(record.severity),
        rows=record.rows,
        columns=record.columns,
        first_broken=record.first_broken,
        url=settings().artefact_link(page_of(record.report)) if record.report else "",
        recorded=record.recorded,
    )


def deadline_alert(spec: Database) -> DeadlineAlert | None:
    """Return the alert for a night that is late, or None when the database has no deadline."""
    if spec.deadline is None:
        return None
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=as_seconds(spec.deadline),
        callback=AsyncCallback(late_database, kwargs={"database": spec.database}),
    )


async def late_database(database: str, context: dict[str, Any]) -> None:
    """Tell the database's channels that a night is late; runs in the triggerer, for a run that has not ended."""
    from parity.suite.database_files import load_databases

    found = {one.database: one for one in load_databases(settings().databases).databases}[database]
    run = context["dag_run"]
    if run.get("end_date"):
        return  # Airflow may fire this after a run that failed in time
    names = {connection_id(target) for target in found.alerts}
    connections = {name: await aconnection(name) for name in names}
    await asyncio.to_thread(_tell_late, found, connections, run)


def _tell_late(spec: Database, connections: dict[str, Any], run: dict[str, Any]) -> None:
    import logging
    from datetime import datetime

    from parity.airflow.results import open_results
    from parity.alerts.notify import notify_late
    from parity.clock import SystemClock
    from parity.flow.database_run.plan import day_of

    moment = datetime.fromisoformat(str(run.get("logical_date") or run["run_after"]))
    day = day_of(spec, moment)
    detail = f"has not ended {spec.deadline} after it was queued (run {run['dag_run_id']})"
    sent = notify_late(
        open_results(), spec.key, day, detail, senders(spec, connections), SystemClock(), run["dag_run_id"]
    )
    log_deliveries(logging.getLogger(__name__), sent)
