"""Verifies a database: survey both catalogues, scan every table, read again what differs, explain, judge.

:func:`verify_database` does all of it. A Dag maps over :attr:`Survey.groups` instead: :func:`survey_database`
once, :func:`verify_tables` per group, :func:`conclude` at the end.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from parity.compare.result import Verdict
from parity.errors import CouldNotCompare
from parity.tablediff.job import Job
from parity.tablediff.pool import WorkerPool
from parity.tablediff.schema.waivers import applied_waivers, waive_schema
from parity.tablediff.survey import Survey, connections_of, survey_database
from parity.tablediff.table_plan import TablePlan, group_tables
from parity.tablediff.table_run import peak_mib
from parity.tablediff.verdict import DatabaseResult, TableResult, judge_database, refused


def verify_database(job: Job) -> DatabaseResult:
    """Verify everything; returns INVALID, and does not raise, when a server cannot be queried."""
    began = time.monotonic()
    try:
        survey = survey_database(job.spec, job.connections, job.clock)
    except CouldNotCompare as error:
        return DatabaseResult(job.spec.database, Verdict.INVALID, str(error))
    tables = verify_tables(job, survey.plan.tables)
    found = conclude(job, survey, tables)
    return replace(found, seconds=round(time.monotonic() - began, 3))


def conclude(job: Job, survey: Survey, tables: Sequence[TableResult]) -> DatabaseResult:
    """Put the tables' results and the survey together and judge; the run's checkpoints are deleted."""
    missing = {plan.name for plan in survey.plan.tables} - {table.table for table in tables}
    tables = [*tables, *(refused(TablePlan(name), "It was never compared.") for name in sorted(missing))]
    job.store.forget(job.run)
    schema = waive_schema(survey.schema, job.spec.database, job.waivers, job.today)
    found = DatabaseResult(
        job.spec.database,
        Verdict.INVALID,
        "",
        tuple(sorted(tables, key=lambda table: table.table)),
        schema,
        survey.cutover,
        (*survey.plan.left_out, *survey.unreadable),
        survey.versions,
        waivers=applied_waivers(schema, job.spec.database, job.waivers, job.today),
        peak_mib=peak_mib(),
    )
    return judge_database(found, survey.unreadable)


def verify_tables(job: Job, plans: Sequence[TablePlan]) -> tuple[TableResult, ...]:
    """Verify some tables, each independently of the others, and return one result per table."""
    by_name = {plan.name: plan for plan in plans}
    groups = [[by_name[name] for name in group] for group in group_tables(plans)]
    workers = WorkerPool(replace(job, connections=connections_of(job.spec, job.connections)))
    try:
        return tuple(workers.verify(groups))
    finally:
        workers.close()
