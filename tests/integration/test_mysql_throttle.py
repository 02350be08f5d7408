"""One moment's view of each side, and no more of a server than it can spare."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mysql_servers import TwoDatabases, counts, servers
from parity.clients.mysql import address, connect
from parity.tablediff.mysql.server import read_load
from parity.tablediff.rows.checkpoint import MemoryCheckpoints

pytestmark = pytest.mark.mariadb
SEED = (
    "CREATE TABLE accounts (id INT PRIMARY KEY, owner VARCHAR(20));\n"
    "INSERT INTO accounts SELECT seq, CONCAT('owner ', seq) FROM seq_1_to_2000;\n"
    "CREATE TABLE bookings (id INT PRIMARY KEY, account INT, FOREIGN KEY (account) REFERENCES accounts (id));\n"
    "INSERT INTO bookings SELECT seq, seq FROM seq_1_to_2000;\n"
)


@pytest.fixture
def databases(tmp_path: Path) -> TwoDatabases:
    two = TwoDatabases("throttled", tmp_path)
    two.fresh()
    two.both(SEED)
    return two


class Meanwhile(MemoryCheckpoints):
    """Checkpoints that let the target's application work after the first chunk."""

    def __init__(self, two: TwoDatabases) -> None:
        super().__init__()
        self.two = two
        self.done = False

    def save(self, run: str, table: str, state: str) -> None:
        super().save(run, table, state)
        if not self.done:
            self.done = True
            self.two.target(
                "UPDATE accounts SET owner = 'sold' WHERE id = 1999;\nDELETE FROM bookings WHERE id = 1;\n"
                "INSERT INTO accounts VALUES (3000, 'new');\nINSERT INTO bookings VALUES (3000, 3000);\n"
            )


def test_tables_that_foreign_keys_tie_together_are_seen_as_of_one_moment(databases: TwoDatabases) -> None:
    store = Meanwhile(databases)
    result = databases.verify(store, throttle={"strategy": "digest", "first": 200, "chunk": "1ms"})

    assert store.done
    assert result.verdict == "PASS", result.reason
    assert [table.result.rows.target for table in result.tables] == [2000, 2000]

    again = databases.verify(throttle={"strategy": "digest"})
    assert counts(again, "accounts") == (1, 0, 1)
    assert counts(again, "bookings") == (0, 1, 1)


@contextmanager
def busy(*statements: str) -> Iterator[None]:
    """Run statements on the target in a session of their own, the last of which may take its time."""
    ready, end = threading.Event(), threading.Event()

    def work() -> None:
        with servers()[1].root("throttled") as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            ready.set()
            while not end.is_set():
                cursor.execute("SELECT SLEEP(0.2)")

    worker = threading.Thread(target=work)
    worker.start()
    ready.wait(10)
    try:
        yield
    finally:
        end.set()
        worker.join()


def test_a_table_that_somebody_locks_is_not_waited_for_longer_than_told(databases: TwoDatabases) -> None:
    with busy("LOCK TABLES bookings WRITE"):
        result = databases.verify(throttle={"lock_wait": "1s", "attempts": 1}, include=["bookings"])

    assert result.verdict == "INVALID"
    assert "Lock wait timeout" in result.reason


def test_a_server_that_stays_busy_is_left_alone(databases: TwoDatabases) -> None:
    with busy(), busy():
        result = databases.verify(throttle={"threads_running": 1, "patience": "3s"})

    assert result.verdict == "INVALID"
    assert "the limit is 1" in result.reason
    assert databases.clock.slept.count(1.0) >= 3  # type: ignore[attr-defined]


def test_a_server_says_how_busy_it_is_and_one_that_is_no_replica_is_behind_nobody(
    databases: TwoDatabases,
) -> None:
    session = connect(address(servers()[0].url("throttled")))
    found = read_load(session)
    session.close()
    assert found.running >= 1
    assert found.lag is None
