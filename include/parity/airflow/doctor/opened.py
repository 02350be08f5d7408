"""From Airflow's connections to what the doctor asks; a person waits, so what is down is asked twice only."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from parity.airflow.connections.clients import RemoteRef, adf_client
from parity.airflow.connections.mysql import flexible_server
from parity.clients.http import Retry
from parity.suite.databases import FlexibleServer
from parity.suite.models import Suite

if TYPE_CHECKING:
    from parity.clients.adf import Pipeline
    from parity.clients.azure_account import AzureAccount
    from parity.clients.azure_mysql import FlexibleServerClient
    from parity.doctor.data_factory import FactoryClients
    from parity.doctor.databricks import WorkspaceClients
    from parity.doctor.storage import StorageClients

RETRY = Retry(attempts=2, first=0.5, patience=5.0)


def factory_ref(suite: Suite) -> RemoteRef:
    """Return where a suite's pipeline is."""
    options = {"factory": suite.azure.factory, "resource_group": suite.azure.resource_group}
    return RemoteRef("adf", suite.azure.adf_connection, {k: v for k, v in options.items() if v})


def factory_clients(ref: RemoteRef, connection: Any) -> FactoryClients:
    """Return the clients of a factory."""
    from parity.clients.azure_account import AzureAccount
    from parity.doctor.data_factory import FactoryClients

    factory = adf_client(ref, connection, retry=RETRY)
    config = factory.config
    account = AzureAccount(config.credential, config.endpoint, retry=RETRY)
    return FactoryClients(factory, account, config.credential)


def pipeline_of(suite: Suite, read: Callable[[str], Any]) -> Pipeline:
    """Return a suite's pipeline; ``read`` gives connections."""
    ref = factory_ref(suite)
    return adf_client(ref, read(ref.connection), retry=RETRY).pipeline(suite.azure.pipeline)


def azure_account(connection: Any) -> AzureAccount:
    """Return Resource Manager with a connection's identity."""
    from parity.airflow.connections.azure import DATA_FACTORY, entra
    from parity.airflow.connections.extras import Extras
    from parity.clients.adf import PUBLIC
    from parity.clients.azure_account import AzureAccount

    endpoint = Extras(connection, DATA_FACTORY).text("management_endpoint") or PUBLIC
    return AzureAccount(entra(connection), endpoint, retry=RETRY)


def flexible_client(named: FlexibleServer) -> Callable[[Any], FlexibleServerClient]:
    """Return what opens the client of a flexible server."""
    return lambda connection: flexible_server(connection, named.server, named.resource_group, retry=RETRY)


def workspace_clients(connection: Any) -> WorkspaceClients:
    """Return the clients of a workspace."""
    from parity.airflow.connections.databricks import databricks_config
    from parity.clients.databricks import DatabricksClient
    from parity.clients.databricks_workspace import Workspace
    from parity.doctor.databricks import WorkspaceClients

    config = databricks_config(connection)
    return WorkspaceClients(Workspace(config, retry=RETRY), DatabricksClient(config, retry=RETRY))


def storage_clients(connection: Any) -> StorageClients:
    """Return the storage account of a connection."""
    from parity.airflow.connections.azure import adls_config
    from parity.clients.adls import AdlsStorage
    from parity.doctor.storage import StorageClients

    config = adls_config(connection)
    return StorageClients(config, AdlsStorage(config, retry=RETRY))
