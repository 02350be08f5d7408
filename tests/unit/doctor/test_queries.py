"""What the text of a query shows of its tables and columns, and where it shows nothing for certain."""

from __future__ import annotations

import pytest

from parity.doctor.queries import TableName, read_query

READ = {
    "SELECT a, b FROM t WHERE d = :business_date": (["t"], ("a", "b")),
    'select t.a, x.b as c, sum(v) total, "Up Per" from db.t join other.u x on t.k = x.k, cat.s.v': (
        ["db.t", "other.u", "cat.s.v"],
        ("a", "c", "total", "up per"),
    ),
    "with x as (select a from base), y (b) as (select a from x) select b, 'from z' as c from y": (
        ["base"],
        ("b", "c"),
    ),
    "select extract(year from d) as y, trim(both from s) as s2 from t": (["t"], ("y", "s2")),
    "select a is distinct from b as same from (select a, b from inner_t) s": (["inner_t"], ("same",)),
    "select a from t union all select b from u": (["t", "u"], ("a",)),
    "select distinct a /* from nowhere */ from t -- from there\n": (["t"], ("a",)),
    "select a from t cross join unnest(xs) as z(x)": (["t"], ("a",)),
    "select (select max(v) from w) as m from t, v where a in (1, 2)": (["w", "t", "v"], ("m",)),
}
UNKNOWN = (
    "select a + b from t",
    "select cast(a as varchar) from t",
    "select case when a then 1 end from t",
    "select 1 from t",
    "select current_date from t",
    "with x as (select * from t) select * from x",
    "table t",
)


@pytest.mark.parametrize("sql", READ)
def test_tables_and_names_are_read(sql: str) -> None:
    tables, columns = READ[sql]
    found = read_query(sql)
    assert [str(table) for table in found.tables] == tables
    assert found.columns == columns


def test_columns_that_pass_unchanged_are_known_of_a_query_over_one_table() -> None:
    query = read_query('SELECT a, t.b AS c, "D" AS e, f + 1 AS g, max(h) AS i, current_date AS j FROM t')
    assert query.reads == ("a", "b", "d")
    assert read_query("select a from t join u on t.k = u.k").reads == ()
    assert read_query("select a from (select b as a from t) s").reads == ()


@pytest.mark.parametrize("sql", UNKNOWN)
def test_columns_without_a_name_in_the_text_are_not_guessed(sql: str) -> None:
    assert read_query(sql).columns is None


def test_a_star_stands_for_the_columns_of_the_only_table() -> None:
    query = read_query("select *, a as b from t")
    assert query.columns_with({TableName("t"): ("a", "d")}) == ("a", "d", "b")
    assert query.columns_with({}) is None


def test_a_star_over_two_tables_is_not_known() -> None:
    query = read_query("select * from t join u on t.a = u.a")
    assert query.columns_with({TableName("t"): ("a",), TableName("u"): ("a",)}) is None
