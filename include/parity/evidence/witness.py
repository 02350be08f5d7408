"""A second copy of every entry, where whoever can write the results store cannot rewrite it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from parity.clients.artefacts import Artefacts
from parity.clients.storage import S3Storage

_NAME = re.compile(r"(\d{8})-([0-9a-f]{64})\.json")


class Witness(Protocol):
    """Keeps entries and says which it has: an object store with immutability, or whatever only appends."""

    @property
    def name(self) -> str:
        """Return what reports call it."""

    def append(self, chain: str, number: int, sha: str, line: bytes) -> None:
        """Keep an entry; the same one again changes nothing."""

    def seen(self, chain: str) -> frozenset[tuple[int, str]]:
        """Return the number and hash of every entry that was ever kept."""


@dataclass(frozen=True)
class StorageWitness:
    """A folder of object storage, one object an entry.

    An object's name holds the entry's hash: a second entry of one number is a second object, never an overwritten
    first. That nothing can be deleted is up to the storage: an Azure container with an immutability policy, or a
    bucket with Object Lock and a default retention.
    """

    folder: Artefacts
    name: str

    def append(self, chain: str, number: int, sha: str, line: bytes) -> None:
        """Write the entry."""
        self.folder.write(f"{chain}/{number:08}-{sha}.json", line)

    def seen(self, chain: str) -> frozenset[tuple[int, str]]:
        """Return what was ever written; in S3 that includes what a delete marker hides."""
        storage, url = self.folder.storage, self.folder.url(chain)
        names = storage.ever(url) if isinstance(storage, S3Storage) else [one.name for one in storage.list(url)]
        return frozenset((int(found[1]), found[2]) for name in names if (found := _NAME.fullmatch(name)))
