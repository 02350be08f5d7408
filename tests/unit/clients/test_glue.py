from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from parity.clients.glue import LIFECYCLE, GlueConfig, GlueRuns
from parity.clients.remote import Phase
from parity.errors import ExportRefused, NotFound

REQUEST = {"job": "settle", "business_date": "2026-03-02"}


@dataclass
class FakeGlue:
    """Keeps job runs, one to a page."""

    runs: list[dict[str, Any]] = field(default_factory=list)
    jobs: tuple[str, ...] = ("settle",)
    metric: tuple[float, ...] = ()
    asked: dict[str, Any] = field(default_factory=dict)
    meta: Any = field(default_factory=lambda: SimpleNamespace(region_name="eu-west-1"))

    def add(self, run_id: str, hour: int, day: str = "2026-03-02", **more: Any) -> None:
        run = {
            "Id": run_id,
            "JobName": "settle",
            "JobRunState": "SUCCEEDED",
            "StartedOn": datetime(2026, 3, 3, hour, tzinfo=UTC),
            "Arguments": {"--business_date": day},
        }
        self.runs.append(run | more)

    def get_paginator(self, name: str) -> Any:
        if name == "get_jobs":
            return SimpleNamespace(paginate=lambda: [{"Jobs": [{"Name": job} for job in self.jobs]}])
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, *, JobName: str) -> Any:  # noqa: N803
        if JobName not in self.jobs:
            raise ClientError({"Error": {"Code": "EntityNotFoundException"}}, "GetJobRuns")
        return ({"JobRuns": [run]} for run in self.runs)

    def get_metric_statistics(self, **asked: Any) -> dict[str, Any]:
        self.asked = asked
        return {"Datapoints": [{"Maximum": value} for value in self.metric]}

    def get_job_run(self, *, JobName: str, RunId: str) -> dict[str, Any]:  # noqa: N803
        return {"JobRun": next(run for run in self.runs if (run["JobName"], run["Id"]) == (JobName, RunId))}


@pytest.fixture
def glue() -> FakeGlue:
    return FakeGlue()


@pytest.fixture
def runs(glue: FakeGlue) -> GlueRuns:
    return GlueRuns(GlueConfig(), lambda _: glue)


def test_the_newest_run_of_the_date_is_found_over_all_pages(runs: GlueRuns, glue: FakeGlue) -> None:
    glue.add("jr_old", 1)
    glue.add("jr_other", 9, "2026-03-01")
    glue.add("jr_new", 5)
    assert runs.submit(REQUEST, "t") == "settle/jr_new"


@pytest.mark.parametrize("written", ["2026-03-02", "20260302"])
def test_a_date_may_be_written_with_or_without_dashes(runs: GlueRuns, glue: FakeGlue, written: str) -> None:
    glue.add("jr", 1, written)
    assert runs.find(REQUEST, "t") == "settle/jr"


@pytest.mark.parametrize("arguments", [None, {}, {"--business_date": "soon"}, {"--other": "2026-03-02"}])
def test_a_run_without_the_date_is_not_the_dates_run(runs: GlueRuns, glue: FakeGlue, arguments: Any) -> None:
    glue.add("jr", 1, Arguments=arguments)
    assert runs.find(REQUEST, "t") is None


def test_an_absent_run_is_not_found_and_says_what_to_do(runs: GlueRuns, glue: FakeGlue) -> None:
    with pytest.raises(NotFound, match=r"no run with --business_date 2026-03-02\. Run the legacy job"):
        runs.submit(REQUEST, "t")


def test_an_unknown_job_is_answered_with_what_was_probably_meant(runs: GlueRuns) -> None:
    with pytest.raises(NotFound, match="Did you mean 'settle'"):
        runs.submit({**REQUEST, "job": "setle"}, "t")


def test_a_run_from_before_its_date_is_stale(runs: GlueRuns, glue: FakeGlue) -> None:
    glue.add("jr", 1, StartedOn=datetime(2026, 3, 1, 23, 59, tzinfo=UTC))
    with pytest.raises(ExportRefused, match="before that date began"):
        runs.find(REQUEST, "t")


def test_a_date_begins_in_its_own_time_zone(glue: FakeGlue) -> None:
    glue.add("jr", 1, StartedOn=datetime(2026, 3, 1, 20, tzinfo=UTC))
    tokyo = GlueRuns(GlueConfig(timezone="Asia/Tokyo"), lambda _: glue)
    assert tokyo.find(REQUEST, "t") == "settle/jr"


def test_a_run_that_was_superseded_is_refused(runs: GlueRuns, glue: FakeGlue) -> None:
    glue.add("jr_first", 1)
    found = runs.submit(REQUEST, "t")
    runs.check_newest(REQUEST, found)
    glue.add("jr_second", 2)
    with pytest.raises(ExportRefused, match=r"superseded by settle/jr_second"):
        runs.check_newest(REQUEST, found)


@pytest.mark.parametrize("state", LIFECYCLE.phases)
def test_every_state_has_a_phase_and_only_success_succeeds(runs: GlueRuns, glue: FakeGlue, state: str) -> None:
    glue.add("jr", 1, JobRunState=state, ErrorMessage="boom")
    status = runs.status("settle/jr")
    assert (status.phase is Phase.SUCCEEDED) == (state == "SUCCEEDED")
    assert (status.error is not None) == (status.phase in (Phase.FAILED, Phase.CANCELLED))


@pytest.mark.parametrize(("state", "kind"), [("ERROR", "SystemError"), ("FAILED", "UserError")])
def test_a_failure_says_glues_own_words(runs: GlueRuns, glue: FakeGlue, state: str, kind: str) -> None:
    glue.add("jr", 1, JobRunState=state, ErrorMessage="Command failed with exit code 10")
    error = runs.status("settle/jr").error
    assert error is not None
    assert (error.message, error.failure_type) == ("Command failed with exit code 10", kind)


def test_the_legacy_productions_run_is_never_stopped(runs: GlueRuns) -> None:
    runs.cancel("settle/jr")


@pytest.mark.parametrize(("metric", "rows"), [((), None), ((7.0,), 7), ((5.0, 12.0), 12)])
def test_the_rows_of_a_run_are_its_gauges_last_value(
    runs: GlueRuns, glue: FakeGlue, metric: tuple[float, ...], rows: int | None
) -> None:
    glue.add("jr", 1, CompletedOn=datetime(2026, 3, 3, 2, 40, tzinfo=UTC))
    glue.metric = metric
    assert runs.rows_written("settle/jr") == rows
    assert {"Name": "JobRunId", "Value": "jr"} in glue.asked["Dimensions"]
    assert glue.asked["StartTime"] == datetime(2026, 3, 3, 1, tzinfo=UTC)
    assert glue.asked["EndTime"] == datetime(2026, 3, 3, 3, 40, tzinfo=UTC)
