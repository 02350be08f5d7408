"""Athena."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from parity.clients.aws import AwsClients
from parity.clients.remote import RunStatus


@dataclass(frozen=True)
class AthenaConfig:
    """Where queries run and what they may cost."""

    database: str
    workgroup: str = "primary"
    catalog: str = "AwsDataCatalog"
    output: str = ""
    """s3:// folder of results; empty means the workgroup's."""
    max_scan: int | None = None
    """Bytes; above it ``status`` says ``output["over_budget"]`` and the waiting side cancels."""
    price_per_tib: Decimal = Decimal(5)


class AthenaRuns:
    """RemoteRuns over one workgroup. request: {"sql": text with ?, "parameters": [literal, …]}: Statement.request."""

    kind = "athena"

    def __init__(self, config: AthenaConfig, clients: AwsClients) -> None:
        raise NotImplementedError

    def over_budget(self, status: RunStatus) -> str:
        """Return why the query must be stopped, or an empty string."""
        raise NotImplementedError
