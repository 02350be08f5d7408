"""The results store on real servers: MariaDB or MySQL, and PostgreSQL."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from mysql_servers import CLASSES, FAMILY, MySQLServer
from older_stores import OLDER, RUN_ID, make_older
from parity.compare.result import CauseCount, ColumnFacts, Money, Rows, Verdict
from parity.history import tables
from parity.history.chains import StoredChains, StoredEntry
from parity.history.checkpoints import StoredCheckpoints
from parity.history.migrate import HEAD, VERSION_TABLE, revision
from parity.history.records import ActivityKey, ActivityRecord, ExpectationResult, RemoteRun, RunRecord
from parity.history.store import Store, open_store
from parity.history.tables import metadata
from parity.suite.models import Cause
from truth import postgres

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


@pytest.fixture(scope="module")
def mysql() -> Iterator[str]:
    """A private server of the family that PARITY_TEST_MYSQL names; its URL has no driver, as people write it."""
    kind = CLASSES[FAMILY][1]
    # As Azure's servers may be set: a table without a primary key is refused.
    options = ("--sql-require-primary-key=ON",) if kind is MySQLServer else ()
    server = kind(Path(tempfile.mkdtemp(prefix="parity-store-")) / "server", options=options)
    server.install()
    server.start()
    server.run(
        "CREATE DATABASE parity CHARACTER SET utf8mb4;\nCREATE USER 'store'@'127.0.0.1' IDENTIFIED BY 'kept';\n"
        "CREATE USER 'store'@'localhost' IDENTIFIED BY 'kept';\n"
        "GRANT ALL ON parity.* TO 'store'@'127.0.0.1', 'store'@'localhost';\n"
    )
    yield server.url("parity", "store", "kept")
    server.stop()
    shutil.rmtree(server.folder.parent)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """A private PostgreSQL; needs its server, and the driver that production's requirements have."""
    pytest.importorskip("psycopg2")
    if postgres.binaries() is None:
        pytest.skip("PostgreSQL's server is not installed")
    with postgres.cluster() as url:
        yield url


@pytest.fixture(params=["mysql", "postgresql"])
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
@pytest.mark.parametrize("older", OLDER)
def test_a_store_of_an_older_parity_is_brought_up_to_date_with_its_rows(url: str, older: str) -> None:
    engine = sa.create_engine(url.replace("mysql://", "mysql+pymysql://"))
    make_older(engine, older)
    engine.dispose()
    with ThreadPoolExecutor(4) as pool:  # the components of a new version start at once
        stores = list(pool.map(lambda _: open_store(url), range(4)))
    assert revision(stores[0].engine) == HEAD
    found = stores[0].run(RUN_ID)
    assert found.run.verdict is Verdict.PASS
    assert [result.key.activity for result in found.activities] == ["settle"]
    options = {"version_table": VERSION_TABLE}
    with stores[0].engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
    for store in stores:
        store.engine.dispose()


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
def test_entries_of_evidence_are_kept_whole_and_their_numbers_are_taken_once(store: Store) -> None:
    chains, long = StoredChains(store.engine), StoredEntry(1, "ab" * 32, "x" * 100_000, "signature")
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: chains.add("payments", long), range(8))) == 1
    assert (chains.last("payments"), chains.last("Payments")) == (long, None)


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
