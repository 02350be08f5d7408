"""From Airflow's connections to clients: the provider's own connection types, fields and extras.

Two extras are ours, because the provider has none: ``management_endpoint`` and ``authority`` point the Data
Factory connection elsewhere (a sovereign cloud, a proxy, the sandbox).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from parity.airflow.connections.lookup import aconnection, connection
from parity.errors import BadInput
from parity.flow.codec import to_json

if TYPE_CHECKING:
    from parity.clients.adf import AdfClient
    from parity.clients.aws import AwsClients
    from parity.clients.entra import EntraConfig
    from parity.clients.remote import RemoteRuns
    from parity.clients.storage import Storage

Connection = Any
"""airflow.sdk.Connection; triggers and workers fetch it in different ways."""


@dataclass(frozen=True)
class RemoteRef:
    """One kind of remote run, over one Airflow connection."""

    kind: str
    """adf, adf_activity, databricks, athena or glue."""
    connection: str
    """Airflow connection id."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the suite adds to the connection, such as the factory or the workgroup."""

    @property
    def key(self) -> str:
        """Return the same text for equal references."""
        return json.dumps(to_json(self), sort_keys=True)

    def connect(self) -> RemoteRuns:
        """Return a client, reading the connection through the worker's supervisor."""
        return remote_runs(self, connection(self.connection))

    async def aconnect(self) -> RemoteRuns:
        """Return a client, from inside a triggerer's event loop."""
        return await asyncio.to_thread(remote_runs, self, await aconnection(self.connection))


def remote_runs(ref: RemoteRef, connection: Connection) -> RemoteRuns:
    """Return the client of one kind of remote run; BadInput when the connection lacks something."""
    return _BUILDERS[ref.kind](ref, connection)


def adf_client(ref: RemoteRef, connection: Connection) -> AdfClient:
    """Return the Data Factory of a connection; ``factory`` and ``resource_group`` of the suite win."""
    from parity.clients.adf import AdfClient, AdfConfig

    extra = connection.extra_dejson
    config = AdfConfig(
        subscription=needed(connection, extra, "subscriptionId"),
        resource_group=ref.options.get("resource_group") or needed(connection, extra, "resource_group_name"),
        factory=ref.options.get("factory") or needed(connection, extra, "factory_name"),
        credential=entra(connection),
        endpoint=extra.get("management_endpoint") or "https://management.azure.com",
    )
    return AdfClient(config)


def entra(connection: Connection) -> EntraConfig:
    """Return who we are in Azure: client secret, workload identity, managed identity or the default chain."""
    from parity.clients.entra import EntraConfig

    extra = connection.extra_dejson
    tenant = extra.get("tenantId") or extra.get("tenant_id") or extra.get("azure_tenant_id") or ""
    authority = extra.get("authority") or "https://login.microsoftonline.com"
    if connection.login and connection.password:
        secret = SecretStr(connection.password)
        return EntraConfig("client_secret", tenant, connection.login, secret, authority)
    client = extra.get("managed_identity_client_id", "")
    if extra.get("workload_identity_tenant_id"):
        return EntraConfig("workload_identity", extra["workload_identity_tenant_id"], client, authority=authority)
    if client or extra.get("use_managed_identity") or extra.get("use_azure_managed_identity"):
        return EntraConfig("managed_identity", client_id=client)
    return EntraConfig("default", tenant, authority=authority)


def aws_clients(connection: Connection) -> AwsClients:
    """Return boto3 clients by service name, honouring everything the amazon provider's connection can say."""
    from airflow.providers.amazon.aws.hooks.base_aws import SessionFactory
    from airflow.providers.amazon.aws.utils.connection_wrapper import AwsConnectionWrapper

    wrapper = AwsConnectionWrapper(conn=connection)
    session, lock = SessionFactory(conn=wrapper).create_session(), Lock()

    @cache
    def build(service: str) -> Any:
        endpoint = wrapper.get_service_endpoint_url(service)
        return session.client(
            service, endpoint_url=endpoint, config=wrapper.botocore_config, verify=wrapper.verify
        )

    def client(service: str) -> Any:
        with lock:  # a session is not safe to build clients from in several threads at once; its clients are
            return build(service)

    return client


def exchange(aws: Connection, adls: Connection) -> Storage:
    """Return one storage for both sides of the exchange, and for local files."""
    from parity.clients.adls import AdlsStorage
    from parity.clients.files import FileStorage
    from parity.clients.storage import S3Storage, Storages

    target = AdlsStorage(adls_config(adls))
    return Storages({"s3": S3Storage(aws_clients(aws)), "abfss": target, "file": FileStorage()})


def storage_of(scheme: str, connection: Connection) -> Storage:
    """Return the storage that a URL's scheme and a connection mean; BadInput for any other scheme."""
    from parity.clients.adls import AdlsStorage
    from parity.clients.storage import S3Storage, Storages

    kinds: dict[str, Callable[[], Storage]] = {
        "s3": lambda: S3Storage(aws_clients(connection)),
        "abfss": lambda: AdlsStorage(adls_config(connection)),
    }
    if scheme not in kinds:
        raise BadInput(f"{scheme}:// is no storage.", remedy="Write a path, s3://… or abfss://….")
    return Storages({scheme: kinds[scheme]()})


def adls_config(connection: Connection) -> Any:
    """Return the storage account: a shared key when login is the account, else an Entra identity."""
    from parity.clients.adls import AdlsConfig

    extra = connection.extra_dejson
    endpoint = extra.get("account_url") or (connection.host if "://" in (connection.host or "") else "")
    tenant = extra.get("tenant_id") or extra.get("tenantId")
    account = extra.get("account_name") or ("" if tenant else connection.login) or ""
    if not account:
        raise BadInput(
            f"Connection {connection.conn_id!r} names no storage account.",
            remedy="Put the account's name into Login, or into the extra account_name beside an identity.",
        )
    if connection.password and not tenant:
        return AdlsConfig(account, SecretStr(connection.password), endpoint)
    return AdlsConfig(account, entra(connection), endpoint)


def _adf(ref: RemoteRef, connection: Connection) -> RemoteRuns:
    from parity.clients.adf_runs import AdfRuns

    return AdfRuns(adf_client(ref, connection))


def _adf_activity(ref: RemoteRef, connection: Connection) -> RemoteRuns:
    from parity.clients.adf_activities import ActivityRuns

    return ActivityRuns(adf_client(ref, connection))


def _databricks(_: RemoteRef, connection: Connection) -> RemoteRuns:
    from parity.clients.databricks import DatabricksClient, DatabricksConfig, DatabricksRuns

    if not (connection.host or "").strip("/"):
        raise BadInput(
            f"Connection {connection.conn_id!r} has no host.", remedy="Put the workspace's address into Host."
        )
    return DatabricksRuns(DatabricksClient(DatabricksConfig(base_url(connection), _databricks_auth(connection))))


def _databricks_auth(connection: Connection) -> Any:
    from parity.clients.databricks import WorkspacePrincipal

    extra = connection.extra_dejson
    if extra.get("token"):
        return SecretStr(extra["token"])
    if extra.get("service_principal_oauth"):
        return WorkspacePrincipal(connection.login or "", SecretStr(connection.password or ""))
    if connection.password and not connection.login:
        return SecretStr(connection.password)
    return entra(connection)


def base_url(connection: Connection) -> str:
    """Return the address that a connection's host, schema and port mean."""
    host = (connection.host or "").rstrip("/")
    base = host if "://" in host else f"{connection.schema or 'https'}://{host}"
    return f"{base}:{connection.port}" if connection.port else base


def _athena(ref: RemoteRef, connection: Connection) -> RemoteRuns:
    from decimal import Decimal

    from parity.clients.athena import AthenaConfig, AthenaRuns

    options = {**ref.options, "price_per_tib": Decimal(ref.options.get("price_per_tib", "5"))}
    return AthenaRuns(AthenaConfig(**options), aws_clients(connection))


def _glue(ref: RemoteRef, connection: Connection) -> RemoteRuns:
    from parity.clients.glue import GlueConfig, GlueRuns

    return GlueRuns(GlueConfig(**ref.options), aws_clients(connection))


_BUILDERS: Mapping[str, Callable[[RemoteRef, Connection], RemoteRuns]] = {
    "adf": _adf,
    "adf_activity": _adf_activity,
    "databricks": _databricks,
    "athena": _athena,
    "glue": _glue,
}


def needed(connection: Connection, extra: Mapping[str, Any], name: str) -> str:
    if value := extra.get(name):
        return str(value)
    raise BadInput(
        f"Connection {connection.conn_id!r} lacks {name}.", remedy="Add it to the connection's extra fields."
    )
