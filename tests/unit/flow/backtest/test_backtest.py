"""What stored results would have said, held against the comparison itself: the same, or that it cannot be said."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from parity.compare.result import Result, Verdict
from parity.flow.backtest import words
from parity.flow.backtest.judgement import Answer, answer
from parity.flow.backtest.stored import Backtest
from parity.history.records import ActivityRecord, ExpectationResult
from parity.suite.models import Waiver
from unit.flow.backtest.oracle import Night, asked, declare, truth, waiver

P, W, F, X = Verdict.PASS, Verdict.WAIVED, Verdict.FAIL, Verdict.INVALID
Stored = tuple[ActivityRecord, Result]
MONEY: dict[str, Any] = {"columns": {"fee": {"money": "currency"}}}
FEE, NOTE, NAME = waiver(column="fee"), waiver(column="note"), waiver(column="name")
GONE = waiver(kind="missing")
ALL = (FEE, NOTE, NAME, GONE)


def rules(**columns: Any) -> dict[str, Any]:
    return {**MONEY, "columns": {**MONEY["columns"], **columns}}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    return Night(tmp_path_factory.mktemp("night"))


@pytest.fixture(scope="module")
def failed(night: Night) -> Stored:
    """What was stored of a night without waivers."""
    stored = night.run(MONEY, ())
    assert stored[0].verdict is F
    return stored


@pytest.fixture(scope="module")
def waived(night: Night) -> Stored:
    """What was stored of a night on which waivers covered everything."""
    stored = night.run(MONEY, ALL)
    assert stored[0].verdict is W
    return stored


@pytest.mark.parametrize(
    ("waivers", "says"),
    [
        ((), F),
        (ALL, W),
        ((FEE, NOTE, NAME), F),
        ((waiver(), GONE), W),
        ((waiver(max_rows=28), GONE), W),
        ((waiver(max_rows=27), GONE), None),  # at least 20, at most 28, as the columns overlap
        ((waiver(max_rows=19), GONE), F),
        ((FEE, NOTE, waiver(column="name", max_rows=19), GONE), F),
        ((FEE, NOTE, waiver(column="name", max_rows=20), GONE), W),
        ((FEE, NOTE, waiver(column="name", expires=date(2026, 3, 2)), GONE), F),
        ((FEE, NOTE, waiver(column="name", expires=date(2026, 3, 3)), GONE), W),
        ((FEE, NOTE, waiver(column="name", cause="case"), GONE), W),
        ((FEE, NOTE, waiver(column="name", cause="sign"), GONE), F),
        ((waiver(column="fee", max_money="50.04"), NOTE, NAME, GONE), W),
        ((waiver(column="fee", max_money="50.03"), NOTE, NAME, GONE), F),
        ((waiver(column="note", max_money="1"), FEE, NAME, GONE), None),  # of a column that is no money
        ((FEE, NOTE, waiver(column="name", rows="id < 30"), GONE), None),
        ((FEE, NOTE, NAME, waiver(kind="missing", max_rows=1)), F),
        ((FEE, NOTE, NAME, waiver(kind="missing", rows="id IN (98, 99)")), None),
    ],
)
def test_other_waivers_are_judged_as_the_comparison_would_or_not_at_all(
    night: Night, failed: Stored, waivers: tuple[Waiver, ...], says: Verdict | None
) -> None:
    found = asked(failed, MONEY, waivers)
    assert found.after is says, found.why
    if says is not None:
        assert says is truth(night, MONEY, waivers)


@pytest.mark.parametrize(
    ("columns", "waivers", "says"),
    [
        ({"name": {"ignore": "moved later"}}, (FEE, NOTE, GONE), W),
        ({"name": {"ignore": "moved later"}}, (NOTE, GONE), F),
        ({"note": {"trim": "right"}}, (FEE, NAME, GONE), F),  # one note differs by more than blanks
        ({"note": {"trim": "right", "case": "ignore"}}, (FEE, NAME, GONE), W),
        ({"name": {"case": "ignore"}}, (FEE, NOTE, GONE), None),  # 5 of 20 are in the samples
        ({"kind": {"tolerance": 1}}, ALL, W),  # nothing differs in it
        ({"fee": {"money": "currency", "tolerance": "0.01"}}, (NOTE, NAME, GONE), F),
        ({"fee": {"money": "currency", "tolerance": "50"}}, (NOTE, NAME, GONE), W),
        ({"note": {"legacy_sql": "trim(note)"}}, ALL, None),
        ({"id": {"tolerance": 1}}, ALL, None),
        ({"kind": {"trim": "right"}}, ALL, None),  # which is for texts
        ({"kind": {"replace": ["(", ""]}}, ALL, None),
        ({"kinds": {"money": "EUR"}}, ALL, None),  # there is no such column
        ({"kind": {"money": "EUR"}}, ALL, W),
    ],
)
def test_other_rules_are_judged_as_the_comparison_would_or_not_at_all(
    night: Night, failed: Stored, columns: Any, waivers: tuple[Waiver, ...], says: Verdict | None
) -> None:
    found = asked(failed, rules(**columns), waivers)
    assert found.after is says, found.why
    if says is not None:
        assert says is truth(night, rules(**columns), waivers)


def test_a_rule_that_is_taken_away_shows_what_it_let_through(night: Night) -> None:
    stored = night.run(rules(name={"case": "ignore"}), (FEE, NOTE, GONE))
    assert stored[0].verdict is W
    assert asked(stored, rules(name={"case": "ignore"}), (FEE, NOTE, GONE)).after is W
    shown = asked(stored, MONEY, (FEE, NOTE, GONE))
    assert (shown.after, [(one.column, one.rows) for one in shown.shown]) == (F, [("name", 20)])
    assert asked(stored, MONEY, (FEE, NOTE, NAME, GONE)).after is W
    by_cause = (FEE, NOTE, waiver(column="name", cause="case"), GONE)
    assert asked(stored, MONEY, by_cause).after is None
    assert asked(stored, rules(name={"trim": "both"}), by_cause).after is None
    assert asked(stored, rules(name={"ignore": "moved later"}), (FEE, NOTE, GONE)).after is W


def test_what_is_newly_hidden_and_shown_is_counted_with_its_money(failed: Stored, waived: Stored) -> None:
    hidden = asked(failed, MONEY, (FEE, GONE))
    assert (hidden.after, hidden.changes, hidden.shown) == (F, True, ())
    assert [(one.kind, one.column, one.rows, dict(one.money)) for one in hidden.hidden] == [
        ("changed", "fee", 5, {"EUR": hidden.hidden[0].money["EUR"]}),
        ("missing", "", 2, {"EUR": hidden.hidden[1].money["EUR"]}),
    ]
    assert str(hidden.hidden[0].money["EUR"]) == "50.04"
    shown = asked(waived, MONEY, (FEE, NOTE, GONE))
    assert (shown.after, [(one.column, one.rows) for one in shown.shown]) == (F, [("name", 20)])
    assert not asked(waived, MONEY, ALL).changes


def test_a_condition_on_rows_is_believed_where_it_was_counted(night: Night) -> None:
    some = waiver(column="name", rows="id BETWEEN 20 AND 39")
    stored = night.run(MONEY, (FEE, NOTE, some, GONE))
    assert stored[0].verdict is W
    assert asked(stored, MONEY, (FEE, NOTE, some)).after is F
    tighter = some.model_copy(update={"max_rows": 20})
    assert asked(stored, MONEY, (FEE, NOTE, tighter, GONE)).after is W
    assert asked(stored, MONEY, (FEE, NOTE, some.model_copy(update={"max_rows": 19}), GONE)).after is F


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"key": ["id", "kind"]}, "key changed"),
        ({"target": {"table": "other"}}, "target changed"),
        ({"mode": "digest"}, "mode changed"),
        ({"expect": {"both": [{"ExpectColumnToExist": {"column": "fee"}}]}}, "its expectations have changed"),
    ],
)
def test_what_decides_the_exports_cannot_be_judged(failed: Stored, change: dict[str, Any], why: str) -> None:
    found = asked(failed, {**MONEY, **change}, ())
    assert found.after is None
    assert why in found.why


def test_what_is_not_stored_cannot_be_said(failed: Stored) -> None:
    record, report = failed
    now = declare(MONEY)
    assert answer(record, report, declare(MONEY, sql="SELECT 1")).why.startswith("its query, ")
    assert answer(record, report, None).why == "it is no longer declared"
    assert answer(record, None, now).why == "its report is not kept"
    assert answer(replace(record, rows=replace(record.rows, legacy=1)), report, now).after is None
    assert answer(replace(record, verdict=P), report, now).why == "its verdict is not that of its report"
    kept = {name: value for name, value in report.extra.items() if name != "declared"}
    assert answer(record, replace(report, extra=kept), now).after is F
    assert answer(record, replace(report, extra=kept), declare(rules(name={"trim": "both"}))).after is None
    assert answer(record, replace(report, extra={}), now).after is None


def test_the_same_suite_says_the_same_and_what_could_not_be_compared_stays_invalid(failed: Stored) -> None:
    record, _ = failed
    assert answer(replace(record, suite_sha="now"), None, declare(MONEY)).after is F
    lost = replace(record, verdict=X, report="", first_broken="The legacy Athena query: it failed.")
    assert answer(lost, None, declare(MONEY, ALL)).after is X


@pytest.mark.parametrize(
    ("outcome", "severity", "says"), [("fail", "critical", F), ("fail", "warning", W), ("invalid", "warning", X)]
)
def test_expectations_count_as_they_were_found(waived: Stored, outcome: str, severity: str, says: Verdict) -> None:
    record, report = waived
    finding = ExpectationResult("target", "ExpectColumnToExist", "fee", severity, outcome)
    about = ExpectationResult("comparison", "ExpectComparisonToBeGreen", "verdict", "critical", "fail")
    found = replace(record, findings=(finding, about), verdict=says)
    assert answer(found, report, declare(MONEY, (waiver(), GONE))).after is says


def test_a_comparison_that_was_invalid_stays_so_unless_its_rules_changed(night: Night) -> None:
    stored = night.run({**rules(name={"ignore": "moved later"}), "coverage": 0.95}, ())
    assert stored[0].verdict is X
    assert asked(stored, {**rules(name={"ignore": "moved later"}), "coverage": 0.95}, ALL).after is X
    assert asked(stored, {**rules(name={"ignore": "moved later"}), "coverage": 0.5}, ALL).after is None
    low = asked(
        night.run({**MONEY, "coverage": 0.95}, ALL),
        {**rules(name={"ignore": "moved later"}), "coverage": 0.95},
        ALL,
    )
    assert low.after is X


def test_the_words_are_safe_in_markdown_and_hold_no_value(failed: Stored) -> None:
    record, _ = failed
    evil = replace(record, key=replace(record.key, activity="a|b`<img src=x> @team"))
    answers = [
        replace(asked(failed, MONEY, ALL), record=evil),
        Answer(record, None, "its report is not kept"),
    ]
    found = Backtest(date(2026, 3, 1), answers)
    shown = words.markdown(found)
    assert shown.startswith("<!-- parity-backtest -->\n### ")
    assert "`a\\|b'<img src=x> @team`" in shown
    assert "| FAIL → WAIVED | 2026-03-02 | `fee` (" in shown
    assert "50.04 `EUR`" in shown
    assert "`its report is not kept`" in shown
    assert found.exit_code == 2
    text = "\n".join(words.text(found))
    assert "2 stored results since 2026-03-01: 0 the same, 1 other, 1 cannot be said." in text
    assert "newly hidden: name (case): 20 rows" in text
    data = words.as_json(found)
    assert data["changed"][0]["hidden"][0]["column"] == "fee"
    for said in (shown, text, json.dumps(data)):
        assert "NAME 2" not in said
        assert "note 3" not in said


def test_dates_of_which_the_same_is_said_are_one_line(failed: Stored) -> None:
    one = asked(failed, MONEY, ALL)
    later = replace(one, record=replace(one.record, key=replace(one.record.key, business_date=date(2026, 3, 3))))
    [line] = words.lines([one, later])
    assert line.when == "2 dates, 2026-03-02 to 2026-03-03"
    assert [moved.rows for moved in line.hidden if moved.column == "name"] == [40]
