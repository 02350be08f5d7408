"""``parity helper-job``: brings the helper job into a Databricks workspace.

It stands here and not among the other commands because it reads Airflow's connections; ``parity.cli`` knows it by
name only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from parity.helper_job.job import NAME, Classic, Serverless
from parity.wording import visible

if TYPE_CHECKING:
    from parity.helper_job.deployment import Plan, Wanted

DONE = {"upload": "uploaded", "create": "created", "change": "changed"}


@click.group("helper-job")
def command() -> None:
    """Bring the helper job into a Databricks workspace."""


@command.command("deploy")
@click.option("--job-name", default=NAME, show_default=True, help="Name of the job.")
@click.option(
    "--to",
    "folder",
    default="",
    metavar="FOLDER",
    help="Folder of the script, below /Workspace/ or /Volumes/. Default: where the job has it, or 'parity' in "
    "the folder that the workspace keeps for who deploys.",
)
@click.option("--connection", default="databricks_default", show_default=True, metavar="ID")
@click.option("--compute", type=click.Choice(["serverless", "classic"]), default="serverless", show_default=True)
@click.option("--node-type", default=Classic.node_type, show_default=True, help="Of classic compute.")
@click.option("--workers", default=Classic.workers, show_default=True, help="Of classic compute.")
@click.option("--spark-version", default=Classic.spark_version, show_default=True, help="Of classic compute.")
@click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
def deploy(
    job_name: str,
    folder: str,
    connection: str,
    compute: str,
    *,
    dry_run: bool,
    **classic: Any,
) -> None:
    """Upload the helper job's script, and create or update the job.

    Prints what was changed, and nothing when all is in place. What else the job has (tags, notifications, a
    schedule, permissions, retries) stays.
    """
    from parity.helper_job.deployment import Wanted
    from parity.helper_job.script import own_script

    made = Classic(**classic) if compute == "classic" else Serverless()
    _deploy(Wanted(own_script(), job_name, folder, made), connection, dry_run=dry_run)


def _deploy(wanted: Wanted, connection: str, *, dry_run: bool) -> None:
    from parity.airflow.connections.databricks import databricks_config
    from parity.airflow.connections.lookup import quiet, stored_connection
    from parity.clients.databricks import DatabricksClient
    from parity.clients.databricks_deploy import WorkspaceWriter
    from parity.clients.databricks_workspace import Workspace
    from parity.helper_job.deployment import apply, plan

    with quiet():
        config = databricks_config(stored_connection(connection))
        planned = plan(Workspace(config), DatabricksClient(config), wanted)
        job_id = planned.job_id if dry_run else apply(planned, WorkspaceWriter(config), wanted.script)
    _report(planned, job_id, dry_run=dry_run)


def _report(planned: Plan, job_id: int | None, *, dry_run: bool) -> None:
    for step in planned.steps:
        verb = f"would {step.verb}" if dry_run else DONE[step.verb]
        made = f", id {job_id}" if step.verb == "create" and job_id else ""
        click.echo(visible(f"{verb:<{len('would upload') if dry_run else len('uploaded')}}  {step.what}{made}"))
        for detail in step.details:
            click.echo(visible(f"  {detail}"))
    if not planned.steps:
        click.echo("Nothing to change.", err=True)
