"""Who we are in AWS, and what we may do there, without doing it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from parity.clients.aws import AwsClients, aws_errors
from parity.clients.http import clock_skew
from parity.clock import Clock, SystemClock

_ASSUMED = re.compile(r"arn:(?P<part>[^:]+):sts::(?P<account>\d+):assumed-role/(?P<role>[^/]+)/.+")
_ROOT = re.compile(r"arn:[^:]+:iam::\d+:root")


@dataclass(frozen=True)
class Caller:
    """Who AWS says that we are."""

    arn: str
    account: str
    region: str
    skew: timedelta | None = None
    """How far AWS's clock is ahead of ours; None: it did not say."""

    @property
    def principal(self) -> str:
        """Return the ARN of the user or role whose policies decide; of a role with a path, the path is lost."""
        if found := _ASSUMED.fullmatch(self.arn):
            return f"arn:{found['part']}:iam::{found['account']}:role/{found['role']}"
        return self.arn.replace(":sts:", ":iam:")

    def arn_start(self, service: str) -> str:
        """Return what begins the ARNs of this account's resources in a service."""
        return f"arn:{self.arn.split(':')[1]}:{service}:{self.region}:{self.account}:"

    @property
    def root(self) -> bool:
        """Return whether it is the account's owner, whom no policy limits."""
        return _ROOT.fullmatch(self.arn) is not None


def caller(clients: AwsClients, clock: Clock | None = None) -> Caller:
    """Return who we are; AccessDenied when the keys are not accepted."""
    sts = clients("sts")
    with aws_errors("STS", "our own identity"):
        found = sts.get_caller_identity()
    headers = found.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    skew = clock_skew(headers.get("date", ""), (clock or SystemClock()).now())
    return Caller(found["Arn"], found["Account"], sts.meta.region_name, skew)


def decisions(
    clients: AwsClients,
    who: Caller,
    actions: Iterable[str],
    resources: Sequence[str],
    context: Mapping[str, str],
) -> Mapping[tuple[str, str], bool]:
    """Return whether IAM's policies allow each action on each resource; asking changes nothing.

    ``context`` holds the keys of a request on which policies may put conditions, such as ``s3:prefix``.

    Policies of resources (of a bucket, a key) and of the organisation are not part of IAM's answer.
    """
    iam = clients("iam")
    found: dict[tuple[str, str], bool] = {}
    with aws_errors("IAM", f"what {who.principal} may do"):
        pages = iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=who.principal,
            ActionNames=list(actions),
            ResourceArns=list(resources),
            ContextEntries=[
                {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
                for key, value in context.items()
            ],
        )
        for page in pages:
            for one in page["EvaluationResults"]:
                found |= dict(_decided(one))
    return found


def _decided(one: Mapping[str, Any]) -> Iterable[tuple[tuple[str, str], bool]]:
    action, of_resources = one["EvalActionName"], one.get("ResourceSpecificResults") or []
    if not of_resources:
        yield (action, one.get("EvalResourceName") or "*"), one["EvalDecision"] == "allowed"
    for specific in of_resources:
        yield (action, specific["EvalResourceName"]), specific["EvalResourceDecision"] == "allowed"
