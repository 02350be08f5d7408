"""Every way that a connection can say who we are in Azure, tried on the sandbox's Entra."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from parity.airflow.connections.clients import RemoteRef, adf_client, exchange, remote_runs
from parity.airflow.connections.lookup import connection
from parity.errors import AccessDenied, Terminal
from parity_sandbox.demo.connections import connections

pytestmark = pytest.mark.sandbox
PLATFORM = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE")
Identity = dict[str, Any]
EVERYWHERE = ("client_secret", "managed", "managed_by_client", "workload", "default_chain")
DATABRICKS = {
    "use_managed_identity": "use_azure_managed_identity",
    "managed_identity_client_id": "azure_managed_identity_client_id",
}
"""The Databricks provider's names of the same extras."""


@pytest.fixture
def endpoints(sandbox_light: Any) -> Any:
    return sandbox_light.endpoints


@pytest.fixture
def client_secret(endpoints: Any) -> Identity:
    """Login and password."""
    return {"login": endpoints.client_id, "password": endpoints.client_secret, "extra": {}}


@pytest.fixture
def managed(endpoints: Any, monkeypatch: pytest.MonkeyPatch) -> Identity:
    """A machine of Azure's: its platform names an endpoint, the connection asks for its use."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{endpoints.azure}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "sandbox")
    return {"extra": {"use_managed_identity": True}}


@pytest.fixture
def managed_by_client(managed: Identity, endpoints: Any) -> Identity:
    """The same, with one of several identities named."""
    return {"extra": {"use_managed_identity": True, "managed_identity_client_id": endpoints.client_id}}


@pytest.fixture
def workload(endpoints: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Identity:
    """A pod: its platform leaves a federated token in a file and says where."""
    import jwt

    claims = {"sub": "system:serviceaccount:parity:worker", "exp": datetime.now(UTC) + timedelta(hours=1)}
    (tmp_path / "token").write_text(jwt.encode(claims, "k" * 32))
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AZURE_CLIENT_ID", endpoints.client_id)
    monkeypatch.setenv("AZURE_TENANT_ID", endpoints.tenant)
    return {"extra": {}}


@pytest.fixture
def workload_by_ids(workload: Identity, endpoints: Any, monkeypatch: pytest.MonkeyPatch) -> Identity:
    """The same, with ids in the connection, which win over the platform's."""
    monkeypatch.setenv("AZURE_CLIENT_ID", "another")
    monkeypatch.setenv("AZURE_TENANT_ID", "another")
    ids = {"managed_identity_client_id": endpoints.client_id, "workload_identity_tenant_id": endpoints.tenant}
    return {"extra": ids}


@pytest.fixture
def default_chain(managed: Identity) -> Identity:
    """Nothing at all: whatever the machine offers."""
    return {"extra": {}}


@pytest.fixture(params=[*EVERYWHERE, "workload_by_ids"])
def identity(request: Any, monkeypatch: pytest.MonkeyPatch) -> Identity:
    for name in PLATFORM:
        monkeypatch.delenv(name, raising=False)
    return dict(request.getfixturevalue(request.param))


@pytest.fixture
def define(endpoints: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Define one of the demo's connections with another identity, and return it as Airflow reads it."""

    def make(name: str, identity: Identity, **extra: Any) -> Any:
        known = connections(endpoints)[name]
        kept = json.loads(known.get("extra", "{}"))
        plain = {key: known[key] for key in ("conn_type", "host", "port", "schema") if key in known}
        made = {**plain, **identity, "extra": json.dumps({**kept, **identity["extra"], **extra})}
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(made))
        return connection(name)

    return make


def test_data_factory_is_opened(identity: Identity, define: Callable[..., Any]) -> None:
    client = adf_client(RemoteRef("adf", "x"), define("azure_data_factory_default", identity))
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)  # other tests' runs lie in the same factory
    assert client.runs(after=long_ago, before=long_ago + timedelta(days=1)) == []


@pytest.mark.parametrize("identity", EVERYWHERE, indirect=True)
def test_databricks_is_opened(identity: Identity, define: Callable[..., Any], endpoints: Any) -> None:
    kind = {"azure_tenant_id": endpoints.tenant} if "login" in identity else {"use_default_azure_credential": True}
    extra = {DATABRICKS[name]: value for name, value in identity["extra"].items()}
    given = define("databricks_default", {**identity, "extra": extra}, **kind, authority=endpoints.azure)
    with pytest.raises(Terminal, match="Run 404404404 does not exist"):
        remote_runs(RemoteRef("databricks", "x"), given).status("404404404")


def test_storage_is_opened(identity: Identity, define: Callable[..., Any], endpoints: Any) -> None:
    from azure.storage.blob import BlobServiceClient

    key = {"account_name": endpoints.storage_account, "account_key": endpoints.storage_key}
    root = f"identities-{uuid4().hex[:8]}"
    BlobServiceClient(f"{endpoints.storage}/{endpoints.storage_account}", credential=key).create_container(root)
    who = {
        "tenant_id": endpoints.tenant,
        "authority": endpoints.azure,
        "account_name": endpoints.storage_account,
    }
    adls = define("adls_default", identity, **who)
    aws = define("aws_default", {"extra": {}})
    place = f"abfss://{root}@{endpoints.storage_account}.dfs.core.windows.net/a.txt"
    storage = exchange(aws, adls)
    storage.write(place, b"mine")
    assert storage.read(place) == b"mine"


def test_a_wrong_secret_is_refused_in_entras_words(client_secret: Identity, define: Callable[..., Any]) -> None:
    wrong = define("azure_data_factory_default", {**client_secret, "password": "wrong"})
    now = datetime.now(UTC)
    with pytest.raises(AccessDenied, match="AADSTS7000215"):
        list(adf_client(RemoteRef("adf", "x"), wrong).runs(after=now - timedelta(days=1), before=now))


def test_a_pod_without_its_token_is_told_so(
    define: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "none"))
    nobody = define("azure_data_factory_default", {"extra": {}})
    now = datetime.now(UTC)
    with pytest.raises(AccessDenied, match="federated token"):
        list(adf_client(RemoteRef("adf", "x"), nobody).runs(after=now - timedelta(days=1), before=now))


def test_an_identity_from_outside_of_the_workspace_proves_its_rights(
    client_secret: Identity, define: Callable[..., Any], endpoints: Any
) -> None:
    """The sandbox does not read the proof; what it says is compared with the provider's hook elsewhere."""
    extra = {"azure_tenant_id": endpoints.tenant, "azure_resource_id": "/subscriptions/s/w"}
    given = define("databricks_default", client_secret, **extra, authority=endpoints.azure)
    with pytest.raises(Terminal, match="Run 404404404 does not exist"):
        remote_runs(RemoteRef("databricks", "x"), given).status("404404404")


@pytest.mark.airflow
@pytest.mark.parametrize(
    ("name", "hook", "argument"),
    [
        ("adls_default", "microsoft.azure.hooks.wasb.WasbHook", "wasb_conn_id"),
        ("databricks_default", "databricks.hooks.databricks.DatabricksHook", "databricks_conn_id"),
        ("slack_default", "slack.hooks.slack.SlackHook", "slack_conn_id"),
    ],
)
def test_the_demos_connections_pass_the_providers_own_test(
    name: str, hook: str, argument: str, endpoints: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Data Factory's and PagerDuty's hooks call the public address, whatever a connection says."""
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(connections(endpoints)[name]))
    module, _, kind = f"airflow.providers.{hook}".rpartition(".")
    passed, message = getattr(importlib.import_module(module), kind)(**{argument: name}).test_connection()
    assert passed, message
