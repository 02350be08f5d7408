"""How a proposed rule is written: its numbers, its times, its expressions and its YAML."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from parity.compare.explain.proposals import Rule, _duration, _expression, _short, _yaml
from parity.compare.rows.facts import Facts
from parity.compare.schema.plan import PlannedColumn
from parity.compare.schema.rules import plain
from parity.suite.models import Cause, ColumnRule
from unit.compare.conftest import Compare


@pytest.mark.parametrize(
    ("gap", "written"),
    [
        ("0", "0"),
        ("0.1", "0.1"),
        ("0.100000000000001", "0.101"),
        ("123456", "124000"),
        ("9.991", "10"),
        ("5e-324", "5e-324"),
    ],
)
def test_a_gap_of_floats_is_rounded_up_to_three_digits(gap: str, written: str) -> None:
    assert Decimal(plain(_short(Decimal(gap)))) == Decimal(written)


@pytest.mark.parametrize(
    ("micros", "written"),
    [(1, "1us"), (1_000, "1000us"), (1_001, "2ms"), (1_000_000, "1000ms"), (1_000_001, "2s"), (90_000_001, "91s")],
)
def test_a_time_is_rounded_up_to_its_largest_whole_unit(micros: int, written: str) -> None:
    assert _duration(timedelta(microseconds=micros)) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "true"),
        (False, "false"),
        ("right", "right"),
        ("0.1", "0.1"),
        ("", "''"),
        ("it's", "'it''s'"),
        ([r"\s+", ""], r"['\s+', '']"),
        (3, "3"),
    ],
)
def test_a_value_is_written_as_yaml(value: Any, written: str) -> None:
    assert _yaml(value) == written


EXPRESSIONS: list[tuple[Cause, str, Rule]] = [
    (Cause.SCALE, "target is legacy × 100", {"legacy_sql": '"old" * 100'}),
    (Cause.SCALE, "target is legacy ÷ 10", {"legacy_sql": '"old" / 10'}),
    (Cause.SIGN, "", {"legacy_sql": '-"old"'}),
    (Cause.TRUNCATION, "cut at 5", {"legacy_sql": 'left("old", 5)'}),
    (Cause.ENCODING, "Unicode form", {"legacy_sql": 'nfc_normalize("old")', "target_sql": 'nfc_normalize("new")'}),
    (Cause.ENCODING, "UTF-8 read as Latin-1", {}),
    (
        Cause.TYPE_FORMAT,
        "leading zeros",
        {"legacy_sql": "ltrim(\"old\", '0')", "target_sql": "ltrim(\"new\", '0')"},
    ),
    (Cause.TYPE_FORMAT, "thousands separators", {}),
    (Cause.OFF_BY_ONE_DATE, "", {}),
    (Cause.TIMEZONE_SHIFT, "+05:30", {"legacy_sql": '"old" + INTERVAL 330 MINUTE'}),
    (Cause.TIMEZONE_SHIFT, "-10:15", {"legacy_sql": '"old" - INTERVAL 615 MINUTE'}),
    (Cause.TIMEZONE_SHIFT, "legacy is UTC, target Europe/Berlin, with DST", {"target_timezone": "Europe/Berlin"}),
    (
        Cause.TIMEZONE_SHIFT,
        "legacy is America/New_York, target UTC, with DST",
        {"legacy_timezone": "America/New_York"},
    ),
]


@pytest.mark.parametrize(("cause", "detail", "rule"), EXPRESSIONS)
def test_a_constant_change_is_undone_by_an_expression(cause: Cause, detail: str, rule: Rule) -> None:
    column = cast("PlannedColumn", SimpleNamespace(name="new", rule=ColumnRule(legacy="old")))
    codes = {1: (Cause.CASE, "other"), 2: (cause, detail), 3: (cause, "rarer")}
    facts = SimpleNamespace(
        cause=lambda _, code: codes[code],
        codes_of=lambda _, wanted: [code for code, (one, _) in codes.items() if one is wanted],
    )
    assert _expression(column, cast("Facts", facts), cause) == rule
    same = cast("PlannedColumn", SimpleNamespace(name="old", rule=ColumnRule()))
    assert _expression(same, cast("Facts", facts), cause).get("legacy_sql") == rule.get("legacy_sql")


SPACED = "SELECT i AS id, 'x' AS v, 1 AS a, 1 AS b FROM range(1, 21) t(i)"
ONE = f"SELECT id, v || ' ' AS v, a, b FROM ({SPACED}) UNION ALL SELECT 0, 'x ', 1, 1"
TWO = f"{SPACED} UNION ALL SELECT * FROM (VALUES (0, 'other', 1, 1), (0, 'x', 9, 9)) t(id, v, a, b)"


@pytest.mark.parametrize(("legacy", "target"), [(ONE, TWO), (TWO, ONE)])
def test_rows_of_a_repeated_key_are_tried_with_the_row_that_is_nearest_in_all_columns(
    comparing: Compare, legacy: str, target: str
) -> None:
    proposed = next(one for one in comparing(legacy, target).proposals if one["column"] == "v")
    assert (proposed["yaml"], proposed["covers"], proposed["left"]) == ("columns:\n  v: {trim: right}\n", 20, 1)


def test_spaces_that_are_trimmed_on_both_sides_stay_so_where_others_are_trailing(comparing: Compare) -> None:
    rows = "SELECT i AS id, {} AS v FROM range(30) t(i)"
    spaced = "CASE WHEN i < 20 THEN ' a' ELSE 'a ' END"
    (proposed,) = comparing(rows.format("'a'"), rows.format(spaced)).proposals
    assert (proposed["yaml"], proposed["covers"]) == ("columns:\n  v: {trim: both}\n", 30)


class _LateInUtc(datetime):
    """A clock that shows the next day where it is not asked for UTC."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime(2026, 1, 1, 23, tzinfo=UTC) if tz is UTC else datetime(2026, 1, 2, 1)  # noqa: DTZ001


def test_a_proposed_waiver_ends_two_weeks_from_today_in_utc(
    comparing: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parity.compare.explain.waiver_drafts.datetime", _LateInUtc)
    rows = "SELECT i AS id, {}::INTEGER AS v FROM range(5) t(i)"
    (proposed,) = comparing(rows.format("NULL"), rows.format("0")).proposals
    assert "expires: 2026-01-15" in proposed["yaml"]
