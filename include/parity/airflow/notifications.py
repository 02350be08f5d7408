"""On call: the gate reports what changed, and a run that is late is reported before it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import AsyncCallback, BaseNotifier, Context, DeadlineAlert, DeadlineReference  # type: ignore[attr-defined]

from parity.airflow.connections.lookup import aconnection, connection
from parity.airflow.outcomes import run_outcome
from parity.airflow.step.results import Subject, open_results
from parity.alerts.outcome import RunOutcome
from parity.clock import SystemClock
from parity.errors import BadInput
from parity.flow.suite_run.plan import requested_date
from parity.settings import settings
from parity.suite.models import AlertTarget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parity.alerts.notify import Delivery, Sender

log = logging.getLogger(__name__)


class GateAlert(BaseNotifier):
    """Reports to the subject's channels what changed with this run; green runs resolve what is open."""

    def __init__(self, subject: Subject, outcome: Callable[[Any, Context], RunOutcome]) -> None:
        super().__init__()
        self.subject = subject
        self.outcome = outcome

    def notify(self, context: Context) -> None:
        """Send; a channel that fails is logged and tried again with the next run."""
        from parity.alerts.notify import notify, notify_unstored

        channels = senders_of(self.subject)
        try:
            deliveries = notify(open_results(), self.outcome(self.subject, context), channels, SystemClock())
        except Exception as error:
            self.log.exception("What changed is not known; the alert says that instead.")
            deliveries = notify_unstored(self._unknown(context, error), channels, SystemClock())
        log_deliveries(deliveries)

    def _unknown(self, context: Context, error: Exception) -> RunOutcome:
        """Return the outcome of a run of which nothing can be looked up."""
        issue = f"The results of this run cannot be looked up: {type(error).__name__}; read the log of the gate."
        day = requested_date(self.subject, context["dag_run"])
        return run_outcome(self.subject, context, day, (), issue, whole=False)


def senders_of(subject: Subject) -> Sequence[Sender]:
    """Return what delivers to each channel, reading the connections on a worker."""
    found: dict[str, Any] = {}
    for name in _connection_ids(subject):
        try:
            found[name] = connection(name)
        except BadInput as error:
            found[name] = error
    return senders_with(subject, found)


def connection_id(target: AlertTarget) -> str:
    """Return the Airflow connection that an alert goes through."""
    return str(getattr(target, target.kind).connection)


def deadline_alert(subject: Subject) -> DeadlineAlert | None:
    """Return the alert for a run that is late, or None when there is no deadline.

    The deadline is a number of seconds. Airflow 3.3.2 keeps a timedelta as a mapping; clearing a task of a red run
    then adds that to a time, and answers 500 (TypeError in ``_recalculate_dagrun_queued_at_deadlines``).
    """
    if subject.deadline is None:
        return None
    seconds: Any = subject.deadline.total_seconds()
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=seconds,
        callback=AsyncCallback(late_run, kwargs={"dag_id": subject.dag_id}),
    )


async def late_run(dag_id: str, context: dict[str, Any]) -> None:
    """Report that a run is late; runs in the triggerer, for a run that has not ended."""
    subject, run = _declared(dag_id), context["dag_run"]
    if run.get("end_date"):
        return  # Airflow may fire this after a run that failed in time
    await asyncio.to_thread(_report_late, subject, await aconnections(subject), run)


async def aconnections(subject: Subject) -> dict[str, Any]:
    """Return the connection of each channel in a triggerer's event loop, or why there is none."""
    found: dict[str, Any] = {}
    for name in _connection_ids(subject):
        try:
            found[name] = await aconnection(name)
        except BadInput as error:
            found[name] = error
    return found


def _declared(dag_id: str) -> Subject:
    from parity.suite.database_files import load_databases
    from parity.suite.suite_files import load_suites

    subjects: list[Subject] = [*load_suites(settings().suites).models.values()]
    subjects += load_databases(settings().databases).models.values()
    return next(subject for subject in subjects if subject.dag_id == dag_id)


def _report_late(subject: Subject, connections: Mapping[str, Any], run: Mapping[str, Any]) -> None:
    from parity.alerts.notify import notify_late

    named = (run.get("conf") or {}).get("business_date") or run.get("partition_key")
    moment = datetime.fromisoformat(str(run.get("logical_date") or run["run_after"]))
    day = date.fromisoformat(named) if named else subject.business_date(moment)
    detail = f"has not ended {subject.deadline} after it was queued (run {run['dag_run_id']})"
    channels = senders_with(subject, connections)
    log_deliveries(
        notify_late(open_results(), subject.key, day, detail, channels, SystemClock(), run["dag_run_id"])
    )


def _connection_ids(subject: Subject) -> set[str]:
    return {connection_id(target) for target in subject.alerts}


def senders_with(subject: Subject, connections: Mapping[str, Any]) -> Sequence[Sender]:
    """Return what delivers to each channel; one whose connection is a BadInput fails alone."""
    from parity.airflow.connections.senders import sender

    return [sender(target, connections[connection_id(target)]) for target in subject.alerts]


def log_deliveries(deliveries: Sequence[Delivery]) -> None:
    """Write into the task's log who was notified, and who was not."""
    if not deliveries:
        log.info("Nothing changed since the last run, so nobody was notified.")
    for delivery in deliveries:
        if delivery.error:
            log.error("%s was not notified of %s: %s", delivery.channel, delivery.incident, delivery.error)
        else:
            log.info("%s was notified: %s %s", delivery.channel, delivery.event, delivery.incident)
