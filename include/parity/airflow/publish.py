"""The site of a run: its activities, their reports and Data Docs, on one page that needs no server."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from parity.airflow.steps import plan_of


def publish(context: Context) -> dict[str, Any]:
    """Write the run's page, refresh the indexes of Data Docs, and return where the page lies."""
    from parity.airflow.artefacts import open_artefacts
    from parity.airflow.results import open_results
    from parity.expectations.docs import refresh_above
    from parity.flow.pages import write_run_page

    plan = plan_of(context)
    artefacts = open_artefacts()
    refresh_above(artefacts, plan.folder)
    detail = open_results().run(plan.run_id, plan.suite, plan.business_date)
    return {"page": artefacts.url(write_run_page(detail, artefacts, plan.folder))}
