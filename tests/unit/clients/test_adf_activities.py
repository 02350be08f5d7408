from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from parity.clients.adf import ActivityDefinition, Pipeline, PipelineRun
from parity.clients.adf_activities import ActivityRuns
from parity.clients.remote import Phase, RemoteError, RunStatus
from parity.errors import BadInput

PIPELINE = Pipeline(
    "ingest",
    (),
    (
        ActivityDefinition("load", "Copy", {}, 1),
        ActivityDefinition("settle", "DatabricksNotebook", {"load": ("Succeeded",)}),
    ),
)


@dataclass
class Factory:
    """One run of PIPELINE, whose activities stand as a test wishes."""

    phase: Phase = Phase.RUNNING
    standing: dict[str, RunStatus] = field(default_factory=dict)
    asked: int = 0

    def run(self, run_id: str) -> PipelineRun:
        status = RunStatus(run_id, "Failed" if self.phase.ended else "InProgress", self.phase, url="https://adf")
        return PipelineRun(run_id, run_id, "ingest", {}, True, status)

    def earlier_runs(self, run: PipelineRun) -> list[str]:
        return []

    def activities(self, run_id: str, earlier: Sequence[str] = ()) -> dict[str, RunStatus]:
        self.asked += 1
        return self.standing

    def pipeline(self, name: str) -> Pipeline:
        return PIPELINE


def failed(attempt: int = 0) -> RunStatus:
    error = RemoteError("2011", "no such table", "UserError")
    return RunStatus("a1", "Failed", Phase.FAILED, error, output={"retry_attempt": attempt})


def look(factory: Factory, activity: str) -> RunStatus:
    return ActivityRuns(factory).status(f"p1/{activity}")  # type: ignore[arg-type]


def test_an_activity_is_known_as_soon_as_it_succeeded_itself() -> None:
    done = RunStatus("a1", "Succeeded", Phase.SUCCEEDED, url="https://databricks/run")
    status = look(Factory(standing={"load": done}), "load")
    assert status.phase is Phase.SUCCEEDED
    assert status.run_id == "p1/load"
    assert status.url == "https://databricks/run"


def test_an_activity_that_has_not_begun_is_waited_for() -> None:
    assert look(Factory(), "settle").phase is Phase.WAITING


def test_a_failed_attempt_does_not_count_while_the_factory_will_try_again() -> None:
    assert look(Factory(standing={"load": failed(0)}), "load").phase is Phase.RUNNING
    assert look(Factory(standing={"load": failed(0)}), "settle").phase is Phase.WAITING


def test_the_last_attempt_counts_before_the_pipeline_has_ended() -> None:
    status = look(Factory(standing={"load": failed(1)}), "load")
    assert status.phase is Phase.FAILED
    assert status.error == RemoteError("2011", "no such table", "UserError")


def test_what_depends_on_a_failed_activity_names_it() -> None:
    status = look(Factory(standing={"load": failed(1)}), "settle")
    assert status.phase is Phase.FAILED
    assert status.output == {"caused_by": "load"}
    assert status.error
    assert "load failed first (2011: no such table)" in status.error.message


def test_an_activity_that_never_ran_is_failed_when_the_pipeline_has_ended() -> None:
    status = look(Factory(phase=Phase.CANCELLED), "settle")
    assert status.phase is Phase.FAILED
    assert status.error
    assert status.error.code == "NotRun"


def test_an_activity_that_the_pipeline_lacks_is_failed_at_once() -> None:
    status = look(Factory(), "setle")
    assert status.phase is Phase.FAILED
    assert status.error
    assert status.error.code == "NoSuchActivity"


def test_one_answer_serves_every_activity() -> None:
    factory = Factory()
    runs = ActivityRuns(factory, monotonic=lambda: 1.0)  # type: ignore[arg-type]
    for name in ("load", "settle"):
        runs.status(f"p1/{name}")
    assert factory.asked == 1


def test_an_activity_cannot_be_started_by_itself() -> None:
    with pytest.raises(BadInput, match="Start its pipeline"):
        ActivityRuns(Factory()).submit({}, "t")  # type: ignore[arg-type]
