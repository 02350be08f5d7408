"""The form of a manual run."""

from __future__ import annotations

from airflow.sdk import Param

from parity.airflow.dag_options import DECLARED
from parity.flow.suite_run.plan import PipelineUse
from parity.suite.models import Mode, Suite


def suite_params(suite: Suite) -> dict[str, Param]:
    """Return the parameters of a suite's Dag; a scheduled run uses the defaults."""
    return {**_scope_params(suite), **_pipeline_params(suite)}


def _scope_params(suite: Suite) -> dict[str, Param]:
    names = [activity.name for activity in suite.activities]
    return {
        "business_date": _date("Business date", f"Empty: the day before the run, in **{suite.timezone}**."),
        "business_date_to": _date(
            "… to",
            "Makes it a range: one run per date. This run is the first date's, and goes red when any of them"
            " does.",
        ),
        "activities": Param(
            names,
            type="array",
            examples=names,
            items={"type": "string"},
            title="Activities",
            description_md="What to verify. Empty: all.",
        ),
        "mode": Param(
            DECLARED,
            type="string",
            enum=[DECLARED, *Mode],
            title="Mode",
            description_md="How much data travels. **rows** compares every row on the worker; **digest** only"
            " those of buckets that differ, for activities that declare it; **auto** chooses by size.",
        ),
    }


def _pipeline_params(suite: Suite) -> dict[str, Param]:
    return {
        "pipeline": Param(
            PipelineUse.TRIGGER.value,
            type="string",
            enum=[use.value for use in PipelineUse],
            title="Data Factory pipeline",
            description_md=f"`{suite.azure.pipeline}`: start it, or verify a run that exists.",
        ),
        "pipeline_run_id": Param(
            None,
            type=["null", "string"],
            title="Pipeline run id",
            description_md="For *use this run id*, and as the reference of a recovery (empty: the latest run).",
        ),
        "recover": Param(
            False,
            type="boolean",
            title="Re-run from failed activities",
            description_md="Data Factory keeps what succeeded in the reference run and runs the rest again.",
        ),
    }


def _date(title: str, description: str) -> Param:
    return Param(None, type=["null", "string"], format="date", title=title, description_md=description)
