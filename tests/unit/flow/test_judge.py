from __future__ import annotations

import pytest

from parity.compare.result import Result, Rows, Verdict
from parity.errors import RemoteFailed
from parity.expectations.findings import Finding, Findings, Outcome
from parity.flow.chain import Broken, Link, first_broken
from parity.flow.judge import judge
from parity.suite.models import Severity

FINE = Findings()


def finding(outcome: Outcome, severity: Severity = Severity.CRITICAL) -> Findings:
    return Findings((Finding("legacy", "ExpectColumnValuesToNotBeNull", "payment_id", severity, outcome),))


def result(verdict: Verdict) -> Result:
    return Result(verdict, f"it is {verdict}")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_with_nothing_else_to_say_the_comparisons_verdict_stands(verdict: Verdict) -> None:
    assert judge(result(verdict), FINE, ()).verdict is verdict


def test_a_broken_link_is_invalid_whatever_the_comparison_said() -> None:
    broken = [Broken.by(Link.HELPER, RemoteFailed("It crashed."))]
    judgement = judge(result(Verdict.PASS), FINE, broken)
    assert judgement.verdict is Verdict.INVALID
    assert judgement.reason == "The Databricks helper job: It crashed."


def test_nothing_compared_is_invalid() -> None:
    assert judge(None, FINE, ()).verdict is Verdict.INVALID


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (Rows(legacy=30, missing=30), "The target output has no rows"),
        (Rows(target=7, extra=7), "The legacy output"),
    ],
)
def test_an_empty_export_beside_a_full_one_compared_nothing(rows: Rows, said: str) -> None:
    one_sided = Result(Verdict.FAIL, "rows are missing", rows=rows)
    judgement = judge(one_sided, FINE, ())
    assert judgement.verdict is Verdict.INVALID
    assert said in judgement.reason
    assert judge(one_sided, FINE, (), allow_empty=True).verdict is Verdict.FAIL


def test_nothing_expected_is_invalid() -> None:
    assert judge(result(Verdict.PASS), None, ()).verdict is Verdict.INVALID


def test_an_expectation_that_could_not_be_computed_is_invalid() -> None:
    assert judge(result(Verdict.PASS), finding(Outcome.INVALID, Severity.INFO), ()).verdict is Verdict.INVALID


def test_a_critical_expectation_that_failed_fails_equal_data() -> None:
    judgement = judge(result(Verdict.PASS), finding(Outcome.FAIL), ())
    assert judgement.verdict is Verdict.FAIL
    assert "ExpectColumnValuesToNotBeNull on payment_id (legacy)" in judgement.reason


def test_a_warning_that_failed_stays_a_warning() -> None:
    assert judge(result(Verdict.PASS), finding(Outcome.FAIL, Severity.WARNING), ()).verdict is Verdict.PASS


def test_the_first_broken_link_is_the_one_furthest_up_the_stream_of_data() -> None:
    broken = [Broken(Link.COMPARE, "c"), Broken(Link.GLUE, "g"), Broken(Link.ATHENA, "a")]
    assert first_broken(broken) == broken[1]
    assert first_broken([]) is None
