"""Digest mode says what mode rows says, and says INVALID where a digest cannot be believed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parity.compare.control_totals import REPORTED, ControlTotals, control_totals
from parity.compare.result import Result, Verdict
from parity.errors import ExportRefused
from parity.flow.suite_run.digest import strategy as ways
from parity.flow.suite_run.digest.buckets import (
    NO_FILES,
    check_digests,
    check_known_state,
    check_same_state,
    compare_digests,
    version_of,
)
from parity.flow.suite_run.digest.strategy import choose
from parity.flow.suite_run.digest.survey import Surveyed
from parity.flow.suite_run.exports.parquet import ExportColumn
from parity.sql.columns import Kind
from parity.suite.models import Mode
from unit.flow.suite_run.digest.engines import DAY, Pair, activity, surveyed

SCHEMA = pa.schema(
    {
        "id": pa.int64(),
        "amount": pa.decimal128(12, 2),
        "note": pa.string(),
        "at": pa.timestamp("us"),
        "day": pa.date32(),
        "raw": pa.binary(),
        "flag": pa.bool_(),
        "rate": pa.float64(),
    }
)
Row = dict[str, Any]


def row(number: int) -> Row:
    return {
        "id": number,
        "amount": Decimal(number * 100 + 5) / 100,
        "note": None if number % 5 == 0 else f"näme {number}",
        "at": datetime(2026, 3, 2, 1, 2, 3, number),  # noqa: DTZ001 - wall clock
        "day": date(2026, 1, 1) + timedelta(days=number),
        "raw": bytes([number % 256]),
        "flag": number % 2 == 0,
        "rate": number / 8,
    }


ROWS = [row(number) for number in range(60)]
NO_FLOATS = {"rate": {"ignore": "floats have tests of their own"}}


@pytest.fixture(autouse=True)
def small_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a dozen rows enough for several buckets."""
    monkeypatch.setattr(ways, "ROWS_PER_BUCKET", 8)


def table(rows: list[Row], *names: str) -> pa.Table:
    made = pa.Table.from_pylist(rows, schema=SCHEMA)
    return made.select(names) if names else made


def pair(folder: Path, legacy: list[Row], target: list[Row], **declared: Any) -> Pair:
    asked = activity(**{"columns": NO_FLOATS, **declared})
    return Pair(folder, table(legacy), table(target), asked)


def same_counts(one: Result, other: Result) -> bool:
    different = [{c.name: (c.compared, c.different) for c in result.columns} for result in (one, other)]
    return (one.verdict, one.rows, different[0]) == (other.verdict, other.rows, different[1])


def counted(result: Result) -> ControlTotals | None:
    return control_totals(replace(result, extra={**result.extra, REPORTED: {}}))


def test_equal_tables_pass_with_the_counts_of_all_rows_and_a_sample_seen(tmp_path: Path) -> None:
    compared = pair(tmp_path, ROWS, ROWS)
    result = compared.result()
    assert result.verdict is Verdict.PASS, result.reason
    assert same_counts(result, compared.rows_result())
    facts = result.extra["digest"]
    assert (facts["unequal"], facts["seen"]) == (0, 1)
    assert 0 < facts["rows_that_stayed"] < 60


def test_the_canary_counts_one_change_of_each_digested_column_more(tmp_path: Path) -> None:
    compared = pair(tmp_path, ROWS, ROWS)
    result = compared.result()
    assert result.canary.planted == result.canary.found
    assert result.canary.planted > len(compared.plan().hashed) == 7


CHANGES = st.sampled_from(
    [
        {"amount": Decimal("1.23")},
        {"amount": None},
        {"note": "x"},
        {"note": ""},
        {"at": datetime(2026, 3, 2, 1, 2, 4)},  # noqa: DTZ001 - wall clock
        {"day": None},
        {"raw": b"\x00"},
        {"flag": None},
        {"rate": 0.3},
    ]
)
EDITS = st.lists(
    st.tuples(st.sampled_from(["change", "lose", "double", "add"]), st.integers(0, 59), CHANGES), max_size=5
)


def edited(edits: list[tuple[str, int, Row]]) -> list[Row]:
    rows = list(ROWS)
    for what, at, change in edits:
        chosen = rows[at % len(rows)]
        if what == "lose":
            rows.remove(chosen)
        else:
            added = chosen if what == "double" else {**chosen, **change}
            added = {**added, "id": 1000 + at} if what == "add" else added
            rows = [one for one in rows if what != "change" or one is not chosen] + [added]
    return rows


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EDITS, EDITS, st.sampled_from(["key", "value", "rule", "keyless"]))
def test_whatever_differs_the_counts_are_those_of_mode_rows(
    tmp_path: Path, legacy: list[Any], target: list[Any], kind: str
) -> None:
    declared: dict[str, Any] = {
        "key": {},
        "value": {"columns": {"rate": {"tolerance": "0.25"}}},
        "rule": {"columns": {**NO_FLOATS, "note": {"null_equals_empty": True}, "amount": {"tolerance": "100"}}},
        "keyless": {"key": []},
    }[kind]
    compared = pair(tmp_path, edited(legacy), edited(target), **declared)
    digested, rows = compared.result(), compared.rows_result()
    assert same_counts(digested, rows), (digested.reason, rows.reason)
    assert digested.loosened == rows.loosened
    assert (
        counted(digested) == counted(rows) == ControlTotals(athena=rows.rows.legacy, databricks=rows.rows.target)
    )


def test_a_renamed_column_is_digested_under_both_of_its_names(tmp_path: Path) -> None:
    legacy = table(ROWS).rename_columns([{"note": "LABEL"}.get(name, name.upper()) for name in SCHEMA.names])
    asked = activity(columns={**NO_FLOATS, "note": {"legacy": "label"}})
    result = Pair(tmp_path, legacy, table(ROWS), asked).result()
    assert result.verdict is Verdict.PASS, result.reason
    assert "note" in {column.name for column in result.columns}


def test_a_column_of_one_side_alone_fails_although_every_bucket_is_equal(tmp_path: Path) -> None:
    legacy = table(ROWS, *(name for name in SCHEMA.names if name != "note"))
    result = Pair(tmp_path, legacy, table(ROWS), activity(columns=NO_FLOATS)).result()
    assert (result.verdict, result.extra["digest"]["unequal"]) == (Verdict.FAIL, 0)
    assert "note" in result.reason


def test_an_integer_against_a_decimal_is_equal_by_digest_and_told_in_the_schema(tmp_path: Path) -> None:
    target = table(ROWS).set_column(0, "id", table(ROWS)["id"].cast(pa.decimal128(22, 2)))
    result = Pair(tmp_path, table(ROWS), target, activity(columns=NO_FLOATS)).result()
    assert result.verdict is Verdict.PASS, result.reason
    assert [fact.verdict for fact in result.schema if fact.name == "id"] == ["widened"]


def test_both_sides_empty_is_invalid_unless_the_suite_allows_it(tmp_path: Path) -> None:
    assert pair(tmp_path, [], []).result().verdict is Verdict.INVALID
    assert pair(tmp_path, [], [], allow_empty=True).result().verdict is Verdict.PASS


def test_where_most_buckets_differ_every_row_travels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parity.flow.suite_run.digest.buckets.MOST_LISTED", 1)
    compared = pair(tmp_path, ROWS, [{**one, "amount": Decimal("9.99")} for one in ROWS])
    result = compared.result()
    assert result.extra["digest"]["seen"] == "all"
    assert same_counts(result, compared.rows_result())


def read_in_milliseconds(rows: list[Row]) -> list[Row]:
    """Return rows as Athena reads them from a Hive table: times rounded half up."""
    at = [one["at"] + timedelta(microseconds=500) for one in rows]
    cut = [moment.replace(microsecond=moment.microsecond // 1000 * 1000) for moment in at]
    return [{**one, "at": moment} for one, moment in zip(rows, cut, strict=True)]


@pytest.mark.parametrize(("rule", "verdict"), [({}, Verdict.FAIL), ({"tolerance": "1ms"}, Verdict.PASS)])
def test_times_that_athena_reads_in_milliseconds_are_compared_by_value_with_the_reason(
    tmp_path: Path, rule: dict[str, str], verdict: Verdict
) -> None:
    declared = {"columns": {**NO_FLOATS, "at": rule}}
    compared = pair(tmp_path, read_in_milliseconds(ROWS), ROWS, **declared)
    result = compared.result()
    assert result.verdict is verdict, result.reason
    assert result.extra["digest"]["seen"] == "all"
    assert "59 times have microseconds on the target side" in result.extra["digest"]["reason"]
    assert same_counts(result, compared.rows_result())
    causes = {cause.cause for column in result.columns for cause in column.causes}
    assert causes == (set() if rule else {"timestamp_precision"})


@pytest.mark.parametrize(("legacy", "target"), [(ROWS, read_in_milliseconds(ROWS)), (ROWS, ROWS[:1])])
def test_other_differences_of_times_say_nothing_of_a_reader(
    tmp_path: Path, legacy: list[Row], target: list[Row]
) -> None:
    assert "milliseconds" not in pair(tmp_path, legacy, target).result().extra["digest"]["reason"]


def test_rows_that_do_not_have_the_digest_that_was_told_are_refused(tmp_path: Path) -> None:
    stale = table([*ROWS[:-1], {**ROWS[-1], "amount": Decimal("7.77")}])
    with pytest.raises(ExportRefused, match="do not have the digest"):
        pair(tmp_path, ROWS, ROWS).result(target=stale)


def test_a_column_that_an_engine_left_out_of_its_digest_is_noticed(tmp_path: Path) -> None:
    blind = table([{**one, "note": None} for one in ROWS])
    with pytest.raises(ExportRefused, match="do not have the digest"):
        pair(tmp_path, ROWS, ROWS).result(legacy=blind, target=blind)


def test_a_table_that_changed_after_its_digest_is_refused(tmp_path: Path) -> None:
    compared = pair(tmp_path, ROWS, ROWS)
    plan = compared.plan()
    buckets = compared.buckets(plan)
    target = compared.rows(plan, buckets)[1]
    check_same_state(buckets.target_source, version_of(target), "digested")
    check_known_state(buckets, target)
    with pytest.raises(ExportRefused, match="was v1 when it was digested and is v2 now"):
        check_same_state(buckets.target_source, "v2", "digested")


@pytest.mark.parametrize("version", ["", None, NO_FILES])
def test_a_state_that_has_the_same_name_whatever_it_holds_proves_nothing(
    tmp_path: Path, version: str | None
) -> None:
    compared = pair(tmp_path, ROWS, ROWS)
    plan = compared.plan()
    buckets = compared.buckets(plan)
    nameless = replace(compared.rows(plan, buckets)[1], source={"version": version})
    with pytest.raises(ExportRefused, match="is without a version now"):
        check_same_state(buckets.target_source, version_of(nameless), "digested")
    with pytest.raises(ExportRefused, match="has no version"):
        check_known_state(buckets, nameless)
    check_known_state(replace(buckets, target_rows=0), replace(nameless, rows=0))


def test_rows_travel_where_a_states_name_is_not_its_own() -> None:
    reported = surveyed(table(ROWS))
    chosen = choose(activity(columns=NO_FLOATS), Mode.DIGEST, 10, reported, replace(reported, version=""))
    assert chosen.mode is Mode.ROWS
    assert "has no version" in chosen.reason


@pytest.mark.parametrize("side", ["legacy", "target"])
def test_rows_that_were_exported_for_other_digests_are_refused(tmp_path: Path, side: str) -> None:
    """Whatever changed in a bucket that is not seen goes unseen, so that new rows need new digests."""
    compared = pair(tmp_path, ROWS, ROWS)
    buckets = compared.buckets(compared.plan())
    check_digests(buckets, (buckets.mark, buckets.mark))
    again = replace(buckets, digests=("query of another time", buckets.digests[1]))
    assert again.mark != buckets.mark
    marks = {"legacy": buckets.mark, "target": buckets.mark}
    for other in (again.mark, ""):
        with pytest.raises(ExportRefused, match=f"The {side} rows were exported for the digests"):
            check_digests(buckets, tuple({**marks, side: other}.values()))  # type: ignore[arg-type]


LINE = {
    "bucket": "1",
    "row_count": "2",
    "duplicates": "0",
    **{f"digest_{n}": "1" for n in range(1, 5)},
    "finer": "0",
}


def digest_of(**changes: str) -> str:
    return "SELECT " + ", ".join(f"{value} AS {name}" for name, value in {**LINE, **changes}.items())


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 AS bucket, 2 AS row_count",
        f"{digest_of()} UNION ALL {digest_of()}",
        digest_of(digest_1="NULL::BIGINT"),
        digest_of(row_count="2.5"),
    ],
)
def test_a_digest_that_is_none_is_refused(tmp_path: Path, sql: str) -> None:
    compared = pair(tmp_path, ROWS, ROWS)
    broken = compared.export("broken", table(ROWS), sql)
    with pytest.raises(ExportRefused):
        compare_digests(broken, broken, DAY)


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        ({"expect": {"both": [{"ExpectColumnValuesToNotBeNull": {"column": "id"}}]}}, "Great Expectations"),
        ({"columns": {**NO_FLOATS, "amount": {"legacy_sql": "amount / 100"}}}, "SQL expression"),
        ({"key": ["rate"], "columns": {}}, "The key column rate cannot be digested"),
        ({"key": ["note"], "columns": {**NO_FLOATS, "note": {"case": "ignore"}}}, "different keys are the same"),
        ({"key": ["nothing"]}, "not on both sides"),
        ({"key": [], "columns": {}}, "There is no key, and column rate"),
        ({"mode": "auto", "key": ["id"], "columns": {**NO_FLOATS}, "rows": 5}, "no more than auto_rows"),
    ],
)
def test_what_a_digest_cannot_obey_is_compared_by_rows_with_the_reason(declared: dict[str, Any], why: str) -> None:
    rows = ROWS[: declared.pop("rows", 60)]
    asked = activity(**{"columns": NO_FLOATS, **declared})
    chosen = choose(asked, asked.mode or Mode.DIGEST, 10, surveyed(table(rows)), surveyed(table(rows)))
    assert chosen.mode is Mode.ROWS
    assert why in chosen.reason


def test_names_that_differ_by_case_alone_are_compared_by_rows() -> None:
    two = Surveyed(60, (ExportColumn("id", "bigint"), ExportColumn("ID", "bigint")), version="v1")
    assert "case alone" in choose(activity(), Mode.DIGEST, 10, two, two).reason


def test_auto_digests_a_table_above_its_threshold() -> None:
    many = surveyed(table(ROWS))
    assert choose(activity(mode="auto", columns=NO_FLOATS), Mode.AUTO, 10, many, many).mode is Mode.DIGEST


@pytest.mark.parametrize(
    ("rule", "nonconforming", "why"),
    [
        ({"legacy_timezone": "Europe/London"}, {}, "its time zone is a rule"),
        ({}, {Kind.TIMESTAMP: "'x' instead of 'y'"}, "the probe found that Spark writes timestamp otherwise: 'x'"),
    ],
)
def test_a_column_that_cannot_be_digested_travels_with_the_reason(
    rule: dict[str, Any], nonconforming: dict[Kind, str], why: str
) -> None:
    asked = activity(columns={**NO_FLOATS, "at": rule})
    chosen = choose(
        asked, Mode.DIGEST, 10, surveyed(table(ROWS)), surveyed(table(ROWS), nonconforming=nonconforming)
    )
    assert [(one.name, why in one.why) for one in chosen.by_value] == [("at", True)]


def test_a_demoted_column_is_compared_by_value_and_said_so(tmp_path: Path) -> None:
    shifted = [{**one, "at": one["at"] + timedelta(hours=1)} for one in ROWS]
    zones = {"legacy_timezone": "UTC", "target_timezone": "Europe/Paris"}
    compared = pair(tmp_path, ROWS, shifted, columns={**NO_FLOATS, "at": zones})
    result = compared.result()
    assert result.verdict is Verdict.PASS, result.reason
    assert same_counts(result, compared.rows_result())
    assert any(one.what == "column at in digests" for one in result.not_compared)


FILLED = [{**one, "note": one["note"] and f"{one['note']:<12}"} for one in ROWS]
CHAR = {"note": "char(12)"}


def test_a_char_under_a_trim_is_digested_without_its_filling_and_the_result_says_so(tmp_path: Path) -> None:
    asked = activity(columns={**NO_FLOATS, "note": {"trim": "right"}})
    compared = Pair(tmp_path, table(FILLED), table(ROWS), asked, CHAR)
    assert compared.buckets(compared.plan()).unequal == 0
    result = compared.result()
    assert result.verdict is Verdict.PASS, result.reason
    assert any(one.what == "column note" and "CHAR" in one.why for one in result.not_compared)


def test_a_char_without_a_trim_travels_because_its_blanks_count(tmp_path: Path) -> None:
    compared = Pair(tmp_path, table(FILLED), table(ROWS), activity(columns=NO_FLOATS), CHAR)
    assert [one.name for one in compared.plan().by_value] == ["note"]
    assert same_counts(compared.result(), compared.rows_result())
    assert compared.result().verdict is Verdict.FAIL
