"""The helper job's settings, and what of a job in the workspace differs from them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from parity.errors import BadInput
from parity.helper_job.deployment import deployed_file, script_file
from parity.helper_job.job import Classic, Serverless, changes, job_settings, merged
from parity.helper_job.script import HelperScript, own_script
from parity_sandbox.databricks.jobs import stored

FILE = "/Volumes/main/parity/code/export.py"
PARAMETERS = ("protocol", "activity")


@pytest.fixture
def wanted() -> dict[str, Any]:
    return job_settings("parity-helper", FILE, PARAMETERS, Serverless())


@pytest.fixture
def found(wanted: dict[str, Any]) -> dict[str, Any]:
    """The same job, with what the service adds and what its owner has put there."""
    own = {"tags": {"team": "data"}, "email_notifications": {"on_failure": ["a@b.example"]}, "run_as": {"x": 1}}
    kept = stored(deepcopy({**wanted, **own}))
    kept["tasks"][0]["max_retries"] = 2
    return kept


def said(found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    return [str(change) for change in changes(found, wanted)]


def test_what_the_service_adds_and_the_owner_keeps_is_no_change(
    found: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert said(found, wanted) == []


@pytest.mark.parametrize("compute", [Serverless(), Classic()])
def test_a_deployed_job_is_as_wanted_on_either_compute(compute: Any) -> None:
    settings = job_settings("parity-helper", FILE, PARAMETERS, compute)
    assert said(stored(settings), settings) == []


def test_each_difference_is_named_with_both_values(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    found["max_concurrent_runs"] = 1
    found["parameters"][1]["default"] = "x"
    found["environments"][0]["spec"]["environment_version"] = "1"
    found["tasks"][0]["spark_python_task"]["python_file"] = "/Workspace/old.py"
    del found["queue"]
    assert said(found, wanted) == [
        "max_concurrent_runs: 1 → 20",
        'queue: none → {"enabled": true}',
        'parameters[1].default: "x" → ""',
        'environments[0].spec.environment_version: "1" → "4"',
        f'tasks[0].spark_python_task.python_file: "/Workspace/old.py" → "{FILE}"',
    ]


def test_a_missing_parameter_and_a_second_task_are_changes(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    found["parameters"].pop()
    found["tasks"].append({"task_key": "other", "environment_key": "default", "notebook_task": {}})
    assert [change.setting for change in changes(found, wanted)] == ["parameters", "tasks"]


def test_a_move_to_classic_compute_names_what_goes_and_what_comes(found: dict[str, Any]) -> None:
    classic = job_settings("parity-helper", FILE, PARAMETERS, Classic())
    assert [change.setting for change in changes(found, classic)] == [
        "job_clusters",
        "tasks[0].job_cluster_key",
        "tasks[0].environment_key",
        "environments",
    ]


def test_another_size_of_the_cluster_is_a_change() -> None:
    before = stored(job_settings("parity-helper", FILE, PARAMETERS, Classic()))
    after = job_settings("parity-helper", FILE, PARAMETERS, Classic(workers=8))
    assert said(before, after) == ["job_clusters[0].new_cluster.num_workers: 2 → 8"]


def test_the_owners_settings_stay_and_ours_are_replaced(found: dict[str, Any]) -> None:
    classic = job_settings("parity-helper", FILE, PARAMETERS, Classic())
    result = merged(found, classic)
    assert (result["tags"], result["run_as"]) == ({"team": "data"}, {"x": 1})
    assert result["tasks"][0]["max_retries"] == 2
    assert "environments" not in result
    assert "environment_key" not in result["tasks"][0]
    assert said(stored(result), classic) == []


def test_a_notebook_task_of_the_job_is_replaced(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    del found["tasks"][0]["spark_python_task"]
    found["tasks"][0]["notebook_task"] = {"notebook_path": "/Shared/helper"}
    assert said(found, wanted)[-1] == 'tasks[0].notebook_task: {"notebook_path": "/Shared/helper"} → none'
    assert "notebook_task" not in merged(found, wanted)["tasks"][0]


def test_the_job_passes_every_parameter_that_the_script_reads() -> None:
    settings = job_settings("x", FILE, own_script().parameters, Serverless())
    (task,) = settings["tasks"]
    names = [entry["name"] for entry in settings["parameters"]]
    assert names == list(own_script().parameters)
    assert task["spark_python_task"]["parameters"] == [
        part for name in names for part in (f"--{name}", f"{{{{job.parameters.{name}}}}}")
    ]


@pytest.mark.parametrize(
    ("folder", "file"),
    [
        ("/Workspace/Shared/parity", "/Workspace/Shared/parity/export.py"),
        ("/Workspace/Shared/parity/", "/Workspace/Shared/parity/export.py"),
        ("/Workspace/Shared/helper.py", "/Workspace/Shared/helper.py"),
        ("/Volumes/main/parity/code", "/Volumes/main/parity/code/export.py"),
        ("", ""),
    ],
)
def test_the_script_goes_into_the_folder(folder: str, file: str) -> None:
    assert script_file(folder) == file


@pytest.mark.parametrize(
    "folder",
    ["/Shared/parity", "dbfs:/x", "/Workspace/../etc", "/Workspace//x", "/Volumes/main/parity", "/Workspace/"],
)
def test_a_folder_elsewhere_is_refused(folder: str) -> None:
    with pytest.raises(BadInput, match=r"is no folder of the workspace|names no volume"):
        script_file(folder)


@pytest.mark.parametrize(
    ("file", "kept"),
    [
        ("dbfs:/Volumes/main/parity/code/export.py", "/Volumes/main/parity/code/export.py"),
        ("/Workspace/Shared/export.py", "/Workspace/Shared/export.py"),
        ("abfss://lake@x.dfs.core.windows.net/export.py", ""),
        ("dbfs:/scripts/export.py", ""),
    ],
)
def test_a_script_stays_where_the_job_has_it(file: str, kept: str) -> None:
    assert deployed_file({"tasks": [{"spark_python_task": {"python_file": file}}]}) == kept


def test_a_script_says_which_one_it_is() -> None:
    own = own_script()
    assert own.version.startswith("version ")
    assert HelperScript("print(1)").version == "not Parity's: it names no protocol"
    assert own.same_as(HelperScript("# Databricks notebook source\n\n" + own.text.replace("\n", "  \n")))
    assert not own.same_as(HelperScript(own.text.replace("rows", "row", 1)))
