"""The demo's world: a payments company whose nightly jobs moved from Glue to Databricks.

``seed`` builds it in an empty sandbox, ``run_legacy_night`` runs the legacy jobs of a date, and
:mod:`parity_sandbox.world.defects` decides what the migrated jobs get wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from parity_sandbox.context import Context
from parity_sandbox.endpoints import Endpoints
from parity_sandbox.spark.runner import Job
from parity_sandbox.world.places import BUSINESS_DATES, JOBS


def seed(context: Context) -> None:
    """Build the world in the clouds that are up; safe to repeat, and it heals what a restart forgot."""
    from parity_sandbox.world import aws, azure, defects, publishing

    endpoints = context.endpoints
    if endpoints.aws:
        aws.build_legacy(endpoints, BUSINESS_DATES)
    azure.make_containers(endpoints, context.state)
    defects.publish(context.state, defects.switched_on(context.state))
    publishing.publish_helper(context.state)
    jobs = azure.make_databricks_jobs(endpoints) if endpoints.databricks else {}
    if endpoints.azure and jobs:
        azure.make_factory(endpoints, jobs)
    _recall_tables(context)


def run_legacy_night(endpoints: Endpoints, business_date: date | str) -> Mapping[str, str]:
    """Run the Glue jobs of a date, its raw files uploaded first, and return the run ids by job."""
    from parity_sandbox.world import night

    return night.run_legacy_night(endpoints, _as_date(business_date))


def expected(state: Path) -> dict[str, str]:
    """Return the verdict that each activity deserves, given the defects that are on in ``state``."""
    from parity_sandbox.world import defects

    return defects.expected(state)


def seed_date(endpoints: Endpoints, business_date: date | str) -> None:
    """Add the raw files of one more date; the same seed and date give the same files."""
    from parity_sandbox.world.aws import upload_raw

    upload_raw(endpoints, _as_date(business_date))


def _as_date(told: date | str) -> date:
    return date.fromisoformat(told) if isinstance(told, str) else told


def _recall_tables(context: Context) -> None:
    """Register in a new Spark the tables that an earlier one left in the lake."""
    account = context.state / "adls" / context.endpoints.storage_account
    lake = account / context.endpoints.lake_container / "payments"
    tables = sorted(folder.name for folder in lake.iterdir()) if lake.is_dir() else []
    if tables:
        context.runner.run(Job(JOBS / "register_tables.py", tables), "register-tables")
