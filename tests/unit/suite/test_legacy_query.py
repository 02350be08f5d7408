"""Warnings about a legacy query: what Athena may read otherwise, and what UNLOAD refuses."""

from __future__ import annotations

import pytest

from parity.suite.legacy_query import query_warnings
from truth import records


def warned(sql: str) -> list[tuple[int, str]]:
    return [(warning.line, warning.what) for warning in query_warnings(sql)]


@pytest.mark.parametrize("number", ["0.33", ".5", "5.", "1234567890.123"])
def test_a_bare_decimal_is_named_with_its_line(number: str) -> None:
    [warning] = query_warnings(f"select a\nfrom t\nwhere b*{number}>0")
    assert (warning.line, warning.what.partition(" ")[0]) == (3, number)
    assert warning.remedy == f"Write DECIMAL '{number}' or {number}E0."


@pytest.mark.parametrize(
    "sql",
    [
        "select 33 as n, 1e0 as b, 0.5E0 as c, .5e-3 as d from t",
        "select DECIMAL '0.33' as a, '0.33' as b, \"0.33\" as c from t -- 0.33\n/* 0.33 */",
        "select t1.c5 as d, t1.x2 as e from t1 where d = :business_date",
    ],
)
def test_what_is_no_bare_decimal_is_not_named(sql: str) -> None:
    assert warned(sql) == []


@pytest.mark.parametrize("column", ["count(*)", "a + 1", "cast(a as bigint)", "(select 1)", "1"])
def test_a_column_without_a_name_is_named_by_its_place(column: str) -> None:
    assert warned(f"select a,\n  {column} from t") == [(2, "column 2 has no name, and UNLOAD refuses it.")]


def test_a_column_whose_place_is_unknown_has_the_line_of_the_one_before_it() -> None:
    assert warned("select\n  a,\n :business_date from t")[0][0] == 2


@pytest.mark.parametrize(
    "sql",
    [
        "select a, t.b, (c), r.f.g, t.*, count(*) as n, 1 m from t",
        "select * from t",
        "select a from t union all select count(*) from t",
        "select * from (select 1 as a) as s join (select 2) as u on true",
        "with q as (select 1) select a from q",
        "with q (n) as (select 1) select * from q",
        "not sql at all (",
        "values 1",
    ],
)
def test_a_column_with_a_name_is_not_named(sql: str) -> None:
    assert warned(sql) == []


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from t union all select n from t",
        "select * from (select 1) as s",
        "with q as (select 1) select * from q",
    ],
)
def test_the_names_of_an_output_are_those_of_its_innermost_query(sql: str) -> None:
    assert warned(sql) == [(1, "column 1 has no name, and UNLOAD refuses it.")]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("now()", "a timestamp with a time zone"),
        ("current_timestamp", "a timestamp with a time zone"),
        ("a at time zone 'UTC'", "a timestamp with a time zone"),
        ("from_iso8601_timestamp(a)", "a timestamp with a time zone"),
        ("from_unixtime(a)", "a timestamp with a time zone"),
        ("with_timezone(a, 'UTC')", "a timestamp with a time zone"),
        ("cast(a as timestamp with time zone)", "a timestamp with a time zone"),
        ("timestamp '2026-01-01 00:00:00 UTC'", "a timestamp with a time zone"),
        ("max(now())", "a timestamp with a time zone"),
        ("date_trunc('day', now())", "a timestamp with a time zone"),
        ("date_add('day', 1, now())", "a timestamp with a time zone"),
        ("now() - interval '1' day", "a timestamp with a time zone"),
        ("if(a, now(), b)", "a timestamp with a time zone"),
        ("coalesce(null, now())", "a timestamp with a time zone"),
        ("current_time", "a TIME"),
        ("localtime", "a TIME"),
        ("time '01:00'", "a TIME"),
        ("try_cast(a as time)", "a TIME"),
        ("interval '1' day", "an INTERVAL"),
        ("json_parse(a)", "JSON"),
        ("json_extract(a, '$.b')", "JSON"),
        ("cast(a as json)", "JSON"),
        ("uuid()", "a UUID"),
        ("cast(a as uuid)", "a UUID"),
        ("timestamp '2026-01-01 00:00:00'", "a timestamp(0)"),
        ("cast(a as timestamp(6))", "a timestamp(6)"),
        ("null", "an untyped NULL"),
        ("case when a then null end", "an untyped NULL"),
        ("array[null]", "an untyped NULL"),
        ("row(current_time)", "a TIME"),
    ],
)
def test_a_type_that_unload_refuses_is_named(value: str, kind: str) -> None:
    assert warned(f"select a,\n  {value} as c\nfrom t") == [(2, f"column c is {kind}, and UNLOAD refuses it.")]


@pytest.mark.parametrize(
    "value",
    [
        "a",
        "timestamp '2026-01-01 00:00:00.123'",
        "cast(a as timestamp(3))",
        "localtimestamp",
        "cast(now() as timestamp)",
        "cast(null as varchar)",
        "case when a then null else b end",
        "if(a, null, b)",
        "coalesce(null, b)",
        "json_extract_scalar(a, '$.b')",
        "json_format(json_parse(a))",
        "cast(uuid() as varchar)",
        "date_diff('day', now(), now())",
        "d + interval '1' day",
        "to_iso8601(now())",
    ],
)
def test_a_type_that_unload_takes_or_the_text_does_not_show_is_not_named(value: str) -> None:
    assert warned(f"select {value} as c from t") == []


def test_whatever_is_warned_of_was_refused_by_real_trino() -> None:
    refused = {sql: answer for sql, answer in records.read("trino_unload").cases.items() if warned(sql)}
    assert len(refused) > 30
    assert [sql for sql, answer in refused.items() if not answer] == []
