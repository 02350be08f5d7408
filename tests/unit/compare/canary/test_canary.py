"""What the canary sees when a defect is put into the comparison, and what it no longer takes for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parity.compare import Source, Spec, compare
from parity.compare.canary.runner import run_canary
from parity.compare.result import Canary
from parity.compare.schema.plan import PlannedColumn, plan_comparison
from parity.compare.schema.rules import EqualityRule, hashed
from parity.compare.session import DuckSession, session
from parity.compare.sources.relations import open_sides
from parity.compare.types import ValueKind
from parity.suite.models import ColumnRule
from unit.compare.conftest import Compare

Flown = Callable[..., Canary]
_SAID = "differences up to the tolerance"


@pytest.fixture
def flown(parquet: Callable[[str], Path]) -> Flown:
    """Let the canary fly over rows of one column ``v``, whose decisions ``damage`` replaces."""

    def fly_over(value: str, damage: Callable[[PlannedColumn], PlannedColumn], **rule: Any) -> Canary:
        source = Source.of(parquet(f"SELECT i AS id, {value} AS v FROM range(200) t(i)"))
        spec = Spec(key=("id",), columns={"v": ColumnRule.model_validate(rule)} if rule else {})
        with session(spec) as opened:
            left, right = open_sides(opened, source, source, spec)
            plan = plan_comparison(opened, left, right, spec)
            damaged = tuple(damage(c) if c.name == "v" else c for c in plan.columns)
            canary = run_canary(opened, replace(plan, columns=damaged), left.relation, right.relation)
            assert opened.rows("SELECT table_name FROM duckdb_tables()") == []
            return canary

    return fly_over


def _means(canonical: str = "«0»", equal: str = "", said: str = _SAID) -> Callable[[PlannedColumn], PlannedColumn]:
    meaning = EqualityRule(canonical, equal or EqualityRule().equal, said)
    return lambda column: replace(column, equality_rule=meaning)


@pytest.mark.parametrize(
    ("value", "tolerance", "canonical"),
    [
        ("1000 + i", "10", "«0» // 10"),
        ("(1000 + i)::DECIMAL(18,2)", "0.10", "trunc(«0»::DOUBLE * 10)"),
        ("1000.0::DOUBLE + i", "0.5", "trunc(«0» / 0.5)"),
        ("DATE '2026-01-01' + i::INTEGER", "3d", "DATE '1970-01-01' + ((«0» - DATE '1970-01-01') // 3)::INTEGER"),
        (
            "TIMESTAMP '2026-01-01' + to_seconds(i)",
            "1h",
            "make_timestamp(epoch_us(«0») // 3600000000 * 3600000000)",
        ),
        ("1000 + i", "10", "floor(«0» / 12.0)"),
    ],
)
def test_a_cell_that_is_wider_than_the_tolerance_is_seen(
    flown: Flown, value: str, tolerance: str, canonical: str
) -> None:
    assert flown(value, _means(canonical), tolerance=tolerance).blind


@pytest.mark.parametrize(
    ("value", "tolerance", "equal"),
    [
        ("1000 + i", "10", "abs(«0» - «1») <= 11"),
        ("(1000 + i)::DECIMAL(18,2)", "0.10", "abs(abs(«0») - abs(«1»)) <= 0.10"),
        (
            "1000 + i",
            "10%",
            "abs(«0»::DOUBLE - «1»::DOUBLE) <= 0.11 * greatest(abs(«0»::DOUBLE), abs(«1»::DOUBLE))",
        ),
        ("1000.0::DOUBLE + i", "0.5", "NOT isfinite(«0») OR NOT isfinite(«1») OR abs(«0» - «1») <= 0.5"),
        ("TIMESTAMP '2026-01-01' + to_seconds(i)", "1h", "abs(epoch_ms(«0») - epoch_ms(«1»)) <= 3600000"),
    ],
)
def test_a_rule_that_forgives_too_much_is_seen(flown: Flown, value: str, tolerance: str, equal: str) -> None:
    damage = _means(equal=f"(«0» IS NOT DISTINCT FROM «1» OR coalesce({equal}, false))")
    assert flown(value, damage, tolerance=tolerance).blind


@pytest.mark.parametrize(
    ("value", "ways"),
    [
        ("i::DECIMAL(38,2)", lambda value: (value, value)),
        ("i", lambda value: (value, value)),
        ("['a']", lambda value: (value, value)),
        ("'text ' || i", lambda value: (value, value)),
        ("('bytes ' || i)::BLOB", lambda value: (value, value)),
        ("'text ' || i", lambda value: (f"left({value}, 3)", f"left({value}, 3)")),
        ("i", lambda value: (f"({value} & 1023)", f"({value} & 1023)")),
    ],
)
def test_a_hash_that_loses_something_is_seen(
    flown: Flown, monkeypatch: pytest.MonkeyPatch, value: str, ways: Callable[[str], tuple[str, str]]
) -> None:
    real = hashed
    monkeypatch.setattr(
        "parity.compare.schema.plan.hashed", lambda *of: ways(of[2]) if of[2] == "v1" else real(*of)
    )
    assert {words.split(":")[0] for words in flown(value, lambda column: column).blind} == {"v"}


def test_intervals_that_are_compared_by_their_length_are_seen(flown: Flown) -> None:
    def as_stored(column: PlannedColumn) -> PlannedColumn:
        sides = replace(column.legacy, cast="«0»"), replace(column.target, cast="«0»")
        return replace(column, kind=ValueKind.INTERVAL, sql="INTERVAL", legacy=sides[0], target=sides[1])

    assert flown("INTERVAL (i) DAY", as_stored).blind


LIMITS = [
    ("UTINYINT", "(i % 3)"),
    ("UTINYINT", "(255 - i % 3)"),
    ("TINYINT", "(-128 + i % 3)"),
    ("TINYINT", "(127 - i % 3)"),
    ("UBIGINT", "(18446744073709551615 - i)"),
    ("BIGINT", "(-9223372036854775807 + i)"),
    ("DECIMAL(4,4)", "0.9999"),
    ("DECIMAL(38,30)", "99999999 - i"),
    ("DECIMAL(38,0)", f"'{'9' * 38}'"),
    ("DOUBLE", "1.7976931348623157e308"),
    ("DOUBLE", "9e19"),
    ("DOUBLE", "CASE i % 4 WHEN 0 THEN 'nan' WHEN 1 THEN 'inf' WHEN 2 THEN '-inf' ELSE '5e-324' END"),
    ("FLOAT", "3.4028235e38"),
]


@pytest.mark.parametrize("tolerance", [None, "10", "1000", "1%", "100%", "200%", "1e30"])
def test_sound_values_at_the_limits_of_their_type_are_never_a_blind_spot(
    parquet: Callable[[str], Path], tolerance: str | None
) -> None:
    cells = ", ".join(f"CAST({value} AS {kind}) AS v{at}" for at, (kind, value) in enumerate(LIMITS))
    source = Source.of(parquet(f"SELECT i AS id, {cells} FROM range(200) t(i)"))
    rule = ColumnRule.model_validate({"tolerance": tolerance} if tolerance else {})
    result = compare(source, source, Spec(key=("id",), columns={f"v{at}": rule for at in range(len(LIMITS))}))
    assert result.verdict == "PASS", result.reason
    assert result.canary.blind == ()
    assert result.canary.found > 5 * len(LIMITS)


def test_a_row_is_lost_added_or_doubled_once(flown: Flown, monkeypatch: pytest.MonkeyPatch) -> None:
    counts, run = [], DuckSession.run

    def counted(self: DuckSession, sql: str) -> int:
        if sql.startswith("DROP SCHEMA planted"):
            counts.extend(self.one(f"SELECT count(*) FROM planted.{name}") for name in ("sound", "mutated"))
        return run(self, sql)

    monkeypatch.setattr(DuckSession, "run", counted)
    planted = flown("i", lambda column: column).planted
    assert counts == [planted - 2, planted]


def test_rows_are_taken_from_all_over_a_side(flown: Flown) -> None:
    past_the_first = "CASE WHEN «0» > 1000 THEN 1000 ELSE «0» END"
    assert flown("CASE WHEN i < 100 THEN i ELSE 1001 + i END", _means(past_the_first, said="")).blind


def test_every_type_that_meets_itself_can_be_corrupted(comparing: Compare) -> None:
    rows = (
        "SELECT i AS id, {'a': [i], 'b': MAP {'k': INTERVAL 1 DAY}} AS s, [[i]] AS l, 1::VARIANT AS v "
        "FROM range(3) t(i)"
    )
    assert comparing(rows, rows).verdict == "PASS"
