"""The doctor's answer: its exit status, its JSON, and which lines are counted instead of listed."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from parity.doctor.line import Finding, Line, Status, differs, missing, ok, unreadable
from parity.doctor.report import Report, shown

WITHOUT = Finding(Status.OPTIONAL, "right", "d", "Rows are not reported.", "grant")
GOOD, GONE, HIDDEN = ok("job", "a"), missing("job", "b", "gone", "Did you mean 'a'?"), unreadable("job", "c", "no")


def report(*findings: Finding) -> Report:
    lines = tuple(Line("AWS", finding, ("payments",)) for finding in findings)
    return Report(lines, datetime(2026, 3, 2, tzinfo=UTC), 1.5)


@pytest.mark.parametrize(
    ("findings", "status"),
    [
        ([GOOD], 0),
        ([GOOD, GONE, HIDDEN], 1),
        ([differs("job", "a", "other")], 1),
        ([GOOD, HIDDEN], 2),
        ([GOOD, WITHOUT], 0),
        ([], 2),
    ],
)
def test_exit_status(findings: list[Finding], status: int) -> None:
    assert report(*findings).exit_code == status


def test_json_has_everything_and_is_read_back() -> None:
    made = report(GOOD, GONE)
    data = json.loads(json.dumps(made.to_json()))
    assert data["ok"] is False
    assert data["counts"] == {"ok": 1, "missing": 1, "differs": 0, "not readable": 0, "optional": 0}
    assert data["lines"][1] == {
        "place": "AWS",
        "status": "missing",
        "kind": "job",
        "name": "b",
        "detail": "gone",
        "remedy": "Did you mean 'a'?",
        "needed_by": ["payments"],
    }
    assert Report.from_json(data) == made


def test_many_right_lines_of_a_kind_are_counted_and_wrong_ones_listed() -> None:
    lines = report(*(ok("job", str(n)) for n in range(5)), GONE, ok("identity", "me", "account 1")).lines
    found = [(one.status, one.what) for one in shown(lines)]
    assert found == [(Status.OK, "5 × job"), (Status.MISSING, "job b"), (Status.OK, "identity me")]
    assert len(list(shown(lines, every=True))) == 7


def test_what_is_optional_is_listed_and_counted_and_changes_no_answer() -> None:
    found = report(ok("right", "a"), ok("right", "b"), ok("right", "c"), WITHOUT)
    assert found.summary == "All is in place: 4 lines in 1.5 s, 1 optional."
    assert (
        report(GONE, WITHOUT).summary == "Not everything is in place: 1 missing, 1 optional of 2 lines in 1.5 s."
    )
    assert [(one.status, one.what) for one in shown(found.lines)] == [
        (Status.OK, "3 × right"),
        (Status.OPTIONAL, "right d"),
    ]


def test_identities_are_always_listed() -> None:
    lines = report(*(ok("identity", str(n)) for n in range(5))).lines
    assert [one.what for one in shown(lines)] == [f"identity {n}" for n in range(5)]


def test_many_lines_with_one_cause_are_one_that_names_them_all() -> None:
    lines = report(*(unreadable("job", name, "Needs connection x.") for name in "abc")).lines
    (one,) = shown(lines)
    assert (one.what, one.detail) == ("3 × job (a, b, c)", "Needs connection x.")
