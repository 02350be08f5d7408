"""Why whole rows have no partner: what they share, and the SQL that picks them."""

from __future__ import annotations

from typing import Any

import pytest

from parity.compare.explain.row_causes import explain_rows
from parity.compare.session import DuckSession
from parity.compare.spec import Spec
from unit.compare.conftest import facts_of

DAYS = (
    "SELECT i AS id, DATE '2026-01-01' + (i // 4)::INTEGER AS day, "
    "TIMESTAMP '2026-01-01 21:30:00' + to_hours(i * 6) AS moment, 'p' || i % 2 AS place FROM range(40) t(i)"
)
TWO_DAYS = "day IN ('2026-01-02', '2026-01-05')"
ALL_OF_TWO = "day = 2026-01-02, 2026-01-05 has [\"day\"::VARCHAR IN ('2026-01-02', '2026-01-05')]"
PICKED = "[\"day\"::VARCHAR IN ('2026-01-0{}')]"
LEGACY_ALONE, TARGET_ALONE = (f"and no {side} row with that value has a partner" for side in ("legacy", "target"))
MASKED = "#919e4d27f531 (2 characters: digits, letters)"
HIDDEN = {"sensitive": True}


def without(rows: str) -> str:
    return f"SELECT * FROM ({DAYS}) WHERE NOT ({rows})"


def beside(rows: str) -> str:
    return f"SELECT * FROM ({DAYS}) UNION ALL {rows}"


def places(query: str) -> str:
    return f"SELECT id, place FROM ({query})"


def shared_by_some(query: str) -> str:
    return f"SELECT id, place, id % 10 = 9 AS a, id < 30 AS b, id < 20 AS c, id % 2 = 1 AS d FROM ({query})"


CASES: list[tuple[str, str, dict[str, Any], list[str]]] = [
    (DAYS, without(TWO_DAYS), {}, [f"missing 8 late_partition: 8 missing rows are all that {ALL_OF_TWO}"]),
    (without(TWO_DAYS), DAYS, {}, [f"extra 8 shared_value: 8 extra rows are all that {ALL_OF_TWO}"]),
    (DAYS, without(f"{TWO_DAYS} AND id <> 5"), {},
     [f"missing 4 late_partition: 4 missing rows are all that day = 2026-01-05 has {PICKED.format(5)}"]),
    (DAYS, without("day = '2026-01-03'"), {},
     [f"missing 4 late_partition: all 4 missing rows have day = '2026-01-03', {LEGACY_ALONE} {PICKED.format(3)}"]),
    (without("day = '2026-01-03'"), DAYS, {},
     [f"extra 4 shared_value: all 4 extra rows have day = '2026-01-03', {TARGET_ALONE} {PICKED.format(3)}"]),
    (DAYS, without("id IN (8, 9)"), {},
     [f"missing 2 shared_value: all 2 missing rows have day = '2026-01-03' {PICKED.format(3)}"]),
    (DAYS, without("id = 7"), {}, []),
    (DAYS, without(TWO_DAYS), {"day": HIDDEN, "moment": HIDDEN}, []),
    (places(DAYS), places(without("place = 'p1'")), {"place": HIDDEN},
     [f"missing 20 shared_value: all 20 missing rows have place = {MASKED}, {LEGACY_ALONE} []"]),
    (DAYS, beside(f"SELECT * FROM ({DAYS}) WHERE id < 3"), {},
     ["extra 3 duplicate_load: 3 extra rows with an exact copy on the target side []"]),
    (DAYS, beside(f"SELECT id, day + 9, moment, place FROM ({DAYS}) WHERE id < 3"), {},
     ["extra 3 join_fan_out: 3 extra rows with a key of the legacy side, but other values []"]),
    (beside(f"SELECT * FROM ({DAYS}) WHERE id < 3"), DAYS, {},
     ["missing 3 duplicate_load: 3 missing rows with an exact copy on the legacy side []",
      f"missing 3 shared_value: all 3 missing rows have day = '2026-01-01' {PICKED.format(1)}"]),
    # The rarest value first, and three of them.
    (shared_by_some(DAYS), shared_by_some(without("id IN (9, 19)")), {},
     [f"missing 2 shared_value: all 2 missing rows have {one} = '{value}' [\"{one}\"::VARCHAR IN ('{value}')]"
      for one, value in (("a", "true"), ("place", "p1"), ("c", "true"))]),
    (DAYS, beside("SELECT 100 + i, DATE '2027-01-01' + i::INTEGER, NULL, NULL FROM range(12) t(i)"), {}, []),
]  # fmt: skip


@pytest.mark.parametrize(("legacy", "target", "rules", "expected"), CASES, ids=range(len(CASES)))
def test_rows_without_a_partner_are_explained(
    duck: DuckSession, legacy: str, target: str, rules: dict[str, Any], expected: list[str]
) -> None:
    facts = facts_of(duck, legacy, target, rules)
    found = explain_rows(duck, facts, Spec(mask_key=b"k"), set())
    assert [f"{one.kind} {one.rows} {one.cause}: {one.detail} [{one.condition}]" for one in found] == expected
