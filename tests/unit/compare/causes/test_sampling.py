"""Which causes a sample of pairs suggests, and how many pairs each needs: asked of a few rows, without files."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from parity.compare.causes.sampling import _crossed, find_variants
from parity.compare.schema.plan import ComparisonPlan, PlannedColumn, RawColumn
from parity.compare.schema.rules import EqualityRule, scale_of
from parity.compare.session import DuckSession
from parity.compare.types import DataType, ValueKind
from parity.suite.models import ColumnRule

Of = tuple[ValueKind, str, str]
"""Kind and type of a column, and the type of either side."""
TEXT, WHOLE = (ValueKind.TEXT, "VARCHAR", "VARCHAR"), (ValueKind.INTEGER, "BIGINT", "BIGINT")
FLOAT, EXACT = (ValueKind.FLOAT, "DOUBLE", "DOUBLE"), (ValueKind.DECIMAL, "DECIMAL(9,2)", "DECIMAL(9,2)")
DIGITS = (ValueKind.TEXT, "VARCHAR", "DOUBLE")
STAMP = (ValueKind.TIMESTAMP, "TIMESTAMP", "TIMESTAMP")
NANOS = (ValueKind.TIMESTAMP, "TIMESTAMP_NS", "TIMESTAMP_NS")


def column(index: int, of: Of, key: bool = False) -> PlannedColumn:
    kind, sql, own = of
    raw = RawColumn(f"c{index}", DataType(own.lower(), own), "«0»")
    scale = scale_of(sql) if kind is ValueKind.DECIMAL else 0
    return PlannedColumn(index, f"c{index}", kind, sql, scale, ColumnRule(), key, raw, raw, EqualityRule())


def suggested(
    duck: DuckSession, columns: Sequence[PlannedColumn], pairs: Sequence[Sequence[Sequence[str]]]
) -> dict[str, list[str]]:
    """Return the details of the causes by column; a pair holds the values of all columns on either side."""
    plan = ComparisonPlan((column(0, WHOLE, key=True), *columns), (), (), 0, 1 + len(columns), False)
    names = ", ".join(c.value for c in plan.columns)
    for table, side in (("wl", 0), ("wt", 1)):
        rows = ", ".join(f"({at}, {', '.join(pair[side])})" for at, pair in enumerate(pairs))
        duck.run(f"CREATE OR REPLACE TABLE {table} AS SELECT *, v0 AS kh FROM (VALUES {rows}) t({names})")
    found = find_variants(duck, plan, "", "wl")
    assert found.complete
    assert duck.rows("SELECT table_name FROM duckdb_tables() ORDER BY ALL") == [("wl",), ("wt",)]
    return {
        plan.columns[at].name: [one.detail or str(one.cause) for one in some]
        for at, some in found.variants.items()
    }


def moved(stamp: str, *hours: float) -> list[tuple[str, str]]:
    return [(f"'{stamp}'", f"TIMESTAMP '{stamp}' + to_seconds({round(each * 3600)})") for each in hours]


WINTER, SUMMER = "2026-01-15 10:00", "2026-07-15 10:00"
ODD_WINTER, ODD_SUMMER = "2026-01-15 10:05", "2026-07-15 10:05"
LAST = "294247-01-10 03:00"
"""A moment that New York's clocks show, but that no timestamp in UTC can hold."""
TO_BERLIN = "legacy is UTC, target Europe/Berlin, with DST"
NEW_YORK = "legacy is UTC, target America/New_York, with DST"
TO_ODD, OF_BOTH = "half to even on the {} side, half up on the {}, at 2 places", ("legacy", "target")


def cents(*pairs: tuple[int, int]) -> list[tuple[str, str]]:
    return [(f"{one / 100:.2f}", f"{other / 100:.2f}") for one, other in pairs]


EVEN = [(2, 3), (4, 5), (6, 7), (2, 3), (4, 5), (6, 7), (2, 3), (4, 5)]
ODD = [(1, 1), (3, 3)]
CUT = [(f"'{'x' * 20}'", f"'{'x' * n}'") for n in (5, 5, 9, 9, 7, 11, 11, 11, 3)]
X, Y, ABSENT = ("NULL", "'x'"), ("NULL", "'y'"), ("'x'", "NULL")

BY_A_MILLION = "target is legacy ÷ 1000000"
SUGGESTED: list[tuple[Of, list[tuple[str, str]], list[str]]] = [
    # A zone counts when it explains nine of ten shifts.
    (STAMP, [*moved(WINTER, 1, 3), *moved(SUMMER, *[2] * 8)], [TO_BERLIN, "+03:00"]),
    (STAMP, [*moved(WINTER, 1, 3), *moved(SUMMER, *[2] * 7)], ["+02:00", "+01:00", "+03:00"]),
    (STAMP, [*moved(ODD_WINTER, 1, 3), *moved(ODD_SUMMER, *[2] * 7)], ["+02:00", "+01:00", "+03:00"]),
    (STAMP, [*moved(WINTER, 1, 2.1), *moved(SUMMER, *[2] * 7)], [TO_BERLIN]),
    (STAMP, moved(SUMMER, 2, 2, 2), ["+02:00"]),
    (STAMP, moved(WINTER, 14, 14, -14, 14.25), ["+14:00", "-14:00"]),
    (STAMP, moved(WINTER, 0.25, 0.1), ["+00:15"]),
    (STAMP, moved(WINTER, *(n for n in range(1, 10) for _ in range(n))), [f"+0{n}:00" for n in range(9, 1, -1)]),
    # Lengths: three, the most frequent first, and of two that are as frequent the longer one.
    (TEXT, CUT, ["cut at 11", "cut at 9", "cut at 5"]),
    # One value stands against NULL three times at least, and in four of five cases.
    (TEXT, [X, X, X, X, Y], ["NULL against x"]),
    (TEXT, [X, X, X, Y], []),
    (TEXT, [X, X], []),
    (TEXT, [X, X, ABSENT], ["NULL against x"]),
    # Of numbers, precision and scale come before rounding, and the sign is last.
    (
        DIGITS,
        [
            *(("'1.5'", "'-1.5'"), ("'1.25'", "'1.3'"), ("'1.5'", "'150'"), ("'1500000'", "'1.5'")),
            ("'0.1'", "'0.10000000149011612'"),
        ],
        ["32-bit precision", "target is legacy × 100", BY_A_MILLION, "rounded to 1 place", "sign"],
    ),
    (DIGITS, [("'1.5'", "'x'"), ("'2'", "'1.7'")], ["rounded to 0 places"]),
    (
        FLOAT,
        [("1.5", "-1.5"), ("1.25", "1.3"), ("1.5", "150"), ("1500000", "1.5"), ("0.1", "0.1::FLOAT::DOUBLE")],
        ["32-bit precision", "target is legacy × 100", BY_A_MILLION, "rounded to 1 place", "sign"],
    ),
    (
        EXACT,
        [("1.5", "-1.5"), ("1.25", "1.3"), ("1.5", "150")],
        ["target is legacy × 100", "rounded to 1 place", "sign"],
    ),
    (
        WHOLE,
        [("7", "-7"), ("7", "70"), ("7000000", "7"), *[("NULL", "-1")] * 3],
        ["NULL against -1", "target is legacy × 10", BY_A_MILLION, "sign"],
    ),
    # What a test cannot work out, it does not explain.
    (
        (ValueKind.DECIMAL, "DECIMAL(38,2)", "DECIMAL(38,2)"),
        [("1.25", "1.3"), (f"'-{'9' * 36}.99'", "5")],
        ["rounded to 1 place"],
    ),
    (
        (ValueKind.INTEGER, "UHUGEINT", "UHUGEINT"),
        [("NULL", "0"), ("NULL", "340282366920938463463374607431768211455::UHUGEINT")],
        ["NULL against 0"],
    ),
    (
        STAMP,
        [*moved(WINTER, -5), *moved(LAST, 1), *moved(SUMMER, *[-4] * 8)],
        [NEW_YORK, "+01:00"],
    ),
    (
        NANOS,
        [*moved(WINTER, -5), ("'1677-09-21 00:15'", "'1677-09-21 01:15'"), *moved(SUMMER, *[-4] * 8)],
        [NEW_YORK, "+01:00"],
    ),
    (NANOS, moved(WINTER, 14, 14.25), ["+14:00"]),
    # Half to even against half up: eight pairs, nine of ten, three even digits, odd ones in a fifth of the rows.
    (EXACT, cents(*EVEN, *ODD), [TO_ODD.format(*OF_BOTH)]),
    (EXACT, cents(*((-one, -other) for one, other in EVEN), *ODD), [TO_ODD.format(*OF_BOTH)]),
    (EXACT, cents(*((other, one) for one, other in EVEN)), [TO_ODD.format(*reversed(OF_BOTH))]),
    (EXACT, cents(*[(0, 1), (2, 3), (4, 5)] * 3, *ODD, *ODD), [TO_ODD.format(*OF_BOTH)]),
    (EXACT, cents(*EVEN[1:], *ODD), []),
    (EXACT, cents(*EVEN, ODD[0]), []),
    (EXACT, cents(*EVEN, *ODD, (11, 13)), []),
    (EXACT, cents(*EVEN, (8, 9), *ODD, (11, 13)), [TO_ODD.format(*OF_BOTH)]),
    (EXACT, cents(*EVEN[:2] * 4, *ODD), []),
    # Floats are rounded to nine places at most.
    (FLOAT, [("3.3346e-6", "3.335e-6")], ["rounded to 9 places"]),
    (FLOAT, [("3.3346e-7", "3.335e-7")], []),
]


@pytest.mark.parametrize(("of", "pairs", "details"), SUGGESTED)
def test_a_sample_suggests_what_enough_pairs_show(
    duck: DuckSession, of: Of, pairs: list[tuple[str, str]], details: list[str]
) -> None:
    cells = [[[f"CAST({cell} AS {of[1]})"] for cell in pair] for pair in pairs]
    found = suggested(duck, [column(1, of)], cells)
    assert found.get("c1", []) == details


def test_columns_that_are_alike_are_looked_at_together_and_as_each_others(duck: DuckSession) -> None:
    columns = [column(1, TEXT), column(2, TEXT), column(3, TEXT), column(4, WHOLE), column(5, TEXT)]
    left, right = ["'a'", "'b'", "'Cc'", "7", "'same'"], ["'b'", "'a'", "'cC'", "-7", "'same'"]
    swapped = {"c1": ["with c2"], "c2": ["with c1"]}
    assert suggested(duck, columns, [(left, right)]) == swapped | {"c3": ["case"], "c4": ["sign"]}


@pytest.mark.parametrize(("pair", "crossed"), [(("b", "a"), True), (("b", "x"), False), (("x", "a"), False)])
def test_columns_changed_places_only_where_both_did(
    duck: DuckSession, pair: tuple[str, str], crossed: bool
) -> None:
    test = _crossed(column(1, TEXT), column(2, TEXT))
    here, there = ("SELECT '{}' AS v1, '{}' AS v2".format(*one) for one in (("a", "b"), pair))
    assert duck.one(f"SELECT {test} FROM ({here}) l, ({there}) t") is crossed
