"""A waiver covers the table and the column that it names, whatever dots their names hold."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from parity.suite.models import Waiver
from parity.tablediff.schema.diff import SchemaDifference
from parity.tablediff.schema.waivers import applied_waivers, waive_schema

TODAY = date(2026, 1, 1)


def declared(table: str, column: str | None = None, **more: Any) -> Waiver:
    return Waiver.model_validate(
        {
            "suite": "ledger",
            "activity": table,
            "column": column,
            "kind": "schema",
            "reason": "moved later",
            "ticket": "T-1",
            "owner": "dba",
            "expires": date(2026, 12, 31),
            "max_rows": 5,
            **more,
        }
    )


def waived(difference: SchemaDifference, table: str, column: str | None) -> bool:
    (marked,) = waive_schema([difference], "ledger", [declared(table, column)], TODAY)
    return bool(marked.waived)


def test_a_waiver_of_a_column_covers_it_in_a_table_whose_name_holds_a_dot() -> None:
    found = SchemaDifference("a.b.c", "column", "type", "int", "bigint", owner="a.b")
    assert waived(found, "a.b", "c")
    assert waived(found, "a.b", None)
    assert not waived(found, "a.b", "b.c")
    assert not waived(found, "a", "b.c")


def test_a_waiver_of_a_table_covers_no_column_that_is_shown_by_the_same_name() -> None:
    assert not waived(SchemaDifference("a.b", "column", "type", "int", "bigint", owner="a"), "a.b", None)
    assert waived(SchemaDifference("stamp", "trigger", "missing", "x", None, owner="a"), "stamp", None)


@pytest.mark.parametrize(
    ("waiver", "state", "rows"),
    [
        (declared("entries"), "covers", 2),
        (declared("entries", max_rows=1), "over_cap", 2),
        (declared("entries", expires=date(2025, 12, 31)), "expired", 2),
        (declared("accounts"), "unused", 0),
    ],
)
def test_what_became_of_a_waiver_says_how_many_differences_it_matches(
    waiver: Waiver, state: str, rows: int
) -> None:
    found = [SchemaDifference(f"entries.{name}", "index", "missing", "x", None) for name in ("a", "b")]
    others = [declared("entries", suite="other"), declared("entries", kind="changed")]
    [one] = applied_waivers(waive_schema(found, "ledger", [waiver], TODAY), "ledger", [waiver, *others], TODAY)
    assert (one["ticket"], one["state"], one["rows"]) == ("T-1", state, rows)
