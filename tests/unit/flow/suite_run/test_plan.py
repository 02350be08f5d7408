from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from parity.errors import BadInput
from parity.flow.codec import from_json, to_json
from parity.flow.suite_run.plan import PipelineUse, SuiteRunPlan, plan_suite_run
from parity.suite.models import Mode
from unit.flow.suites import suite

TWO_AT_NIGHT = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)


def plan(**params: Any) -> SuiteRunPlan:
    return plan_suite_run(suite(), params, run_id="manual__1", moment=TWO_AT_NIGHT)


def test_a_scheduled_run_verifies_yesterday() -> None:
    assert plan().business_date == date(2026, 3, 2)


def test_yesterday_is_that_of_the_suites_time_zone() -> None:
    late = datetime(2026, 3, 3, 23, 30, tzinfo=UTC)
    tokyo = plan_suite_run(suite(timezone="Asia/Tokyo"), {}, run_id="r", moment=late)
    assert tokyo.business_date == date(2026, 3, 3)


def test_no_activities_means_all_of_them_in_the_suites_order() -> None:
    assert plan(activities=[]).activities == ("settle", "refund")
    assert plan(activities=["refund", "settle"]).activities == ("settle", "refund")


def test_a_range_gives_every_further_date_a_run_of_its_own() -> None:
    made = plan(business_date="2026-03-01", business_date_to="2026-03-03")
    assert made.business_date == date(2026, 3, 1)
    assert made.other_dates == (date(2026, 3, 2), date(2026, 3, 3))


def test_the_mode_of_the_form_wins() -> None:
    assert plan(mode="auto").mode is Mode.AUTO
    assert plan(mode="as declared").mode is None
    assert plan(mode="as declared").mode_of(suite(), suite().activities[0]) is Mode.ROWS


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"business_date": "2026-02-30"}, "not a date"),
        ({"business_date": "2026-03-03", "business_date_to": "2026-03-01"}, "Swap"),
        ({"business_date": "2026-01-01", "business_date_to": "2026-12-31"}, "backfill"),
        ({"activities": ["setle"]}, "no activity setle"),
        ({"pipeline": PipelineUse.RUN}, "needs the id"),
        ({"pipeline": PipelineUse.LATEST, "pipeline_run_id": "x"}, "use this run id"),
        ({"pipeline": PipelineUse.LATEST, "recover": True}, "Recovery starts"),
        (
            {
                "pipeline": PipelineUse.RUN,
                "pipeline_run_id": "x",
                "business_date": "2026-03-01",
                "business_date_to": "2026-03-02",
            },
            "single date",
        ),
    ],
)
def test_what_the_form_cannot_rule_out_is_refused_with_the_remedy(params: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        plan(**params)


def test_an_activity_without_steps_for_digests_refuses_them_and_takes_auto_for_rows() -> None:
    with pytest.raises(BadInput, match="no tasks that digest"):
        plan(mode="digest").mode_of(suite(), suite().activities[0])
    assert plan(mode="auto").mode_of(suite(), suite().activities[0]) is Mode.ROWS


def test_an_activity_that_declares_auto_takes_every_mode_of_the_form() -> None:
    declared = suite(mode="auto")
    modes = {plan(mode=mode).mode_of(declared, declared.activities[0]) for mode in ("rows", "digest", "auto")}
    assert modes == {Mode.ROWS, Mode.DIGEST, Mode.AUTO}


def test_a_plan_survives_xcom() -> None:
    made = plan(business_date="2026-03-01", business_date_to="2026-03-02", mode="digest", activities=["refund"])
    assert from_json(SuiteRunPlan, to_json(made)) == made


def test_two_runs_never_share_a_folder() -> None:
    one = plan_suite_run(suite(), {}, run_id="manual__a:b", moment=TWO_AT_NIGHT)
    two = plan_suite_run(suite(), {}, run_id="manual__a/b", moment=TWO_AT_NIGHT)
    assert one.folder != two.folder
    assert ":" not in one.folder
