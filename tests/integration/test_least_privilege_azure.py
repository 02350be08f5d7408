"""The role of ``deploy/azure`` has the actions that a night and the doctor call, and no other."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from azure_actions import ROLE, actions_of, called
from conftest import RunningSandbox, start_sandbox
from parity.cli import cli
from parity.clients.adf import VERSION, AdfClient, AdfConfig
from parity.clients.adf_runs import MARK, AdfRuns
from parity.clients.entra import EntraConfig
from parity_sandbox.demo.connections import connections
from parity_sandbox.world import azure
from waiting import until

pytestmark = pytest.mark.sandbox
FACTORY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DataFactory/factories/f"


@pytest.fixture(scope="module")
def world(sandboxes: dict[str, RunningSandbox], tmp_path_factory: pytest.TempPathFactory) -> RunningSandbox:
    """Azure with the demo's factory and pipeline, which is not run."""
    flags = ("--spark", "lazy", "--no-world", "--only", "azure,databricks,storage")
    running = sandboxes.setdefault("role", start_sandbox(tmp_path_factory.mktemp("role"), *flags))
    azure.make_factory(running.endpoints, azure.make_databricks_jobs(running.endpoints))
    return running


@pytest.fixture
def factory(world: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> AdfClient:
    at = world.endpoints
    for name, fields in connections(at).items():
        extra = json.loads(fields.get("extra", "{}"))
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps({**fields, "extra": extra}))
    identity = EntraConfig("client_secret", at.tenant, at.client_id, SecretStr(at.client_secret), at.azure)
    return AdfClient(AdfConfig(at.subscription, at.resource_group, at.factory, identity, at.azure))


FAILING = [
    {"name": "first", "type": "Wait", "typeProperties": {"waitTimeInSeconds": 0}},
    {"name": "broken", "type": "Fail", "typeProperties": {"message": "boom", "errorCode": "E"}},
]
LONG = [{"name": "long", "type": "Wait", "typeProperties": {"waitTimeInSeconds": 3600}}]


@pytest.fixture
def pipelines(world: RunningSandbox) -> tuple[str, str]:
    """A pipeline whose second activity fails, and one that takes an hour."""
    at, names = world.endpoints, ("failing", "long")
    parameters = {"business_date": {"type": "string"}, MARK: {"type": "string", "defaultValue": ""}}
    with httpx.Client(base_url=azure.factory_url(at), headers=azure.sign_in(at)) as http:
        for name, steps in zip(names, (FAILING, LONG), strict=True):
            body = {"properties": {"parameters": parameters, "activities": steps}}
            http.put(f"pipelines/{name}", params=VERSION, json=body).raise_for_status()
    return names


def night(factory: AdfClient, failing: str, long: str) -> None:
    """Do what a night does in Data Factory: run, watch, recover, find again, cancel."""
    runs = AdfRuns(factory)
    request = {"pipeline": failing, "parameters": {"business_date": "2026-03-02"}}
    first = runs.submit(request, "t-1")
    until(lambda: runs.status(first).phase.ended)
    assert set(factory.activities(first)) == {"first", "broken"}
    again = runs.submit({**request, "recovery_of": first}, "t-2")
    until(lambda: runs.status(again).phase.ended)
    assert runs.find(request, "t-1") == first
    factory.earlier_runs(factory.run(again))
    runs.cancel(runs.submit({**request, "pipeline": long}, "t-3"))
    factory.pipeline(failing)


def test_a_night_and_the_doctor_call_exactly_the_roles_actions(
    world: RunningSandbox,
    factory: AdfClient,
    pipelines: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PARITY_HOME", str(tmp_path))
    since = world.last_request()
    night(factory, *pipelines)
    CliRunner().invoke(cli, ["doctor", "--json"])
    assert called(world.requests("azure", since)) == {action.lower() for action in ROLE["Actions"]}


def test_the_role_changes_nothing_and_reads_no_data() -> None:
    assert ROLE["DataActions"] == []
    changing = {action for action in ROLE["Actions"] if action.endswith(("/write", "/delete", "*"))}
    assert changing == set()


@pytest.mark.parametrize(
    ("method", "path", "actions"),
    [
        (
            "POST",
            f"{FACTORY}/pipelines/p/createRun?x=1",
            ["microsoft.datafactory/factories/pipelines/createrun/action"],
        ),
        (
            "GET",
            f"{FACTORY}/providers/Microsoft.Authorization/permissions",
            ["microsoft.authorization/permissions/read"],
        ),
        ("POST", "/tenant/oauth2/v2.0/token", []),
    ],
)
def test_a_request_is_read_as_resource_manager_reads_it(method: str, path: str, actions: list[str]) -> None:
    assert list(actions_of(method, path)) == actions
