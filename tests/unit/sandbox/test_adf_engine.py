"""Data Factory's engine: pipelines really run, and end as the real ones do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from azure_sandbox import Azure, Server, Workspace, activity, fail, make_context, wait
from parity_sandbox.faults import Fault
from waiting import until


@pytest.fixture
def azure(tmp_path: Path) -> Azure:
    return Azure(make_context(tmp_path))


@pytest.fixture
def workspace(azure: Azure) -> Iterator[Workspace]:
    pretended = Workspace()
    with Server(pretended.app()) as url:
        azure.context.endpoints.databricks = url
        yield pretended


def spark(name: str, file: str, **more: Any) -> dict[str, Any]:
    return activity("DatabricksSparkPython", name, pythonFile=f"/Volumes/{file}", **more)


# --- How a pipeline ends ---------------------------------------------------------------------------------------

ENDS: list[tuple[str, list[dict[str, Any]], str]] = [
    ("everything succeeds", [wait("a"), wait("b", {"a": "Succeeded"})], "Succeeded"),
    ("a leaf fails", [wait("a"), fail("b", {"a": "Succeeded"})], "Failed"),
    ("the leaf after a failure is skipped", [fail("a"), wait("b", {"a": "Succeeded"})], "Failed"),
    ("a failure is handled", [fail("a"), wait("b", {"a": "Failed"})], "Succeeded"),
    ("a failure is cleaned up after", [fail("a"), wait("b", {"a": "Completed"})], "Succeeded"),
    (
        "a failure is handled, but the other branch was skipped",
        [fail("a"), wait("ok", {"a": "Succeeded"}), wait("handler", {"a": "Failed"})],
        "Failed",
    ),
    ("the handler was not needed", [wait("a"), wait("handler", {"a": "Failed"})], "Succeeded"),
    (
        "what follows a skip runs",
        [wait("a"), wait("b", {"a": "Failed"}), wait("c", {"b": "Skipped"})],
        "Succeeded",
    ),
]


@pytest.mark.parametrize(("story", "activities", "ends"), ENDS, ids=[story for story, _, _ in ENDS])
def test_a_pipeline_ends_as_its_leaves_say(
    azure: Azure, story: str, activities: list[dict[str, Any]], ends: str
) -> None:
    run, _ = azure.perform(activities)
    assert run["status"] == ends


def test_a_failed_run_names_the_activity_and_its_words(azure: Azure) -> None:
    run, activities = azure.perform([fail("load", message="no rows"), wait("next", {"load": "Succeeded"})])
    assert run["message"] == "Operation on target load failed: no rows"
    error = activities["load"]["error"]
    assert (error["errorCode"], error["failureType"], error["target"]) == ("77", "UserError", "load")
    assert activities["next"]["status"] == "Skipped"


def test_moments_have_seven_digits_and_parameters_are_texts(azure: Azure) -> None:
    declared = {"n": {"type": "int"}, "l": {"type": "array", "defaultValue": [1]}}
    run, _ = azure.perform([wait("a")], {"n": 3}, parameters=declared)
    assert run["parameters"] == {"n": "3", "l": "[1]"}
    assert len(run["runStart"].partition(".")[2]) == len("1234567Z")


def test_an_inactive_activity_is_not_run_and_counts_as_it_is_marked(azure: Azure) -> None:
    sleeping = {**fail("off"), "state": "Inactive", "onInactiveMarkAs": "Succeeded"}
    run, activities = azure.perform([sleeping, wait("next", {"off": "Succeeded"})])
    assert (run["status"], activities["off"]["status"]) == ("Succeeded", "Inactive")
    assert activities["next"]["status"] == "Succeeded"


def test_an_unknown_type_fails_loudly_as_a_limitation(azure: Azure) -> None:
    run, activities = azure.perform([activity("WebActivity", "call", url="http://x")])
    assert run["status"] == "Failed"
    assert activities["call"]["error"]["errorCode"] == "SandboxLimitation"
    assert "'WebActivity' are not supported" in run["message"]


def test_a_wrong_expression_fails_the_activity_and_not_the_engine(azure: Azure) -> None:
    run, activities = azure.perform([activity("Wait", "w", waitTimeInSeconds="@pipeline().parameters.x")])
    assert activities["w"]["error"]["errorCode"] == "InvalidTemplate"
    assert "property 'x' doesn't exist" in run["message"]


# --- Activities ------------------------------------------------------------------------------------------------

TEXTS = {"v": {"type": "String"}, "all": {"type": "Array"}}


def set_(name: str, value: Any, after: dict[str, str] | None = None) -> dict[str, Any]:
    return activity("SetVariable", name, after, variableName="v", value=value)


def add(name: str, value: Any, after: dict[str, str] | None = None) -> dict[str, Any]:
    return activity("AppendVariable", name, after, variableName="all", value=value)


def test_variables_are_set_appended_and_read(azure: Azure) -> None:
    steps = [
        set_("one", "x"),
        add("two", "@variables('v')", {"one": "Succeeded"}),
        add("three", 2, {"two": "Succeeded"}),
        set_("show", "@{variables('all')}", {"three": "Succeeded"}),
    ]
    run, activities = azure.perform(steps, variables=TEXTS)
    assert (run["status"], activities["show"]["output"]["value"]) == ("Succeeded", '["x",2]')


def test_an_undeclared_variable_is_refused(azure: Azure) -> None:
    run, _ = azure.perform([set_("one", "x")])
    assert "variable 'v' is not declared" in run["message"]


@pytest.mark.parametrize(("day", "ran"), [("2026-03-02", "yes"), ("2026-03-03", "no")])
def test_a_condition_runs_one_of_its_branches(azure: Azure, day: str, ran: str) -> None:
    expression = {"type": "Expression", "value": "@equals(pipeline().parameters.day, '2026-03-02')"}
    branches = {"ifTrueActivities": [wait("yes")], "ifFalseActivities": [wait("no")]}
    choose = activity("IfCondition", "choose", expression=expression, **branches)
    _, activities = azure.perform([choose], {"day": day}, parameters={"day": {"type": "string"}})
    assert set(activities) == {"choose", ran}


def test_a_switch_runs_its_case_or_its_default(azure: Azure) -> None:
    cases = [{"value": "1", "activities": [wait("first")]}]
    for number, ran in ((1, "first"), (2, "otherwise")):
        choose = activity("Switch", "choose", on=f"@add(0, {number})", cases=cases)
        choose["typeProperties"]["defaultActivities"] = [wait("otherwise")]
        _, activities = azure.perform([choose])
        assert set(activities) == {"choose", ran}


@pytest.mark.parametrize("order", [{"isSequential": True}, {"batchCount": 2}])
def test_a_loop_runs_its_branch_for_every_item(azure: Azure, order: dict[str, Any]) -> None:
    inside = [add("take", "@concat(item().t, '!')")]
    items = {"type": "Expression", "value": '@json(\'[{"t": "a"}, {"t": "b"}, {"t": "c"}]\')'}
    loop = activity("ForEach", "loop", items=items, activities=inside, **order)
    show = set_("show", "@{length(variables('all'))}", {"loop": "Succeeded"})
    run, activities = azure.perform([loop, show], variables=TEXTS)
    assert run["status"] == "Succeeded"
    assert activities["loop"]["output"]["successfulItemsCount"] == 3
    assert activities["show"]["output"]["value"] == "3"
    taken = {one["output"]["value"] for one in azure.activities(run["runId"]) if one["activityName"] == "take"}
    assert taken == {"a!", "b!", "c!"}
    rounds = {one["iterationHash"] for one in azure.activities(run["runId"]) if one["activityName"] == "take"}
    assert len(rounds - {""}) == 3
    assert activities["loop"]["iterationHash"] == ""


def test_a_loop_fails_when_a_round_does_and_the_other_rounds_still_run(azure: Azure) -> None:
    inside = [fail("odd", message="@{item()} is odd")]
    loop = activity("ForEach", "loop", items="@createArray(1, 3)", activities=inside)
    run, activities = azure.perform([loop])
    assert activities["loop"]["output"]["failedItemsCount"] == 2
    assert "Inner activity name: odd, Error: 1 is odd" in run["message"]


def test_until_repeats_until_its_condition_holds(azure: Azure) -> None:
    loop = activity(
        "Until",
        "loop",
        expression={"type": "Expression", "value": "@equals(length(variables('all')), 3)"},
        activities=[add("more", "x")],
    )
    run, _ = azure.perform([loop], variables=TEXTS)
    assert run["status"] == "Succeeded"
    assert [one["activityName"] for one in azure.activities(run["runId"])].count("more") == 3


def test_a_pipeline_calls_another_and_fails_with_it(azure: Azure) -> None:
    azure.put("child", [fail("deep", message="child: @{pipeline().parameters.p}")], parameters={"p": {}})
    call = activity("ExecutePipeline", "call", pipeline={"referenceName": "child"}, parameters={"p": "@add(1, 1)"})
    run, activities = azure.perform([call])
    child = azure.run(activities["call"]["output"]["pipelineRunId"])
    assert (run["status"], child["parameters"]) == ("Failed", {"p": "2"})
    assert child["invokedBy"]["pipelineRunId"] == run["runId"]
    assert run["message"].endswith("Operation on target deep failed: child: 2")


def test_secured_output_is_hidden_from_queries_but_not_from_expressions(azure: Azure) -> None:
    secret = {**set_("secret", "s3cret"), "policy": {"secureOutput": True, "secureInput": True}}
    show = add("show", "@activity('secret').output.value", {"secret": "Succeeded"})
    _, activities = azure.perform([secret, show], variables=TEXTS)
    assert (activities["secret"]["output"], activities["secret"]["input"]) == ({}, {})
    assert activities["show"]["output"]["value"] == "s3cret"


# --- Databricks ------------------------------------------------------------------------------------------------


def test_a_python_file_is_submitted_with_its_parameters_and_linked(azure: Azure, workspace: Workspace) -> None:
    step = spark("settle", "settle.py", parameters=["--day", "@pipeline().RunId", 3])
    run, activities = azure.perform([step])
    submitted = next(given for path, given in workspace.calls if path == "runs/submit")
    task = submitted["tasks"][0]["spark_python_task"]
    assert task == {"python_file": "/Volumes/settle.py", "parameters": ["--day", run["runId"], "3"]}
    assert activities["settle"]["output"]["runPageUrl"] == "http://workspace/run/101"
    assert activities["settle"]["output"]["runId"] == 101
    assert "tested_settle" in submitted["run_name"]


def test_a_notebook_gives_its_result_back(azure: Azure, workspace: Workspace) -> None:
    step = activity("DatabricksNotebook", "nb", notebookPath="/nb/count", baseParameters={"day": "d"})
    _, activities = azure.perform([step])
    assert activities["nb"]["output"]["runOutput"] == "42 rows"


def test_a_job_is_run_now_with_its_parameters(azure: Azure, workspace: Workspace) -> None:
    step = activity("DatabricksJob", "pay", jobId="77", jobParameters={"day": "@{concat('a', 'b')}"})
    run, _ = azure.perform([step])
    assert run["status"] == "Succeeded"
    given = next(given for path, given in workspace.calls if path == "run-now")
    assert (given["job_id"], given["job_parameters"]) == (77, {"day": "ab"})


def test_a_failed_script_is_told_in_its_own_words(azure: Azure, workspace: Workspace) -> None:
    run, activities = azure.perform([spark("settle", "fail.py")])
    error = activities["settle"]["error"]
    assert (error["errorCode"], error["failureType"]) == ("3204", "UserError")
    assert "ValueError: no such table" in run["message"]
    assert "http://workspace/run/101" in run["message"]
    assert activities["settle"]["output"]["runPageUrl"] == "http://workspace/run/101"


def test_a_busy_workspace_is_asked_again(azure: Azure, workspace: Workspace) -> None:
    workspace.busy = 2
    run, _ = azure.perform([spark("settle", "settle.py")])
    assert run["status"] == "Succeeded"


def test_an_unreachable_workspace_is_a_system_error(azure: Azure) -> None:
    azure.context.endpoints.databricks = "http://127.0.0.1:9"
    _, activities = azure.perform([spark("settle", "settle.py")])
    assert activities["settle"]["error"]["failureType"] == "SystemError"


# --- Copy ------------------------------------------------------------------------------------------------------


def copy_step(azure: Azure, kind: str, folder: str, target: str, **location: Any) -> dict[str, Any]:
    spaces = {
        "from": ("AmazonS3Location", "bucketName", folder),
        "to": ("AzureBlobFSLocation", "fileSystem", target),
    }
    for name, (where, container, path) in spaces.items():
        more = location if name == "from" else {}
        place = {"type": where, container: "raw", "folderPath": path, **more}
        properties = {"type": kind, "typeProperties": {"location": place, "firstRowAsHeader": True}}
        azure.call("PUT", f"/datasets/{name}", json={"properties": properties}).raise_for_status()
    ends = {"inputs": [{"referenceName": "from"}], "outputs": [{"referenceName": "to"}]}
    return activity("Copy", "copy", source={"type": f"{kind}Source"}, sink={"type": f"{kind}Sink"}, **ends)


@pytest.fixture
def raw(azure: Azure) -> Path:
    state = azure.context.state
    (state / "adls" / azure.context.endpoints.storage_account / "raw").mkdir(parents=True)
    folder = state / "s3" / "raw" / "day"
    folder.mkdir(parents=True)
    return folder


def test_copying_parquet_counts_its_rows(azure: Azure, raw: Path) -> None:
    parquet.write_table(pa.table({"a": [1, 2, 3]}), raw / "p1.parquet")
    parquet.write_table(pa.table({"a": [4]}), raw / "p2.parquet")
    run, activities = azure.perform([copy_step(azure, "Parquet", "day", "in")])
    assert run["status"] == "Succeeded", run["message"]
    output = activities["copy"]["output"]
    assert (output["rowsRead"], output["rowsCopied"], output["filesWritten"]) == (4, 4, 2)
    copied = azure.context.state / "adls" / azure.context.endpoints.storage_account / "raw" / "in"
    assert parquet.read_table(copied).num_rows == 4


def test_copying_text_counts_rows_without_the_header(azure: Azure, raw: Path) -> None:
    (raw / "a.csv").write_text('id,note\n1,"two\nlines"\n2,x\n')
    _, activities = azure.perform([copy_step(azure, "DelimitedText", "day", "in", fileName="a.csv")])
    assert activities["copy"]["output"]["rowsCopied"] == 2


def test_copying_nothing_truncated_or_from_outside_fails(azure: Azure, raw: Path) -> None:
    run, _ = azure.perform([copy_step(azure, "Binary", "empty", "in")])
    assert "UserErrorFileNotFound" in run["message"]
    (raw / "broken.parquet").write_bytes(b"PAR1 and no more")
    run, _ = azure.perform([copy_step(azure, "Parquet", "day", "in")])
    assert "UserErrorInvalidData" in run["message"]
    run, _ = azure.perform([copy_step(azure, "Binary", "../../entra", "in")])
    assert "not inside of a container" in run["message"]


# --- Policy, faults, cancel ------------------------------------------------------------------------------------

ONE_RETRY = {"retry": 1, "retryIntervalInSeconds": 0}


def test_a_retry_is_an_activity_run_of_its_own(azure: Azure) -> None:
    azure.context.faults.add(Fault(kind="fails_at", target="shaky", message="out of quota", times=1))
    run, _ = azure.perform([{**wait("shaky"), "policy": ONE_RETRY}])
    attempts = [(one["status"], one["retryAttempt"]) for one in azure.activities(run["runId"])]
    assert (run["status"], attempts) == ("Succeeded", [("Failed", None), ("Succeeded", 1)])
    assert azure.activities(run["runId"])[0]["error"]["message"] == "out of quota"


def test_an_activity_that_takes_too_long_fails_and_its_script_is_stopped(
    azure: Azure, workspace: Workspace
) -> None:
    step = {**spark("slow", "hang.py"), "policy": {"timeout": "0.00:00:01"}}
    run, activities = azure.perform([step])
    assert activities["slow"]["status"] == "Failed"
    assert "timed out" in run["message"]
    assert workspace.cancelled == {101}


def test_stays_running_holds_an_activity_until_the_rule_is_lifted(azure: Azure) -> None:
    rule = Fault(kind="stays_running", target="stuck")
    azure.context.faults.add(rule)
    azure.put("tested", [wait("stuck")])
    run_id = azure.start("tested")
    until(lambda: azure.statuses(run_id) == {"stuck": "InProgress"})
    azure.context.faults.remove(rule.id)
    assert azure.wait(run_id)["status"] == "Succeeded"


def test_cancelling_stops_the_activities_and_the_scripts_behind_them(azure: Azure, workspace: Workspace) -> None:
    azure.put("tested", [spark("slow", "hang.py"), wait("next", {"slow": "Succeeded"})])
    run_id = azure.start("tested")
    until(lambda: workspace.runs)
    azure.call("POST", f"/pipelineruns/{run_id}/cancel")
    assert azure.wait(run_id)["status"] == "Cancelled"
    assert azure.statuses(run_id) == {"slow": "Cancelled"}
    assert workspace.cancelled == {101}


@pytest.mark.parametrize(("recursive", "ends"), [("true", "Cancelled"), ("false", "InProgress")])
def test_cancelling_reaches_child_runs_only_when_asked(azure: Azure, recursive: str, ends: str) -> None:
    azure.put("child", [wait("long", seconds=60)])
    azure.put("tested", [activity("ExecutePipeline", "call", pipeline={"referenceName": "child"})])
    run_id = azure.start("tested")
    until(lambda: [one for one in azure.activities(run_id) if one["output"]])
    child = azure.activities(run_id)[0]["output"]["pipelineRunId"]
    azure.call("POST", f"/pipelineruns/{run_id}/cancel", params={"isRecursive": recursive})
    assert azure.wait(run_id)["status"] == "Cancelled"
    until(lambda: azure.run(child)["status"] == ends)
    azure.call("POST", f"/pipelineruns/{child}/cancel")


def test_cancelling_an_ended_run_changes_nothing(azure: Azure) -> None:
    run, _ = azure.perform([wait("a")])
    assert azure.call("POST", f"/pipelineruns/{run['runId']}/cancel").status_code == 200
    assert azure.run(run["runId"]) == run


# --- Recovery and restart --------------------------------------------------------------------------------------


def broken_once(azure: Azure) -> str:
    azure.context.faults.add(Fault(kind="fails_at", target="b", times=1))
    steps = [set_("a", "made"), wait("b", {"a": "Succeeded"}), wait("c", {"b": "Succeeded"})]
    run, _ = azure.perform(steps, {"day": "d1"}, variables=TEXTS, parameters={"day": {}})
    assert run["status"] == "Failed"
    return str(run["runId"])


def test_a_recovery_from_failure_keeps_what_succeeded_and_runs_the_rest(azure: Azure) -> None:
    first = broken_once(azure)
    again = azure.start("tested", referencePipelineRunId=first, isRecovery="true", startFromFailure="true")
    run = azure.wait(again)
    assert (run["status"], run["runGroupId"], run["isLatest"]) == ("Succeeded", first, True)
    assert (azure.run(first)["isLatest"], run["parameters"]) == (False, {"day": "d1"})
    kept = {one["activityName"]: one for one in azure.activities(again)}["a"]
    earlier = {one["activityName"]: one for one in azure.activities(first)}["a"]
    assert (kept["status"], kept["activityRunId"]) == ("Succeeded", earlier["activityRunId"])


def test_a_recovery_repeats_what_waited_for_a_failure(azure: Azure) -> None:
    azure.context.faults.add(Fault(kind="fails_at", target="b", times=1))
    run, _ = azure.perform([wait("a"), wait("b"), wait("tidy", {"b": "Completed"})])
    again = azure.start("tested", referencePipelineRunId=run["runId"], isRecovery="true", startFromFailure="true")
    azure.wait(again)
    recovered = {one["activityName"]: one["recoveryStatus"] for one in azure.activities(again)}
    assert recovered == {"a": "SkippedForRecovery", "b": "None", "tidy": "None"}


def test_a_recovery_can_start_at_a_named_activity(azure: Azure) -> None:
    first = broken_once(azure)
    again = azure.start("tested", referencePipelineRunId=first, isRecovery="true", startActivityName="c")
    azure.wait(again)
    recovered = {one["activityName"]: one["recoveryStatus"] for one in azure.activities(again)}
    assert recovered["c"] == "None"
    assert recovered["a"] == recovered["b"] != "None"


def test_a_plain_rerun_takes_the_parameters_and_repeats_everything(azure: Azure) -> None:
    first = broken_once(azure)
    run = azure.wait(azure.start("tested", {"day": "ignored"}, referencePipelineRunId=first))
    assert (run["parameters"], run["runGroupId"] == first) == ({"day": "d1"}, False)
    assert len(azure.activities(run["runId"])) == 3


def test_a_recovery_of_an_unknown_run_is_refused(azure: Azure) -> None:
    azure.put("tested", [wait("a")])
    answer = azure.call("POST", "/pipelines/tested/createRun", params={"referencePipelineRunId": "nope"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "ReferencedPipelineRunNotValid")


def test_ended_runs_survive_a_restart_and_lost_ones_say_so(azure: Azure, tmp_path: Path) -> None:
    ended, _ = azure.perform([set_("a", "made")], variables=TEXTS)
    azure.put("tested", [wait("long", seconds=60)])
    lost = azure.start("tested")
    until(lambda: azure.statuses(lost) == {"long": "InProgress"})
    reborn = Azure(azure.context)
    assert reborn.run(ended["runId"]) == ended
    assert reborn.activities(ended["runId"]) == azure.activities(ended["runId"])
    assert reborn.run(lost)["status"] == "Failed"
    assert "restarted" in reborn.run(lost)["message"]


def test_many_runs_at_once_stay_apart(azure: Azure) -> None:
    show = set_("show", "@{pipeline().parameters.n}")
    azure.put("tested", [show], parameters={"n": {}}, variables=TEXTS)
    runs = {azure.start("tested", {"n": str(n)}): str(n) for n in range(20)}
    assert {azure.wait(run)["status"] for run in runs} == {"Succeeded"}
    shown = {run: azure.activities(run)[0]["output"]["value"] for run in runs}
    assert shown == runs


def test_a_pipelines_own_limit_queues_its_runs(azure: Azure) -> None:
    rule = Fault(kind="stays_running", target="a")
    azure.context.faults.add(rule)
    azure.put("tested", [wait("a")], concurrency=1)
    first, second = azure.start("tested"), azure.start("tested")
    until(lambda: azure.statuses(first) == {"a": "InProgress"})
    assert azure.run(second)["status"] == "Queued"
    azure.context.faults.remove(rule.id)
    assert [azure.wait(one)["status"] for one in (first, second)] == ["Succeeded", "Succeeded"]
