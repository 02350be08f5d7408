from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import SecretStr

from fake_clock import FakeClock
from parity.clients.entra import (
    MANAGEMENT,
    AccessToken,
    BearerCredential,
    EntraConfig,
    _identity_credential,
    entra_credential,
    management_scope,
)
from parity.errors import AccessDenied, BadInput

SECRET = "hunter2-very-secret"
TENANT = "11111111-1111-4111-8111-111111111111"
LOCAL = EntraConfig("client_secret", "tenant-1", "client-1", SecretStr(SECRET), "http://127.0.0.1:9")


def grant(text: str, seconds: int = 3599) -> httpx.Response:
    return httpx.Response(200, json={"access_token": text, "expires_in": seconds, "token_type": "Bearer"})


def test_the_client_credential_flow_asks_for_the_resources_scope(wire: Any, clock: FakeClock) -> None:
    wire.on("POST", "/tenant-1/oauth2/v2.0/token", grant("one"))
    credential = entra_credential(LOCAL, MANAGEMENT, clock=clock, transport=wire.transport)
    assert credential.headers() == {"Authorization": "Bearer one"}
    sent = parse_qs(wire.seen[0].content.decode())
    assert sent["scope"] == ["https://management.azure.com/.default"]
    assert sent["client_secret"] == [SECRET]


def test_a_token_is_kept_until_shortly_before_its_end(wire: Any, clock: FakeClock) -> None:
    wire.on("POST", "/token", grant("one"), grant("two"))
    credential = entra_credential(LOCAL, MANAGEMENT, clock=clock, transport=wire.transport)
    credential.headers()
    clock.sleep(3200)
    assert credential.headers() == {"Authorization": "Bearer one"}
    clock.sleep(100)
    assert credential.headers() == {"Authorization": "Bearer two"}


def test_a_short_lived_token_is_still_used_for_most_of_its_life(wire: Any, clock: FakeClock) -> None:
    wire.on("POST", "/token", grant("one", 10), grant("two", 10))
    credential = entra_credential(LOCAL, MANAGEMENT, clock=clock, transport=wire.transport)
    credential.headers()
    clock.sleep(8)
    assert credential.headers() == {"Authorization": "Bearer one"}


def test_renewal_asks_again(wire: Any, clock: FakeClock) -> None:
    wire.on("POST", "/token", grant("one"), grant("two"))
    credential = entra_credential(LOCAL, MANAGEMENT, clock=clock, transport=wire.transport)
    credential.headers()
    assert credential.renew()
    assert credential.headers() == {"Authorization": "Bearer two"}


def test_renewal_drops_the_cache_below_as_well() -> None:
    opened: list[int] = []

    def open_source() -> Any:
        opened.append(1)
        return lambda: AccessToken(SecretStr(f"token-{len(opened)}"), 2**40)

    credential = BearerCredential(open_source, FakeClock())
    credential.headers()
    credential.renew()
    assert credential.headers() == {"Authorization": "Bearer token-2"}


@pytest.mark.parametrize("status", [400, 401])
def test_a_wrong_secret_is_access_denied_and_not_quoted(wire: Any, clock: FakeClock, status: int) -> None:
    body = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}
    wire.on("POST", "/token", httpx.Response(status, json=body))
    credential = entra_credential(LOCAL, MANAGEMENT, clock=clock, transport=wire.transport)
    with pytest.raises(AccessDenied, match="AADSTS7000215") as caught:
        credential.headers()
    assert SECRET not in str(caught.value) + repr(LOCAL)


def test_a_pod_sends_its_federated_token(
    wire: Any, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("federated\n")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))
    wire.on("POST", "/t/oauth2/v2.0/token", grant("one"))
    config = EntraConfig("default", "t", "c", authority="http://localhost:9")
    entra_credential(config, MANAGEMENT, clock=clock, transport=wire.transport).headers()
    assert parse_qs(wire.seen[0].content.decode())["client_assertion"] == ["federated"]


def test_a_missing_federated_token_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "none"))
    config = EntraConfig("default", "t", "c", authority="http://localhost:9")
    with pytest.raises(AccessDenied, match="none"):
        entra_credential(config, MANAGEMENT).headers()


def test_the_platforms_authority_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "login.microsoftonline.us")
    made = _identity_credential(EntraConfig("client_secret", TENANT, "client", SecretStr(SECRET)))
    assert made._authority == "https://login.microsoftonline.us"


@pytest.mark.parametrize(
    ("endpoint", "scope"),
    [
        ("https://management.azure.com", "https://management.azure.com/.default"),
        ("https://management.usgovcloudapi.net/", "https://management.usgovcloudapi.net/.default"),
        ("https://management.chinacloudapi.cn", "https://management.chinacloudapi.cn/.default"),
        ("http://127.0.0.1:9", "https://management.azure.com/.default"),
    ],
)
def test_each_cloud_has_a_management_of_its_own(endpoint: str, scope: str) -> None:
    assert management_scope(endpoint) == scope


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("client_secret", "ClientSecretCredential"),
        ("managed_identity", "ManagedIdentityCredential"),
        ("default", "DefaultAzureCredential"),
    ],
)
def test_https_authorities_are_left_to_azure_identity(kind: Any, name: str) -> None:
    config = EntraConfig(kind, TENANT, "client", SecretStr(SECRET))
    assert type(_identity_credential(config)).__name__ == name


def test_an_incomplete_credential_is_bad_input() -> None:
    with pytest.raises(BadInput, match="incomplete"):
        entra_credential(EntraConfig("client_secret"), MANAGEMENT).headers()


def test_a_secret_does_not_travel_to_another_machine_in_clear() -> None:
    config = EntraConfig("client_secret", "t", "c", SecretStr(SECRET), "http://login.test")
    with pytest.raises(BadInput):
        entra_credential(config, MANAGEMENT).headers()


def test_an_azure_client_can_borrow_the_token(wire: Any, clock: FakeClock) -> None:
    wire.on("POST", "/token", grant("one"))
    credential = entra_credential(LOCAL, MANAGEMENT, clock=clock, transport=wire.transport)
    lent = credential.get_token("ignored")
    assert lent.token == "one"
    assert lent.expires_on == int(clock.now().timestamp()) + 3599
