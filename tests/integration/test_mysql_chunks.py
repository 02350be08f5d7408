"""Where a chunk ends: the server is asked, unless two estimates agree that little more than one is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mysql_servers import TwoDatabases, counts, servers

pytestmark = pytest.mark.mariadb

ROWS = 6_000
MISJUDGED = "CREATE TABLE entries (id INT PRIMARY KEY, memo VARCHAR(20)) STATS_PERSISTENT=1 STATS_AUTO_RECALC=0;\n"
FILL = "INSERT INTO entries SELECT {key}, CONCAT('memo ', seq) FROM seq_1_to_6000;\n"
THROTTLE = {"strategy": "digest", "first": 1_000, "chunk": "60s"}
"""Chunks of 1,000, 4,000 and, were there as many, 16,000 rows."""


class Ends:
    """How often the legacy server was asked for the end of a chunk."""

    def __init__(self) -> None:
        self.asked = 0

    def __enter__(self) -> Ends:
        log = "TRUNCATE mysql.general_log;\nSET GLOBAL log_output = 'TABLE';\nSET GLOBAL general_log = 1;\n"
        servers()[0].run(log)
        return self

    def __exit__(self, *_: object) -> None:
        with servers()[0].root() as connection, connection.cursor() as cursor:
            cursor.execute("SET GLOBAL general_log = 0")
            cursor.execute("SELECT COUNT(*) FROM mysql.general_log WHERE argument LIKE '/* parity %OFFSET %'")
            [(self.asked,)] = cursor.fetchall()
            cursor.execute("SET GLOBAL log_output = 'FILE'")


@pytest.fixture
def databases(tmp_path: Path) -> Iterator[TwoDatabases]:
    two = TwoDatabases("chunks", tmp_path)
    two.fresh()
    two.both(MISJUDGED)
    yield two
    two.fresh()


def plant(two: TwoDatabases) -> None:
    two.target("UPDATE entries SET memo = 'other' WHERE id IN (1, 3000);\n")
    two.target("DELETE FROM entries ORDER BY id DESC LIMIT 1;\n")


def test_the_end_of_the_last_chunk_is_not_asked_for(databases: TwoDatabases) -> None:
    databases.both(FILL.format(key="seq") + "ANALYZE TABLE entries;\n")
    plant(databases)
    with Ends() as ends:
        result = databases.verify(throttle=THROTTLE)
    assert ends.asked == 1
    assert counts(result, "entries") == (2, 1, 0)
    assert result.tables[0].result.rows.legacy == ROWS


def test_rows_that_the_server_does_not_know_of_are_told_by_how_densely_they_lie(databases: TwoDatabases) -> None:
    databases.both("ANALYZE TABLE entries;\n" + FILL.format(key="seq"))
    plant(databases)
    with Ends() as ends:
        result = databases.verify(throttle={**THROTTLE, "chunk": "1ms"})
    assert ends.asked >= 4
    assert counts(result, "entries") == (2, 1, 0)


def test_no_row_is_lost_where_both_signs_mislead(databases: TwoDatabases) -> None:
    keys = "IF(seq <= 1000, seq * 1000, 1000000 + seq)"
    databases.both("ANALYZE TABLE entries;\n" + FILL.format(key=keys))
    databases.target("UPDATE entries SET memo = 'other' WHERE id IN (1000, 1005999);\n")
    with Ends() as ends:
        result = databases.verify(throttle=THROTTLE)
    assert ends.asked == 1
    assert counts(result, "entries") == (2, 0, 0)
    assert result.tables[0].result.rows.legacy == ROWS
