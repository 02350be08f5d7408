"""The text that a row is hashed as: no two rows have the same, whatever their cells hold."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from mysql_servers import TwoDatabases, servers
from parity.clients.mysql import MySQLSession, address, connect
from parity.sql.mysql import MySQL
from parity.sql.mysql_row import row_text
from parity.tablediff.mysql.catalogue import Table, read_catalogue

pytestmark = pytest.mark.mariadb

TABLE = """CREATE TABLE rows_of_all (id INT PRIMARY KEY, a VARCHAR(20), b VARCHAR(20) COLLATE utf8mb4_bin,
 n INT, d DECIMAL(9,2), f DOUBLE, g DOUBLE, x VARBINARY(9), t DATETIME(3), e ENUM('u','v'), l LONGTEXT,
 o VARCHAR(9) CHARACTER SET latin1, j FLOAT NOT NULL DEFAULT 0);
"""
CONFUSED = [
    "a = 'ab', b = ''",
    "a = 'a', b = 'b'",
    "a = '', b = 'ab'",
    "a = 'ab'",
    "b = 'ab'",
    "a = ''",
    "a = '~'",
    "a = CONCAT('a', x'1f', 'b')",
    "a = 'a', b = CONCAT('b', x'1f')",
    "a = CONCAT('a', x'1f'), b = 'b'",
    "a = x'1f', b = ''",
    "a = '', b = x'1f'",
    "n = 1, d = 23",
    "n = 12, d = 3",
    "n = 1",
    "d = 1",
    "f = 1",
    "g = 1",
    "f = 1, g = 2",
    "f = 2, g = 1",
    "f = 0",
    "g = 0",
    "f = 0, g = 0",
    "f = 0.1",
    "f = 0.10000000000000002",
    "f = 1e300",
    "f = -1e-300",
    "j = 1",
    "j = 0.1",
    "x = ''",
    "x = x'00'",
    "x = x'1f'",
    "x = x'1f1f'",
    "x = '~'",
    "t = '0000-00-00'",
    "t = '2026-03-01 00:00:00.001'",
    "e = 'u'",
    "e = 'v'",
    "l = ''",
    "l = '~'",
    "o = 'é'",
    "o = 'e'",
    "a = 'é'",
    "n = NULL",
]
"""What each row is, beside its key; everything else in it is NULL."""


@pytest.fixture
def session(tmp_path: Path) -> Iterator[MySQLSession]:
    two = TwoDatabases("hashed_rows", tmp_path)
    two.fresh()
    rows = (f"INSERT INTO rows_of_all SET id = {at}, {row};\n" for at, row in enumerate(CONFUSED))
    two.legacy(f"SET sql_mode = '';\n{TABLE}{''.join(rows)}")
    session = connect(address(servers()[0].url(two.name)))
    yield session
    session.close()


def table(session: MySQLSession) -> Table:
    return read_catalogue(session, mariadb=session.mariadb).tables["rows_of_all"]


def test_no_two_rows_have_the_same_text(session: MySQLSession) -> None:
    compared = table(session).columns[1:]
    found = session.rows(f"SELECT {row_text(MySQL(), compared)} FROM rows_of_all ORDER BY id")
    assert len({text for (text,) in found}) == len(CONFUSED)


def test_a_double_is_its_eight_bytes_and_zero_has_no_sign(session: MySQLSession) -> None:
    doubles = [column for column in table(session).columns if column.name in ("f", "g")]
    for value, expected in (("0.1", 0.1), ("-1e-300", -1e-300), ("-0e0", 0.0), ("5e-324", 5e-324)):
        row = f"(SELECT {value} AS f, 1.5e0 AS g) AS doubles"
        [(text,)] = session.rows(f"SELECT {row_text(MySQL(), doubles)} FROM {row}")
        assert text.endswith(struct.pack("<BIdd", 1, 1, expected, 1.5))


def test_a_latin1_text_is_hashed_as_the_same_words_in_utf8(session: MySQLSession) -> None:
    wanted = {column.name: column for column in table(session).columns}
    texts = [
        session.rows(f"SELECT {row_text(MySQL(), [wanted[name]])} FROM rows_of_all WHERE {name} = 'é'")[0][0]
        for name in ("a", "o")
    ]
    assert texts[0] == texts[1]
