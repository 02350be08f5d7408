"""A schema with what a real MySQL 9.7 may hide or rewrite, and how its catalogue is recorded and replayed.

tests/integration/test_mysql97.py asks two such servers, and with ``PARITY_RECORD=1`` writes down their answers for
the unit tests.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from parity.clients.mysql import Address, connect
from parity.tablediff.mysql.catalogue import Catalogue, read_catalogue
from truth import records

RECORD = "mysql97_definitions"

BASE = r"""
CREATE TABLE checked (id INT PRIMARY KEY, c VARCHAR(20), n DECIMAL(10,2),
  CONSTRAINT case_of_text CHECK (c <> 'ABC'), CONSTRAINT blanks CHECK (c <> 'a b'),
  CONSTRAINT quotes CHECK (c <> 'it''s \\ "x" \n'), CONSTRAINT binary_text CHECK (c <> 'abc'),
  CONSTRAINT scale CHECK (n > 1.0), CONSTRAINT letters CHECK (c <> 'é'), CONSTRAINT enforced CHECK (n < 9),
  CONSTRAINT json_only CHECK (json_valid(c)));
CREATE TABLE defaults (id INT PRIMARY KEY, c VARCHAR(20) DEFAULT 'it''s \\ A',
  e VARCHAR(40) DEFAULT (concat('A  B', 'x')),
  b VARBINARY(4) DEFAULT x'00ff', n DECIMAL(10,2) DEFAULT 1.00, t DATETIME(3) DEFAULT now(3) ON UPDATE now(3),
  z VARCHAR(9) DEFAULT 'NULL', w ENUM('a\\', 'B'), f INT(5) ZEROFILL,
  bits BIT(3) DEFAULT b'101', fn VARCHAR(40) DEFAULT (uuid()));
CREATE TABLE computed (id INT PRIMARY KEY, c VARCHAR(20), v VARCHAR(40) AS (concat(c, 'ABC')) VIRTUAL,
  s VARCHAR(40) AS (concat(c, 'a  b')) STORED, j JSON, KEY fx ((concat(c, 'ABC'))),
  KEY fj ((cast(json_extract(j, '$.A') AS CHAR(10)))), KEY plain (c(5)));
CREATE TABLE places (id INT PRIMARY KEY, p POINT NOT NULL SRID 4326, q POINT NOT NULL, SPATIAL KEY sp (p));
CREATE TABLE shown (id INT PRIMARY KEY COMMENT 'the key', hidden INT INVISIBLE, Amount INT, k INT,
  KEY seen (k) COMMENT 'by k', FULLTEXT KEY words (txt), txt TEXT) COMMENT 'a table';
CREATE TABLE squeezed (id INT PRIMARY KEY) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8;
CREATE TABLE parted (id INT, d DATE, PRIMARY KEY (id, d)) PARTITION BY RANGE (year(d)) SUBPARTITION BY HASH (id)
  SUBPARTITIONS 2 (PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN MAXVALUE);
CREATE TABLE listed (id VARCHAR(10) PRIMARY KEY) PARTITION BY LIST COLUMNS (id)
  (PARTITION a VALUES IN ('A', 'it''s'), PARTITION b VALUES IN ('b'));
CREATE TABLE hashed (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 4;
CREATE TABLE parents (id INT PRIMARY KEY, k INT, UNIQUE KEY by_k (k));
CREATE TABLE children (id INT PRIMARY KEY, p INT, CONSTRAINT of_parent FOREIGN KEY (p) REFERENCES parents (id)
  ON UPDATE CASCADE ON DELETE SET NULL);
CREATE TABLE `a.b` (c INT PRIMARY KEY, d INT);
CREATE TABLE `a.c` (c INT PRIMARY KEY, d INT);
CREATE TABLE a (`b.c` INT PRIMARY KEY, d INT);
CREATE TABLE `tick``s ü` (`it's` INT PRIMARY KEY, `b"q` INT, CONSTRAINT `od'd` CHECK (`it's` > 0));
CREATE TABLE T (id INT PRIMARY KEY);
CREATE TABLE t (id INT PRIMARY KEY);
CREATE VIEW literals AS SELECT c, 'It''s A' AS x, _latin1'q' AS y FROM checked WHERE c <> 'Z' OR c IN ('x.`x`.');
CREATE VIEW cased AS SELECT id FROM t;
CREATE ALGORITHM=MERGE VIEW merged AS SELECT id, k FROM parents WHERE k > 1 WITH LOCAL CHECK OPTION;
CREATE DEFINER='root'@'localhost' VIEW defined AS SELECT id FROM t;
CREATE PROCEDURE quoting() SELECT 'a\', \'b';
CREATE PROCEDURE introduced() SELECT '_utf8mb4\'x\'', _utf8mb4'x', _latin1'y';
CREATE PROCEDURE cased() BEGIN SELECT id FROM t; END;
CREATE PROCEDURE typed(IN a VARCHAR(10) CHARACTER SET latin1, INOUT b INT UNSIGNED) COMMENT 'hi' SELECT a;
CREATE FUNCTION returning(n INT) RETURNS VARCHAR(10) CHARSET latin1 DETERMINISTIC NO SQL RETURN 'X';
CREATE PROCEDURE worded(a ENUM('a\\', 'B')) SELECT a;
CREATE PROCEDURE commented() BEGIN /* first */ SELECT 1; /*!50003 SELECT 2; */ /*+ no hint */ SELECT 3; -- last
 END;
CREATE LIBRARY lib LANGUAGE JAVASCRIPT AS $$ export function f(n) { return n + 'A  b' } $$;
CREATE FUNCTION js(n INT) RETURNS INT DETERMINISTIC LANGUAGE JAVASCRIPT USING (lib AS l) AS $$ return l.f(N) $$;
CREATE MATERIALIZED VIEW kept AS SELECT id FROM t;
CREATE TRIGGER tr1 BEFORE INSERT ON checked FOR EACH ROW SET NEW.c = 'It''s';
CREATE TRIGGER tr2 BEFORE INSERT ON checked FOR EACH ROW FOLLOWS tr1 SET NEW.c = concat(NEW.c, "b");
CREATE EVENT ev ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 00:00:00' DISABLE COMMENT 'x' DO SELECT 'A';
SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES';
CREATE PROCEDURE modes() BEGIN SELECT "id", 'a\' FROM "t"; END;
SET sql_mode = DEFAULT
"""

PLANTED: dict[str, tuple[str, str, str]] = {
    "ALTER TABLE checked DROP CHECK case_of_text, ADD CONSTRAINT case_of_text CHECK (c <> 'abc')": (
        "check",
        "checked.case_of_text",
        "check",
    ),
    "ALTER TABLE checked DROP CHECK blanks, ADD CONSTRAINT blanks CHECK (c <> 'a  b')": (
        "check",
        "checked.blanks",
        "check",
    ),
    "ALTER TABLE checked DROP CHECK quotes, ADD CONSTRAINT quotes CHECK (c <> 'it''s \\\\ \"X\" \\n')": (
        "check",
        "checked.quotes",
        "check",
    ),
    "ALTER TABLE checked DROP CHECK binary_text, ADD CONSTRAINT binary_text CHECK (c <> _binary'abc')": (
        "check",
        "checked.binary_text",
        "check",
    ),
    "ALTER TABLE checked DROP CHECK scale, ADD CONSTRAINT scale CHECK (n > 1.00)": (
        "check",
        "checked.scale",
        "check",
    ),
    "ALTER TABLE checked DROP CHECK letters, ADD CONSTRAINT letters CHECK (c <> 'É')": (
        "check",
        "checked.letters",
        "check",
    ),
    "ALTER TABLE checked ALTER CHECK enforced NOT ENFORCED": ("check", "checked.enforced", "enforced"),
    "ALTER TABLE checked DROP CHECK json_only, ADD CONSTRAINT json_only CHECK (json_valid(`c`) or c = '')": (
        "check",
        "checked.json_only",
        "check",
    ),
    r"ALTER TABLE defaults ALTER c SET DEFAULT 'it''s \\ a'": ("column", "defaults.c", "default"),
    "ALTER TABLE defaults ALTER e SET DEFAULT (concat('A B', 'x'))": ("column", "defaults.e", "default"),
    "ALTER TABLE defaults ALTER b SET DEFAULT x'00fe'": ("column", "defaults.b", "default"),
    "ALTER TABLE defaults MODIFY n DECIMAL(10,3) DEFAULT 1.00": ("column", "defaults.n", "type"),
    "ALTER TABLE defaults MODIFY t DATETIME(3) DEFAULT now(3)": ("column", "defaults.t", "extra"),
    r"ALTER TABLE defaults MODIFY w ENUM('a\\', 'b')": ("column", "defaults.w", "type"),
    "ALTER TABLE defaults MODIFY f INT(6) ZEROFILL": ("column", "defaults.f", "type"),
    "ALTER TABLE defaults ALTER z SET DEFAULT NULL": ("column", "defaults.z", "default"),
    "ALTER TABLE defaults ALTER bits SET DEFAULT b'100'": ("column", "defaults.bits", "default"),
    "ALTER TABLE defaults ALTER fn SET DEFAULT 'uuid()'": ("column", "defaults.fn", "default"),
    "ALTER TABLE computed MODIFY v VARCHAR(40) AS (concat(c, 'abc')) VIRTUAL": (
        "column",
        "computed.v",
        "generated",
    ),
    "ALTER TABLE computed MODIFY s VARCHAR(40) AS (concat(c, 'a b')) STORED": (
        "column",
        "computed.s",
        "generated",
    ),
    "ALTER TABLE computed DROP KEY fx, ADD KEY fx ((concat(c, 'abc')))": ("index", "computed.fx", "columns"),
    "ALTER TABLE computed DROP KEY fj, ADD KEY fj ((cast(json_extract(j, '$.a') AS CHAR(10))))": (
        "index",
        "computed.fj",
        "columns",
    ),
    "ALTER TABLE computed DROP KEY plain, ADD KEY plain (c(6))": ("index", "computed.plain", "columns"),
    "ALTER TABLE places MODIFY q POINT NOT NULL SRID 4326": ("column", "places.q", "spatial reference"),
    "ALTER TABLE shown MODIFY id INT COMMENT 'The key'": ("column", "shown.id", "comment"),
    "ALTER TABLE shown ALTER hidden SET VISIBLE": ("column", "shown.hidden", "extra"),
    "ALTER TABLE shown RENAME COLUMN Amount TO amount": ("column", "shown.amount", "name"),
    "ALTER TABLE shown DROP KEY seen, ADD KEY seen (k) COMMENT 'By k'": ("index", "shown.seen", "comment"),
    "ALTER TABLE shown DROP KEY words": ("index", "shown.words", "parser"),
    "ALTER TABLE shown ADD FULLTEXT KEY words (txt) WITH PARSER ngram": (
        "index",
        "shown.words",
        "parser",
    ),
    "ALTER TABLE shown COMMENT 'A table'": ("table", "shown", "comment"),
    "ALTER TABLE squeezed ROW_FORMAT=DYNAMIC KEY_BLOCK_SIZE=0": ("table", "squeezed", "options"),
    "ALTER TABLE parted PARTITION BY RANGE (year(d)) SUBPARTITION BY HASH (id) SUBPARTITIONS 3 "
    "(PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN MAXVALUE)": (
        "table",
        "parted",
        "partition by",
    ),
    "ALTER TABLE listed REORGANIZE PARTITION a INTO (PARTITION a VALUES IN ('a', 'it''s'))": (
        "partition",
        "listed.a",
        "definition",
    ),
    "ALTER TABLE hashed ADD PARTITION PARTITIONS 1": ("table", "hashed", "partition by"),
    "ALTER TABLE children DROP FOREIGN KEY of_parent": ("foreign key", "children.of_parent", "on update"),
    "ALTER TABLE children ADD CONSTRAINT of_parent FOREIGN KEY (p) "
    "REFERENCES parents (id) ON UPDATE RESTRICT ON DELETE SET NULL": (
        "foreign key",
        "children.of_parent",
        "on update",
    ),
    "ALTER TABLE `a.c` ADD KEY d (d)": ("index", "a.c.d", "extra"),
    "ALTER TABLE `tick``s ü` DROP CHECK `od'd`, ADD CONSTRAINT `od'd` CHECK (`it's` > 1)": (
        "check",
        "tick`s ü.od'd",
        "check",
    ),
    "CREATE OR REPLACE VIEW literals AS SELECT c, 'It''s a' AS x, _latin1'q' AS y FROM checked "
    "WHERE c <> 'Z' OR c IN ('x.`x`.')": ("view", "literals", "definition"),
    "CREATE OR REPLACE VIEW cased AS SELECT id FROM T": ("view", "cased", "definition"),
    "CREATE OR REPLACE ALGORITHM=UNDEFINED VIEW merged AS SELECT id, k FROM parents WHERE k > 1 "
    "WITH LOCAL CHECK OPTION": ("view", "merged", "algorithm"),
    "CREATE OR REPLACE DEFINER='other'@'localhost' VIEW defined AS SELECT id FROM t": (
        "view",
        "defined",
        "definer",
    ),
    "DROP PROCEDURE quoting": ("routine", "quoting", "procedure body"),
    "CREATE PROCEDURE quoting() SELECT 'a', 'b'": ("routine", "quoting", "procedure body"),
    "DROP PROCEDURE introduced": ("routine", "introduced", "procedure body"),
    r"CREATE PROCEDURE introduced() SELECT 'x', _utf8mb4'x', _latin1'y'": (
        "routine",
        "introduced",
        "procedure body",
    ),
    "DROP PROCEDURE cased": ("routine", "cased", "procedure body"),
    "CREATE PROCEDURE cased() BEGIN SELECT id FROM T; END": ("routine", "cased", "procedure body"),
    "DROP PROCEDURE typed": ("routine", "typed", "procedure parameters"),
    "CREATE PROCEDURE typed(IN a VARCHAR(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, INOUT b INT UNSIGNED) "
    "COMMENT 'hi' SELECT a": ("routine", "typed", "procedure parameters"),
    "DROP FUNCTION returning": ("routine", "returning", "function charsets"),
    "CREATE FUNCTION returning(n INT) RETURNS VARCHAR(10) CHARSET utf8mb4 COLLATE utf8mb4_bin DETERMINISTIC "
    "NO SQL RETURN 'X'": ("routine", "returning", "function charsets"),
    "DROP PROCEDURE worded": ("routine", "worded", "procedure parameters"),
    r"CREATE PROCEDURE worded(a ENUM('a\\', 'b')) SELECT a": ("routine", "worded", "procedure parameters"),
    "DROP PROCEDURE commented": ("routine", "commented", "procedure body"),
    "CREATE PROCEDURE commented() BEGIN /* first */ SELECT 1; SELECT 22; /*+ no hint */ SELECT 3; -- last\n END": (
        "routine",
        "commented",
        "procedure body",
    ),
    "DROP LIBRARY lib": ("library", "lib", "definition"),
    "CREATE LIBRARY lib LANGUAGE JAVASCRIPT AS $$ export function f(n) { return n + 'a  b' } $$": (
        "library",
        "lib",
        "definition",
    ),
    "DROP FUNCTION js": ("routine", "js", "function body"),
    "CREATE FUNCTION js(n INT) RETURNS INT DETERMINISTIC LANGUAGE JAVASCRIPT USING (lib AS l) "
    "AS $$ return l.f(n) $$": ("routine", "js", "function body"),
    "DROP VIEW kept": ("view", "kept", "options"),
    "CREATE VIEW kept AS SELECT id FROM t": ("view", "kept", "options"),
    "DROP TRIGGER tr2": ("trigger", "tr2", "body"),
    'CREATE TRIGGER tr2 BEFORE INSERT ON checked FOR EACH ROW SET NEW.c = concat(NEW.c, "B")': (
        "trigger",
        "tr2",
        "body",
    ),
    "ALTER EVENT ev COMMENT 'X'": ("event", "ev", "comment"),
    "SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'": ("routine", "modes", "procedure body"),
    "DROP PROCEDURE modes": ("routine", "modes", "procedure body"),
    'CREATE PROCEDURE modes() BEGIN SELECT "id", \'a\\\' FROM "T"; END': ("routine", "modes", "procedure body"),
    "SET sql_mode = DEFAULT": ("routine", "modes", "procedure body"),
}
"""Statement on the target → the one difference that it makes."""

FOLLOWING = {
    ("column", "defaults.n", "default"),
    ("routine", "typed", "procedure charsets"),
    ("routine", "typed", "procedure collations"),
    ("routine", "returning", "function collations"),
}
"""What a planted difference brings with it."""


def catalogue(where: Address) -> Catalogue:
    """Read a database's catalogue as the product does."""
    session = connect(where)
    try:
        return read_catalogue(session, mariadb=session.mariadb)
    finally:
        session.close()


def recorded(name: str) -> Catalogue:
    """Return a catalogue that a real server answered."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for case, answer in records.read(RECORD).cases.items():
        catalogue_name, part, kind = case.split(" ", 2)
        if catalogue_name == name:
            found[part][kind] = answer
    return Catalogue(found["list"], created=found["create"])


def record(**catalogues: Catalogue) -> None:
    """Write catalogues down for :func:`recorded`."""
    cases: dict[str, Any] = {}
    for name, one in catalogues.items():
        cases |= {f"{name} list {kind}": _list(kind, rows) for kind, rows in one.records.items()}
        cases |= {f"{name} create {kind}": dict(texts) for kind, texts in one.created.items()}
    version = str(catalogues["legacy"].server["version"])
    records.write(RECORD, "MySQL", version, cases)


_NOISE = {"created", "last_altered", "cardinality", "table_catalog", "routine_catalog", "table_rows"}


_UNORDERED = {"tables", "views", "routines", "triggers", "events", "libraries"}
"""What the server lists in another order each time."""


def _list(kind: str, rows: Sequence[Any]) -> list[dict[str, Any]]:
    plain = [_plain(row) for row in rows]
    return sorted(plain, key=str) if kind in _UNORDERED else plain


def _plain(row: Any) -> dict[str, Any]:
    """Return a row as JSON has it, without what differs from one recording to the next."""
    plain = {k: str(v) if isinstance(v, date | datetime) else v for k, v in row.items() if k not in _NOISE}
    return {k: v.decode() if isinstance(v, bytes) else v for k, v in plain.items()}
