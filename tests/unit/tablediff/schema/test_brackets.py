"""An expression as MySQL prints it, and as MariaDB does: equal only where both are read the same way."""

from __future__ import annotations

from dataclasses import replace

import pytest

import mysql97
from parity.compare.result import Result, Rows, Verdict
from parity.sql.mysql_tokens import tokens
from parity.tablediff.mysql.catalogue import Catalogue
from parity.tablediff.schema.diff import SchemaDifference, diff_schema
from parity.tablediff.schema.normalise import Style, default, expression, query
from parity.tablediff.verdict import DatabaseResult, TableResult, judge_database

FOREIGN = Style(other_product=True)
EQUAL = [
    ("((`a` >= 0) and (`b` >= 0))", "`a` >= 0 and `b` >= 0"),
    ("((`a` = 1) or ((`b` = 2) or (`c` = 3)))", "`a` = 1 or `b` = 2 or `c` = 3"),
    ("((`s` in ('n','p')) or (`x` is not null))", "`s` in ('n','p') or `x` is not null"),
    ("((`a` <> 13) and ((`f` < 5) or (`a` > 100)))", "`a` <> 13 and (`f` < 5 or `a` > 100)"),
    ("((`a` % 2) = 0)", "`a` MOD 2 = 0"),
    ("((((`a` * 2) - (`f` / 3)) + 1) > 0)", "`a` * 2 - `f` / 3 + 1 > 0"),
    ("(case when (`f` > 1) then (`a` > 2) else 1 end)", "case when `f` > 1 then `a` > 2 else 1 end"),
    ("(concat((`a` + `b`),'x') = 1)", "concat(`a` + `b`,'x') = 1"),
    ("((`d` + interval 1 day) > 3)", "`d` + interval 1 day > 3"),
    ("(`a` between (`b` - 1) and (`c` + 1))", "`a` between `b` - 1 and `c` + 1"),
    ("((`a` > 1) and (not((`b` like 'x%'))))", "`a` > 1 and `b` not like 'x%'"),
    ("(length(`a`) = lower(`b`))", "octet_length(`a`) = lcase(`b`)"),
    ("-(`a`)", "-`a`"),
]
DIFFERENT = [
    ("(`a` - (`b` - 1))", "`a` - `b` - 1"),
    ("(`a` / (`b` * `c`))", "`a` / `b` * `c`"),
    ("((`a` or `b`) and `c`)", "`a` or `b` and `c`"),
    ("(`x` between 1 and (`a` and `b`))", "`x` between 1 and `a` and `b`"),
    ("(not((`a` and `b`)))", "not `a` and `b`"),
    ("((not `a`) = 1)", "not `a` = 1"),
    ("((`a` = `b`) = `c`)", "`a` = `b` = `c`"),
    ("(`a` = (`b` = `c`))", "`a` = `b` = `c`"),
    ("(-(`a` + `b`))", "-`a` + `b`"),
    ("((`a`,`b`) = (1,2))", "`a`,`b` = (1,2)"),
    ("((`a` = 1) is null)", "`a` = 1 is null"),
    ("(`a` + `b` not like 'x')", "not `a` + `b` like 'x'"),
    ("(`a` in (1))", "`a` in 1"),
    ("((`a` > 1) and (`b` > 1))", "`a` > 1 or `b` > 1"),
]


@pytest.mark.parametrize(("mysql", "mariadb"), EQUAL)
def test_what_is_read_the_same_way_is_equal(mysql: str, mariadb: str) -> None:
    assert expression(tokens(mysql), FOREIGN) == expression(tokens(mariadb), FOREIGN)
    assert query(tokens(f"as select {mysql} as `x`"), FOREIGN) == query(
        tokens(f"as select {mariadb} as `x`"), FOREIGN
    )


@pytest.mark.parametrize(("mysql", "mariadb"), DIFFERENT)
def test_what_is_read_in_another_way_differs(mysql: str, mariadb: str) -> None:
    assert expression(tokens(mysql), FOREIGN) != expression(tokens(mariadb), FOREIGN)


def test_two_servers_of_one_product_are_compared_as_they_print() -> None:
    assert expression(tokens("(`a` = 1) and `b`")) != expression(tokens("`a` = 1 and `b`"))


def test_a_binary_default_is_its_bytes() -> None:
    def of(text: str) -> str:
        return default(tokens(text), FOREIGN)

    assert of("0x00FF") == of(r"'\0\xff'") != of("0x00FE")
    assert of("0x6162") == of("'ab'") != of(r"'a\b'")


CHECKED = "CREATE TABLE `t` (\n  `a` int,\n  CONSTRAINT `c` CHECK ({})\n) ENGINE=InnoDB"


def against_mariadb(mysql: str, mariadb: str) -> tuple[SchemaDifference, ...]:
    """Return how a check differs between the two products."""
    base = mysql97.recorded("legacy")
    table = [{**record, "name": "t"} for record in base.records["tables"] if record["name"] == "T"]
    empty = dict.fromkeys(base.records, ())
    server = [{"name": "x", "version": "9.7.4", "folds": 0}]
    one = Catalogue({**empty, "tables": table, "server": server}, created={"table": {"t": CHECKED.format(mysql)}})
    other = replace(one, mariadb=True, created={"table": {"t": CHECKED.format(mariadb)}})
    return diff_schema(one, other, bool)


def test_what_cannot_be_compared_between_the_products_is_invalid_until_it_is_waived() -> None:
    assert against_mariadb("(`a` > 1)", "`a` > 1") == ()
    (certain,) = against_mariadb("(`a` > 1)", "`a` > 2")
    (unsure,) = against_mariadb("regexp_like(`a`,'x')", "`a` regexp 'x'")
    table = TableResult("t", Result(Verdict.PASS, "", Rows(1, 1, 1)))

    def judged(*schema: SchemaDifference) -> DatabaseResult:
        return judge_database(DatabaseResult("d", Verdict.INVALID, "", (table,), schema), ())

    assert judged(certain).verdict is Verdict.FAIL
    assert judged(unsure).verdict is judged(certain, unsure).verdict is Verdict.INVALID
    assert "The check of check t.c cannot be judged" in judged(unsure).reason
    assert judged(replace(unsure, waived="T-1")).verdict is Verdict.WAIVED
