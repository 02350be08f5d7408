"""Both clouds' account of a database server, against the sandbox's real wire protocols, and boto3 itself."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from fake_clock import FakeClock
from parity.clients import rds
from parity.clients.aws import AwsClients
from parity.clients.azure_mysql import VERSION, FlexibleServerClient, FlexibleServerConfig
from parity.clients.entra import MANAGEMENT, EntraConfig, entra_credential
from parity.errors import AccessDenied, NotFound, RemoteFailed, Unreachable
from parity_sandbox.azure.mysql.servers import TARGET

pytestmark = pytest.mark.sandbox


@pytest.fixture
def clients(sandbox_light: Any) -> AwsClients:
    return cache(sandbox_light.aws)


@pytest.fixture
def instance(clients: AwsClients) -> str:
    name = f"legacy-{uuid4().hex[:8]}"
    api = clients("rds")
    api.create_db_parameter_group(DBParameterGroupName=name, DBParameterGroupFamily="mysql8.0", Description="x")
    parameter = {"ParameterName": "time_zone", "ParameterValue": "UTC", "ApplyMethod": "immediate"}
    api.modify_db_parameter_group(DBParameterGroupName=name, Parameters=[parameter])
    api.create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t3.medium",
        Engine="mysql",
        EngineVersion="8.0.40",
        AllocatedStorage=20,
        MasterUsername="admin",
        MasterUserPassword="only-for-a-test",
        DBParameterGroupName=name,
    )
    return name


@pytest.fixture
def config(sandbox_light: Any) -> FlexibleServerConfig:
    at = sandbox_light.endpoints
    identity = EntraConfig("client_secret", at.tenant, at.client_id, SecretStr(at.client_secret), at.azure)
    return FlexibleServerConfig(at.subscription, at.resource_group, TARGET, identity, at.azure)


@pytest.fixture
def azure(config: FlexibleServerConfig) -> FlexibleServerClient:
    return FlexibleServerClient(config)


def post(config: FlexibleServerConfig, action: str) -> httpx.Response:
    header = entra_credential(config.credential, MANAGEMENT).headers()
    return httpx.post(f"{config.endpoint}{config.resource}/{action}", params=VERSION, headers=header)


def test_an_instance_is_found_with_its_version_endpoint_and_parameters(clients: AwsClients, instance: str) -> None:
    found = rds.instance(clients, instance)

    assert (found.state, found.version, found.port) == ("available", "8.0.40", 3306)
    assert instance in found.host
    assert found.parameters["time_zone"].value == "UTC"
    assert found.parameters["time_zone"].changed


def test_a_stopped_instance_is_named_with_its_state_and_serves_again_once_started(
    clients: AwsClients, instance: str
) -> None:
    clients("rds").stop_db_instance(DBInstanceIdentifier=instance)
    with pytest.raises(RemoteFailed, match=f"{instance} is stopped") as refused:
        rds.instance(clients, instance)
    assert instance in refused.value.url
    clients("rds").start_db_instance(DBInstanceIdentifier=instance)
    assert rds.instance(clients, instance).state == "available"


def test_an_unknown_instance_is_answered_with_what_was_probably_meant(clients: AwsClients, instance: str) -> None:
    with pytest.raises(NotFound, match=f"Did you mean '{instance}'"):
        rds.instance(clients, instance[:-1])


def test_a_cluster_is_found_with_its_writers_endpoint(clients: AwsClients) -> None:
    name = f"aurora-{uuid4().hex[:8]}"
    clients("rds").create_db_cluster_parameter_group(
        DBClusterParameterGroupName=name, DBParameterGroupFamily="aurora-mysql8.0", Description="x"
    )
    clients("rds").create_db_cluster(
        DBClusterParameterGroupName=name,
        DBClusterIdentifier=name,
        Engine="aurora-mysql",
        EngineVersion="8.0.mysql_aurora.3.04.0",
        MasterUsername="admin",
        MasterUserPassword="only-for-a-test",
    )
    found = rds.cluster(clients, name)
    assert found.version.startswith("8.0.mysql_aurora")
    assert name in found.host
    clients("rds").stop_db_cluster(DBClusterIdentifier=name)
    with pytest.raises(RemoteFailed):
        rds.cluster(clients, name)
    with pytest.raises(NotFound, match="no cluster"):
        rds.cluster(clients, "nobody")


def test_a_flexible_server_is_found_with_its_version_and_whole_configuration(azure: FlexibleServerClient) -> None:
    found = azure.server()

    assert (found.kind, found.state, found.version) == ("Azure flexible server", "Ready", "8.0.21")
    assert found.host == f"{TARGET}.mysql.database.azure.com"
    assert {"time_zone", "sql_mode"} <= found.parameters.keys()
    assert not found.parameters["time_zone"].changed


def test_a_flexible_server_that_stops_is_down_and_one_that_starts_may_pass(
    azure: FlexibleServerClient, config: FlexibleServerConfig
) -> None:
    assert post(config, "stop").status_code == 202
    try:
        with pytest.raises(RemoteFailed, match="Stopping"):
            azure.server()
        with pytest.raises(RemoteFailed, match="Stopped"):
            azure.server()
        assert post(config, "stop").status_code == 409
    finally:
        assert post(config, "start").status_code == 202
    with pytest.raises(Unreachable, match="Starting"):
        azure.server()
    assert azure.server().state == "Ready"


def test_an_unknown_flexible_server_or_group_is_said_to_be_so(config: FlexibleServerConfig) -> None:
    with pytest.raises(NotFound, match=f"Did you mean '{TARGET}'"):
        FlexibleServerClient(replace(config, server="payments-ledgr")).server()
    with pytest.raises(NotFound, match="Resource group 'nowhere'"):
        FlexibleServerClient(replace(config, resource_group="nowhere")).server()


def test_azure_that_is_throttled_is_asked_again_and_one_that_refuses_is_not(
    sandbox_light: Any, config: FlexibleServerConfig
) -> None:
    clock = FakeClock()
    sandbox_light.fault(service="azure", path="flexibleServers", status=429, retry_after=7, times=1)
    assert FlexibleServerClient(config, clock=clock).server().state == "Ready"
    sandbox_light.fault(service="azure", path="flexibleServers", status=403)
    with pytest.raises(AccessDenied):
        FlexibleServerClient(config, clock=clock).server()
    sandbox_light.heal()
    sandbox_light.fault(service="azure", path="configurations", status=503)
    with pytest.raises(Unreachable):
        FlexibleServerClient(config, clock=clock).server()


def test_every_page_of_the_configuration_is_read_and_another_api_version_is_refused(
    config: FlexibleServerConfig,
) -> None:
    header = entra_credential(config.credential, MANAGEMENT).headers()
    url = f"{config.endpoint}{config.resource}"
    answer = httpx.get(url, params={"api-version": "2018-06-01"}, headers=header)
    assert answer.status_code == 400
    assert "2023-12-30" in answer.json()["error"]["message"]
    assert httpx.get(f"{url}/databases", params=VERSION, headers=header).status_code == 404
    assert httpx.get(url, params=VERSION).status_code == 401
