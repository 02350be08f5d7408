"""The steps of a database that run on a worker: what each writes, and what it raises."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from parity.airflow.connections.artefacts import open_artefacts
from parity.airflow.database.context import files_of
from parity.airflow.database.facts import ATTEMPT
from parity.airflow.database.tasks import DatabaseTasks
from parity.airflow.step.failures import FAILURE, report_failures
from parity.airflow.step.output import read_plan
from parity.airflow.step.results import OUTCOME, open_results
from parity.clients.cloud_server import CloudServer
from parity.compare.result import ColumnFacts, NotCompared, Result, Rows, Verdict
from parity.errors import AccessDenied, BadInput, RemoteFailed, Unreachable
from parity.flow.codec import to_json
from parity.flow.database_run.plan import DATABASE, DatabaseRunPlan
from parity.flow.provenance import PROVENANCE, database_rules
from parity.flow.run_verdict import COVERS
from parity.flow.stages import Stage, StageFailure
from parity.flow.suite_run.files import PAGE, REPORT
from parity.history.checkpoints import StoredCheckpoints
from parity.history.records import ActivityRecord
from parity.suite.databases import Database
from parity.tablediff.job import Job
from parity.tablediff.rows.checkpoint import Checkpoint
from parity.tablediff.sessions.pair import SessionPair
from parity.tablediff.survey import Survey
from parity.tablediff.table_plan import DatabasePlan, TablePlan
from parity.tablediff.verdict import TableResult
from unit.airflow.doubles import Instance, recorded, run_context
from unit.airflow.suite.test_dag import Connection

DECLARED = {
    "database": "ledger",
    "owner": "dba",
    "legacy": "rds_ledger",
    "target": "azure_ledger",
    "rds": {"instance": "payments-legacy"},
    "azure": {"server": "payments-ledger"},
}
TABLES = (TablePlan("entries", rows=9), TablePlan("payouts", rows=9, refers_to=frozenset({"entries"})))
SURVEY = Survey(DatabasePlan(TABLES), versions=("8.0", "8.4"))
EQUAL = Result(Verdict.PASS, "9 rows equal.", Rows(9, 9, 9), (ColumnFacts("id", 9, 0),))
DIFFERENT = Result(Verdict.FAIL, "1 row differs.", Rows(9, 9, 8, 1), (ColumnFacts("id", 9, 1),))
INVALID = Result(Verdict.INVALID, "Lost connection to MySQL server.")


def server(kind: str, **more: Any) -> CloudServer:
    return CloudServer(
        kind, "payments", "available", "8.0.39", "ledger.example", 3306, url="https://cloud", **more
    )


@dataclass
class Ledger:
    """A run of a database whose servers and clouds are played."""

    tasks: DatabaseTasks
    instance: Instance
    found: Any = None
    """What comparing the tables finds, by name."""
    survey: Any = SURVEY
    job: Job | None = None

    @property
    def context(self) -> Any:
        return run_context(self.instance)

    @property
    def plan(self) -> DatabaseRunPlan:
        return read_plan(self.context, DatabaseRunPlan)

    def step(self, stage: Stage, step: Callable[[Any], Any]) -> Any:
        """Run a step as its operator does, and hand on what it returns."""
        self.instance.task_id = str(stage)
        mapped = f"{stage}_{self.instance.map_index}" if stage is Stage.TABLES else str(stage)
        self.instance.states[mapped] = "failed"
        with report_failures(self.context, stage):
            returned = step(self.context)
        self.instance.handed[(str(stage), "return_value")] = returned
        self.instance.states[mapped] = "success"
        return returned

    def surveyed(self) -> list[dict[str, Any]]:
        """Query both clouds and survey both servers; return the pieces."""
        self.step(Stage.RDS, self.tasks.rds)
        self.step(Stage.FLEXIBLE_SERVER, self.tasks.flexible_server)
        pieces: list[dict[str, Any]] = self.step(Stage.SURVEY, self.tasks.survey)
        return pieces

    def compare(self, index: int = 0) -> Any:
        """Compare one piece."""
        self.instance.map_index = index
        self.instance.task.piece = {"index": index}
        return self.step(Stage.TABLES, self.tasks.tables)

    def record(self) -> Any:
        return self.step(Stage.RECORD, self.tasks.record)

    def verify_tables(self, job: Job, plans: Sequence[TablePlan]) -> tuple[TableResult, ...]:
        """Leave a checkpoint of every table, as a scan does."""
        for plan in plans:
            job.store.save(job.run, plan.name, Checkpoint("plan").to_json())
        self.job = job
        return tuple(TableResult(plan.name, self.found[plan.name]) for plan in plans)

    @property
    def checkpoint(self) -> str | None:
        assert self.job is not None
        return StoredCheckpoints(open_results().engine).load(self.job.run, "entries")

    @property
    def recorded(self) -> dict[str, ActivityRecord]:
        return recorded("db.ledger")


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A planned run of a database with two tables, which one task compares."""
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "home"))
    (tmp_path / "ledger.yaml").write_text(json.dumps(DECLARED))  # JSON is YAML
    tasks = DatabaseTasks(Database.model_validate(DECLARED), tmp_path / "ledger.yaml")
    found = Ledger(tasks, Instance(dag_id="parity_db__ledger", task_id="plan"), {})
    there = Connection("mysql", host="127.0.0.1", schema="ledger")
    monkeypatch.setattr("parity.airflow.database.context.connection", lambda _: there)
    monkeypatch.setattr("parity.airflow.database.tasks.connection", lambda _: there)
    monkeypatch.setattr("parity.airflow.connections.clients.aws_clients", lambda _: None)
    monkeypatch.setattr("parity.clients.rds.instance", lambda *_: server("RDS instance"))
    azure = SimpleNamespace(server=lambda: server("Azure MySQL server"))
    monkeypatch.setattr("parity.airflow.connections.mysql.flexible_server", lambda *_: azure)
    monkeypatch.setattr("parity.tablediff.survey.survey_database", lambda *_: found.survey)
    monkeypatch.setattr("parity.tablediff.runner.verify_tables", found.verify_tables)
    found.instance.handed[("plan", "return_value")] = tasks.plan(found.context)
    found.instance.states["plan"] = "success"
    found.found = {"entries": EQUAL, "payouts": EQUAL}
    return found


def test_planning_returns_the_plan_with_the_rules_of_now_and_records_the_start(ledger: Ledger) -> None:
    assert ledger.plan.rules == database_rules(ledger.tasks.spec, ())
    run = open_results().run("scheduled__1", "db.ledger").run
    assert (run.verdict, run.suite_sha, run.business_date) == (None, ledger.tasks.sha, ledger.plan.business_date)


def test_a_table_that_the_file_leaves_out_cannot_be_chosen(ledger: Ledger) -> None:
    tasks = replace(ledger.tasks, spec=ledger.tasks.spec.model_copy(update={"exclude": {"tmp": "scratch"}}))
    with pytest.raises(BadInput, match=r"leaves table tmp out: scratch\. Change its file"):
        tasks.plan(run_context(Instance(run_id="manual__2"), tables="tmp"))
    with pytest.raises(BadInput):
        open_results().run("manual__2", "db.ledger")


def test_what_both_clouds_report_is_kept_for_the_record(ledger: Ledger) -> None:
    assert ledger.step(Stage.RDS, ledger.tasks.rds) == {
        "run_id": "payments",
        "state": "available",
        "version": "8.0.39",
        "url": "https://cloud",
    }
    ledger.step(Stage.FLEXIBLE_SERVER, ledger.tasks.flexible_server)
    kept = [files_of(ledger.plan).server(side) for side in ("legacy", "target")]
    assert [one and one.kind for one in kept] == ["RDS instance", "Azure MySQL server"]


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (RemoteFailed("RDS instance payments is stopped.", remedy="Start it."), AirflowFailException),
        (Unreachable("RDS instance payments is rebooting."), Unreachable),
    ],
    ids=["stopped", "rebooting"],
)
def test_a_server_that_is_down_fails_its_task_and_one_that_is_down_for_a_moment_is_tried_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, error: Exception, raised: type[Exception]
) -> None:
    def instance(*_: Any) -> Any:
        raise error

    monkeypatch.setattr("parity.clients.rds.instance", instance)
    with pytest.raises(raised, match="RDS instance payments is"):
        ledger.step(Stage.RDS, ledger.tasks.rds)
    assert ledger.instance.handed[("rds", FAILURE)]["reason"] == str(error).removesuffix(" Start it.")
    assert files_of(ledger.plan).server("legacy") is None


def test_the_survey_is_kept_with_a_number_that_its_pieces_carry(ledger: Ledger) -> None:
    [piece] = ledger.surveyed()
    kept = files_of(ledger.plan).survey()
    assert kept is not None
    assert piece == {"index": 0, "title": "entries, payouts", "survey": kept.number}
    assert kept.pieces == (("entries", "payouts"),)
    assert kept.rules == ledger.plan.rules


def test_a_survey_without_rights_is_invalid(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: Any) -> Any:
        raise AccessDenied("The user may not read ledger.", remedy="Grant SELECT.")

    monkeypatch.setattr("parity.tablediff.survey.survey_database", denied)
    with pytest.raises(AirflowFailException, match=r"INVALID: The survey of both databases: The user may not"):
        ledger.step(Stage.SURVEY, ledger.tasks.survey)
    assert files_of(ledger.plan).survey() is None


def test_equal_tables_are_kept_with_their_attempt_and_leave_no_checkpoint(ledger: Ledger) -> None:
    ledger.surveyed()
    assert ledger.compare() == {"tables": 2, "rows": 18}
    piece = files_of(ledger.plan).piece(0)
    assert piece is not None
    assert ([one.table for one in piece.tables], piece.attempt, piece.green) == (
        ["entries", "payouts"],
        "attempt-9",
        True,
    )
    assert ledger.instance.handed[("tables", ATTEMPT)] == "attempt-9"
    assert ledger.checkpoint is None


def test_a_piece_with_a_different_table_is_red_and_kept(ledger: Ledger) -> None:
    ledger.surveyed()
    ledger.found["payouts"] = DIFFERENT
    with pytest.raises(AirflowFailException, match=r"FAIL: payouts: 1 row differs\.$"):
        ledger.compare()
    piece = files_of(ledger.plan).piece(0)
    assert piece is not None
    assert {one.table: one.result.verdict for one in piece.tables} == {"entries": "PASS", "payouts": "FAIL"}


def test_a_retry_goes_on_from_the_checkpoints_when_a_server_is_down(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> Any:
        raise Unreachable("Cannot connect to 127.0.0.1.")

    ledger.surveyed()
    ledger.found["entries"] = INVALID
    monkeypatch.setattr(SessionPair, "open", down)
    with pytest.raises(Unreachable, match="Cannot connect"):
        ledger.compare()
    assert ledger.checkpoint is not None
    with pytest.raises(AirflowFailException, match=r"INVALID: Table entries could not be compared"):
        ledger.record()
    assert ledger.checkpoint is None, "a clear compares from the start"


def test_a_table_that_cannot_be_compared_while_both_servers_are_up_is_invalid(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.surveyed()
    ledger.found["entries"], ledger.found["payouts"] = INVALID, DIFFERENT
    monkeypatch.setattr(SessionPair, "open", lambda _: SimpleNamespace(close=lambda: None))
    with pytest.raises(AirflowFailException, match=r"INVALID: entries: Lost connection.*\(and 1 more tables\)"):
        ledger.compare()


def test_a_worker_that_does_not_share_the_artefacts_compares_nothing(ledger: Ledger) -> None:
    with pytest.raises(AirflowFailException, match=r"The survey's file is missing here\. Do all workers share"):
        ledger.compare()


def test_a_piece_of_another_survey_is_not_compared(ledger: Ledger) -> None:
    ledger.surveyed()
    files_of(ledger.plan).write_survey(SURVEY, "another", ledger.plan.rules)
    with pytest.raises(AirflowFailException, match=r"not the one that its task returned\. Clear survey"):
        ledger.compare()


def test_nothing_is_compared_by_rules_that_were_edited_during_the_run(ledger: Ledger) -> None:
    ledger.surveyed()
    edited = ledger.tasks.spec.model_copy(update={"allow_empty": True})
    ledger.tasks = replace(ledger.tasks, spec=edited)
    with pytest.raises(AirflowFailException, match=r"were edited during the run.*Clear plan with everything"):
        ledger.compare()
    piece = files_of(ledger.plan).piece(0)
    assert piece is not None
    assert piece.tables == ()


def test_an_equal_database_is_recorded_with_its_tables_and_one_report(ledger: Ledger) -> None:
    ledger.surveyed()
    ledger.compare()
    returned = ledger.record()
    assert (returned["verdict"], returned[COVERS]) == ("PASS", {})
    assert {name: one.verdict for name, one in ledger.recorded.items()} == dict.fromkeys(
        (DATABASE, "entries", "payouts"), Verdict.PASS
    )
    assert {one.report for one in ledger.recorded.values()} == {f"{ledger.plan.folder}/{DATABASE}/{REPORT}"}
    assert [run.kind for run in ledger.recorded[DATABASE].remote_runs] == ["RDS instance", "Azure MySQL server"]
    assert set(returned[PROVENANCE]["inputs"]) == {"plan", "rds", "flexible_server", "survey", "tables_0"}
    assert returned[PROVENANCE]["inputs"]["tables_0"] == "attempt-9"


def test_a_different_table_makes_the_database_red_and_has_a_page_of_its_own(ledger: Ledger) -> None:
    ledger.surveyed()
    ledger.found["payouts"] = DIFFERENT
    with pytest.raises(AirflowFailException):
        ledger.compare()
    with pytest.raises(AirflowFailException, match=r"FAIL: 1 row differs in 1 table \(payouts\)"):
        ledger.record()
    assert {name: one.verdict for name, one in ledger.recorded.items()} == {
        DATABASE: Verdict.PASS,
        "entries": Verdict.PASS,
        "payouts": Verdict.FAIL,
    }
    assert "1 row differs" in open_artefacts().read(f"{ledger.plan.folder}/payouts/{PAGE}").decode()
    assert ledger.instance.handed[("record", OUTCOME)]["verdict"] == "FAIL"


def test_a_survey_that_failed_makes_every_verdict_invalid_with_its_words(ledger: Ledger) -> None:
    failure = StageFailure(Stage.SURVEY, "The user may not read ledger.", "Grant SELECT.")
    ledger.instance.states |= {"rds": "success", "flexible_server": "success", "survey": "failed"}
    for stage in ("rds", "flexible_server"):
        ledger.instance.handed[(stage, "return_value")] = {"run_id": "x"}
    ledger.instance.handed[("survey", FAILURE)] = to_json(failure)
    with pytest.raises(AirflowFailException, match=r"INVALID: .*The user may not read ledger\. Grant SELECT"):
        ledger.record()
    assert list(ledger.recorded) == [DATABASE]
    assert ledger.recorded[DATABASE].first_broken.endswith("Grant SELECT.")


def test_a_piece_whose_task_was_killed_is_invalid(ledger: Ledger) -> None:
    ledger.surveyed()
    ledger.compare()
    ledger.instance.states["tables_0"] = "failed"
    with pytest.raises(AirflowFailException, match="INVALID: "):
        ledger.record()
    assert "Its task failed although its result is equal" in ledger.recorded["entries"].reason


def test_what_a_server_hides_makes_the_database_invalid(ledger: Ledger) -> None:
    ledger.survey = replace(SURVEY, unreadable=(NotCompared("events of the legacy side", "no EVENT right"),))
    ledger.surveyed()
    ledger.compare()
    with pytest.raises(AirflowFailException, match="INVALID: Not everything could be read: events of the legacy"):
        ledger.record()


def test_publishing_writes_the_page_of_the_run(ledger: Ledger) -> None:
    ledger.surveyed()
    ledger.compare()
    ledger.record()
    assert ledger.tasks.publish(ledger.context)["page"].endswith(f"{ledger.plan.folder}/index.html")
    assert "entries" in open_artefacts().read(f"{ledger.plan.folder}/index.html").decode()
