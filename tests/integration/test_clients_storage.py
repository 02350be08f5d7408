"""The ADLS client against the sandbox's real wire protocol, with a shared key and with a token."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from parity.clients.adls import AdlsConfig, AdlsStorage
from parity.clients.entra import EntraConfig
from parity.clients.http import Retry
from parity.clients.storage import Storage, Storages, download_folder
from parity.errors import AccessDenied, NotFound, Unreachable

pytestmark = pytest.mark.sandbox


def adls(endpoints: Any, credential: Any) -> Storage:
    config = AdlsConfig(endpoints.storage_account, credential, endpoints.storage)
    return Storages({"abfss": AdlsStorage(config, retry=Retry(attempts=2, first=0))})


def identity(endpoints: Any, secret: str = "") -> EntraConfig:
    secret = secret or endpoints.client_secret
    return EntraConfig("client_secret", endpoints.tenant, endpoints.client_id, SecretStr(secret), endpoints.azure)


@pytest.fixture(params=["key", "token"])
def lake(request: Any, sandbox_light: Any) -> Storage:
    endpoints = sandbox_light.endpoints
    key = SecretStr(endpoints.storage_key)
    return adls(endpoints, key if request.param == "key" else identity(endpoints))


@pytest.fixture
def folder(sandbox_light: Any) -> str:
    from azure.storage.blob import BlobServiceClient

    endpoints = sandbox_light.endpoints
    key = {"account_name": endpoints.storage_account, "account_key": endpoints.storage_key}
    service = BlobServiceClient(f"{endpoints.storage}/{endpoints.storage_account}", credential=key)
    container = f"clients-{uuid4().hex[:8]}"
    service.create_container(container)
    return f"abfss://{container}@{endpoints.storage_account}.dfs.core.windows.net/clients"


def test_objects_are_written_listed_read_and_deleted(lake: Storage, folder: str, tmp_path: Path) -> None:
    for number in range(3):
        lake.write(f"{folder}/a/{number}.bin", b"0123456789"[: number + 5])
    lake.write(f"{folder}/ab/other.bin", b"x")
    found = lake.list(f"{folder}/a")
    assert [(o.name, o.size) for o in found] == [("0.bin", 5), ("1.bin", 6), ("2.bin", 7)]
    assert found[0].url == f"{folder}/a/0.bin"
    assert lake.read(found[2].url) == b"0123456"
    assert [path.read_bytes()[:2] for path in download_folder(lake, found, tmp_path)] == [b"01"] * 3
    lake.write(f"{folder}/b/up.bin", b"x")
    lake.delete(f"{folder}/b/up.bin")
    lake.delete(f"{folder}/b/up.bin")
    assert lake.list(f"{folder}/b") == []


def test_a_missing_object_is_not_found(lake: Storage, folder: str) -> None:
    with pytest.raises(NotFound):
        lake.read(f"{folder}/nothing")


def test_an_empty_object_is_read(lake: Storage, folder: str, tmp_path: Path) -> None:
    lake.write(f"{folder}/empty", b"")
    assert lake.read(f"{folder}/empty") == b""
    assert lake.download(f"{folder}/empty", tmp_path / "empty") == 0


def test_a_wrong_key_is_access_denied(sandbox_light: Any, folder: str) -> None:
    wrong = SecretStr("d3Jvbmc=")
    with pytest.raises(AccessDenied) as caught:
        adls(sandbox_light.endpoints, wrong).list(folder)
    assert "d3Jvbmc=" not in str(caught.value)


def test_a_wrong_client_secret_is_access_denied(sandbox_light: Any, folder: str) -> None:
    with pytest.raises(AccessDenied, match="AADSTS"):
        adls(sandbox_light.endpoints, identity(sandbox_light.endpoints, "wrong")).list(folder)


def test_a_server_that_stays_broken_is_unreachable(sandbox_light: Any, folder: str) -> None:
    endpoints = sandbox_light.endpoints
    sandbox_light.fault(service="storage", path="nothing-comes", status=500)
    with pytest.raises(Unreachable):
        adls(endpoints, SecretStr(endpoints.storage_key)).read(f"{folder}/nothing-comes")
