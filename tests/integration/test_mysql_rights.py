"""A user who may not see everything: what is hidden on both sides is not taken for equal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from mysql_servers import MySQLServer, TwoDatabases, servers
from parity.tablediff.runner import verify_database
from parity.tablediff.verdict import DatabaseResult

pytestmark = pytest.mark.mariadb
SCHEMA = """
CREATE TABLE entries (id INT PRIMARY KEY);
CREATE TABLE secrets (id INT PRIMARY KEY);
INSERT INTO entries VALUES (1), (2);
INSERT INTO secrets VALUES (1);
CREATE VIEW seen AS SELECT id FROM entries;
CREATE TRIGGER stamp BEFORE INSERT ON entries FOR EACH ROW SET NEW.id = NEW.id + 1;
CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2;
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 03:00:00' DISABLE DO DELETE FROM entries;
"""
EVERYTHING = "SELECT, SHOW VIEW, TRIGGER, EVENT ON *.*"


@pytest.fixture
def databases(tmp_path: Path) -> Iterator[TwoDatabases]:
    two = TwoDatabases("rights", tmp_path)
    two.fresh()
    two.both(SCHEMA)
    yield two
    for server in servers():
        server.run("DROP USER IF EXISTS 'limited'@'127.0.0.1';\n")


def as_limited(two: TwoDatabases, *grants: str, **spec: object) -> DatabaseResult:
    """Verify as a user with these grants on both sides."""
    for server in servers():
        server.run("DROP USER IF EXISTS 'limited'@'127.0.0.1';\n")
        server.run("CREATE USER 'limited'@'127.0.0.1' IDENTIFIED BY 'limited-pass';\n")
        for grant in grants:
            server.run(f"GRANT {grant} TO 'limited'@'127.0.0.1';\n")
    return as_granted(two, **spec)


def as_granted(two: TwoDatabases, **spec: object) -> DatabaseResult:
    """Verify as the user that is there."""
    job = two.job(**spec)
    legacy, target = (
        replace(where, user="limited", password=SecretStr("limited-pass"))
        for where in (job.connections.legacy, job.connections.target)
    )
    return verify_database(replace(job, connections=replace(job.connections, legacy=legacy, target=target)))


def test_who_may_see_everything_may_say_that_all_is_equal(databases: TwoDatabases) -> None:
    result = as_limited(databases, EVERYTHING)
    assert result.verdict == "PASS", result.reason


@pytest.mark.parametrize(
    ("right", "kind", "change"),
    [
        ("SHOW VIEW", "views", "CREATE OR REPLACE VIEW seen AS SELECT id + 1 AS id FROM entries"),
        ("TRIGGER", "triggers", "DROP TRIGGER stamp"),
        ("EVENT", "events", "DROP EVENT nightly"),
    ],
)
def test_a_difference_that_is_hidden_for_want_of_a_right_is_never_green(
    databases: TwoDatabases, right: str, kind: str, change: str
) -> None:
    databases.target(change)

    result = as_limited(databases, EVERYTHING.replace(f"{right}, ", "").replace(f", {right}", ""))

    assert result.verdict == "INVALID"
    assert f"{kind} of the legacy side" in result.reason
    assert f"no {right} right" in result.reason
    assert {f"{kind} of the {side} side" for side in ("legacy", "target")} <= {n.what for n in result.not_compared}
    assert [table.result.verdict for table in result.tables] == ["PASS", "PASS"]


def test_tables_that_may_be_hidden_are_not_equal_unless_the_wanted_ones_are_named(databases: TwoDatabases) -> None:
    grants = ("SELECT ON rights.entries", "EXECUTE ON rights.*")

    hidden = as_limited(databases, *grants)
    assert hidden.verdict == "INVALID"
    assert "tables of the legacy side: some may be hidden" in hidden.reason

    named = as_limited(databases, *grants, include=["entries"])
    assert [(table.table, table.result.verdict) for table in named.tables] == [("entries", "PASS")]
    assert "tables of" not in named.reason


def test_a_routine_whose_body_is_hidden_is_not_equal(databases: TwoDatabases) -> None:
    databases.target("DROP FUNCTION twice;\nCREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 3")

    result = as_limited(databases, "SELECT, SHOW VIEW, TRIGGER, EVENT, EXECUTE ON rights.*")

    assert result.verdict == "INVALID"
    assert "the definition of twice is hidden" in result.reason


@pytest.mark.parametrize("include", [["*"], ["entries"]])
def test_columns_that_a_user_may_not_see_are_never_taken_for_equal(
    databases: TwoDatabases, include: list[str]
) -> None:
    databases.both("ALTER TABLE entries ADD amount INT, ADD note TEXT")
    databases.target("UPDATE entries SET amount = id")

    result = as_limited(databases, "SELECT (id, note) ON rights.entries", include=include)

    assert result.verdict == "INVALID"
    table = {one.table: one.result for one in result.tables}["entries"]
    assert table.verdict == "INVALID"
    assert "rights on some columns of the legacy side only" in table.reason or include == ["*"]
    assert result.reason


def test_a_role_that_is_not_active_shows_nothing(databases: TwoDatabases) -> None:
    for server in servers():
        server.run(f"DROP ROLE IF EXISTS reader;\nCREATE ROLE reader;\nGRANT {EVERYTHING} TO reader;\n")
    try:
        inactive = as_limited(databases, "SELECT ON rights.*", "reader")
        assert inactive.verdict == "INVALID"
        assert "no TRIGGER right" in str(inactive.not_compared)
        for server in servers():
            word = "TO" if isinstance(server, MySQLServer) else "FOR"
            server.run(f"SET DEFAULT ROLE reader {word} 'limited'@'127.0.0.1';\n")
        assert as_granted(databases).verdict == "PASS"
    finally:
        for server in servers():
            server.run("DROP ROLE reader;\n")


def test_of_two_patterns_the_server_takes_the_name_itself(databases: TwoDatabases) -> None:
    databases.target("DROP TRIGGER stamp")
    everything = EVERYTHING.replace("*.*", "`righ%`.*")

    result = as_limited(databases, everything, "SELECT, SHOW VIEW, EVENT, EXECUTE ON rights.*")

    assert result.verdict == "INVALID"
    assert "triggers of the legacy side" in {one.what for one in result.not_compared}
