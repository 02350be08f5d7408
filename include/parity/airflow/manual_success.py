"""A task that a person marks as successful has made nothing, so what it had handed on before is taken away.

Airflow keeps what a task handed on until it starts again. A task that is cleared, and marked before it starts,
would otherwise pass on what an earlier attempt made, and no task downstream would see it. Airflow 3.3.2 calls this
listener in the API server, with no previous state, whenever a person sets a state, inside the transaction that
sets it.
"""

from __future__ import annotations

from typing import Any

from airflow.listeners import hookimpl

from parity.airflow.remote.submissions import SUBMITTED
from parity.suite.models import DATABASE_DAG, SUITE_DAG

KEPT = frozenset({SUBMITTED})
"""What is left of a marked task: word of the remote run that somebody has to cancel."""


@hookimpl
def on_task_instance_success(previous_state: Any, task_instance: Any) -> None:
    """Take away what a task had handed on, when a person and not the task marks it as successful."""
    if previous_state is None and task_instance.dag_id.startswith((SUITE_DAG, DATABASE_DAG)):
        _take_away(task_instance)


def _take_away(marked: Any) -> None:
    from airflow.models.xcom import XComModel
    from sqlalchemy import delete
    from sqlalchemy.orm import object_session

    session = object_session(marked)
    if session is None:
        return
    of_task = [
        getattr(XComModel, name) == getattr(marked, name) for name in ("dag_id", "run_id", "task_id", "map_index")
    ]
    session.execute(delete(XComModel).where(*of_task, XComModel.key.not_in(KEPT)))
