"""Objects in s3://, abfss:// and file://."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from parity.clients.entra import EntraConfig


@dataclass(frozen=True)
class Stored:
    """One object; ``name`` is relative to the listed prefix."""

    url: str
    name: str
    size: int
    modified: datetime


class Storage(Protocol):
    """Objects by URL. Every method raises only errors of :mod:`parity.errors`."""

    def list(self, prefix: str) -> list[Stored]:
        """Return every object under the folder ``prefix``, sorted by name."""

    def read(self, url: str, start: int = 0, length: int | None = None) -> bytes:
        """Return the bytes, or a range; NotFound."""

    def write(self, url: str, data: bytes) -> None:
        """Put an object whole."""

    def download(self, url: str, to: Path) -> int:
        """Copy an object to a file and return its size in bytes."""

    def upload(self, path: Path, url: str) -> None:
        """Copy a file to an object."""

    def delete(self, url: str) -> None:
        """Delete an object; one that is gone already is fine."""


@dataclass(frozen=True)
class AdlsConfig:
    """One ADLS Gen2 account; ``endpoint`` is the Blob endpoint, empty means Azure's own."""

    account: str
    credential: EntraConfig | SecretStr
    """A SecretStr is the shared key."""
    endpoint: str = ""


def storage(by_scheme: Mapping[str, Storage]) -> Storage:
    """Return one storage that asks the right one by the URL's scheme."""
    raise NotImplementedError


def download_folder(source: Storage, files: list[Stored], to: Path, *, workers: int = 8) -> list[Path]:
    """Copy files in parallel into ``to``; ExportRefused when a size disagrees."""
    raise NotImplementedError
