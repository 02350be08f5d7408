"""Fault rules: which request suffers, how often, and what it is told."""

from __future__ import annotations

import pytest

from parity_sandbox.error_shapes import Asked, error
from parity_sandbox.faults import Fault, Faults


def in_force(*rules: Fault) -> Faults:
    return Faults(list(rules))


def test_a_rule_covers_its_service_method_and_path() -> None:
    rule = Fault(service="azure", method="post", path=r"createRun\?api-version")

    assert rule.covers("azure", "POST", "/pipelines/p/createRun?api-version=2018")
    assert not rule.covers("databricks", "POST", "/pipelines/p/createRun?api-version=2018")
    assert not rule.covers("azure", "GET", "/pipelines/p/createRun?api-version=2018")
    assert not rule.covers("azure", "POST", "/pipelines/p")


def test_after_and_times_bound_how_often_a_rule_applies() -> None:
    faults = in_force(Fault(path="/x", status=500, after=1, times=2))

    hits = [faults.route("aws", "GET", "/x") is not None for _ in range(5)]

    assert hits == [False, True, True, False, False]


def test_every_matching_rule_counts_though_only_the_first_applies() -> None:
    first, second = Fault(path="/x", status=500, times=1), Fault(path="/x", status=429, times=2)
    faults = in_force(first, second)

    applied = [faults.route("aws", "GET", "/x") for _ in range(3)]

    assert applied == [first, second, None]


def test_an_engine_rule_touches_no_request_and_a_route_rule_no_engine() -> None:
    faults = in_force(Fault(kind="fails_at", target="settle"), Fault(path="settle", status=500))

    assert faults.engine("fails_at", "settle") is not None
    assert faults.engine("stays_running", "settle") is None
    assert faults.route("azure", "GET", "/settle") == faults.rules[1]


def test_a_removed_rule_no_longer_holds() -> None:
    rule = Fault(kind="stays_running", target="settle")
    faults = in_force(rule)
    assert faults.holds(rule)

    faults.remove(rule.id)

    assert not faults.holds(rule)


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"path": "("}, "regular expression"),
        ({"path": "/x", "staus": 500}, "staus"),
        ({"service": "amazon", "status": 500}, "no service 'amazon'; there are aws, azure"),
        ({"kind": "fails_at"}, "needs the target"),
        ({"target": "settle"}, "has no target"),
        ({"kind": "explodes", "target": "x"}, "kind"),
    ],
)
def test_a_senseless_rule_is_refused_with_the_reason(document: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Fault.parse(document)


@pytest.mark.parametrize(
    ("service", "path", "headers", "fragment"),
    [
        ("aws", "/", {"x-amz-target": "AWSGlue.GetJobRun"}, '"__type": "ThrottlingException"'),
        ("aws", "/bucket/key", {}, "<Code>SlowDown</Code>"),
        ("aws", "/", {"content-type": "application/x-www-form-urlencoded"}, "<ErrorResponse>"),
        ("azure", "/subscriptions/s", {}, '{"error": {"code": "TooManyRequests"'),
        ("azure", "/tenant/oauth2/v2.0/token", {}, '"error_description": "AADSTS'),
        ("databricks", "/api/2.2/jobs/get", {}, '"error_code": "REQUEST_LIMIT_EXCEEDED"'),
        ("storage", "/account/container/blob", {}, "<Code>ServerBusy</Code>"),
        ("storage", "/account/container/blob?action=append", {}, '{"error": {"code": "ServerBusy"'),
        ("sink", "/v2/enqueue", {}, '"status": "error"'),
    ],
)
def test_a_fault_without_a_body_speaks_as_its_cloud(
    service: str, path: str, headers: dict[str, str], fragment: str
) -> None:
    body, _ = error(service, 429, Asked(path, headers))

    assert fragment in body
