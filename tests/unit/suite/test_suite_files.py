"""Right suites load; wrong ones say where and what was meant, and never take another down."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from parity.errors import SuiteError
from parity.settings import PROJECT
from parity.suite.suite_files import legacy_sql, load_suite, load_suites, suite_sha


def only_error(folder: Path) -> str:
    loaded = load_suites(folder)
    assert not loaded.models
    assert len(loaded.errors) == 1, [str(e) for e in loaded.errors]
    return str(loaded.errors[0]).removeprefix(f"{folder}/")


def test_a_right_suite_loads_with_every_word_understood(folder: Path) -> None:
    loaded = load_suites(folder)
    assert loaded.errors == ()
    [suite] = loaded.models.values()
    activity = suite.activity("settle_card_payments")
    assert suite.deadline == timedelta(hours=2)
    assert suite.aws.max_scan == 20 * 2**30
    assert activity.columns["amount"].tolerance.absolute == Decimal("0.01")
    assert activity.columns["settled_at"].tolerance.time == timedelta(milliseconds=1)
    assert loaded.paths == {"payments": folder / "payments.yaml"}


def test_norway_and_leading_zeros_stay_text(folder: Path) -> None:
    [suite] = load_suites(folder).models.values()
    assert suite.activities[0].expect.both[1]["ExpectColumnValuesToBeInSet"]["value_set"] == ["GB", "NO", "007"]


@pytest.mark.parametrize(
    ("old", "new", "reported"),
    [
        ("owner:", "ownr:", "payments.yaml:1: key 'owner' is missing."),
        ("tolerance: 0.01", "tolerence: 0.01", "payments.yaml:17: activity settle_card_payments, columns.amount"),
        ("wave: 1", "wave: 0", "payments.yaml:3: wave: input should be greater than or equal to 1."),
        ("deadline: 2h", "deadline: soon", "payments.yaml:6: deadline: 'soon' is not a duration"),
        ("tolerance: 1ms", "tolerance: -1", "payments.yaml:18: "),
        (
            "Europe/London",
            "Europe/Londn",
            ("payments.yaml:5: timezone: time zone 'Europe/Londn' is unknown. Did you mean 'Europe/London'?"),
        ),
        ('"0 2 * * *"', '"0 25 * * *"', "payments.yaml:4: schedule: schedule '0 25 * * *' is not a cron"),
        ('"0 2 * * *"', "{asset: [a]}", "payments.yaml:4: schedule: key 'assets' is missing."),
        ('"0 2 * * *"', "{assets: []}", "payments.yaml:4: schedule"),
        (
            '"0 2 * * *"',
            "{assets: [a]}\nstart: 2026-01-01",
            "payments.yaml:5: start: start catches up what a cron",
        ),
        (
            "sql: settle.sql",
            "sql: setle.sql",
            ("there is no file sql/setle.sql beside this suite. Did you mean 'settle.sql'?"),
        ),
        (
            ":business_date",
            ":busines_date",
            "binds :busines_date, which is unknown. Did you mean 'business_date'?",
        ),
        (
            "key: [payment_id]",
            "key: [batch_no]",
            ("payments.yaml:15: activity settle_card_payments, key[0]: key column 'batch_no' is ignored."),
        ),
        ("money: currency", "money: batch_no", "currency column 'batch_no' is ignored."),
        (
            "ExpectColumnValuesToNotBeNull: {column: payment_id}",
            'UnexpectedRowsExpectation: {unexpected_rows_query: "SELECT 1 WHERE false"}',
            "unexpected_rows_query: the query does not read {batch}: it would check nothing of the output.",
        ),
        ("money: currency", "money: amount", "a column cannot hold its own currency."),
        (
            "ToNotBeNull:",
            "ToNotBeNul:",
            (
                "payments.yaml:22: activity settle_card_payments, "
                "expect.both[0].ExpectColumnValuesToNotBeNul: expectation 'ExpectColumnValuesToNotBeNul' is "
                "unknown. Did you mean 'ExpectColumnValuesToNotBeNull'?"
            ),
        ),
        ("value_set: [", "values_set: [", "argument 'values_set' is unknown. Did you mean 'value_set'?"),
        ("{column: payment_id}", "{}", "ExpectColumnValuesToNotBeNull needs the argument 'column'."),
        ("{column: payment_id}", "{column: payment_id, severity: critcal}", "Did you mean 'critical'?"),
        ("ToNotBeNull: {column: payment_id}", "ToBeIncreasing: {column: payment_id}", "an export has no order"),
        (
            '"not migrated, PAY-311"',
            '"not migrated", trim: both',
            "is not compared, so its other rules have no effect",
        ),
        (
            "suite: payments",
            "suite: payments\nsuite: other",
            ("payments.yaml:2: key 'suite' occurs twice; the first is on line 1. Remove one of them."),
        ),
        ("wave: 1", "wave: [1", "payments.yaml:4: is not YAML:"),
        ("wave: 1", "wave: !!python/name:os.system x", "payments.yaml:3: tag"),
        (
            "batch_no: {ignore",
            "a: {legacy: z}\n      b: {legacy: z, ignore",
            "'z' is renamed to more than one column",
        ),
        ("tolerance: 0.01", "tolerance: a lot %", "'a lot %' is not a percentage"),
        ("tolerance: 0.01", 'replace: ["(", ""]', "'(' is not a regular expression"),
        (":business_date", "':business_date'", "has ':business_date': in quotes it is text and is not bound."),
        (
            "key: [payment_id]",
            "key: payment_id",
            "key: 'payment_id' is not a list. Write it in brackets: [payment_id].",
        ),
        (
            "tolerance: 0.01",
            "tolerance: a cent",
            "columns.amount.tolerance: 'a cent' is not a number. Write 0.01, 0.1% or 1ms.",
        ),
        (
            "wave: 1",
            "wave: 1\nmode: row",
            "mode: input should be 'rows', 'digest' or 'auto'. Did you mean 'rows'?",
        ),
        (
            "table: payments.settled",
            "table: payments settled",
            "'payments settled' is no table of Unity Catalog",
        ),
        (
            "ToBeInSet: {column: country, value_set: [GB, NO, 007]}",
            "ToMatchRegex: {column: country, regex: '[A-Z'}",
            "expect.both[1].ExpectColumnValuesToMatchRegex.regex: '[A-Z' is not a regular expression",
        ),
        ("amount: {", "paid: {legacy: payment_id}\n      amount: {", "column 'payment_id' is called 'paid'"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_was_meant(
    edit: Callable[..., Path], old: str, new: str, reported: str
) -> None:
    errors = [str(error) for error in load_suites(edit(old, new)).errors]
    assert any(reported in error for error in errors), errors


def test_an_unknown_key_suggests_the_models_own_keys(edit: Callable[..., Path]) -> None:
    message = only_error(edit("tolerance: 0.01", "tolerence: 0.01"))
    assert message.endswith("columns.amount.tolerence: key 'tolerence' is unknown. Did you mean 'tolerance'?")


def test_every_mistake_of_a_file_is_told_at_once(edit: Callable[..., Path]) -> None:
    folder = edit("wave: 1", "wave: 0\nonwer: x")
    assert len(load_suites(folder).errors) == 2


@pytest.mark.parametrize(
    ("query", "reported"),
    [
        ("select 1; drop table x", "sql/settle.sql:1 ends a statement and goes on"),
        ("", "sql/settle.sql is empty"),
        ("delete from settled", "starts with 'delete'"),
        ("select 'x", "sql/settle.sql:1 opens ' and never closes it"),
        ("select\n:day", "sql/settle.sql:2 binds :day"),
    ],
)
def test_a_query_that_may_not_run_is_refused(folder: Path, query: str, reported: str) -> None:
    (folder / "sql" / "settle.sql").write_text(query)
    assert reported in only_error(folder)


def test_one_broken_suite_never_takes_the_others_down(folder: Path) -> None:
    (folder / "broken.yaml").write_text("suite: [")
    (folder / "empty.yaml").write_text("")
    (folder / "latin.yaml").write_bytes(b"suite: caf\xe9")
    loaded = load_suites(folder)
    assert [*loaded.models] == ["payments"]
    assert {error.path.name for error in loaded.errors} == {"broken.yaml", "empty.yaml", "latin.yaml"}


def test_a_name_that_is_taken_is_refused_and_the_first_suite_stays(folder: Path) -> None:
    (folder / "second.yaml").write_text((folder / "payments.yaml").read_text())
    loaded = load_suites(folder)
    assert loaded.paths == {"payments": folder / "payments.yaml"}
    assert "suite 'payments' is already in payments.yaml" in str(loaded.errors[0])


def test_an_activity_that_is_there_twice_is_refused(edit: Callable[..., Path]) -> None:
    extra = "  - {name: Settle_Card_Payments, legacy: {sql: settle.sql}, target: {table: t}}\nactivities_end: x"
    folder = edit("activities:\n", "activities:\n" + extra.splitlines()[0] + "\n")
    assert "occurs twice" in only_error(folder)


def test_an_alias_that_contains_itself_is_refused(edit: Callable[..., Path]) -> None:
    assert "an alias contains itself" in only_error(edit("wave: 1", "wave: &a [*a]"))


def test_a_missing_folder_is_an_error_and_no_crash(tmp_path: Path) -> None:
    [error] = load_suites(tmp_path / "nowhere").errors
    assert "no such folder" in str(error)


def test_load_suite_raises_the_first_mistake(edit: Callable[..., Path]) -> None:
    folder = edit("wave: 1", "wave: 0")
    with pytest.raises(SuiteError, match=r"payments.yaml:3: wave"):
        load_suite(folder / "payments.yaml")


def test_the_query_of_an_activity_is_read_as_written(folder: Path) -> None:
    path = folder / "payments.yaml"
    assert "settlement_date = :business_date" in legacy_sql(path, load_suite(path).activities[0])


@pytest.mark.parametrize("name", ["payments.yaml", "sql/settle.sql", "waivers.yaml", "expectations.py"])
def test_the_fingerprint_follows_every_file_that_matters(folder: Path, name: str) -> None:
    before = suite_sha(folder / "payments.yaml")
    file = folder / name
    file.write_text(
        (file.read_text() if file.exists() else "") + ("\n-- changed" if name.endswith("sql") else "\n# changed")
    )
    assert suite_sha(folder / "payments.yaml") != before


@pytest.mark.parametrize(
    ("text", "entry", "reported"),
    [
        ("class ExpectFair(X):\n    limit: int = 3\n", "ExpectFair: {limit: 2, severity: warning}", ""),
        ("raise SystemExit\n\n\nclass ExpectFair: ...\n", "ExpectFair: {}", ""),
        ("class ExpectFair: ...\n", "ExpectFare: {}", "is unknown. Did you mean 'ExpectFair'?"),
        ("class ExpectFair: ...\n", "ExpectFair: {severity: loud}", "severity 'loud' is unknown"),
        ("class ExpectFair(:\n", "ExpectFair: {}", "expectations.py cannot be read: invalid syntax"),
    ],
)
def test_a_suite_names_classes_of_its_own_file_which_is_read_and_not_run(
    edit: Callable[..., Path], text: str, entry: str, reported: str
) -> None:
    folder = edit("ExpectColumnValuesToNotBeNull: {column: payment_id}", entry)
    (folder / "expectations.py").write_text(text)
    errors = load_suites(folder).errors
    assert len(errors) == bool(reported)
    assert all(reported in str(error) for error in errors)


def test_loading_imports_nothing_heavy() -> None:
    heavy = ("great_expectations", "pandas", "duckdb", "pyarrow", "sqlalchemy", "boto3", "httpx", "airflow")
    code = f"import sys, parity.suite.suite_files; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT / "include"
    )
    assert done.stdout.strip() == "[]"


def test_only_the_wanted_suites_file_is_read_as_yaml(folder: Path) -> None:
    (folder / "other.yaml").write_text("suite: [")
    assert len(load_suites(folder).errors) == 1
    wanted = load_suites(folder, "payments")
    assert ([*wanted.models], wanted.errors) == (["payments"], ())


@pytest.mark.parametrize(
    ("old", "new", "reported"),
    [
        (
            "key: [payment_id]",
            "key: [payment_id]  # TODO likely: unique",
            "payments.yaml:15: nobody has decided this yet: likely: unique. Decide it, then remove the TODO.",
        ),
        ("owner: payments-data", "owner: 'é # TODO no' # é, TODO no\n#TODO: who?", "payments.yaml:3: nobody"),
        ("activities:", "description: |\n  # TODO: text\n# TODO: why\nactivities:", "payments.yaml:13: nobody"),
        ("key: [payment_id]", "key: [\n    payment_id] # certain # TODO: really?", "payments.yaml:16: nobody"),
        (
            "country, value_set: [GB, NO, 007]}\n",
            "country, value_set: [GB]}\n# TODO last",
            "payments.yaml:24: nobody",
        ),
    ],
)
def test_a_comment_that_begins_with_todo_is_refused_until_it_is_gone(
    edit: Callable[..., Path], old: str, new: str, reported: str
) -> None:
    assert only_error(edit(old, new)).startswith(reported)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("owner: payments-data", 'owner: "a # TODO"  # see our TODO list'),
        ("deadline: 2h", "deadline: 2h\ndescription: |\n  # TODO: a text, and no comment"),
        ("deadline: 2h", "deadline: 2h  # TODOS are elsewhere"),
    ],
)
def test_todo_elsewhere_is_a_word_like_others(edit: Callable[..., Path], old: str, new: str) -> None:
    assert load_suites(edit(old, new)).errors == ()
