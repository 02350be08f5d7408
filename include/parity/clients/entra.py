"""Tokens of Microsoft Entra, for the kinds of credential that an Airflow connection can describe.

azure-identity does the work for https authorities, and refuses any other. For an http authority on this very
machine (the sandbox) the client-credential flow is done in plain REST; nothing else of it differs, so both are
cached here, until shortly before they expire, and renewed when a service refuses one early.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

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

MARGIN = 300.0
"""Seconds before its end at which a token counts as spent; a tenth of its life when that is less."""
NO_WORKLOAD_IDENTITY = "Check that workload identity is switched on for this pod."
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

Kind = Literal["client_secret", "managed_identity", "workload_identity", "default"]


@dataclass(frozen=True)
class EntraConfig:
    """Who we are in Azure."""

    kind: Kind = "default"
    tenant: str = ""
    client_id: str = ""
    client_secret: SecretStr = NO_SECRET
    authority: str = "https://login.microsoftonline.com"
    """An http address on this machine switches to the plain REST flow."""
    token_file: str = ""
    """Workload identity: file of the federated token; empty means what the platform's environment names."""


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

    def header(self) -> str:
        """Return ``Bearer …``."""
        return f"Bearer {self.token().text.get_secret_value()}"

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

    def header(self) -> str:
        """Return ``Bearer …``."""
        return f"Bearer {self._token.get_secret_value()}"

    def renew(self) -> bool:
        """Return False: it cannot change."""
        return False


def entra_credential(
    config: EntraConfig,
    scope: str,
    *,
    clock: Clock | None = None,
    transport: httpx.BaseTransport | None = None,
) -> BearerCredential:
    """Return the credential of ``config`` for one resource's ``scope``; nothing is fetched before it is used."""
    clock = clock or SystemClock()
    if is_loopback(config.authority) and config.kind in ("client_secret", "workload_identity"):
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
    form = {"grant_type": "client_credentials", "client_id": _client_id(config), "scope": scope}
    if config.kind == "workload_identity":
        form |= {"client_assertion_type": ASSERTION, "client_assertion": _federated_token(config)}
    else:
        form["client_secret"] = config.client_secret.get_secret_value()
    path = f"/{config.tenant}/oauth2/v2.0/token"
    return oauth_source(api, Call("POST", path, f"a token of client {form['client_id']}", form=form), clock)


def _client_id(config: EntraConfig) -> str:
    """Return the application; workload identity leaves it to the platform, as azure-identity does."""
    platform = environment("AZURE_CLIENT_ID") if config.kind == "workload_identity" else None
    return config.client_id or platform or ""


def _federated_token(config: EntraConfig) -> str:
    file = config.token_file or environment("AZURE_FEDERATED_TOKEN_FILE")
    if not file:
        raise AccessDenied("This machine has no federated token.", remedy=NO_WORKLOAD_IDENTITY)
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        what = f"The federated token file {file!r} cannot be read ({error.strerror})."
        raise AccessDenied(what, remedy=NO_WORKLOAD_IDENTITY) from None


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
    return ClientSecretCredential(config.tenant, config.client_id, secret, authority=config.authority)


def _managed_identity(config: EntraConfig) -> Any:
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=config.client_id or None)


def _workload_identity(config: EntraConfig) -> Any:
    from azure.identity import WorkloadIdentityCredential

    given = {
        "tenant_id": config.tenant,
        "client_id": config.client_id,
        "token_file_path": config.token_file,
    }
    return WorkloadIdentityCredential(authority=config.authority, **{k: v for k, v in given.items() if v})


def _default_chain(config: EntraConfig) -> Any:
    from azure.identity import DefaultAzureCredential

    given = {
        # azure-identity refuses an http authority; what the machine itself offers needs none.
        "authority": "" if is_loopback(config.authority) else config.authority,
        "managed_identity_client_id": config.client_id,
        "workload_identity_client_id": config.client_id,
        "workload_identity_tenant_id": config.tenant,
    }
    return DefaultAzureCredential(**{k: v for k, v in given.items() if v})


_IDENTITIES: dict[Kind, Callable[[EntraConfig], Any]] = {
    "client_secret": _client_secret,
    "managed_identity": _managed_identity,
    "workload_identity": _workload_identity,
    "default": _default_chain,
}


def _first_sentence(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
