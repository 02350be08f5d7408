"""Lists: blobs flat or by level, paths of a folder, containers; a page at a time, in the order of names."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from xml.sax.saxutils import escape

from parity_sandbox.azure.storage.blobs import FOLDER
from parity_sandbox.azure.storage.disk import Disk, etag, modified
from parity_sandbox.azure.storage.wire import Answer, Ask, StorageError, json_answer, xml

LARGEST = 5000
T = TypeVar("T")


@dataclass(frozen=True)
class Found:
    """One line of a list; a prefix has no file."""

    name: str
    file: Path | None


def page(rows: Sequence[T], marker: str, size: int) -> tuple[Sequence[T], str]:
    """Return one page and the marker of the next, or an empty one."""
    start = _offset(marker)
    size = min(size, LARGEST)
    if size < 1:
        raise StorageError(400, "OutOfRangeQueryParameterValue", "The page size must be at least 1.")
    end = start + size
    return rows[start:end], base64.urlsafe_b64encode(str(end).encode()).decode() if end < len(rows) else ""


def _offset(marker: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(marker)) if marker else 0
    except ValueError as error:
        raise StorageError(400, "InvalidQueryParameterValue", "The marker is not one of ours.") from error


def _walk(folder: Path) -> Iterator[Path]:
    """Yield every file and folder below; what disappears meanwhile is left out."""
    for entry in sorted(folder.iterdir()) if folder.is_dir() else []:
        yield entry
        if entry.is_dir() and not entry.is_symlink():
            yield from _walk(entry)


def _start(container: Path, prefix: str) -> Path:
    """Return the deepest folder that holds everything with this prefix."""
    above = prefix.rpartition("/")[0]
    folder = container / above
    inside = folder.resolve().is_relative_to(container.resolve()) and ".." not in above.split("/")
    return folder if inside else container / "\x01"


def blobs(disk: Disk, ask: Ask) -> Answer:
    """List blobs; with a delimiter what lies deeper is summed up as prefixes.

    As in an account with a hierarchical namespace, folders appear in a flat list too.
    """
    container = disk.existing(ask.account, ask.container)
    prefix, delimiter = ask.query.get("prefix", ""), ask.query.get("delimiter", "")
    start = ask.query.get("marker", "")
    size = ask.number("maxresults", LARGEST)
    rows, following = page(_matching(container, prefix, delimiter), start, size)
    wants_metadata = "metadata" in ask.query.get("include", "")
    inner = "".join(_blob(disk, ask, row, wants_metadata=wants_metadata) for row in rows)
    where = f'ServiceEndpoint="{escape(ask.base)}/{ask.account}/" ContainerName="{ask.container}"'
    # The Python client takes the size of its next page from MaxResults, and asks for 5000 when it is absent.
    asked = f"<Prefix>{escape(prefix)}</Prefix><Marker>{escape(start)}</Marker><MaxResults>{size}</MaxResults>"
    if delimiter:
        asked += f"<Delimiter>{escape(delimiter)}</Delimiter>"
    body = f"{asked}<Blobs>{inner}</Blobs><NextMarker>{following}</NextMarker>"
    return xml(f"<EnumerationResults {where}>{body}</EnumerationResults>")


def _matching(container: Path, prefix: str, delimiter: str) -> list[Found]:
    found: dict[str, Found] = {}
    for path in _walk(_start(container, prefix)):
        name = path.relative_to(container).as_posix()
        if not name.startswith(prefix):
            continue
        rest = name[len(prefix) :]
        head, deeper, _ = rest.partition(delimiter) if delimiter else (rest, "", "")
        if deeper or (delimiter == "/" and path.is_dir()):
            found.setdefault(f"{prefix}{head}{delimiter}", Found(f"{prefix}{head}{delimiter}", None))
        else:
            found[name] = Found(name, path)
    return [found[name] for name in sorted(found)]


def _blob(disk: Disk, ask: Ask, row: Found, *, wants_metadata: bool) -> str:
    name = f"<Name>{escape(row.name)}</Name>"
    if row.file is None:
        return f"<BlobPrefix>{name}</BlobPrefix>"
    try:
        place = disk.place(ask.account, ask.container, row.name)
        note, folder = disk.noted(place), row.file.is_dir()
        facts = {
            "Creation-Time": modified(row.file),
            "Last-Modified": modified(row.file),
            "Etag": etag(row.file).strip('"'),
            "ResourceType": "directory" if folder else "file",
            "Content-Length": str(0 if folder else row.file.stat().st_size),
            "Content-Type": note.content_type,
            "Content-MD5": base64.b64encode(bytes.fromhex(note.md5)).decode(),
            "BlobType": "BlockBlob",
            "AccessTier": "Hot",
            "LeaseStatus": "unlocked",
            "LeaseState": "available",
            "ServerEncrypted": "true",
        }
    except FileNotFoundError:  # deleted since it was listed
        return ""
    properties = f"<Properties>{_elements(facts)}</Properties>"
    metadata = {**note.metadata, **({FOLDER: "true"} if folder else {})}
    extra = f"<Metadata>{_elements(metadata)}</Metadata>" if wants_metadata else ""
    return f"<Blob>{name}{properties}{extra}<OrMetadata/></Blob>"


def _elements(values: dict[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())


def paths(disk: Disk, ask: Ask) -> Answer:
    """List files and folders as DFS does."""
    container = disk.existing(ask.account, ask.container)
    directory = ask.query.get("directory", "").strip("/")
    folder = disk.place(ask.account, ask.container, directory).file if directory else container
    if not folder.is_dir():
        raise StorageError(404, "PathNotFound", "The specified path does not exist.")
    recursive = ask.query.get("recursive", "").lower() == "true"
    found = list(_walk(folder)) if recursive else sorted(folder.iterdir())
    found.sort(key=lambda path: path.relative_to(container).as_posix())
    rows, following = page(found, ask.query.get("continuation", ""), ask.number("maxResults", LARGEST))
    listed = [_path(path, container) for path in rows]
    headers = {"x-ms-continuation": following} if following else {}
    return json_answer({"paths": [row for row in listed if row]}, headers)


def _path(path: Path, container: Path) -> dict[str, Any]:
    try:
        facts = {
            "name": path.relative_to(container).as_posix(),
            "contentLength": str(0 if path.is_dir() else path.stat().st_size),
            "lastModified": modified(path),
            "etag": etag(path).strip('"'),
            "owner": "$superuser",
            "group": "$superuser",
            "permissions": "rwxr-x---" if path.is_dir() else "rw-r-----",
        }
    except FileNotFoundError:  # deleted since it was listed
        return {}
    return {**facts, **({"isDirectory": "true"} if path.is_dir() else {})}


def containers(disk: Disk, ask: Ask) -> Answer:
    """List the account's containers."""
    account, prefix = disk.root / ask.account, ask.query.get("prefix", "")
    found = [folder for folder in sorted(account.iterdir()) if folder.is_dir()] if account.is_dir() else []
    found = [folder for folder in found if folder.name.startswith(prefix)]
    if ask.dfs:
        rows, following = page(found, ask.query.get("continuation", ""), ask.number("maxResults", LARGEST))
        systems = [{"name": row.name, "lastModified": modified(row), "eTag": etag(row)} for row in rows]
        return json_answer({"filesystems": systems}, {"x-ms-continuation": following} if following else {})
    size = ask.number("maxresults", LARGEST)
    rows, following = page(found, ask.query.get("marker", ""), size)
    inner = "".join(f"<Container><Name>{escape(row.name)}</Name>{_container(row)}</Container>" for row in rows)
    head = f'<EnumerationResults ServiceEndpoint="{escape(ask.base)}/{ask.account}/">'
    tail = f"<NextMarker>{following}</NextMarker></EnumerationResults>"
    asked = f"<Prefix>{escape(prefix)}</Prefix><MaxResults>{size}</MaxResults>"
    return xml(f"{head}{asked}<Containers>{inner}</Containers>{tail}")


def _container(folder: Path) -> str:
    facts = {"Last-Modified": modified(folder), "Etag": etag(folder), "LeaseStatus": "unlocked"}
    return f"<Properties>{_elements({**facts, 'LeaseState': 'available'})}</Properties>"
