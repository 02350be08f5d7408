"""What made an activity's data: whether anything wrote them again, and how many rows each cloud reports."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import Context

from parity.airflow.step.output import required_output
from parity.airflow.suite.remote_steps import activity_ref, glue_ref
from parity.errors import CouldNotCompare
from parity.flow.run_verdict import task_of
from parity.flow.stages import Stage
from parity.flow.suite_run.activity_run import ActivityRun

log = logging.getLogger(__name__)


def check_producers(context: Context, run: ActivityRun) -> None:
    """Refuse data that the activity, or the legacy job, has written again since its run was found."""
    suite, name, day = run.suite, run.activity.name, run.plan.business_date.isoformat()
    migrated = required_output(context, task_of(Stage.ACTIVITY, name))
    request: dict[str, Any] = {"pipeline": suite.azure.pipeline, "parameters": {suite.azure.date_parameter: day}}
    activity_ref(suite).connect().check_newest(request, migrated["run_id"])  # type: ignore[attr-defined]
    if run.activity.glue_job:
        found = required_output(context, task_of(Stage.GLUE, name))
        request = {"job": run.activity.glue_job, "business_date": day}
        glue_ref(suite).connect().check_newest(request, found["run_id"])  # type: ignore[attr-defined]


def reported_rows(context: Context, run: ActivityRun) -> dict[str, int | None]:
    """Return the rows that Glue wrote and that Data Factory read and copied; None where they are not reported."""
    migrated = required_output(context, task_of(Stage.ACTIVITY, run.activity.name))
    return {
        "glue": _written_by_glue(context, run),
        "read": migrated.get("rows_read"),
        "copied": migrated.get("rows_copied"),
    }


def _written_by_glue(context: Context, run: ActivityRun) -> int | None:
    if not run.activity.glue_job:
        return None
    found = required_output(context, task_of(Stage.GLUE, run.activity.name))
    try:
        written: int | None = glue_ref(run.suite).connect().rows_written(found["run_id"])  # type: ignore[attr-defined]
    except CouldNotCompare as error:  # a count beside the verdict: without it, the comparison is as good
        log.warning("How many rows Glue wrote is not known: %s", error)
        return None
    return written
