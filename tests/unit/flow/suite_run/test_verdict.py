from __future__ import annotations

import pytest

from parity.compare.result import Result, Rows, Verdict
from parity.errors import RemoteFailed
from parity.expectations.findings import Finding, Findings, Outcome
from parity.flow.stages import Stage, StageFailure, first_failure
from parity.flow.suite_run.verdict import NEXT_STEP, Judgement, judge
from parity.suite.models import Severity

FINE = Findings()
EMPTY = (
    "The {0} output has no rows and the {1} output has {2}, so no row was compared. "
    "Look at what wrote the {0} side for this date; set allow_empty if none is right."
)


def finding(outcome: Outcome, severity: Severity = Severity.CRITICAL) -> Findings:
    return Findings((Finding("legacy", "ExpectColumnValuesToNotBeNull", "payment_id", severity, outcome),))


def result(verdict: Verdict) -> Result:
    return Result(verdict, f"it is {verdict}")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_with_nothing_else_to_say_the_comparisons_verdict_stands(verdict: Verdict) -> None:
    assert judge(result(verdict), FINE, ()).verdict is verdict


def test_a_broken_link_is_invalid_whatever_the_comparison_said() -> None:
    failures = [StageFailure.from_error(Stage.HELPER, RemoteFailed("It crashed."))]
    judgement = judge(result(Verdict.PASS), FINE, failures)
    assert judgement.verdict is Verdict.INVALID
    assert judgement.reason == "The Databricks helper job: It crashed."


def test_nothing_compared_is_invalid() -> None:
    assert judge(None, FINE, ()).verdict is Verdict.INVALID


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (Rows(legacy=3000, missing=3000), EMPTY.format("target", "legacy", "3,000")),
        (Rows(target=7, extra=7), EMPTY.format("legacy", "target", "7")),
    ],
)
def test_an_empty_export_beside_a_full_one_compared_nothing(rows: Rows, said: str) -> None:
    one_sided = Result(Verdict.FAIL, "rows are missing", rows=rows)
    judgement = judge(one_sided, FINE, ())
    assert judgement.verdict is Verdict.INVALID
    assert judgement.reason == said
    assert judge(one_sided, FINE, (), allow_empty=True).verdict is Verdict.FAIL


def test_nothing_expected_is_invalid() -> None:
    said = "Great Expectations left no findings. Clear its task to run it again."
    assert judge(result(Verdict.PASS), None, ()) == Judgement(Verdict.INVALID, said)


def test_an_expectation_that_could_not_be_computed_is_invalid() -> None:
    assert judge(result(Verdict.PASS), finding(Outcome.INVALID, Severity.INFO), ()).verdict is Verdict.INVALID


def test_a_critical_expectation_that_failed_fails_equal_data() -> None:
    judgement = judge(result(Verdict.PASS), finding(Outcome.FAIL), ())
    assert judgement.verdict is Verdict.FAIL
    assert "ExpectColumnValuesToNotBeNull on payment_id (legacy)" in judgement.reason


def test_a_warning_that_failed_stays_a_warning() -> None:
    assert judge(result(Verdict.PASS), finding(Outcome.FAIL, Severity.WARNING), ()).verdict is Verdict.PASS


def test_the_first_broken_link_is_the_one_furthest_up_the_stream_of_data() -> None:
    failures = [StageFailure(Stage.COMPARE, "c"), StageFailure(Stage.GLUE, "g"), StageFailure(Stage.ATHENA, "a")]
    assert first_failure(failures) == failures[1]
    assert first_failure([]) is None


def failed(*subjects: str) -> Findings:
    return Findings(
        tuple(Finding("target", "ExpectX", s, Severity.CRITICAL, Outcome.FAIL, "it is off") for s in subjects)
    )


def test_the_comparisons_own_reason_stands_wherever_its_verdict_does() -> None:
    for verdict in Verdict:
        assert judge(result(verdict), FINE, ()) == Judgement(verdict, f"it is {verdict}")


def test_the_broken_link_is_handed_on_for_whoever_repairs_it() -> None:
    failures = StageFailure(Stage.GLUE, "it failed")
    assert judge(result(Verdict.PASS), FINE, [StageFailure(Stage.RECORD, "r"), failures]).failure == failures


def test_both_outputs_without_rows_are_left_to_the_comparison() -> None:
    both = Result(Verdict.INVALID, "zero rows", rows=Rows())
    assert judge(both, FINE, ()).reason == "zero rows"
    assert judge(Result(Verdict.PASS, "allowed", rows=Rows()), FINE, (), allow_empty=True).reason == "allowed"


def test_rows_that_differ_outrank_a_failed_expectation_and_neither_a_broken_one() -> None:
    different = result(Verdict.FAIL)
    assert judge(different, failed("a"), ()) == Judgement(Verdict.FAIL, "it is FAIL")
    assert judge(different, finding(Outcome.INVALID), ()).verdict is Verdict.INVALID


def test_failed_expectations_are_named_three_at_most() -> None:
    said = judge(result(Verdict.PASS), failed("a"), ()).reason
    assert said == "The outputs agree, but critical expectations failed: ExpectX on a (target)."
    three = "ExpectX on a (target); ExpectX on b (target); ExpectX on c (target)"
    said = judge(result(Verdict.WAIVED), failed("a", "b", "c"), ()).reason
    assert said == f"The outputs agree, but critical expectations failed: {three}."
    said = judge(result(Verdict.WAIVED), failed("a", "b", "c", "d"), ()).reason
    assert said == f"The outputs agree, but critical expectations failed: {three} and 1 more."


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        (["no such column."], "no such column."),
        ([""], "Data Docs say why."),
        (["Xe no X"], "Xe no X."),
        (["no such column", "x", "y"], "no such column. 2 more could not be, either."),
    ],
)
def test_what_could_not_be_computed_is_said_in_its_own_words(messages: list[str], said: str) -> None:
    found = [Finding("legacy", "ExpectX", "v", Severity.INFO, Outcome.INVALID, message) for message in messages]
    passed = Finding("legacy", "ExpectY", "w", Severity.INFO, Outcome.PASS)
    judgement = judge(result(Verdict.PASS), Findings((passed, *found)), ())
    assert judgement == Judgement(Verdict.INVALID, f"ExpectX on v (legacy) could not be computed: {said}")


def test_every_verdict_says_what_a_person_does_next() -> None:
    assert set(NEXT_STEP) == {None, *Verdict}
    assert {verdict for verdict, said in NEXT_STEP.items() if said.startswith("Nothing to do")} == {
        Verdict.PASS,
        Verdict.WAIVED,
    }
