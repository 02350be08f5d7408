"""A connection, a server or a worker dies half-way: nothing is lost, nothing is counted twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from fake_clock import FakeClock
from mysql_servers import TwoDatabases, counts, kill_sessions, servers
from parity.history.checkpoints import StoredCheckpoints
from parity.history.store import open_store
from parity.tablediff.rows.checkpoint import MemoryCheckpoints
from parity.tablediff.runner import verify_database

pytestmark = pytest.mark.mariadb

ROWS = 3_000
SEED = (
    "CREATE TABLE entries (id INT PRIMARY KEY, amount DECIMAL(10,2), memo VARCHAR(40));\n"
    f"INSERT INTO entries SELECT seq, seq / 7, CONCAT('memo ', seq) FROM seq_1_to_{ROWS};\n"
    "CREATE TABLE other (id INT PRIMARY KEY);\nINSERT INTO other VALUES (1), (2);\n"
)
PLANTED = (
    "UPDATE entries SET amount = amount + 1 WHERE id IN (10, 1500, 2990);\n"
    "DELETE FROM entries WHERE id IN (11, 2991);\nINSERT INTO entries VALUES (99999, 1, 'new');\n"
)
EXPECTED = (3, 2, 1)


@dataclass
class Trap(MemoryCheckpoints):
    """Checkpoints that spring a trap when the given chunk of a table has been saved."""

    spring: Callable[[], None]
    after: int = 3
    saved: int = 0
    states: dict[tuple[str, str], str] = field(default_factory=dict)

    def save(self, run: str, table: str, state: str) -> None:
        super().save(run, table, state)
        self.saved += table == "entries"
        if self.saved == self.after and table == "entries":
            self.spring()


@dataclass
class Sleeper(FakeClock):
    """A clock that does something while others sleep."""

    meanwhile: Callable[[], None] = lambda: None

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.meanwhile()


@pytest.fixture
def databases(tmp_path: Path) -> TwoDatabases:
    two = TwoDatabases("faults", tmp_path)
    for server in servers():  # a crash must not take the last second's commits with it
        server.run("SET GLOBAL innodb_flush_log_at_trx_commit = 1;\n")
    two.fresh()
    two.both(SEED)
    two.target(PLANTED)
    return two


@dataclass
class Hunter:
    """Kills the first digest query that it meets on the target, from another thread."""

    killed: bool = False
    _end: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> None:
        self._thread = threading.Thread(target=self._hunt)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._end.set()
        if self._thread:
            self._thread.join()

    def _hunt(self) -> None:
        prey = "SELECT id FROM information_schema.processlist WHERE user = 'parity' AND info LIKE '%GROUP BY b)%'"
        with servers()[1].root() as connection, connection.cursor() as cursor:
            while not self._end.is_set() and not self.killed:
                cursor.execute(prey)
                for (victim,) in cursor.fetchall():
                    cursor.execute(f"KILL QUERY {victim}")
                    self.killed = True


SMALL = {"first": 200, "chunk": "1ms", "strategy": "digest"}


def test_a_lost_connection_is_made_anew_and_the_walk_goes_on(databases: TwoDatabases) -> None:
    result = databases.verify(Trap(kill_sessions), throttle=SMALL)

    assert counts(result, "entries") == EXPECTED
    assert counts(result, "other") == (0, 0, 0)
    entries = next(table.result for table in result.tables if table.table == "entries")
    assert entries.extra["mysql"]["resumed"] >= 1
    assert entries.rows.legacy == ROWS


def test_a_server_that_comes_back_is_waited_for(databases: TwoDatabases) -> None:
    target = servers()[1]
    databases.clock = Sleeper(meanwhile=lambda: None if target.pid else target.start())

    try:
        result = databases.verify(Trap(target.kill), throttle=SMALL)
    finally:  # it was started by a worker's thread, and dies with it
        target.stop()
        target.start()

    assert counts(result, "entries") == EXPECTED
    assert result.verdict == "FAIL"


def test_a_server_that_stays_away_makes_its_tables_invalid(databases: TwoDatabases) -> None:
    target = servers()[1]
    try:
        result = databases.verify(Trap(target.kill), throttle={**SMALL, "attempts": 2})
    finally:
        target.start()

    assert result.verdict == "INVALID"
    assert {table.table: table.result.verdict for table in result.tables}["entries"] == "INVALID"
    assert len(result.tables) == 2


class Killed(BaseException):
    """What a killed worker looks like from inside."""


def test_a_killed_workers_successor_resumes_after_the_last_finished_chunk(
    databases: TwoDatabases, tmp_path: Path
) -> None:
    kept = StoredCheckpoints(open_store(f"sqlite:///{tmp_path / 'results.db'}").engine)

    def die() -> None:
        raise Killed

    trap = Trap(die)
    trap.save, saved = lambda *a: (kept.save(*a), Trap.save(trap, *a))[0], trap.states  # type: ignore[method-assign]
    with pytest.raises(Killed):
        databases.verify(trap, throttle=SMALL)
    assert kept.load("once", "entries") == saved["once", "entries"]

    result = databases.verify(kept, throttle=SMALL)

    assert counts(result, "entries") == EXPECTED
    assert next(t.result for t in result.tables if t.table == "entries").rows.legacy == ROWS


def test_a_row_that_arrives_while_it_looks_is_in_flight_and_no_difference(databases: TwoDatabases) -> None:
    rows = ", ".join(f"({n}, {n} / 7, 'memo {n}')" for n in (10, 11, 1500, 2990, 2991))
    copy = f"REPLACE INTO entries VALUES {rows};\nDELETE FROM entries WHERE id = 99999;\n"
    databases.clock = Sleeper(meanwhile=lambda: databases.target(copy))

    result = databases.verify(throttle={"settle": "1s"})

    entries = next(table.result for table in result.tables if table.table == "entries")
    assert result.verdict == "PASS", result.reason
    assert entries.extra["mysql"]["in_flight"] == 6
    assert entries.rows.equal == entries.rows.target == ROWS


def test_a_row_that_never_stands_still_cannot_be_judged(databases: TwoDatabases) -> None:
    databases.target("UPDATE entries SET amount = amount - 1 WHERE id IN (1500, 2990);\n")
    databases.clock = Sleeper(
        meanwhile=lambda: databases.target("UPDATE entries SET amount = amount + 1 WHERE id = 10;\n")
    )

    result = databases.verify(throttle={"settle": "1s"})

    assert result.verdict == "INVALID"
    assert "changed every time" in result.reason


def test_a_connection_lost_during_the_second_reading_is_made_anew(databases: TwoDatabases) -> None:
    databases.clock = Sleeper(meanwhile=kill_sessions)

    result = databases.verify(throttle={"settle": "1s"})

    assert counts(result, "entries") == EXPECTED, result.reason
    assert result.verdict == "FAIL"


def test_a_killed_query_is_asked_again_and_costs_one_chunk(databases: TwoDatabases) -> None:
    hunter = Hunter()
    databases.target("CREATE TABLE big AS SELECT seq AS id, SHA2(seq, 224) AS v FROM seq_1_to_300000;\n")
    databases.legacy("CREATE TABLE big AS SELECT seq AS id, SHA2(seq, 224) AS v FROM seq_1_to_300000;\n")
    databases.both("ALTER TABLE big ADD PRIMARY KEY (id);\n")
    with hunter:
        result = databases.verify(throttle={"first": 100_000, "strategy": "digest"}, include=["big"])

    assert hunter.killed
    assert result.tables[0].result.verdict == "PASS", result.reason
    assert result.tables[0].result.rows.equal == 300_000
    assert result.tables[0].result.extra["mysql"]["resumed"] >= 1


def test_a_statement_that_outlives_its_time_out_ends_invalid_in_one_sentence(databases: TwoDatabases) -> None:
    databases.both("CREATE TABLE heap AS SELECT seq AS id, SHA2(seq, 224) AS v FROM seq_1_to_400000;\n")

    result = databases.verify(
        throttle={"statement": "0.02s", "attempts": 2, "strategy": "digest"}, include=["heap"]
    )

    assert result.verdict == "INVALID"
    assert "stopped a statement" in result.reason


def test_a_server_that_is_gone_from_the_start_is_one_sentence(databases: TwoDatabases) -> None:
    target = servers()[1]
    target.kill()
    try:
        result = databases.verify()
    finally:
        target.start()

    assert result.verdict == "INVALID"
    assert "cannot be reached" in result.reason


def test_a_database_that_is_not_there_is_one_sentence(databases: TwoDatabases) -> None:
    job = databases.job()
    nowhere = replace(job.connections.target, database="nowhere")
    result = verify_database(replace(job, connections=replace(job.connections, target=nowhere)))

    assert result.verdict == "INVALID"
    assert "nowhere" in result.reason


def test_a_wrong_password_is_one_clear_sentence_without_the_password(databases: TwoDatabases) -> None:
    job = databases.job()
    wrong = replace(job.connections.target, password=SecretStr("hunter2-secret"))
    result = verify_database(replace(job, connections=replace(job.connections, target=wrong)))

    assert result.verdict == "INVALID"
    assert "refused" in result.reason
    assert "hunter2" not in str(result.to_json())


def test_a_heap_whose_size_the_server_misjudges_is_counted_before_it_is_held_in_memory(
    databases: TwoDatabases,
) -> None:
    heap = "CREATE TABLE heap (v INT) STATS_PERSISTENT=1 STATS_AUTO_RECALC=0;\nANALYZE TABLE heap;\n"
    databases.both(f"{heap}INSERT INTO heap SELECT seq FROM seq_1_to_30000;\n")
    databases.target("DELETE FROM heap WHERE v = 30000;\n")

    result = databases.verify(include=["heap"])

    assert counts(result, "heap") == (0, 1, 0)
    assert result.tables[0].result.extra["mysql"]["rows_fetched"] < 1_000
