"""A Databricks workspace and an identity for it, read as ``BaseDatabricksHook`` reads a connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from parity.airflow.connections.extras import Connection, Extras

if TYPE_CHECKING:
    from parity.clients.databricks import DatabricksConfig, WorkspacePrincipal
    from parity.clients.entra import EntraConfig

FEDERATED = ("federated_token_provider", "federated_aws", "federated_k8s")


def databricks_config(connection: Connection) -> DatabricksConfig:
    """Return the workspace of a connection, who we are there and the proxy on the way."""
    from parity.clients.databricks import DatabricksConfig

    extras = Extras(connection)
    proxies = _proxies(extras)
    auth = _auth(extras, proxies)
    return DatabricksConfig(_address(extras), auth, _resource_id(extras, auth), proxies)


def _address(extras: Extras) -> str:
    """Return the workspace's address: the extra ``host`` wins over Host, and of a URL its host alone counts."""
    connection, known = extras.connection, extras.connection.extra_dejson
    field = "the extra host" if "host" in known else "Host"
    given = str(known.get("host", connection.host) or "").rstrip("/")
    try:
        host, port = urlsplit(given).hostname or given, urlsplit(given).port
    except ValueError:
        host, port = "", None
    if not host or any(sign in host for sign in "/?#@ "):
        raise extras.refused(field, "is no address", "Write the workspace's, adb-….azuredatabricks.net.")
    if port not in (None, 443, connection.port):
        raise extras.refused(field, "names a port, which the provider ignores", "Put the port into Port.")
    return f"{connection.schema or 'https'}://{host}" + (f":{connection.port}" if connection.port else "")


def _auth(extras: Extras, proxies: Mapping[str, str]) -> SecretStr | WorkspacePrincipal | EntraConfig:
    """Return who we are: the first kind that the connection asks for, in the hook's order."""
    from parity.clients.databricks import WorkspacePrincipal
    from parity.clients.entra import EntraConfig

    connection, known = extras.connection, extras.connection.extra_dejson
    if "token" in known:
        return SecretStr(extras.needed("token"))
    if connection.password and not connection.login:
        return SecretStr(connection.password)
    if extras.get("use_azure_managed_identity"):
        return EntraConfig("managed_identity", client_id=extras.text("azure_managed_identity_client_id"))
    if "azure_tenant_id" in known:
        client, secret = extras.client()
        authority = _authority(extras)
        return EntraConfig("client_secret", extras.needed("azure_tenant_id"), client, secret, authority, proxies)
    if extras.get("use_default_azure_credential"):
        return EntraConfig("default", authority=_authority(extras), proxies=proxies)
    if extras.get("service_principal_oauth"):
        return WorkspacePrincipal(*extras.client())
    for kind in FEDERATED:
        if extras.get(kind) or connection.login == kind:
            raise extras.refused(
                kind, "is not supported", "Use service_principal_oauth, azure_tenant_id or a token instead."
            )
    if connection.password and connection.login == "token":
        return SecretStr(connection.password)
    raise extras.refused(
        "Login" if connection.login else "Password",
        "is no identity that Databricks takes",
        "Put a token into Password without Login; or add azure_tenant_id, service_principal_oauth, "
        "use_azure_managed_identity or use_default_azure_credential to the extra fields.",
    )


def _authority(extras: Extras) -> str:
    """Return where Entra is; BadInput for what the provider documents and then ignores."""
    if extras.get("azure_ad_endpoint"):
        raise extras.refused(
            "azure_ad_endpoint",
            "is ignored by the provider, and the public cloud would be used",
            "Write it as the extra authority, or set AZURE_AUTHORITY_HOST for both.",
        )
    if extras.get("azure_managed_identity_client_id"):
        raise extras.refused(
            "azure_managed_identity_client_id",
            "is ignored by the provider here, and another identity would be used",
            "Add use_azure_managed_identity, or remove it.",
        )
    return extras.text("authority")


def _resource_id(extras: Extras, auth: SecretStr | WorkspacePrincipal | EntraConfig) -> str:
    from parity.clients.entra import EntraConfig

    resource_id = extras.text("azure_resource_id")
    if resource_id and not (isinstance(auth, EntraConfig) and auth.kind != "default"):
        raise extras.refused(
            "azure_resource_id",
            "needs an identity with azure_tenant_id or use_azure_managed_identity",
            "Add one of them, or remove it.",
        )
    return resource_id


def _proxies(extras: Extras) -> dict[str, str]:
    given = extras.connection.extra_dejson.get("proxies")
    if given is None:
        return {}
    texts = isinstance(given, dict) and all(isinstance(proxy, str) and proxy for proxy in given.values())
    if not texts or given.keys() - {"http", "https"}:
        raise extras.refused("proxies", "is no list of proxies", 'Write {"https": "http://host:port"}.')
    return dict(given)
