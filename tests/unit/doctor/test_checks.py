"""Checks beside each other: each error is one line, and none hides another."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from parity.doctor.checks import Check, Once, Unopened, run_checks
from parity.doctor.line import Finding, Status, missing, ok
from parity.errors import AccessDenied, BadInput, NotFound, ParityError, Unreachable

RIGHT = '{"Effect": "Allow"}'
MEANINGS: dict[Exception, tuple[Status, str]] = {
    AccessDenied("Refused.", remedy="Check."): (Status.UNREADABLE, RIGHT),
    NotFound("No such job.", remedy="Did you mean 'b'?"): (Status.MISSING, "Did you mean 'b'?"),
    BadInput("Wrong.", remedy="Correct it."): (Status.DIFFERS, "Correct it."),
    Unreachable("Down."): (Status.UNREADABLE, ""),
    Unopened("Needs connection x."): (Status.UNREADABLE, ""),
    ZeroDivisionError("oops"): (Status.UNREADABLE, ""),
}


def raising(error: Exception) -> Check:
    def ask() -> Iterator[Finding]:
        yield ok("never", "shown")
        raise error

    return Check("here", "thing", "a", ask, RIGHT)


@pytest.mark.parametrize("error", MEANINGS, ids=lambda error: type(error).__name__)
def test_an_error_is_a_line_with_its_remedy(error: Exception) -> None:
    (line,) = run_checks([raising(error)])
    assert (line.finding.status, line.finding.remedy) == MEANINGS[error]
    assert (error.message if isinstance(error, ParityError) else str(error)) in line.finding.detail


def test_no_error_hides_another_line() -> None:
    checks = [Check("here", "thing", str(n), lambda n=n: [ok("thing", str(n))]) for n in range(40)]
    checks[7] = raising(ZeroDivisionError("oops"))
    lines = run_checks(checks, workers=3)
    assert [line.finding.name for line in lines] == [str(n) if n != 7 else "a" for n in range(40)]
    assert [line.ok for line in lines].count(False) == 1


def test_what_does_not_answer_in_time_is_a_line_of_its_own() -> None:
    answer = Event()

    def ask() -> Iterator[Finding]:
        answer.wait()
        yield ok("slow", "one")

    lines = run_checks([Check("here", "slow", "one", ask), Check("here", "quick", "one", list)], patience=0.2)
    answer.set()
    assert [line.finding.status for line in lines] == [Status.UNREADABLE, Status.OK]
    assert "No answer came" in lines[0].finding.detail


def test_a_check_of_two_suites_is_made_once_for_both() -> None:
    asked: list[str] = []

    def check(suite: str) -> Check:
        def ask() -> Iterator[Finding]:
            asked.append(suite)
            yield missing("thing", "a", "gone")

        return Check("here", "thing", "a", ask, needed_by=(suite,))

    (line,) = run_checks([check("one"), check("two")])
    assert asked == ["one"]
    assert line.needed_by == ("one", "two")


def test_progress_counts_every_check() -> None:
    seen: list[tuple[int, int]] = []
    run_checks([Check("here", "thing", str(n), list) for n in range(5)], progress=lambda *at: seen.append(at))
    assert seen == [(n + 1, 5) for n in range(5)]


def test_one_question_is_asked_once_and_its_error_is_everybodys() -> None:
    asked: list[int] = []

    def ask() -> int:
        asked.append(1)
        raise NotFound("gone")

    once = Once(ask)
    for _ in range(2):
        with pytest.raises(NotFound):
            once()
    assert asked == [1]
