"""Databricks Jobs 2.2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from parity.clients.entra import EntraConfig
from parity.clock import Clock


@dataclass(frozen=True)
class PersonalToken:
    """A personal access token."""

    token: SecretStr


@dataclass(frozen=True)
class WorkspacePrincipal:
    """A Databricks service principal with an OAuth secret (machine to machine)."""

    client_id: str
    client_secret: SecretStr


@dataclass(frozen=True)
class DatabricksConfig:
    """One workspace; ``host`` with its scheme."""

    host: str
    auth: PersonalToken | WorkspacePrincipal | EntraConfig


class DatabricksClient:
    """Thin calls, typed answers."""

    def __init__(
        self, config: DatabricksConfig, *, clock: Clock | None = None, transport: httpx.BaseTransport | None = None
    ) -> None:
        raise NotImplementedError


class DatabricksRuns:
    """RemoteRuns over one workspace. request: {"job": name or id, "parameters": {name: text}}."""

    kind = "databricks"

    def __init__(self, client: DatabricksClient) -> None:
        raise NotImplementedError
