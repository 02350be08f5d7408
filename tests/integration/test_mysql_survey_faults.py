"""A connection that breaks while the catalogues are read, before any row: it is opened again, within bounds."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from fake_clock import FakeClock
from mysql_servers import TwoDatabases, counts, servers
from parity.tablediff.runner import verify_database, verify_tables
from parity.tablediff.survey import survey_database
from parity.tablediff.verdict import DatabaseResult

pytestmark = pytest.mark.mariadb

SEED = "CREATE TABLE entries (id INT PRIMARY KEY, memo TEXT);\nINSERT INTO entries VALUES (1, 'a'), (2, 'b');\n"


@dataclass
class Wire:
    """A way to the target that breaks when certain words pass, and afterwards carries again, or never does."""

    words: bytes
    """What the client says when it breaks."""
    times: int = 1
    """How often it breaks."""
    gone: bool = False
    """Nobody answers once it has broken."""
    broken: int = 0
    _door: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def port(self) -> int:
        return int(self._door.getsockname()[1])

    def open(self) -> None:
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.create_connection(("127.0.0.1", servers()[1].port))
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError), source, sink:
            while data := source.recv(65536):
                if self.words in data and self.broken < self.times:
                    self.broken += 1
                    if self.gone:
                        self.close()
                    break
                sink.sendall(data)
            for end in (source, sink):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def databases(tmp_path: Path) -> TwoDatabases:
    two = TwoDatabases("survey_faults", tmp_path)
    two.fresh()
    two.both(SEED)
    return two


def verified_over(wire: Wire, databases: TwoDatabases) -> DatabaseResult:
    job = databases.job()
    wire.open()
    try:
        target = replace(job.connections.target, port=wire.port)
        return verify_database(replace(job, connections=replace(job.connections, target=target)))
    finally:
        wire.close()


@pytest.mark.parametrize("words", [b"information_schema.triggers", b"SHOW GLOBAL VARIABLES", b"SHOW GRANTS"])
def test_a_connection_lost_during_the_survey_is_made_anew(databases: TwoDatabases, words: bytes) -> None:
    wire = Wire(words)
    result = verified_over(wire, databases)

    assert wire.broken == 1
    assert result.verdict == "PASS", result.reason
    assert counts(result, "entries") == (0, 0, 0)


def test_a_server_that_is_gone_for_good_in_the_middle_is_one_sentence(databases: TwoDatabases) -> None:
    clock = databases.clock = FakeClock()
    result = verified_over(Wire(b"information_schema.triggers", gone=True), databases)

    assert result.verdict == "INVALID"
    assert result.reason.endswith(".")
    assert "cannot be reached" in result.reason
    assert result.reason.count(". ") == 0
    assert clock.slept == [1.0, 2.0, 4.0, 8.0]


def test_a_connection_that_breaks_every_time_is_given_up_after_as_many_attempts(databases: TwoDatabases) -> None:
    wire = Wire(b"information_schema.triggers", times=99)
    result = verified_over(wire, databases)

    assert result.verdict == "INVALID"
    assert wire.broken == 5


ALTERED = {
    "a column on both sides": "ALTER TABLE entries ADD paid INT DEFAULT {}",
    "a wider type": "ALTER TABLE entries MODIFY memo LONGTEXT",
    "another character set": "ALTER TABLE entries CONVERT TO CHARACTER SET latin1",
}


@pytest.mark.parametrize("statement", ALTERED.values(), ids=ALTERED)
def test_a_table_that_is_altered_after_the_survey_is_not_called_equal(tmp_path: Path, statement: str) -> None:
    two = TwoDatabases("survey_faults", tmp_path)
    two.fresh()
    two.both(SEED + "CREATE TABLE busy (id INT AUTO_INCREMENT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 2;\n")
    two.both("INSERT INTO busy VALUES (1)")
    job = two.job()
    survey = survey_database(job.spec, job.connections, job.clock)
    two.legacy(statement.format(1))
    two.target(statement.format(2))
    two.both("INSERT INTO busy VALUES (NULL), (NULL);\nALTER TABLE busy ADD PARTITION PARTITIONS 1")

    results = {one.table: one.result for one in verify_tables(job, survey.plan.tables)}

    assert results["busy"].verdict == "PASS", results["busy"].reason
    assert results["entries"].verdict == "INVALID"
    assert "entries: its definition on the legacy side was altered" in results["entries"].reason
    assert verify_database(two.job(include=["busy"])).verdict == "PASS"


def test_a_database_is_not_compared_with_itself(databases: TwoDatabases) -> None:
    job = databases.job()
    by_name = replace(job.connections.legacy, host="localhost")
    result = verify_database(replace(job, connections=replace(job.connections, target=by_name)))
    assert result.verdict == "INVALID"
    assert "Both sides are one database" in result.reason
