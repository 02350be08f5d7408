"""What a request needs: IAM's actions and resources, as AWS's Service Authorization Reference has them.

Athena works with the caller's own rights: what a query needs of Glue and S3 is asked for here, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree as ET

from moto.core import DEFAULT_ACCOUNT_ID

from parity_sandbox.aws.athena.tables import Table
from parity_sandbox.aws.identities import Identity
from parity_sandbox.aws.policies import Need
from parity_sandbox.aws.s3.paths import split_uri

Environ = Mapping[str, Any]
OPEN = frozenset({"sts:GetCallerIdentity"})
"""What everybody may do."""
OF_JOB = frozenset({"GetJob", "GetJobRun", "GetJobRuns", "StartJobRun", "BatchStopJobRun"})
OF_DATABASE = frozenset(
    {"GetDatabase", "GetTable", "GetTables", "GetPartition", "GetPartitions", "BatchGetPartition"}
)
OF_QUERY = frozenset({"GetQueryExecution", "BatchGetQueryExecution", "GetQueryResults", "StopQueryExecution"})
OF_WORKGROUP = frozenset({"StartQueryExecution", "ListQueryExecutions", "GetWorkGroup", "UpdateWorkGroup"})
OF_RDS = {
    "DescribeDBInstances": ("db", "DBInstanceIdentifier"),
    "DescribeDBClusters": ("cluster", "DBClusterIdentifier"),
    "DescribeDBParameters": ("pg", "DBParameterGroupName"),
    "DescribeDBClusterParameters": ("cluster-pg", "DBClusterParameterGroupName"),
}
PARTITIONED = ("glue:GetPartitions", "glue:GetPartition", "glue:BatchGetPartition")
"""What AWS's page on fine-grained access asks for, of a table with partitions."""
WRITING = ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")


@dataclass(frozen=True)
class Places:
    """What begins the ARNs of a region, and which work group a query belongs to."""

    region: str
    work_group: Callable[[str], str]

    def arn(self, service: str, resource: str) -> str:
        """Return a resource's ARN."""
        return f"arn:aws:{service}:{self.region}:{DEFAULT_ACCOUNT_ID}:{resource}"

    def needs(self, service: str, environ: Environ) -> Iterable[Need]:
        """Return what a request of a service needs."""
        if service == "s3":
            return _s3(environ)
        if service in ("glue", "athena", "monitoring", "kms"):
            action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
            if service == "monitoring":  # CloudWatch's metrics have no ARNs
                return [Need(f"cloudwatch:{action}", "*")]
            asked = json.loads(environ["wsgi.input"].getvalue() or b"{}")
            if service == "kms":
                named = asked.get("KeyId", "*")
                return [
                    Need(f"kms:{action}", named if named.startswith("arn:") else self.arn("kms", f"key/{named}"))
                ]
            return self._glue(action, asked) if service == "glue" else self._athena(action, asked)
        form = {key: values[0] for key, values in parse_qs(environ["wsgi.input"].getvalue().decode()).items()}
        needed = self._query(service, form)
        return [] if needed.action in OPEN else [needed]

    def _glue(self, action: str, asked: Mapping[str, Any]) -> list[Need]:
        resources = ["*"]  # which GetJobs and GetJobBookmark know alone
        if action in OF_JOB:
            resources = [self.arn("glue", f"job/{asked.get('JobName', '')}")]
        elif action in OF_DATABASE:
            database = asked.get("DatabaseName") or asked.get("Name") or ""
            table = asked.get("TableName") or (asked.get("Name") if action == "GetTable" else "*")
            return self.catalogue(action, database, "" if action == "GetDatabase" else str(table))
        return [Need(f"glue:{action}", one) for one in resources]

    def catalogue(self, action: str, database: str, table: str) -> list[Need]:
        """Return an action of the catalogue on a table, and on what it is in."""
        names = ["catalog", f"database/{database}", *([f"table/{database}/{table}"] if table else [])]
        return [Need(f"glue:{action}", self.arn("glue", name)) for name in names]

    def _athena(self, action: str, asked: Mapping[str, Any]) -> list[Need]:
        groups = ["*"]
        if action in OF_QUERY:
            ids = asked.get("QueryExecutionIds") or [asked.get("QueryExecutionId", "")]
            groups = sorted({self.work_group(one) for one in ids})
        elif action in OF_WORKGROUP:
            groups = [str(asked.get("WorkGroup") or "primary")]
        return [Need(f"athena:{action}", self.arn("athena", f"workgroup/{one}")) for one in groups]

    def _query(self, service: str, form: Mapping[str, str]) -> Need:
        action = form.get("Action", "")
        if service == "rds" and action in OF_RDS:
            kind, name = OF_RDS[action]
            return Need(f"rds:{action}", self.arn("rds", f"{kind}:{form.get(name, '*')}"))
        return Need(f"{service}:{action}", form.get("PolicySourceArn", "*"))

    def of_table(self, table: Table) -> Iterator[Need]:
        """Yield what a query needs to read a table."""
        yield from self.catalogue("GetDatabase", table.database, "")
        yield from self.catalogue("GetTable", table.database, table.name)
        for action in PARTITIONED if table.keys else ():
            yield from self.catalogue(action.partition(":")[2], table.database, table.name)


def reading(location: str) -> Iterator[Need]:
    """Yield what reading the files below a location needs."""
    bucket, key = split_uri(location)
    yield Need("s3:ListBucket", f"arn:aws:s3:::{bucket}", {"s3:prefix": key})
    yield Need("s3:GetObject", f"arn:aws:s3:::{bucket}/{key.rstrip('/')}/file")


def writing(location: str) -> Iterator[Need]:
    """Yield what writing files below a location needs."""
    bucket, key = split_uri(location)
    yield Need("s3:ListBucket", f"arn:aws:s3:::{bucket}", {"s3:prefix": f"{key.rstrip('/')}/"})
    yield from (Need(action, f"arn:aws:s3:::{bucket}/{key.rstrip('/')}/file") for action in WRITING)


def results(location: str) -> Iterator[Need]:
    """Yield what reading a query's results needs, for which Athena uses the caller's rights, too."""
    bucket, key = split_uri(location)
    yield Need("s3:GetObject", f"arn:aws:s3:::{bucket}/{key.rstrip('/')}/file")


def located(location: str) -> Iterator[Need]:
    """Yield what finding the bucket of a location needs."""
    yield Need("s3:GetBucketLocation", f"arn:aws:s3:::{split_uri(location)[0]}")


def _s3(environ: Environ) -> Iterator[Need]:
    """Yield what one request of S3 needs, of those that write no settings of buckets."""
    method, query = environ["REQUEST_METHOD"], parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    bucket, _, key = unquote(environ["RAW_URI"].partition("?")[0]).lstrip("/").partition("/")
    whole = f"arn:aws:s3:::{bucket}"
    if not bucket:
        yield Need("s3:ListAllMyBuckets", "*")
    elif key:
        yield Need(_of_object(method, query), f"{whole}/{key}")
        if source := environ.get("HTTP_X_AMZ_COPY_SOURCE"):
            yield Need("s3:GetObject", f"arn:aws:s3:::{unquote(source).lstrip('/').partition('?')[0]}")
    elif "delete" in query:
        named = ET.fromstring(environ["wsgi.input"].getvalue()).iter()  # noqa: S314 - our own clients' request
        yield from (Need("s3:DeleteObject", f"{whole}/{one.text}") for one in named if one.tag.endswith("Key"))
    elif "location" in query:
        yield Need("s3:GetBucketLocation", whole)
    elif method in ("GET", "HEAD"):
        context = {f"s3:{name}": query[name][0] for name in ("prefix", "delimiter") if name in query}
        yield Need("s3:ListBucket", whole, {"s3:prefix": "", **context})
    else:
        yield Need("s3:CreateBucket" if method == "PUT" else "s3:DeleteBucket", whole)


def _of_object(method: str, query: Mapping[str, Any]) -> str:
    if method == "DELETE":
        return "s3:AbortMultipartUpload" if "uploadId" in query else "s3:DeleteObject"
    return "s3:GetObject" if method in ("GET", "HEAD") else "s3:PutObject"


def refused(caller: Identity | None, needs: Iterable[Need]) -> str:
    """Return why a caller may not do what is needed, or an empty text."""
    return caller.refusal(needs) if caller else ""
