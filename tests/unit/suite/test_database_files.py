"""A folder of databases: every good one, and for every mistake the file, the line and what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from parity.cli.suites import command
from parity.suite.database_files import database_sha, holds_databases, load_databases

GOOD = "database: ledger\nowner: dba\nlegacy: rds\ntarget: azure\nexclude: {tmp_*: scratch}\n"
WAIVER = """
  - {suite: %s, activity: %s, owner: dba, reason: known for long, ticket: A-1, expires: 2099-01-01, max_rows: 3}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ledger.yaml").write_text(GOOD)
    return tmp_path


def errors(folder: Path) -> list[str]:
    return [str(error) for error in load_databases(folder).errors]


def test_a_broken_database_takes_no_other_down_and_is_told_with_line_and_suggestion(folder: Path) -> None:
    (folder / "broken.yaml").write_text("database: broken\nowner: dba\nlegcy: rds\ntarget: azure\n")
    loaded = load_databases(folder)
    assert [*loaded.models] == ["ledger"]
    assert loaded.paths == {"ledger": folder / "ledger.yaml"}
    assert f"{folder / 'broken.yaml'}:3: legcy: key 'legcy' is unknown. Did you mean 'legacy'?" in errors(folder)


@pytest.mark.parametrize(
    ("added", "line", "said"),
    [
        ("timezone: Europe/Londn\n", 6, "Did you mean 'Europe/London'?"),
        ("schedule: nightly\n", 6, "is not a cron expression"),
        ("tables: {tmp_x: {}}\n", 6, "which is left out: scratch"),
        ("tables:\n  t:\n    columns:\n      c: {legacy_timezone: UTC}\n", 9, "rewrites a side"),
        ("tables:\n  t:\n    key: [c]\n    columns:\n      c: {ignore: unused}\n", 8, "key column 'c' is ignored"),
        ("rds: {instance: a, cluster: b}\n", 6, "an instance or a cluster"),
        ("database: twice\n", 6, "occurs twice"),
        ("throttle: [1\n", 7, "is not YAML"),
    ],
)
def test_a_mistake_is_named_where_it_is(folder: Path, added: str, line: int, said: str) -> None:
    (folder / "ledger.yaml").write_text(GOOD + added)
    [error] = load_databases(folder).errors
    assert (error.line, said in str(error)) == (line, True), str(error)


def test_two_files_may_not_describe_one_database(folder: Path) -> None:
    (folder / "other.yaml").write_text(GOOD)
    assert "is already in ledger.yaml" in errors(folder)[0]


def test_waivers_are_read_and_one_for_nobody_is_refused(folder: Path) -> None:
    waivers = WAIVER % ("ledger", "entries") + WAIVER % ("ledgr", "entries") + WAIVER % ("ledger", "tmp_x")
    (folder / "waivers.yaml").write_text("waivers:" + waivers.replace("\n\n", "\n"))
    loaded = load_databases(folder)
    assert [(one.suite, one.activity) for one in loaded.waivers] == [("ledger", "entries")]
    assert [("Did you mean 'ledger'?" in e, "left out" in e) for e in errors(folder)] == [
        (True, False),
        (False, True),
    ]


def test_a_change_of_a_waiver_changes_the_fingerprint_and_a_folder_without_files_holds_nothing(
    folder: Path,
) -> None:
    before = database_sha(folder / "ledger.yaml")
    (folder / "waivers.yaml").write_text("waivers: []\n")
    assert database_sha(folder / "ledger.yaml") != before
    assert load_databases(folder / "nowhere").models == {}
    assert load_databases(folder).models["ledger"].key == "db.ledger"


def test_the_command_checks_databases_too_and_ends_with_2_on_a_mistake(folder: Path) -> None:
    fine = CliRunner().invoke(command, ["check", str(folder)])
    assert (fine.exit_code, "ledger: rules for 0 tables, 0 waivers: fine" in fine.output) == (0, True)
    (folder / "ledger.yaml").write_text(GOOD + "taget: x\n")
    assert holds_databases(folder / "ledger.yaml")
    wrong = CliRunner().invoke(command, ["check", str(folder / "ledger.yaml")])
    assert wrong.exit_code == 2
    assert "ledger.yaml:6: taget: key 'taget' is unknown. Did you mean 'target'?" in wrong.output
