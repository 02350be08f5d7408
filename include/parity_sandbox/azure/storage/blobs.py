"""One blob: put, get, properties, metadata, copy, delete; also blobs that are uploaded in blocks."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from parity_sandbox.azure.storage.blocks import Blocks
from parity_sandbox.azure.storage.conditions import check_read, check_write
from parity_sandbox.azure.storage.disk import Disk, Note, Place, etag, modified
from parity_sandbox.azure.storage.wire import META, Answer, Ask, Slice, StorageError, split, xml

RANGE = re.compile(r"bytes=(\d+)-(\d*)")
KEPT_HEADERS = ("content-encoding", "content-language", "content-disposition", "cache-control")
FOLDER = "hdi_isfolder"
UNSUPPORTED_TYPE = "sandbox limitation: only block blobs are supported, not '{}'."


def stamp(place: Place) -> dict[str, str]:
    """Return the headers that say which version of the content there is now."""
    return {"etag": etag(place.file), "last-modified": modified(place.file)}


def described(disk: Disk, place: Place) -> dict[str, str]:
    """Return every header that describes a file or folder."""
    note, folder = disk.noted(place), place.file.is_dir()
    found = {
        **stamp(place),
        "x-ms-creation-time": modified(place.file),
        "x-ms-blob-type": "BlockBlob",
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-server-encrypted": "true",
        "x-ms-access-tier": "Hot",
        "x-ms-access-tier-inferred": "true",
        "x-ms-resource-type": "directory" if folder else "file",
        "accept-ranges": "bytes",
        "content-type": note.content_type,
        **note.headers,
        **{f"{META}{name}": value for name, value in note.metadata.items()},
    }
    if folder:
        found[f"{META}{FOLDER}"] = "true"
    if note.md5:
        found["content-md5"] = base64.b64encode(bytes.fromhex(note.md5)).decode()
    return found


def note_of(ask: Ask, former: Note | None = None) -> Note:
    """Return the note of new content, as the request describes it."""
    kept = {
        name: ask.headers[f"x-ms-{_blob(name)}"] for name in KEPT_HEADERS if f"x-ms-{_blob(name)}" in ask.headers
    }
    asked = ask.headers.get("x-ms-blob-content-type") or ask.headers.get("x-ms-content-type")
    return replace(
        former or Note(),
        content_type=asked or "application/octet-stream",
        metadata=ask.metadata,
        headers=kept,
    )


def _blob(name: str) -> str:
    return f"blob-{name}"


class Blobs:
    """The operations on one blob."""

    def __init__(self, disk: Disk, blocks: Blocks) -> None:
        self.disk = disk
        self.blocks = blocks

    def place(self, ask: Ask) -> Place:
        """Return where the blob of the request lies, or would lie."""
        return self.disk.place(ask.account, ask.container, ask.path)

    def existing(self, ask: Ask) -> Place:
        """Return where the blob lies; StorageError 404 when there is none."""
        place = self.place(ask)
        if not place.file.exists():
            code = "PathNotFound" if ask.dfs else "BlobNotFound"
            raise StorageError(404, code, "The specified blob does not exist.")
        return place

    def get(self, ask: Ask) -> Answer:
        """Return the content or the range that is asked for."""
        place = self.existing(ask)
        check_read(ask, place)
        headers = described(self.disk, place)
        size = place.file.stat().st_size if place.file.is_file() else 0
        asked = RANGE.fullmatch(ask.headers.get("x-ms-range") or ask.headers.get("range") or "")
        if asked is None:
            return Answer(200, Slice(place.file, 0, size), headers)
        start = int(asked[1])
        end = min(int(asked[2]) if asked[2] else size - 1, size - 1)
        if start >= size or end < start:
            text = "The range specified is invalid for the current size of the resource."
            raise StorageError(416, "InvalidRange", text, {"content-range": f"bytes */{size}"})
        whole = headers.pop("content-md5", None)
        if whole:
            headers["x-ms-blob-content-md5"] = whole
        headers["content-range"] = f"bytes {start}-{end}/{size}"
        return Answer(206, Slice(place.file, start, end - start + 1), headers)

    def head(self, ask: Ask) -> Answer:
        """Return the properties."""
        place = self.existing(ask)
        check_read(ask, place)
        size = place.file.stat().st_size if place.file.is_file() else 0
        return Answer(200, headers={**described(self.disk, place), "content-length": str(size)})

    def put(self, ask: Ask) -> Answer:
        """Write the whole content, or make a folder when the metadata says so."""
        kind = ask.headers.get("x-ms-blob-type", "")
        if kind != "BlockBlob":
            raise StorageError(400, "InvalidHeaderValue", UNSUPPORTED_TYPE.format(kind))
        place = self.place(ask)
        check_write(ask, place)
        _intact(ask)
        if ask.metadata.get(FOLDER) == "true":
            self.disk.create(place.file)
        else:
            self.disk.write(place, [ask.body], note_of(ask))
        self.blocks.forget(place)
        return self._written(place, ask.body)

    def _written(self, place: Place, body: bytes = b"") -> Answer:
        digest = hashlib.md5(body, usedforsecurity=False).digest()
        extra = {"x-ms-request-server-encrypted": "true"}
        if body:
            extra["content-md5"] = base64.b64encode(digest).decode()
        return Answer(201, headers={**stamp(place), **extra})

    def put_block(self, ask: Ask) -> Answer:
        """Take one block; it becomes content when a block list names it."""
        place = self.place(ask)
        _intact(ask)
        self.blocks.stage(place, _block_id(ask.query.get("blockid", "")), ask.body)
        return Answer(201, headers={"x-ms-request-server-encrypted": "true"})

    def put_block_list(self, ask: Ask) -> Answer:
        """Make the named blocks, in their order, the content."""
        place = self.place(ask)
        check_write(ask, place)
        former = self.disk.noted(place) if place.file.is_file() else Note()
        chosen = [self.blocks.find(place, former, kind, name) for kind, name in _named_blocks(ask.body)]
        note = replace(note_of(ask), blocks=tuple((block.name, block.size) for block in chosen))
        self.disk.write(place, (block.content() for block in chosen), note)
        self.blocks.forget(place)
        return self._written(place)

    def get_block_list(self, ask: Ask) -> Answer:
        """List committed and staged blocks."""
        place = self.place(ask)
        staged = self.blocks.staged(place)
        if not place.file.is_file() and not staged:
            raise StorageError(404, "BlobNotFound", "The specified blob does not exist.")
        committed = self.disk.noted(place).blocks if place.file.is_file() else ()
        lists = (("CommittedBlocks", committed), ("UncommittedBlocks", tuple(staged.items())))
        return xml(
            "<BlockList>" + "".join(f"<{tag}>{_listed(rows)}</{tag}>" for tag, rows in lists) + "</BlockList>"
        )

    def set_metadata(self, ask: Ask) -> Answer:
        """Replace the metadata."""
        place = self.existing(ask)
        check_write(ask, place)
        note = self.disk.noted(place)
        self.disk.note(place, replace(note, metadata=ask.metadata))
        return Answer(200, headers=stamp(place))

    def set_properties(self, ask: Ask) -> Answer:
        """Replace content type and the like."""
        place = self.existing(ask)
        check_write(ask, place)
        former = self.disk.noted(place)
        self.disk.note(place, replace(note_of(ask, former), metadata=former.metadata))
        return Answer(200, headers=stamp(place))

    def copy(self, ask: Ask) -> Answer:
        """Copy another blob of the account; it is done when it is answered."""
        parts = urlsplit(ask.headers["x-ms-copy-source"])
        account, container, path = split(parts.path, parts.netloc)
        source = self.disk.place(account, container, path) if path else None
        if source is None or not source.file.is_file():
            raise StorageError(404, "CannotVerifyCopySource", "The specified blob does not exist.")
        place = self.place(ask)
        check_write(ask, place)
        note = self.disk.noted(source)
        metadata = ask.metadata or note.metadata
        self.disk.write(place, [source.file], replace(note, metadata=metadata))
        done = {"x-ms-copy-id": str(uuid4()), "x-ms-copy-status": "success"}
        return Answer(202, headers={**stamp(place), **done})

    def delete(self, ask: Ask) -> Answer:
        """Delete a blob; a folder must be empty, unless DFS is told to go on."""
        place = self.existing(ask)
        check_write(ask, place)
        whole = ask.query.get("recursive", "").lower() == "true"
        if place.file.is_dir() and any(place.file.iterdir()) and not whole:
            text = "This operation is not permitted on a non-empty directory."
            raise StorageError(409, "DirectoryIsNotEmpty" if not ask.dfs else "DirectoryNotEmpty", text)
        self.disk.remove(place)
        self.blocks.forget(place)
        return Answer(200 if ask.dfs else 202, headers={"x-ms-delete-type-permanent": "true"})


def _intact(ask: Ask) -> None:
    given = ask.headers.get("content-md5")
    if given and given != base64.b64encode(hashlib.md5(ask.body, usedforsecurity=False).digest()).decode():
        text = "The MD5 value specified in the request did not match with the MD5 value calculated by the server."
        raise StorageError(400, "Md5Mismatch", text)


def _block_id(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except ValueError as error:
        raise StorageError(400, "InvalidQueryParameterValue", "The block id is not valid Base64.") from error
    if not text:
        raise StorageError(400, "MissingRequiredQueryParameter", "The query parameter blockid is required.")
    return text


def _named_blocks(body: bytes) -> Iterator[tuple[str, str]]:
    if b"<!DOCTYPE" in body:
        raise StorageError(400, "InvalidXmlDocument", "XML specified is not syntactically valid.")
    try:
        root = ET.fromstring(body)  # noqa: S314 - entities need a DOCTYPE, which is refused above
    except ET.ParseError as error:
        raise StorageError(
            400, "InvalidXmlDocument", f"XML specified is not syntactically valid: {error}."
        ) from error
    for entry in root:
        yield entry.tag, (entry.text or "").strip()


def _listed(rows: tuple[tuple[str, int], ...]) -> str:
    return "".join(f"<Block><Name>{escape(name)}</Name><Size>{size}</Size></Block>" for name, size in rows)


def read(part: Slice, chunk: int = 1 << 20) -> Iterator[bytes]:
    """Yield the bytes of a part of a file."""
    left = part.length
    with Path(part.file).open("rb") as source:
        source.seek(part.start)
        while left > 0 and (piece := source.read(min(chunk, left))):
            left -= len(piece)
            yield piece
