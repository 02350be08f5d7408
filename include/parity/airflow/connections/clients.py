"""From Airflow's connections to clients: the provider's own connection types, fields and extras.

A connection means here what it means to the provider's hook, or is refused: never another identity, workspace or
cloud. Two extras are ours, because the provider has none: ``management_endpoint`` and ``authority`` point a
connection to Azure elsewhere (a sovereign cloud, a proxy, the sandbox).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from parity.airflow.connections.extras import Connection, Extras
from parity.airflow.connections.lookup import aconnection, connection
from parity.errors import BadInput
from parity.flow.codec import to_json

if TYPE_CHECKING:
    from parity.clients.adf import AdfClient
    from parity.clients.aws import AwsClients
    from parity.clients.http import Retry
    from parity.clients.remote import RemoteRuns
    from parity.clients.storage import Storage


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


def adf_client(ref: RemoteRef, connection: Connection, retry: Retry | None = None) -> AdfClient:
    """Return the Data Factory of a connection; ``factory`` and ``resource_group`` of the suite win."""
    from parity.airflow.connections.azure import DATA_FACTORY, entra
    from parity.clients.adf import PUBLIC, AdfClient, AdfConfig

    extras = Extras(connection, DATA_FACTORY)
    config = AdfConfig(
        subscription=extras.needed("subscriptionId"),
        resource_group=ref.options.get("resource_group") or extras.needed("resource_group_name"),
        factory=ref.options.get("factory") or extras.needed("factory_name"),
        credential=entra(connection),
        endpoint=extras.text("management_endpoint") or PUBLIC,
    )
    return AdfClient(config, retry=retry)


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
    from parity.airflow.connections.azure import adls_config
    from parity.clients.adls import AdlsStorage
    from parity.clients.files import FileStorage
    from parity.clients.storage import S3Storage, Storages

    target = AdlsStorage(adls_config(adls))
    return Storages({"s3": S3Storage(aws_clients(aws)), "abfss": target, "file": FileStorage()})


def storage_of(scheme: str, connection: Connection) -> Storage:
    """Return the storage that a URL's scheme and a connection mean; BadInput for any other scheme."""
    from parity.airflow.connections.azure import adls_config
    from parity.clients.adls import AdlsStorage
    from parity.clients.storage import S3Storage, Storages

    kinds: dict[str, Callable[[], Storage]] = {
        "s3": lambda: S3Storage(aws_clients(connection)),
        "abfss": lambda: AdlsStorage(adls_config(connection)),
    }
    if scheme not in kinds:
        raise BadInput(f"{scheme}:// is no storage.", remedy="Write a path, s3://… or abfss://….")
    return Storages({scheme: kinds[scheme]()})


def _adf(ref: RemoteRef, connection: Connection) -> RemoteRuns:
    from parity.clients.adf_runs import AdfRuns

    return AdfRuns(adf_client(ref, connection))


def _adf_activity(ref: RemoteRef, connection: Connection) -> RemoteRuns:
    from parity.clients.adf_activities import ActivityRuns

    return ActivityRuns(adf_client(ref, connection))


def _databricks(_: RemoteRef, connection: Connection) -> RemoteRuns:
    from parity.airflow.connections.databricks import databricks_config
    from parity.clients.databricks import DatabricksClient, DatabricksRuns

    return DatabricksRuns(DatabricksClient(databricks_config(connection)))


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
