"""Steps of databases.feature, against two real servers."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from mysql_servers import FAMILY, MIXED, TwoDatabases, counts
from parity.suite.models import Waiver
from parity.tablediff.runner import verify_database
from parity.tablediff.schema.cutover import CutoverLine
from parity.tablediff.verdict import DatabaseResult

pytestmark = pytest.mark.mariadb
scenarios("databases.feature")


@given("the ledger on the legacy server and its copy on the target", target_fixture="ledger")
def ledger(tmp_path: Path) -> TwoDatabases:
    two = TwoDatabases("ledger_feature", tmp_path)
    two.fresh()
    two.both(
        "CREATE TABLE merchants (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40));\n"
        "INSERT INTO merchants VALUES (1, 'Ada'), (2, 'Bo');\n"
        "CREATE TABLE entries (id INT PRIMARY KEY, amount DECIMAL(10,2), memo VARCHAR(40), KEY by_memo (memo));\n"
        "INSERT INTO entries SELECT seq, seq * 1.11, CONCAT('memo ', seq) FROM seq_1_to_500;\n"
    )
    return two


@pytest.fixture
def declared() -> dict[str, Any]:
    """What the database's file and its waivers say beside the defaults."""
    return {"rules": {}, "waivers": []}


def _waiver(**about: Any) -> Waiver:
    owner = {"suite": "ledger_feature", "activity": "entries", "owner": "dba", "ticket": "PAY-311"}
    return Waiver.model_validate({"reason": "known since the migration", "max_rows": 1, **owner, **about})


@given(parsers.parse("a waiver for {rows:d} rows of column {column} that expires on {day}"))
def waived(declared: dict[str, Any], rows: int, column: str, day: str) -> None:
    declared["waivers"].append(_waiver(column=column, max_rows=rows, expires=day))


@given("a waiver for the schema of entries")
def schema_waived(declared: dict[str, Any]) -> None:
    declared["waivers"].append(_waiver(kind="schema", expires="2026-12-31"))


@given(parsers.parse("the rule that {column} is money in {currency}"))
def money(ledger: TwoDatabases, declared: dict[str, Any], column: str, currency: str) -> None:
    ledger.both(f"ALTER TABLE entries ADD currency CHAR(3) NOT NULL DEFAULT '{currency}';\n")
    declared["rules"][column] = {"money": "currency"}


@given(parsers.parse("the rule that {column} is sensitive"))
def sensitive(declared: dict[str, Any], column: str) -> None:
    declared["rules"][column] = {"sensitive": True}


@given(parsers.parse("the rule that {column} may be off by {tolerance}"))
def tolerant(declared: dict[str, Any], column: str, tolerance: str) -> None:
    declared["rules"][column] = {"tolerance": tolerance}


@when("a day passes")
def a_day_passes(ledger: TwoDatabases) -> None:
    ledger.clock.sleep(86_400)


@when(parsers.parse('the target changes the memo of entry {number:d} to "{memo}"'))
def change_a_memo(ledger: TwoDatabases, number: int, memo: str) -> None:
    ledger.target(f"UPDATE entries SET memo = '{memo}' WHERE id = {number};\n")


@when("the target forgets to move its next merchant above the last")
def forget_the_counter(ledger: TwoDatabases) -> None:
    ledger.legacy("ALTER TABLE merchants AUTO_INCREMENT = 1000;\nINSERT INTO merchants (name) VALUES ('Cy');\n")


@when("both have a log of two equal lines")
def log(ledger: TwoDatabases) -> None:
    ledger.both("CREATE TABLE log (line VARCHAR(40));\nINSERT INTO log VALUES ('paid'), ('paid');\n")


@when("the target loses one line of the log")
def lose_a_line(ledger: TwoDatabases) -> None:
    ledger.target("DELETE FROM log LIMIT 1;\n")


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
def compare(ledger: TwoDatabases, declared: dict[str, Any]) -> DatabaseResult:
    job = ledger.job(tables={"entries": {"columns": declared["rules"]}})
    return verify_database(replace(job, waivers=tuple(declared["waivers"])))


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


@then(parsers.parse("{amount} {currency} are missing in column {name}"))
def money_is_missing(result: DatabaseResult, amount: str, currency: str, name: str) -> None:
    found = {c.name: c.money for t in result.tables for c in t.result.columns if c.money}
    assert [(m.currency, m.net) for m in found[name]] == [(currency, -Decimal(amount))]


@then(parsers.parse('the result says nowhere "{words}"'))
def says_nowhere(result: DatabaseResult, words: str) -> None:
    assert words not in json.dumps(result.to_json())


@then(parsers.parse('the cut-over list says that "{check}" differs'))
def cut_over_differs(result: DatabaseResult, check: str) -> None:
    assert [line.check for line in _compared(result) if line.status == "differs"] == [check]


@then("no line of the cut-over list differs")
def cut_over_is_ok(result: DatabaseResult) -> None:
    assert {line.status for line in _compared(result)} == {"ok"}


def _compared(result: DatabaseResult) -> list[CutoverLine]:
    """Return the cut-over list; of two families without the servers' settings, which do differ."""
    return [line for line in result.cutover if FAMILY != MIXED or line.check.startswith("auto-increment")]


@then(parsers.parse("the schema says that {kind} {name} is missing"))
def schema_says(result: DatabaseResult, kind: str, name: str) -> None:
    assert (kind, name, "missing") in {(d.kind, d.object, d.difference) for d in result.schema}
