"""The migrated server as Azure reports it: a flexible server and its configuration, API version 2023-12-30."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import httpx

from parity.clients.cloud_server import CloudServer, Parameter, require_up, states
from parity.clients.entra import EntraConfig, entra_credential, management_scope
from parity.clients.http import ApiClient, Retry
from parity.clock import Clock, SystemClock
from parity.errors import NotFound
from parity.wording import did_you_mean

VERSION = {"api-version": "2023-12-30"}
PUBLIC = "https://management.azure.com"
STATES = states(up="Ready Updating", passing="Starting", down="Stopping Stopped Disabled Dropping")


@dataclass(frozen=True)
class FlexibleServerConfig:
    """One flexible server and how to reach it."""

    subscription: str
    resource_group: str
    server: str
    credential: EntraConfig
    endpoint: str = PUBLIC

    @property
    def group(self) -> str:
        """Return the path of the resource group's flexible servers."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{quote(self.resource_group, safe='')}"
            "/providers/Microsoft.DBforMySQL/flexibleServers"
        )

    @property
    def resource(self) -> str:
        """Return the server's Azure resource id."""
        return f"{self.group}/{quote(self.server, safe='')}"

    @property
    def url(self) -> str:
        """Return where a person, or against a private endpoint a program, can look at the server."""
        portal = f"https://portal.azure.com/#resource{self.resource}/overview"
        return portal if self.endpoint == PUBLIC else f"{self.endpoint}{self.resource}"


class FlexibleServerClient:
    """Reads one server from Azure Resource Manager."""

    def __init__(
        self,
        config: FlexibleServerConfig,
        *,
        clock: Clock | None = None,
        retry: Retry | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.config = config
        clock = clock or SystemClock()
        scope = management_scope(config.endpoint)
        self._api = ApiClient(
            config.endpoint,
            service="Azure Database for MySQL",
            credential=entra_credential(config.credential, scope, clock=clock, transport=transport),
            clock=clock,
            retry=retry,
            transport=transport,
        )

    def server(self) -> CloudServer:
        """Return the server, which is up, with its configuration.

        Raises NotFound with did-you-mean, Unreachable while it starts, RemoteFailed when it is stopped.
        """
        found = self._described()["properties"]
        server = CloudServer(
            kind="Azure flexible server",
            name=self.config.server,
            state=found["state"],
            version=found["version"],
            host=found.get("fullyQualifiedDomainName", ""),
            port=0,
            url=self.config.url,
        )
        require_up(server, STATES)
        return replace(server, parameters=dict(self._configurations()))

    def _described(self) -> Any:
        name = self.config.server
        try:
            return self._api.get(self.config.resource, what=f"flexible server {name!r}", params=VERSION)
        except NotFound as error:
            remedy = did_you_mean(name, self.names())
            group = self.config.resource_group
            raise NotFound(f"Resource group {group!r} has no flexible server {name!r}.", remedy=remedy) from error

    def names(self) -> list[str]:
        """Return the servers of the resource group; all pages."""
        what = f"the flexible servers of resource group {self.config.resource_group!r}"
        return [item["name"] for item in self._api.listed(self.config.group, what=what, params=VERSION)]

    def _configurations(self) -> Iterator[tuple[str, Parameter]]:
        what = f"the configuration of flexible server {self.config.server!r}"
        path = f"{self.config.resource}/configurations"
        for item in self._api.listed(path, what=what, params=VERSION):
            properties = item["properties"]
            value = properties.get("currentValue", properties.get("value"))
            if value is not None:
                yield item["name"], Parameter(str(value), properties.get("source") == "user-override")
