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
    entra_credential,
)
from parity.errors import AccessDenied, BadInput

SECRET = "hunter2-very-secret"
LOCAL = EntraConfig("client_secret", "tenant-1", "client-1", SecretStr(SECRET), "http://127.0.0.1:9")


def grant(text: str, seconds: int = 3599) -> httpx.Response:
    return httpx.Response(200, json={"access_token": text, "expires_in": seconds, "token_type": "Bearer"})


def test_the_client_credential_flow_asks_for_the_resources_scope(wire: Any, clock: FakeClock) -> None:
    wire.on("POST", "/tenant-1/oauth2/v2.0/token", grant("one"))
    credential = entra_credential(LOCAL, MANAGEMENT, clock=clock, transport=wire.transport)
    assert credential.header() == "Bearer one"
    sent = parse_qs(wire.seen[0].content.decode())
    assert sent["scope"] == ["https://management.azure.com/.default"]
    assert sent["client_secret"] == [SECRET]


def test_a_token_is_kept_until_shortly_before_its_end(wire: Any, clock: FakeClock) -> None:
    wire.on("POST", "/token", grant("one"), grant("two"))
    credential = entra_credential(LOCAL, MANAGEMENT, clock=clock, transport=wire.transport)
    credential.header()
    clock.sleep(3200)
    assert credential.header() == "Bearer one"
    clock.sleep(100)
    assert credential.header() == "Bearer two"


def test_a_short_lived_token_is_still_used_for_most_of_its_life(wire: Any, clock: FakeClock) -> None:
    wire.on("POST", "/token", grant("one", 10), grant("two", 10))
    credential = entra_credential(LOCAL, MANAGEMENT, clock=clock, transport=wire.transport)
    credential.header()
    clock.sleep(8)
    assert credential.header() == "Bearer one"


def test_renewal_asks_again(wire: Any, clock: FakeClock) -> None:
    wire.on("POST", "/token", grant("one"), grant("two"))
    credential = entra_credential(LOCAL, MANAGEMENT, clock=clock, transport=wire.transport)
    credential.header()
    assert credential.renew()
    assert credential.header() == "Bearer two"


def test_renewal_drops_the_cache_below_as_well() -> None:
    opened: list[int] = []

    def open_source() -> Any:
        opened.append(1)
        return lambda: AccessToken(SecretStr(f"token-{len(opened)}"), 2**40)

    credential = BearerCredential(open_source, FakeClock())
    credential.header()
    credential.renew()
    assert credential.header() == "Bearer token-2"


@pytest.mark.parametrize("status", [400, 401])
def test_a_wrong_secret_is_access_denied_and_not_quoted(wire: Any, clock: FakeClock, status: int) -> None:
    body = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}
    wire.on("POST", "/token", httpx.Response(status, json=body))
    credential = entra_credential(LOCAL, MANAGEMENT, clock=clock, transport=wire.transport)
    with pytest.raises(AccessDenied, match="AADSTS7000215") as caught:
        credential.header()
    assert SECRET not in str(caught.value) + repr(LOCAL)


def test_workload_identity_sends_the_federated_token(wire: Any, clock: FakeClock, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("federated\n")
    wire.on("POST", "/token", grant("one"))
    config = EntraConfig(
        "workload_identity", "t", "c", authority="http://localhost:9", token_file=str(tmp_path / "token")
    )
    entra_credential(config, MANAGEMENT, clock=clock, transport=wire.transport).header()
    assert parse_qs(wire.seen[0].content.decode())["client_assertion"] == ["federated"]


def test_a_missing_federated_token_is_named(tmp_path: Path) -> None:
    config = EntraConfig(
        "workload_identity", "t", "c", authority="http://localhost:9", token_file=str(tmp_path / "none")
    )
    with pytest.raises(AccessDenied, match="none"):
        entra_credential(config, MANAGEMENT).header()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("client_secret", "ClientSecretCredential"),
        ("managed_identity", "ManagedIdentityCredential"),
        ("default", "DefaultAzureCredential"),
    ],
)
def test_https_authorities_are_left_to_azure_identity(kind: Any, name: str) -> None:
    from parity.clients.entra import _identity_credential

    config = EntraConfig(kind, "11111111-1111-4111-8111-111111111111", "client", SecretStr(SECRET))
    assert type(_identity_credential(config)).__name__ == name


def test_an_incomplete_credential_is_bad_input() -> None:
    with pytest.raises(BadInput, match="incomplete"):
        entra_credential(EntraConfig("client_secret"), MANAGEMENT).header()


def test_a_secret_does_not_travel_to_another_machine_in_clear() -> None:
    config = EntraConfig("client_secret", "t", "c", SecretStr(SECRET), "http://login.test")
    with pytest.raises(BadInput):
        entra_credential(config, MANAGEMENT).header()


def test_an_azure_client_can_borrow_the_token(wire: Any, clock: FakeClock) -> None:
    wire.on("POST", "/token", grant("one"))
    credential = entra_credential(LOCAL, MANAGEMENT, clock=clock, transport=wire.transport)
    lent = credential.get_token("ignored")
    assert lent.token == "one"
    assert lent.expires_on == int(clock.now().timestamp()) + 3599
