"""What the Dags of suites and databases have in common."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pendulum
from airflow.sdk import Asset, AssetAll, PartitionedAssetTimetable

from parity.airflow.notifications import deadline_alert
from parity.airflow.step.results import Subject
from parity.settings import settings
from parity.suite.schedule import AssetSchedule

LAST = "all_done"
"""Trigger rule of the tasks that judge: they run whatever became of those before."""
DECLARED = "as declared"
"""The choice of a form that leaves a parameter as the subject's file has it."""
FIRST = date(2026, 1, 1)


def dag_options(subject: Subject, first: date | None = None) -> dict[str, Any]:
    """Return the keyword arguments of a Dag whose first run is on ``first``."""
    day = first or FIRST
    return {
        "schedule": _schedule(subject.schedule) if settings().scheduled else None,
        "start_date": pendulum.datetime(day.year, day.month, day.day, tz=pendulum.timezone(subject.timezone)),
        "deadline": deadline_alert(subject),
        "default_args": {
            "owner": subject.owner,
            "retries": 3,
            "retry_delay": timedelta(seconds=settings().retry_seconds),
            "retry_exponential_backoff": True,
            "max_retry_delay": timedelta(minutes=10),
        },
    }


def _schedule(declared: str | AssetSchedule | None) -> Any:
    """Return what Airflow takes as a Dag's schedule."""
    if not isinstance(declared, AssetSchedule):
        return declared
    assets = AssetAll(*(Asset(name=name) for name in declared.assets))
    return PartitionedAssetTimetable(assets=assets) if declared.by_date else assets


def on_queue(queue: str | None) -> dict[str, Any]:
    """Return the keyword arguments of a task for the workers of ``queue``; executors without queues ignore it."""
    return {"queue": queue} if queue else {}
