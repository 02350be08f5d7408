"""The legacy side as Glue and Athena describe it: jobs, their last runs, databases, tables, a workgroup."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from parity.clients.aws import AwsClients, aws_errors, console_url
from parity.clients.glue import BAD, LIFECYCLE
from parity.clients.remote import Phase
from parity.errors import NotFound, Terminal
from parity.wording import did_you_mean

BOOKMARKS = "--job-bookmark-option"


@dataclass(frozen=True)
class GlueJob:
    """One job as it is defined."""

    name: str
    script: str = ""
    bookmarks: bool = False
    """Whether a run reads only what earlier runs have not."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """Those that every run has unless it says otherwise."""


@dataclass(frozen=True)
class GlueRun:
    """A job's newest run."""

    run_id: str
    state: str
    started: datetime
    error: str = ""
    url: str = ""

    @property
    def phase(self) -> Phase:
        """Return what the state means; Terminal for one that is unknown."""
        return LIFECYCLE.phase(self.state)

    @property
    def failed(self) -> bool:
        """Return whether it ended badly."""
        return self.phase in BAD


@dataclass(frozen=True)
class GlueTable:
    """One table of the catalogue; names in lower case, as Glue stores them."""

    name: str
    columns: tuple[str, ...]
    """Partition columns last."""
    location: str = ""
    types: tuple[str, ...] = ()
    """Of the columns, in Hive's words."""
    partitions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Workgroup:
    """What limits Athena's queries."""

    name: str
    enabled: bool
    output: str
    """Empty: it names no place for results."""
    enforced: bool
    """Whether what a query asks for itself is ignored."""
    max_scan: int | None
    """Bytes; None: no limit."""
    engine: str
    """Empty: not shown."""
    managed: bool = False
    """Whether Athena keeps results in a place of its own."""


def glue_jobs(clients: AwsClients) -> Mapping[str, GlueJob]:
    """Return every job of the account's region by name; all pages."""
    with aws_errors("Glue", "the list of jobs"):
        pages = clients("glue").get_paginator("get_jobs").paginate()
        return {job["Name"]: _job(job) for page in pages for job in page["Jobs"]}


def glue_job(clients: AwsClients, name: str) -> GlueJob:
    """Return one job; NotFound with did-you-mean."""
    try:
        with aws_errors("Glue", f"job {name!r}"):
            return _job(clients("glue").get_job(JobName=name)["Job"])
    except NotFound as error:
        raise NotFound(f"Glue has no job {name!r}.", remedy=_mean(name, lambda: glue_jobs(clients))) from error


def newest_run(clients: AwsClients, job: str) -> GlueRun | None:
    """Return the job's newest run, or None when it never ran."""
    glue = clients("glue")
    with aws_errors("Glue", f"the runs of job {job!r}"):
        runs = glue.get_job_runs(JobName=job, MaxResults=25)["JobRuns"]
    newest = max(runs, key=lambda run: run["StartedOn"], default=None)
    if newest is None:
        return None
    url = console_url(glue, "gluestudio", f"/job/{job}/run/{newest['Id']}")
    return GlueRun(newest["Id"], newest["JobRunState"], newest["StartedOn"], newest.get("ErrorMessage") or "", url)


def bookmark(clients: AwsClients, job: str) -> str:
    """Return where a job's bookmark stands, in words; it has none before its first run."""
    try:
        with aws_errors("Glue", f"the bookmark of job {job!r}"):
            found = clients("glue").get_job_bookmark(JobName=job)["JobBookmarkEntry"]
    except NotFound:
        return "none yet"
    return f"run {found.get('Run', 0)}, version {found.get('Version', 0)}"


def glue_tables(clients: AwsClients, database: str) -> Mapping[str, GlueTable]:
    """Return the tables of a database by name; all pages. NotFound with did-you-mean."""
    try:
        with aws_errors("Glue", f"the tables of database {database!r}"):
            pages = clients("glue").get_paginator("get_tables").paginate(DatabaseName=database)
            return {table["Name"].lower(): _table(table) for page in pages for table in page["TableList"]}
    except NotFound as error:
        remedy = _mean(database, lambda: _databases(clients))
        raise NotFound(f"Glue has no database {database!r}.", remedy=remedy) from error


def partition_values(clients: AwsClients, database: str, table: str) -> tuple[str, ...]:
    """Return the values of one of a table's partitions, column by column; none where it has no partition yet."""
    with aws_errors("Glue", f"the partitions of table {database}.{table}"):
        found = clients("glue").get_partitions(DatabaseName=database, TableName=table, MaxResults=1)["Partitions"]
    return tuple(found[0]["Values"]) if found else ()


def workgroup(clients: AwsClients, name: str) -> Workgroup:
    """Return an Athena workgroup; NotFound with did-you-mean."""
    athena = clients("athena")
    try:
        with aws_errors("Athena", f"workgroup {name!r}"):
            found = athena.get_work_group(WorkGroup=name)["WorkGroup"]
    except Terminal as error:
        # Athena answers 400 InvalidRequestException for an unknown name.
        if "not found" not in error.message:
            raise
        remedy = _mean(name, lambda: _workgroups(clients))
        raise NotFound(f"Athena has no workgroup {name!r}.", remedy=remedy) from error
    settings = found.get("Configuration") or {}
    engine = settings.get("EngineVersion") or {}
    return Workgroup(
        name=name,
        enabled=found.get("State", "ENABLED") == "ENABLED",
        output=(settings.get("ResultConfiguration") or {}).get("OutputLocation") or "",
        enforced=bool(settings.get("EnforceWorkGroupConfiguration")),
        max_scan=settings.get("BytesScannedCutoffPerQuery"),
        engine=engine.get("EffectiveEngineVersion") or engine.get("SelectedEngineVersion") or "",
        managed=bool((settings.get("ManagedQueryResultsConfiguration") or {}).get("Enabled")),
    )


def _job(job: Mapping[str, Any]) -> GlueJob:
    arguments = job.get("DefaultArguments") or {}
    script = (job.get("Command") or {}).get("ScriptLocation") or ""
    return GlueJob(job["Name"], script, arguments.get(BOOKMARKS) == "job-bookmark-enable", arguments)


def _table(table: Mapping[str, Any]) -> GlueTable:
    storage = table.get("StorageDescriptor") or {}
    columns = [*(storage.get("Columns") or []), *(table.get("PartitionKeys") or [])]
    return GlueTable(
        table["Name"].lower(),
        tuple(one["Name"].lower() for one in columns),
        storage.get("Location") or "",
        tuple(one.get("Type") or "" for one in columns),
        tuple(one["Name"].lower() for one in table.get("PartitionKeys") or []),
    )


def _databases(clients: AwsClients) -> list[str]:
    with aws_errors("Glue", "the list of databases"):
        pages = clients("glue").get_paginator("get_databases").paginate()
        return [one["Name"] for page in pages for one in page["DatabaseList"]]


def _workgroups(clients: AwsClients) -> list[str]:
    athena = clients("athena")
    names: list[str] = []
    token: dict[str, str] = {}
    while True:
        with aws_errors("Athena", "the list of workgroups"):
            page = athena.list_work_groups(**token)
        names += [one["Name"] for one in page["WorkGroups"]]
        if not page.get("NextToken"):
            return names
        token = {"NextToken": page["NextToken"]}


def _mean(name: str, known: Any) -> str:
    """Return did-you-mean, or nothing where the names may not be listed."""
    try:
        return did_you_mean(name, known())
    except Terminal:
        return ""
