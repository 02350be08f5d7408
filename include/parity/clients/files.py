"""Objects in file://: a disk of this machine, or one that is mounted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from parity.clients.objects import DRAFT, ObjectUrl, local_errors, save
from parity.clients.storage import CHUNK, ObjectInfo


def file_url(path: Path) -> str:
    """Return the URL of a file or folder; like an object's, its name is written as it is, never escaped."""
    return f"file://{path.absolute()}"


def folder_of(parsed: str) -> Path:
    """Return the folder that a path or a file:// URL names."""
    return Path(parsed.removeprefix("file://")).absolute()


class FileStorage:
    """Objects on this machine."""

    def list(self, prefix: str) -> Sequence[ObjectInfo]:
        """Return every file under the folder ``prefix``, without what is still being written."""
        folder = self._path(prefix)
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != DRAFT)
        return [self._stored(path, path.relative_to(folder).as_posix()) for path in files]

    def folders(self, prefix: str) -> Sequence[str]:
        """Return the names of the folders directly under ``prefix``."""
        folder = self._path(prefix)
        return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []

    def read(self, url: str) -> bytes:
        """Return the bytes."""
        path = self._path(url)
        with local_errors(path):
            return path.read_bytes()

    def write(self, url: str, data: bytes) -> None:
        """Put a file whole, in one step."""
        path = self._path(url)
        with local_errors(path):
            save([data], path)

    def download(self, url: str, to: Path) -> int:
        """Copy a file."""
        path = self._path(url)
        with local_errors(path), path.open("rb") as file:
            return save(iter(lambda: file.read(CHUNK), b""), to)

    def delete(self, url: str) -> None:
        """Delete a file, or a folder that is empty."""
        path = self._path(url)
        with local_errors(path):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)

    @staticmethod
    def _path(url: str) -> Path:
        return Path("/" + ObjectUrl.of(url).key)

    @staticmethod
    def _stored(path: Path, name: str) -> ObjectInfo:
        about = path.stat()
        version = f"{about.st_dev}-{about.st_ino}-{about.st_mtime_ns}-{about.st_ctime_ns}"
        modified = datetime.fromtimestamp(about.st_mtime, UTC)
        return ObjectInfo(file_url(path), name, about.st_size, modified, version)
