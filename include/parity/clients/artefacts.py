"""Where results are stored: a folder of some storage, by names below it.

Reports, Data Docs and the full results of Great Expectations go through it, so that several workers
and the API server need no disk in common.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from parity.clients.storage import ObjectInfo, Storage
from parity.errors import NotFound

WORKERS = 8
_UNSAFE = re.compile(r"[\x00-\x1f\\]")


@dataclass(frozen=True)
class Artefacts:
    """A folder of results. Names are relative, with ``/`` between their parts; none leads out of the folder."""

    root: str
    """URL of the folder: s3://, abfss:// or file://."""
    storage: Storage

    @classmethod
    def on_disk(cls, folder: Path) -> Artefacts:
        """Return the artefacts in a folder of this machine."""
        from parity.clients.files import FileStorage, file_url

        return cls(file_url(folder), FileStorage())

    def url(self, name: str) -> str:
        """Return the URL of ``name``; NotFound for a name that would lead out of the folder."""
        parts = name.split("/")
        if _UNSAFE.search(name) or any(part in ("", ".", "..") for part in parts):
            raise NotFound(f"{name!r} is no name of an artefact.")
        return f"{self.root.rstrip('/')}/{name}"

    def read(self, name: str) -> bytes:
        """Return the bytes of ``name``; NotFound."""
        return self.storage.read(self.url(name))

    def write(self, name: str, data: str | bytes) -> str:
        """Put ``name`` whole, in one step, and return the name."""
        self.storage.write(self.url(name), data.encode() if isinstance(data, str) else data)
        return name

    def listed(self, folder: str) -> Sequence[ObjectInfo]:
        """Return everything below ``folder``, at any depth."""
        return self.storage.list(self.url(folder))

    def folders(self, folder: str = "") -> Sequence[str]:
        """Return the names of the folders directly under ``folder``, or under the root."""
        return self.storage.folders(self.url(folder) if folder else self.root)

    def read_each(self, names: Iterable[str]) -> dict[str, bytes]:
        """Return the bytes of every name that exists, read in parallel."""
        wanted = list(names)
        with ThreadPoolExecutor(WORKERS) as pool:
            found = dict(zip(wanted, pool.map(self._read_if_there, wanted), strict=True))
        return {name: data for name, data in found.items() if data is not None}

    def delete_folder(self, folder: str) -> Sequence[ObjectInfo]:
        """Delete everything below ``folder`` and return what that was."""
        gone = self.listed(folder)
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(self.storage.delete, [stored.url for stored in gone]))
        # A disk, and ADLS with a hierarchy, keep the empty folders; the deepest have to go first.
        for below in sorted(_folders_of(gone), reverse=True):
            self.storage.delete(f"{self.url(folder)}/{below}")
        self.storage.delete(self.url(folder))
        return gone

    def _read_if_there(self, name: str) -> bytes | None:
        with suppress(NotFound):
            return self.read(name)
        return None


def _folders_of(stored: Iterable[ObjectInfo]) -> set[str]:
    """Return every folder between the listed one and its files."""
    return {str(above) for one in stored for above in PurePosixPath(one.name).parents if above.name}
