"""Cancels orphans: remote runs that a stopped task left running.

Airflow notifies a trigger that a person stopped its task only while that trigger runs. A task that is stopped
before the triggerer has started its trigger, or while the triggerer is down, would leave its remote run behind
(measured: marked failed a second after it deferred, and the job continued). So every task stores the run that is
its own to cancel, and the record task and the gate cancel what is left.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from airflow.sdk import Context

from parity.airflow.connections.clients import RemoteRef
from parity.airflow.remote.submissions import SUBMITTED
from parity.airflow.step.failures import FAILURE
from parity.airflow.step.output import task_states
from parity.clients.remote import RemoteRuns
from parity.errors import ParityError
from parity.flow.codec import from_json

log = logging.getLogger(__name__)


Connect = Callable[[RemoteRef], RemoteRuns]


def cancel_orphans(context: Context, tasks: Iterable[str], connect: Connect = RemoteRef.connect) -> None:
    """Cancel the remote runs that stopped tasks left running; errors are logged, never raised.

    A task that failed by itself has stored its failure, and has cancelled what it had to: a run whose status could
    not be read is healthy, and is left alone.
    """
    states, ti = task_states(context), context["ti"]
    for task in tasks:
        submitted = ti.xcom_pull(task_ids=task, key=SUBMITTED)
        stopped = states.get(task) != "success" and not ti.xcom_pull(task_ids=task, key=FAILURE)
        if submitted and stopped:
            _cancel(task, submitted, connect)


def _cancel(task: str, submitted: dict[str, Any], connect: Connect) -> None:
    try:
        client = connect(from_json(RemoteRef, submitted["ref"]))
        status = client.status(submitted["run_id"])
        if not status.phase.ended:
            client.cancel(submitted["run_id"])
            log.warning("%s was stopped and left %s running; it has been cancelled.", task, submitted["run_id"])
    except ParityError as error:
        log.error("%s may have left %s running; look at it in its cloud. %s", task, submitted["run_id"], error)  # noqa: TRY400
