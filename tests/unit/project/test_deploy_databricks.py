"""The Asset Bundle and ``parity helper-job deploy`` make the same job."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from parity.helper_job.job import NAME, Classic, Compute, Serverless, job_settings
from parity.helper_job.script import SCRIPT, own_script
from unit.project.places import PROJECT

BUNDLE = PROJECT / "deploy" / "databricks" / "databricks.yml"
VARIABLE = re.compile(r"\$\{var\.(\w+)\}")
PRINCIPAL = "0a1b2c3d-0000-0000-0000-000000000000"
COMPUTE: dict[str, Compute] = {"serverless": Serverless(), "classic": Classic(workers=7)}


def resolved(target: str, **given: Any) -> dict[str, Any]:
    """Return the job of a target as the CLI resolves it: its tasks merged by key, its variables replaced."""
    bundle = yaml.safe_load(BUNDLE.read_text(encoding="utf-8"))
    defaults = {name: one["default"] for name, one in bundle["variables"].items() if "default" in one}
    base = bundle["resources"]["jobs"]["parity_helper"]
    own = bundle["targets"][target]["resources"]["jobs"]["parity_helper"]
    tasks: dict[str, Any] = {}
    for task in (*base["tasks"], *own["tasks"]):
        tasks[task["task_key"]] = {**tasks.get(task["task_key"], {}), **task}
    job: dict[str, Any] = replaced({**base, **own, "tasks": list(tasks.values())}, {**defaults, **given})
    return job


def replaced(value: Any, variables: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: replaced(one, variables) for name, one in value.items()}
    if isinstance(value, list):
        return [replaced(one, variables) for one in value]
    found = VARIABLE.fullmatch(value) if isinstance(value, str) else None
    return variables[found[1]] if found else value


@pytest.mark.parametrize("target", COMPUTE)
def test_the_bundle_makes_the_job_that_the_command_makes(target: str) -> None:
    job = resolved(target, parity_principal=PRINCIPAL, workers=7)
    assert job.pop("permissions") == [{"service_principal_name": PRINCIPAL, "level": "CAN_MANAGE_RUN"}]
    script = job["tasks"][0]["spark_python_task"]["python_file"]
    assert job == job_settings(NAME, script, own_script().parameters, COMPUTE[target])


def test_the_bundles_defaults_are_those_of_the_command() -> None:
    assert resolved("classic", parity_principal=PRINCIPAL)["job_clusters"] == Classic().of_job()["job_clusters"]


def test_the_script_is_the_one_here_and_is_synchronised() -> None:
    bundle = yaml.safe_load(BUNDLE.read_text(encoding="utf-8"))
    script = (
        BUNDLE.parent / resolved("serverless", parity_principal="")["tasks"][0]["spark_python_task"]["python_file"]
    )
    assert script.resolve() == SCRIPT.resolve()
    assert [(BUNDLE.parent / path).resolve() for path in bundle["sync"]["paths"]] == [SCRIPT.parent.resolve()]


def test_serverless_is_the_default() -> None:
    targets = yaml.safe_load(BUNDLE.read_text(encoding="utf-8"))["targets"]
    assert [name for name, one in targets.items() if one.get("default")] == ["serverless"]
