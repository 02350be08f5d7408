from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.clients.athena_sql import bind, literal, unload, without_rows
from parity.errors import BadInput
from parity.settings import PROJECT

DAY = {"business_date": date(2026, 3, 2)}


def test_a_name_in_a_where_becomes_an_execution_parameter() -> None:
    bound = bind("SELECT * FROM t WHERE dt = :business_date AND x IN (:business_date)", DAY)
    assert bound.sql == "SELECT * FROM t WHERE dt = ? AND x IN (?)"
    assert bound.parameters == ("DATE '2026-03-02'", "DATE '2026-03-02'")


def test_elsewhere_athena_takes_no_parameter_so_a_typed_literal_stands() -> None:
    bound = bind("SELECT :business_date AS d FROM t GROUP BY 1 HAVING max(dt) < :business_date", DAY)
    assert bound.sql == "SELECT DATE '2026-03-02' AS d FROM t GROUP BY 1 HAVING max(dt) < DATE '2026-03-02'"
    assert bound.parameters == ()


def test_a_subquery_has_clauses_of_its_own() -> None:
    sql = (
        "SELECT a FROM t WHERE x = (SELECT :business_date FROM u WHERE d = :business_date) AND y = :business_date"
    )
    bound = bind(sql, DAY)
    assert bound.sql.count("?") == 2
    assert "(SELECT DATE '2026-03-02' FROM u WHERE d = ?) AND y = ?" in bound.sql


def test_a_common_table_expression_is_followed() -> None:
    bound = bind("WITH x AS (SELECT * FROM t WHERE d = :business_date) SELECT * FROM x", DAY)
    assert bound.parameters == ("DATE '2026-03-02'",)


@pytest.mark.parametrize(
    "untouched",
    [
        "SELECT ':business_date' FROM t",
        "SELECT 'it''s :business_date' FROM t",
        'SELECT ":business_date" FROM t',
        "SELECT 1 -- :business_date ? 'open\nFROM t",
        "SELECT 1 /* :business_date ; ? */ FROM t",
        "SELECT a FROM t WHERE b = 'what?'",
        "SELECT x::date FROM t",
    ],
)
def test_strings_quoted_names_and_comments_are_never_touched(untouched: str) -> None:
    bound = bind(untouched, DAY)
    assert (bound.sql, bound.parameters) == (untouched, ())


@pytest.mark.parametrize("ending", [";", " ; \n", ";\n-- the end\n"])
def test_a_final_semicolon_is_dropped(ending: str) -> None:
    assert ";" not in bind("SELECT 1" + ending, {}).sql


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT 1;\nSELECT 2", "Line 2: there is a second statement"),
        ("SELECT a\nFROM t WHERE d = :busines_date", "Line 2: nothing is bound to :busines_date.*'business_date'"),
        ("SELECT a FROM t WHERE d = ?", "has no name"),
        ("SELECT 'open FROM t", "never closed"),
        ("SELECT 1 /* open", "never closed"),
        ("SELECT 1)", "closes nothing"),
    ],
)
def test_a_mistake_is_named_with_its_line(sql: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        bind(sql, DAY)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("it's", "'it''s'"),
        (7, "7"),
        (True, "TRUE"),
        (None, "NULL"),
        (Decimal("1.20"), "DECIMAL '1.20'"),
        (Decimal("1E+3"), "DECIMAL '1000'"),
        (date(2026, 3, 2), "DATE '2026-03-02'"),
        (datetime(2026, 3, 2, 4, 5, 6, 7), "TIMESTAMP '2026-03-02 04:05:06.000007'"),  # noqa: DTZ001
    ],
)
def test_each_kind_of_value_is_a_typed_literal(value: Any, text: str) -> None:
    assert literal(value) == text


def test_other_kinds_of_value_are_refused() -> None:
    with pytest.raises(BadInput, match="float"):
        literal(1.5)  # type: ignore[arg-type]


@given(st.text())
def test_no_text_escapes_its_literal(text: str) -> None:
    rendered = literal(text)
    assert rendered[1:-1].replace("''", "") == text.replace("'", "")
    again = bind(f"SELECT {rendered} FROM t", {})
    assert again.sql == f"SELECT {rendered} FROM t"


def test_an_unload_writes_parquet_and_keeps_the_parameters() -> None:
    query = bind("SELECT * FROM t WHERE d = :business_date -- today's", DAY)
    statement = unload(query, "s3://exchange/parity/it's/")
    assert statement.sql == (
        "UNLOAD (\nSELECT * FROM t WHERE d = ? -- today's\n)\nTO 's3://exchange/parity/it''s/'\n"
        "WITH (format = 'PARQUET', compression = 'SNAPPY')"
    )
    assert statement.request == {"sql": statement.sql, "parameters": ["DATE '2026-03-02'"]}


@pytest.mark.parametrize("place", ["exchange/", "s3://exchange/x", "abfss://c@a/x/"])
def test_an_unload_needs_a_folder_in_s3(place: str) -> None:
    with pytest.raises(BadInput):
        unload(bind("SELECT 1", {}), place)


def test_a_query_without_rows_has_the_same_columns() -> None:
    assert without_rows(bind("SELECT a FROM t", {})).sql == "SELECT * FROM (\nSELECT a FROM t\n) LIMIT 0"


QUERIES = sorted((PROJECT / "include" / "suites" / "sql").glob("*.sql"))


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.name)
def test_every_query_of_the_suites_can_be_unloaded(path: Path) -> None:
    statement = unload(bind(path.read_text(), DAY), "s3://exchange/x/")
    assert statement.sql.count("?") == len(statement.parameters)
