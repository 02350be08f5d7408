"""What an AWS identity must be allowed to do, as IAM itself decides it: nothing is tried out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from parity.clients import aws_account
from parity.clients.objects import ObjectUrl
from parity.doctor.aws_account import AwsAccount, LegacySide
from parity.doctor.checks import Check
from parity.doctor.line import Finding, missing, ok, unreadable
from parity.errors import AccessDenied, NotFound

PROBE = "parity_doctor"
"""Stands for a thing that a pattern covers."""
NO_SIMULATION = "IAM may not be asked (iam:SimulatePrincipalPolicy), so the first run will show it."
JOB = ("glue:GetJob", "glue:GetJobRun", "glue:GetJobRuns")
ATHENA = (
    *("athena:StartQueryExecution", "athena:GetQueryExecution", "athena:BatchGetQueryExecution"),
    *("athena:GetQueryResults", "athena:ListQueryExecutions", "athena:StopQueryExecution", "athena:GetWorkGroup"),
)
S3 = {
    "list": ("s3:ListBucket", "s3:GetBucketLocation"),
    "read": ("s3:GetObject",),
    "write": ("s3:PutObject", "s3:AbortMultipartUpload"),
    "delete": ("s3:DeleteObject",),
}
RDS = ("rds:DescribeDBInstances", "rds:DescribeDBClusters", "rds:DescribeDBParameters")
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
        yield Right("list Glue jobs", ("glue:GetJobs",), ["*"])
    here = ["catalog", f"database/{aws.database}"]
    yield Right("read Glue database", ("glue:GetDatabase",), here)
    tables = ("glue:GetTable", "glue:GetTables", "glue:GetPartitions")
    yield Right("read Glue tables", tables, [*here, f"table/{aws.database}/*"])
    yield Right("run Athena queries", ATHENA, [f"workgroup/{aws.workgroup}"])
    exchange = ObjectUrl.of(side.exchange)
    bucket = f"arn:aws:s3:::{exchange.root}"
    for verb, actions in S3.items():
        yield Right(
            f"{verb} {side.exchange}", actions, [bucket if verb == "list" else f"{bucket}/{exchange.prefix}*"]
        )


def rds_right(account: AwsAccount, needed: tuple[str, ...]) -> Check:
    """Return whether servers may be described."""
    return right_check(account, Right("describe RDS servers", RDS, ["*"]), needed)


def right_check(account: AwsAccount, right: Right, needed: tuple[str, ...]) -> Check:
    def ask() -> Iterator[Finding]:
        who = account.caller()
        if who.root:
            yield ok("right", right.name, "the account's root user may do everything")
            return
        arns = right.arns(who.arn_start(right.actions[0].partition(":")[0]))
        try:
            found = aws_account.decisions(account.clients(), who, right.actions, list(map(_one_of, arns)))
        except (AccessDenied, NotFound) as error:
            yield unreadable("right", right.name, f"{NO_SIMULATION} ({error.message})", right.policy)
            return
        yield judge_right(right, found, arns)

    return Check(account.place, "right", right.name, ask, right.policy, needed)


def _one_of(arn: str) -> str:
    """Return one thing that a pattern covers: IAM decides on things, and a policy for another part will not do."""
    return f"{arn.removesuffix('*')}{PROBE}" if arn.endswith("/*") else arn


def judge_right(right: Right, found: Mapping[tuple[str, str], bool], arns: Sequence[str]) -> Finding:
    """Judge IAM's decisions; an action on which it did not decide is not taken for allowed."""
    refused = {action for (action, _), may in found.items() if not may}
    allowed = {action for (action, _), may in found.items() if may} - refused
    if lacking := [action for action in right.actions if action not in allowed]:
        return missing(
            "right", right.name, f"IAM does not allow {', '.join(lacking)}.", policy_line(lacking, arns)
        )
    return ok("right", right.name, ", ".join(action.partition(":")[2] for action in right.actions))
