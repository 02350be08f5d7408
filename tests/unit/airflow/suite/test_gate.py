"""The gate: what it records, and what on-call is notified of, when the run itself went wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.context import OutletEventAccessors

from parity.airflow.assets import verdict_asset, wave_asset
from parity.airflow.connections.artefacts import open_artefacts
from parity.airflow.database.context import files_of
from parity.airflow.database.facts import current_inputs
from parity.airflow.database.tasks import DatabaseTasks
from parity.airflow.notifications import GateAlert
from parity.airflow.outcomes import database_outcome, suite_outcome
from parity.airflow.step.output import read_plan
from parity.airflow.step.pages import write_page
from parity.airflow.step.results import open_results
from parity.airflow.suite.gate import ASKED, OTHER_RUNS, run_facts
from parity.airflow.suite.tasks import SuiteTasks
from parity.alerts.issues import NOT_GREEN, find_issues
from parity.compare.result import Result, Verdict
from parity.errors import ExportRefused, ParityError
from parity.flow.codec import to_json
from parity.flow.database_run.plan import DATABASE, DatabaseRunPlan, plan_database_run
from parity.flow.provenance import PROVENANCE, Provenance, database_rules
from parity.flow.suite_run.files import PAGE, ActivityFiles
from parity.flow.suite_run.plan import plan_suite_run
from parity.history.chains import StoredChains
from parity.history.records import ActivityKey, ActivityRecord, RunRecord
from parity.settings import settings
from parity.suite.databases import Database
from parity.tablediff.survey import Survey
from parity.tablediff.table_plan import DatabasePlan, TablePlan
from unit.airflow.doubles import NIGHTLY, Instance, run_context
from unit.evidence.worlds import private_pem
from unit.flow.suites import suite

DAY = date(2026, 3, 2)
FAILURE = {"stage": "plan", "reason": "'2026-31-03' is not a date.", "remedy": "Write it as 2026-03-31."}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of Parity with an empty results store."""
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def tasks(tmp_path: Path) -> SuiteTasks:
    """The steps of a suite of two activities, whose files lie there."""
    (tmp_path / "sql").mkdir()
    for name in ("settle", "refund"):
        (tmp_path / "sql" / f"{name}.sql").write_text("SELECT id FROM t WHERE day = :business_date")
    (tmp_path / "payments.yaml").write_text(
        "suite: payments\nowner: me\nwave: 1\nazure: {pipeline: p, helper_job: h}\naws: {database: d}\n"
        "activities:\n  - {name: settle, legacy: {sql: settle.sql}, target: {table: a.b}, key: [id]}\n"
    )
    return SuiteTasks(suite("settle", "refund"), tmp_path / "payments.yaml")


def test_a_run_without_a_plan_is_recorded_as_invalid_and_on_call_is_told(tasks: SuiteTasks) -> None:
    there = run_context(Instance({"plan": "failed"}, {("plan", "failure"): FAILURE}), business_date="2026-31-03")
    with pytest.raises(AirflowFailException, match="is not a date"):
        tasks.gate(there)
    run = open_results().run("scheduled__1", "payments").run
    assert (run.verdict, run.business_date) == (Verdict.INVALID, DAY)
    assert "is not a date" in run.reason
    notified = suite_outcome(tasks.suite, there)
    assert [(issue.cause, issue.what) for issue in find_issues(notified)] == [(NOT_GREEN, "was not compared")]
    assert "is not a date" in notified.run_issue
    assert not notified.green


def test_on_call_is_told_even_when_the_gate_died_too(tasks: SuiteTasks) -> None:
    notified = suite_outcome(tasks.suite, run_context(Instance({"plan": "failed"})))
    assert [issue.cause for issue in find_issues(notified)] == [NOT_GREEN]
    assert "This run has no plan." in notified.run_issue


def test_an_older_result_does_not_stand_for_a_run_whose_record_task_died(tasks: SuiteTasks) -> None:
    made = plan_suite_run(tasks.suite, {}, run_id="scheduled__1", moment=NIGHTLY)
    store = open_results()
    store.record_run(RunRecord("payments", "scheduled__1", DAY, NIGHTLY))
    key = ActivityKey("payments", "settle", DAY, "scheduled__1", 3)
    store.record_activity(ActivityRecord(key, Verdict.PASS, "equal", NIGHTLY))
    said = {"verdict": "PASS", "reason": "equal", "recorded": NIGHTLY.isoformat()}
    handed = {("plan", "return_value"): to_json(made), ("settle.record", "outcome"): said}
    states = dict.fromkeys(("plan", "start_pipeline", "pipeline"), "success")
    there = run_context(Instance({**states, "settle.record": "failed"}, handed))
    with pytest.raises(AirflowFailException, match=r"INVALID: settle: .* refund: "):
        tasks.gate(there)
    kept = {record.key.activity: record for record in store.run("scheduled__1", "payments").activities}
    assert {name: record.verdict for name, record in kept.items()} == dict.fromkeys(
        ("settle", "refund"), Verdict.INVALID
    )
    assert (kept["settle"].key.attempt, kept["refund"].key.attempt) == (4, 1)
    notified = suite_outcome(tasks.suite, there)
    assert {activity.name: activity.verdict for activity in notified.activities} == {
        "settle": "INVALID",
        "refund": "INVALID",
    }
    assert notified.whole


def test_the_gate_records_evidence_of_what_it_judged(tasks: SuiteTasks, monkeypatch: pytest.MonkeyPatch) -> None:
    made = plan_suite_run(tasks.suite, {}, run_id="scheduled__1", moment=NIGHTLY)
    there = run_context(Instance({"plan": "success"}, {("plan", "return_value"): to_json(made)}))
    for key in ("", "no key", private_pem()):  # without a key, or with a wrong one, the verdict is the same
        monkeypatch.setenv("AIRFLOW_CONN_PARITY_EVIDENCE", json.dumps({"conn_type": "generic", "password": key}))
        with pytest.raises(AirflowFailException, match="INVALID: settle, refund: "):
            tasks.gate(there)
    (entry,) = StoredChains(open_results().engine).entries("payments")
    body = json.loads(entry.entry)
    assert (body["run"]["verdict"], sorted(body["results"])) == ("INVALID", ["refund", "settle"])
    rules = json.loads(open_artefacts().read(f"evidence/rules/{body['rules']}.json"))
    assert sorted(rules["files"]) == ["payments.yaml", "sql/refund.sql", "sql/settle.sql"]


def test_a_gate_that_dies_while_it_speaks_leaves_no_green_words_without_what_speaks_against_the_run(
    tasks: SuiteTasks,
) -> None:
    class Dying(Instance):
        def xcom_push(self, key: str, value: Any) -> None:
            super().xcom_push(key, value)
            raise SystemExit

    made = plan_suite_run(tasks.suite, {}, run_id="scheduled__1", moment=NIGHTLY)
    open_results().record_run(RunRecord("payments", "scheduled__1", DAY, NIGHTLY))
    notified = {name: {"verdict": "PASS", "reason": "equal", "recorded": ""} for name in ("settle", "refund")}
    handed = {("plan", "return_value"): to_json(made)}
    there = run_context(Dying(dict.fromkeys(("plan", "start_pipeline"), "success"), handed))
    with (
        mock.patch("parity.airflow.suite.tasks.judge_run", return_value=(Verdict.INVALID, "pipeline")),
        mock.patch("parity.airflow.suite.tasks.reconcile_store", return_value=notified),
        pytest.raises(SystemExit),
    ):
        tasks.gate(there)
    assert not suite_outcome(tasks.suite, there).green


def test_a_run_that_was_made_again_for_another_date_is_still_judged(tasks: SuiteTasks) -> None:
    for day in (DAY, date(2026, 3, 1)):
        open_results().record_run(RunRecord("payments", "scheduled__1", day, NIGHTLY))
    made = plan_suite_run(tasks.suite, {}, run_id="scheduled__1", moment=NIGHTLY)
    there = run_context(Instance({"plan": "success"}, {("plan", "return_value"): to_json(made)}))
    with pytest.raises(AirflowFailException, match="INVALID: settle, refund: "):
        tasks.gate(there)
    assert open_results().run("scheduled__1", "payments", DAY).run.verdict is Verdict.INVALID
    assert len(suite_outcome(tasks.suite, there).activities) == 2


def test_an_older_green_result_does_not_win_because_another_workers_clock_is_ahead(tasks: SuiteTasks) -> None:
    made, ahead = (
        plan_suite_run(tasks.suite, {}, run_id="scheduled__1", moment=NIGHTLY),
        datetime(2099, 1, 1, tzinfo=UTC),
    )
    open_results().record_run(RunRecord("payments", "scheduled__1", DAY, NIGHTLY))
    key = ActivityKey("payments", "settle", DAY, "scheduled__1", 3)
    open_results().record_activity(ActivityRecord(key, Verdict.PASS, "equal", ahead))
    there = run_context(Instance({"plan": "success"}, {("plan", "return_value"): to_json(made)}))
    with pytest.raises(AirflowFailException, match="INVALID: settle, refund: "):
        tasks.gate(there)
    kept = open_results().run("scheduled__1", "payments").activities
    assert {record.verdict for record in kept} == {Verdict.INVALID}


def test_a_run_of_a_date_that_has_not_come_proves_nothing_right_and_still_says_what_is_wrong(
    tasks: SuiteTasks,
) -> None:
    asked = {"business_date": "2999-03-02"}
    made = plan_suite_run(tasks.suite, asked, run_id="scheduled__1", moment=NIGHTLY)
    store = open_results()
    store.record_run(RunRecord("payments", "scheduled__1", made.business_date, NIGHTLY))
    for name, verdict in (("settle", Verdict.PASS), ("refund", Verdict.FAIL)):
        key = ActivityKey("payments", name, made.business_date, "scheduled__1")
        store.record_activity(ActivityRecord(key, verdict, "so it is", NIGHTLY))
    said = {
        name: {"verdict": verdict, "reason": "so it is", "recorded": NIGHTLY.isoformat()}
        for name, verdict in (("settle", "PASS"), ("refund", "FAIL"))
    }
    notified = suite_outcome(
        tasks.suite,
        run_context(Instance({}, {("plan", "return_value"): to_json(made), ("gate", "outcomes"): said})),
    )
    assert ([activity.name for activity in notified.activities], notified.whole) == (["refund"], False)


@pytest.mark.parametrize("wanted", [["settle"], []], ids=["some activities", "every activity"])
def test_only_a_run_of_every_activity_speaks_for_the_night(tasks: SuiteTasks, wanted: list[str]) -> None:
    made = plan_suite_run(tasks.suite, {"activities": wanted}, run_id="scheduled__1", moment=NIGHTLY)
    open_results().record_run(RunRecord("payments", "scheduled__1", DAY, NIGHTLY))
    notified = suite_outcome(tasks.suite, run_context(Instance({}, {("plan", "return_value"): to_json(made)})))
    assert notified.whole is not bool(wanted)


@pytest.mark.parametrize(
    ("state", "stored", "said"),
    [
        ("success", Verdict.PASS, "PASS"),
        ("success", Verdict.FAIL, "FAIL. settle differs"),
        ("failed", Verdict.INVALID, "INVALID. settle differs"),
        ("failed", Verdict.PASS, "its task is failed"),
        ("success", None, "its run has no result"),
        ("success", "before", "its run ended, as PASS, before this one started it"),
        ("success", "unasked", "its run ended, as PASS, before this one started it"),
        ("success", "partial", "its run is PASS, but did not compare refund"),
        ("success", "another day", "its run has no result"),
    ],
)
def test_another_date_counts_by_its_own_verdict_and_not_by_a_task_that_a_person_may_mark(
    tasks: SuiteTasks, state: str, stored: Any, said: str
) -> None:
    dates = {"business_date": "2026-03-02", "business_date_to": "2026-03-03"}
    made = plan_suite_run(tasks.suite, dates, run_id="scheduled__1", moment=NIGHTLY)
    store = open_results()
    if stored:
        day = date(2026, 3, 4 if stored == "another day" else 3)
        other = RunRecord("payments", "scheduled__1__2026-03-03", day, NIGHTLY)
        for name in tasks.suite.activities[: 1 if stored == "partial" else 2]:
            key = ActivityKey("payments", name.name, day, "scheduled__1__2026-03-03")
            store.record_activity(ActivityRecord(key, Verdict.PASS, "equal", NIGHTLY))
        ended = NIGHTLY - timedelta(seconds=stored == "before")
        verdict = Verdict.PASS if stored not in (Verdict.FAIL, Verdict.INVALID) else stored
        store.record_run(replace(other, ended=ended, verdict=verdict, reason="settle differs"))
    asked = {} if stored == "unasked" else {("other_dates", ASKED): NIGHTLY.isoformat()}
    there = run_context(Instance({f"{OTHER_RUNS}_0": state}, asked))
    assert run_facts(there, tasks.suite, made, store, {}).dates == {"2026-03-03": said}


def recorded(tasks: SuiteTasks, **states: str) -> tuple[Any, Any]:
    """Return plan and context of a run whose activities were recorded as equal, with reports and pages."""
    made = plan_suite_run(tasks.suite, {}, run_id="scheduled__1", moment=NIGHTLY)
    open_results().record_run(RunRecord("payments", "scheduled__1", DAY, NIGHTLY, NIGHTLY, Verdict.PASS))
    for name in made.activities:
        files = ActivityFiles(open_artefacts(), settings().scratch_root, f"{made.folder}/{name}")
        files.write(PAGE, "PASS")
        report = files.write_result(Result(Verdict.PASS, "equal"))
        key = ActivityKey("payments", name, DAY, "scheduled__1")
        open_results().record_activity(ActivityRecord(key, Verdict.PASS, "equal", NIGHTLY, report=report))
    write_page("payments", "scheduled__1", DAY, made.folder)
    there = run_context(Instance({"plan": "success", **states}, {("plan", "return_value"): to_json(made)}))
    return made, there


def test_the_pages_say_what_the_gate_said_and_not_what_was_known_before(tasks: SuiteTasks) -> None:
    made, there = recorded(tasks)
    with pytest.raises(AirflowFailException, match="INVALID"):
        tasks.gate(there)
    for page in ("index.html", "settle/report.html"):
        text = open_artefacts().read(f"{made.folder}/{page}").decode()
        assert ("INVALID" in text, ">PASS<" in text, "has no verdict" in text) == (
            True,
            page == "index.html",
            True,
        )


def test_a_page_that_cannot_be_written_changes_no_verdict(tasks: SuiteTasks) -> None:
    _, there = recorded(tasks)
    with (
        mock.patch("parity.airflow.step.pages.write_page", side_effect=OSError("full")),
        mock.patch("parity.airflow.suite.tasks.judge_run", return_value=(Verdict.PASS, "equal")),
    ):
        assert tasks.gate(there)["verdict"] == "PASS"


@pytest.mark.parametrize("step", ["compare", "expect"])
def test_what_was_said_is_taken_back_before_its_evidence_is_replaced(tasks: SuiteTasks, step: str) -> None:
    _, there = recorded(tasks)
    there["ti"].task_id, there["ti"].try_number = f"settle.{step}", 2
    with pytest.raises(ParityError, match=r"has no output|no connection"):
        getattr(tasks, step)(there, tasks.suite.activity("settle"))
    found = open_results().run("scheduled__1", "payments")
    kept = {record.key.activity: record for record in found.activities}
    assert (kept["settle"].verdict, kept["refund"].verdict, found.run.verdict) == ("INVALID", "PASS", None)
    assert "not judged since. Clear its record task" in kept["settle"].reason


def test_an_activity_that_is_no_longer_declared_is_invalid_and_on_call_is_told(tasks: SuiteTasks) -> None:
    made = plan_suite_run(suite("settle", "refund", "load"), {}, run_id="scheduled__1", moment=NIGHTLY)
    open_results().record_run(RunRecord("payments", "scheduled__1", DAY, NIGHTLY))
    there = run_context(Instance({"plan": "success"}, {("plan", "return_value"): to_json(made)}))
    with pytest.raises(AirflowFailException, match=r"INVALID: settle, refund: .* load: "):
        tasks.gate(there)
    notified = {activity.name: activity for activity in suite_outcome(tasks.suite, there).activities}
    assert notified["load"].verdict is Verdict.INVALID
    assert "no longer declared" in notified["load"].reason
    assert notified["load"].severity == "critical"


def test_on_call_is_told_even_when_the_results_store_is_down(tasks: SuiteTasks) -> None:
    arrived: list[Any] = []

    class Pager:
        name = "pagerduty"

        def __call__(self, letter: Any) -> None:
            arrived.append(letter)

    with (
        mock.patch("parity.airflow.notifications.open_results", side_effect=OSError("no route to secret@host")),
        mock.patch("parity.airflow.notifications.senders_of", return_value=[Pager()]),
    ):
        GateAlert(tasks.suite, suite_outcome).notify(run_context(Instance({"plan": "success"})))
    [letter] = arrived
    assert (letter["event"], letter["business_date"]) == ("new", "2026-03-02")
    assert "cannot be looked up: OSError" in " ".join(letter["lines"])
    assert "secret" not in " ".join(letter["lines"])


ASSET = verdict_asset("db.ledger")
LEDGER = Database.model_validate({"database": "ledger", "owner": "dba", "legacy": "a", "target": "b"})


@pytest.fixture
def ledger(tmp_path: Path) -> DatabaseTasks:
    """The steps of a database."""
    (tmp_path / "ledger.yaml").write_text("database: ledger\nowner: dba\nlegacy: a\ntarget: b\n")
    return DatabaseTasks(LEDGER, tmp_path / "ledger.yaml")


def ended(tables: str = "", verdict: str = "PASS") -> Any:
    """Return the context of a gate after a run of a database that was recorded."""
    plan = plan_database_run(LEDGER, {"tables": tables}, run_id="scheduled__1", moment=NIGHTLY)
    plan = replace(plan, rules=database_rules(LEDGER, ()))
    listed = [{"index": 0, "title": "a", "survey": "n1"}]
    handed = {
        ("plan", "return_value"): to_json(plan),
        ("survey", "return_value"): listed,
        ("tables", "attempt"): "attempt-1",
    }
    states = dict.fromkeys(("plan", "survey", "tables_0", "record"), "success")
    instance = Instance(states, handed, dag_id="parity_db__ledger")
    instance.task.outlets = [ASSET, wave_asset(1)]
    there = {**run_context(instance), "outlet_events": OutletEventAccessors()}
    handed[("record", "outcome")] = {
        "verdict": verdict,
        "reason": "equal",
        "recorded": NIGHTLY.isoformat(),
        PROVENANCE: to_json(Provenance("a", plan.rules, current_inputs(there))),
    }
    store, names = open_results(), ["a"] if tables else [DATABASE, "a"]
    store.record_run(RunRecord("db.ledger", "scheduled__1", plan.business_date, NIGHTLY))
    for name in names:
        key = ActivityKey("db.ledger", name, plan.business_date, "scheduled__1")
        store.record_activity(ActivityRecord(key, Verdict(verdict), "equal", NIGHTLY))
    return there


def test_a_run_of_some_tables_updates_no_asset_and_speaks_for_no_database(ledger: DatabaseTasks) -> None:
    there = ended(tables="a*")
    assert ledger.gate(there)["verdict"] == "PASS"
    assert there["ti"].task.outlets == []
    assert "Only tables a* were compared." in open_results().run("scheduled__1").run.reason
    notified = database_outcome(LEDGER, there)
    assert ([activity.name for activity in notified.activities], notified.whole, notified.green) == (
        ["a"],
        False,
        False,
    )


@pytest.mark.parametrize("gate", ["ended", "died"])
def test_on_call_is_told_of_a_run_of_some_tables_that_broke_before_it_read_any(
    ledger: DatabaseTasks, gate: str
) -> None:
    plan = plan_database_run(LEDGER, {"tables": "a*"}, run_id="scheduled__1", moment=NIGHTLY)
    open_results().record_run(RunRecord("db.ledger", "scheduled__1", plan.business_date, NIGHTLY))
    said = {"verdict": "INVALID", "reason": "The survey broke.", "recorded": NIGHTLY.isoformat()}
    handed = {("plan", "return_value"): to_json(plan), ("record", "outcome"): said}
    there = run_context(Instance({"survey": "failed", "record": "failed"}, handed, dag_id="parity_db__ledger"))
    if gate == "ended":
        with pytest.raises(AirflowFailException, match="The survey broke"):
            ledger.gate(there)
    notified = database_outcome(LEDGER, there)
    assert [(issue.cause, issue.what) for issue in find_issues(notified)] == [(NOT_GREEN, "was not compared")]
    assert ("The survey broke." in notified.run_issue) is (gate == "ended")


def test_what_was_said_of_a_piece_is_taken_back_before_it_is_compared_again(ledger: DatabaseTasks) -> None:
    there = ended()
    plan = read_plan(there, DatabaseRunPlan)
    tables = (TablePlan("a"), TablePlan("b"))
    files_of(plan).write_survey(Survey(DatabasePlan(tables)), "another")
    key = ActivityKey("db.ledger", "b", plan.business_date, "scheduled__1")
    open_results().record_activity(ActivityRecord(key, Verdict.PASS, "equal", NIGHTLY))
    kept = files_of(plan).survey()
    assert kept is not None
    there["task"] = SimpleNamespace(piece={"index": kept.pieces.index(("a",))})
    with pytest.raises(ExportRefused, match="Clear plan with everything after it"):
        ledger.tables(there)
    found = open_results().run("scheduled__1", "db.ledger")
    said = {record.key.activity: record.verdict for record in found.activities}
    assert (said, found.run.verdict) == ({DATABASE: "INVALID", "a": "INVALID", "b": "PASS"}, None)


def test_a_run_of_every_table_updates_the_asset(ledger: DatabaseTasks) -> None:
    there = ended()
    assert ledger.gate(there)["verdict"] == "PASS"
    assert there["ti"].task.outlets == [ASSET]
    assert there["outlet_events"][ASSET].partition_keys == {"2026-03-03"}
    assert database_outcome(LEDGER, there).green


@pytest.mark.parametrize("state", ["failed", "upstream_failed"])
def test_tables_that_were_green_once_do_not_stand_for_a_run_whose_record_task_died(
    ledger: DatabaseTasks, state: str
) -> None:
    there = ended()
    there["ti"].states["record"] = state
    with pytest.raises(AirflowFailException, match="cannot be its final verdict"):
        ledger.gate(there)
    notified = database_outcome(LEDGER, there)
    assert all(not activity.verdict.green for activity in notified.activities)


def test_what_an_attempt_before_left_of_a_database_is_replaced_when_nothing_is_recorded_of_this_one(
    ledger: DatabaseTasks,
) -> None:
    there = ended()
    there["ti"].handed.pop(("record", "outcome"))
    with pytest.raises(AirflowFailException, match="has no verdict"):
        ledger.gate(there)
    kept = open_results().run("scheduled__1").activities
    assert {record.key.activity: record.verdict for record in kept} == dict.fromkeys(
        (DATABASE, "a"), Verdict.INVALID
    )
    assert [activity.name for activity in database_outcome(LEDGER, there).activities] == [DATABASE]


def test_a_run_of_a_database_without_a_plan_is_recorded_and_told(ledger: DatabaseTasks) -> None:
    failure = {**FAILURE, "reason": "Database ledger leaves table tmp out: scratch."}
    there = run_context(Instance({"plan": "failed"}, {("plan", "failure"): failure}))
    with pytest.raises(AirflowFailException, match="scratch"):
        ledger.gate(there)
    assert open_results().run("scheduled__1").run.verdict is Verdict.INVALID
    notified = database_outcome(LEDGER, there)
    assert [issue.what for issue in find_issues(notified)] == ["was not compared"]
    assert replace(notified, run_issue="").activities == ()
