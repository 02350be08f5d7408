"""One activity's draft: what is written, what is asked, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parity.draft.activity import ActivityFacts, draft_activity
from parity.draft.dates import ATHENA, SPARK, condition
from parity.draft.facts import Certainty, ColumnFacts, Guess, TableFacts, Values
from parity.draft.pairing import glue_job, legacy_table, target_tables

SURE, LIKELY = Certainty.CERTAIN, Certainty.LIKELY
COLUMNS = {
    "refund_id": ("string", 150),
    "merch_ref": ("varchar(12)", 140),
    "amount": ("decimal(18,2)", 120),
    "currency": ("string", 3),
    "fee_gbp": ("decimal(18,2)", 110),
    "email": ("string", 100),
    "settled_at": ("timestamp", 149),
    "day": ("date", 1),
}


def values(name: str, distinct: int, **more: int) -> Values:
    seed = sum(map(ord, name))
    return Values(0, distinct, seed * 100, seed, seed + 7, **more)


def refunds() -> TableFacts:
    columns = [ColumnFacts(name, kind, values(name, count)) for name, (kind, count) in COLUMNS.items()]
    return TableFacts("refunds", tuple(columns), ("day",), {"day": "2026-03-02"}, rows=150)


def landed() -> TableFacts:
    names = {"merch_ref": "merchant_reference"}
    columns = [replace(one, name=names.get(one.name, one.name)) for one in refunds().columns]
    columns[1] = replace(columns[1], type="string")
    columns[6] = replace(columns[6], values=values("settled_at", 149, finer=3))
    columns[2] = replace(columns[2], required=True)
    extra = ColumnFacts("loaded_at", "timestamp", values("loaded_at", 1))
    return TableFacts("lake.refunds", (*columns, extra), ("day",), key=("refund_id",), rows=150)


def facts() -> ActivityFacts:
    sure = Guess("refunds", SURE, "the Glue job of the same name")
    legacy, target = Guess("refunds", LIKELY, "like it"), Guess("lake.refunds", LIKELY, "of the same name")
    return ActivityFacts("refunds", sure, legacy, target, refunds(), landed())


def test_every_part_is_written_with_its_reason_and_only_doubts_are_todos() -> None:
    draft = draft_activity(facts())
    assert {name: line.value for name, line in draft.parts.items()} == {
        "glue_job": "refunds",
        "legacy": {"sql": "refunds.sql"},
        "target": {"table": "lake.refunds", "where": "day = :business_date"},
        "key": ["refund_id"],
    }
    assert [name for name, line in draft.parts.items() if line.open] == []
    assert draft.parts["key"].comment == (
        "certain: declared on the target side; unique in the samples of both sides"
    )
    assert {name: line.value for name, line in draft.columns.items()} == {
        "merchant_reference": {"legacy": "merch_ref"},
        "amount": {"money": "currency"},
        "fee_gbp": {"money": "GBP"},
        "email": {"sensitive": True},
        "settled_at": {},
        "loaded_at": {},
    }
    assert [name for name, line in draft.columns.items() if line.open] == ["settled_at", "loaded_at"]
    assert draft.columns["merchant_reference"].comment.startswith("certain: renamed")
    assert "microseconds" in draft.columns["settled_at"].comment
    assert draft.expect == {
        "both": [{"ExpectColumnValueLengthsToBeBetween": {"column": "merchant_reference", "max_value": 12}}],
        "target": [
            {"ExpectColumnValuesToBeUnique": {"column": "refund_id"}},
            {"ExpectColumnValuesToNotBeNull": {"column": "amount"}},
        ],
    }
    assert draft.sql == (
        "SELECT refund_id, merch_ref, amount, currency, fee_gbp, email, settled_at, day\n"
        "FROM refunds\nWHERE day = :business_date\n"
    )


def test_tables_are_paired_for_certain_only_by_what_they_hold() -> None:
    other = replace(landed(), columns=tuple(replace(c, values=values(c.name * 2, 90)) for c in landed().columns))
    draft = draft_activity(replace(facts(), target=other))
    assert draft.parts["target"].comment.startswith("TODO likely: of the same name")
    assert draft.parts["legacy"].open
    shared = Guess("lake.refunds", Certainty.UNKNOWN, "another activity has the same table")
    assert draft_activity(replace(facts(), target_table=shared)).parts["target"].open


@pytest.mark.parametrize("rows", [0, None])
def test_without_rows_every_guess_is_a_todo(rows: int | None) -> None:
    bare = tuple(replace(column, values=None) for column in landed().columns)
    draft = draft_activity(replace(facts(), target=replace(landed(), columns=bare, rows=rows)))
    assert all(draft.parts[name].open for name in ("legacy", "target", "key"))
    assert draft.columns["merchant_reference"].open


def test_an_unknown_target_and_legacy_table_are_asked_for() -> None:
    nothing = Guess("", Certainty.UNKNOWN, "no table is like it")
    draft = draft_activity(ActivityFacts("refunds", nothing, nothing, nothing))
    assert draft.parts["target"].value == {"table": "unknown"}
    assert draft.parts["glue_job"].value is None
    assert (draft.sql, draft.todos) == ("", 4)


def dated(kind: str, example: str = "", name: str = "dt", partitioned: bool = True) -> TableFacts:
    columns = (ColumnFacts("id", "string"), ColumnFacts(name, kind))
    return TableFacts("t", columns, (name,) if partitioned else (), {name: example})


@pytest.mark.parametrize(
    ("table", "athena", "spark"),
    [
        (dated("date"), "dt = :business_date", "dt = :business_date"),
        (dated("date", name="Day"), '"Day" = :business_date', "`Day` = :business_date"),
        (
            dated("string", "2026-03-02"),
            "dt = CAST(:business_date AS varchar)",
            "dt = CAST(:business_date AS STRING)",
        ),
        (
            dated("string", "20260302"),
            "dt = date_format(:business_date, '%Y%m%d')",
            "dt = date_format(:business_date, 'yyyyMMdd')",
        ),
        (dated("string", "north"), "", ""),
        (dated("int", "7"), "", ""),
    ],
)
def test_a_partition_that_is_a_date_for_certain_becomes_the_condition(
    table: TableFacts, athena: str, spark: str
) -> None:
    assert condition(table, ATHENA).value == athena
    assert condition(table, SPARK).value == spark
    assert condition(table, ATHENA).certain is bool(athena)


def test_year_month_and_day_are_one_date_and_a_mere_column_is_asked_about() -> None:
    parts = tuple(ColumnFacts(name, "string") for name in ("year", "month", "day"))
    found = condition(TableFacts("t", parts, ("year", "month", "day")), ATHENA)
    assert found.value == (
        "CAST(year AS integer) = year(:business_date) AND CAST(month AS integer) = month(:business_date)"
        " AND CAST(day AS integer) = day(:business_date)"
    )
    found = condition(dated("date", name="settlement_date", partitioned=False), ATHENA)
    assert (found.value, found.certainty) == ("settlement_date = :business_date", LIKELY)


def test_jobs_and_tables_are_found_by_name_and_by_what_the_activity_hands_on() -> None:
    jobs = ["apply_refunds", "compute_fees", "compute_fee"]
    assert glue_job("apply_refunds", jobs).certain
    assert glue_job("apply_refund_job", jobs) == Guess(
        "apply_refunds", LIKELY, "the Glue job whose name is most like it"
    )
    assert glue_job("sync_clients", jobs).value == ""
    tables = ["refunds", "fees", "clients"]
    assert legacy_table("apply_refunds", "", tables, []).value == "refunds"
    assert legacy_table("step_7", "", tables, [{"output_table": "db.Fees"}]).value == "fees"
    assert legacy_table("step_7", "", tables, [{"color": "fees"}]).value == ""
    assert [one.value for one in target_tables({"target_table": "lake.fees"}, "lake", "fees_old")] == [
        "lake.fees",
        "lake.fees_old",
    ]
    assert [one.value for one in target_tables({"table": "a b; drop"}, "", "fees")] == []
