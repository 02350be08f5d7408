"""What has to be in place in Databricks: identity, the helper job and its script, programs, tables."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from parity.clients.adf_work import DatabricksWork
from parity.clients.databricks import DatabricksClient
from parity.clients.databricks_workspace import Grant, Job, Member, TargetTable, Workspace, may_run
from parity.doctor.checks import Check, Once
from parity.doctor.clock import judge_clock
from parity.doctor.columns import judge_columns, target_names
from parity.doctor.data_factory import FactorySide
from parity.doctor.line import Finding, differs, missing, ok, unreadable
from parity.errors import AccessDenied, BadInput, NotFound, ParityError
from parity.helper_job.job import NAME
from parity.helper_job.script import HelperScript
from parity.sql.spark import Spark
from parity.suite.models import Activity, Suite
from parity.wording import did_you_mean


@dataclass(frozen=True)
class WorkspaceClients:
    """One workspace, for reading and as runs use it."""

    workspace: Workspace
    runs: DatabricksClient


class WorkspaceSide:
    """One workspace of one connection, asked for each fact once."""

    def __init__(self, place: str, open_clients: Callable[[], WorkspaceClients]) -> None:
        self.place = place
        self.clients = Once(open_clients)
        self.me = Once(self._me)
        self.catalog = Once(self._catalog)
        self._jobs: dict[str, Once[Job]] = {}
        self._tables: dict[str, Once[TargetTable]] = {}
        self._programs: dict[DatabricksWork, Once[str]] = {}

    def job(self, name: str) -> Once[Job]:
        """Return the question for a job, by name or id."""

        def ask() -> Job:
            clients = self.clients()
            return clients.workspace.job(clients.runs.job_id(name))

        return self._jobs.setdefault(name, Once(ask))

    def table(self, name: str) -> Once[TargetTable]:
        """Return the question for a table by the name that a suite gives it."""
        return self._tables.setdefault(name, Once(lambda: self._table(name)))

    def program(self, work: DatabricksWork) -> Once[str]:
        """Return the question for what an activity is linked with, in words."""
        return self._programs.setdefault(work, Once(lambda: self._program(work)))

    def _program(self, work: DatabricksWork) -> str:
        if work.kind == "job":
            return f"job {self.job(work.name)().name!r}, id {work.name}"
        if work.kind in ("notebook", "file"):
            self.clients().workspace.require(work.kind, work.name)
        return f"{work.kind} {work.name}"

    def _me(self) -> Member:
        return self.clients().workspace.me()

    def _catalog(self) -> str:
        try:
            return self.clients().workspace.default_catalog()
        except NotFound:
            raise BadInput("The workspace has no Unity Catalog, so its tables cannot be described.") from None

    def _table(self, name: str) -> TargetTable:
        parts = name.split(".")
        catalog = parts[0] if len(parts) == 3 else self.catalog()
        schema, table = (parts[-2] if len(parts) > 1 else "default"), parts[-1]
        workspace = self.clients().workspace
        try:
            return workspace.table(f"{catalog}.{schema}.{table}")
        except NotFound as error:
            known = _names(lambda: workspace.tables(catalog, schema))
            remedy = did_you_mean(table, known, "The schema has") if known else error.remedy
            raise NotFound(f"Schema {catalog}.{schema} has no table {table!r}.", remedy=remedy) from error


def _names(ask: Callable[[], list[str]]) -> list[str]:
    try:
        return ask()
    except ParityError:
        return []


def workspace_checks(
    side: WorkspaceSide, suite: Suite, script: HelperScript, factory: FactorySide
) -> Iterator[Check]:
    """Yield what one suite needs of its workspace."""
    needed, helper = (suite.key,), suite.azure.helper_job
    yield Check(side.place, "identity", "", lambda: _identity(side), needed_by=needed)
    yield Check(side.place, "clock", "Databricks", lambda: _clock(side), needed_by=needed)
    yield Check(side.place, "helper job", helper, lambda: _helper(side, helper, script), needed_by=needed)
    yield Check(side.place, "right", f"run {helper}", lambda: _may_run(side, helper), needed_by=needed)
    yield Check(
        side.place, "helper script", helper, lambda: _script(side, side.job(helper)(), script), needed_by=needed
    )
    for activity in suite.activities:
        linked = partial(_linked, side, factory, suite, activity)
        yield Check(side.place, "program", activity.name, linked, needed_by=needed)
        table = activity.target.table
        named = ".".join(Spark().quote(part) for part in table.split("."))
        read = f"GRANT SELECT ON TABLE {named} TO `the helper job's identity`"
        yield Check(side.place, "target table", table, partial(_table, side, table), read, needed)
        yield Check(side.place, "target columns", activity.name, partial(_columns, side, activity), read, needed)


def quoted(table: str) -> str:
    """Return a table's name for SQL, each part in backticks."""
    return ".".join("`" + part.replace("`", "``") + "`" for part in table.split("."))


def _identity(side: WorkspaceSide) -> Iterator[Finding]:
    found, host = side.me(), side.clients().workspace.host
    if not found.active:
        yield differs("identity", found.name, "It is switched off in the workspace.", "Activate it there.")
        return
    groups = f", groups {', '.join(found.groups)}" if found.groups else ""
    yield ok("identity", found.name, f"workspace {host}{groups}")


def _clock(side: WorkspaceSide) -> Iterator[Finding]:
    side.me()
    yield judge_clock("Databricks", side.clients().workspace.skew())


def _helper(side: WorkspaceSide, name: str, script: HelperScript) -> Iterator[Finding]:
    try:
        yield from judge_helper(side.job(name)(), script)
    except NotFound as error:
        close = error.remedy.startswith("Did you mean")
        yield missing("helper job", name, error.message, error.remedy if close else deploy_command(name))


def judge_helper(job: Job, script: HelperScript) -> Iterator[Finding]:
    """Judge the helper job's parameters."""
    absent = [name for name in script.parameters if name not in job.parameters]
    if absent:
        yield missing(
            "helper job",
            job.name,
            f"It has no job parameter {', '.join(absent)}.",
            deploy_command(job.name),
        )
    else:
        yield ok("helper job", job.name, f"id {job.job_id}")


def deploy_command(job: str) -> str:
    """Return the command that brings script and job into place."""
    return "parity helper-job deploy" + ("" if job == NAME else f" --job-name {shlex.quote(job)}")


def _may_run(side: WorkspaceSide, name: str) -> Iterator[Finding]:
    job, who = side.job(name)(), side.me()
    try:
        grants = side.clients().workspace.grants(job.job_id)
    except AccessDenied as error:
        yield unreadable("right", f"run {name}", error.message, permission_command(job.job_id, who))
        return
    yield judge_grants(name, job.job_id, grants, who)


def judge_grants(name: str, job_id: int, grants: Sequence[Grant], who: Member) -> Finding:
    """Judge who may run the helper job."""
    if may_run(grants, who):
        return ok("right", f"run {name}", f"{who.name} may run and cancel it")
    return missing(
        "right", f"run {name}", f"No permission lets {who.name} run it.", permission_command(job_id, who)
    )


def permission_command(job_id: int, who: Member) -> str:
    """Return the command that lets ``who`` run a job."""
    kind = "user_name" if "@" in who.name else "service_principal_name"
    grant = f'{{"access_control_list": [{{"{kind}": "{who.name}", "permission_level": "CAN_MANAGE_RUN"}}]}}'
    return f"databricks permissions update jobs {job_id} --json '{grant}'"


def _script(side: WorkspaceSide, job: Job, script: HelperScript) -> Iterator[Finding]:
    if len(job.programs) != 1:
        text = f"The job has {len(job.programs)} tasks with a notebook or a Python file; one is expected."
        yield unreadable("helper script", job.name, text)
        return
    kind, path = job.programs[0]
    yield judge_script(path, side.clients().workspace.source(kind, path), script, deploy_command(job.name))


def judge_script(path: str, text: str, script: HelperScript, deploy: str) -> Finding:
    """Judge the deployed script, which must be this version's."""
    found = HelperScript(text)
    if found.same_as(script):
        return ok("helper script", path, f"{found.version}, as this version has it")
    other = "" if found.version == script.version else f"; this version of Parity has {script.version}"
    changed = "" if other else ", but not its text as this version of Parity has it"
    return differs("helper script", path, f"It is {found.version}{other}{changed}.", deploy)


def _linked(side: WorkspaceSide, factory: FactorySide, suite: Suite, activity: Activity) -> Iterator[Finding]:
    definition = factory.pipeline(suite.azure.pipeline)().by_name.get(activity.name)
    if definition is None:
        yield unreadable("program", activity.name, "The pipeline has no such activity.")
    elif definition.work is None:
        yield ok("program", activity.name, f"{definition.kind}: nothing of Databricks")
    else:
        yield _program(side, factory, activity.name, definition.work)


def _program(side: WorkspaceSide, factory: FactorySide, name: str, work: DatabricksWork) -> Finding:
    what = f"{work.kind} {work.name}"
    if work.dynamic:
        return unreadable("program", name, f"An expression names its {work.kind}; the run will show it.")
    domain = factory.services().get(work.linked_service, "")
    host = side.clients().workspace.host
    if domain and urlsplit(domain).netloc != urlsplit(host).netloc:
        text = f"{what} is in workspace {domain}, and the connection leads to {host}."
        return unreadable("program", name, text, "Look there, or correct azure.databricks_connection.")
    return ok("program", name, side.program(work)())


def _table(side: WorkspaceSide, name: str) -> Iterator[Finding]:
    found = side.table(name)()
    yield ok("target table", name, f"{found.full_name}, {found.format}, {len(found.columns)} columns")


def _columns(side: WorkspaceSide, activity: Activity) -> Iterator[Finding]:
    try:
        found = side.table(activity.target.table)()
    except NotFound:
        yield unreadable("target columns", activity.name, "Its target table is missing.")
        return
    yield from judge_columns("target columns", activity.name, target_names(activity), found.columns)
