"""Parity's Dags, for a file of three lines in the folder of Dags of any Airflow.

Airflow looks into a file only when the words airflow and dag are both in its text, and takes every Dag of a file
away that has an import error: so what is broken is shown by a file of its own.
"""

from __future__ import annotations

from airflow.sdk import DAG, get_parsing_context

from parity.airflow.database.dag import build_database_dags
from parity.airflow.doctor.dag import DOCTOR_DAG, build_doctor
from parity.airflow.housekeeping import HOUSEKEEPING_DAG, build_housekeeping
from parity.airflow.promote import PROMOTE_DAG, build_promote
from parity.airflow.suite.dag import build_dags
from parity.settings import settings
from parity.suite.database_files import load_databases
from parity.suite.suite_files import load_suites

SINGLE = {DOCTOR_DAG: build_doctor, HOUSEKEEPING_DAG: build_housekeeping, PROMOTE_DAG: build_promote}


def parity_dags() -> dict[str, DAG]:
    """Return the Dags by their ids; where a task is about to run, its own Dag alone."""
    now, wanted = settings(), get_parsing_context().dag_id
    dags = [
        *build_dags(now.suites, wanted),
        *build_database_dags(now.databases, wanted),
        *(build() for dag_id, build in SINGLE.items() if wanted in (None, dag_id)),
    ]
    return {dag.dag_id: dag for dag in dags}


def refuse_broken_files() -> None:
    """Raise ImportError with each mistake of a suite or a database, if there is one."""
    now = settings()
    if errors := [*load_suites(now.suites).errors, *load_databases(now.databases).errors]:
        raise ImportError("These cannot run until they are mended:\n" + "\n".join(map(str, errors)))
