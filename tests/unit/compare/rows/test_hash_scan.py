"""Which rows the second pass fetches, and which a rule lets through without it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from parity.compare import Source, Spec
from parity.compare.rows.hash_scan import Scanned, any_of, scan
from parity.compare.schema.plan import plan_comparison
from parity.compare.session import session
from parity.compare.sources.relations import open_sides
from parity.suite.models import ColumnRule

LEGACY = """SELECT * FROM (VALUES ('equal', 1, 'a'), ('changed', 1, 'a'), ('missing', 1, 'a'), ('three', 1, 'a'),
('three', 1, 'a'), ('four', 1, 'a'), ('four', 1, 'a'), ('two', 1, 'a'), ('two', 2, 'b'), ('near', 1, 'a'),
('beyond', 1, 'a'), ('case', 1, 'a'), ('both', 1, 'a'), ('near but changed', 1, 'a')) t(id, n, v)"""
TARGET = """SELECT * FROM (VALUES ('equal', 1, 'a'), ('changed', 1, 'b'), ('extra', 1, 'a'), ('three', 1, 'a'),
('four', 1, 'a'), ('four', 1, 'a'), ('near', 2, 'a'), ('beyond', 4, 'a'), ('case', 1, 'A'), ('both', 3, 'A'),
('near but changed', 2, 'c')) t(id, n, v)"""


@pytest.mark.parametrize("hit", [None, 0, 1_999])
def test_any_of_thousands_of_tests(hit: int | None) -> None:
    many = any_of([str(at == hit).lower() for at in range(2_000)])
    with duckdb.connect() as connection:
        assert connection.execute(f"SELECT {many}").fetchall() == [(hit is not None,)]
        found = connection.execute(f"SELECT {any_of([])}, {any_of(['false', 'true'])}").fetchall()
    assert found == [(False, True)]


def test_rows_that_are_equal_or_that_rules_let_through_are_not_fetched(parquet: Callable[[str], Path]) -> None:
    columns = {
        "n": ColumnRule.model_validate({"tolerance": "2"}),
        "v": ColumnRule.model_validate({"case": "ignore"}),
    }
    spec = Spec(key=("id",), columns=columns)
    with session(spec) as opened:
        sides = open_sides(opened, Source.of(parquet(LEGACY)), Source.of(parquet(TARGET)), spec)
        plan = plan_comparison(opened, *sides, spec)
        for name, side in zip(("legacy", "target"), sides, strict=True):
            opened.run(f"CREATE TABLE {name} AS {plan.prepared(name, side.relation)}")
        found = scan(opened, plan, "m_", "legacy", "target")
        names = "SELECT kh, any_value(v0) AS id FROM (FROM m_wl UNION ALL FROM m_wt) GROUP BY kh"
        selected = dict(opened.rows(f"SELECT id, [n, many::INTEGER] FROM m_sel JOIN ({names}) USING (kh)"))
        many = opened.rows(f"SELECT id FROM m_many JOIN ({names}) USING (kh) ORDER BY id")
    assert found == Scanned(14, 11, {1: 2, 2: 2}, 3)
    once, twice = ("missing", "extra"), ("changed", "beyond", "near but changed")
    several = {"two": [2, 1], "three": [3, 1], "four": [4, 1]}
    assert selected == {**{key: [1, 0] for key in once}, **{key: [2, 0] for key in twice}, **several}
    assert many == [("four",), ("three",), ("two",)]
