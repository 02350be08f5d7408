"""Tokens of Microsoft Entra."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import httpx
from pydantic import SecretStr

from parity.clients.http import Credential
from parity.clock import Clock

MANAGEMENT = "https://management.azure.com/.default"
STORAGE = "https://storage.azure.com/.default"
DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"

Kind = Literal["client_secret", "managed_identity", "workload_identity", "default"]


@dataclass(frozen=True)
class EntraConfig:
    """Who we are in Azure."""

    kind: Kind = "default"
    tenant: str = ""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    authority: str = "https://login.microsoftonline.com"
    """An http address on this machine switches to a plain REST flow, because azure-identity refuses http."""
    token_file: str = ""
    """Workload identity: file of the federated token."""


def entra_credential(
    config: EntraConfig, scope: str, *, clock: Clock | None = None, transport: httpx.BaseTransport | None = None
) -> Credential:
    """Return the credential of ``config`` for one resource's ``scope``."""
    raise NotImplementedError
