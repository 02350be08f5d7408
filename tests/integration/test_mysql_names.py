"""A server that folds the case of tables' names, beside one that does not: one table, not two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mysql_servers import UTF8, TwoDatabases, counts, servers
from parity.clients.mysql import address
from parity.tablediff.runner import verify_database
from parity.tablediff.verdict import DatabaseResult
from parity_sandbox.mysql.server import Server

pytestmark = pytest.mark.mariadb
SCHEMA = """
CREATE TABLE Accounts (id INT PRIMARY KEY);
CREATE TABLE Entries (id INT PRIMARY KEY, account INT,
  CONSTRAINT fk FOREIGN KEY (account) REFERENCES Accounts (id));
CREATE VIEW Seen AS SELECT id FROM Entries;
CREATE TRIGGER stamp BEFORE INSERT ON Entries FOR EACH ROW SET NEW.account = NEW.account;
INSERT INTO Accounts VALUES (1);
INSERT INTO Entries VALUES (1, 1), (2, 1);
"""


@pytest.fixture(scope="module")
def folding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    like = servers()[1]
    options = (*like.options, "--lower-case-table-names=1")
    server = type(like)(tmp_path_factory.mktemp("folding"), options=options)
    server.install()
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["legacy", "target"])
def side(request: pytest.FixtureRequest) -> str:
    """Return the side whose server folds."""
    return str(request.param)


@pytest.fixture
def databases(tmp_path: Path, folding: Server) -> TwoDatabases:
    two = TwoDatabases("cased", tmp_path)
    two.fresh()
    two.both(SCHEMA)
    folding.run(f"DROP DATABASE IF EXISTS cased;\nCREATE DATABASE cased {UTF8};\n")
    folding.run(SCHEMA, "cased")
    return two


def verified(two: TwoDatabases, folding: Server, side: str, **spec: object) -> DatabaseResult:
    job = two.job(**spec)
    urls = {"legacy": address(servers()[0].url("cased")), "target": address(servers()[1].url("cased"))}
    urls[side] = address(folding.url("cased"))
    return verify_database(replace(job, connections=replace(job.connections, **urls)))


def test_tables_are_paired_whatever_the_case_that_one_server_keeps(
    databases: TwoDatabases, folding: Server, side: str
) -> None:
    result = verified(databases, folding, side)
    assert result.schema == ()
    assert result.verdict == "PASS", result.reason
    assert [table.table for table in result.tables] == ["Accounts", "Entries"]
    assert "upper and lower case in the names of tables" in {one.what for one in result.not_compared}


def test_what_differs_in_such_a_table_is_found(databases: TwoDatabases, folding: Server, side: str) -> None:
    folding.run(
        "ALTER TABLE entries ADD KEY by_account (id, account);\nDELETE FROM entries WHERE id = 2;\n", "cased"
    )

    result = verified(databases, folding, side, include=["Entries"])

    assert [(d.object, d.table) for d in result.schema] == [("Entries.by_account", "Entries")]
    assert sum(counts(result, "Entries")) == 1


def test_two_tables_whose_names_differ_in_case_alone_are_two_where_case_counts(databases: TwoDatabases) -> None:
    databases.legacy("CREATE TABLE t (id INT PRIMARY KEY);\nINSERT INTO t VALUES (1);\n")
    databases.target("CREATE TABLE T (id INT PRIMARY KEY);\nINSERT INTO T VALUES (1);\n")

    found = databases.verify(include=["t", "T"])

    assert found.verdict == "FAIL"
    assert {(d.object, d.difference) for d in found.schema} == {("t", "missing"), ("T", "extra")}
