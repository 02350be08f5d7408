"""The clouds of a suite that is drafted, opened from Airflow's connections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from parity.airflow.connections.clients import RemoteRef, adf_client, aws_clients, exchange
from parity.airflow.connections.databricks import databricks_config
from parity.airflow.draft.helper import HelperJob
from parity.clients.adf import AdfClient
from parity.clients.athena import AthenaConfig, AthenaRuns
from parity.clients.aws import AwsClients
from parity.clients.databricks import DatabricksClient, DatabricksRuns
from parity.settings import Settings
from parity.suite.models import Aws, Azure


@dataclass(frozen=True)
class Clouds:
    """What a draft reads."""

    factory: AdfClient
    aws: AwsClients
    database: str
    athena: AthenaRuns
    helper: HelperJob
    day: date
    """Business date of the samples."""


def open_clouds(
    azure: Azure, aws: Aws, day: date, now: Settings, scratch: Path, read: Callable[[str], Any]
) -> Clouds:
    """Return the clouds; BadInput for a connection that is missing or cannot be used."""
    options = {"factory": azure.factory, "resource_group": azure.resource_group}
    ref = RemoteRef("adf", azure.adf_connection, {name: value for name, value in options.items() if value})
    of_aws, of_storage = read(aws.connection), read(azure.storage_connection)
    clients = aws_clients(of_aws)
    config = AthenaConfig(
        database=aws.database,
        workgroup=aws.workgroup,
        catalog=aws.catalog,
        max_scan=aws.max_scan,
        price_per_tib=Decimal(aws.price_per_tib),
    )
    databricks = DatabricksClient(databricks_config(read(azure.databricks_connection)))
    helper = HelperJob(
        DatabricksRuns(databricks), azure.helper_job, exchange(of_aws, of_storage), now.exchange_adls, scratch, day
    )
    factory = adf_client(ref, read(azure.adf_connection))
    return Clouds(factory, clients, aws.database, AthenaRuns(config, clients), helper, day)
