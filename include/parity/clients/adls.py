"""Objects in abfss://: one ADLS Gen2 account, with a key, a shared access signature or an Entra identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from parity.clients.entra import STORAGE, BearerCredential, EntraConfig, entra_credential
from parity.clients.http import LOOPBACK, Retry, is_loopback, require_safe
from parity.clients.objects import ObjectUrl, azure_errors, local_errors, save
from parity.clients.storage import ObjectInfo
from parity.errors import BadInput, NotFound


@dataclass(frozen=True)
class SharedAccess:
    """A shared access signature."""

    signature: SecretStr


@dataclass(frozen=True)
class AdlsConfig:
    """One ADLS Gen2 account, reached through its Blob endpoint."""

    account: str
    credential: EntraConfig | SecretStr | SharedAccess
    """A SecretStr is the shared key."""
    endpoint: str = ""
    """Empty means Azure's own; one on this machine takes the account as the first part of the path."""
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """More keyword arguments of the storage client, such as ``proxies``."""

    @property
    def url(self) -> str:
        """Return the account's Blob URL."""
        endpoint = self.endpoint.rstrip("/") or f"https://{self.account}.blob.core.windows.net"
        if is_loopback(endpoint) and not urlsplit(endpoint).path:
            return f"{endpoint}/{self.account}"
        return endpoint.replace(".dfs.", ".blob.")


class AdlsStorage:
    """Objects of one ADLS Gen2 account."""

    def __init__(self, config: AdlsConfig, *, retry: Retry | None = None) -> None:
        from azure.storage.blob import BlobServiceClient, ExponentialRetry

        require_safe(config.url, "ADLS")
        retries = retry or Retry()
        self._account = config.account
        self._cloud = cloud_of(urlsplit(config.url).hostname or "")
        options = {
            "connection_timeout": 10,
            "read_timeout": 60,
            "retry_policy": ExponentialRetry(int(retries.first), 2, retries.attempts - 1, random_jitter_range=0),
            **config.options,
        }
        self._service = BlobServiceClient(config.url, **options, **_azure_credential(config))

    def list(self, prefix: str) -> Sequence[ObjectInfo]:
        """Return every object under the folder ``prefix``; all pages, without the folders' own markers."""
        parsed = self._parse(prefix)
        with azure_errors(prefix):
            container = self._service.get_container_client(parsed.root)
            found = list(container.list_blobs(name_starts_with=parsed.prefix, include=["metadata"]))
        head = f"abfss://{parsed.root}@{parsed.host}/"
        start = len(parsed.prefix)
        return [
            ObjectInfo(head + blob.name, blob.name[start:], blob.size, blob.last_modified, blob.etag or "")
            for blob in found
            if (blob.metadata or {}).get("hdi_isfolder") != "true" and not blob.name.endswith("/")
        ]

    def folders(self, prefix: str) -> Sequence[str]:
        """Return the names of the folders directly under ``prefix``; all pages."""
        from azure.storage.blob import BlobPrefix

        parsed = self._parse(prefix)
        with azure_errors(prefix):
            container = self._service.get_container_client(parsed.root)
            found = list(container.walk_blobs(name_starts_with=parsed.prefix, delimiter="/"))
        names = [item.name for item in found if isinstance(item, BlobPrefix)]
        return sorted(name[len(parsed.prefix) :].rstrip("/") for name in names)

    def read(self, url: str) -> bytes:
        """Return the bytes."""
        with azure_errors(url):
            return bytes(self._blob(url).download_blob().readall())

    def write(self, url: str, data: bytes) -> None:
        """Put an object whole."""
        with azure_errors(url):
            self._blob(url).upload_blob(data, overwrite=True)

    def write_if(self, url: str, data: bytes, *, version: str) -> None:
        """Put an object whole where it has this version (an ETag); Terminal where it has another or none."""
        from azure.core import MatchConditions

        condition = {"etag": version, "match_condition": MatchConditions.IfNotModified}
        with azure_errors(url):
            self._blob(url).upload_blob(data, overwrite=True, **condition)

    def download(self, url: str, to: Path) -> int:
        """Copy an object to a file."""
        with azure_errors(url), local_errors(to):
            return save(self._blob(url).download_blob().chunks(), to)

    def delete(self, url: str) -> None:
        """Delete an object."""
        try:
            with azure_errors(url):
                self._blob(url).delete_blob()
        except NotFound:
            return

    def _blob(self, url: str) -> Any:
        parsed = self._parse(url)
        return self._service.get_blob_client(parsed.root, parsed.key)

    def _parse(self, url: str) -> ObjectUrl:
        parsed = ObjectUrl.of(url)
        if parsed.host.partition(".")[0] != self._account:
            raise BadInput(
                f"{url} is not in the storage account {self._account!r}.",
                remedy="Name the account's own connection in the suite, or change the exchange's address.",
            )
        if self._cloud and cloud_of(parsed.host) != self._cloud:
            raise BadInput(
                f"{url} is in another cloud than the account of the connection, which is in {self._cloud}.",
                remedy="Correct the address, or the connection's Host.",
            )
        return parsed


def account_of(url: str) -> str:
    """Return the storage account of a Blob address: its host's first part, or on this machine the path's last."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in LOOPBACK:
        return parts.path.strip("/").rpartition("/")[2]
    return host.partition(".")[0].removesuffix("-ipv6").removesuffix("-dualstack")


def cloud_of(host: str) -> str:
    """Return what ends a storage host, such as ``core.windows.net``; empty for a name of the account's own."""
    return next((host.partition(half)[2] for half in (".blob.", ".dfs.") if half in host), "")


def _azure_credential(config: AdlsConfig) -> dict[str, Any]:
    """Return the client's credential."""
    if isinstance(config.credential, SecretStr):
        key = config.credential.get_secret_value()
        return {"credential": {"account_name": config.account, "account_key": key}}
    if isinstance(config.credential, SharedAccess):
        from azure.core.credentials import AzureSasCredential

        return {"credential": AzureSasCredential(config.credential.signature.get_secret_value())}
    credential = entra_credential(config.credential, STORAGE)
    if is_loopback(config.url):
        # The client refuses to send a token over http, even to this very machine; its hook does not.
        return {"raw_request_hook": lambda request: _sign(request, credential)}
    return {"credential": credential}


def _sign(request: Any, credential: BearerCredential) -> None:
    request.http_request.headers.update(credential.headers())
