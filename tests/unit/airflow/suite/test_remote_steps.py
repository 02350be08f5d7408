"""What the remote steps of a suite ask their clouds for, and which runs they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fake_clock import FakeClock
from parity.airflow.remote.operator import RemoteRequest
from parity.airflow.suite import producers, remote_steps
from parity.airflow.suite.remote_steps import check_date_parameter, existing_run, named_run
from parity.errors import AccessDenied, BadInput, ExportRefused, NotFound
from parity.flow.codec import to_json
from parity.flow.provenance import PROVENANCE
from parity.flow.suite_run.digest import steps as digest
from parity.flow.suite_run.plan import SuiteRunPlan, plan_suite_run
from unit.airflow.doubles import NIGHTLY, Instance, run_context
from unit.clients.factories import FakeFactory, activity
from unit.flow.suites import suite

DAY = "2026-03-01"


@pytest.fixture
def factory() -> FakeFactory:
    return FakeFactory(FakeClock())


@pytest.fixture(params=[{"recover": True}, {"pipeline": "use this run id"}])
def plan(request: pytest.FixtureRequest) -> SuiteRunPlan:
    """A plan that names a run, to recover it or to verify it."""
    form = {"business_date": DAY, "pipeline_run_id": "r", **request.param}
    return plan_suite_run(suite(), form, run_id="manual__1", moment=datetime(2026, 3, 2, tzinfo=UTC))


def test_a_named_run_of_the_pipeline_and_date_is_taken(factory: FakeFactory, plan: SuiteRunPlan) -> None:
    factory.add_run("r", pipelineName="ingest", parameters={"business_date": DAY})
    assert named_run(suite(), plan, factory.client()).run_id == "r"


@pytest.mark.parametrize(
    ("run", "complaint"),
    [
        ({"pipelineName": "other"}, "is of pipeline other"),
        ({"parameters": {"business_date": "2026-02-28"}}, "for 2026-02-28"),
        ({"parameters": {}}, "for no date"),
    ],
)
def test_a_named_run_of_something_else_is_refused(
    factory: FakeFactory, plan: SuiteRunPlan, run: dict[str, Any], complaint: str
) -> None:
    factory.add_run("r", **{"pipelineName": "ingest", "parameters": {"business_date": DAY}, **run})
    with pytest.raises(BadInput, match=complaint):
        named_run(suite(), plan, factory.client())


def test_a_run_whose_data_a_recovery_replaced_can_be_recovered_but_not_verified(factory: FakeFactory) -> None:
    factory.add_run("r", pipelineName="ingest", parameters={"business_date": DAY}, isLatest=False)
    form = {"business_date": DAY, "pipeline_run_id": "r", "pipeline": "use this run id"}
    plan = plan_suite_run(suite(), form, run_id="manual__1", moment=datetime(2026, 3, 2, tzinfo=UTC))
    assert named_run(suite(), plan, factory.client()).run_id == "r", "a retry finds the recovery that it started"
    with pytest.raises(BadInput, match="recovered by a later run"):
        existing_run(suite(), plan, factory.client())


def test_a_pipeline_that_would_ignore_the_date_is_not_started(factory: FakeFactory) -> None:
    factory.declare("ingest", activity("settle"))
    check_date_parameter(suite(), factory.client())
    factory.declare("ingest", activity("settle"), parameters={"businessDate": {"type": "string"}})
    with pytest.raises(BadInput, match=r"declares no parameter 'business_date'.*businessDate"):
        check_date_parameter(suite(), factory.client())


class Run:
    """A run of a suite whose remote steps build their requests."""

    def __init__(self, folder: Path, factory: FakeFactory) -> None:
        activities = [
            {"name": name, "legacy": {"sql": "settle.sql"}, "target": {"table": f"payments.{name}"}, "key": ["id"]}
            for name in ("settle", "refund")
        ]
        activities[0]["glue_job"] = "settle_payments"
        self.suite, self.folder, self.factory = suite(activities=activities), folder, factory
        (folder / "sql").mkdir()
        (folder / "sql" / "settle.sql").write_text("SELECT id FROM t WHERE day = :business_date")
        self.instance = Instance()
        self.plan()

    def plan(self, **form: Any) -> None:
        made = plan_suite_run(self.suite, form, run_id="scheduled__1", moment=NIGHTLY)
        self.instance.handed[("plan", "return_value")] = to_json(made)

    def ended(self, run_id: str, day: str, **more: Any) -> None:
        """Add a run of the pipeline that ended just now."""
        stamp = datetime.now(UTC).isoformat()
        dated = {"runStart": stamp, "lastUpdated": stamp, "parameters": {"business_date": day}}
        self.factory.add_run(run_id, pipelineName="ingest", **dated, **more)

    def start(self) -> RemoteRequest:
        """Return the request of the step that starts the pipeline."""
        found = remote_steps.pipeline_start(self.suite)(run_context(self.instance))
        assert found is not None
        return found

    def of(self, name: str, task: str, build: Callable[..., RemoteRequest | None]) -> RemoteRequest | None:
        """Return the request of one step of an activity."""
        self.instance.task_id = f"{name}.{task}"
        step = remote_steps.of_activity(self.suite, self.suite.activity(name), self.folder, build)
        return step(run_context(self.instance))

    def settle(self, task: str, build: Callable[..., RemoteRequest | None]) -> RemoteRequest:
        found = self.of("settle", task, build)
        assert found is not None
        return found


@pytest.fixture
def run(tmp_path: Path, factory: FakeFactory, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A planned run, and a Data Factory that declares its pipeline."""
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("parity.airflow.suite.remote_steps.connection", lambda _: None)
    monkeypatch.setattr("parity.airflow.connections.clients.adf_client", lambda _, __: factory.client())
    factory.declare("ingest", activity("settle"))
    found = Run(tmp_path, factory)
    found.instance.handed[("start_pipeline", "return_value")] = {"run_id": "p-1"}
    return found


def test_the_pipeline_is_started_for_the_business_date(run: Run) -> None:
    request = run.start()
    assert (request.business_key, request.owned, request.existing) == ("payments/ingest/2026-03-02", True, None)
    asked = request.payload("token").request
    assert asked == {
        "pipeline": "ingest",
        "parameters": {"business_date": "2026-03-02"},
        "since": NIGHTLY.isoformat(),
    }
    assert set(request.provenance["inputs"]) == {"plan"}


def test_a_recovery_names_the_run_that_it_repairs(run: Run) -> None:
    run.plan(recover=True)
    run.ended("p-0", "2026-03-02", status="Failed")
    asked = run.start().payload("token").request
    assert asked["recovery_of"] == "p-0"


def test_the_latest_run_is_verified_and_is_not_ours_to_cancel(run: Run) -> None:
    run.plan(pipeline="use the latest run")
    for day, run_id in (("2026-03-02", "p-0"), ("2026-03-01", "p-1")):
        run.ended(run_id, day)
    request = run.start()
    assert (request.existing, request.owned) == ("p-0", False)


def test_a_date_without_a_run_of_the_pipeline_is_refused(run: Run) -> None:
    run.plan(pipeline="use the latest run")
    with pytest.raises(
        NotFound, match=r"ingest has no run for 2026-03-02 in the last 30 days.*trigger the pipeline"
    ):
        run.start()


@pytest.mark.parametrize(("use", "owned"), [("trigger the pipeline", True), ("use the latest run", False)])
def test_whoever_waits_for_the_pipeline_cancels_it_only_if_this_run_started_it(
    run: Run, use: str, owned: bool
) -> None:
    run.plan(pipeline=use)
    request = remote_steps.pipeline_wait(run.suite)(run_context(run.instance))
    assert request is not None
    assert (request.existing, request.owned) == ("p-1", owned)
    assert request.deadline == NIGHTLY + timedelta(hours=12)


def test_without_a_run_of_the_pipeline_nothing_is_waited_for(run: Run) -> None:
    run.instance.handed.pop(("start_pipeline", "return_value"))
    complaint = r"start_pipeline has no output.*Clear start_pipeline with everything"
    with pytest.raises(ExportRefused, match=complaint):
        remote_steps.pipeline_wait(run.suite)(run_context(run.instance))
    with pytest.raises(ExportRefused, match=complaint):
        run.of("settle", "adf_activity", remote_steps.adf_activity)


def test_an_activity_is_waited_for_inside_its_pipelines_run(run: Run) -> None:
    request = run.settle("adf_activity", remote_steps.adf_activity)
    assert (request.ref.kind, request.existing, request.owned) == ("adf_activity", "p-1/settle", False)
    assert request.business_key == "payments/settle/2026-03-02"
    assert request.deadline == NIGHTLY + timedelta(hours=12)
    assert set(request.provenance["inputs"]) == {"plan", "start_pipeline"}


def test_the_legacy_jobs_run_is_found_by_its_date(run: Run) -> None:
    request = run.settle("glue_job", remote_steps.glue_job)
    assert (request.ref.kind, request.owned) == ("glue", False)
    assert request.payload("token").request == {"job": "settle_payments", "business_date": "2026-03-02"}
    assert request.ref.options["timezone"] == "UTC"


def test_what_athena_unloads_goes_where_no_other_submission_writes(run: Run) -> None:
    request = run.settle("athena_unload", partial(remote_steps.athena, folder=run.folder, part=digest.ROWS))
    first, second = request.payload("a"), request.payload("b")
    destination = first.output["destination"]
    assert destination.startswith("s3://")
    assert "/payments/2026-03-02/" in destination
    assert destination != second.output["destination"]
    assert destination in json.dumps(first.request)
    assert (request.digests, first.output["digests"]) == ("", "")
    assert set(request.provenance["inputs"]) == {"plan", "settle.glue_job"}


def test_the_helper_job_is_asked_for_every_row_under_an_id_of_its_own(run: Run) -> None:
    request = run.settle("helper_job", partial(remote_steps.helper_job, part=digest.ROWS))
    payload = request.payload("a")
    asked = payload.request["parameters"]
    assert payload.request["job"] == "parity-helper"
    assert (asked["activity"], asked["mode"], asked["business_date"]) == ("settle", "rows", "2026-03-02")
    assert asked["run_id"] == payload.output["export_id"] != request.payload("b").output["export_id"]
    assert asked["destination"] == payload.output["destination"]
    assert json.loads(asked["request"])["table"] == "payments.settle"


def test_neither_engine_is_surveyed_where_rows_are_compared(run: Run) -> None:
    athena = partial(remote_steps.athena, folder=run.folder, part=digest.SURVEY)
    assert run.of("settle", "athena_survey", athena) is None
    assert run.of("settle", "helper_survey", partial(remote_steps.helper_job, part=digest.SURVEY)) is None


@pytest.mark.parametrize("task", ["athena_survey", "helper_survey"])
def test_a_survey_is_asked_of_both_engines_in_digest_mode(run: Run, task: str) -> None:
    run.suite = run.suite.model_copy(update={"mode": digest.Mode.DIGEST})
    build = {
        "athena_survey": partial(remote_steps.athena, folder=run.folder, part=digest.SURVEY),
        "helper_survey": partial(remote_steps.helper_job, part=digest.SURVEY),
    }
    payload = run.settle(task, build[task]).payload("a")
    assert "/survey/" in payload.output["destination"]
    assert ('"mode": "digest"' in json.dumps(payload.request)) is (task == "helper_survey")


@pytest.mark.parametrize("task", ["adf_activity", "glue_job"])
def test_a_step_of_an_activity_outside_the_plan_is_skipped(run: Run, task: str) -> None:
    run.plan(activities=["refund"])
    assert run.of("settle", task, getattr(remote_steps, task)) is None


def test_a_step_that_the_plan_says_nothing_of_is_refused(run: Run) -> None:
    run.instance.handed.pop(("plan", "return_value"))
    with pytest.raises(BadInput, match=r"This run has no plan\. Clear its plan task"):
        run.of("settle", "adf_activity", remote_steps.adf_activity)


def test_both_producers_must_not_have_written_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, Any, str]] = []

    class Client:
        def __init__(self, kind: str) -> None:
            self.kind = kind

        def check_newest(self, request: Any, run_id: str) -> None:
            asked.append((self.kind, request, run_id))

    monkeypatch.setattr("parity.airflow.connections.clients.connection", lambda _: None)
    monkeypatch.setattr("parity.airflow.connections.clients.remote_runs", lambda ref, _: Client(ref.kind))
    for task, run_id in (("adf_activity", "p-1/settle"), ("glue_job", "jr-1")):
        run.instance.handed[(f"settle.{task}", "return_value")] = {"run_id": run_id, PROVENANCE: {}}
    there = run_context(run.instance)
    own = remote_steps.activity_run_of(run.suite, run.suite.activity("settle"), there)
    producers.check_producers(there, own)
    assert asked == [
        ("adf_activity", {"pipeline": "ingest", "parameters": {"business_date": "2026-03-02"}}, "p-1/settle"),
        ("glue", {"job": "settle_payments", "business_date": "2026-03-02"}, "jr-1"),
    ]
    run.instance.handed.pop(("settle.glue_job", "return_value"))
    with pytest.raises(ExportRefused, match=r"settle\.glue_job has no output"):
        producers.check_producers(there, own)


@pytest.mark.parametrize(("answer", "rows"), [(12, 12), (None, None), (AccessDenied("no right"), None)])
def test_what_a_cloud_does_not_report_is_not_known(
    run: Run, monkeypatch: pytest.MonkeyPatch, answer: object, rows: int | None
) -> None:
    class Client:
        def rows_written(self, run_id: str) -> object:
            assert run_id == "settle_payments/jr-1"
            if isinstance(answer, Exception):
                raise answer
            return answer

    monkeypatch.setattr("parity.airflow.connections.clients.connection", lambda _: None)
    monkeypatch.setattr("parity.airflow.connections.clients.remote_runs", lambda *_: Client())
    copied = {"run_id": "p-1/settle", "rows_copied": 11}
    for task, output in (("adf_activity", copied), ("glue_job", {"run_id": "settle_payments/jr-1"})):
        run.instance.handed[(f"settle.{task}", "return_value")] = output
    there = run_context(run.instance)
    own = remote_steps.activity_run_of(run.suite, run.suite.activity("settle"), there)
    assert producers.reported_rows(there, own) == {"glue": rows, "read": None, "copied": 11}
