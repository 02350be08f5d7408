"""Tokens of Microsoft Entra, for the kinds of credential that an Airflow connection can describe.

azure-identity does the work for https authorities, and refuses any other. For an http authority on this very
machine (the sandbox) the client-credential flow is done in plain REST; nothing else of it differs, so both are
cached here, until shortly before they expire, and renewed when a service refuses one early.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from parity.clients.http import NO_SECRET, ApiClient, Call, is_loopback
from parity.clock import Clock, SystemClock
from parity.errors import AccessDenied, BadInput, Terminal, Unreachable
from parity.settings import environment

MANAGEMENT = "https://management.azure.com/.default"
STORAGE = "https://storage.azure.com/.default"
DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"
"""The scope of every Azure Databricks workspace: the resource id that Microsoft gave the service."""

SOVEREIGN = frozenset({"management.usgovcloudapi.net", "management.chinacloudapi.cn"})
"""Hosts of Azure Resource Manager that take tokens of their own scope only."""
SERVICE_MANAGEMENT = "https://management.core.windows.net//.default"
"""What proves rights on a Databricks workspace's resource; the second slash belongs to the service's name."""

MARGIN = 300.0
"""Seconds before its end at which a token counts as spent; a tenth of its life when that is less."""
TOKEN_FILE = "AZURE_FEDERATED_TOKEN_FILE"
"""The variable that a pod with workload identity has; the file holds a federated token."""
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

Kind = Literal["client_secret", "managed_identity", "default"]


@dataclass(frozen=True)
class EntraConfig:
    """Who we are in Azure."""

    kind: Kind = "default"
    tenant: str = ""
    client_id: str = ""
    """The default chain takes tenant and client id for its workload and managed identities: both, or neither."""
    client_secret: SecretStr = NO_SECRET
    authority: str = ""
    """Empty means what AZURE_AUTHORITY_HOST names, or else the public cloud's; an http address on this machine
    switches to the plain REST flow."""
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Proxy by scheme on the way to Entra; a managed identity has none."""


@dataclass(frozen=True)
class AccessToken:
    """An access token and the POSIX second at which it ends."""

    text: SecretStr
    expires: float


TokenSource = Callable[[], AccessToken]
"""Fetches a fresh token; AccessDenied or Unreachable when it cannot."""


class BearerCredential:
    """A cached token; ``open_source`` is called again on renewal, so that no older cache below survives."""

    def __init__(self, open_source: Callable[[], TokenSource], clock: Clock) -> None:
        self._open = open_source
        self._clock = clock
        self._lock = threading.Lock()
        self._source: TokenSource | None = None
        self._token: AccessToken | None = None
        self._spent = 0.0

    def headers(self) -> dict[str, str]:
        """Return ``Authorization: Bearer …``."""
        return {"Authorization": f"Bearer {self.token().text.get_secret_value()}"}

    def token(self) -> AccessToken:
        """Return a token that is good for a while."""
        with self._lock:
            now = self._clock.now().timestamp()
            if self._token is None or now >= self._spent:
                self._source = self._source or self._open()
                self._token = self._source()
                self._spent = self._token.expires - min(MARGIN, (self._token.expires - now) / 10)
            return self._token

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """Return the token as azure-core wants it; the scope was fixed when the credential was made."""
        from azure.core.credentials import AccessToken

        token = self.token()
        return AccessToken(token.text.get_secret_value(), int(token.expires))

    def renew(self) -> bool:
        """Forget the token and its source."""
        with self._lock:
            self._token = self._source = None
        return True


class StaticCredential:
    """A token that somebody made by hand, such as a personal access token."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def headers(self) -> dict[str, str]:
        """Return ``Authorization: Bearer …``."""
        return {"Authorization": f"Bearer {self._token.get_secret_value()}"}

    def renew(self) -> bool:
        """Return False: it cannot change."""
        return False


def management_scope(endpoint: str) -> str:
    """Return the scope of Azure Resource Manager at ``endpoint``; a proxy takes the public cloud's."""
    host = urlsplit(endpoint).hostname
    return f"https://{host}/.default" if host in SOVEREIGN else MANAGEMENT


def entra_credential(
    config: EntraConfig,
    scope: str,
    *,
    clock: Clock | None = None,
    transport: httpx.BaseTransport | None = None,
) -> BearerCredential:
    """Return the credential of ``config`` for one resource's ``scope``; nothing is fetched before it is used."""
    clock = clock or SystemClock()
    if is_loopback(config.authority) and (config.kind == "client_secret" or _federated(config)):
        return BearerCredential(lambda: _rest_source(config, scope, clock, transport), clock)
    return BearerCredential(lambda: _identity_source(config, scope), clock)


def oauth_source(api: ApiClient, call: Call, clock: Clock) -> TokenSource:
    """Return a source that posts ``call`` to an OAuth token endpoint."""

    def fetch() -> AccessToken:
        asked = clock.now().timestamp()
        try:
            answer = api.send(call)
        except Terminal as error:
            raise AccessDenied(error.message, remedy="Check the connection's client id and secret.") from None
        return AccessToken(SecretStr(answer["access_token"]), asked + float(answer["expires_in"]))

    return fetch


def _rest_source(
    config: EntraConfig, scope: str, clock: Clock, transport: httpx.BaseTransport | None
) -> TokenSource:
    api = ApiClient(config.authority, service="Microsoft Entra", clock=clock, transport=transport)
    tenant, client = config.tenant, config.client_id
    form = {"grant_type": "client_credentials", "scope": scope}
    if _federated(config):
        tenant = tenant or environment("AZURE_TENANT_ID") or ""
        client = client or environment("AZURE_CLIENT_ID") or ""
        form |= {"client_assertion_type": ASSERTION, "client_assertion": _federated_token()}
    else:
        form["client_secret"] = config.client_secret.get_secret_value()
    form["client_id"] = client
    path = f"/{tenant}/oauth2/v2.0/token"
    return oauth_source(api, Call("POST", path, f"a token of client {form['client_id']}", form=form), clock)


def _federated(config: EntraConfig) -> bool:
    """Return whether the default chain is that of a pod with workload identity."""
    return config.kind == "default" and bool(environment(TOKEN_FILE))


def _federated_token() -> str:
    file = environment(TOKEN_FILE) or ""
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        what = f"The federated token file {file!r} cannot be read ({error.strerror})."
        raise AccessDenied(what, remedy="Check that workload identity is switched on for this pod.") from None


def _identity_source(config: EntraConfig, scope: str) -> TokenSource:
    credential = _identity_credential(config)

    def fetch() -> AccessToken:
        from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError, ServiceResponseError
        from azure.identity import CredentialUnavailableError

        try:
            got = credential.get_token(scope)
        except (CredentialUnavailableError, ClientAuthenticationError) as error:
            raise AccessDenied(
                f"Microsoft Entra gave no token for {scope} ({_first_sentence(error)}).",
                remedy="Check the connection's tenant, client and secret, or the managed identity.",
            ) from None
        except (ServiceRequestError, ServiceResponseError) as error:
            raise Unreachable(f"Microsoft Entra could not be reached ({_first_sentence(error)}).") from None
        return AccessToken(SecretStr(got.token), float(got.expires_on))

    return fetch


def _identity_credential(config: EntraConfig) -> Any:
    try:
        return _IDENTITIES[config.kind](config)
    except ValueError as error:
        raise BadInput(f"The Azure credential is incomplete ({_first_sentence(error)}).") from None


def _client_secret(config: EntraConfig) -> Any:
    from azure.identity import ClientSecretCredential

    secret = config.client_secret.get_secret_value()
    return ClientSecretCredential(config.tenant, config.client_id, secret, **_where(config))


def _managed_identity(config: EntraConfig) -> Any:
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=config.client_id or None)


def _default_chain(config: EntraConfig) -> Any:
    from azure.identity import DefaultAzureCredential

    who: dict[str, Any] = {}
    if config.client_id:
        who = {
            "managed_identity_client_id": config.client_id,
            "workload_identity_tenant_id": config.tenant,
            "additionally_allowed_tenants": [config.tenant],
        }
    return DefaultAzureCredential(**who, **_where(config))


def _where(config: EntraConfig) -> dict[str, Any]:
    """Return the authority and the proxies where they are given; azure-identity refuses an http authority."""
    given = {"authority": "" if is_loopback(config.authority) else config.authority, "proxies": config.proxies}
    return {name: value for name, value in given.items() if value}


_IDENTITIES: dict[Kind, Callable[[EntraConfig], Any]] = {
    "client_secret": _client_secret,
    "managed_identity": _managed_identity,
    "default": _default_chain,
}


def _first_sentence(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
