"""The site of a run: its activities, their reports and Data Docs, on one page that needs no server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow.sdk import Context

from parity.airflow.steps import plan_of
from parity.settings import settings


def publish(context: Context) -> dict[str, Any]:
    """Write the run's page and return where it lies."""
    from parity.airflow.tasks import open_results
    from parity.flow.pages import write_run_page

    plan = plan_of(context)
    detail = open_results().run(plan.run_id, plan.suite)
    return {"page": str(write_run_page(detail, Path(settings().artefact_root), plan.folder))}
