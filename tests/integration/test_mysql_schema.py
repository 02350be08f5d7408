"""Every kind of object a database has: a planted difference in each is found, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from mysql_servers import TwoDatabases

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
CREATE EVENT kept ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 04:00:00' ON COMPLETION PRESERVE DISABLE
  DO DELETE FROM archive;
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
}
"""Statement on the target → the one difference that it makes."""


@pytest.fixture
def databases(tmp_path: Path) -> TwoDatabases:
    two = TwoDatabases("every_object", tmp_path)
    two.fresh()
    two.both(BASE)
    return two


def test_one_script_on_both_sides_makes_no_difference(databases: TwoDatabases) -> None:
    result = databases.verify()
    assert result.schema == ()
    assert result.verdict == "PASS", result.reason


def test_a_trigger_is_looked_at_with_its_table_whatever_its_own_name(databases: TwoDatabases) -> None:
    databases.target("DROP TRIGGER stamp;\nDROP TRIGGER count_them")

    found = databases.verify(include=["inv*"]).schema
    assert [(d.object, d.table) for d in found] == [("count_them", "invoices"), ("stamp", "invoices")]
    assert databases.verify(include=["clients"]).schema == ()


def test_a_tables_name_may_hold_dots(databases: TwoDatabases) -> None:
    databases.both("CREATE TABLE `odd.name` (id INT PRIMARY KEY, v INT);\n")
    databases.target("ALTER TABLE `odd.name` ADD KEY by_v (v);\n")

    found = databases.verify(include=["odd.name"]).schema
    assert [(d.object, d.table, d.difference) for d in found] == [("odd.name.by_v", "odd.name", "extra")]


def test_every_planted_difference_is_found_and_none_is_invented(databases: TwoDatabases) -> None:
    databases.target(";\n".join(PLANTED))

    found = [(d.kind, d.object, d.difference) for d in databases.verify().schema]

    swapped = ("column", "invoices.last2", "position")
    assert sorted(found) == sorted({*PLANTED.values(), swapped})
