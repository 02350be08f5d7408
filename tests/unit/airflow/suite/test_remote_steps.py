"""Which pipeline run a step takes, and which it refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fake_clock import FakeClock
from parity.airflow.suite.remote_steps import check_date_parameter, existing_run, named_run
from parity.errors import BadInput
from parity.flow.suite_run.plan import SuiteRunPlan, plan_suite_run
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
