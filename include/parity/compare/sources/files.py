"""The files of each side: listed, checked for truncation, and checked for changes during the run.

Files are listed here and nowhere else, and by their literal names. DuckDB takes a name for a pattern, even in a
list (``a[1].parquet`` would read ``a1.parquet``), so it is given links whose names hold nothing but digits. Where
the system allows it, these lead to files that are held open: every pass reads the very same file, even if its
folder is exchanged for another one and put back.
"""

from __future__ import annotations

import glob
import os
import resource
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from urllib.parse import unquote

from parity.compare.result import NotCompared
from parity.compare.spec import Source
from parity.errors import BadInput, CouldNotCompare, ExportRefused
from parity.wording import fold, plural

_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_CSV = tuple(f".{name}{packed}" for packed in ("", ".gz", ".zst") for name in ("csv", "tsv", "txt"))
_NULL = "__HIVE_DEFAULT_PARTITION__"
PARTITION = "parity partition"
"""Name of the folders of links, each with its partition's number, and of the column that DuckDB makes of it."""
_NO_DATA = ("_metadata", "_common_metadata")
"""Parquet files that hold no rows, only the footers of others."""
_TABLES = {"_delta_log": "Delta", ".hoodie": "Hudi"}

Partition = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class DataFile:
    """One file as it was when it was listed; ``link`` is the name under which DuckDB opens it."""

    path: str
    identity: tuple[int, ...]
    """Device, inode, size, and the times of its last change in nanoseconds."""
    partition: Partition = ()
    link: str = ""


@dataclass(frozen=True)
class SourceFiles:
    """The files of one side, all Parquet or all CSV."""

    side: str
    parquet: bool
    source: Source
    files: tuple[DataFile, ...] = ()
    notes: tuple[NotCompared, ...] = ()
    names: dict[str, str] = field(default_factory=dict)
    """What DuckDB's messages call a file, and what its name is."""

    @property
    def partitions(self) -> tuple[str, ...]:
        """Return the columns that folders are named after."""
        return tuple(name for name, _ in self.files[0].partition) if self.files else ()

    @property
    def folders(self) -> dict[Partition, int]:
        """Return the partitions with their numbers."""
        return {partition: at for at, partition in enumerate(dict.fromkeys(file.partition for file in self.files))}

    def refuse_twice(self, inside: Iterable[str]) -> None:
        """Refuse a column of the files themselves that their folders name, too: its own values would go unread."""
        folders = {fold(name) for name in self.partitions}
        for name in inside:
            if fold(name) in folders:
                raise ExportRefused(
                    f"The {self.side} column {name} is in the files and in their folders' names, of which one is "
                    "read only.",
                    remedy="Export it once, or compare folder by folder.",
                )

    def refuse_changed(self) -> None:
        """Refuse a side of which a file was changed, replaced, added or removed since it was listed."""
        now = {file.path: file for file in _list(self.source)[0]}
        for file in self.files:
            if file.path not in now or now.pop(file.path).identity != file.identity:
                raise _changed(self.side, file.path, "was changed, replaced or removed")
        for path in now:
            raise _changed(self.side, path, "was added")


def _changed(side: str, path: str, what: str) -> CouldNotCompare:
    return CouldNotCompare(
        f"{path} {what} while the {side} side was being compared, so what was read is not one state of the data.",
        remedy="Compare again when nothing writes there.",
    )


def find_files(side: str, source: Source, links: Path, resources: ExitStack) -> SourceFiles:
    """List the files of one side, link them below ``links``, and keep them open until ``resources`` is closed.

    Raises BadInput for none, and ExportRefused for a truncated one, one that is listed twice, and unequal folders.
    """
    if not all(source.paths):  # pathlib takes it for the current directory
        raise BadInput(f"The {side} side has an empty path.", remedy="Name a file, a directory or a glob.")
    for place in map(Path, source.paths):
        if place.is_dir() and links.resolve().is_relative_to(place.resolve()):
            raise BadInput(f"The scratch directory lies in the {side} side, {place}.", remedy="Name another one.")
    found, hidden = _list(source)
    if not found:
        if source.expected_rows == 0:
            return SourceFiles(side, True, source, notes=_hidden_note(side, hidden))
        raise _nothing(side, source, hidden)
    _refuse_copies(side, found)
    _let_settle(found)
    kinds = {file.path: _is_parquet(file.path) for file in found}
    if len(set(kinds.values())) > 1:
        odd = next(path for path in kinds if kinds[path] != kinds[found[0].path])
        raise BadInput(
            f"The {side} side mixes Parquet and CSV: {found[0].path} and {odd}.", remedy="Name one kind."
        )
    _refuse_unequal_folders(side, found)
    linked = _link(side, found, links / side, resources)
    names = {file.link: file.path for file in linked}
    return SourceFiles(side, kinds[found[0].path], source, linked, _hidden_note(side, hidden), names)


TICK = 10_000_000
"""Nanoseconds in which two changes of a file may leave one and the same time."""


def _let_settle(found: list[DataFile]) -> None:
    """Wait until every later change of a file is sure to leave another time than the one that was noted."""
    age = time.time_ns() - max(file.identity[-1] for file in found)
    if 0 <= age < TICK:
        time.sleep((TICK - age) / 1e9)


def _link(side: str, found: list[DataFile], folder: Path, resources: ExitStack) -> tuple[DataFile, ...]:
    """Link every file, those of one partition in a folder of their own."""
    numbers = {partition: at for at, partition in enumerate(dict.fromkeys(file.partition for file in found))}
    can_hold = _OPEN.is_dir() and len(found) <= resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4
    linked = []
    for number, file in enumerate(found):
        place = folder / f"{PARTITION}={numbers[file.partition]}"
        place.mkdir(parents=True, exist_ok=True)
        link = place / f"{number}"
        # Not by way of links above it: these could be turned elsewhere and back between two passes.
        link.symlink_to(_hold(side, file, resources) if can_hold else Path(file.path).resolve())
        linked.append(DataFile(file.path, file.identity, file.partition, str(link)))
    return tuple(linked)


_OPEN = Path("/proc/self/fd")
"""Where Linux gives a name to every file that this process holds open."""


def _hold(side: str, file: DataFile, resources: ExitStack) -> Path:
    try:
        number = os.open(file.path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise ExportRefused(f"{file.path} cannot be read: {error.strerror}.") from error
    resources.callback(os.close, number)
    if _identity(os.fstat(number)) != file.identity:
        raise _changed(side, file.path, "was changed or replaced")
    return _OPEN / str(number)


def _hidden_note(side: str, hidden: list[str]) -> tuple[NotCompared, ...]:
    if not hidden:
        return ()
    named = f"{plural(len(hidden), 'hidden file')}, such as {hidden[0]}" if len(hidden) > 1 else hidden[0]
    return (NotCompared(f"{side} data in {named}", "its name, or its folder's, begins with _ or ."),)


def _nothing(side: str, source: Source, hidden: list[str]) -> BadInput | ExportRefused:
    places = ", ".join(source.paths) or "nothing"
    if any(Path(place).is_dir() for place in source.paths):
        more = f" (only hidden ones, such as {hidden[0]})" if hidden else ""
        return ExportRefused(f"The {side} side holds no data file: {places}{more}.")
    if odd := next((place for place in source.paths if Path(place).exists()), None):
        return BadInput(
            f"{odd} is no regular file, so it cannot be read twice.", remedy="Write it to a file first."
        )
    return BadInput(f"The {side} side does not exist: {places}.", remedy="Check the path.")


def _list(source: Source) -> tuple[list[DataFile], list[str]]:
    """Return the data files in order of their names, and those that are hidden."""
    roots = [Path(place) for place in source.paths if Path(place).is_dir()]
    found: dict[str, DataFile] = {}
    hidden: list[str] = []
    for place in source.paths:
        for path, shown in _expand(place):
            if shown:
                found[str(path)] = _stat(path, roots)
            elif _holds_data(path):
                hidden.append(str(path))
    return [found[path] for path in sorted(found)], sorted(hidden)


def _expand(place: str) -> Iterator[tuple[Path, bool]]:
    """Yield the files of a place, each with whether it is to be read; a file that exists is no pattern."""
    path = Path(place)
    if path.is_file():
        yield path, True
    elif path.is_dir():
        yield from _walk(path, path, ())
    else:
        fixed = len(list(takewhile(lambda part: not glob.has_magic(part), path.parts)))
        for hit in map(Path, glob.glob(place, recursive=True, include_hidden=True)):  # noqa: PTH207 - absolute, too
            shown = _is_data(Path(*hit.parts[fixed:]))
            if hit.is_dir() and shown:
                yield from _walk(hit, hit, ())
            elif hit.is_file():
                yield hit, shown


def _walk(folder: Path, root: Path, above: tuple[tuple[int, int], ...]) -> Iterator[tuple[Path, bool]]:
    """Yield every file below a folder, through links to folders, too."""
    about = folder.stat()
    here = (about.st_dev, about.st_ino)
    if here in above:
        raise ExportRefused(f"{folder} links to a folder that it lies in, so the files below it have no end.")
    for path in sorted(_children(folder)):
        if (kind := _TABLES.get(path.name)) and path.is_dir():
            raise ExportRefused(
                f"{folder} is a {kind} table, whose log alone lists the files that are in force.",
                remedy="Export the table, and compare the export.",
            )
        shown = _is_data(path.relative_to(root))
        if path.is_dir():
            yield from _walk(path, root, (*above, here))
        elif path.is_file():
            yield path, shown
        elif shown:
            what = "is a link to nothing" if path.is_symlink() else "is no regular file"
            raise ExportRefused(f"{path} {what}: data may be missing.", remedy="Remove it, or put the file there.")


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise ExportRefused(f"{folder} cannot be read: {error.strerror}.") from error


def _stat(path: Path, roots: list[Path]) -> DataFile:
    try:
        about = path.stat()
    except OSError as error:
        raise ExportRefused(f"{path} cannot be read: {error.strerror}.") from error
    return DataFile(str(path), _identity(about), _partition(path, roots))


def _identity(about: os.stat_result) -> tuple[int, ...]:
    return (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)


def _partition(path: Path, roots: list[Path]) -> Partition:
    """Return what the folders of a file are named after, by name; below a root that is a folder only its own."""
    inner = next((path.relative_to(root) for root in roots if path.is_relative_to(root)), None)
    if inner is None:
        inner = Path() if roots else path
    pairs = [part.partition("=") for part in inner.parts[:-1] if "=" in part]
    try:
        texts = [(unquote(name, errors="strict"), unquote(value, errors="strict")) for name, _, value in pairs]
        "".join(map("".join, texts)).encode()
    except UnicodeError as error:
        raise ExportRefused(f"A folder of {path} is named after a value that is not UTF-8.") from error
    values = {name: None if value == _NULL else value for name, value in texts}
    if "" in values:
        raise ExportRefused(f"A folder of {path} is named after no column.")
    if len(values) < len(pairs):
        raise ExportRefused(f"Two folders of {path} are named after one column.")
    return tuple(sorted(values.items()))


def _refuse_copies(side: str, found: list[DataFile]) -> None:
    first: dict[tuple[int, ...], str] = {}
    for file in found:
        other = first.setdefault(file.identity[:2], file.path)
        if other != file.path:
            raise ExportRefused(
                f"The {side} side lists one file twice: {other} and {file.path}; its rows would count twice.",
                remedy="Name it once, or remove the link.",
            )


def _refuse_unequal_folders(side: str, found: list[DataFile]) -> None:
    wanted = [name for name, _ in found[0].partition]
    for file in found:
        names = [name for name, _ in file.partition]
        if names != wanted:
            has = ["/".join(f"{name}=…" for name in one) or "no column" for one in (wanted, names)]
            raise ExportRefused(
                f"The {side} files lie in unlike folders: {found[0].path} below {has[0]}, "
                f"{file.path} below {has[1]}.",
                remedy="Compare the folders one by one.",
            )


def _is_data(path: Path) -> bool:
    """Leave out what engines write beside the data: _SUCCESS, _manifest, .crc files."""
    return not any(part.startswith(("_", ".")) and "=" not in part for part in path.parts)


def _holds_data(path: Path) -> bool:
    """Return whether a file that is left out looks like data."""
    name = path.name.lower()
    return name not in _NO_DATA and (name.endswith((".parquet", *_CSV)) or _ends(path)[0] == _MAGIC)


def _is_parquet(path: str) -> bool:
    file = Path(path)
    name = file.name.lower()
    head, tail, size = _ends(file)
    if head == _MAGIC and tail == _MAGIC and size >= 12:
        return True
    if _ENCRYPTED in (head, tail):
        raise ExportRefused(f"{path} is encrypted Parquet, which is not read.", remedy="Export it unencrypted.")
    if head == _MAGIC or (name.endswith(".parquet") and size):
        raise ExportRefused(f"{path} is truncated or not Parquet: its {size:,} bytes do not end as Parquet does.")
    if name.endswith(".parquet"):
        raise ExportRefused(f"{path} is empty: not even a Parquet footer.")
    if not name.endswith(_CSV):
        raise BadInput(f"{path} is neither Parquet nor named like CSV.", remedy=f"CSV ends in {', '.join(_CSV)}.")
    return False


def _ends(file: Path) -> tuple[bytes, bytes, int]:
    """Return the first and the last four bytes of a file, and its size."""
    try:
        size = file.stat().st_size
        with file.open("rb") as opened:
            head = opened.read(4)
            opened.seek(max(0, size - 4))
            return head, opened.read(4), size
    except OSError as error:
        raise ExportRefused(f"{file} cannot be read: {error.strerror}.") from error
