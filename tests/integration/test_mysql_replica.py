"""A replica that is behind its source: the comparison waits for it, and gives up in one sentence."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fake_clock import FakeClock
from mysql_servers import CLASSES, FAMILY, MySQLServer
from parity.clients.mysql import address
from parity.suite.databases import Database
from parity.tablediff.job import Job
from parity.tablediff.rows.checkpoint import MemoryCheckpoints
from parity.tablediff.runner import verify_database
from parity.tablediff.sessions.pair import Connections
from parity.tablediff.verdict import DatabaseResult
from parity_sandbox.mysql.server import Server

pytestmark = pytest.mark.mariadb

SEED = """CREATE DATABASE ledger;
CREATE USER 'follower'@'127.0.0.1' IDENTIFIED BY 'follows';
GRANT REPLICATION SLAVE ON *.* TO 'follower'@'127.0.0.1';
CREATE TABLE ledger.entries (id INT PRIMARY KEY, memo VARCHAR(20));
INSERT INTO ledger.entries VALUES (1, 'first');
"""


@dataclass(frozen=True)
class Words:
    """How a family of servers is made to replicate, by GTID."""

    source: tuple[str, ...]
    replica: tuple[str, ...]
    follow: str
    delay: str
    replicas: str = "REPLICA"
    behind: str = "Seconds_Behind_Source"


MARIADB_WORDS = Words(
    ("--log-bin=bin", "--server-id=1", "--gtid-strict-mode=1"),
    ("--server-id=2",),
    "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {port}, MASTER_USER = 'follower', "
    "MASTER_PASSWORD = 'follows', MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1",
    "CHANGE MASTER TO MASTER_DELAY = {seconds}",
    "SLAVE",
    "Seconds_Behind_Master",
)
_GTID = ("--log-bin=bin", "--gtid-mode=ON", "--enforce-gtid-consistency=ON")
MYSQL_WORDS = Words(
    (*_GTID, "--server-id=1"),
    (*_GTID, "--server-id=2"),
    "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = {port}, SOURCE_USER = 'follower', "
    "SOURCE_PASSWORD = 'follows', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1, SOURCE_CONNECT_RETRY = 1",
    "CHANGE REPLICATION SOURCE TO SOURCE_DELAY = {seconds}",
)
KIND = CLASSES[FAMILY][1]
WORDS = MYSQL_WORDS if KIND is MySQLServer else MARIADB_WORDS


@dataclass
class Replication:
    """A source and the replica that follows it: the two sides of a comparison."""

    source: Server
    replica: Server

    def delay(self, seconds: int) -> None:
        """Have the replica wait so long before it does what its source did."""
        change = WORDS.delay.format(seconds=seconds)
        self.replica.run(f"STOP {WORDS.replicas};\n{change};\nSTART {WORDS.replicas};\n")

    def write(self, number: int) -> None:
        """Write a row, and return when the replica knows that it is more than a second behind."""
        self.source.run(f"INSERT INTO ledger.entries VALUES ({number}, 'late');\n")
        until(lambda: (self.lag() or 0) > 1)

    def lag(self) -> int | None:
        """Return what the replica says of itself; None while it does not follow."""
        with self.replica.root() as connection, connection.cursor() as cursor:
            cursor.execute(f"SHOW {WORDS.replicas} STATUS")
            names = [column[0] for column in cursor.description]
            return dict(zip(names, cursor.fetchone() or (), strict=True))[WORDS.behind]

    def equal(self) -> bool:
        """Return whether the replica has caught up with its source, and reports it."""
        return rows(self.replica) == rows(self.source) and self.lag() == 0

    def verify(self, folder: Path, clock: FakeClock) -> DatabaseResult:
        """Compare the source with its replica, which may be a second behind."""
        throttle = {"replica_lag": "1s", "patience": "30s", "settle": "0s"}
        declared = {"database": "ledger", "owner": "dba", "legacy": "l", "target": "t", "throttle": throttle}
        sides = Connections(*(address(server.url("ledger")) for server in (self.source, self.replica)))
        return verify_database(Job(Database.model_validate(declared), sides, MemoryCheckpoints(), folder, clock))


def rows(server: Server) -> int:
    """Count the entries; 0 where there is no table yet."""
    with server.root() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 'entries'")
        if cursor.fetchone() == (0,):
            return 0
        cursor.execute("SELECT COUNT(*) FROM ledger.entries")
        [(found,)] = cursor.fetchall()
        return int(found)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not true():
        assert time.monotonic() < deadline, "the servers did not get there"
        time.sleep(0.05)


class Catching(FakeClock):
    """A clock in whose second pause the replica catches up."""

    replication: Replication

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if len(self.slept) == 2:
            self.replication.delay(0)
            until(self.replication.equal)


@pytest.fixture(scope="module")
def replication(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replication]:
    folder = tmp_path_factory.mktemp("replication")
    source = KIND(folder / "source", options=WORDS.source)
    replica = KIND(folder / "replica", options=WORDS.replica)
    for server in (source, replica):
        server.install()
        server.start()
    source.run(SEED)
    replica.run(f"{WORDS.follow.format(port=source.port)};\nSTART {WORDS.replicas};\n")
    pair = Replication(source, replica)
    until(pair.equal)
    yield pair
    for server in (replica, source):
        server.stop()


def test_it_waits_until_the_replica_has_caught_up_and_reads_what_it_caught_up_with(
    replication: Replication, tmp_path: Path
) -> None:
    replication.delay(3600)
    replication.write(2)
    clock = Catching()
    clock.replication = replication

    result = replication.verify(tmp_path, clock)

    assert clock.slept[:2] == [1.0, 1.0]
    assert result.verdict == "PASS", result.reason
    assert result.tables[0].result.rows.target == rows(replication.source) >= 2


def test_a_replica_that_stays_behind_ends_invalid_and_says_how_far(
    replication: Replication, tmp_path: Path
) -> None:
    replication.delay(3600)
    replication.write(3)

    result = replication.verify(tmp_path, FakeClock())

    assert result.verdict == "INVALID"
    assert "s behind its source, the limit is 1 s" in result.reason
    replication.delay(0)
    until(replication.equal)


def test_a_replica_that_does_not_follow_is_as_far_behind_as_can_be(
    replication: Replication, tmp_path: Path
) -> None:
    replication.replica.run(f"STOP {WORDS.replicas} SQL_THREAD;\n")
    replication.source.run("REPLACE INTO ledger.entries VALUES (4, 'unseen');\n")

    result = replication.verify(tmp_path, FakeClock())

    assert result.verdict == "INVALID"
    assert "a replica does not follow its source" in result.reason
    replication.replica.run(f"START {WORDS.replicas} SQL_THREAD;\n")
    until(replication.equal)
