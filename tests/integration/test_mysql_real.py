"""What MySQL alone has, on two real servers: one test for each of its features."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from mysql_servers import TwoDatabases, counts, on_mysql
from parity.clients.mysql import Address, Tls, connect
from parity.errors import AccessDenied
from parity.tablediff.runner import verify_database
from parity.tablediff.verdict import DatabaseResult

pytestmark = on_mysql


@dataclass
class OnMySQL(TwoDatabases):
    """One database on each of two MySQL servers."""

    @property
    def addresses(self) -> tuple[Address, Address]:
        """Return the addresses of both."""
        connections = self.job().connections
        return connections.legacy, connections.target

    def run(self, *statements: str, on: tuple[int, ...] = (0, 1)) -> None:
        """Run statements in both databases, or one."""
        for at in on:
            self.servers[at].run(";\n".join(statements), self.name)

    def verified(self, user: str, **spec: Any) -> DatabaseResult:
        """Verify as another user, whose password is p."""
        job = self.job(**spec)
        legacy, target = (
            replace(side, user=user, password=SecretStr("p"), tls="unverified") for side in self.addresses
        )
        return verify_database(replace(job, connections=replace(job.connections, legacy=legacy, target=target)))


@pytest.fixture
def two(tmp_path: Path) -> Iterator[OnMySQL]:
    found = OnMySQL("mysql_alone", tmp_path)
    found.fresh()
    found.run("DROP USER IF EXISTS limited")
    yield found
    found.run("DROP USER IF EXISTS limited")


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
    two.run("CREATE USER limited IDENTIFIED BY 'p€é'", "GRANT ALL ON *.* TO limited")
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
    two.run("CREATE USER limited IDENTIFIED BY 'p'", "GRANT ALL ON *.* TO limited")
    two.run("REVOKE SUPER, CONNECTION_ADMIN ON *.* FROM limited", f"SET GLOBAL init_connect = '{hostile}'")
    try:
        result = two.verified("limited")
    finally:
        two.run("SET GLOBAL init_connect = ''")
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
        "REVOKE TRIGGER, EVENT ON mysql_alone.* FROM limited",
    )
    try:
        result = two.verified("limited")
    finally:
        two.run("DROP USER limited", "SET GLOBAL partial_revokes = OFF")
    assert result.verdict == "INVALID"
    assert {"triggers of the legacy side", "events of the target side"} <= {
        one.what for one in result.not_compared
    }


def test_columns_that_a_user_may_not_see_are_never_equal(two: OnMySQL) -> None:
    two.run("CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)", "INSERT INTO t VALUES (1, 1, 1)")
    two.run("UPDATE t SET b = 2", on=(1,))
    two.run("CREATE USER limited IDENTIFIED BY 'p'", "GRANT SELECT (id, a) ON mysql_alone.t TO limited")
    result = two.verified("limited", include=["t"])
    assert "rights on some columns of the legacy side only" in result.tables[0].result.reason


def test_generated_keys_identify_rows_until_a_rule_ignores_them(two: OnMySQL) -> None:
    two.run("SET sql_generate_invisible_primary_key = ON", "CREATE TABLE t (v INT, w VARCHAR(9))")
    for side, rows in enumerate(("(1, 'a'), (2, 'b'), (3, 'c')", "(3, 'c'), (1, 'a'), (2, 'b')")):
        two.run(f"INSERT INTO t (v, w) VALUES {rows}", on=(side,))
    assert counts(two.verify(), "t") == (3, 0, 0)
    ignored = {"t": {"columns": {"my_row_id": {"ignore": "each server numbers rows itself"}}}}
    assert two.verify(tables=ignored).verdict == "PASS"
    two.run("DELETE FROM t WHERE v = 2", on=(1,))
    assert counts(two.verify(tables=ignored), "t") == (0, 1, 0)


@pytest.mark.parametrize("strategy", ["digest", "stream"])
def test_invisible_columns_and_keys_are_compared(two: OnMySQL, strategy: str) -> None:
    two.run(
        "CREATE TABLE t (id INT PRIMARY KEY INVISIBLE, v INT, w INT INVISIBLE)",
        "INSERT INTO t (id, v, w) SELECT seq, seq, seq FROM seq_1_to_300",
    )
    two.run("UPDATE t SET w = 0 WHERE id = 200", "UPDATE t SET id = 1000 WHERE id = 3", on=(1,))
    assert counts(two.verify(throttle={"strategy": strategy}), "t") == (1, 1, 1)


@pytest.mark.parametrize("strategy", ["digest", "stream"])
def test_a_descending_key_is_scanned_whole(two: OnMySQL, strategy: str) -> None:
    two.run(
        "CREATE TABLE t (a INT, b VARCHAR(9) COLLATE utf8mb4_0900_bin, v INT, PRIMARY KEY (a DESC, b))",
        "INSERT INTO t SELECT seq DIV 3, CONCAT('b', seq), seq FROM seq_1_to_3000",
    )
    two.run("UPDATE t SET v = 0 WHERE v IN (1, 1500, 3000)", "DELETE FROM t WHERE v IN (2, 2999)", on=(1,))
    two.run("INSERT INTO t VALUES (-1, '', 1), (5000, 'z', 1)", on=(1,))
    found = two.verify(throttle={"strategy": strategy, "first": 200, "chunk": "1ms"})
    assert counts(found, "t") == (3, 2, 2), found.reason
    assert found.tables[0].result.rows.legacy == 3000


def test_a_functional_key_identifies_no_row(two: OnMySQL) -> None:
    two.run(
        "CREATE TABLE t (id INT NOT NULL, v VARCHAR(20), UNIQUE KEY f ((id + 1)), UNIQUE KEY m (id, (LOWER(v))),"
        " KEY g ((CHAR_LENGTH(v)) DESC))",
        "INSERT INTO t SELECT seq, seq FROM seq_1_to_300",
    )
    assert two.verify().verdict == "PASS"
    two.run(
        "UPDATE t SET v = 'other' WHERE id = 7", "ALTER TABLE t DROP KEY f, ADD UNIQUE KEY f ((id + 2))", on=(1,)
    )
    found = two.verify()
    assert counts(found, "t") == (0, 1, 1), found.reason
    assert [(d.object, d.difference) for d in found.schema] == [("t.f", "columns")]


def test_rows_that_a_check_without_force_would_refuse_are_compared(two: OnMySQL) -> None:
    two.run(
        "CREATE TABLE t (id INT PRIMARY KEY, v INT, CONSTRAINT low CHECK (v < 5) NOT ENFORCED)",
        "CREATE TABLE u (id INT PRIMARY KEY, v INT, CONSTRAINT lower_still CHECK (v < 5) NOT ENFORCED)",
        "INSERT INTO t VALUES (1, 1), (2, 9)",
    )
    two.run("UPDATE t SET v = 10 WHERE id = 2", "ALTER TABLE u ALTER CHECK lower_still ENFORCED", on=(1,))
    found = two.verify()
    assert counts(found, "t") == (1, 0, 0)
    assert [(d.object, d.difference) for d in found.schema] == [("u.lower_still", "enforced")]


@pytest.mark.parametrize("strategy", ["digest", "stream"])
def test_a_place_is_equal_only_in_its_spatial_reference(two: OnMySQL, strategy: str) -> None:
    two.run(
        "CREATE TABLE t (id INT PRIMARY KEY, p GEOMETRY, q POINT NOT NULL SRID 4326, SPATIAL KEY places (q))",
        "INSERT INTO t SELECT seq, ST_GeomFromText('POINT(10 20)', 4326), ST_GeomFromText('POINT(10 20)', 4326)"
        " FROM seq_1_to_9",
    )
    assert two.verify(throttle={"strategy": strategy}).verdict == "PASS"
    two.run("UPDATE t SET p = ST_SRID(p, 0) WHERE id = 1", "UPDATE t SET q = ST_SwapXY(q) WHERE id = 2", on=(1,))
    two.run("UPDATE t SET p = ST_SRID(p, 3857) WHERE id = 3", on=(1,))
    assert counts(two.verify(throttle={"strategy": strategy}), "t") == (3, 0, 0)


NO_PAD = (
    "utf8mb4_0900_ai_ci",
    "utf8mb4_0900_as_cs",
    "utf8mb4_0900_bin",
    "utf8mb4_de_pb_0900_ai_ci",
    "utf8mb4_ja_0900_as_cs_ks",
    "utf8mb4_zh_0900_as_cs",
)


@pytest.mark.parametrize("strategy", ["digest", "stream"])
def test_keys_that_differ_in_trailing_blanks_alone_are_two(two: OnMySQL, strategy: str) -> None:
    for at, collation in enumerate(NO_PAD):
        two.run(
            f"CREATE TABLE t{at} (k VARCHAR(20) COLLATE {collation} PRIMARY KEY, v INT)",
            f"INSERT INTO t{at} SELECT CONCAT('k', seq), seq FROM seq_1_to_300",
            f"INSERT INTO t{at} SELECT CONCAT('k', seq, ' '), seq FROM seq_1_to_300",
            f"INSERT INTO t{at} VALUES ('', 0), (' ', 0), ('ß', 0), ('中', 0), ('🙂', 0), ('é', 0), ('z\\0', 0)",
        )
        two.run(f"UPDATE t{at} SET v = -1 WHERE k IN ('k9 ', 'é')", f"DELETE FROM t{at} WHERE k = 'k7 '", on=(1,))
        # Equal to the collations that ignore case, accents and zero bytes, yet other bytes.
        two.run(f"UPDATE t{at} SET k = 'K5' WHERE k = 'k5'", f"UPDATE t{at} SET k = 'z' WHERE k = 'z\\0'", on=(1,))
    found = two.verify(throttle={"strategy": strategy, "first": 50, "chunk": "1ms"})
    for at, collation in enumerate(NO_PAD):
        assert counts(found, f"t{at}") == (2, 3, 2), (collation, found.reason)
        assert found.tables[at].result.rows.legacy == 607


def test_a_key_that_pads_meets_one_that_does_not(two: OnMySQL) -> None:
    for side, collation in enumerate(("utf8mb4_general_ci", "utf8mb4_0900_ai_ci")):
        two.run(
            f"CREATE TABLE t (k VARCHAR(20) COLLATE {collation} PRIMARY KEY, v INT)",
            "INSERT INTO t SELECT CONCAT('k', seq, REPEAT(' ', seq % 3)), seq FROM seq_1_to_900",
            on=(side,),
        )
    two.run("UPDATE t SET v = 0 WHERE k = 'k7 '", "UPDATE t SET k = 'k9  ' WHERE k = 'k9'", on=(1,))
    assert counts(two.verify(), "t") == (1, 1, 1)


MODES = (
    "ANSI_QUOTES",
    "PIPES_AS_CONCAT",
    "NO_BACKSLASH_ESCAPES",
    "ANSI,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,NO_UNSIGNED_SUBTRACTION,HIGH_NOT_PRECEDENCE",
)
NAME = 'a"b\\c'
ODD = (
    f"CREATE TABLE `{NAME}` (id INT PRIMARY KEY, v VARCHAR(20) DEFAULT 'x', c CHAR(5), CHECK (v <> x'5c'))",
    f"INSERT INTO `{NAME}` VALUES (1, x'5c5c', 'a'), (2, x'2261', 'b'), (3, x'275c', '')",
    f"CREATE VIEW shown AS SELECT id, v FROM `{NAME}` WHERE v <> 'a'",
    f"CREATE TRIGGER stamp BEFORE INSERT ON `{NAME}` FOR EACH ROW SET NEW.c = 'q'",
    "CREATE FUNCTION joined(a INT, b INT) RETURNS VARCHAR(9) DETERMINISTIC RETURN a || b",
)


@pytest.mark.parametrize("mode", MODES)
def test_a_servers_sql_mode_alters_no_answer(two: OnMySQL, mode: str) -> None:
    two.run(*ODD)
    two.run(f"SET GLOBAL sql_mode = '{mode}'", on=(0,))
    try:
        result = two.verify()
        assert result.verdict == "PASS", result.reason
        two.run(f"UPDATE `{NAME}` SET v = x'275c5c', c = 'b ' WHERE id = 3", on=(1,))
        for strategy in ("digest", "stream"):
            assert counts(two.verify(throttle={"strategy": strategy}), NAME) == (1, 0, 0)
    finally:
        two.run("SET GLOBAL sql_mode = DEFAULT", on=(0,))


def test_what_a_mode_made_of_a_definition_is_a_difference(two: OnMySQL) -> None:
    made = (
        "CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT AS (a || 1))",
        "CREATE VIEW w AS SELECT id || a AS c FROM t",
        "CREATE PROCEDURE p() SELECT 'a' || 'b'",
    )
    two.run(*made, on=(0,))
    two.run("SET sql_mode = 'PIPES_AS_CONCAT'", *made, on=(1,))
    found = {(d.object, d.difference) for d in two.verify().schema}
    assert found == {("t.b", "generated"), ("w", "definition"), ("p", "procedure sql mode")}


@pytest.mark.parametrize("tls", ["off", "unverified"])
def test_a_password_is_proven_whether_the_servers_cache_is_empty_or_not(two: OnMySQL, tls: Tls) -> None:
    two.run("CREATE USER limited IDENTIFIED WITH caching_sha2_password BY 'p'", "GRANT SELECT ON *.* TO limited")
    where = replace(two.addresses[0], user="limited", password=SecretStr("p"), tls=tls)
    for empty in (True, False, True):
        if empty:
            two.run("FLUSH PRIVILEGES", on=(0,))
        with pytest.raises(AccessDenied, match="refused"):
            connect(replace(where, password=SecretStr("wrong")))
        session = connect(where)
        [(_, cipher)] = session.rows("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
        session.close()
        assert bool(cipher) == (tls == "unverified")


def test_a_server_that_wants_tls_says_so(two: OnMySQL) -> None:
    two.run("CREATE USER limited IDENTIFIED BY 'p' REQUIRE SSL", "GRANT SELECT ON *.* TO limited")
    where = replace(two.addresses[0], user="limited", password=SecretStr("p"))
    with pytest.raises(AccessDenied, match="refused"):
        connect(replace(where, tls="off"))
    connect(replace(where, tls="unverified")).close()
    two.run("SET GLOBAL require_secure_transport = ON", on=(0,))
    try:
        with pytest.raises(AccessDenied, match="refused"):
            connect(replace(where, tls="off"))
    finally:
        two.run("SET GLOBAL require_secure_transport = OFF", on=(0,))


@pytest.mark.parametrize("locked", ["ACCOUNT LOCK", "PASSWORD EXPIRE"])
def test_an_account_that_may_not_log_in_is_refused_in_one_sentence(two: OnMySQL, locked: str) -> None:
    two.run(f"CREATE USER limited IDENTIFIED BY 'p' {locked}", "GRANT SELECT ON *.* TO limited")
    with pytest.raises(AccessDenied, match="refused"):
        connect(replace(two.addresses[0], user="limited", password=SecretStr("p")))


def test_a_partial_revoke_of_a_role_hides_and_a_grant_shows_again(two: OnMySQL) -> None:
    two.run(
        "CREATE TABLE t (id INT PRIMARY KEY)",
        "CREATE TRIGGER stamp BEFORE INSERT ON t FOR EACH ROW SET NEW.id = 1",
        "SET GLOBAL partial_revokes = ON",
        "CREATE ROLE reader",
        "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, SHOW_ROUTINE ON *.* TO reader",
        "REVOKE TRIGGER ON mysql_alone.* FROM reader",
        "CREATE USER limited IDENTIFIED BY 'p' DEFAULT ROLE reader",
    )
    try:
        hidden = two.verified("limited")
        two.run("GRANT TRIGGER ON mysql_alone.* TO limited")
        shown = two.verified("limited")
    finally:
        two.run("DROP USER limited", "DROP ROLE reader", "SET GLOBAL partial_revokes = OFF")
    assert hidden.verdict == "INVALID"
    assert "no TRIGGER right" in str(hidden.not_compared)
    assert shown.verdict == "PASS", shown.reason


def test_a_mandatory_role_counts_only_when_it_is_active(two: OnMySQL) -> None:
    two.run(
        "CREATE TABLE t (id INT PRIMARY KEY)",
        "CREATE ROLE reader",
        "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON *.* TO reader",
        "CREATE USER limited IDENTIFIED BY 'p'",
        "GRANT SELECT ON mysql_alone.* TO limited",
        "SET GLOBAL mandatory_roles = 'reader', activate_mandatory_roles = OFF",
    )
    try:
        inactive = two.verified("limited")
        two.run("SET GLOBAL activate_mandatory_roles = ON")
        active = two.verified("limited")
    finally:
        two.run("SET GLOBAL activate_mandatory_roles = ON, mandatory_roles = ''", "DROP ROLE reader")
    assert inactive.verdict == "INVALID"
    assert active.verdict == "PASS", active.reason


def test_a_server_that_requires_primary_keys_is_read_with_its_tables_that_have_none(two: OnMySQL) -> None:
    two.run("CREATE TABLE t (v INT)", "INSERT INTO t VALUES (1), (1), (2)")
    two.run("DELETE FROM t LIMIT 1", on=(1,))
    two.run("SET GLOBAL sql_require_primary_key = ON")
    try:
        assert counts(two.verify(), "t") == (0, 1, 0)
    finally:
        two.run("SET GLOBAL sql_require_primary_key = OFF")
