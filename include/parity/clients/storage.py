"""Objects in s3://, abfss:// and file://, all asked the same way.

Reading comes with checks: a download that is shorter or longer than what was listed is refused, because half a
file can be a valid table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from pydantic import SecretStr

from parity.clients.aws import AwsClients, aws_errors
from parity.clients.entra import STORAGE, BearerCredential, EntraConfig, TokenCredentialAdapter, entra_credential
from parity.clients.http import Retry, is_loopback, require_safe
from parity.clients.objects import Place, azure_errors, local_errors, save
from parity.errors import BadInput, ExportRefused, NotFound

CHUNK = 1 << 20


@dataclass(frozen=True)
class Stored:
    """One object; ``name`` is relative to the listed prefix."""

    url: str
    name: str
    size: int
    modified: datetime


class Storage(Protocol):
    """Objects by URL. Every method raises only errors of :mod:`parity.errors`."""

    def list(self, prefix: str) -> Sequence[Stored]:
        """Return every object under the folder ``prefix``, sorted by name; none when it does not exist."""

    def read(self, url: str, start: int = 0, length: int | None = None) -> bytes:
        """Return the bytes, or a range of them; NotFound."""

    def write(self, url: str, data: bytes) -> None:
        """Put an object whole."""

    def download(self, url: str, to: Path) -> int:
        """Copy an object to a file and return its size in bytes; NotFound."""

    def upload(self, path: Path, url: str) -> None:
        """Copy a file to an object."""

    def delete(self, url: str) -> None:
        """Delete an object; one that is gone already is fine."""


class S3Storage:
    """Objects in S3."""

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients

    def list(self, prefix: str) -> Sequence[Stored]:
        """Return every object under the folder ``prefix``; all pages."""
        place = Place.of(prefix)
        with aws_errors("S3", prefix):
            pages = self._clients("s3").get_paginator("list_objects_v2")
            found = [
                item
                for page in pages.paginate(Bucket=place.root, Prefix=place.prefix)
                for item in page.get("Contents", [])
                if not item["Key"].endswith("/")
            ]
        start = len(place.prefix)
        return [
            Stored(f"s3://{place.root}/{i['Key']}", i["Key"][start:], i["Size"], i["LastModified"]) for i in found
        ]

    def read(self, url: str, start: int = 0, length: int | None = None) -> bytes:
        """Return the bytes, or a range of them."""
        place = Place.of(url)
        options = {"Range": f"bytes={start}-{'' if length is None else start + length - 1}"}
        with aws_errors("S3", url):
            ranged = options if start or length is not None else {}
            body = self._clients("s3").get_object(Bucket=place.root, Key=place.key, **ranged)["Body"]
            return bytes(body.read())

    def write(self, url: str, data: bytes) -> None:
        """Put an object whole."""
        place = Place.of(url)
        with aws_errors("S3", url):
            self._clients("s3").put_object(Bucket=place.root, Key=place.key, Body=data)

    def download(self, url: str, to: Path) -> int:
        """Copy an object to a file."""
        place = Place.of(url)
        with aws_errors("S3", url), local_errors(to):
            body = self._clients("s3").get_object(Bucket=place.root, Key=place.key)["Body"]
            return save(body.iter_chunks(CHUNK), to)

    def upload(self, path: Path, url: str) -> None:
        """Copy a file to an object."""
        place = Place.of(url)
        with aws_errors("S3", url), local_errors(path), path.open("rb") as file:
            self._clients("s3").put_object(Bucket=place.root, Key=place.key, Body=file)

    def delete(self, url: str) -> None:
        """Delete an object."""
        place = Place.of(url)
        with aws_errors("S3", url):
            self._clients("s3").delete_object(Bucket=place.root, Key=place.key)


@dataclass(frozen=True)
class AdlsConfig:
    """One ADLS Gen2 account, reached through its Blob endpoint."""

    account: str
    credential: EntraConfig | SecretStr
    """A SecretStr is the shared key."""
    endpoint: str = ""
    """Empty means Azure's own; one on this machine takes the account as the first part of the path."""

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
        pace = retry or Retry()
        self._account = config.account
        self._service = BlobServiceClient(
            config.url,
            connection_timeout=10,
            read_timeout=60,
            retry_policy=ExponentialRetry(int(pace.first), 2, pace.attempts - 1, random_jitter_range=0),
            **_azure_credential(config),
        )

    def list(self, prefix: str) -> Sequence[Stored]:
        """Return every object under the folder ``prefix``; all pages, without the folders' own markers."""
        place = self._place(prefix)
        with azure_errors(prefix):
            container = self._service.get_container_client(place.root)
            found = list(container.list_blobs(name_starts_with=place.prefix, include=["metadata"]))
        head = f"abfss://{place.root}@{place.host}/"
        start = len(place.prefix)
        return [
            Stored(head + blob.name, blob.name[start:], blob.size, blob.last_modified)
            for blob in found
            if (blob.metadata or {}).get("hdi_isfolder") != "true" and not blob.name.endswith("/")
        ]

    def read(self, url: str, start: int = 0, length: int | None = None) -> bytes:
        """Return the bytes, or a range of them."""
        with azure_errors(url):
            # Without an offset no range is asked for, and an empty object has none to give.
            offset = start if start or length is not None else None
            return bytes(self._blob(url).download_blob(offset=offset, length=length).readall())

    def write(self, url: str, data: bytes) -> None:
        """Put an object whole."""
        with azure_errors(url):
            self._blob(url).upload_blob(data, overwrite=True)

    def download(self, url: str, to: Path) -> int:
        """Copy an object to a file."""
        with azure_errors(url), local_errors(to):
            return save(self._blob(url).download_blob().chunks(), to)

    def upload(self, path: Path, url: str) -> None:
        """Copy a file to an object."""
        with azure_errors(url), local_errors(path), path.open("rb") as file:
            self._blob(url).upload_blob(file, overwrite=True)

    def delete(self, url: str) -> None:
        """Delete an object."""
        try:
            with azure_errors(url):
                self._blob(url).delete_blob()
        except NotFound:
            return

    def _blob(self, url: str) -> Any:
        place = self._place(url)
        return self._service.get_blob_client(place.root, place.key)

    def _place(self, url: str) -> Place:
        place = Place.of(url)
        if place.host.partition(".")[0] != self._account:
            raise BadInput(
                f"{url} is not in the storage account {self._account!r}.",
                remedy="Name the account's own connection in the suite, or change the exchange's address.",
            )
        return place


class FileStorage:
    """Objects on this machine."""

    def list(self, prefix: str) -> Sequence[Stored]:
        """Return every file under the folder ``prefix``."""
        folder = self._path(prefix)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return [self._stored(path, path.relative_to(folder).as_posix()) for path in files]

    def read(self, url: str, start: int = 0, length: int | None = None) -> bytes:
        """Return the bytes, or a range of them."""
        path = self._path(url)
        with local_errors(path), path.open("rb") as file:
            file.seek(start)
            return file.read(-1 if length is None else length)

    def write(self, url: str, data: bytes) -> None:
        """Put a file whole."""
        path = self._path(url)
        with local_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def download(self, url: str, to: Path) -> int:
        """Copy a file."""
        path = self._path(url)
        with local_errors(path), path.open("rb") as file:
            return save(iter(lambda: file.read(CHUNK), b""), to)

    def upload(self, path: Path, url: str) -> None:
        """Copy a file."""
        with local_errors(path):
            self.write(url, path.read_bytes())

    def delete(self, url: str) -> None:
        """Delete a file."""
        with local_errors(self._path(url)):
            self._path(url).unlink(missing_ok=True)

    @staticmethod
    def _path(url: str) -> Path:
        return Path("/" + Place.of(url).key)

    @staticmethod
    def _stored(path: Path, name: str) -> Stored:
        about = path.stat()
        return Stored(path.as_uri(), name, about.st_size, datetime.fromtimestamp(about.st_mtime, UTC))


class Storages:
    """One storage over several, chosen by the URL's scheme."""

    def __init__(self, by_scheme: Mapping[str, Storage]) -> None:
        self._by_scheme = dict(by_scheme)

    def list(self, prefix: str) -> Sequence[Stored]:
        """Return every object under the folder ``prefix``, sorted by name."""
        return sorted(self._of(prefix).list(prefix), key=lambda stored: stored.name)

    def read(self, url: str, start: int = 0, length: int | None = None) -> bytes:
        """Return the bytes, or a range of them."""
        return self._of(url).read(url, start, length)

    def write(self, url: str, data: bytes) -> None:
        """Put an object whole."""
        self._of(url).write(url, data)

    def download(self, url: str, to: Path) -> int:
        """Copy an object to a file."""
        return self._of(url).download(url, to)

    def upload(self, path: Path, url: str) -> None:
        """Copy a file to an object."""
        self._of(url).upload(path, url)

    def delete(self, url: str) -> None:
        """Delete an object."""
        self._of(url).delete(url)

    def _of(self, url: str) -> Storage:
        scheme = Place.of(url).scheme
        if scheme not in self._by_scheme:
            raise BadInput(f"No storage is configured for {scheme}:// ({url}).")
        return self._by_scheme[scheme]


def storage(by_scheme: Mapping[str, Storage]) -> Storage:
    """Return one storage that asks the right one by the URL's scheme: s3, abfss or file."""
    return Storages(by_scheme)


def download_folder(source: Storage, files: Sequence[Stored], to: Path, *, workers: int = 8) -> list[Path]:
    """Copy files in parallel into ``to``, in the order given; ExportRefused when a size disagrees."""
    with ThreadPoolExecutor(max_workers=workers) as pool:
        return list(pool.map(lambda file: _fetch(source, file, to), files))


def _fetch(source: Storage, file: Stored, to: Path) -> Path:
    path = to / file.name
    if not path.resolve().is_relative_to(to.resolve()):
        raise ExportRefused(f"{file.url} would be written outside of its folder.", remedy="Remove that object.")
    size = source.download(file.url, path)
    if size != file.size:
        raise ExportRefused(
            f"{file.url} is {size:,} bytes, but was listed with {file.size:,}.",
            remedy="Something changed or cut it while it was read; clear the task to export again.",
        )
    return path


def _azure_credential(config: AdlsConfig) -> dict[str, Any]:
    """Return what the client is told about who we are."""
    if isinstance(config.credential, SecretStr):
        key = config.credential.get_secret_value()
        return {"credential": {"account_name": config.account, "account_key": key}}
    credential = entra_credential(config.credential, STORAGE)
    if is_loopback(config.url):
        # The client refuses to send a token over http, even to this very machine; its hook does not.
        return {"raw_request_hook": lambda request: _sign(request, credential)}
    return {"credential": TokenCredentialAdapter(credential)}


def _sign(request: Any, credential: BearerCredential) -> None:
    request.http_request.headers["Authorization"] = credential.header()
