"""The results store on real servers: MariaDB (a MySQL URL) and PostgreSQL."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from parity.compare.result import CauseCount, ColumnFacts, Money, Rows, Verdict
from parity.history import tables
from parity.history.checkpoints import StoredCheckpoints
from parity.history.migrate import VERSION_TABLE
from parity.history.records import ActivityKey, ActivityRecord, ExpectationResult, RemoteRun, RunRecord
from parity.history.store import Store, open_store
from parity.history.tables import metadata
from parity.suite.models import Cause

MARIADBD = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
PATIENCE = 60.0
NOON = datetime(2026, 3, 3, 2, 30, 0, 123456, tzinfo=UTC)
FULL = ActivityRecord(
    key=ActivityKey("payments", "settle", date(2026, 3, 2), "scheduled__2026-03-02T02:00:00+00:00"),
    verdict=Verdict.FAIL,
    reason="7 rows differ — größer 🔴",
    recorded=NOON,
    rows=Rows(3_000_000_000, 101, 93, 7, 0, 1, 2, 3),
    columns=(
        ColumnFacts(
            "amount",
            100,
            7,
            (CauseCount(Cause.ROUNDING, 7, "half-even"),),
            (Money("EUR", Decimal("-0.10"), Decimal("12345678901234567890.12"), 7),),
        ),
    ),
    findings=(ExpectationResult("legacy", "ExpectColumnToExist", "amount", "critical", "fail", "Not there."),),
    remote_runs=(RemoteRun("athena", "q-1", "SUCCEEDED", "https://example.test/q-1"),),
    waivers=({"ticket": "PAY-1", "rows": 3},),
    cost_usd=Decimal("0.00048828125"),
    bytes_scanned=2**40,
)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers."""
    engine = sa.create_engine(url)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            engine.connect().close()
        except sa.exc.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the server did not start:\n{log.read_text()}")
            time.sleep(0.1)
        else:
            engine.dispose()
            return


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A private MariaDB; the URL has no driver in it, as people write it."""
    assert MARIADBD is not None, "mariadbd is not installed"
    home, port = tmp_path_factory.mktemp("mariadb"), free_port()
    data, log = home / "data", home / "log"
    user = pwd.getpwuid(os.geteuid()).pw_name
    common = [f"--datadir={data}", f"--user={user}"]
    install = ["mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", *common]
    subprocess.run(install, check=True, capture_output=True)
    options = [f"--socket={home / 's'}", f"--port={port}", "--bind-address=127.0.0.1", "--skip-grant-tables"]
    small = ["--innodb-buffer-pool-size=32M", "--skip-networking=0"]
    with log.open("wb") as output:
        command = [MARIADBD, "--no-defaults", *common, *options, *small]
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    server = f"mysql+pymysql://root@127.0.0.1:{port}"
    wait_for(server, process, log)
    engine = sa.create_engine(server)
    with engine.begin() as connection:
        connection.execute(sa.text("create database parity character set utf8mb4"))
    engine.dispose()
    yield f"mysql://root@127.0.0.1:{port}/parity"
    stop(process)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """A private PostgreSQL; needs its server and the driver psycopg, which is not among the requirements."""
    pytest.importorskip("psycopg")
    server = shutil.which("postgres") or pytest.skip("PostgreSQL's server is not installed")
    home, port = Path(tempfile.mkdtemp(prefix="parity-postgresql-")), free_port()
    user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    if user:
        shutil.chown(home, user)
    initdb = str(Path(server).resolve().with_name("initdb"))
    data, log = home / "data", home / "log"
    as_user: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
    subprocess.run(
        [initdb, "-D", str(data), "-A", "trust", "-U", "postgres"], check=True, capture_output=True, **as_user
    )
    command = [server, "-D", str(data), "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-k", str(home)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **as_user)
    url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    wait_for(url, process, log)
    yield url
    stop(process)
    shutil.rmtree(home)


@pytest.fixture(params=["mariadb", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty store on each server."""
    given: str = request.getfixturevalue(request.param)
    made = given.replace("mysql://", "mysql+pymysql://")
    engine = sa.create_engine(made)
    with engine.begin() as connection:
        metadata.drop_all(connection)
        connection.execute(sa.text(f"drop table if exists {VERSION_TABLE}"))
    engine.dispose()
    return given


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store, opened by eight at once."""
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: open_store(url), range(8)))
    yield stores[0]
    for opened in stores:
        opened.engine.dispose()


@pytest.mark.mariadb
def test_tables_are_made_once_and_as_declared(store: Store) -> None:
    options = {"version_table": VERSION_TABLE}
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


@pytest.mark.mariadb
def test_results_and_runs_are_read_back_as_they_were(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.record_activity(FULL), range(16)))
    assert store.activity_history("payments", "settle") == (FULL,)
    run = RunRecord("payments", FULL.key.run_id, FULL.key.business_date, NOON, verdict=Verdict.FAIL)
    with ThreadPoolExecutor(8) as pool:
        numbers = set(pool.map(lambda _: store.record_run(run), range(16)))
    assert len(numbers) == 1
    detail = store.run(run.run_id)
    assert detail.run == replace(run, id=numbers.pop())
    assert detail.activities == (FULL,)
    assert store.purge(date(2027, 1, 1)) == 1
    assert store.activity_history("payments", "settle") == ()


@pytest.mark.mariadb
def test_alerts_and_outbox_entries_are_stored(store: Store) -> None:
    state = {
        "fingerprint": "ab" * 32,
        "suite": "payments",
        "activity": "settle",
        "column_name": "amount",
        "cause": "rounding",
        "incident": "parity/payments/1",
        "status": "open",
        "opened": NOON,
        "opened_date": NOON.date(),
        "seen_date": NOON.date(),
        "severity": "critical",
        "row_count": 3,
        "told_rows": 3,
        "what": "größer 🔴",
    }
    entry = {"id": "1", "suite": "payments", "incident": "i", "channel": "c", "event": "new"}
    posted = {**entry, "payload": {"lines": ["🔴"]}, "created": NOON}
    for _ in range(2):
        store.change_alerts("payments", lambda _: ([state], [posted]))
    with store.engine.connect() as connection:
        assert connection.execute(sa.select(tables.alerts)).mappings().all() == [state]
    assert [waiting["payload"] for waiting in store.unsent("payments")] == [{"lines": ["🔴"]}]
    store.mark_sent("1", NOON)
    assert list(store.unsent("payments")) == []


@pytest.mark.mariadb
def test_tables_whose_names_a_server_may_fold_have_results_and_progress_of_their_own(store: Store) -> None:
    progress = StoredCheckpoints(store.engine)
    names = ("t", "T", "cafe", "café")
    for name in names:
        key = replace(FULL.key, suite="db.ledger", activity=name)
        store.record_activity(replace(FULL, key=key, verdict=Verdict.FAIL if name == "t" else Verdict.PASS))
        progress.save("run", name, f"of {name}")
    kept = {name: store.activity_history("db.ledger", name)[0].verdict for name in names}
    assert kept == {name: Verdict.FAIL if name == "t" else Verdict.PASS for name in names}
    assert [progress.load("run", name) for name in names] == [f"of {name}" for name in names]
