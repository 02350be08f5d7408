"""Gathers the implementation status from what the checks have asked already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from posixpath import basename
from typing import TypeVar

from parity.clients import rds
from parity.clients.adf import ActivityDefinition
from parity.clients.glue_catalogue import GlueRun
from parity.clients.remote import Phase, RunStatus
from parity.doctor.aws_account import AwsAccount
from parity.doctor.cloud_servers import FlexibleSide
from parity.doctor.data_factory import FactorySide, LastRun
from parity.doctor.databricks import WorkspaceSide
from parity.doctor.implementation import Move, Part, activity_move, database_move, unnamed_legacy, unnamed_target
from parity.errors import NotFound, RemoteFailed
from parity.suite.databases import Database
from parity.suite.models import Activity, Suite

Answer = TypeVar("Answer")


def activity_moves(
    suite: Suite, account: AwsAccount, factory: FactorySide, workspace: WorkspaceSide
) -> Iterator[Callable[[], Move]]:
    """Yield a question for each activity of a suite; none of them raises."""
    for activity in suite.activities:
        yield lambda activity=activity: activity_move(  # type: ignore[misc]
            suite.suite,
            suite.wave,
            _legacy(account, activity),
            *_migrated(suite, activity, factory, workspace),
        )


def _legacy(account: AwsAccount, activity: Activity) -> Part:
    if not (job := activity.glue_job):
        return Part()
    run = _asked(account.newest_run(job))
    if isinstance(run, Part):
        return Part(job, run.there, run.state)
    return Part(job, True, run_words(run), failed=bool(run and run.failed), ran=run is not None)


def run_words(run: GlueRun | None) -> str:
    """Return a Glue run in words."""
    return f"{run.state} {run.started:%Y-%m-%d %H:%M}" if run else "never ran"


def _migrated(
    suite: Suite, activity: Activity, factory: FactorySide, workspace: WorkspaceSide
) -> tuple[Part, Part]:
    name, pipeline = activity.name, _asked(factory.pipeline(suite.azure.pipeline))
    if isinstance(pipeline, Part):
        return Part(name, pipeline.there, pipeline.state), Part(there=pipeline.there)
    definition = pipeline.by_name.get(name)
    if definition is None:
        return Part(name, False), Part(there=False)
    last = _asked(factory.last_run(suite.azure.pipeline))
    return _activity(definition, last), _program(definition, workspace)


def _activity(definition: ActivityDefinition, last: LastRun | Part | None) -> Part:
    name = definition.name
    if definition.inactive:
        return Part(name, True, "It is switched off.", failed=True)
    if isinstance(last, Part):
        return Part(name, None, last.state)
    status = last.activities.get(name) if last else None
    if status is None:
        return Part(name, True, "never ran", ran=False)
    failed = status.phase in (Phase.FAILED, Phase.CANCELLED)
    return Part(name, True, status_words(status), failed=failed, ran=status.phase is Phase.SUCCEEDED or failed)


def status_words(status: RunStatus) -> str:
    """Return how an activity stands, with the error where there is one."""
    when = f" {status.started:%Y-%m-%d %H:%M}" if status.started else ""
    error = status.error
    return f"{status.state}{when}{f': {error.code} {error.message}' if error else ''}"


def _program(definition: ActivityDefinition, workspace: WorkspaceSide) -> Part:
    work = definition.work
    if work is None:
        return Part()
    name = f"{work.kind} {basename(work.name) or work.name}"
    if work.dynamic:
        return Part(name)
    found = _asked(workspace.program(work))
    return Part(name, found.there, found.state) if isinstance(found, Part) else Part(name)


def unnamed_jobs(account: AwsAccount, suites: Iterable[Suite]) -> list[Move]:
    """Return the Glue jobs that no suite names; none where they may not be listed."""
    jobs = _asked(account.jobs)
    named = {activity.glue_job for suite in suites for activity in suite.activities}
    return [] if isinstance(jobs, Part) else [unnamed_legacy("activity", job) for job in jobs if job not in named]


def unnamed_activities(factory: FactorySide, pipeline: str, suites: Iterable[Suite]) -> list[Move]:
    """Return what of a pipeline runs in Databricks and is named by none of its suites."""
    found = _asked(factory.pipeline(pipeline))
    named = {activity.name for suite in suites for activity in suite.activities}
    if isinstance(found, Part):
        return []
    return [
        unnamed_target("activity", f"{one.work.kind} {basename(one.work.name) or one.work.name}", one.name)
        for one in found.activities
        if one.work and one.name not in named
    ]


def unnamed_rds(account: AwsAccount, databases: Iterable[Database]) -> list[Move]:
    """Return the MySQL servers of RDS that no database names; none where they may not be listed."""
    found = _asked(lambda: rds.mysql_servers(account.clients()))
    named = {name for one in databases if one.rds for name in (one.rds.instance, one.rds.cluster)}
    return [] if isinstance(found, Part) else [unnamed_legacy("database", n) for n in found if n not in named]


def unnamed_servers(side: FlexibleSide, databases: Iterable[Database]) -> list[Move]:
    """Return the flexible servers of a resource group that no database names; none where listing is denied."""
    found = _asked(lambda: side.client().names())
    named = {one.azure.server for one in databases if one.azure}
    return [] if isinstance(found, Part) else [unnamed_target("database", n) for n in found if n not in named]


def tables_move(
    database: Database,
    servers: tuple[str, str],
    ask_legacy: Callable[[], frozenset[str]],
    ask_target: Callable[[], frozenset[str]],
    ask_server: Callable[[], object] | None,
) -> Move:
    """Judge one database by its tables; ``servers`` names both, ``ask_server`` asks Azure about its own."""
    legacy, target = _asked(ask_legacy), _asked(ask_target)
    server = _asked(ask_server) if ask_server else None
    old = _side(servers[0], legacy, database)
    new = (
        Part(servers[1], server.there, server.state, server.failed)
        if isinstance(server, Part)
        else _side(servers[1], target, database)
    )
    if not isinstance(legacy, Part) and not isinstance(target, Part) and new.there and not new.failed:
        absent = sorted(t for t in legacy - target if database.exclusion(t) is None)
        if absent:
            new = Part(servers[1], True, f"{len(absent)} tables are missing: {', '.join(absent[:5])}", failed=True)
    return database_move(database.key, database.wave, old, new)


def _side(name: str, found: frozenset[str] | Part, database: Database) -> Part:
    if isinstance(found, Part):
        return Part(name, found.there, found.state)
    included = sum(database.exclusion(table) is None for table in found)
    return Part(name, bool(included), f"{included} tables" if included else "It has no table that is included.")


def _asked(ask: Callable[[], Answer]) -> Answer | Part:
    """Return an answer, or a part that is missing or could not be read."""
    try:
        return ask()
    except NotFound as error:
        return Part(there=False, state=error.message)
    except RemoteFailed as error:
        return Part(there=True, state=error.message, failed=True)
    except Exception as error:  # noqa: BLE001 - it has a line of its own; here it is unreadable
        return Part(there=None, state=str(error) or type(error).__name__)
