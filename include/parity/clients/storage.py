"""Objects in s3://, abfss:// and file://, behind one protocol.

Reading comes with checks: a download that is shorter or longer than what was listed is refused, because half a
file can be a valid table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from parity.clients.aws import AwsClients, aws_errors
from parity.clients.objects import ObjectUrl, local_errors, save
from parity.errors import BadInput, ExportRefused

CHUNK = 1 << 20


@dataclass(frozen=True)
class ObjectInfo:
    """One object; ``name`` is relative to the listed prefix."""

    url: str
    name: str
    size: int
    modified: datetime
    version: str = ""
    """What identifies these very bytes, such as an ETag."""


class Storage(Protocol):
    """Objects by URL. Every method raises only errors of :mod:`parity.errors`."""

    def list(self, prefix: str) -> Sequence[ObjectInfo]:
        """Return every object under the folder ``prefix``, sorted by name; none when it does not exist."""

    def folders(self, prefix: str) -> Sequence[str]:
        """Return the names of the folders directly under ``prefix``, sorted; nothing deeper is listed."""

    def read(self, url: str) -> bytes:
        """Return the bytes; NotFound."""

    def write(self, url: str, data: bytes) -> None:
        """Put an object whole."""

    def download(self, url: str, to: Path) -> int:
        """Copy an object to a file and return its size in bytes; NotFound."""

    def delete(self, url: str) -> None:
        """Delete an object, or a folder that is empty; one that is gone already is fine."""


class S3Storage:
    """Objects in S3."""

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients

    def list(self, prefix: str) -> Sequence[ObjectInfo]:
        """Return every object under the folder ``prefix``; all pages."""
        parsed = ObjectUrl.of(prefix)
        with aws_errors("S3", prefix):
            pages = self._clients("s3").get_paginator("list_objects_v2")
            found = [
                item
                for page in pages.paginate(Bucket=parsed.root, Prefix=parsed.prefix)
                for item in page.get("Contents", [])
                if not item["Key"].endswith("/")
            ]
        start = len(parsed.prefix)
        return [
            ObjectInfo(f"s3://{parsed.root}/{i['Key']}", i["Key"][start:], i["Size"], i["LastModified"], i["ETag"])
            for i in found
        ]

    def folders(self, prefix: str) -> Sequence[str]:
        """Return the names of the folders directly under ``prefix``; all pages."""
        parsed = ObjectUrl.of(prefix)
        with aws_errors("S3", prefix):
            pages = self._clients("s3").get_paginator("list_objects_v2")
            request = {"Bucket": parsed.root, "Prefix": parsed.prefix, "Delimiter": "/"}
            found = [
                item["Prefix"] for page in pages.paginate(**request) for item in page.get("CommonPrefixes", [])
            ]
        return sorted(name[len(parsed.prefix) :].rstrip("/") for name in found)

    def ever(self, prefix: str) -> Sequence[str]:
        """Return the names of objects under the folder ``prefix`` of which a version is left, hidden or not."""
        parsed = ObjectUrl.of(prefix)
        with aws_errors("S3", prefix):
            pages = self._clients("s3").get_paginator("list_object_versions")
            found = [
                item["Key"][len(parsed.prefix) :]
                for page in pages.paginate(Bucket=parsed.root, Prefix=parsed.prefix)
                for item in page.get("Versions", [])
            ]
        return sorted(set(found))

    def read(self, url: str) -> bytes:
        """Return the bytes."""
        with aws_errors("S3", url):
            return bytes(self._body(url).read())

    def write(self, url: str, data: bytes) -> None:
        """Put an object whole."""
        parsed = ObjectUrl.of(url)
        with aws_errors("S3", url):
            self._clients("s3").put_object(Bucket=parsed.root, Key=parsed.key, Body=data)

    def download(self, url: str, to: Path) -> int:
        """Copy an object to a file."""
        with aws_errors("S3", url), local_errors(to):
            return save(self._body(url).iter_chunks(CHUNK), to)

    def delete(self, url: str) -> None:
        """Delete an object."""
        parsed = ObjectUrl.of(url)
        with aws_errors("S3", url):
            self._clients("s3").delete_object(Bucket=parsed.root, Key=parsed.key)

    def _body(self, url: str) -> Any:
        parsed = ObjectUrl.of(url)
        return self._clients("s3").get_object(Bucket=parsed.root, Key=parsed.key)["Body"]


class Storages:
    """One storage over several, chosen by the URL's scheme: s3, abfss or file."""

    def __init__(self, by_scheme: Mapping[str, Storage]) -> None:
        self._by_scheme = dict(by_scheme)

    def list(self, prefix: str) -> Sequence[ObjectInfo]:
        """Return every object under the folder ``prefix``, sorted by name."""
        return sorted(self._of(prefix).list(prefix), key=lambda stored: stored.name)

    def folders(self, prefix: str) -> Sequence[str]:
        """Return the names of the folders directly under ``prefix``, sorted."""
        return self._of(prefix).folders(prefix)

    def read(self, url: str) -> bytes:
        """Return the bytes."""
        return self._of(url).read(url)

    def write(self, url: str, data: bytes) -> None:
        """Put an object whole."""
        self._of(url).write(url, data)

    def download(self, url: str, to: Path) -> int:
        """Copy an object to a file."""
        return self._of(url).download(url, to)

    def delete(self, url: str) -> None:
        """Delete an object."""
        self._of(url).delete(url)

    def _of(self, url: str) -> Storage:
        scheme = ObjectUrl.of(url).scheme
        if scheme not in self._by_scheme:
            raise BadInput(f"No storage is configured for {scheme}:// ({url}).")
        return self._by_scheme[scheme]


def download_folder(source: Storage, files: Sequence[ObjectInfo], to: Path, *, workers: int = 8) -> list[Path]:
    """Copy files in parallel into ``to``, in the order given; ExportRefused when a size disagrees."""
    with ThreadPoolExecutor(max_workers=workers) as pool:
        return list(pool.map(lambda file: _fetch(source, file, to), files))


def _fetch(source: Storage, file: ObjectInfo, to: Path) -> Path:
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
