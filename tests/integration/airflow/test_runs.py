"""A night through the real scheduler: its colours, its verdicts, and what a second run does."""

from __future__ import annotations

import pytest

from integration.airflow.conftest import DATES, DIGESTED, SMALL, SOLO, DagRun, World, until

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.sandbox,
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]


def test_a_manual_run_verifies_what_was_chosen_and_skips_the_rest(green: DagRun) -> None:
    assert green.ended() == "success"
    assert green.verdicts() == {"sync_clients": "PASS"}
    states = green.states()
    assert {states["sync_clients.record"], states["gate"]} == {"success"}
    assert states["sync_partners.record"] == states["sync_partners.helper_job"] == "skipped"


def test_clearing_a_green_activity_starts_fresh_remote_runs_under_new_tokens(world: World, green: DagRun) -> None:
    run = world.again()
    assert run.ended() == "success"
    mark = world.sandbox.last_request()
    run.clear("sync_clients.helper_job", "sync_clients.athena_unload")
    assert run.ended() == "success"
    [export], [unload] = world.run_nows(mark), world.unloads(mark)
    earlier = [body["idempotency_token"] for body in world.run_nows(0) if body != export]
    assert export["idempotency_token"] not in earlier
    tokens = [body["ClientRequestToken"] for body in world.unloads(0)]
    assert tokens.count(unload["ClientRequestToken"]) == 1


def test_every_submission_of_every_run_has_a_token_of_its_own(world: World, green: DagRun) -> None:
    mark = world.sandbox.last_request()  # a killed worker's successor repeats its token, and rightly
    assert [world.again().ended() for _ in range(2)] == ["success", "success"]
    exports = world.run_nows(mark)
    assert len({body["idempotency_token"] for body in exports}) == len(exports) == 2
    assert len({body["job_parameters"]["destination"] for body in exports}) == 2


def test_a_second_run_of_a_date_is_listed_beside_the_first_and_is_the_latest(world: World, green: DagRun) -> None:
    run = world.again(SMALL)
    assert run.ended() == "success"
    listed = [r.run_id for r in world.store.runs("small", limit=100) if r.business_date == DATES[0]]
    assert {green.run_id, run.run_id} <= set(listed)
    by_date = {kept.key.business_date: kept for kept in world.store.activity_history("small", "sync_clients")}
    assert by_date[DATES[0]].key.run_id == run.run_id


def test_a_range_of_dates_is_one_run_for_each(world: World) -> None:
    run = world.run(business_date_to=DATES[1].isoformat())
    assert run.ended() == "success"
    other = DagRun(world, run.dag_id, f"{run.run_id}__{DATES[1]}")
    assert other.state() == "success"
    assert world.store.run(other.run_id).run.business_date == DATES[1]
    assert run.verdicts() == other.verdicts() == {"sync_clients": "PASS"}


def test_a_range_is_red_when_any_of_its_dates_is(world: World, green: DagRun) -> None:
    mark = f"/solo/{DATES[1]}/.*_manifest"
    world.sandbox.fault(service="storage", method="GET", path=mark, status=404)
    run = world.run(SOLO, business_date_to=DATES[1].isoformat())
    assert run.ended() == "failed"
    assert run.verdicts() == {"sync_clients": "PASS"}
    reason = world.store.run(run.run_id).run.reason
    assert reason.startswith(f"Another date of this range is not green: {DATES[1]}: INVALID. sync_clients: ")
    assert "_manifest" in reason
    other = DagRun(world, run.dag_id, f"{run.run_id}__{DATES[1]}")
    assert (other.state(), other.verdicts()) == ("failed", {"sync_clients": "INVALID"})


def test_a_run_that_is_deleted_and_made_again_takes_over_nothing(world: World, green: DagRun) -> None:
    run = world.again()
    assert run.ended() == "success"
    mark = world.sandbox.last_request()
    run.make_again()
    assert run.ended() == "success"
    [export], [unload] = world.run_nows(mark), world.unloads(mark)
    earlier = [body["job_parameters"]["destination"] for body in world.run_nows(0) if body != export]
    assert export["job_parameters"]["destination"] not in earlier
    assert [body["QueryString"] for body in world.unloads(0)].count(unload["QueryString"]) == 1


def test_tasks_that_a_person_marks_before_they_start_hand_nothing_on(world: World, green: DagRun) -> None:
    run = world.again()
    assert run.ended() == "success"
    run.pause()
    try:
        run.clear("sync_clients.helper_job")
        for step in ("helper_job", "compare", "great_expectations"):
            run.mark_success(f"sync_clients.{step}")
    finally:
        run.pause(paused=False)
    assert run.ended() == "failed"
    assert run.verdicts() == {"sync_clients": "INVALID"}
    assert "has no output" in run.reason("sync_clients")


def test_a_run_whose_plan_fails_is_recorded_and_told(world: World, green: DagRun) -> None:
    run = world.run(business_date="2026-03-03", business_date_to="2026-03-01")
    assert run.ended() == "failed"
    kept = world.store.run(run.run_id).run
    assert (kept.verdict, "before it begins" in kept.reason) == ("INVALID", True)
    until(lambda: [i for i in world.messages()["incidents"] if "was not compared" in i["summary"]])


@pytest.mark.parametrize(("status", "body"), [(404, ""), (200, '{"protocol": 1}')], ids=["missing", "tampered"])
def test_an_export_without_a_sound_manifest_is_invalid_and_the_run_is_red(
    world: World, green: DagRun, status: int, body: str
) -> None:
    world.sandbox.fault(service="storage", method="GET", path="_manifest", status=status, body=body)
    run = world.again()
    assert run.ended() == "failed"
    assert run.verdicts() == {"sync_clients": "INVALID"}
    assert "_manifest" in run.reason("sync_clients")
    assert (run.states()["publish"], run.states()["gate"]) == ("success", "failed")


def test_a_cloud_that_stammers_changes_no_verdict(world: World, green: DagRun) -> None:
    world.sandbox.fault(service="aws", method="POST", path="^/$", status=500, times=3, after=3)
    world.sandbox.fault(service="databricks", path="/jobs/runs/get", status=429, retry_after=1, times=3)
    run = world.again()
    assert run.ended() == "success"
    assert run.verdicts() == {"sync_clients": "PASS"}


def test_only_what_depends_on_a_failed_activity_is_invalid_and_recovery_resolves_the_alert(
    world: World, green: DagRun
) -> None:
    world.sandbox.fault(kind="fails_at", target="sync_partners", message="the partners' feed is late")
    run = world.run(activities=[])
    assert run.ended() == "failed"
    assert run.verdicts() == {
        "sync_clients": "PASS",
        "sync_partners": "INVALID",
        "attribute_ad_spend": "INVALID",
    }
    assert "the partners' feed is late" in run.reason("sync_partners")
    assert "because sync_partners failed first" in run.reason("attribute_ad_spend")
    until(lambda: "triggered" in _states(world))  # a callback speaks after its task has ended
    assert not [i for i in world.messages()["incidents"] if "/attribute_ad_spend/" in i["dedup_key"]]
    world.sandbox.heal()
    recovered = world.run(activities=[], recover=True)
    assert recovered.ended() == "success"
    assert set(recovered.verdicts().values()) == {"PASS"}
    until(lambda: _states(world) == {"resolved"})


def _states(world: World) -> set[str]:
    return {incident["state"] for incident in world.incidents("small")}


DIGEST_STEPS = ("athena_survey", "helper_survey", "strategy", "athena_digest", "helper_digest", "buckets")


def test_a_suite_that_digests_says_the_same_with_the_data_where_it_is(world: World, green: DagRun) -> None:
    run = world.again(DIGESTED)
    assert run.ended() == "success"
    assert run.verdicts() == green.verdicts()
    states = run.states()
    assert {states[f"sync_clients.{step}"] for step in DIGEST_STEPS} == {"success"}
    [record], [plain] = run.records(), green.records()
    assert record.rows == plain.rows
    assert {"athena_survey", "athena_digest", "athena"} <= {remote.kind for remote in record.remote_runs}


def test_rows_can_be_chosen_for_one_run_of_a_suite_that_digests(world: World, green: DagRun) -> None:
    run = world.again(DIGESTED, mode="rows")
    assert run.ended() == "success"
    states = run.states()
    assert {states[f"sync_clients.{step}"] for step in DIGEST_STEPS} == {"skipped"}
    assert {states[f"sync_clients.{step}"] for step in ("athena_unload", "helper_job", "record")} == {"success"}
    assert run.verdicts() == {"sync_clients": "PASS"}


def test_auto_asks_both_engines_and_then_compares_the_rows_of_a_small_table(world: World, green: DagRun) -> None:
    run = world.again(DIGESTED, mode="auto")
    assert run.ended() == "success"
    states = {
        step: run.states()[f"sync_clients.{step}"] for step in (*DIGEST_STEPS, "athena_unload", "helper_job")
    }
    assert {step for step, state in states.items() if state == "skipped"} == {
        "athena_digest",
        "helper_digest",
        "buckets",
    }
    assert set(states.values()) == {"success", "skipped"}
    assert run.verdicts() == {"sync_clients": "PASS"}
