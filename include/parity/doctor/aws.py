"""What has to be in place in AWS: identity, rights, Glue's jobs, Athena's workgroup, tables and columns."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from parity.clients import glue_catalogue
from parity.clients.aws_account import Caller
from parity.clients.glue_catalogue import GlueJob, GlueRun, Workgroup
from parity.clients.storage import S3Storage
from parity.doctor.aws_account import AwsAccount, LegacySide
from parity.doctor.aws_rights import (
    JOB,
    WRITE,
    Right,
    files_check,
    of_folder,
    policy_line,
    right_check,
    rights_of,
)
from parity.doctor.checks import Check
from parity.doctor.clock import judge_clock
from parity.doctor.columns import judge_columns, legacy_names
from parity.doctor.line import Finding, differs, missing, ok, unreadable
from parity.doctor.queries import Query, TableName, read_query
from parity.errors import ParityError
from parity.suite.models import Activity, Suite
from parity.wording import did_you_mean

OLDEST_ENGINE = 3


def aws_checks(account: AwsAccount, side: LegacySide) -> Iterator[Check]:
    """Yield what one suite needs of one account."""
    suite, needed = side.suite, (side.suite.key,)
    yield from account_checks(account, needed)
    for right in rights_of(side):
        yield right_check(account, right, needed)
    yield files_check(account, "read the tables' files", lambda: _of_tables(account, side), needed)
    yield files_check(account, "write Athena's results", lambda: _of_results(account, suite), needed)
    yield Check(
        account.place, "exchange", side.exchange, lambda: _listable(account, side.exchange), needed_by=needed
    )
    group = suite.aws.workgroup
    yield Check(
        account.place,
        "Athena workgroup",
        group,
        lambda: judge_workgroup(glue_catalogue.workgroup(account.clients(), group), suite),
        policy_line(["athena:GetWorkGroup"], [f"arn:aws:athena:*:*:workgroup/{group}"]),
        needed,
    )
    yield from _catalogue(account, side)
    for activity in suite.activities:
        if activity.glue_job:
            yield job_check(account, activity.glue_job, needed)


def account_checks(account: AwsAccount, needed: tuple[str, ...]) -> Iterator[Check]:
    """Yield who we are, and whether the clocks agree."""
    yield Check(account.place, "identity", "", lambda: judge_caller(account.caller()), needed_by=needed)
    yield Check(
        account.place, "clock", "AWS", lambda: [judge_clock("AWS", account.caller().skew)], needed_by=needed
    )


def judge_caller(found: Caller) -> Iterator[Finding]:
    """Say who we are."""
    yield ok("identity", found.arn, f"account {found.account}, region {found.region}")


def _of_tables(account: AwsAccount, side: LegacySide) -> list[Right]:
    """Return what reading the files of the queries' tables needs: Athena reads with the caller's rights."""
    named = {_full(table, side.suite) for sql in side.queries.values() for table in read_query(sql).tables}
    here = [table for table in named if table.catalog in ("", "awsdatacatalog")]
    places = {t.location for one in here if (t := account.tables(one.database)().get(one.table)) and t.location}
    verbs = {"list": ("s3:ListBucket",), "read": ("s3:GetObject",)}
    return [of_folder(verb, actions, place) for place in sorted(places) for verb, actions in verbs.items()]


def _of_results(account: AwsAccount, suite: Suite) -> list[Right]:
    output = glue_catalogue.workgroup(account.clients(), suite.aws.workgroup).output
    verbs = {"list": ("s3:ListBucket", "s3:GetBucketLocation"), "read and write": ("s3:GetObject", *WRITE)}
    return [of_folder(verb, actions, output) for verb, actions in verbs.items()] if output else []


def _listable(account: AwsAccount, folder: str) -> Iterator[Finding]:
    S3Storage(account.clients()).folders(folder)
    yield ok("exchange", folder, "can be listed")


def judge_workgroup(group: Workgroup, suite: Suite) -> Iterator[Finding]:
    """Judge a workgroup by what the suite's queries need."""
    kind, name, aws = "Athena workgroup", group.name, f"aws athena update-work-group --work-group {group.name}"
    if not group.enabled:
        yield differs(kind, name, "It is disabled.", f"{aws} --state ENABLED")
        return
    if not group.output and not group.managed:
        place = "--configuration-updates 'ResultConfigurationUpdates={OutputLocation=s3://BUCKET/PREFIX/}'"
        yield missing("Athena output", name, "The workgroup names no place for results.", f"{aws} {place}")
    else:
        yield ok("Athena output", name, group.output or "kept by Athena")
    yield _judge_engine(group, aws)
    yield _judge_limit(group, suite, aws)


def _judge_engine(group: Workgroup, aws: str) -> Finding:
    digits = [word for word in group.engine.split() if word.isdecimal()]
    detail = group.engine or "engine version not shown"
    if digits and int(digits[-1]) < OLDEST_ENGINE:
        wanted = f"Athena engine version {OLDEST_ENGINE}"
        newer = f"--configuration-updates 'EngineVersion={{SelectedEngineVersion={wanted}}}'"
        return differs("Athena workgroup", group.name, f"It runs {detail}.", f"{aws} {newer}")
    return ok("Athena workgroup", group.name, detail)


def _judge_limit(group: Workgroup, suite: Suite, aws: str) -> Finding:
    wanted, limit = suite.aws.max_scan, group.max_scan
    if limit is not None and (wanted is None or limit < wanted):
        allows = f"the suite allows {wanted:,}" if wanted else "the suite has no limit"
        return differs(
            "Athena limit",
            group.name,
            f"The workgroup stops queries at {limit:,} bytes; {allows}.",
            f"Set aws.max_scan: {limit} in suite {suite.suite}, or raise the limit: "
            f"{aws} --configuration-updates BytesScannedCutoffPerQuery={wanted or limit}",
        )
    return ok("Athena limit", group.name, f"{limit:,} bytes" if limit else "none of its own")


def _catalogue(account: AwsAccount, side: LegacySide) -> Iterator[Check]:
    """Yield the database, each query's tables, and each activity's columns."""
    suite, needed, database = side.suite, (side.suite.key,), side.suite.aws.database
    right = next(one.policy for one in rights_of(side) if one.name == "read Glue tables")

    def of_database() -> Iterator[Finding]:
        yield ok("Glue database", database, f"{len(account.tables(database)())} tables")

    yield Check(account.place, "Glue database", database, of_database, right, needed)
    for activity in suite.activities:
        if (sql := side.queries.get(activity.name)) is None:
            continue  # `suites check` says so
        query = read_query(sql)
        for table in query.tables:
            full = _full(table, suite)
            yield Check(account.place, "Glue table", str(full), partial(_table, account, full), right, needed)
        ask = partial(_columns, account, suite, activity, query)
        yield Check(account.place, "legacy columns", activity.name, ask, right, needed)


def _full(table: TableName, suite: Suite) -> TableName:
    return TableName(table.table, table.database or suite.aws.database.lower(), table.catalog)


def _table(account: AwsAccount, table: TableName) -> Iterator[Finding]:
    if table.catalog and table.catalog != "awsdatacatalog":
        yield unreadable("Glue table", str(table), f"Catalogue {table.catalog!r} is not Glue's own.")
        return
    known = account.tables(table.database)()
    if table.table not in known:
        remedy = did_you_mean(table.table, known)
        yield missing(
            "Glue table", str(table), f"Database {table.database!r} has no table {table.table!r}.", remedy
        )
        return
    found = known[table.table]
    yield ok("Glue table", str(table), f"{len(found.columns)} columns, {found.location}")


def _columns(account: AwsAccount, suite: Suite, activity: Activity, query: Query) -> Iterator[Finding]:
    kind, known = "legacy columns", {}
    for table in query.tables:
        full = _full(table, suite)
        if found := account.tables(full.database)().get(full.table):
            known[table] = found.columns
    for table, columns in known.items():
        for column in query.reads:
            if column not in columns:
                what = f"The query reads column {column!r}, which table {table} does not have."
                yield missing(kind, activity.name, what, did_you_mean(column, columns))
    yield from judge_columns(kind, activity.name, legacy_names(activity), query.columns_with(known))


def job_check(account: AwsAccount, job: str, needed: tuple[str, ...]) -> Check:
    """Return the check of one Glue job, its last run and its bookmark."""

    def ask() -> Iterator[Finding]:
        found = glue_catalogue.glue_job(account.clients(), job)
        yield judge_job(found, account.newest_run(job)(), _bookmark(account, found))

    return Check(account.place, "Glue job", job, ask, policy_line((*JOB, "glue:GetJobs"), ["*"]), needed)


def _bookmark(account: AwsAccount, job: GlueJob) -> str:
    if not job.bookmarks:
        return ""
    try:
        return f", bookmark at {glue_catalogue.bookmark(account.clients(), job.name)}"
    except ParityError as error:
        return f", bookmark not readable ({error.message})"


def judge_job(job: GlueJob, run: GlueRun | None, bookmark: str = "") -> Finding:
    """Judge a job by its newest run."""
    if run is None:
        return ok("Glue job", job.name, f"never ran{bookmark}")
    when = f"{run.started:%Y-%m-%d %H:%M}"
    if run.failed:
        why = f": {run.error}" if run.error else ""
        return differs("Glue job", job.name, f"Its last run ({when}) is {run.state}{why}.", run.url)
    return ok("Glue job", job.name, f"{run.state} {when}{bookmark}")
