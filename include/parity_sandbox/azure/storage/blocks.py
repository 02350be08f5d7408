"""Blocks and appended pieces that are not content yet; on disk, because uploads are large."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from parity_sandbox.azure.storage.disk import Disk, Note, Place
from parity_sandbox.azure.storage.wire import StorageError

UNKNOWN = "The specified block list is invalid."


@dataclass(frozen=True)
class Block:
    """One block: a staged file, or a part of the committed one."""

    name: str
    size: int
    file: Path
    start: int = 0

    def content(self) -> bytes | Path:
        """Return its bytes, or the file that holds nothing else."""
        if self.start == 0 and self.file.stat().st_size == self.size:
            return self.file
        with self.file.open("rb") as source:
            source.seek(self.start)
            return source.read(self.size)


@dataclass(frozen=True)
class Blocks:
    """Everything staged, below ``storage/staged``."""

    disk: Disk

    def stage(self, place: Place, name: str, content: bytes) -> None:
        """Keep a block; a second one of the same name replaces it."""
        folder = self._folder(place)
        folder.mkdir(parents=True, exist_ok=True)
        draft = self.disk.draft()
        draft.write_bytes(content)
        draft.replace(folder / name.encode().hex())

    def staged(self, place: Place) -> dict[str, int]:
        """Return the size of each staged block by name."""
        folder = self._folder(place)
        files = sorted(folder.iterdir()) if folder.is_dir() else []
        return {bytes.fromhex(file.name).decode(): file.stat().st_size for file in files}

    def find(self, place: Place, former: Note, kind: str, name: str) -> Block:
        """Return the block that a block list names; StorageError 400 when there is none."""
        staged = self._folder(place) / name.encode().hex()
        if kind in {"Latest", "Uncommitted"} and name and staged.is_file():
            return Block(name, staged.stat().st_size, staged)
        start = 0
        for known, size in former.blocks:
            if known == name and kind in {"Latest", "Committed"}:
                return Block(name, size, place.file, start)
            start += size
        raise StorageError(400, "InvalidBlockList", UNKNOWN)

    def pieces(self, place: Place) -> dict[int, Path]:
        """Return the appended pieces of a DFS file by position."""
        folder = self._folder(place)
        return {int(name): folder / name.encode().hex() for name in self.staged(place) if name.isdigit()}

    def forget(self, place: Place) -> None:
        """Drop whatever is staged for a file."""
        shutil.rmtree(self._folder(place), ignore_errors=True)

    def _folder(self, place: Place) -> Path:
        key = hashlib.sha256(str(place.file).encode()).hexdigest()
        return self.disk.side / "staged" / key
