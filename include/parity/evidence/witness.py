"""A second copy of every entry, where whoever can write the results store cannot rewrite it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from parity.clients.artefacts import Artefacts
from parity.clients.storage import S3Storage
from parity.clients.timestamps import TimestampAuthority
from parity.errors import NotFound

_NAME = re.compile(r"(\d{8})-([0-9a-f]{64})\.(?:json|tsr)")


class Witness(Protocol):
    """Keeps entries and says which it has: an object store with immutability, or whatever only appends."""

    @property
    def name(self) -> str:
        """Return what reports call it."""

    @property
    def every(self) -> bool:
        """Return whether it needs each entry; otherwise one stands for all before it, by their hashes."""

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
    every: bool = True

    def append(self, chain: str, number: int, sha: str, line: bytes) -> None:
        """Write the entry."""
        self.folder.write(f"{chain}/{number:08}-{sha}.json", line)

    def seen(self, chain: str) -> frozenset[tuple[int, str]]:
        """Return what was ever written; in S3 that includes what a delete marker hides."""
        storage, url = self.folder.storage, self.folder.url(chain)
        names = storage.ever(url) if isinstance(storage, S3Storage) else [one.name for one in storage.list(url)]
        return frozenset((int(found[1]), found[2]) for name in names if (found := _NAME.fullmatch(name)))


@dataclass(frozen=True)
class TimestampWitness:
    """A timestamp authority, which signs when it saw an entry with its signature; what it signed is kept here."""

    authority: TimestampAuthority
    folder: Artefacts
    every: bool = False

    @property
    def name(self) -> str:
        """Return what reports call it."""
        return f"timestamps of {self.authority.host}"

    def append(self, chain: str, number: int, sha: str, line: bytes) -> None:
        """Have an entry stamped."""
        self.folder.write(f"{chain}/{number:08}-{sha}.tsr", self.authority.stamp(line))

    def seen(self, chain: str) -> frozenset[tuple[int, str]]:
        """Return the number and hash of every entry that has a timestamp."""
        return StorageWitness(self.folder, self.name).seen(chain)

    def stamps(self, chain: str) -> Iterator[tuple[int, bytes]]:
        """Yield the timestamps of a chain, each with the number of its entry."""
        for number, sha in sorted(self.seen(chain)):
            with suppress(NotFound):
                yield number, self.folder.read(f"{chain}/{number:08}-{sha}.tsr")
