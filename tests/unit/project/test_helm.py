"""The values for Airflow's Helm chart: every name in them means something here. Helm itself checks the chart's."""

from __future__ import annotations

import re
from types import SimpleNamespace as Object
from typing import Any

import pytest
import yaml

from parity.settings import Settings
from unit.project.places import pins, text

VERSION = re.search(r'^version = "(.+)"$', text("pyproject.toml"), re.MULTILINE)


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    return dict(yaml.safe_load(text("deploy/helm/values.yaml")))


def pod(values: dict[str, Any], dag: str, task: str) -> Any:
    """Return a task's pod as the scheduler starts it, from the template and then the hook."""
    resources = {kind: dict(of) for kind, of in values["workers"]["kubernetes"]["resources"].items()}
    base = Object(name="base", resources=Object(**resources), env=[Object(**one) for one in values["env"]])
    made = Object(metadata=Object(annotations={"dag_id": dag, "task_id": task}), spec=Object(containers=[base]))
    hooks: dict[str, Any] = {}
    exec(values["airflowLocalSettings"], hooks)
    hooks["pod_mutation_hook"](made)
    return base


@pytest.mark.parametrize(
    ("dag", "task", "gib", "memory"),
    [
        ("parity__payments", "compute_fees.compare", 8, "10Gi"),
        ("parity__payments", "sync_clients.great_expectations", 2, "4Gi"),
        ("parity_db__ledger", "tables", 4, "6Gi"),
        ("parity__payments", "compute_fees.helper_job", 2, "1Gi"),
        ("theirs", "compute_fees.compare", 2, "1Gi"),
    ],
)
def test_a_pod_has_the_memory_that_its_activity_needs_and_parity_knows_it(
    values: dict[str, Any], dag: str, task: str, gib: int, memory: str
) -> None:
    base = pod(values, dag, task)
    assert base.resources.limits["memory"] == memory
    assert [one.value for one in base.env if one.name == "PARITY_MEMORY"] == [f"{gib}GiB"]


def test_the_tasks_with_memory_of_their_own_exist(values: dict[str, Any]) -> None:
    from parity.flow.stages import Stage

    hooks: dict[str, Any] = {}
    exec(values["airflowLocalSettings"], hooks)
    assert hooks["TASKS"] <= set(Stage)


def test_every_setting_of_parity_exists() -> None:
    named = {name.lower() for name in re.findall(r"\bPARITY_([A-Z0-9_]+)", text("deploy/helm/values.yaml"))}
    assert {"store_url", "mask_key", "exchange_s3", "exchange_adls", "artefacts"} <= named
    assert named <= set(Settings.model_fields)


def test_both_schemas_are_migrated_as_in_the_containers(values: dict[str, Any]) -> None:
    commands = values["migrateDatabaseJob"]["args"][-1].splitlines()
    assert [line.strip() for line in text("config/init.sh").splitlines() if line.strip() in commands] == commands


def test_no_secret_and_no_known_password_is_in_it(values: dict[str, Any]) -> None:
    assert values["createUserJob"]["enabled"] is False
    assert values["postgresql"]["enabled"] is False
    assert not [one["name"] for one in values["env"] if re.search("KEY|PASSWORD|SECRET|STORE_URL", one["name"])]


def test_tokens_lie_where_both_clouds_look_for_them(values: dict[str, Any]) -> None:
    given = {one["name"]: one["value"] for one in values["env"]}
    folder = values["volumeMounts"][0]["mountPath"]
    tokens = [one["serviceAccountToken"]["path"] for one in values["volumes"][0]["projected"]["sources"]]
    named = [given["AWS_WEB_IDENTITY_TOKEN_FILE"], given["AZURE_FEDERATED_TOKEN_FILE"]]
    assert named == [f"{folder}/{path}" for path in tokens]


def test_versions_agree(values: dict[str, Any]) -> None:
    airflow = pins("requirements/product.txt")["apache-airflow"]
    assert VERSION
    assert values["airflowVersion"] == airflow
    assert values["defaultAirflowTag"] == VERSION[1]
    dockerfile = text("deploy/airflow/Dockerfile")
    assert f"FROM apache/airflow:{airflow}-" in dockerfile
    assert set(re.findall(r"parity-([\d.]+)-py3", dockerfile)) == {VERSION[1]}
