"""Nothing runs on that nobody waits for: what a stopped task left running is cancelled by the tasks after it.

Airflow tells a trigger that a person stopped its task only while that trigger runs. A task that is stopped before
the triggerer has taken its trigger up, or while the triggerer is down, would leave its remote run behind
(measured: marked failed a second after it deferred, and the job ran on). So every task leaves word of the run that
is its own to cancel, and whoever judges the activity looks after it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from airflow.sdk import Context

from parity.airflow.connections.clients import RemoteRef
from parity.airflow.remote.submissions import SUBMITTED
from parity.airflow.step.failures import BROKEN
from parity.airflow.step.output import task_states
from parity.clients.remote import RemoteRuns
from parity.errors import ParityError

log = logging.getLogger(__name__)


Connect = Callable[[RemoteRef], RemoteRuns]


def cancel_orphans(context: Context, tasks: Iterable[str], connect: Connect = RemoteRef.connect) -> None:
    """Cancel what tasks that were stopped have left running; trouble with it is logged, never raised.

    A task that failed by itself has said why, and has cancelled whatever it had to: a run that only could not be
    asked about is healthy, and is left alone.
    """
    states, ti = task_states(context), context["ti"]
    for task in tasks:
        left = ti.xcom_pull(task_ids=task, key=SUBMITTED)
        stopped = states.get(task) != "success" and not ti.xcom_pull(task_ids=task, key=BROKEN)
        if left and stopped:
            _cancel(task, left, connect)


def _cancel(task: str, left: dict[str, Any], connect: Connect) -> None:
    try:
        client = connect(RemoteRef.from_json(left["runs"]))
        status = client.status(left["run_id"])
        if not status.phase.ended:
            client.cancel(left["run_id"])
            log.warning("%s was stopped and left %s running; it is cancelled now.", task, left["run_id"])
    except ParityError as error:
        log.error("%s may have left %s running; look at it in its cloud. %s", task, left["run_id"], error)  # noqa: TRY400
