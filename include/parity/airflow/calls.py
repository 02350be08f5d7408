"""On call: the gate tells what changed, and a night that is late is told before it ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import AsyncCallback, BaseNotifier, Context, DeadlineAlert, DeadlineReference  # type: ignore[attr-defined]

from parity.airflow.runs import aconnection, connection
from parity.clock import SystemClock, today
from parity.compare.result import Verdict
from parity.errors import BadInput
from parity.settings import settings
from parity.suite.databases import Database
from parity.suite.models import AlertTarget, Suite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parity.alerts.notify import Delivery, Sender
    from parity.alerts.outcome import ActivityOutcome, NightOutcome
    from parity.flow.suite_run.plan import Plan


class GateAlert(BaseNotifier):
    """Tells the suite's channels what changed with this run; green runs resolve what is open."""

    def __init__(self, suite: Suite | Database) -> None:
        super().__init__()
        self.suite = suite

    def notify(self, context: Context) -> None:
        """Send; a channel that fails is logged and tried again with the next run."""
        from parity.airflow.results import open_results
        from parity.alerts.notify import notify, notify_unstored

        senders = self._senders()
        try:
            deliveries = notify(open_results(), self.outcome(context), senders, SystemClock())
        except Exception as error:
            self.log.exception("What changed is not known; the alert says that instead.")
            deliveries = notify_unstored(self._unknown(context, error), senders, SystemClock())
        log_deliveries(self.log, deliveries)

    def _unknown(self, context: Context, error: Exception) -> NightOutcome:
        """Return the outcome of a run of which nothing can be looked up."""
        from parity.airflow.results import run_url
        from parity.alerts.outcome import NightOutcome

        name = self.suite.suite if isinstance(self.suite, Suite) else self.suite.key
        run, why = context["dag_run"], f"{type(error).__name__}; read the log of the gate."
        return NightOutcome(
            suite=name,
            business_date=(run.logical_date or run.run_after).date(),
            run_id=run.run_id,
            activities=(),
            url=run_url(context),
            owner=self.suite.owner,
            beyond=f"The results of this run cannot be looked up: {why}",
            whole=False,
        )

    def outcome(self, context: Context) -> NightOutcome:
        """Return how the run ended."""
        assert isinstance(self.suite, Suite)
        return night(self.suite, context)

    def _senders(self) -> Sequence[Sender]:
        targets = {target: connection_id(target) for target in self.suite.alerts}
        return senders(self.suite, {name: connection(name) for name in targets.values()})


def night(suite: Suite, context: Context) -> NightOutcome:
    """Return how the run ended: what the gate said, with the details that the results store has of the same."""
    from parity.airflow.results import run_url
    from parity.airflow.steps import plan_of
    from parity.alerts.outcome import NightOutcome
    from parity.flow.suite_run.plan import asked_date

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
    return NightOutcome(
        suite=suite.suite,
        business_date=day,
        run_id=run.run_id,
        activities=tuple(outcomes),
        url=run_url(context),
        owner=suite.owner,
        beyond=beyond,
        whole=whole,
    )


def _outcomes(suite: Suite, plan: Plan, context: Context) -> list[ActivityOutcome]:
    from parity.airflow.results import open_results

    told = context["ti"].xcom_pull(task_ids="gate", key="outcomes") or {}
    stored = open_results().run(plan.run_id, suite.suite, plan.business_date).activities
    kept = {record.key.activity: record for record in stored}
    return [_activity(suite, name, kept.get(name), told.get(name)) for name in plan.activities]


def senders(suite: Suite | Database, connections: dict[str, Any]) -> Sequence[Sender]:
    """Return one sender for each of the suite's alerts, from Airflow's connections."""
    from parity.airflow.channels import sender

    return [sender(target, connections[connection_id(target)]) for target in suite.alerts]


def connection_id(target: AlertTarget) -> str:
    """Return the Airflow connection that an alert goes through."""
    chosen = target.pagerduty or target.slack or target.email or target.webhook
    return chosen.connection if chosen else ""


def deadline_alert(suite: Suite) -> DeadlineAlert | None:
    """Return the alert for a night that is late, or None when the suite has no deadline."""
    if suite.deadline is None:
        return None
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=as_seconds(suite.deadline),
        callback=AsyncCallback(late_night, kwargs={"suite": suite.suite}),
    )


def as_seconds(deadline: timedelta) -> Any:
    """Return a deadline as the number that Airflow 3.3.2 can count on with.

    It keeps a timedelta as a mapping; clearing a task of a red run then adds that to a time, and answers 500
    (TypeError in ``_recalculate_dagrun_queued_at_deadlines``). A number stays one, and is read back as seconds.
    """
    return deadline.total_seconds()


async def late_night(suite: str, context: dict[str, Any]) -> None:
    """Tell the suite's channels that a night is late; runs in the triggerer, for a run that has not ended."""
    from parity.suite.loader import load_suites

    found = {s.suite: s for s in load_suites(settings().suites, suite).suites}[suite]
    run = context["dag_run"]
    if run.get("end_date"):
        return  # Airflow may fire this after a run that failed in time
    connections = {}
    for name in {connection_id(target) for target in found.alerts}:
        connections[name] = await aconnection(name)
    await asyncio.to_thread(_tell_late, found, connections, run)


def _tell_late(suite: Suite, connections: dict[str, Any], run: dict[str, Any]) -> None:
    import logging
    from datetime import datetime

    from parity.airflow.results import open_results
    from parity.alerts.notify import notify_late
    from parity.flow.suite_run.plan import yesterday

    moment = datetime.fromisoformat(str(run.get("logical_date") or run["run_after"]))
    named = (run.get("conf") or {}).get("business_date")
    day = datetime.fromisoformat(named).date() if named else yesterday(suite, moment)
    detail = f"has not ended {suite.deadline} after it was queued (run {run['dag_run_id']})"
    sent = notify_late(
        open_results(), suite.suite, day, detail, senders(suite, connections), SystemClock(), run["dag_run_id"]
    )
    log_deliveries(logging.getLogger(__name__), sent)


def log_deliveries(log: Any, deliveries: Sequence[Delivery]) -> None:
    """Say in the log who was told what."""
    if not deliveries:
        log.info("Nothing changed since the last run, so nobody was told.")
    for delivery in deliveries:
        if delivery.error:
            log.error("%s was not told of %s: %s", delivery.channel, delivery.incident, delivery.error)
        else:
            log.info("%s was told: %s %s", delivery.channel, delivery.event, delivery.incident)


def _activity(suite: Suite, name: str, kept: Any, told: dict[str, Any] | None) -> ActivityOutcome:
    from parity.alerts.outcome import ActivityOutcome
    from parity.flow.suite_run.files import page_of
    from parity.flow.suite_run.records import is_of, severity_of

    severity = severity_of(suite, name)
    told = told or {"verdict": Verdict.INVALID, "reason": "It left no result."}
    if kept is None or not is_of(kept, told):  # what is stored is of another attempt
        return ActivityOutcome(name, Verdict(told["verdict"]), told["reason"], severity)
    return ActivityOutcome(
        name=name,
        verdict=kept.verdict,
        reason=kept.reason,
        severity=severity,
        rows=kept.rows,
        columns=kept.columns,
        broken_expectations=tuple(
            (f.subject, f.expectation) for f in kept.findings if (f.severity, f.outcome) == ("critical", "fail")
        ),
        first_broken=kept.first_broken,
        caused_by=told.get("caused_by", ""),
        url=settings().artefact_link(page_of(kept.report)) if kept.report else "",
        recorded=kept.recorded,
    )
