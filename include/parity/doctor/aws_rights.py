"""What an AWS identity must be allowed to do, as IAM itself decides it: nothing is tried out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from parity.clients import aws_account
from parity.clients.objects import ObjectUrl
from parity.doctor.aws_account import AwsAccount, LegacySide
from parity.doctor.checks import Check
from parity.doctor.line import Finding, Status, ok, unreadable
from parity.errors import AccessDenied, NotFound

PROBE = "parity_doctor"
"""Stands for a thing that a pattern covers."""
NO_SIMULATION = "IAM may not be asked (iam:SimulatePrincipalPolicy), so the first run will show it."
JOB = ("glue:GetJob", "glue:GetJobRun", "glue:GetJobRuns")
ATHENA = (
    *("athena:StartQueryExecution", "athena:GetQueryExecution", "athena:BatchGetQueryExecution"),
    *("athena:GetQueryResults", "athena:ListQueryExecutions", "athena:StopQueryExecution", "athena:GetWorkGroup"),
)
TABLES = (
    *("glue:GetTable", "glue:GetTables"),
    *("glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"),
)
WRITE = ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
S3 = {
    "list": ("s3:ListBucket", "s3:GetBucketLocation"),
    "read": ("s3:GetObject",),
    "write": WRITE,
    "delete": ("s3:DeleteObject",),
}
METRICS = ("cloudwatch:GetMetricStatistics",)
NO_METRICS = 'The rows that Glue wrote stay "not reported" among the control totals; no run needs them.'
RDS = {
    "db": ("rds:DescribeDBInstances",),
    "cluster": ("rds:DescribeDBClusters",),
    "pg": ("rds:DescribeDBParameters",),
    "cluster-pg": ("rds:DescribeDBClusterParameters",),
}
"""Kind of resource → actions."""
ANYWHERE = "arn:aws:{}:*:*:"
"""What begins the ARNs of a policy that is suggested before it is known who we are."""


def policy_line(actions: Iterable[str], resources: Iterable[str]) -> str:
    """Return a statement of an IAM policy on one line."""
    return json.dumps({"Effect": "Allow", "Action": list(actions), "Resource": list(resources)})


@dataclass(frozen=True)
class Right:
    """Actions that a run needs on some resources."""

    name: str
    actions: Sequence[str]
    resources: Sequence[str]
    """After ``arn:aws:glue:REGION:ACCOUNT:``, or a whole ARN of S3, which has neither; each may end in ``*``."""
    context: Mapping[str, str] = field(default_factory=dict)
    """Keys of a request on which policies may put conditions."""
    without: str = ""
    """What stays unknown without it, as a sentence; empty when a run needs it."""

    def arns(self, start: str) -> list[str]:
        """Return the resources behind ``start``."""
        return [one if one.startswith("arn:") or one == "*" else start + one for one in self.resources]

    @property
    def policy(self) -> str:
        """Return the statement that grants it in every region and account."""
        return policy_line(self.actions, self.arns(ANYWHERE.format(self.actions[0].partition(":")[0])))


def rights_of(side: LegacySide) -> Iterator[Right]:
    """Yield what a run of one suite needs to be allowed."""
    aws = side.suite.aws
    if jobs := sorted({a.glue_job for a in side.suite.activities if a.glue_job}):
        yield Right("read Glue jobs", JOB, [f"job/{job}" for job in jobs])
        yield Right("read Glue metrics", METRICS, ["*"], without=NO_METRICS)
        yield Right("list Glue jobs", ("glue:GetJobs", "glue:GetJobBookmark"), ["*"])
    here = ["catalog", f"database/{aws.database}"]
    yield Right("read Glue database", ("glue:GetDatabase",), here)
    yield Right("read Glue tables", TABLES, [*here, f"table/{aws.database}/*"])
    yield Right("run Athena queries", ATHENA, [f"workgroup/{aws.workgroup}"])
    for verb, actions in S3.items():
        yield of_folder(verb, actions, side.exchange)


def of_folder(verb: str, actions: Sequence[str], folder: str) -> Right:
    """Return the right to do something with a folder of S3; listing needs the bucket, with a prefix."""
    place = ObjectUrl.of(folder)
    bucket = f"arn:aws:s3:::{place.root}"
    if verb == "list":
        return Right(f"list {folder}", actions, [bucket], {"s3:prefix": place.prefix})
    return Right(f"{verb} {folder}", actions, [f"{bucket}/{place.prefix}*"])


def rds_checks_of_rights(account: AwsAccount, needed: tuple[str, ...]) -> Iterator[Check]:
    """Yield whether servers and their parameters may be described."""
    for kind, actions in RDS.items():
        yield right_check(account, Right(f"describe RDS {kind}", actions, [f"{kind}:*"]), needed)


def right_check(account: AwsAccount, right: Right, needed: tuple[str, ...]) -> Check:
    """Return whether IAM gives a right."""
    return Check(account.place, "right", right.name, lambda: [_asked(account, right)], right.policy, needed)


def files_check(
    account: AwsAccount, name: str, wanted: Callable[[], Sequence[Right]], needed: tuple[str, ...]
) -> Check:
    """Return whether IAM gives rights to files whose places the account itself names; one line when it does."""

    def ask() -> Iterator[Finding]:
        found = [_asked(account, right) for right in wanted()]
        wrong = [finding for finding in found if finding.status is not Status.OK]
        yield from wrong or [ok("right", name, f"{len(found)} rights")]

    return Check(account.place, "right", name, ask, policy_line(("s3:ListBucket", "s3:GetObject"), ["*"]), needed)


def _asked(account: AwsAccount, right: Right) -> Finding:
    who = account.caller()
    if who.root:
        return ok("right", right.name, "the account's root user may do everything")
    arns = right.arns(who.arn_start(right.actions[0].partition(":")[0]))
    things = list(map(_one_of, arns))
    try:
        found = aws_account.decisions(account.clients(), who, right.actions, things, right.context)
    except (AccessDenied, NotFound) as error:
        return unreadable("right", right.name, f"{NO_SIMULATION} ({error.message})", right.policy)
    return judge_right(right, found, arns)


def _one_of(arn: str) -> str:
    """Return one thing that a pattern covers: IAM decides on things, and a policy for another part will not do."""
    return f"{arn.removesuffix('*')}{PROBE}" if arn.endswith("/*") else arn


def judge_right(right: Right, found: Mapping[tuple[str, str], bool], arns: Sequence[str]) -> Finding:
    """Judge IAM's decisions; an action on which it did not decide is not taken for allowed."""
    refused = {action for (action, _), may in found.items() if not may}
    allowed = {action for (action, _), may in found.items() if may} - refused
    if lacking := [action for action in right.actions if action not in allowed]:
        status = Status.OPTIONAL if right.without else Status.MISSING
        what = f"IAM does not allow {', '.join(lacking)}. {right.without}".strip()
        return Finding(status, "right", right.name, what, policy_line(lacking, arns))
    return ok("right", right.name, ", ".join(action.partition(":")[2] for action in right.actions))
