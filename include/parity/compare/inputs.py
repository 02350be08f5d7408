"""Which files a side is made of, and whether they are whole; nothing is read here but listings and magic bytes."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from parity.compare.spec import Source
from parity.errors import BadInput, ExportRefused

_MAGIC = b"PAR1"
_CSV = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".csv.zst")


@dataclass(frozen=True)
class Files:
    """The files of one side, all Parquet or all CSV; ``hive`` when folders are named ``column=value``."""

    side: str
    parquet: bool
    paths: tuple[str, ...]
    hive: bool = False

    @property
    def partitions(self) -> frozenset[str]:
        """Return the columns that folders are named after."""
        parts = (part for path in self.paths for part in Path(path).parts[:-1] if "=" in part) if self.hive else ()
        return frozenset(part.split("=", 1)[0] for part in parts)

    def refuse_twice(self, inside: Iterable[str]) -> None:
        """Refuse a column of the files themselves that their folders name, too: its own values would go unread."""
        folders = {name.casefold() for name in self.partitions}
        for name in inside:
            if name.casefold() in folders:
                raise ExportRefused(
                    f"The {self.side} column {name} is in the files and in their folders' names, of which one is "
                    "read only.",
                    remedy="Export it once, or compare folder by folder.",
                )


def find_files(side: str, source: Source) -> Files:
    """List the files of one side; raise BadInput for none and ExportRefused for a truncated one."""
    found = tuple(sorted({path for place in source.paths for path in _expand(place)}))
    if not found:
        if source.expected_rows == 0:
            return Files(side, True, ())
        raise _nothing(side, source)
    kinds = {path: _is_parquet(path) for path in found}
    if len(set(kinds.values())) > 1:
        odd = next(path for path in found if kinds[path] != kinds[found[0]])
        raise BadInput(f"The {side} side mixes Parquet and CSV: {found[0]} and {odd}.", remedy="Name one kind.")
    return Files(side, kinds[found[0]], found, _hive(source, found))


def _nothing(side: str, source: Source) -> BadInput | ExportRefused:
    places = ", ".join(source.paths) or "nothing"
    if any(Path(place).is_dir() for place in source.paths):
        return ExportRefused(f"The {side} side holds no data file: {places}.")
    return BadInput(f"The {side} side does not exist: {places}.", remedy="Check the path.")


def _expand(place: str) -> list[str]:
    path = Path(place)
    if path.is_file():
        return [str(path)]
    if path.is_dir():
        return [str(file) for file in path.rglob("*") if file.is_file() and _is_data(file.relative_to(path))]
    hits = [Path(hit) for hit in glob.glob(place, recursive=True)]  # noqa: PTH207 - absolute patterns too
    files = [str(hit) for hit in hits if hit.is_file() and _is_data(Path(hit.name))]
    return files + [file for hit in hits if hit.is_dir() for file in _expand(str(hit))]


def _is_data(path: Path) -> bool:
    """Leave out what engines write beside the data: _SUCCESS, _manifest.json, .crc files."""
    return not any(part.startswith(("_", ".")) and "=" not in part for part in path.parts)


def _is_parquet(path: str) -> bool:
    file = Path(path)
    head, tail, size = _ends(file)
    if head == _MAGIC and tail == _MAGIC and size >= 12:
        return True
    if head == _MAGIC or (file.name.endswith(".parquet") and size):
        raise ExportRefused(f"{path} is truncated or not Parquet: its {size:,} bytes do not end as Parquet does.")
    if file.name.endswith(".parquet"):
        raise ExportRefused(f"{path} is empty: not even a Parquet footer.")
    if not file.name.lower().endswith(_CSV):
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


def _hive(source: Source, found: tuple[str, ...]) -> bool:
    roots = [Path(place) for place in source.paths if Path(place).is_dir()]
    inner = [Path(path).relative_to(root) for path in found for root in roots if Path(path).is_relative_to(root)]
    if not roots:
        inner = [Path(path) for path in found]
    return any("=" in part for path in inner for part in path.parts[:-1])
