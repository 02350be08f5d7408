"""Identities and storage accounts of Azure, read as ``AzureDataFactoryHook`` and ``WasbHook`` read them.

What those hooks would ignore although it names an identity is refused here. Ours are the extras ``authority``
and ``use_managed_identity`` of both, and ``account_name`` and ``account_url`` of a storage account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from parity.airflow.connections.extras import Connection, Extras

if TYPE_CHECKING:
    from parity.clients.adls import AdlsConfig, SharedAccess
    from parity.clients.entra import EntraConfig

DATA_FACTORY = "extra__azure_data_factory__"
WASB = "extra__wasb__"
READ_OF_WASB = frozenset(
    {
        "account_key",
        "account_name",
        "account_url",
        "authority",
        "client_secret_auth_config",
        "connection_string",
        "managed_identity_client_id",
        "sas_token",
        "shared_access_key",
        "tenant_id",
        "use_managed_identity",
        "workload_identity_tenant_id",
    }
)
REFUSED_OF_WASB = {
    "audience": "asks for tokens of another service",
    "credential": "stands beside the fields for a credential",
    "location_mode": "reads from the account's other region",
    "secondary_hostname": "reads from the account's other region",
    "transport": "cannot be given as text",
}


def entra(connection: Connection) -> EntraConfig:
    """Return the identity of a Data Factory connection: its client and secret, or else the machine's own."""
    from parity.clients.entra import EntraConfig

    extras = Extras(connection, DATA_FACTORY)
    if not connection.login and not connection.password:
        return machine(extras)
    client, secret = extras.client()
    return EntraConfig("client_secret", extras.needed("tenantId"), client, secret, extras.text("authority"))


def machine(extras: Extras) -> EntraConfig:
    """Return what the machine offers: the default chain, or its managed identity where that is asked for."""
    from parity.clients.entra import EntraConfig

    client, tenant = extras.text("managed_identity_client_id"), extras.text("workload_identity_tenant_id")
    if extras.get("use_managed_identity"):
        return EntraConfig("managed_identity", client_id=client)
    if bool(client) != bool(tenant):
        present, absent = "managed_identity_client_id", "workload_identity_tenant_id"
        if tenant:
            present, absent = absent, present
        raise extras.refused(
            present,
            f"is ignored by the provider without {absent}, and another identity would be used",
            f"Add {absent}; or, for the machine's managed identity alone, the extra use_managed_identity.",
        )
    return EntraConfig("default", tenant, client, authority=extras.text("authority"))


def adls_config(connection: Connection) -> AdlsConfig:
    """Return the storage account of a WASB connection, and how it lets us in."""
    from parity.clients.adls import AdlsConfig

    extras = Extras(connection, WASB)
    options = _options(extras)
    credential, address = _access(extras)
    url = extras.text("account_url") or address or _account_url(extras)
    return AdlsConfig(_account(extras, url), credential, url, options)


def _options(extras: Extras) -> dict[str, Any]:
    """Return the extras that the hook hands to the storage client as they are, such as ``proxies``."""
    known = extras.connection.extra_dejson
    for name in sorted(REFUSED_OF_WASB.keys() & known.keys()):
        raise extras.refused(name, REFUSED_OF_WASB[name], "Remove it from the connection's extra fields.")
    return {name: value for name, value in known.items() if name.removeprefix(WASB) not in READ_OF_WASB}


def _access(extras: Extras) -> tuple[EntraConfig | SecretStr | SharedAccess, str]:
    """Return how we are let in, in the hook's order, and the address where the secret itself names one."""
    if text := extras.text("connection_string"):
        return _connection_string(extras, text)
    if tenant := extras.text("tenant_id"):
        return _client_or_machine(extras, tenant), ""
    if key := extras.text("shared_access_key"):
        return _key_or_signature(key), ""
    if signature := extras.text("sas_token"):
        return _signature(signature)
    if key := extras.connection.password or extras.text("account_key"):
        return _key_or_signature(key), ""
    return machine(extras), ""


def _connection_string(extras: Extras, text: str) -> tuple[SecretStr | SharedAccess, str]:
    from azure.storage.blob import BlobServiceClient

    try:
        service = BlobServiceClient.from_connection_string(text)
    except ValueError:
        raise extras.refused(
            "connection_string", "is malformed", "Copy it again from the account's access keys."
        ) from None
    address, _, signature = service.url.partition("?")
    if key := getattr(service.credential, "account_key", ""):
        return SecretStr(key), address
    if signature:
        return _signature(signature)[0], address
    raise extras.refused("connection_string", "holds no credential", "Add AccountKey or SharedAccessSignature.")


def _client_or_machine(extras: Extras, tenant: str) -> EntraConfig:
    from parity.clients.entra import EntraConfig

    connection = extras.connection
    ours = extras.get("account_name") or extras.get("account_url")
    if ours and not connection.login and not connection.password:
        return machine(extras)
    client, secret = extras.client()
    given = dict(connection.extra_dejson.get("client_secret_auth_config") or {})
    authority = given.pop("authority", "") or extras.text("authority")
    proxies = given.pop("proxies", {})
    if given:
        raise extras.refused(
            f"client_secret_auth_config ({', '.join(sorted(given))})",
            "is not supported",
            "Known: authority, proxies.",
        )
    return EntraConfig("client_secret", tenant, client, secret, authority, proxies)


def _signature(text: str) -> tuple[SharedAccess, str]:
    """Return a shared access signature, and the account's address where it is a whole URL."""
    from parity.clients.adls import SharedAccess

    address, separator, query = text.partition("?")
    if text.startswith("https") and separator:
        return SharedAccess(SecretStr(query)), address
    return SharedAccess(SecretStr(text.lstrip("?"))), ""


def _key_or_signature(text: str) -> SecretStr | SharedAccess:
    """Return a key, or the signature that the storage client, too, takes in a key's place."""
    return _signature(text)[0] if "sig" in parse_qs(text.lstrip("?")) else SecretStr(text)


def _account_url(extras: Extras) -> str:
    from airflow.providers.microsoft.azure.utils import parse_blob_account_url

    host, login, name = extras.connection.host, extras.connection.login, extras.text("account_name")
    if name and login and name != login and not extras.get("tenant_id"):
        raise extras.refused("account_name", "names another account than Login", "Remove one of them.")
    account = name or ("" if extras.get("tenant_id") else login)
    if not account and "." not in (host or ""):  # of a host without a dot, the hook reads the login alone
        raise extras.refused(
            "Host", "is no address, and no storage account is named", "Put the account's address into Host."
        )
    url = str(parse_blob_account_url(host, account))
    if urlsplit(url).query:
        raise extras.refused("Host", "holds a query", "Put a shared access signature into the extra sas_token.")
    return url


def _account(extras: Extras, url: str) -> str:
    """Return the account's name; BadInput when the connection names one and leads to another."""
    from parity.clients.adls import account_of, cloud_of

    connection = extras.connection
    found = account_of(url)
    given = extras.text("account_name")
    if not given and extras.get("account_url") and not extras.get("tenant_id"):
        given = connection.login or ""
    if given and given != found and cloud_of(urlsplit(url).hostname or ""):
        raise extras.refused(
            "the storage account", f"is called {given!r}, and the address is that of {found!r}", "Correct one."
        )
    return given or found
