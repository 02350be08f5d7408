"""A waiver covers the table and the column that it names, whatever dots their names hold."""

from __future__ import annotations

from datetime import date

from parity.suite.models import Waiver
from parity.tablediff.schema.diff import SchemaDifference
from parity.tablediff.schema.waivers import waive_schema


def waived(difference: SchemaDifference, table: str, column: str | None) -> bool:
    waiver = Waiver.model_validate(
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
        }
    )
    (marked,) = waive_schema([difference], "ledger", [waiver], date(2026, 1, 1))
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
