"""The DFS half: files are created, appended to and flushed; folders are real, and anything can be renamed."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from parity_sandbox.azure.storage.blobs import FOLDER, Blobs, described, note_of, stamp
from parity_sandbox.azure.storage.conditions import check_write
from parity_sandbox.azure.storage.disk import Note, Place
from parity_sandbox.azure.storage.wire import Answer, Ask, StorageError

OWNED = {
    "x-ms-owner": "$superuser",
    "x-ms-group": "$superuser",
    "x-ms-permissions": "rw-r-----",
    "x-ms-acl": "user::rw-,group::r--,other::---",
}


class Paths:
    """The operations on one path of a file system."""

    def __init__(self, blobs: Blobs) -> None:
        self.blobs = blobs
        self.disk = blobs.disk
        self.blocks = blobs.blocks

    def create(self, ask: Ask) -> Answer:
        """Make an empty file or a folder."""
        place = self.blobs.place(ask)
        check_write(ask, place)
        if ask.query["resource"] == "directory":
            self.disk.create(place.file)
        elif ask.query["resource"] == "file":
            self.disk.write(place, [], replace(note_of(ask), metadata=_properties(ask)))
        else:
            raise StorageError(400, "InvalidQueryParameterValue", "resource must be file or directory.")
        self.blocks.forget(place)
        return Answer(201, headers=stamp(place))

    def rename(self, ask: Ask) -> Answer:
        """Move a file or folder here, in one step."""
        source, place = self._source(ask), self.blobs.place(ask)
        check_write(ask, place)
        if not source.file.exists():
            text = "The source path for a rename operation does not exist."
            raise StorageError(404, "SourcePathNotFound", text)
        if place.file.is_relative_to(source.file) and place.file != source.file:
            raise StorageError(409, "InvalidRenameSourcePath", "A folder cannot be moved into itself.")
        self.disk.move(source, place)
        return Answer(201, headers=stamp(place))

    def _source(self, ask: Ask) -> Place:
        """Return the source: ``/container/path``, with or without the account before."""
        path = unquote(ask.headers["x-ms-rename-source"].partition("?")[0]).lstrip("/")
        container, _, inner = path.removeprefix(f"{ask.account}/").partition("/")
        return self.disk.place(ask.account, container, inner)

    def append(self, ask: Ask) -> Answer:
        """Keep a piece of a file until it is flushed."""
        place = self._file(ask)
        position = ask.number("position", -1) if "position" in ask.query else -1
        if position < 0:
            raise StorageError(400, "MissingRequiredQueryParameter", "The query parameter position is required.")
        self.blocks.stage(place, str(position), ask.body)
        if ask.query.get("flush", "").lower() == "true":
            return self._flush(place, position + len(ask.body))
        return Answer(202, headers={"x-ms-request-server-encrypted": "true"})

    def flush(self, ask: Ask) -> Answer:
        """Make everything up to a position the content."""
        place = self._file(ask)
        check_write(ask, place)
        return self._flush(place, ask.number("position", 0))

    def _flush(self, place: Place, position: int) -> Answer:
        size = place.file.stat().st_size
        pieces = [] if position == size else list(self._pieces(place, size, position))
        if pieces:
            note = self.disk.noted(place)
            self.disk.write(place, [place.file, *pieces], replace(note, blocks=()))
        self.blocks.forget(place)
        return Answer(200, headers=stamp(place))

    def _pieces(self, place: Place, at: int, position: int) -> Iterator[Path]:
        """Yield the pieces from ``at`` to ``position``; StorageError 400 unless they fit exactly."""
        pieces = self.blocks.pieces(place)
        while at < position and at in pieces:
            yield pieces[at]
            length = pieces[at].stat().st_size
            if not length:
                break
            at += length
        if at != position:
            text = "The uploaded data is not contiguous or the position query parameter value is not equal to "
            raise StorageError(400, "InvalidFlushPosition", f"{text}the length of the file after appending it.")

    def set_properties(self, ask: Ask) -> Answer:
        """Replace the properties, which are Base64 in one header."""
        place = self.blobs.existing(ask)
        check_write(ask, place)
        self.disk.note(place, replace(self.disk.noted(place), metadata=_properties(ask)))
        return Answer(200, headers=stamp(place))

    def set_access(self, ask: Ask) -> Answer:
        """Take access rights and forget them: there is one user here."""
        return Answer(200, headers=stamp(self.blobs.existing(ask)))

    def status(self, ask: Ask) -> Answer:
        """Describe a path, its owner and its rights."""
        if not ask.path:
            folder = self.disk.existing(ask.account, ask.container)
            return Answer(200, headers={**stamp(Place(folder, folder, "")), **OWNED})
        place = self.blobs.existing(ask)
        found = described(self.disk, place)
        size = place.file.stat().st_size if place.file.is_file() else 0
        properties = _encoded(self.disk.noted(place), folder=place.file.is_dir())
        return Answer(200, headers={**found, **OWNED, **properties, "content-length": str(size)})

    def _file(self, ask: Ask) -> Place:
        place = self.blobs.existing(ask)
        if place.file.is_dir():
            raise StorageError(409, "ResourceTypeMismatch", "A directory cannot be appended to.")
        return place


def _properties(ask: Ask) -> dict[str, str]:
    """Return what ``x-ms-properties: name=Base64,…`` says."""
    pairs = (pair.partition("=") for pair in ask.headers.get("x-ms-properties", "").split(",") if pair.strip())
    try:
        return {name.strip(): base64.b64decode(value, validate=True).decode() for name, _, value in pairs}
    except ValueError as error:
        raise StorageError(400, "InvalidHeaderValue", "x-ms-properties is not name=Base64 pairs.") from error


def _encoded(note: Note, *, folder: bool) -> dict[str, str]:
    values = {**note.metadata, **({FOLDER: "true"} if folder else {})}
    pairs = [f"{name}={base64.b64encode(value.encode()).decode()}" for name, value in values.items()]
    return {"x-ms-properties": ",".join(pairs)} if pairs else {}
