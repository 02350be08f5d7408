"""moto's S3 models, with the bytes in files.

moto keeps a bucket's objects in a dict of in-memory keys. :class:`FolderKeys` is that dict over a folder:
before it answers it looks at the files, adopts what others (Spark, Athena) wrote there and forgets what they
deleted. Only an object's headers (content type, user metadata, multipart ETag) live in memory.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from moto.s3 import models
from moto.s3.exceptions import S3ClientError
from moto.s3.utils import _VersionedKeyStore

from parity_sandbox.aws.s3 import paths

Key: TypeAlias = models.FakeKey
Bucket: TypeAlias = models.FakeBucket


class Refused(S3ClientError):  # type: ignore[misc]
    """A request that S3 would allow and a folder cannot."""

    code = "InvalidArgument"


class FileKey(Key):  # type: ignore[misc]
    """An object; once stored, its bytes are read from ``file``."""

    file: Path | None = None
    signature: tuple[int, int] = (0, 0)
    _etag: str | None

    @property
    def value(self) -> bytes:
        """The object's bytes."""
        return self.file.read_bytes() if self.file else Key.value.fget(self)

    @value.setter
    def value(self, new: bytes) -> None:
        Key.value.fset(self, new)

    @property
    def etag(self) -> str:
        """The quoted MD5 of the bytes, or what a multipart upload made."""
        if self._etag is None and self.file:
            self._etag = models.md5_hash(self.file.read_bytes()).hexdigest()
        return str(Key.etag.fget(self))

    def settle(self, file: Path) -> None:
        """Let ``file`` hold the bytes from now on."""
        status = file.stat()
        self.file, self.signature = file, (status.st_size, status.st_mtime_ns)
        self.contentsize = status.st_size
        self.last_modified = datetime.fromtimestamp(status.st_mtime, UTC).replace(tzinfo=None)
        self._value_buffer.close()


class FolderKeys(_VersionedKeyStore):  # type: ignore[misc]
    """A bucket's objects by key, true to its folder."""

    def __init__(self, bucket: Bucket, folder: Path) -> None:
        super().__init__()
        self._bucket, self._folder, self._lock = bucket, folder, threading.RLock()

    def __sgetitem__(self, key: str) -> list[Any]:
        with self._lock:
            self._look(key)
            return list(dict.__getitem__(self, key))

    def __contains__(self, key: object) -> bool:
        return bool(self.getlist(str(key), []))

    def __len__(self) -> int:
        return len(self._self_iterable())

    def __iter__(self) -> Iterator[str]:
        return iter(self._self_iterable())

    def setlist(self, key: str, list_: list[FileKey]) -> None:
        """Write the newest version to its file and remember its headers."""
        newest = list_[-1]
        try:
            file = paths.file_of(self._folder, key)
        except paths.NotAFileName as error:
            raise Refused(str(error)) from error
        with self._lock:
            _write(file, newest.value)
            newest.settle(file)
            dict.__setitem__(self, key, [newest])

    def pop(self, key: str) -> None:
        """Delete the object; KeyError when there is none."""
        with self._lock:
            self.__sgetitem__(key)
            file = paths.file_of(self._folder, key)
            file.unlink(missing_ok=True)
            paths.forget_checksum(file)
            paths.prune(file, self._folder)
            dict.pop(self, key, None)

    def _self_iterable(self) -> dict[str, Any]:
        with self._lock:
            found = dict(paths.walk_keys(self._folder))
            stale: set[str] = set(dict.keys(self)) - set(found)
            for gone in stale:
                dict.pop(self, gone, None)
            for key, file in found.items():
                self._match(key, file)
            return dict(dict.items(self))

    def _look(self, key: str) -> None:
        try:
            file = paths.file_of(self._folder, key)
        except paths.NotAFileName:
            raise KeyError(key) from None
        if file.is_file() and not paths.is_hidden(file.name):
            self._match(key, file)
        else:
            dict.pop(self, key, None)

    def _match(self, key: str, file: Path) -> None:
        try:
            status = file.stat()
        except FileNotFoundError:
            dict.pop(self, key, None)
            return
        known = dict.get(self, key)
        if known is None or known[-1].signature != (status.st_size, status.st_mtime_ns):
            dict.__setitem__(self, key, [self._adopt(key, file)])

    def _adopt(self, key: str, file: Path) -> FileKey:
        bucket = self._bucket
        adopted = FileKey(key, b"", bucket.account_id, bucket.region_name, bucket_name=bucket.name)
        adopted._version_id = "null"  # noqa: SLF001 - as moto does for an unversioned bucket
        adopted.settle(file)
        return adopted


def _write(file: Path, content: bytes) -> None:
    """Write in one step, so that no reader sees half an object."""
    draft = file.with_name(f".{file.name[:100]}.{uuid.uuid4().hex}{paths.DRAFT_SUFFIX}")
    if file.is_dir() or any(parent.is_file() for parent in file.parents):
        raise Refused(f"sandbox limitation: {file.name!r} cannot be a file and a folder at once")
    file.parent.mkdir(parents=True, exist_ok=True)
    draft.write_bytes(content)
    draft.replace(file)
    paths.forget_checksum(file)
