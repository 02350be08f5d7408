"""Steps of database_night.feature: a whole night against two real servers, without the scheduler."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pytest_bdd import given, parsers, scenarios, then, when

from mysql_servers import TwoDatabases
from parity.compare.result import Verdict
from parity.flow.database_run.files import StoredSurvey, StoredTables
from parity.flow.database_run.plan import DATABASE, DatabaseRunPlan, pieces, plan_database_run, select_tables
from parity.flow.database_run.records import PieceReport, RecordContext, records, tables_of
from parity.history import tables
from parity.history.checkpoints import StoredCheckpoints
from parity.history.records import ActivityRecord
from parity.history.store import Store, open_store
from parity.suite.models import Waiver
from parity.tablediff.job import Job
from parity.tablediff.runner import conclude, verify_tables
from parity.tablediff.survey import survey_database
from parity.tablediff.verdict import DatabaseResult

pytestmark = pytest.mark.mariadb
scenarios("database_night.feature")
NOW = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
SMALL = {"first": 100, "chunk": "1ms", "strategy": "digest", "settle": "0s"}


class Killed(BaseException):
    """What a killed worker looks like from inside."""


class Trap(StoredCheckpoints):
    """Checkpoints in the results store, of a worker that dies after its second chunk of entries."""

    chunks = 0

    def save(self, run: str, table: str, state: str) -> None:
        super().save(run, table, state)
        self.chunks += table == "entries"
        if self.chunks == 2:
            raise Killed


@dataclass
class Night:
    """One night, step by step as the Dag takes them."""

    two: TwoDatabases
    store: Store
    waivers: tuple[Waiver, ...] = ()
    vanished: str = ""
    found: DatabaseResult | None = None
    plan: DatabaseRunPlan | None = None

    def job(self, progress: Any) -> Job:
        return replace(self.two.job(progress, throttle=SMALL), waivers=self.waivers, run="night/0/3")

    def run(self, tables: str = "", progress: Any = None) -> None:
        job = self.job(progress or StoredCheckpoints(self.store.engine))
        self.plan = plan_database_run(job.spec, {"tables": tables}, run_id="manual__1", moment=NOW)
        survey = select_tables(survey_database(job.spec, job.connections, job.clock), self.plan.tables)
        kept = StoredSurvey("n1", survey, pieces(survey))
        reports = {at: self._piece(job, kept, names) for at, names in enumerate(kept.pieces)}
        self.found = conclude(job, survey, tables_of(kept, reports, job.today))
        about = RecordContext(1, NOW, "0" * 64)
        for record in records(job.spec, self.plan, self.found, {DATABASE: "report.json"}, about):
            self.store.record_activity(record)

    def _piece(self, job: Job, kept: StoredSurvey, names: tuple[str, ...]) -> PieceReport:
        if self.vanished in names:
            return PieceReport(None, succeeded=False)
        plans = [plan for plan in kept.survey.plan.tables if plan.name in names]
        piece = StoredTables(kept.number, verify_tables(job, plans))
        return PieceReport(piece, succeeded=piece.green)

    @property
    def result(self) -> DatabaseResult:
        assert self.found is not None
        return self.found

    def record(self, name: str) -> ActivityRecord:
        [record, *_] = self.store.activity_history(f"db.{self.two.name}", name)
        return record

    def recorded(self) -> set[str]:
        with self.store.engine.connect() as connection:
            return set(connection.execute(sa.select(tables.results.c.activity)).scalars())


@given("a ledger of 500 entries and 3 merchants that was migrated this week", target_fixture="night")
def night(tmp_path: Path) -> Night:
    two = TwoDatabases("ledger_night", tmp_path / "spill")
    two.fresh()
    two.both(
        "CREATE TABLE entries (id INT PRIMARY KEY, amount DECIMAL(10,2), memo VARCHAR(40), KEY by_memo (memo));\n"
        "INSERT INTO entries SELECT seq, seq * 1.11, CONCAT('memo ', seq) FROM seq_1_to_500;\n"
        "CREATE TABLE merchants (id INT PRIMARY KEY, name VARCHAR(40));\n"
        "INSERT INTO merchants VALUES (1, 'Ada'), (2, 'Bo'), (3, 'Cy');\n"
    )
    return Night(two, open_store(f"sqlite:///{tmp_path / 'results.db'}"))


@given(parsers.parse("the target lost entry {number:d}"))
def lost(night: Night, number: int) -> None:
    night.two.target(f"DELETE FROM entries WHERE id = {number};\n")


@given(parsers.parse("the target counts one cent less for entry {number:d}"))
def cent(night: Night, number: int) -> None:
    night.two.target(f"UPDATE entries SET amount = amount - 0.01 WHERE id = {number};\n")


@given("the target forgot the index of entries")
def index(night: Night) -> None:
    night.two.target("ALTER TABLE entries DROP KEY by_memo;\n")


@given(parsers.parse("a waiver for the schema of entries, ticket {ticket}"))
def waiver(night: Night, ticket: str) -> None:
    reported = {"suite": night.two.name, "activity": "entries", "kind": "schema", "owner": "dba", "ticket": ticket}
    reported |= {"reason": "built once the load is over", "expires": date(2099, 1, 1), "max_rows": 1}
    night.waivers = (Waiver.model_validate(reported),)


@when("the night runs")
def run(night: Night) -> None:
    night.run()


@when(parsers.parse("the night runs for table {pattern}"))
def run_some(night: Night, pattern: str) -> None:
    night.run(pattern)


@when("the worker is killed in the middle of entries")
def killed(night: Night) -> None:
    with pytest.raises(Killed):
        night.run(progress=Trap(night.store.engine))


@when("another worker takes over")
def taken_over(night: Night) -> None:
    night.run()


@when(parsers.parse("the task that compares {table} vanishes"))
def vanishes(night: Night, table: str) -> None:
    night.vanished = table
    night.run()


@then(parsers.parse("the night is {verdict}"))
def night_is(night: Night, verdict: str) -> None:
    assert night.result.verdict == verdict, night.result.reason


@then("entries and merchants each have a record of their own, and so has the database")
def recorded(night: Night) -> None:
    assert night.recorded() == {"entries", "merchants", DATABASE}


@then(
    parsers.parse(
        "table {name} is {verdict} with {changed:d} changed, {missing:d} missing and {extra:d} extra rows"
    )
)
def table_counts(night: Night, name: str, verdict: str, changed: int, missing: int, extra: int) -> None:
    record = night.record(name)
    assert record.verdict == verdict
    assert (record.rows.changed, record.rows.missing, record.rows.extra) == (changed, missing, extra)


@then(parsers.re(r"table (?P<name>\w+) is (?P<verdict>[A-Z]+)$"))
def table_is(night: Night, name: str, verdict: str) -> None:
    assert night.record(name).verdict == verdict


@then(parsers.parse("every one of the {number:d} legacy entries was counted once"))
def counted(night: Night, number: int) -> None:
    rows = night.record("entries").rows
    assert rows.legacy == number == rows.equal + rows.changed + rows.missing


@then("the record says that it was not one single snapshot")
def snapshot(night: Night) -> None:
    [entries] = [table.result for table in night.result.tables if table.table == "entries"]
    assert "one single snapshot" in {one.what for one in entries.not_compared}


@then("table entries is INVALID, because its task was probably killed")
def no_word(night: Night) -> None:
    record = night.record("entries")
    assert record.verdict is Verdict.INVALID
    assert "probably killed" in record.reason


@then(parsers.parse("the database is FAIL, because of {what}"))
def database_is(night: Night, what: str) -> None:
    record = night.record(DATABASE)
    assert (record.verdict, what in record.reason) == (Verdict.FAIL, True), record.reason


@then("nothing is recorded of entries, nor of the database as a whole")
def not_recorded(night: Night) -> None:
    assert night.recorded() == {"merchants"}


@then(parsers.parse("{name} is listed as not compared"))
def listed(night: Night, name: str) -> None:
    assert f"table {name}" in {one.what for one in night.result.not_compared}
