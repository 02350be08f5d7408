"""How IAM decides by policies, and what requests need of them."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from parity_sandbox.aws.policies import Decision, Need, decide
from parity_sandbox.aws.rights import Places

ALLOW = {"Effect": "Allow", "Action": ["s3:Get*"], "Resource": "arn:aws:s3:::b/p/*"}
LIST = {
    "Effect": "Allow",
    "Action": "s3:ListBucket",
    "Resource": "arn:aws:s3:::b",
    "Condition": {"StringLike": {"s3:prefix": ["p/*"]}},
}
PLACES = Places("eu-west-1", {"q1": "own"}.__getitem__)
GLUE, ATHENA = "arn:aws:glue:eu-west-1:123456789012:", "arn:aws:athena:eu-west-1:123456789012:"


@pytest.mark.parametrize(
    ("statements", "need", "decision"),
    [
        ([ALLOW], Need("s3:GetObject", "arn:aws:s3:::b/p/x/y"), Decision.ALLOWED),
        ([ALLOW], Need("S3:getobject", "arn:aws:s3:::b/p/x"), Decision.ALLOWED),
        ([ALLOW], Need("s3:GetObject", "arn:aws:s3:::b/other/x"), Decision.NEUTRAL),
        ([ALLOW], Need("s3:PutObject", "arn:aws:s3:::b/p/x"), Decision.NEUTRAL),
        ([ALLOW, {**ALLOW, "Effect": "Deny"}], Need("s3:GetObject", "arn:aws:s3:::b/p/x"), Decision.DENIED),
        ([LIST], Need("s3:ListBucket", "arn:aws:s3:::b", {"s3:prefix": "p/x"}), Decision.ALLOWED),
        ([LIST], Need("s3:ListBucket", "arn:aws:s3:::b", {"s3:prefix": "q/x"}), Decision.NEUTRAL),
        ([LIST], Need("s3:ListBucket", "arn:aws:s3:::b"), Decision.NEUTRAL),
        ([], Need("s3:GetObject", "arn:aws:s3:::b/p/x"), Decision.NEUTRAL),
    ],
)
def test_a_deny_wins_and_what_nothing_allows_is_denied(statements: Any, need: Need, decision: Decision) -> None:
    assert decide([{"Statement": statements}], need) is decision


@pytest.mark.parametrize(
    "statement", [{**LIST, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, {**ALLOW, "NotAction": "s3:*"}]
)
def test_what_is_not_understood_of_a_policy_is_not_guessed(statement: Any) -> None:
    with pytest.raises(NotImplementedError):
        decide([{"Statement": statement}], Need("s3:ListBucket", "arn:aws:s3:::b"))


def asked(service: str, action: str, **body: Any) -> list[tuple[str, str]]:
    environ = {"HTTP_X_AMZ_TARGET": f"X.{action}", "wsgi.input": io.BytesIO(json.dumps(body).encode())}
    return [(need.action, need.resource) for need in PLACES.needs(service, environ)]


def test_glue_and_athena_are_asked_by_what_the_request_names() -> None:
    assert asked("glue", "GetJobRuns", JobName="j") == [("glue:GetJobRuns", f"{GLUE}job/j")]
    assert asked("glue", "GetJobs") == [("glue:GetJobs", "*")]
    assert [resource for _, resource in asked("glue", "GetTable", DatabaseName="d", Name="t")] == [
        f"{GLUE}catalog",
        f"{GLUE}database/d",
        f"{GLUE}table/d/t",
    ]
    assert asked("glue", "GetTables", DatabaseName="d")[-1][1] == f"{GLUE}table/d/*"
    assert asked("athena", "GetQueryExecution", QueryExecutionId="q1")[0][1] == f"{ATHENA}workgroup/own"
    assert asked("athena", "StartQueryExecution", WorkGroup="w")[0][1] == f"{ATHENA}workgroup/w"


@pytest.mark.parametrize(
    ("method", "path", "query", "needed"),
    [
        ("GET", "/b", "list-type=2&prefix=p%2F", ("s3:ListBucket", "b")),
        ("GET", "/b", "location", ("s3:GetBucketLocation", "b")),
        ("HEAD", "/b/k%20x", "", ("s3:GetObject", "b/k x")),
        ("PUT", "/b/k", "partNumber=1&uploadId=u", ("s3:PutObject", "b/k")),
        ("DELETE", "/b/k", "", ("s3:DeleteObject", "b/k")),
        ("DELETE", "/b/k", "uploadId=u", ("s3:AbortMultipartUpload", "b/k")),
        ("PUT", "/b", "", ("s3:CreateBucket", "b")),
    ],
)
def test_s3_is_asked_by_method_path_and_query(method: str, path: str, query: str, needed: tuple[str, str]) -> None:
    environ = {"REQUEST_METHOD": method, "RAW_URI": path, "QUERY_STRING": query, "wsgi.input": io.BytesIO()}
    (found,) = PLACES.needs("s3", environ)
    assert (found.action, found.resource) == (needed[0], f"arn:aws:s3:::{needed[1]}")
