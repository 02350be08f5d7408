"""What the tasks of a database's run share: its plan, files, connections and checkpoints."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import Context

from parity.airflow.connections.lookup import connection
from parity.airflow.step.output import read_plan
from parity.airflow.step.results import open_results
from parity.errors import ExportRefused
from parity.flow.database_run.plan import DatabaseRunPlan
from parity.settings import settings
from parity.suite.databases import Database

if TYPE_CHECKING:
    from parity.clients.mysql import Address
    from parity.flow.database_run.files import DatabaseRunFiles, StoredSurvey
    from parity.suite.models import Waiver
    from parity.tablediff.job import Job
    from parity.tablediff.sessions.pair import Connections


def files_of(plan: DatabaseRunPlan) -> DatabaseRunFiles:
    """Return the files of a run."""
    from parity.airflow.connections.artefacts import open_artefacts
    from parity.flow.database_run.files import DatabaseRunFiles

    return DatabaseRunFiles(open_artefacts(), plan)


def required_survey(files: DatabaseRunFiles) -> StoredSurvey:
    """Return the survey that the tables are compared by; ExportRefused when it is missing."""
    stored = files.survey()
    if stored is None:
        raise ExportRefused("The survey's file is missing here.", remedy="Do all workers share PARITY_ARTEFACTS?")
    return stored


def waivers_of(path: Path) -> tuple[Waiver, ...]:
    """Return the waivers in force; ``path`` is the database's file."""
    from parity.suite.database_files import load_databases

    return load_databases(path.parent).waivers


def job_of(spec: Database, path: Path, context: Context, survey: str) -> Job:
    """Return the job of one piece, or of the record task.

    ``path`` is the database's file; ``survey`` is the number of the survey, so that no checkpoint of an earlier
    one, or of a deleted run with the same id, is used.
    """
    from parity.airflow.database.operator import LoggedCheckpoints
    from parity.clock import SystemClock
    from parity.history.checkpoints import StoredCheckpoints
    from parity.tablediff.job import Job

    plan = read_plan(context, DatabaseRunPlan)
    checkpoints = LoggedCheckpoints(StoredCheckpoints(open_results().engine))
    context["task"].on_stop = checkpoints.stop
    key = settings().mask_key.get_secret_value()
    return Job(
        spec=limits_per_task(plan.applied_to(spec)),
        connections=connections_of(spec),
        store=checkpoints,
        artefacts=settings().scratch_root / plan.folder / survey,
        clock=SystemClock(),
        run=f"{_checkpoint_run(context, plan)}/{survey}",
        waivers=waivers_of(path),
        mask_key=key.encode() or secrets.token_bytes(32),
    )


def connections_of(spec: Database) -> Connections:
    """Return the connections to both servers."""
    from parity.tablediff.sessions.pair import Connections

    return Connections(*addresses_of(spec))


def addresses_of(spec: Database) -> tuple[Address, Address]:
    """Return the addresses of both servers."""
    from parity.airflow.connections.mysql import mysql_address

    return mysql_address(connection(spec.legacy)), mysql_address(connection(spec.target))


def limits_per_task(spec: Database) -> Database:
    """Return the declaration for one task of several: one connection to each server, and its share of the rows."""
    limits = spec.throttle
    share = limits.rows_per_second and max(1, limits.rows_per_second // limits.connections)
    alone = limits.model_copy(update={"connections": 1, "rows_per_second": share})
    return spec.model_copy(update={"throttle": alone})


def clear_checkpoints(plan: DatabaseRunPlan) -> None:
    """Delete the checkpoints of a run; once it is recorded only a clear can follow, which uses none."""
    from parity.history.checkpoints import StoredCheckpoints

    StoredCheckpoints(open_results().engine).forget_all(_checkpoint_prefix(plan))
    shutil.rmtree(settings().scratch_root / plan.folder, ignore_errors=True)


def _checkpoint_prefix(plan: DatabaseRunPlan) -> str:
    """Return the prefix of the checkpoints of all pieces of a run."""
    return f"{hashlib.sha256(plan.folder.encode()).hexdigest()}/"


def _checkpoint_run(context: Context, plan: DatabaseRunPlan) -> str:
    """Return the key of this piece's checkpoints: a retry has the same one, a clear another one.

    Airflow raises ``max_tries`` when somebody clears a task, and at no other time
    (:mod:`parity.airflow.remote.submissions`); but not when the task was running, so the run's own count of
    clears is part of the key.
    """
    ti, cleared = context["ti"], context["dag_run"].clear_number
    return f"{_checkpoint_prefix(plan)}{ti.map_index}/{ti.max_tries}.{cleared or 0}"
