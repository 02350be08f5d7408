from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from fake_clock import FakeClock
from parity.clients.adf import UNKNOWN_RETRIES, AdfClient
from parity.clients.adf_attempts import latest_attempts
from parity.clients.remote import Phase
from parity.errors import NotFound, Terminal, Unreachable
from unit.clients.factories import CONFIG, FakeFactory, activity, activity_run


@pytest.fixture
def factory(clock: FakeClock) -> FakeFactory:
    return FakeFactory(clock)


def test_a_pipelines_definition_tells_its_activities_and_what_they_wait_for(factory: FakeFactory) -> None:
    inner = activity("inside")
    loop = activity("loop", "first", kind="ForEach", typeProperties={"activities": [inner]})
    choice = activity(
        "choice", kind="Switch", typeProperties={"cases": [{"value": "x", "activities": [activity("in_case")]}]}
    )
    factory.declare("p", activity("first", policy={"retry": 2}), loop, choice)
    pipeline = factory.client().pipeline("p")
    assert [a.name for a in pipeline.activities] == ["first", "loop", "inside", "choice", "in_case"]
    assert pipeline.by_name["loop"].depends_on == {"first": ("Succeeded",)}
    assert pipeline.by_name["inside"].container == "loop"
    assert pipeline.by_name["in_case"].container == "choice"
    assert pipeline.by_name["first"].retries == 2
    assert "parity_token" in pipeline.parameters


def test_a_retry_count_that_is_an_expression_may_be_any(factory: FakeFactory) -> None:
    factory.declare("p", activity("a", policy={"retry": {"value": "@x", "type": "Expression"}}))
    assert factory.client().pipeline("p").by_name["a"].retries == UNKNOWN_RETRIES


def test_an_unknown_pipeline_is_answered_with_what_was_probably_meant(factory: FakeFactory) -> None:
    factory.declare("payments_ingestion")
    with pytest.raises(NotFound, match=r"no pipeline 'payment_ingestion'\. Did you mean 'payments_ingestion'\?"):
        factory.client().pipeline("payment_ingestion")


def test_pipelines_are_listed_over_all_pages(wire: Any, clock: FakeClock) -> None:
    first = {"value": [{"name": "a"}], "nextLink": f"{CONFIG.endpoint}{CONFIG.resource}/pipelines?page=2"}
    wire.on("POST", "/token", httpx.Response(200, json={"access_token": "t", "expires_in": 3600}))
    wire.on(
        "GET", "/pipelines$", httpx.Response(200, json=first), httpx.Response(200, json={"value": [{"name": "b"}]})
    )
    assert AdfClient(CONFIG, clock=clock, transport=wire.transport).pipelines() == ["a", "b"]
    assert wire.seen[-1].url.params["page"] == "2"


def test_runs_are_queried_over_all_pages_oldest_first(factory: FakeFactory, clock: FakeClock) -> None:
    for number in (3, 1, 2, 5, 4):
        factory.add_run(f"run-{number}", runStart=f"2026-03-01T0{number}:00:00.1234567Z")
    window = {"after": clock.now() - timedelta(days=1), "before": clock.now() + timedelta(days=1)}
    named = {"operand": "PipelineName", "operator": "Equals", "values": ["p"]}
    found = factory.client().runs(**window, filters=[named])
    assert [run.run_id for run in found] == [f"run-{n}" for n in (1, 2, 3, 4, 5)]
    assert found[0].status.started == datetime(2026, 3, 1, 1, 0, 0, 123456, tzinfo=UTC)


def test_a_failed_run_says_why_and_where_to_look(factory: FakeFactory) -> None:
    factory.add_run(
        "r", status="Failed", message="Operation on target a failed: boom", runEnd="2026-03-01T03:00:00Z"
    )
    status = factory.client().run("r").status
    assert status.phase is Phase.FAILED
    assert status.error is not None
    assert status.error.message == "Operation on target a failed: boom"
    assert "/pipelineruns/r" in status.url


def test_an_unknown_run_state_is_an_error(factory: FakeFactory) -> None:
    factory.add_run("r", status="Pondering")
    with pytest.raises(Terminal, match="'Pondering'"):
        factory.client().run("r")


def test_a_recovery_says_what_to_rerun(factory: FakeFactory) -> None:
    factory.declare("p")
    factory.add_run("old")
    factory.client().create_run("p", {}, recovery_of="old")
    sent = factory.created[0].url.params
    assert sent["referencePipelineRunId"] == "old"
    assert sent["isRecovery"] == "true"
    assert sent["startFromFailure"] == "true"
    assert sent["api-version"] == "2018-06-01"


def test_create_run_is_never_sent_twice(factory: FakeFactory) -> None:
    factory.declare("p")
    factory.refuse = 503
    with pytest.raises(Unreachable):
        factory.client().create_run("p", {})
    assert len(factory.created) == 1


def test_one_poll_tells_the_latest_attempt_of_every_activity(factory: FakeFactory) -> None:
    factory.activities["r"] = [
        activity_run("a", "Failed", start="2026-03-02T01:00:00Z"),
        activity_run("b", "InProgress"),
        activity_run("a", "Succeeded", start="2026-03-02T01:05:00Z", retryAttempt=1, output={"rowsCopied": 7}),
    ]
    found = factory.client().activities("r")
    assert {name: status.phase for name, status in found.items()} == {"a": Phase.SUCCEEDED, "b": Phase.RUNNING}
    assert found["a"].output == {"retry_attempt": 1, "rows_copied": 7, "pipeline_run": "r"}


def test_the_rows_of_a_loop_are_those_of_all_rounds_or_unknown(factory: FakeFactory) -> None:
    rounds = [
        activity_run("a", "Succeeded", iterationHash=str(at), output={"rowsRead": 10 + at, "rowsCopied": 10})
        for at in range(3)
    ]
    factory.activities["r"] = rounds
    assert factory.client().activities("r")["a"].output["rows_read"] == 33
    assert factory.client().activities("r")["a"].output["rows_copied"] == 30
    factory.activities["s"] = [*rounds, activity_run("a", "Succeeded", iterationHash="9")]
    assert "rows_copied" not in factory.client().activities("s")["a"].output


@pytest.mark.parametrize(
    ("handed_on", "rows"),
    [({"rowsCopied": 7}, 7), ('{"rowsCopied": 7}', 7), ("7 rows", None), ({"rowsCopied": "7"}, None), ([7], None)],
)
def test_a_notebook_may_hand_on_its_rows(factory: FakeFactory, handed_on: object, rows: int | None) -> None:
    factory.activities["r"] = [activity_run("a", "Succeeded", output={"runOutput": handed_on})]
    assert factory.client().activities("r")["a"].output.get("rows_copied") == rows


def test_a_failed_activity_says_its_own_error_and_its_databricks_run(factory: FakeFactory) -> None:
    error = {"errorCode": "3204", "message": "Databricks execution failed", "failureType": "UserError"}
    url = "https://adb.test/?o=1#job/1/run/2"
    factory.activities["r"] = [activity_run("a", "Failed", error=error, output={"runPageUrl": url})]
    status = factory.client().activities("r")["a"]
    assert status.error is not None
    assert (status.error.code, status.error.failure_type) == ("3204", "UserError")
    assert status.url == url


def test_an_activity_without_output_is_no_trouble(factory: FakeFactory) -> None:
    factory.activities["r"] = [activity_run("a", "Failed", output=None, error={})]
    assert factory.client().activities("r")["a"].error is not None


def test_of_a_loops_iterations_the_worst_counts() -> None:
    rounds = [
        activity_run("a", "Failed", iterationHash="1", start="2026-03-02T01:00:00Z"),
        activity_run("a", "Succeeded", iterationHash="2", start="2026-03-02T01:00:01Z"),
    ]
    assert latest_attempts(rounds)["a"].phase is Phase.FAILED


def test_what_succeeded_before_a_recovery_still_counts(factory: FakeFactory) -> None:
    factory.activities["old"] = [activity_run("a", "Succeeded"), activity_run("b", "Failed")]
    factory.activities["new"] = [activity_run("b", "InProgress")]
    found = factory.client().activities("new", earlier=["old"])
    assert {name: status.state for name, status in found.items()} == {"a": "Succeeded", "b": "InProgress"}


def test_what_failed_before_a_recovery_is_not_held_against_it(factory: FakeFactory) -> None:
    factory.activities["old"] = [activity_run("b", "Failed")]
    assert factory.client().activities("new", earlier=["old"]) == {}


@pytest.mark.parametrize("state", ["Skipped", "Inactive"])
def test_an_activity_that_did_not_run_is_never_a_success(state: str) -> None:
    assert latest_attempts([activity_run("a", state)])["a"].phase is Phase.CANCELLED


def test_an_activity_tells_what_it_hands_on_and_maps_expressions_apart(factory: FakeFactory) -> None:
    notebook = {"baseParameters": {"table": "lake.fees", "day": "@pipeline().parameters.business_date"}}
    script = {"parameters": ["--table", "lake.fees", "--day", "@x", "--table", "lake.refunds"]}
    mappings = [{"source": {"name": "merch_ref"}, "sink": {"name": "merchant_ref"}}, {"source": {}, "sink": {}}]
    end = {
        "referenceName": "d",
        "parameters": {"table": "refunds", "folder": {"value": "@x", "type": "Expression"}},
    }
    factory.declare(
        "p",
        activity("notebook", kind="DatabricksNotebook", typeProperties=notebook),
        activity("script", typeProperties=script),
        activity("job", kind="DatabricksJob", typeProperties={"jobId": "7", "jobParameters": {"target": "t"}}),
        activity("copy", kind="Copy", inputs=[end], typeProperties={"translator": {"mappings": mappings}}),
        activity("old", kind="Copy", typeProperties={"translator": {"columnMappings": {"a": "b"}}}),
        activity("dynamic", kind="Copy", typeProperties={"translator": {"value": "@x", "type": "Expression"}}),
    )
    found = factory.client().pipeline("p").by_name
    assert found["notebook"].arguments == {"table": "lake.fees"}
    assert found["script"].arguments == {"table": "lake.refunds"}
    assert found["job"].arguments == {"target": "t"}
    assert (found["copy"].arguments, found["copy"].mapping) == (
        {"table": "refunds"},
        {"merch_ref": "merchant_ref"},
    )
    assert (found["old"].mapping, found["dynamic"].mapping) == ({"a": "b"}, {})
