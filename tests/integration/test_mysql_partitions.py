"""A large table that several connections read at once, and how gently."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from mysql_servers import TwoDatabases, counts, kill_sessions, servers
from parity.clients.mysql import address, connect
from parity.errors import CouldNotCompare
from parity.history.checkpoints import StoredCheckpoints
from parity.history.store import open_store
from parity.tablediff.rows.checkpoint import Checkpoint, MemoryCheckpoints
from parity.tablediff.runner import verify_database
from parity.tablediff.verdict import DatabaseResult

pytestmark = pytest.mark.mariadb
ROWS = 64_000
SEED = (
    "CREATE TABLE entries (account VARCHAR(12) COLLATE utf8mb4_bin NOT NULL, n INT NOT NULL, amount INT, "
    "PRIMARY KEY (account, n));\n"
    f"INSERT INTO entries SELECT CONCAT('a', seq % 800), seq, seq FROM seq_1_to_{ROWS};\nANALYZE TABLE entries;\n"
)
PLANTED = (
    "UPDATE entries SET amount = 0 WHERE n % 6400 = 0;\nDELETE FROM entries WHERE n IN (5, 32001);\n"
    "INSERT INTO entries VALUES ('', 1, 1), ('zz', 1, 1), ('a400', -1, 1);\n"
)
EXPECTED = (10, 2, 3)
THROTTLE = {"connections": 3, "first": 4_000, "chunk": "500ms"}


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> TwoDatabases:
    two = TwoDatabases("partitions", tmp_path_factory.mktemp("partitions"))
    two.fresh()
    two.both(SEED)
    two.target(PLANTED)
    return two


def entries(result: DatabaseResult) -> dict[str, Any]:
    return {**result.tables[0].result.extra["mysql"], "notes": result.tables[0].result.not_compared}


@pytest.mark.parametrize("strategy", ["digest", "stream"])
def test_partitions_find_what_one_scan_finds(databases: TwoDatabases, strategy: str) -> None:
    result = databases.verify(throttle={**THROTTLE, "strategy": strategy})

    assert counts(result, "entries") == EXPECTED, result.reason
    assert result.tables[0].result.rows.legacy == ROWS
    assert result.tables[0].result.rows.target == ROWS + 1
    assert any("3 partitions of the table were read at once" in note.why for note in entries(result)["notes"])


class Killed(BaseException):
    """What a killed worker looks like from inside."""


@dataclass
class Counting(MemoryCheckpoints):
    """Checkpoints that die when a partition has saved for the given time."""

    kept: StoredCheckpoints | None = None
    dies: int = -1
    saved: int = 0
    states: dict[tuple[str, str], str] = field(default_factory=dict)

    def save(self, run: str, table: str, state: str) -> None:
        assert self.kept
        self.kept.save(run, table, state)
        self.saved += "/" in table
        if self.saved == self.dies:
            raise Killed

    def load(self, run: str, table: str) -> str | None:
        assert self.kept
        return self.kept.load(run, table)


def test_a_killed_workers_successor_goes_on_within_the_same_partitions(
    databases: TwoDatabases, tmp_path: Path
) -> None:
    kept = StoredCheckpoints(open_store(f"sqlite:///{tmp_path / 'results.db'}").engine)
    job = replace(databases.job(Counting(kept=kept, dies=2), throttle=THROTTLE), artefacts=tmp_path)
    with pytest.raises(Killed):
        verify_database(job)
    cut = kept.load("once", "entries")
    states = [kept.load("once", f"entries/{number}") for number in range(3)]
    assert not all(state and Checkpoint.from_json(state).done for state in states), "the others scanned on"

    after = Counting(kept=kept)
    result = verify_database(replace(job, store=after))

    assert cut is not None
    assert len(Checkpoint.from_json(cut).cuts) == 2
    assert counts(result, "entries") == EXPECTED, result.reason
    assert result.tables[0].result.rows.legacy == ROWS
    assert entries(result)["resumed"] >= 1


class Cutting(MemoryCheckpoints):
    """Checkpoints that cut every connection, and so those of all partitions, at the fourth save."""

    saves = 0

    def save(self, run: str, table: str, state: str) -> None:
        super().save(run, table, state)
        self.saves += 1
        if self.saves == 4:
            kill_sessions()


def test_connections_lost_in_all_partitions_at_once_are_opened_again(databases: TwoDatabases) -> None:
    result = databases.verify(Cutting(), throttle=THROTTLE)

    assert counts(result, "entries") == EXPECTED, result.reason
    assert result.tables[0].result.rows.legacy == ROWS
    assert entries(result)["resumed"] >= 1


def test_no_more_sessions_are_opened_than_the_pace_allows_and_they_say_who_they_are(
    databases: TwoDatabases,
) -> None:
    with watched() as seen:
        databases.verify(throttle=THROTTLE)

    assert max(len(sample) for sample in seen) == THROTTLE["connections"]
    assert any("/* parity partitions */" in query for sample in seen for query in sample)


@contextmanager
def watched() -> Iterator[list[list[str]]]:
    """Sample what the legacy server runs for the read-only user."""
    seen: list[list[str]] = []
    end = threading.Event()
    question = "SELECT COALESCE(info, '') FROM information_schema.processlist WHERE user = 'parity'"

    def look() -> None:
        with servers()[0].root() as connection, connection.cursor() as cursor:
            while not end.is_set():
                cursor.execute(question)
                seen.append([str(row[0]) for row in cursor.fetchall()])
                time.sleep(0.01)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        end.set()
        watcher.join()


def test_all_threads_together_keep_to_the_rows_per_second(databases: TwoDatabases) -> None:
    slept: list[float] = databases.clock.slept  # type: ignore[attr-defined]
    before = len(slept)
    databases.verify(throttle={**THROTTLE, "rows_per_second": 8_000})

    assert sum(slept[before:]) == pytest.approx(ROWS / 8_000, rel=0.5)


def test_a_session_cannot_write(databases: TwoDatabases) -> None:
    session = connect(address(f"mysql://root@localhost/partitions?unix_socket={servers()[0].socket}"))
    with pytest.raises(CouldNotCompare, match="READ ONLY"):
        session.execute("DELETE FROM entries")
    session.close()
