"""Steps of databases.feature, against two real servers."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from mysql_servers import TwoDatabases, counts
from parity.flow.databases.outcome import DatabaseResult

pytestmark = pytest.mark.mariadb
scenarios("databases.feature")


@given("the ledger on the legacy server and its copy on the target", target_fixture="ledger")
def ledger(tmp_path: Path) -> TwoDatabases:
    two = TwoDatabases("ledger_feature", tmp_path)
    two.fresh()
    two.both(
        "CREATE TABLE entries (id INT PRIMARY KEY, amount DECIMAL(10,2), memo VARCHAR(40), KEY by_memo (memo));\n"
        "INSERT INTO entries SELECT seq, seq * 1.11, CONCAT('memo ', seq) FROM seq_1_to_500;\n"
        "CREATE TABLE merchants (id INT PRIMARY KEY, name VARCHAR(40));\n"
        "INSERT INTO merchants VALUES (1, 'Ada'), (2, 'Bo');\n"
    )
    return two


@when(parsers.parse("the target loses one cent of entry {number:d}"))
def lose_a_cent(ledger: TwoDatabases, number: int) -> None:
    ledger.target(f"UPDATE entries SET amount = amount - 0.01 WHERE id = {number};\n")


@when(parsers.parse("the target loses entry {number:d}"))
def lose_an_entry(ledger: TwoDatabases, number: int) -> None:
    ledger.target(f"DELETE FROM entries WHERE id = {number};\n")


@when(parsers.parse("the target gains entry {number:d}"))
def gain_an_entry(ledger: TwoDatabases, number: int) -> None:
    ledger.target(f"INSERT INTO entries VALUES ({number}, 1, 'new');\n")


@when("the target forgets the index of entries")
def forget_the_index(ledger: TwoDatabases) -> None:
    ledger.target("ALTER TABLE entries DROP KEY by_memo;\n")


@when("the target forgets table merchants")
def forget_a_table(ledger: TwoDatabases) -> None:
    ledger.target("DROP TABLE merchants;\n")


@when("I compare both databases", target_fixture="result")
def compare(ledger: TwoDatabases) -> DatabaseResult:
    return ledger.verify()


@then(parsers.parse("the verdict is {verdict}"))
def verdict_is(result: DatabaseResult, verdict: str) -> None:
    assert result.verdict == verdict, result.reason


@then("every table was compared in full")
def in_full(result: DatabaseResult) -> None:
    assert [table.result.coverage for table in result.tables] == [1.0, 1.0]
    assert [table.result.rows.equal for table in result.tables] == [500, 2]


@then(parsers.parse("table {name} has {changed:d} changed, {missing:d} missing and {extra:d} extra rows"))
def table_has(result: DatabaseResult, name: str, changed: int, missing: int, extra: int) -> None:
    assert counts(result, name) == (changed, missing, extra)


@then(parsers.parse("the difference is in column {name}"))
def in_column(result: DatabaseResult, name: str) -> None:
    found = {c.name for t in result.tables for c in t.result.columns if c.different}
    assert found == {name}


@then(parsers.parse("the schema says that {kind} {name} is missing"))
def schema_says(result: DatabaseResult, kind: str, name: str) -> None:
    assert (kind, name, "missing") in {(d.kind, d.object, d.difference) for d in result.schema}
