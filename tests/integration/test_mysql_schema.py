"""Every kind of object a database has: a planted difference in each is found, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from mysql_servers import FAMILY, MYSQL, MySQLServer, TwoDatabases, counts, mariadb_only, one_family

pytestmark = pytest.mark.mariadb

BASE = """
CREATE TABLE clients (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL DEFAULT 'a(B',
  nick VARCHAR(20) DEFAULT 'NULL', plan VARCHAR(10) COLLATE utf8mb4_bin, city VARCHAR(30) CHARACTER SET latin1,
  made DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  short VARCHAR(5) GENERATED ALWAYS AS (LEFT(name, 5)) STORED, low VARCHAR(40) AS (LOWER(name)) VIRTUAL,
  fee DECIMAL(10,2) NOT NULL DEFAULT 0.00, score INT, doc JSON, spot POINT,
  KEY by_name (name(10), score), KEY newest (made), UNIQUE KEY one_nick (nick), FULLTEXT KEY words (name),
  CHECK (fee >= 0), CONSTRAINT documented CHECK (json_valid(doc) AND score > 0));
CREATE TABLE invoices (id INT NOT NULL PRIMARY KEY, client BIGINT, paid DATE, note TEXT, last1 INT, last2 INT,
  CONSTRAINT of_client FOREIGN KEY (client) REFERENCES clients (id) ON DELETE CASCADE);
CREATE TABLE archive (id INT NOT NULL, day DATE NOT NULL, PRIMARY KEY (id, day))
  PARTITION BY RANGE (YEAR(day)) (PARTITION old VALUES LESS THAN (2020), PARTITION rest VALUES LESS THAN MAXVALUE);
CREATE TABLE engines (id INT PRIMARY KEY) ENGINE=InnoDB;
CREATE TABLE counters (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY);
CREATE VIEW rich AS SELECT id, name FROM clients WHERE fee > 100 AND name <> 'It''s -- no';
CREATE VIEW poor AS SELECT id FROM clients;
CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2;
CREATE PROCEDURE twice(IN n INT, OUT m INT) BEGIN SET m = n * 2; END;
CREATE PROCEDURE tidy() BEGIN -- first the notes
 DELETE FROM invoices WHERE note = ''; -- then the rest
 DELETE FROM archive; END;
CREATE PROCEDURE strictly() BEGIN DELETE FROM archive; END;
CREATE TRIGGER stamp BEFORE INSERT ON invoices FOR EACH ROW SET NEW.paid = COALESCE(NEW.paid, '2026-01-01');
CREATE TRIGGER count_them AFTER INSERT ON invoices FOR EACH ROW SET @invoices = @invoices + 1;
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 03:00:00' DISABLE DO DELETE FROM archive;
CREATE TABLE texts (id INT PRIMARY KEY COMMENT 'A', b VARBINARY(4) DEFAULT x'00ff', d VARCHAR(9) DEFAULT 'A b',
  g VARCHAR(20) AS (concat(d, 'A  b')) VIRTUAL, j JSON, k LONGTEXT CHECK (json_valid(k)), n INT CHECK (n > 1.0),
  CONSTRAINT cased CHECK (d <> 'ABC'), KEY noted (n) COMMENT 'A');
CREATE TABLE halves (id INT, d DATE, PRIMARY KEY (id, d)) PARTITION BY RANGE (YEAR(d)) SUBPARTITION BY HASH (id)
  SUBPARTITIONS 2 (PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN MAXVALUE);
CREATE TABLE named (id INT, d DATE, PRIMARY KEY (id, d)) PARTITION BY RANGE (YEAR(d)) SUBPARTITION BY HASH (id)
  (PARTITION p0 VALUES LESS THAN (2020) (SUBPARTITION s0, SUBPARTITION s1),
   PARTITION p1 VALUES LESS THAN MAXVALUE (SUBPARTITION s2, SUBPARTITION s3));
CREATE TABLE `a.b` (c INT PRIMARY KEY, d INT);
CREATE TABLE `a.c` (c INT PRIMARY KEY, d INT);
CREATE TABLE T (id INT PRIMARY KEY);
CREATE TABLE t (id INT PRIMARY KEY);
CREATE VIEW cased AS SELECT id FROM t;
CREATE VIEW defined AS SELECT id FROM t;
CREATE ALGORITHM=MERGE VIEW merged AS SELECT id FROM t;
CREATE TABLE gone (id INT PRIMARY KEY);
CREATE VIEW broken AS SELECT id FROM gone;
DROP TABLE gone;
CREATE PROCEDURE quoting() SELECT 'a\\', \\'b';
CREATE PROCEDURE cased() SELECT id FROM t;
CREATE PROCEDURE typed(a VARCHAR(9) CHARACTER SET latin1) COMMENT 'A' SELECT a;
CREATE EVENT kept ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 04:00:00' ON COMPLETION PRESERVE DISABLE
  DO DELETE FROM archive;
"""
MARIADB_ONLY = """
CREATE SEQUENCE numbers START WITH 5 INCREMENT BY 2;
CREATE TABLE versions (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING;
CREATE TABLE periods (id INT, a DATE, b DATE, PERIOD FOR app (a, b), UNIQUE KEY apart (id, app WITHOUT OVERLAPS));
CREATE TABLE places (id INT PRIMARY KEY, p POINT REF_SYSTEM_ID=101, c TEXT COMPRESSED, h INT INVISIBLE);
CREATE TABLE squeezed (id INT PRIMARY KEY) PAGE_COMPRESSED=1 COMMENT='A';
SET sql_mode = ORACLE;
CREATE PACKAGE pack AS PROCEDURE p1; END;
CREATE PACKAGE BODY pack AS PROCEDURE p1 AS BEGIN SELECT 'A'; END; END;
SET sql_mode = DEFAULT;
"""

PLANTED = {
    "ALTER TABLE clients ALTER name SET DEFAULT 'A(b'": ("column", "clients.name", "default"),
    "ALTER TABLE clients ALTER nick SET DEFAULT NULL": ("column", "clients.nick", "default"),
    "ALTER TABLE clients MODIFY plan VARCHAR(10) COLLATE utf8mb4_general_ci": (
        "column",
        "clients.plan",
        "collation",
    ),
    "ALTER TABLE clients MODIFY made DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)": (
        "column",
        "clients.made",
        "extra",
    ),
    "ALTER TABLE clients MODIFY low VARCHAR(40) AS (UPPER(name)) VIRTUAL": ("column", "clients.low", "generated"),
    "ALTER TABLE clients MODIFY fee DECIMAL(10,2) DEFAULT 0.00": ("column", "clients.fee", "nullable"),
    "ALTER TABLE clients MODIFY spot GEOMETRY": ("column", "clients.spot", "type"),
    "ALTER TABLE invoices DROP COLUMN note": ("column", "invoices.note", "missing"),
    "ALTER TABLE invoices ADD COLUMN memo INT FIRST": ("column", "invoices.memo", "extra"),
    "ALTER TABLE invoices MODIFY last1 INT AFTER last2": ("column", "invoices.last1", "position"),
    "ALTER TABLE counters MODIFY id INT NOT NULL": ("column", "counters.id", "extra"),
    "ALTER TABLE clients DROP KEY by_name, ADD KEY by_name (name(11), score)": (
        "index",
        "clients.by_name",
        "columns",
    ),
    "ALTER TABLE clients DROP KEY newest, ADD KEY newest (made DESC)": ("index", "clients.newest", "columns"),
    "ALTER TABLE clients DROP KEY one_nick, ADD KEY one_nick (nick)": ("index", "clients.one_nick", "unique"),
    "ALTER TABLE clients ALTER KEY words IGNORED": ("index", "clients.words", "visible"),
    "ALTER TABLE archive DROP PRIMARY KEY, ADD PRIMARY KEY (day, id)": ("index", "archive.PRIMARY", "columns"),
    "ALTER TABLE archive DROP PARTITION old": ("partition", "archive.old", "missing"),
    "ALTER TABLE invoices DROP FOREIGN KEY of_client;\n"
    "ALTER TABLE invoices ADD CONSTRAINT of_client FOREIGN KEY (client) "
    "REFERENCES clients (id)": ("foreign key", "invoices.of_client", "on delete"),
    "ALTER TABLE clients DROP CONSTRAINT documented, ADD CONSTRAINT documented "
    "CHECK (json_valid(doc) AND score > 1)": ("check", "clients.documented", "check"),
    "ALTER TABLE clients DROP CONSTRAINT CONSTRAINT_1": ("check", "clients.CONSTRAINT_1", "missing"),
    "ALTER TABLE engines ENGINE=MyISAM": ("table", "engines", "engine"),
    "CREATE OR REPLACE VIEW rich AS SELECT id, name FROM clients WHERE fee > 100 AND name <> 'it''s -- no'": (
        "view",
        "rich",
        "definition",
    ),
    "CREATE OR REPLACE SQL SECURITY INVOKER VIEW poor AS SELECT id FROM clients": ("view", "poor", "security"),
    "CREATE OR REPLACE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 3": (
        "routine",
        "twice",
        "function body",
    ),
    "CREATE OR REPLACE PROCEDURE twice(IN n BIGINT, OUT m INT) BEGIN SET m = n * 2; END": (
        "routine",
        "twice",
        "procedure parameters",
    ),
    "CREATE OR REPLACE PROCEDURE tidy() BEGIN -- first the notes\n DELETE FROM invoices WHERE note = ''; "
    "-- then the rest DELETE FROM archive; \n END": ("routine", "tidy", "procedure body"),
    "SET sql_mode = ''": ("routine", "strictly", "procedure sql mode"),
    "CREATE OR REPLACE PROCEDURE strictly() BEGIN DELETE FROM archive; END": (
        "routine",
        "strictly",
        "procedure sql mode",
    ),
    "SET sql_mode = DEFAULT": ("routine", "strictly", "procedure sql mode"),
    "CREATE OR REPLACE TRIGGER stamp BEFORE UPDATE ON invoices FOR EACH ROW "
    "SET NEW.paid = COALESCE(NEW.paid, '2026-01-01')": ("trigger", "stamp", "when"),
    "DROP TRIGGER count_them": ("trigger", "count_them", "missing"),
    "ALTER EVENT nightly ON SCHEDULE EVERY 2 DAY STARTS '2026-01-01 03:00:00'": ("event", "nightly", "schedule"),
    "ALTER EVENT kept ON COMPLETION NOT PRESERVE": ("event", "kept", "on completion"),
    "CREATE TABLE notes (id INT PRIMARY KEY)": ("table", "notes", "extra"),
    "ALTER SEQUENCE numbers INCREMENT BY 3": ("sequence", "numbers", "definition"),
    "ALTER TABLE versions DROP SYSTEM VERSIONING": ("table", "versions", "options"),
    "ALTER TABLE periods DROP KEY apart": ("index", "periods.apart", "options"),
    "ALTER TABLE periods ADD UNIQUE KEY apart (id, b, a)": ("index", "periods.apart", "options"),
    "ALTER TABLE places MODIFY p POINT REF_SYSTEM_ID=102": ("column", "places.p", "spatial reference"),
    "ALTER TABLE places MODIFY h INT": ("column", "places.h", "extra"),
    "ALTER TABLE squeezed PAGE_COMPRESSED=0": ("table", "squeezed", "options"),
    "ALTER TABLE squeezed COMMENT='a'": ("table", "squeezed", "comment"),
    "ALTER TABLE texts MODIFY id INT COMMENT 'a'": ("column", "texts.id", "comment"),
    "ALTER TABLE texts ALTER b SET DEFAULT x'00fe'": ("column", "texts.b", "default"),
    "ALTER TABLE texts ALTER d SET DEFAULT 'A  b'": ("column", "texts.d", "default"),
    "ALTER TABLE texts MODIFY g VARCHAR(20) AS (concat(d, 'a  b')) VIRTUAL": ("column", "texts.g", "generated"),
    "ALTER TABLE texts MODIFY k LONGTEXT": ("column", "texts.k", "check"),
    "ALTER TABLE texts MODIFY n INT CHECK (n > 1.00)": ("column", "texts.n", "check"),
    "ALTER TABLE texts DROP CONSTRAINT cased, ADD CONSTRAINT cased CHECK (d <> 'abc')": (
        "check",
        "texts.cased",
        "check",
    ),
    "ALTER TABLE texts DROP KEY noted": ("index", "texts.noted", "comment"),
    "ALTER TABLE texts ADD KEY noted (n) COMMENT 'a'": ("index", "texts.noted", "comment"),
    "ALTER TABLE halves PARTITION BY RANGE (YEAR(d)) SUBPARTITION BY HASH (id) SUBPARTITIONS 3 "
    "(PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN MAXVALUE)": (
        "table",
        "halves",
        "partition by",
    ),
    "ALTER TABLE named REORGANIZE PARTITION p0 INTO (PARTITION p0 VALUES LESS THAN (2020) "
    "(SUBPARTITION s0, SUBPARTITION S1))": ("partition", "named.p0", "definition"),
    "ALTER TABLE named REORGANIZE PARTITION p1 INTO (PARTITION p1 VALUES LESS THAN MAXVALUE "
    "(SUBPARTITION s2 COMMENT 'x', SUBPARTITION s3))": ("partition", "named.p1", "definition"),
    "ALTER TABLE `a.c` ADD KEY d (d)": ("index", "a.c.d", "extra"),
    "CREATE OR REPLACE VIEW cased AS SELECT id FROM T": ("view", "cased", "definition"),
    "CREATE OR REPLACE DEFINER='other'@'localhost' VIEW defined AS SELECT id FROM t": (
        "view",
        "defined",
        "definer",
    ),
    "CREATE OR REPLACE ALGORITHM=UNDEFINED VIEW merged AS SELECT id FROM t": ("view", "merged", "algorithm"),
    "CREATE OR REPLACE PROCEDURE quoting() SELECT 'a', 'b'": ("routine", "quoting", "procedure body"),
    "CREATE OR REPLACE PROCEDURE cased() SELECT id FROM T": ("routine", "cased", "procedure body"),
    "CREATE OR REPLACE PROCEDURE typed(a VARCHAR(9) CHARACTER SET latin1) COMMENT 'a' SELECT a": (
        "routine",
        "typed",
        "procedure comment",
    ),
    "SET sql_mode = ORACLE": ("routine", "pack", "package body body"),
    "CREATE OR REPLACE PACKAGE BODY pack AS PROCEDURE p1 AS BEGIN SELECT 'a'; END; END": (
        "routine",
        "pack",
        "package body body",
    ),
    "SET sql_mode = DEFAULT ": ("routine", "pack", "package body body"),
}
"""Statement on the target → the one difference that it makes."""


@pytest.fixture
def databases(tmp_path: Path) -> TwoDatabases:
    two = TwoDatabases("every_object", tmp_path)
    two.fresh()
    for server in two.servers:
        server.run(BASE if isinstance(server, MySQLServer) else BASE + MARIADB_ONLY, two.name)
    return two


@one_family
def test_one_script_on_both_sides_makes_no_difference(databases: TwoDatabases) -> None:
    result = databases.verify()
    assert result.schema == ()
    assert result.verdict == "PASS", result.reason


@one_family
def test_a_trigger_is_looked_at_with_its_table_whatever_its_own_name(databases: TwoDatabases) -> None:
    databases.target("DROP TRIGGER stamp;\nDROP TRIGGER count_them")

    found = databases.verify(include=["inv*"]).schema
    assert [(d.object, d.table) for d in found] == [("count_them", "invoices"), ("stamp", "invoices")]
    assert databases.verify(include=["clients"]).schema == ()


@one_family
def test_a_tables_name_may_hold_dots(databases: TwoDatabases) -> None:
    databases.both("CREATE TABLE `odd.name` (id INT PRIMARY KEY, v INT);\n")
    databases.target("ALTER TABLE `odd.name` ADD KEY by_v (v);\n")

    found = databases.verify(include=["odd.name"]).schema
    assert [(d.object, d.table, d.difference) for d in found] == [("odd.name.by_v", "odd.name", "extra")]


@mariadb_only(reason="sequences, periods and packages; tests/mysql97.py has what MySQL has")
def test_every_planted_difference_is_found_and_none_is_invented(databases: TwoDatabases) -> None:
    databases.target(";\n".join(PLANTED))

    found = [(d.kind, d.object, d.difference) for d in databases.verify().schema]

    with_them = {("column", "invoices.last2", "position"), ("table", "versions", "versioned")}
    assert sorted(found) == sorted({*PLANTED.values(), *with_them})


def test_every_result_says_what_of_the_schema_is_not_compared(databases: TwoDatabases) -> None:
    left_out = {one.what for one in databases.verify().not_compared}
    assert {"rights on schema, tables, columns and routines", "histograms and statistics"} <= left_out
    of_mariadb = "character sets and hexadecimal notation of literals in expressions"
    assert (of_mariadb in left_out) == (FAMILY != MYSQL)


@mariadb_only(reason="sequences, periods and packages; tests/mysql97.py has what MySQL has")
def test_a_look_at_some_objects_says_what_it_left_out(databases: TwoDatabases) -> None:
    result = databases.verify(include=["engines", "squeezed"])

    left_out = {one.what for one in result.not_compared if one.kind == "ignored"}
    assert {"table clients", "view rich", "sequence numbers"} <= left_out
    assert (
        result.reason == f"2 tables with 0 rows are equal. Left out: {len(left_out)} tables, views or sequences."
    )


@mariadb_only(reason="sequences, periods and packages; tests/mysql97.py has what MySQL has")
def test_the_cutover_list_has_the_next_value_of_each_sequence(databases: TwoDatabases) -> None:
    databases.legacy("SELECT NEXTVAL(numbers);\nALTER SEQUENCE numbers RESTART 2001")
    found = {line.check: (line.status, line.legacy, line.target) for line in databases.verify().cutover}
    assert found["next value of sequence numbers"] == ("differs", "next 2001", "next 5")


def test_one_check_makes_no_json_column(tmp_path: Path) -> None:
    two = TwoDatabases("no_json", tmp_path)
    two.fresh()
    two.both("CREATE TABLE t (id INT PRIMARY KEY, c VARCHAR(20), CONSTRAINT c CHECK (json_valid(c)));\n")
    two.legacy("INSERT INTO t VALUES (1, '{\"a\": 1}');\n")
    two.target("INSERT INTO t VALUES (1, '{\"a\":1}');\n")

    result = two.verify()

    assert counts(result, "t") == (1, 0, 0)
    two.target("ALTER TABLE t DROP CONSTRAINT c;\n")
    assert [(d.kind, d.object) for d in two.verify().schema] == [("check", "t.c")]
