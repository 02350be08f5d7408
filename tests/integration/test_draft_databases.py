"""``parity databases draft`` over two servers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mysql_servers import TwoDatabases, servers
from parity.cli import cli
from parity.errors import BadInput
from parity.suite.database_files import load_databases
from parity_sandbox.demo.connections import database

pytestmark = pytest.mark.mariadb
LEGACY = """
CREATE TABLE entries (id BIGINT PRIMARY KEY, amount DECIMAL(18, 4), currency CHAR(3), iban VARCHAR(34),
  at DATETIME(6), cust_no INT, flag INT);
CREATE TABLE events (kind VARCHAR(9), at DATETIME);
CREATE TABLE scratch (id INT PRIMARY KEY);
"""
TARGET = """
CREATE TABLE entries (id BIGINT PRIMARY KEY, amount DECIMAL(18, 2), currency CHAR(3), iban VARCHAR(34),
  at DATETIME, customer_number INT, flag VARCHAR(9));
CREATE TABLE events (kind VARCHAR(9), at DATETIME);
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    two = TwoDatabases("drafted", tmp_path)
    two.fresh()
    for server, statements in zip(servers(), (LEGACY, TARGET), strict=True):
        server.run(statements, "drafted")
    for name, server in zip(("rds", "flexible"), servers(), strict=True):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(database(server.url("drafted"))))
    monkeypatch.setenv("PARITY_DATABASES", str(tmp_path / "databases"))
    return tmp_path / "databases"


def draft(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["databases", "draft", "drafted", "--legacy", "rds", *arguments])


def test_what_both_catalogues_show_is_written_and_what_they_do_not_is_asked(folder: Path) -> None:
    done = draft("--target", "flexible", "--owner", "payments")
    assert done.exit_code == 0, done.output
    text = (folder / "drafted.yaml").read_text()
    errors = [
        error.message.removeprefix("nobody has decided this yet: ") for error in load_databases(folder).errors
    ]
    fewer = "which has fewer digits: write a tolerance if they may be lost"
    assert errors == [
        "unknown: one side only has scratch (legacy): exclude them with a reason, or they are differences.",
        f"likely: decimal(18,4) became decimal(18,2), {fewer}; likely: money by its name.",
        f"likely: datetime(6) became datetime, {fewer}.",
        "likely: renamed, of a like name.",
        "likely: int(11) became varchar(9), compared as texts: change a type, or ignore it with a reason.",
        "unknown: no key is declared; without one, whole rows are compared.",
    ]
    assert "      iban: {sensitive: true} # likely: sensitive by its name\n" in text
    assert "      customer_number: {legacy: cust_no} # TODO" in text
    assert "6 decisions left to you" in done.output


def test_drafting_again_keeps_what_a_person_wrote(folder: Path) -> None:
    draft("--target", "flexible")
    path = folder / "drafted.yaml"
    decided = "\n".join(line.partition(" # TODO")[0] for line in path.read_text().splitlines())
    path.write_text(decided.replace("include: ['*']", "include: [entries]  # mine") + "\n")
    before = path.read_text()
    assert draft().exit_code == 0
    assert path.read_text() == before


def test_a_connection_that_is_not_given_is_asked_for(folder: Path) -> None:
    failed = draft().exception
    assert isinstance(failed, BadInput)
    assert failed.remedy == "Give --target ID."
