"""Where an object lives on disk, and which files are not objects.

Spark writes the same folders through Hadoop's local file system, so its ``.crc`` companions lie beside the
data: they are kept, hidden from S3, and dropped when S3 replaces or deletes their object (a stale one would
make Spark's next read fail). ``_SUCCESS`` and ``_temporary/`` are ordinary objects, as they are with s3a.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER_MARKER = ".folder-marker"
"""The file that stands for an object whose key ends with a slash."""
DRAFT_SUFFIX = ".draft"


class NotAFileName(ValueError):
    """An S3 key that no file can carry; the message says why."""


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of ``s3://bucket/key`` (s3a and s3n too); ValueError for anything else."""
    scheme, mark, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme not in ("s3", "s3a", "s3n") or not mark or not bucket:
        raise ValueError(f"not an S3 location: {uri!r}; write s3://bucket/key")
    return bucket, key


def is_hidden(name: str) -> bool:
    """Return whether a file of this name is no object: a checksum companion or an unfinished write."""
    return name.startswith(".") and name.endswith((".crc", DRAFT_SUFFIX))


def check_key(key: str) -> None:
    """Raise NotAFileName for a key that would leave its bucket or has no file name."""
    segments = key.removesuffix("/").split("/")
    if any(segment in ("", ".", "..") or "\0" in segment for segment in segments):
        raise NotAFileName(f"sandbox limitation: objects are files here, and {key!r} is no file's path")
    if any(len(segment.encode()) > 255 for segment in segments):
        raise NotAFileName("Your key is too long")


@dataclass(frozen=True)
class Disk:
    """All buckets: folders under one root."""

    root: Path

    def bucket(self, name: str) -> Path:
        """Return the folder of a bucket."""
        return self.root / name

    def buckets(self) -> list[str]:
        """Return the names of all buckets, in order."""
        return sorted(entry.name for entry in self.root.iterdir() if entry.is_dir())

    def path(self, uri: str) -> Path:
        """Return the file or folder of ``s3://bucket/key``."""
        bucket, key = split_uri(uri)
        if key:
            check_key(key)
        return self.bucket(bucket) / key

    def uri(self, path: Path) -> str:
        """Return the ``s3://`` location of a file or folder under the root."""
        return f"s3://{path.relative_to(self.root).as_posix()}"


def file_of(folder: Path, key: str) -> Path:
    """Return the file that holds ``key`` in a bucket's folder."""
    check_key(key)
    return folder / key / FOLDER_MARKER if key.endswith("/") else folder / key


def walk_keys(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield every key with its file."""
    for parent, _, names in os.walk(folder):
        at = Path(parent)
        prefix = "" if at == folder else at.relative_to(folder).as_posix() + "/"
        for name in names:
            if name == FOLDER_MARKER:
                yield prefix, at / name
            elif not is_hidden(name):
                yield prefix + name, at / name


def forget_checksum(path: Path) -> None:
    """Drop Spark's checksum companion of ``path``, which a change through S3 has made stale."""
    path.with_name(f".{path.name}.crc").unlink(missing_ok=True)


def prune(path: Path, root: Path) -> None:
    """Remove the empty folders above a deleted file: in S3 a folder ends with its last object."""
    for parent in path.parents:
        if parent == root or root not in parent.parents:
            return
        try:
            parent.rmdir()
        except OSError:
            return
