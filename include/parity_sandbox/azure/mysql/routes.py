"""The REST calls of ``Microsoft.DBforMySQL/flexibleServers``, version 2023-12-30: a table of routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parity_sandbox.azure.adf import arm
from parity_sandbox.azure.adf.arm import Answer, ArmError, Call, Guard
from parity_sandbox.azure.entra.tokens import Tokens
from parity_sandbox.azure.mysql.servers import Server, Servers
from parity_sandbox.context import Context

API_VERSION = "2023-12-30"
PROVIDER = "/providers/microsoft.dbformysql/"
PAGE = 100
GROUP = r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
SERVERS = GROUP + r"/providers/Microsoft\.DBforMySQL/flexibleServers"
SERVER = SERVERS + r"/(?P<server>[^/]+)"


@dataclass
class FlexibleServers:
    """The flexible servers of one resource group."""

    servers: Servers
    guard: Guard

    def knows(self, path: str) -> bool:
        """Return whether a path is of this resource provider."""
        return PROVIDER in path.lower()

    def answer(self, call: Call) -> Answer:
        """Answer one call; every refusal is an answer too."""
        return arm.answer(self, ROUTES, call)

    def scope(self, names: Mapping[str, str]) -> None:
        """Refuse a subscription or a resource group that is not there."""
        known = self.servers.endpoints
        if names["subscription"].lower() != known.subscription.lower():
            text = f"The subscription '{names['subscription']}' could not be found."
            raise ArmError(404, "SubscriptionNotFound", text)
        if names["group"].lower() != known.resource_group.lower():
            raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{names['group']}' could not be found.")

    def server(self, call: Call) -> Server:
        """Return the server that the path names."""
        return self.servers.get(call.names["server"])


def create_servers(context: Context) -> FlexibleServers:
    """Return the service, with what an earlier process left."""
    guard = Guard(Tokens.of(context.state), API_VERSION, "flexibleServers")
    return FlexibleServers(Servers(context.endpoints, context.state / "azure_mysql"), guard)


def list_servers(service: FlexibleServers, _call: Call) -> Answer:
    """List the servers."""
    return Answer({"value": [one.document() for one in service.servers.all()]})


def get_server(service: FlexibleServers, call: Call) -> Answer:
    """Describe a server."""
    return Answer(service.server(call).document())


def list_configurations(service: FlexibleServers, call: Call) -> Answer:
    """List the server's configuration, a page at a time."""
    server = service.server(call)
    found = list(server.configurations())
    token = call.query.get("$skiptoken", "0")
    if not token.isdigit():
        raise ArmError(400, "BadRequest", "The skip token is not valid.")
    start = int(token)
    page: dict[str, Any] = {"value": found[start : start + PAGE]}
    if start + PAGE < len(found):
        version = call.query["api-version"]
        page["nextLink"] = f"{call.base}{call.path}?api-version={version}&%24skiptoken={start + PAGE}"
    return Answer(page)


def get_configuration(service: FlexibleServers, call: Call) -> Answer:
    """Describe one server parameter."""
    name = call.names["name"]
    found = next((one for one in service.server(call).configurations() if one["name"] == name.lower()), None)
    if found is None:
        raise ArmError(404, "ConfigurationNotExists", f"The configuration '{name}' does not exist.")
    return Answer(found)


def start(service: FlexibleServers, call: Call) -> Answer:
    """Start a server that is stopped; it is ready when it is asked for the second time."""
    return _changed(service, call, "Stopped", "Starting")


def stop(service: FlexibleServers, call: Call) -> Answer:
    """Stop a server; it has stopped when it is asked for the second time."""
    return _changed(service, call, "Ready", "Stopping")


def _changed(service: FlexibleServers, call: Call, before: str, now: str) -> Answer:
    server = service.server(call)
    if server.state != before:
        text = f"The operation is not allowed: server '{server.name}' is in state '{server.state}'."
        raise ArmError(409, "ServerIsBusy" if server.state not in ("Ready", "Stopped") else "Conflict", text)
    service.servers.change(server, now)
    return Answer(status=202)


ROUTES = arm.table(
    ("GET", SERVERS, list_servers),
    ("GET", SERVER, get_server),
    ("GET", SERVER + "/configurations", list_configurations),
    ("GET", SERVER + "/configurations/(?P<name>[^/]+)", get_configuration),
    ("POST", SERVER + "/start", start),
    ("POST", SERVER + "/stop", stop),
)
