"""Which columns and which key are compared, and what is refused before a row is read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parity.sql.columns import Column, Kind
from parity.suite.databases import Database, TableRules
from parity.tablediff.mysql.catalogue import Key, Table
from parity.tablediff.table_plan import TablePlan, group_tables, plan_database, plan_table

ID = Column("id", Kind.INTEGER, nullable=False)
AMOUNT = Column("amount", Kind.DECIMAL, 2)
PRIMARY = Key("PRIMARY", ("id",))
TABLE = Table("t", (ID, AMOUNT), (PRIMARY,))


def test_the_primary_key_is_chosen_and_walked() -> None:
    plan = plan_table("t", TABLE, TABLE, TableRules())
    assert [column.name for column in plan.key_target] == ["id"]
    assert plan.unique
    assert plan.range_scannable


def test_without_a_shared_key_whole_rows_are_counted() -> None:
    plan = plan_table("t", Table("t", (ID, AMOUNT)), TABLE, TableRules())
    assert plan.keyless
    assert plan.key_target == plan.target


def test_former_rows_of_a_versioned_table_are_listed_as_not_compared() -> None:
    plan = plan_table("t", TABLE, replace(TABLE, versioned=True), TableRules())
    assert [one.what for one in plan.not_compared] == ["former rows"]


def test_a_column_of_one_side_is_told() -> None:
    plan = plan_table("t", Table("t", (ID,), (PRIMARY,)), TABLE, TableRules())
    assert plan.one_sided == ("amount",)


def test_nothing_is_decided_by_the_words_in_which_a_column_is_left_out() -> None:
    rules = TableRules.model_validate({"columns": {"amount": {"ignore": "rounded, on the new side only"}}})
    plan = plan_table("t", TABLE, TABLE, rules)
    assert plan.one_sided == ()
    assert [(one.kind, one.column) for one in plan.not_compared] == [("ignored", "amount")]


def test_of_two_columns_whose_names_only_python_takes_for_one_none_gets_lost() -> None:
    kelvin = replace(AMOUNT, name="\N{KELVIN SIGN}")
    legacy = Table("t", (ID, kelvin, replace(AMOUNT, name="k")), (PRIMARY,))
    plan = plan_table("t", legacy, Table("t", (ID, replace(AMOUNT, name="k")), (PRIMARY,)), TableRules())
    assert [column.name for column in plan.legacy] == ["id", "k"]
    assert plan.one_sided == (kelvin.name,)


def test_a_rule_that_rewrites_a_side_is_refused_because_a_digest_cannot_obey_it() -> None:
    rules = TableRules.model_validate({"columns": {"amount": {"legacy_sql": "amount / 100"}}})
    assert "rewrites a side" in plan_table("t", TABLE, TABLE, rules).refusal


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"trim": "right"}, "column amount is decimal(9,2): trim does not fit it"),
        ({"case": "ignore"}, "case does not fit it"),
        ({"replace": ["0", ""]}, "replace does not fit it"),
        ({"tolerance": "1s"}, "a tolerance in time does not fit it"),
        ({"legacy_timezone": "UTC", "target_timezone": "UTC"}, "a time zone does not fit it"),
    ],
)
def test_a_rule_that_no_value_of_its_column_could_obey_is_refused(rule: dict[str, object], words: str) -> None:
    table = Table("t", (ID, replace(AMOUNT, native="decimal(9,2)")), (PRIMARY,))
    rules = TableRules.model_validate({"columns": {"amount": rule}})
    assert words in plan_table("t", table, table, rules).refusal


def test_a_rule_for_texts_fits_where_one_side_holds_texts() -> None:
    texts = Table("t", (ID, Column("amount", Kind.TEXT)), (PRIMARY,))
    rules = TableRules.model_validate({"columns": {"amount": {"trim": "right"}}})
    assert not plan_table("t", texts, TABLE, rules).refusal


def test_a_rule_for_a_column_that_is_not_there_is_refused() -> None:
    rules = TableRules.model_validate({"columns": {"amonut": {"ignore": "not migrated"}}})
    assert "amonut" in plan_table("t", TABLE, TABLE, rules).refusal


def test_a_table_that_is_named_and_nowhere_to_be_found_is_refused_and_a_view_is_not() -> None:
    given = {
        "database": "d",
        "owner": "o",
        "legacy": "l",
        "target": "t",
        "include": ["t", "tt", "seen", "s*", "x*"],
    }
    plan = plan_database(Database.model_validate(given), {"t": TABLE}, {"t": TABLE}, frozenset({"seen"}))
    assert {table.name: table.refusal for table in plan.tables} == {
        "t": "",
        "tt": "There is no table tt on either side.",
        "x*": "No table matches x*, which is to be compared.",
    }


def test_a_table_whose_name_is_spelled_like_a_pattern_is_found_by_its_name() -> None:
    given = {"database": "d", "owner": "o", "legacy": "l", "target": "t", "include": ["t[1]"]}
    names = {name: replace(TABLE, name=name) for name in ("t1", "t[1]", "t2")}
    plan = plan_database(Database.model_validate(given), names, names)
    assert [table.name for table in plan.tables] == ["t1", "t[1]"]


def test_foreign_keys_tie_tables_into_one_group() -> None:
    plans = [TablePlan("a", refers_to=frozenset({"b"})), TablePlan("b"), TablePlan("c", rows=9)]
    assert {frozenset(group) for group in group_tables(plans)} == {frozenset("ab"), frozenset("c")}


def test_a_table_may_be_empty_where_it_or_its_database_says_so() -> None:
    given = {
        "database": "d",
        "owner": "o",
        "legacy": "l",
        "target": "t",
        "tables": {"a": {"allow_empty": True}},
    }
    silent, loud = Database.model_validate(given), Database.model_validate({**given, "allow_empty": True})
    assert [silent.rules(name).allow_empty for name in "ab"] == [True, False]
    assert loud.rules("b").allow_empty
