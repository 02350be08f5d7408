"""What the tasks of a database's run work with: its plan, its files, its connections, its progress."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import Context

from parity.airflow.connections.lookup import connection
from parity.airflow.step.results import open_results
from parity.errors import BadInput, ExportRefused
from parity.flow.database_run.plan import DatabaseRunPlan
from parity.settings import settings
from parity.suite.databases import Database

if TYPE_CHECKING:
    from parity.clients.mysql import Address
    from parity.flow.database_run.files import DatabaseRunFiles, StoredSurvey
    from parity.suite.models import Waiver
    from parity.tablediff.job import Job
    from parity.tablediff.sessions.pair import Connections

PLAN = "plan"


def plan_of(context: Context) -> DatabaseRunPlan:
    """Return what the plan task decided."""
    data = context["ti"].xcom_pull(task_ids=PLAN)
    if not data:
        raise BadInput("This run has no plan.", remedy="Clear its plan task, with everything after it.")
    return DatabaseRunPlan.from_json(data)


def folder(plan: DatabaseRunPlan) -> DatabaseRunFiles:
    """Return where the files of a night lie."""
    from parity.airflow.connections.artefacts import open_artefacts
    from parity.flow.database_run.files import DatabaseRunFiles

    return DatabaseRunFiles(open_artefacts(), plan)


def survey_of(place: DatabaseRunFiles) -> StoredSurvey:
    """Return the survey that the tables are compared by."""
    kept = place.survey()
    if kept is None:
        raise ExportRefused("The survey left no file here.", remedy="Do all workers share PARITY_ARTEFACTS?")
    return kept


def waivers_beside(path: Path) -> tuple[Waiver, ...]:
    """Return the waivers in force; ``path`` is the database's file."""
    from parity.suite.database_files import load_databases

    return load_databases(path.parent).waivers


def job_of(spec: Database, path: Path, context: Context, survey: str) -> Job:
    """Return what one piece, or the end of the night, has to work with.

    ``path`` is the database's file; ``survey`` is the number of the survey, so that no progress of an earlier one,
    or of a run of the same id that was deleted, is gone on with.
    """
    from parity.airflow.database.operator import LoggedCheckpoints
    from parity.clock import SystemClock
    from parity.history.checkpoints import StoredCheckpoints
    from parity.tablediff.job import Job

    plan = plan_of(context)
    progress = LoggedCheckpoints(StoredCheckpoints(open_results().engine))
    context["task"].on_stop = progress.stop
    key = settings().mask_key.get_secret_value()
    return Job(
        spec=for_one_task(plan.applied_to(spec)),
        connections=connections_of(spec),
        store=progress,
        artefacts=settings().scratch_root / plan.folder / survey,
        clock=SystemClock(),
        run=f"{_generation(context, plan)}/{survey}",
        waivers=waivers_beside(path),
        mask_key=key.encode() or secrets.token_bytes(32),
    )


def connections_of(spec: Database) -> Connections:
    """Return the connections to both servers."""
    from parity.tablediff.sessions.pair import Connections

    return Connections(*addresses_of(spec))


def addresses_of(spec: Database) -> tuple[Address, Address]:
    """Return where Airflow's two connections lead."""
    from parity.airflow.connections.mysql import mysql_address

    return mysql_address(connection(spec.legacy)), mysql_address(connection(spec.target))


def for_one_task(spec: Database) -> Database:
    """Return the declaration for one task of several: one line to each server, and its share of the rows."""
    limits = spec.throttle
    share = limits.rows_per_second and max(1, limits.rows_per_second // limits.connections)
    alone = limits.model_copy(update={"connections": 1, "rows_per_second": share})
    return spec.model_copy(update={"throttle": alone})


def forget_progress(plan: DatabaseRunPlan) -> None:
    """Drop what was kept for a retry; once the night is recorded only a clear can follow, and that starts anew."""
    from parity.history.checkpoints import StoredCheckpoints

    StoredCheckpoints(open_results().engine).forget_all(_progress(plan))
    shutil.rmtree(settings().scratch_root / plan.folder, ignore_errors=True)


def _progress(plan: DatabaseRunPlan) -> str:
    """Return what the names of the progress of all pieces of a run begin with."""
    return f"{hashlib.sha256(plan.folder.encode()).hexdigest()}/"


def _generation(context: Context, plan: DatabaseRunPlan) -> str:
    """Return the name of this piece's progress: a retry finds it again, a clear starts a new one.

    Airflow raises ``max_tries`` when somebody clears a task, and at no other time
    (:mod:`parity.airflow.remote.submissions`); but not when the task was running, so that the run's own count of
    clears is part of the name.
    """
    ti, cleared = context["ti"], context["dag_run"].clear_number
    return f"{_progress(plan)}{ti.map_index}/{ti.max_tries}.{cleared or 0}"
