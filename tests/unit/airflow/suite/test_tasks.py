"""The steps of a suite that run on a worker: what each writes, and what it raises."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from parity.airflow.connections.artefacts import open_artefacts
from parity.airflow.remote.submissions import SUBMITTED
from parity.airflow.step.failures import FAILURE, report_failures
from parity.airflow.step.results import OUTCOME, open_results
from parity.airflow.suite.facts import provenance_now, rules_now
from parity.airflow.suite.gate import ASKED
from parity.airflow.suite.tasks import SuiteTasks
from parity.clients.files import FileStorage
from parity.clients.remote import Phase, RunStatus
from parity.compare.result import Verdict
from parity.errors import BadInput, ExportRefused, NotFound, Unreachable
from parity.flow.codec import to_json
from parity.flow.provenance import PROVENANCE
from parity.flow.run_verdict import task_of
from parity.flow.stages import Stage, StageFailure
from parity.flow.suite_run.digest.buckets import COLUMNS
from parity.flow.suite_run.files import EXPORTS, FINDINGS, PAGE, REPORT
from parity.flow.suite_run.plan import requested_date
from parity.history.records import ActivityRecord
from parity.settings import settings
from parity.sql.conformance import ROWS
from unit.airflow.doubles import RUNNING, FakeCloud, Instance, recorded, run_context
from unit.flow.suites import suite

SETTLE = "settle"
SPARK = {pa.int64(): "bigint", pa.string(): "string"}


@dataclass
class Clouds(FakeCloud):
    """Both clouds in memory, whose exports lie on this machine."""

    unloaded: str = ""
    """The list of the files that the query wrote."""
    newest: list[tuple[Any, str]] = field(default_factory=list)
    """What :meth:`check_newest` was asked."""
    superseded: bool = False

    def status(self, run_id: str) -> RunStatus:
        if run_id != "q-1":
            return super().status(run_id)
        return RunStatus(run_id, "SUCCEEDED", Phase.SUCCEEDED, output={"manifest": self.unloaded})

    def columns(self, query: Any, run_id: str) -> list[tuple[str, str]]:
        return [("id", "bigint")]

    def check_newest(self, request: Any, run_id: str) -> None:
        self.newest.append((request, run_id))
        if self.superseded:
            raise ExportRefused(f"Run {run_id} was superseded.", remedy="Start a new run.")


@dataclass
class Activity:
    """One activity of a run, the context of its steps, and both of its exports."""

    folder: Path
    tasks: SuiteTasks
    clouds: Clouds
    instance: Instance
    context: Any

    @property
    def activity(self) -> Any:
        return self.tasks.suite.activity(SETTLE)

    def step(self, stage: Stage, step: Callable[..., Any]) -> Any:
        """Run a step as its operator does, and hand on what it returns."""
        self.instance.task_id = task_of(stage, SETTLE)
        with report_failures(self.context, stage):
            returned = step(self.context, self.activity)
        self.instance.handed[(self.instance.task_id, "return_value")] = returned
        self.instance.states[self.instance.task_id] = "success"
        return returned

    def hand_on(self, stage: Stage, **output: Any) -> None:
        """Have a remote step succeed with this output."""
        task, run = task_of(stage, SETTLE), self.tasks.activity_run(self.context, self.activity)
        rules = rules_now(self.tasks.suite, self.activity, self.tasks.path.parent).of(stage)
        made = provenance_now(self.context, run, stage, rules)
        self.instance.handed[(task, "return_value")] = {**output, PROVENANCE: to_json(made)}
        self.instance.states[task] = "success"

    def write(self, legacy: pa.Table, target: pa.Table, mode: str = "rows", **source: Any) -> dict[str, Any]:
        """Write what both sides export, and return where the target's side lies."""
        unload, shipped = self.folder / "unload", self.folder / "export"
        for folder, table, name in ((unload, legacy, "part"), (shipped, target, "part-0.parquet")):
            folder.mkdir()
            pq.write_table(table, folder / name)
        (self.folder / "files.csv").write_text(f"{(unload / 'part').as_uri()}\n")
        self.clouds.unloaded = (self.folder / "files.csv").as_uri()
        size = (shipped / "part-0.parquet").stat().st_size
        manifest = {
            "protocol": 2,
            "helper": "0.1.0",
            "activity": SETTLE,
            "run_id": "e-1",
            "business_date": "2026-03-02",
            "mode": mode,
            "rows": len(target),
            "schema": [{"name": field.name, "type": SPARK[field.type]} for field in target.schema],
            "files": [{"name": "part-0.parquet", "bytes": size, "rows": len(target)}],
            "bytes": size,
            "source": {"table": "payments.settle", **source},
            "written_at": "2026-03-03T01:00:00Z",
        }
        (shipped / "_manifest").mkdir()
        (shipped / "_manifest" / "part-0.txt").write_text(json.dumps(manifest))
        return {"run_id": "j-1", "destination": shipped.as_uri(), "export_id": "e-1"}

    def export(self, legacy: int = 3, target: int = 3) -> None:
        """Have both sides export so many rows."""
        tables = (pa.table({"id": range(rows), "amount": range(rows)}) for rows in (legacy, target))
        shipped = self.write(*tables)
        self.hand_on(Stage.PIPELINE, run_id="p-1")
        self.hand_on(Stage.ACTIVITY, run_id="p-1/settle", state="Succeeded")
        self.hand_on(Stage.ATHENA, run_id="q-1", destination=self.unloaded, cost_usd="0.02")
        self.hand_on(Stage.HELPER, **shipped)

    def digested(self, mode: str, stages: tuple[Stage, Stage], shipped: dict[str, Any]) -> None:
        """Compare in digest mode from here on, and have both engines answer."""
        self.tasks = SuiteTasks(suite(mode=mode), self.tasks.path)
        self.hand_on(stages[0], run_id="q-1", destination=self.unloaded)
        self.hand_on(stages[1], **shipped)

    @property
    def unloaded(self) -> str:
        return f"{(self.folder / 'unload').as_uri()}/"

    def compare(self) -> Any:
        return self.step(Stage.COMPARE, self.tasks.compare)

    def record(self) -> Any:
        return self.step(Stage.RECORD, self.tasks.record)

    def artefact(self, name: str) -> str:
        return open_artefacts().read(f"{self.place}/{name}").decode()

    @property
    def place(self) -> str:
        """The activity's folder among the artefacts, and in scratch."""
        return self.tasks.activity_run(self.context, self.activity).files.folder

    @property
    def recorded(self) -> dict[str, ActivityRecord]:
        return recorded("payments")


@pytest.fixture
def settle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Activity:
    """A planned run of two activities."""
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "home"))
    clouds = Clouds()
    monkeypatch.setattr("parity.airflow.connections.clients.connection", lambda _: None)
    monkeypatch.setattr("parity.airflow.connections.clients.remote_runs", lambda _, __: clouds)
    monkeypatch.setattr("parity.airflow.connections.clients.exchange", lambda _, __: FileStorage())
    monkeypatch.setattr("parity.airflow.suite.tasks.connection", lambda _: None)
    (tmp_path / "sql").mkdir()
    for name in (SETTLE, "refund"):
        (tmp_path / "sql" / f"{name}.sql").write_text("SELECT id FROM t WHERE day = :business_date")
    declared = suite().model_dump(mode="json", exclude_unset=True)
    (tmp_path / "payments.yaml").write_text(json.dumps(declared))  # JSON is YAML
    tasks, instance = SuiteTasks(suite(), tmp_path / "payments.yaml"), Instance(task_id="plan")
    instance.handed[("plan", "return_value")] = tasks.plan(run_context(instance))
    instance.states["plan"] = "success"
    return Activity(tmp_path, tasks, clouds, instance, run_context(instance))


def test_planning_returns_the_plan_with_the_rules_of_now_and_records_the_start(settle: Activity) -> None:
    plan = settle.instance.handed[("plan", "return_value")]
    assert (plan["business_date"], plan["activities"]) == ("2026-03-02", [SETTLE, "refund"])
    rules = rules_now(settle.tasks.suite, settle.activity, settle.folder)
    assert plan["rules"][SETTLE] == rules.verdict
    run = open_results().run("scheduled__1", "payments").run
    assert (run.verdict, run.ended, run.suite_sha) == (None, None, settle.tasks.sha)


def test_a_form_that_cannot_be_planned_is_refused_and_records_nothing(settle: Activity) -> None:
    there = run_context(Instance(run_id="manual__2"), business_date="2026-31-03")
    with pytest.raises(BadInput, match="'2026-31-03' is not a date"):
        settle.tasks.plan(there)
    with pytest.raises(BadInput):
        open_results().run("manual__2", "payments")


def test_a_run_that_a_partition_started_is_of_that_date(settle: Activity) -> None:
    there = run_context(Instance(run_id="asset__1"))
    there["dag_run"].partition_key = "2026-02-14"
    assert settle.tasks.plan(there)["business_date"] == "2026-02-14"
    assert requested_date(settle.tasks.suite, there["dag_run"]).isoformat() == "2026-02-14"
    there["dag_run"].partition_key = "EU"
    with pytest.raises(BadInput, match="'EU' is not a date"):
        settle.tasks.plan(there)


def test_each_further_date_of_a_range_becomes_a_run_of_its_own(settle: Activity) -> None:
    there = run_context(settle.instance, business_date="2026-03-02", business_date_to="2026-03-04", mode="rows")
    settle.instance.handed[("plan", "return_value")] = settle.tasks.plan(there)
    settle.instance.task_id = "other_dates"
    listed = settle.tasks.other_dates(there)
    assert [one["trigger_run_id"] for one in listed] == ["scheduled__1__2026-03-03", "scheduled__1__2026-03-04"]
    assert listed[0]["conf"] == {"business_date": "2026-03-03", "business_date_to": None, "mode": "rows"}
    assert settle.instance.handed[("other_dates", ASKED)]


@pytest.mark.parametrize("step", ["strategy", "buckets"])
def test_steps_of_digests_are_skipped_where_rows_are_compared(settle: Activity, step: str) -> None:
    with pytest.raises(AirflowSkipException, match="compares the activity's rows"):
        getattr(settle.tasks, step)(settle.context, settle.activity)


@pytest.mark.parametrize(("step", "missing"), [("strategy", "athena_survey"), ("buckets", "athena_digest")])
def test_a_step_of_digests_without_its_inputs_is_refused(settle: Activity, step: str, missing: str) -> None:
    own = SuiteTasks(suite(mode="digest"), settle.tasks.path)
    with pytest.raises(ExportRefused, match=f"Task settle.{missing} has no output.* Clear settle.{missing}"):
        getattr(own, step)(settle.context, own.suite.activity(SETTLE))


def test_the_strategy_of_a_small_table_is_rows_and_says_why(settle: Activity) -> None:
    answer = pa.table({"name": [ROWS], "text": ["9"]})
    shipped = settle.write(answer, answer, "digest", columns=[{"name": "id", "type": "bigint"}])
    settle.digested("auto", (Stage.ATHENA_SURVEY, Stage.HELPER_SURVEY), shipped)
    returned = settle.step(Stage.STRATEGY, settle.tasks.strategy)
    assert (returned["mode"], returned["reason"]) == ("rows", "9 rows are no more than auto_rows (5,000,000).")
    kept = json.loads(settle.artefact("strategy.json"))
    assert (kept["mode"], kept["provenance"]) == ("rows", returned[PROVENANCE])


def test_digests_that_differ_are_counted_by_bucket(settle: Activity) -> None:
    legacy, target = (
        pa.table(
            {column.name: [number] for column, number in zip(COLUMNS, (0, 9, 0, 1, 2, 3, last, 0), strict=True)}
        )
        for last in (4, 5)
    )
    shipped = settle.write(legacy, target, "digest")
    settle.digested("digest", (Stage.ATHENA_DIGEST, Stage.HELPER_DIGEST), shipped)
    returned = settle.step(Stage.BUCKETS, settle.tasks.buckets)
    assert {name: returned[name] for name in ("buckets", "unequal", "rows")} == {
        "buckets": 1,
        "unequal": 1,
        "rows": [9, 9],
    }
    assert json.loads(settle.artefact("buckets.json"))["provenance"] == returned[PROVENANCE]


def test_comparing_writes_the_result_and_its_page_and_links_to_it(settle: Activity) -> None:
    settle.export()
    returned = settle.compare()
    assert (returned["verdict"], returned["different"]) == ("PASS", 0)
    assert "PASS" in settle.artefact(PAGE)
    extra = json.loads(settle.artefact(REPORT))["extra"]
    assert extra["athena"]["cost_usd"] == "0.02"
    assert extra[PROVENANCE] == returned[PROVENANCE]
    assert settle.instance.task.page.endswith(f"/parity/artefacts/{settle.place}/{PAGE}")


def test_comparing_asks_whether_the_data_were_written_again(settle: Activity) -> None:
    settle.export()
    settle.compare()
    wanted = {"pipeline": "ingest", "parameters": {"business_date": "2026-03-02"}}
    assert settle.clouds.newest == [(wanted, "p-1/settle")]


def test_a_difference_is_a_result_and_no_failure_of_the_comparison(settle: Activity) -> None:
    settle.export(target=2)
    returned = settle.compare()
    assert (returned["verdict"], returned["different"]) == ("FAIL", 1)


def test_data_that_were_written_again_are_not_compared(settle: Activity) -> None:
    settle.export()
    settle.clouds.superseded = True
    with pytest.raises(
        AirflowFailException, match=r"INVALID: The comparison: Run p-1/settle was superseded\. Start"
    ):
        settle.compare()
    assert settle.instance.handed[("settle.compare", FAILURE)]["remedy"] == "Start a new run."
    with pytest.raises(NotFound):
        settle.artefact(REPORT)


def test_an_export_that_was_marked_by_hand_is_not_compared(settle: Activity) -> None:
    settle.export()
    settle.instance.handed.pop(("settle.athena_unload", "return_value"))
    with pytest.raises(
        AirflowFailException, match=r"INVALID: .*settle\.athena_unload has no output.*Clear settle"
    ):
        settle.compare()


def test_an_export_that_disagrees_with_its_manifest_is_not_compared(settle: Activity) -> None:
    settle.export()
    (settle.folder / "export" / "part-0.parquet").unlink()
    with pytest.raises(
        AirflowFailException, match=r"INVALID: .*disagrees with its manifest: part-0.parquet is missing"
    ):
        settle.compare()


def test_a_storage_that_does_not_answer_is_asked_again_by_a_retry(
    settle: Activity, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle.export()

    def no_answer(*_: Any) -> Any:
        raise Unreachable("The storage does not answer.")

    monkeypatch.setattr(FileStorage, "list", no_answer)
    with pytest.raises(Unreachable, match="does not answer"):
        settle.compare()
    assert settle.instance.handed[("settle.compare", FAILURE)]["reason"] == "The storage does not answer."


def test_expectations_are_checked_on_what_was_compared(settle: Activity) -> None:
    settle.export()
    settle.compare()
    returned = settle.step(Stage.VALIDATE, settle.tasks.expect)
    assert returned["verdict"] == "PASS"
    assert json.loads(settle.artefact(FINDINGS))["provenance"] == returned[PROVENANCE]
    exported = (settle.folder / "export" / "part-0.parquet").read_bytes()
    [file] = json.loads(settle.artefact(EXPORTS))["target"]["files"]
    assert file == {"name": "part-0.parquet", "bytes": len(exported), "sha256": sha256(exported).hexdigest()}
    assert settle.instance.task.page.endswith(f"/parity/artefacts/{returned['docs']}")
    recorded = settle.record()
    assert (recorded["verdict"], settle.recorded[SETTLE].verdict) == ("PASS", Verdict.PASS)


def test_a_red_activity_is_recorded_and_takes_the_verdict_of_the_run_back(settle: Activity) -> None:
    settle.export(target=2)
    settle.compare()
    settle.step(Stage.VALIDATE, settle.tasks.expect)
    there = open_results()
    started = there.run("scheduled__1", "payments").run
    there.record_run(replace(started, verdict=Verdict.PASS))
    with pytest.raises(AirflowFailException, match="FAIL: "):
        settle.record()
    found = there.run("scheduled__1", "payments")
    assert (found.run.verdict, settle.recorded[SETTLE].verdict) == (None, Verdict.FAIL)
    outcome = settle.instance.handed[("settle.record", OUTCOME)]
    assert (outcome["verdict"], outcome["recorded"]) == ("FAIL", settle.recorded[SETTLE].recorded.isoformat())
    assert "FAIL" in settle.artefact(PAGE)


def test_an_activity_whose_export_failed_is_invalid_with_the_words_of_the_first_failure(settle: Activity) -> None:
    settle.export()
    failure = StageFailure(Stage.HELPER, "The job ran out of memory.", "Repair it.", caused_by="refund")
    settle.instance.states["settle.helper_job"] = "failed"
    settle.instance.handed[("settle.helper_job", FAILURE)] = to_json(failure)
    with pytest.raises(
        AirflowFailException, match="INVALID: The Databricks helper job: The job ran out of memory"
    ):
        settle.record()
    record = settle.recorded[SETTLE]
    assert (record.verdict, record.report) == (Verdict.INVALID, "")
    assert record.first_broken.endswith("The job ran out of memory. Repair it.")
    assert (record.broken_stage, record.caused_by) == ("helper_job", "refund")


def test_an_activity_that_was_never_compared_is_invalid(settle: Activity) -> None:
    settle.export()
    with pytest.raises(AirflowFailException, match=r"INVALID: .*Task settle\.compare is missing, so there is no"):
        settle.record()


def test_an_activity_outside_the_plan_is_not_recorded(settle: Activity) -> None:
    there = run_context(settle.instance, activities=["refund"])
    settle.instance.handed[("plan", "return_value")] = settle.tasks.plan(there)
    with pytest.raises(AirflowSkipException, match="Not part of this run's plan"):
        settle.tasks.record(there, settle.activity)
    assert settle.recorded == {}


def test_recording_cancels_what_a_stopped_task_left_running_and_deletes_the_downloads(settle: Activity) -> None:
    settle.export()
    settle.compare()
    downloads = settle.tasks.activity_run(settle.context, settle.activity).files.downloads
    assert any(downloads.iterdir())
    settle.clouds.states["j-1"] = RUNNING
    settle.instance.states["settle.helper_job"] = "failed"
    ref = {"kind": "databricks", "connection": "c", "options": {}}
    settle.instance.handed[("settle.helper_job", SUBMITTED)] = {"ref": ref, "run_id": "j-1"}
    with pytest.raises(AirflowFailException, match="stopped or killed before it could report why"):
        settle.record()
    assert settle.clouds.cancelled == ["j-1"]
    assert not (settings().scratch_root / settle.place).exists()


def test_publishing_writes_the_page_of_the_run(settle: Activity) -> None:
    settle.export()
    with pytest.raises(AirflowFailException):
        settle.record()
    page, folder = settle.tasks.publish(settle.context)["page"], settle.place.rpartition("/")[0]
    assert page.endswith(f"{folder}/index.html")
    assert "INVALID" in open_artefacts().read(f"{folder}/index.html").decode()


def test_a_result_of_the_run_is_retracted_by_a_step_that_replaces_its_evidence(settle: Activity) -> None:
    settle.export()
    with pytest.raises(AirflowFailException):
        settle.record()
    before = settle.recorded[SETTLE]
    settle.compare()
    after = settle.recorded[SETTLE]
    assert (after.verdict, after.key.attempt) == (Verdict.INVALID, before.key.attempt + 1)
    assert "It is compared again" in after.reason


def test_the_fingerprint_changes_with_a_query(settle: Activity) -> None:
    before = settle.tasks.sha
    (settle.folder / "sql" / "settle.sql").write_text("SELECT 2")
    assert SuiteTasks(settle.tasks.suite, settle.tasks.path).sha != before
