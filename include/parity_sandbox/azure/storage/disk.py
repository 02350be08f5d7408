"""Files and their notes. A blob is a file at ``adls/<account>/<container>/<path>``, where Spark finds it too.

What a file cannot say of itself (content type, metadata, blocks) is noted beside, below ``storage/notes``,
never among the data. A note holds for the bytes it was written for: when something else rewrote the file,
only its metadata is believed. New content is written elsewhere and moved into place, so nobody reads half.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from email.utils import formatdate
from pathlib import Path
from uuid import uuid4

from parity_sandbox.azure.storage.wire import StorageError

CONTAINER = re.compile(r"\$root|\$logs|\$web|[a-z0-9](?:-?[a-z0-9]){2,62}")
FORBIDDEN = {"", ".", ".."}
LONGEST = 255


@dataclass(frozen=True)
class Note:
    """What is known of a file beyond its bytes."""

    content_type: str = "application/octet-stream"
    metadata: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Content-Encoding and the like, given back as they came."""
    md5: str = ""
    blocks: tuple[tuple[str, int], ...] = ()
    """Id and size of each committed block."""
    stamp: str = ""
    """The file that this note was written for."""


@dataclass(frozen=True)
class Place:
    """One file or folder of a container, and where its note lies."""

    file: Path
    note_file: Path
    name: str
    """The path inside of the container."""


def etag(path: Path) -> str:
    """Return what changes whenever the content does."""
    facts = path.stat()
    return f'"0x{facts.st_mtime_ns:X}{facts.st_size:X}{facts.st_ino & 0xFFFF:X}"'


def modified(path: Path) -> str:
    """Return the time of the last change as HTTP writes it."""
    return formatdate(path.stat().st_mtime, usegmt=True)


def bad_name(name: str) -> StorageError:
    """Return the refusal of a name that cannot be."""
    return StorageError(400, "InvalidResourceName", f"The specified resource name is invalid: {name[:100]!r}.")


@dataclass(frozen=True)
class Disk:
    """The data at ``root`` (``adls``) and, below ``side``, everything that is not data."""

    root: Path
    side: Path

    def container(self, account: str, name: str) -> Path:
        """Return a container's folder, which may not exist; StorageError 400 for an impossible name."""
        if not CONTAINER.fullmatch(name) or len(name) > 63:
            raise bad_name(name)
        return self.root / account / name

    def existing(self, account: str, name: str) -> Path:
        """Return a container's folder; StorageError 404 when there is none."""
        folder = self.container(account, name)
        if not folder.is_dir():
            raise StorageError(404, "ContainerNotFound", "The specified container does not exist.")
        return folder

    def place(self, account: str, container: str, path: str) -> Place:
        """Return where a path of an existing container lies; nothing outside of it can be named."""
        folder = self.existing(account, container)
        segments = path.removesuffix("/").split("/")
        if any(_impossible(segment) for segment in segments):
            raise bad_name(path)
        file = folder.joinpath(*segments)
        if not file.resolve().is_relative_to(folder.resolve()):
            raise bad_name(path)
        key = f"{account}/{container}/{'/'.join(segments)}"
        return Place(file, self.side / "notes" / f"{key}.note", "/".join(segments))

    def create(self, folder: Path) -> None:
        """Make a folder and those above."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            text = "The specified resource type, file or directory, does not match the existing one."
            raise StorageError(409, "ResourceTypeMismatch", text) from error

    def write(self, place: Place, chunks: Iterable[bytes | Path], note: Note) -> None:
        """Put the chunks, bytes or whole files, one after the other into one file, all at once."""
        draft = self.draft()
        digest = hashlib.md5(usedforsecurity=False)
        with draft.open("wb") as out:
            for chunk in chunks:
                _append(chunk, out.write, digest.update)
        self.create(place.file.parent)
        if place.file.is_dir():
            draft.unlink()
            raise StorageError(409, "ResourceTypeMismatch", "A directory has this name already.")
        stamp = etag(draft)
        draft.replace(place.file)
        self._keep(place, replace(note, md5=digest.hexdigest(), stamp=stamp))

    def draft(self) -> Path:
        """Return a path for a file in the making, on the same file system."""
        folder = self.side / "drafts"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / uuid4().hex

    def note(self, place: Place, note: Note) -> None:
        """Write the note of a file as it is now."""
        self._keep(place, replace(note, stamp=etag(place.file)))

    def _keep(self, place: Place, note: Note) -> None:
        draft = self.draft()
        draft.write_text(json.dumps(asdict(note)))
        place.note_file.parent.mkdir(parents=True, exist_ok=True)
        draft.replace(place.note_file)

    def noted(self, place: Place) -> Note:
        """Return the note of a file; of a file that something else wrote, only its metadata."""
        try:
            plain = json.loads(place.note_file.read_text())
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return Note()
        note = Note(**{**plain, "blocks": tuple((name, size) for name, size in plain["blocks"])})
        if note.stamp == etag(place.file):
            return note
        return Note(note.content_type, note.metadata, note.headers)

    def move(self, source: Place, target: Place) -> None:
        """Rename a file or folder with its notes."""
        self.create(target.file.parent)
        try:
            source.file.replace(target.file)
        except OSError as error:
            text = f"The source cannot take the destination's place: {error.strerror}."
            raise StorageError(409, "DestinationPathIsNotEmpty", text) from error
        for one, other in (
            (source.note_file, target.note_file),
            (_inner_notes(source), _inner_notes(target)),
        ):
            if one.exists():
                other.parent.mkdir(parents=True, exist_ok=True)
                _replace(one, other)

    def remove(self, place: Place) -> None:
        """Delete a file or folder with everything in it."""
        if place.file.is_dir():
            shutil.rmtree(place.file)
        else:
            place.file.unlink()
        place.note_file.unlink(missing_ok=True)
        shutil.rmtree(_inner_notes(place), ignore_errors=True)


def _impossible(segment: str) -> bool:
    control = any(ord(letter) < 32 for letter in segment)
    return segment in FORBIDDEN or control or "\\" in segment or len(segment.encode()) > LONGEST - 5


def _inner_notes(place: Place) -> Path:
    return place.note_file.with_name(place.note_file.name.removesuffix(".note"))


def _replace(one: Path, other: Path) -> None:
    if other.is_dir():
        shutil.rmtree(other)
    one.replace(other)


def _append(chunk: bytes | Path, *takers: object) -> None:
    if isinstance(chunk, bytes):
        for take in takers:
            take(chunk)  # type: ignore[operator]
        return
    with chunk.open("rb") as source:
        while piece := source.read(1 << 20):
            for take in takers:
                take(piece)  # type: ignore[operator]
