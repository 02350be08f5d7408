"""A cause is claimed only where undoing it makes the values equal, and the parts add up."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from duck_files import shared_duckdb
from parity.compare.causes.sampling import SampledVariants
from parity.compare.causes.variants import text_variants
from parity.report.html import render_html
from parity.report.text import render_text
from parity.suite.models import Waiver
from unit.compare.conftest import Compare, causes, side_by_side

CASES = [
    ("timezone_shift", "TIMESTAMP '2026-01-01 10:11:12'", "TIMESTAMP '2026-01-01 15:41:12'"),
    ("timestamp_precision", "TIMESTAMP '2026-01-01 10:11:12.123456'", "TIMESTAMP '2026-01-01 10:11:12.123'"),
    ("timestamp_precision", "TIMESTAMP '2026-01-01 10:11:12.7'", "TIMESTAMP '2026-01-01 10:11:13'"),
    ("off_by_one_date", "DATE '2026-01-01'", "DATE '2026-01-02'"),
    ("calendar", "DATE '0000-12-30'", "DATE '0001-01-01'"),
    ("calendar", "TIMESTAMP '1582-10-14 12:00:00'", "TIMESTAMP '1582-10-04 12:00:00'"),
    ("rounding", "10.126::DECIMAL(18,3)", "10.13::DECIMAL(18,3)"),
    ("rounding", "10.125::DECIMAL(18,3)", "10.12::DECIMAL(18,3)"),
    ("rounding", "0.1::DOUBLE", "0.1::FLOAT::DOUBLE"),
    ("scale", "12.34::DECIMAL(18,2)", "1234.00::DECIMAL(18,2)"),
    ("sign", "12.34::DECIMAL(18,2)", "-12.34::DECIMAL(18,2)"),
    ("trailing_space", "'abc'", "'abc  '"),
    ("whitespace", "'a b'", "'a  b'"),
    ("case", "'abc'", "'ABC'"),
    ("null_vs_empty", "NULL::VARCHAR", "''"),
    ("null_vs_default", "NULL::VARCHAR", "'N/A'"),
    ("null_vs_default", "NULL::INT", "0"),
    ("type_format", "'007'", "'7'"),
    ("type_format", "'1e3'", "'1000'"),
    ("type_format", "'2026-01-02'", "'02/01/2026'"),
    ("encoding", "'café'", "'cafÃ©'"),
    ("encoding", "'é'", "'e' || chr(769)"),
    ("truncation", "'abcdefgh'", "'abcde'"),
    ("unexplained", "'abc'", "'abd'"),
    ("unexplained", "1.23::DECIMAL(18,2)", "4.56::DECIMAL(18,2)"),
    ("unexplained", "TIMESTAMP '2026-01-01 10:11:12'", "TIMESTAMP '2026-01-01 10:11:55'"),
]


def test_each_cause_is_recognised(comparing: Compare) -> None:
    result = comparing(*side_by_side([(legacy, target) for _, legacy, target in CASES]))
    found = {(at, *case): causes(result, f"v{at}") for at, case in enumerate(CASES)}
    assert found == {(at, *case): {case[0]: 1} for at, case in enumerate(CASES)}


@pytest.mark.parametrize(
    ("kind", "defaults"),
    [
        ("VARCHAR", ["NULL", "null", "\\N", "None", "N/A", "n/a", "NA", "-", "unknown", "UNKNOWN", "0"]),
        ("INTEGER", ["0", "-1"]),
        ("DECIMAL(18,2)", ["0", "-1"]),
        ("DOUBLE", ["0", "-1", "nan"]),
        ("BOOLEAN", ["false"]),
        ("DATE", ["1970-01-01", "1900-01-01", "9999-12-31", "0001-01-01"]),
        ("TIMESTAMP", ["1970-01-01", "1900-01-01", "9999-12-31"]),
        ("TIMESTAMP_NS", ["1970-01-01", "1900-01-01"]),
    ],
)
def test_every_usual_default_stands_for_null(comparing: Compare, kind: str, defaults: list[str]) -> None:
    rows = " UNION ALL ".join(f"SELECT {at} AS id, {{}}::{kind} AS v" for at in range(len(defaults)))
    written = rows.format(*(f"'{one}'" for one in defaults))
    assert causes(comparing(rows.format(*["NULL"] * len(defaults)), written), "v") == {
        "null_vs_default": len(defaults)
    }
    assert causes(comparing(written, rows.format(*["NULL"] * len(defaults))), "v") == {
        "null_vs_default": len(defaults)
    }


def test_causes_of_one_column_add_up_to_its_different_rows(comparing: Compare) -> None:
    target = (
        "SELECT i AS id, CASE i % 4 WHEN 0 THEN 'Ab' || i || ' ' WHEN 1 THEN 'aB' || i WHEN 2 THEN 'zz' || i "
        "ELSE 'Ab' || i END AS v FROM range(1000) t(i)"
    )
    result = comparing("SELECT i AS id, 'Ab' || i AS v FROM range(1000) t(i)", target)
    assert causes(result, "v") == {"trailing_space": 250, "case": 250, "unexplained": 250}


def test_swapped_columns_are_recognised_on_both(comparing: Compare) -> None:
    result = comparing(
        "SELECT i AS id, i * 3 AS net, i * 7 + 1 AS gross FROM range(9) t(i)",
        "SELECT i AS id, i * 7 + 1 AS net, i * 3 AS gross FROM range(9) t(i)",
    )
    assert causes(result, "net") == {"swapped_columns": 9}
    assert causes(result, "gross") == {"swapped_columns": 9}


def test_daylight_saving_is_named_with_its_zone(comparing: Compare) -> None:
    local = "timezone('America/New_York', timezone('UTC', moment))"
    rows = "SELECT i AS id, TIMESTAMP '2026-01-15 12:00' + to_days((i * 30)::INT) AS moment FROM range(12) t(i)"
    # In UTC, a timestamp cannot hold the last one.
    legacy = f"SELECT id, {local} AS moment FROM ({rows}) UNION ALL SELECT 12, TIMESTAMP '294247-01-10 02:00'"
    result = comparing(legacy, f"{rows} UNION ALL SELECT 12, TIMESTAMP '294247-01-10 03:00'")
    facts = next(c for c in result.columns if c.name == "moment")
    assert [(str(c.cause), c.rows) for c in facts.causes] == [("timezone_shift", 13)]
    assert "America/New_York, target UTC, with DST: 12, +01:00: 1" in facts.causes[0].detail
    assert [(one["tried"], one["covers"], one["left"]) for one in result.proposals] == [(13, 12, 1)]


@pytest.mark.parametrize(
    ("where", "cause", "words"),
    [
        ("day <> DATE '2026-01-03'", "late_partition", "day = '2026-01-03'"),
        ("country <> 'GB'", "shared_value", "country = 'GB'"),
    ],
)
def test_missing_rows_say_what_they_share(comparing: Compare, where: str, cause: str, words: str) -> None:
    rows = (
        "SELECT i AS id, DATE '2026-01-01' + (i % 5)::INT AS day, "
        "CASE WHEN i % 7 = 0 THEN 'GB' ELSE 'DE' END AS country FROM range(100) t(i)"
    )
    result = comparing(rows, f"SELECT * FROM ({rows}) WHERE {where}")
    found = result.row_causes[0]
    assert (str(found.cause), found.kind, found.rows) == (cause, "missing", result.rows.missing)
    assert words in found.detail
    picked = shared_duckdb().execute(f"SELECT count(*) FROM ({rows}) WHERE {found.condition}").fetchone()
    assert picked == (result.rows.missing,)


def test_missing_rows_share_nothing_that_all_of_their_side_has(comparing: Compare) -> None:
    rows = "SELECT i AS id, 'same' AS v FROM range({}) t(i)"
    assert not comparing(rows.format(30), rows.format(20)).row_causes
    assert not comparing(rows.format(20), rows.format(30)).row_causes


def test_missing_rows_of_some_days_are_picked_by_their_days(comparing: Compare) -> None:
    rows = "SELECT i AS id, i % 2 AS odd, DATE '2026-01-01' + (i % 9)::INT AS day FROM range(90) t(i)"
    result = comparing(rows, f"SELECT * FROM ({rows}) WHERE day NOT IN ('2026-01-03', '2026-01-06')")
    found = result.row_causes[0]
    assert (str(found.cause), found.rows) == ("late_partition", 20)
    assert shared_duckdb().execute(f"SELECT count(*) FROM ({rows}) WHERE {found.condition}").fetchone() == (20,)


@pytest.mark.parametrize("where", ["day <> '2026-01-03'", "day NOT IN ('2026-01-03', '2026-01-06')"])
def test_extra_rows_of_some_days_are_no_late_partition(comparing: Compare, where: str) -> None:
    rows = "SELECT i AS id, i % 2 AS odd, DATE '2026-01-01' + (i % 9)::INT AS day FROM range(90) t(i)"
    found = comparing(f"SELECT * FROM ({rows}) WHERE {where}", rows).row_causes[0]
    assert (str(found.cause), found.kind) == ("shared_value", "extra")


def test_copies_and_fan_outs_are_told_apart(comparing: Compare) -> None:
    rows = "SELECT i AS id, 'x' || i AS v FROM range(20) t(i)"
    target = f"({rows}) UNION ALL SELECT 3, 'x3' UNION ALL SELECT 4, 'other'"
    result = comparing(rows, target)
    assert {str(c.cause): c.rows for c in result.row_causes} == {"duplicate_load": 1, "join_fan_out": 1}
    assert (result.rows.equal, result.rows.changed, result.rows.extra) == (20, 0, 2)


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        ("'  a b' || i", "trim: both"),
        ("CASE WHEN i % 2 = 0 THEN '  a b' || i ELSE 'a b' || i || ' ' END", "trim: both"),
        ("'a  b' || i", "replace"),
    ],
)
def test_the_smallest_rule_for_white_space_is_proposed(comparing: Compare, target: str, rule: str) -> None:
    rows = "SELECT i AS id, {} AS v FROM range(20) t(i)"
    (proposal,) = comparing(rows.format("'a b' || i"), rows.format(target)).proposals
    assert rule in proposal["yaml"]
    assert proposal["left"] == 0


def test_rows_that_the_legacy_side_holds_twice_are_copies(comparing: Compare) -> None:
    rows = "SELECT i AS id, 'x' || i AS v FROM range(20) t(i)"
    result = comparing(f"({rows}) UNION ALL SELECT 3, 'x3' UNION ALL SELECT 4, 'other'", rows)
    assert [(str(c.cause), c.rows, c.kind) for c in result.row_causes] == [
        ("duplicate_load", 1, "missing"),
        ("join_fan_out", 1, "missing"),
    ]


def test_no_samples_are_taken_where_none_are_wanted(comparing: Compare) -> None:
    result = comparing("SELECT 1 AS id, 2 AS v", "SELECT 1 AS id, 3 AS v UNION ALL SELECT 2, 3", samples=0)
    assert (result.verdict, result.samples) == ("FAIL", ())


def test_a_proposal_is_tried_before_it_is_made(comparing: Compare) -> None:
    result = comparing(
        "SELECT i AS id, 'a' || i AS v FROM range(50) t(i)",
        "SELECT i AS id, 'a' || i || CASE WHEN i < 20 THEN '  ' WHEN i = 30 THEN 'x' ELSE '' END AS "
        "v FROM range(50) t(i)",
    )
    (proposal,) = result.proposals
    assert "trim: right" in proposal["yaml"]
    assert (proposal["tried"], proposal["covers"], proposal["left"]) == (21, 20, 1)


def test_samples_are_of_the_side_that_alone_has_rows(comparing: Compare) -> None:
    few, more = "SELECT 1 AS id, 2 AS v", "SELECT 1 AS id, 2 AS v UNION ALL SELECT 2, 3"
    for legacy, target, kind in ((few, more, "extra"), (more, few, "missing")):
        assert [sample["kind"] for sample in comparing(legacy, target).samples] == [kind]


def test_what_a_sample_misses_is_looked_for_once_more(comparing: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parity.compare.rows.facts.find_variants", lambda *_: SampledVariants({}, complete=False))
    rows = "SELECT i AS id, {} AS v, {} AS w, 1 AS same FROM range(9) t(i)"
    result = comparing(rows.format("'a'", 10), rows.format("CASE i WHEN 3 THEN 'b' ELSE 'a ' END", 100))
    assert causes(result, "v") == {"trailing_space": 8, "unexplained": 1}
    assert causes(result, "w") == {"scale": 9}


def test_only_what_is_unexplained_is_looked_for_once_more(
    comparing: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaces = SampledVariants({1: tuple(text_variants(())[1:2])}, complete=False)
    monkeypatch.setattr("parity.compare.rows.facts.find_variants", lambda *_: spaces)
    monkeypatch.setattr("parity.compare.causes.sampling._SAMPLE", 1)
    rows = "SELECT i AS id, {} AS v FROM range(41) t(i)"
    result = comparing(rows.format("'a'"), rows.format("CASE i WHEN 3 THEN 'A' ELSE 'a ' END"))
    assert causes(result, "v") == {"trailing_space": 40, "case": 1}


def test_what_is_looked_for_once_more_is_written_to_its_own_pairs(
    comparing: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parity.compare.rows.facts.find_variants", lambda *_: SampledVariants({}, complete=False))
    rows = "SELECT i % 5 AS id, {} AS v FROM range(10) t(i)"
    result = comparing(rows.format("'a' || i"), rows.format("'a' || i || CASE i WHEN 3 THEN 'b' ELSE ' ' END"))
    assert causes(result, "v") == {"trailing_space": 9, "truncation": 1}


def test_a_proposal_is_tried_on_a_part_of_very_many_rows(
    comparing: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parity.compare.explain.proposals._MOST_ROWS", 12)
    rows = "SELECT i AS id, {} AS v FROM range(48) t(i)"
    (proposal,) = comparing(rows.format("'a'"), rows.format("'a '")).proposals
    assert 0 < proposal["tried"] == proposal["covers"] < 36


def test_a_rule_that_would_break_equal_rows_is_not_proposed(comparing: Compare) -> None:
    """Turning the sign undoes half of the rows and ruins the other half: a waiver is the smaller thing."""
    result = comparing(
        "SELECT i AS id, (i + 0.5)::DECIMAL(18,2) AS v FROM range(40) t(i)",
        "SELECT i AS id, ((i + 0.5) * (-1 + i % 2 * 2))::DECIMAL(18,2) AS v FROM range(40) t(i)",
    )
    assert [(one["kind"], one["covers"], one["left"]) for one in result.proposals] == [("waiver", 20, 0)]


@pytest.mark.parametrize(
    ("legacy", "target"),
    [
        ("i", "(i + 1) * 1000"),
        ("i * 0.25::DECIMAL(18,2)", "i * 25::DECIMAL(18,2)"),
        ("lpad(i::VARCHAR, 5, '0')", "i::VARCHAR"),
        ("'a b' || i", "'a  b' || i"),
        ("'é' || i", "'e' || chr(769) || i"),
        ("'abcdefghij' || i", "'abcdefgh'"),
        ("NULL::VARCHAR", "'N/A'"),
        ("DATE '2026-01-01'", "DATE '2026-01-02'"),
        ("TIMESTAMP '2026-01-01 10:11:12.123456'", "TIMESTAMP '2026-01-01 10:11:12'"),
        ("TIMESTAMP '2026-01-01' + to_hours(i)", "TIMESTAMP '2026-01-01 05:30' + to_hours(i)"),
    ],
)
def test_a_proposal_pasted_into_a_suite_does_what_it_says(comparing: Compare, legacy: str, target: str) -> None:
    sides = [f"SELECT i AS id, {sql} AS v FROM range(30) t(i)" for sql in (legacy, target)]
    for proposal in comparing(*sides).proposals:
        pasted = yaml.safe_load(proposal["yaml"])
        if proposal["kind"] == "rule":
            again = comparing(*sides, pasted["columns"])
        else:
            again = comparing(*sides, waivers=(Waiver.model_validate(pasted[0]),))
        assert proposal["left"] == 0
        assert again.verdict.green, again.reason


def test_a_waiver_for_rows_names_their_value(comparing: Compare) -> None:
    rows = "SELECT i AS id, CASE WHEN i % 7 = 0 THEN 'GB' ELSE 'DE' END AS country FROM range(100) t(i)"
    (proposal,) = comparing(rows, f"SELECT * FROM ({rows}) WHERE country <> 'GB'").proposals
    waiver = Waiver.model_validate(yaml.safe_load(proposal["yaml"])[0])
    assert (waiver.kind, waiver.rows, waiver.max_rows) == ("missing", "\"country\"::VARCHAR IN ('GB')", 15)
    again = comparing(rows, f"SELECT * FROM ({rows}) WHERE country <> 'GB'", waivers=(waiver,))
    assert again.verdict == "WAIVED"


def test_money_is_summed_exactly_by_currency_and_kind(comparing: Compare) -> None:
    legacy = (
        "SELECT * FROM (VALUES (1, 10.00::DECIMAL(18,2), 'EUR'), (2, 5.00, 'USD'), (3, 7.77, 'EUR')) "
        "t(id, amount, cur)"
    )
    target = "SELECT * FROM (VALUES (1, 10.01::DECIMAL(18,2), 'EUR'), (2, 4.00, 'USD')) t(id, amount, cur)"
    result = comparing(legacy, target, {"amount": {"money": "cur"}})
    sums = {(m.kind, m.currency): (str(m.net), str(m.absolute)) for c in result.columns for m in c.money}
    assert sums == {
        ("changed", "EUR"): ("0.01", "0.01"),
        ("changed", "USD"): ("-1.00", "1.00"),
        ("missing", "EUR"): ("-7.77", "7.77"),
    }


def test_sensitive_values_appear_nowhere(comparing: Compare) -> None:
    legacy = "SELECT i AS id, '4111111111111' || lpad(i::VARCHAR, 3, '0') AS pan FROM range(30) t(i)"
    target = "SELECT i AS id, '4222222222222' || lpad(i::VARCHAR, 3, '0') AS pan FROM range(25) t(i)"
    result = comparing(legacy, target, {"pan": {"sensitive": True}})
    shown = str(result.to_json())
    assert result.rows.changed == 25
    assert "41111" not in shown
    assert "42222" not in shown
    assert "16 characters: digits" in shown


SECRETS = ("zqzq", "4111-0", "41114111411")


@pytest.mark.parametrize(
    ("legacy", "target", "rules"),
    [
        # … in a key
        ("SELECT 'kzqzq' || i AS id, 1 AS v", "SELECT 'kzqzq' || i AS id, 2 AS v", {"id": {"sensitive": True}}),
        # … as what all missing rows share, and as a day that is missing
        ("SELECT i AS id, 'zqzq' AS v", "SELECT i AS id, 'zqzq' AS v WHERE i < 9", {"v": {"sensitive": True}}),
        (
            "SELECT i AS id, DATE '4111-01-01' + (i // 10)::INT AS v",
            "SELECT i AS id, DATE '4111-01-01' + (i // 10)::INT AS v WHERE i BETWEEN 10 AND 18",
            {"v": {"sensitive": True}},
        ),
        # … as the one value that stands against NULL
        ("SELECT i AS id, NULL::VARCHAR AS v", "SELECT i AS id, 'zqzq' AS v", {"v": {"sensitive": True}}),
        # … in the column that it was swapped with
        (
            "SELECT i AS id, 'pzqzq' || i AS v, 'ref' || i AS ref",
            "SELECT i AS id, 'ref' || i AS v, 'pzqzq' || i AS ref",
            {"v": {"sensitive": True}},
        ),
        # … in an error
        (
            "SELECT i AS id, 'xzqzq' AS v",
            "SELECT i AS id, 1 AS v",
            {"v": {"sensitive": True, "legacy_sql": "v::INT"}},
        ),
        (
            "SELECT i AS id, 'xzqzq' AS v",
            "SELECT i AS id, DATE '2026-01-01' AS v",
            {"v": {"sensitive": True, "legacy_sql": "strptime(v, '%Y')::DATE"}},
        ),
        (
            "SELECT i AS id, 41114111411 AS v",
            "SELECT i AS id, 1::TINYINT AS v",
            {"v": {"legacy_sql": "v::TINYINT"}},
        ),
    ],
)
def test_a_sensitive_value_shows_nowhere_else_either(
    comparing: Compare, legacy: str, target: str, rules: dict[str, dict[str, Any]]
) -> None:
    columns, _, condition = target.partition(" WHERE ")
    rows = "FROM range(30) t(i)"
    result = comparing(f"{legacy} {rows}", f"{columns} {rows} WHERE {condition or 'true'}", rules)
    shown = json.dumps(result.to_json()) + render_text(result, width=200) + render_html(result)
    assert not result.verdict.green
    assert not [secret for secret in SECRETS if secret in shown]


def test_a_drafted_waiver_names_suite_and_activity_where_the_run_knows_them(comparing: Compare) -> None:
    rows = "SELECT id, 'a' || id || '{}' AS v FROM range(4) t(id)"
    waived = {"v": {"legacy_sql": "v"}}
    unknown = comparing(rows.format("\u00e9"), rows.format("?"), waived).proposals
    known = comparing(
        rows.format("\u00e9"), rows.format("?"), waived, suite="payments", activity="settle"
    ).proposals
    assert ["- {suite: SUITE, activity: ACTIVITY," in one["yaml"] for one in unknown] == [True]
    assert ["- {suite: payments, activity: settle," in one["yaml"] for one in known] == [True]
