"""The site of a run: its activities, their reports and Data Docs, on one page that needs no server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow.sdk import Context

from parity.airflow.steps import plan_of
from parity.settings import settings
from parity.suite.models import Suite


def publish(suite: Suite, context: Context) -> dict[str, Any]:
    """Write the run's index page and return where it lies."""
    from parity.airflow.tasks import open_results
    from parity.flow.site import write_site

    plan = plan_of(context)
    detail = open_results().run(plan.run_id, plan.suite)
    page = write_site(Path(settings().artefact_root), plan, suite, detail)
    return {"page": str(page)}
