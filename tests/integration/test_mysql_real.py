"""What MySQL alone has: documents with types, generated keys, partial revokes, no MD5; on a server that exists."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pymysql
import pytest
from pydantic import SecretStr

from fake_clock import FakeClock
from mysql_servers import counts
from parity.clients.mysql import Address, address, connect
from parity.suite.databases import Database
from parity.tablediff.job import Job
from parity.tablediff.rows.checkpoint import MemoryCheckpoints
from parity.tablediff.runner import verify_database
from parity.tablediff.sessions.pair import Connections
from parity.tablediff.verdict import DatabaseResult

SERVER = os.environ.get("PARITY_TEST_MYSQL", "")
pytestmark = pytest.mark.skipif(
    not SERVER, reason="set PARITY_TEST_MYSQL to mysql://root@127.0.0.1:PORT/ of a MySQL server for tests"
)


@dataclass
class OnMySQL:
    """Two databases on one MySQL server."""

    folder: Path
    name: str = "parity_real"

    @property
    def addresses(self) -> tuple[Address, Address]:
        """Return the addresses of both."""
        base = SERVER.rstrip("/")
        return address(f"{base}/{self.name}_legacy"), address(f"{base}/{self.name}_target")

    def run(self, *statements: str, on: tuple[int, ...] = (0, 1)) -> None:
        """Run statements in both databases, or one."""
        for at in on:
            where = self.addresses[at]
            password = where.password.get_secret_value()
            options: dict[str, Any] = {
                "host": where.host,
                "port": where.port,
                "user": where.user,
                "password": password,
            }
            with pymysql.connect(**options, autocommit=True) as connection, connection.cursor() as cursor:
                cursor.execute(f"CREATE DATABASE IF NOT EXISTS {where.database}")
                cursor.execute(f"USE {where.database}")
                for statement in statements:
                    cursor.execute(statement.replace("{db}", where.database))

    def verify(self, user: str = "", **spec: Any) -> DatabaseResult:
        """Verify, as root or as another user."""
        sides = self.addresses
        if user:
            sides = tuple(replace(side, user=user, password=SecretStr("p"), tls="unverified") for side in sides)  # type: ignore[assignment]
        declared = {"database": "real", "owner": "dba", "legacy": "l", "target": "t", "allow_empty": True}
        throttle = {"settle": "0s", **spec.pop("throttle", {})}
        declared = Database.model_validate({**declared, "throttle": throttle, **spec})
        return verify_database(Job(declared, Connections(*sides), MemoryCheckpoints(), self.folder, FakeClock()))


@pytest.fixture
def two(tmp_path: Path) -> Iterator[OnMySQL]:
    found = OnMySQL(tmp_path)
    found.run("DROP DATABASE {db}")
    found.run("DROP USER IF EXISTS limited")
    yield found
    found.run("DROP DATABASE {db}", "DROP USER IF EXISTS limited")


DOCUMENTS = {
    "a date": ("JSON_OBJECT('a', CAST('2026-01-01' AS DATE))", """'{"a": "2026-01-01"}'"""),
    "a time": ("CAST(CAST('10:00:00' AS TIME) AS JSON)", """'"10:00:00.000000"'"""),
    "a decimal": ("JSON_ARRAY(1, JSON_ARRAY(CAST(1.5 AS DECIMAL(5,1))))", "'[1, [1.5]]'"),
    "a decimal without a point": ("JSON_ARRAY(CAST(1 AS DECIMAL(3,0)))", "'[1]'"),
    "a large one": ("JSON_OBJECT('a', CAST(123456789012 AS DECIMAL(20,0)))", """'{"a": 123456789012}'"""),
    "bytes": ("JSON_ARRAY(x'00ff')", """'["base64:type15:AP8="]'"""),
    "a double and an integer": ("'[1.0]'", "'[1]'"),
}


@pytest.mark.parametrize("strategy", ["digest", "stream"])
def test_a_document_is_equal_only_with_the_types_of_its_values(two: OnMySQL, strategy: str) -> None:
    for at, values in enumerate(DOCUMENTS.values()):
        two.run(
            f"CREATE TABLE t{at} (id INT PRIMARY KEY, v JSON)", f"CREATE TABLE u{at} (id INT PRIMARY KEY, v JSON)"
        )
        for side, value in enumerate(values):
            two.run(
                f"INSERT INTO t{at} VALUES (1, {value})", f"INSERT INTO u{at} VALUES (1, {values[0]})", on=(side,)
            )

    result = two.verify(throttle={"strategy": strategy})

    for at, name in enumerate(DOCUMENTS):
        assert counts(result, f"t{at}") == (1, 0, 0), name
        assert counts(result, f"u{at}") == (0, 0, 0), name


@pytest.mark.parametrize("strategy", ["digest", "stream"])
def test_vectors_are_compared_by_their_bytes(two: OnMySQL, strategy: str) -> None:
    two.run(
        "CREATE TABLE t (id INT PRIMARY KEY, v VECTOR(3), w VECTOR(3) NOT NULL)",
        "INSERT INTO t VALUES (1, NULL, TO_VECTOR('[0, 1, 2]')), (2, TO_VECTOR('[1]'), TO_VECTOR('[1]')),"
        " (3, TO_VECTOR('[1, 2]'), TO_VECTOR('[0]'))",
    )
    assert two.verify(throttle={"strategy": strategy}).verdict == "PASS"
    two.run("UPDATE t SET v = TO_VECTOR('[1, 2, 0]') WHERE id = 3", on=(1,))
    two.run("UPDATE t SET w = TO_VECTOR('[-0.0, 1, 2]') WHERE id = 1", on=(1,))
    found = two.verify(throttle={"strategy": strategy})
    assert counts(found, "t") == (2, 0, 0), found.reason


def test_a_password_is_sent_as_utf_8(two: OnMySQL) -> None:
    two.run("CREATE TABLE t (id INT PRIMARY KEY)")
    two.run("CREATE USER limited IDENTIFIED BY 'p€é'", "GRANT ALL ON *.* TO limited", on=(0,))
    sides = [replace(side, user="limited", password=SecretStr("p€é"), tls="unverified") for side in two.addresses]
    for side in sides:
        session = connect(side)
        assert session.rows("SELECT CURRENT_USER()") == [("limited@%",)]
        session.close()


SUBPARTITIONED = """CREATE TABLE t (id INT, d DATE, PRIMARY KEY (id, d)) PARTITION BY RANGE (year(d))
SUBPARTITION BY HASH (id) (PARTITION p0 VALUES LESS THAN (2020) (SUBPARTITION s0, SUBPARTITION {}),
PARTITION p1 VALUES LESS THAN MAXVALUE (SUBPARTITION s2, SUBPARTITION s3))"""


@pytest.mark.parametrize("other", ["S1", "sx", "s1 COMMENT 'x'", "s1 MAX_ROWS = 9"])
def test_a_subpartition_has_a_name_and_clauses_of_its_own(two: OnMySQL, other: str) -> None:
    two.run(SUBPARTITIONED.replace("{}", "s1"), on=(0,))
    two.run(SUBPARTITIONED.replace("{}", other), on=(1,))
    found = [(d.kind, d.object, d.difference) for d in two.verify().schema]
    assert found == [("partition", "t.p0", "definition")]


@pytest.mark.parametrize("hostile", ["CREATE TEMPORARY TABLE t (id INT PRIMARY KEY, v INT)", "USE sys"])
def test_what_init_connect_leaves_in_a_session_is_read_by_nobody(two: OnMySQL, hostile: str) -> None:
    two.run("CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1, 1)")
    two.run("UPDATE t SET v = 2", on=(1,))
    two.run("CREATE USER limited IDENTIFIED BY 'p'", "GRANT ALL ON *.* TO limited", on=(0,))
    two.run(
        "REVOKE SUPER, CONNECTION_ADMIN ON *.* FROM limited", f"SET GLOBAL init_connect = '{hostile}'", on=(0,)
    )
    try:
        result = two.verify("limited")
    finally:
        two.run("SET GLOBAL init_connect = ''", on=(0,))
    assert counts(result, "t") == (1, 0, 0), result.reason


def test_rows_that_differ_are_found_without_md5(two: OnMySQL) -> None:
    two.run("CREATE TABLE t (id INT PRIMARY KEY, a LONGTEXT, b MEDIUMBLOB, g POINT)")
    two.run("INSERT INTO t VALUES (1, REPEAT('x', 300000), REPEAT('y', 300000), POINT(1, 2)), (2, 'a', 'b', NULL)")
    two.run("UPDATE t SET b = CONCAT(b, 'z') WHERE id = 1", on=(1,))
    for strategy in ("digest", "stream"):
        assert counts(two.verify(throttle={"strategy": strategy}), "t") == (1, 0, 0)


def test_a_generated_key_is_not_hidden(two: OnMySQL) -> None:
    two.run("CREATE TABLE t (v INT)", "INSERT INTO t VALUES (1), (2)", on=(0,))
    two.run(
        "SET sql_generate_invisible_primary_key = ON",
        "CREATE TABLE t (v INT)",
        "INSERT INTO t VALUES (1), (2)",
        on=(1,),
    )
    two.run("SET GLOBAL show_gipk_in_create_table_and_information_schema = OFF")
    try:
        result = two.verify()
    finally:
        two.run("SET GLOBAL show_gipk_in_create_table_and_information_schema = ON")
    assert result.verdict == "FAIL"
    assert "my_row_id" in result.tables[0].result.reason


def test_what_a_partial_revoke_hides_is_never_equal(two: OnMySQL) -> None:
    two.run("CREATE TABLE t (id INT PRIMARY KEY)")
    two.run("CREATE TRIGGER stamp BEFORE INSERT ON t FOR EACH ROW SET NEW.id = 1", on=(0,))
    two.run(
        "SET GLOBAL partial_revokes = ON",
        "CREATE USER limited IDENTIFIED BY 'p'",
        "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, SHOW_ROUTINE ON *.* TO limited",
        on=(0,),
    )
    two.run("REVOKE TRIGGER, EVENT ON {db}.* FROM limited")
    try:
        result = two.verify("limited")
    finally:
        two.run("DROP USER limited", "SET GLOBAL partial_revokes = OFF", on=(0,))
    assert result.verdict == "INVALID"
    assert {"triggers of the legacy side", "events of the target side"} <= {
        one.what for one in result.not_compared
    }


def test_columns_that_a_user_may_not_see_are_never_equal(two: OnMySQL) -> None:
    two.run("CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)", "INSERT INTO t VALUES (1, 1, 1)")
    two.run("UPDATE t SET b = 2", on=(1,))
    two.run("CREATE USER limited IDENTIFIED BY 'p'", on=(0,))
    two.run("GRANT SELECT (id, a) ON {db}.t TO limited")
    result = two.verify("limited", include=["t"])
    assert "rights on some columns of the legacy side only" in result.tables[0].result.reason
