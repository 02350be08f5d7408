"""Parquet files as facts: rows and columns from the footers, and an empty file where an engine wrote none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity.errors import ExportRefused

EMPTY = "no-rows.parquet"


@dataclass(frozen=True)
class ExportColumn:
    """A column with the type as its engine names it."""

    name: str
    type: str


@dataclass(frozen=True)
class Footer:
    """The footer of a Parquet file."""

    rows: int
    arrow: Any
    """pyarrow.Schema."""


def read_footer(path: Path, where: str) -> Footer:
    """Return a file's footer; ExportRefused when the file is cut, empty or no Parquet at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            return Footer(file.metadata.num_rows, file.schema_arrow.remove_metadata())
    except (pa.ArrowException, OSError):
        raise ExportRefused(
            f"{where} is not a whole Parquet file ({path.stat().st_size:,} bytes).",
            remedy="It was cut while it was written or copied; clear the task to export again.",
        ) from None


def columns_of(footer: Footer) -> tuple[ExportColumn, ...]:
    """Return a file's columns with Arrow's names of their types."""
    return tuple(ExportColumn(field.name, str(field.type)) for field in footer.arrow)


def schema_disagreements(columns: Sequence[ExportColumn], footer: Footer) -> Iterator[str]:
    """Yield each way in which a file's columns are not those that were declared in Spark's types."""
    declared, found = [c.name for c in columns], list(footer.arrow.names)
    if declared != found:
        yield f"its columns are {', '.join(found) or 'none'}, not {', '.join(declared)}"
        return
    for column in columns:
        kind = footer.arrow.field(column.name).type
        if not _fits(column.type, kind):
            yield f"column {column.name} is {kind}, not {column.type}"


def moments_of(columns: Sequence[ExportColumn]) -> tuple[str, ...]:
    """Return the columns of moments, which the helper job writes as wall times in UTC.

    ExportRefused for nested values that hold times of a zone beside times of none: the file does not show which.
    """
    found = [column for column in columns if _MOMENT.search(column.type)]
    for column in found:
        if _WALL_TIME.search(column.type):
            raise ExportRefused(
                f"Column {column.name} is {column.type}: timestamps of both kinds are in one nested value.",
                remedy="Leave the column out, or make its timestamps of one kind in a view.",
            )
    return tuple(column.name for column in found)


_MOMENT = re.compile(r"\btimestamp\b(?!`?:)", re.IGNORECASE)
_WALL_TIME = re.compile(r"\btimestamp_ntz\b(?!`?:)", re.IGNORECASE)
"""The types, and not fields of these names, which a colon follows."""


def write_empty(columns: Sequence[ExportColumn], to: Path) -> Path:
    """Write a Parquet file without rows; ExportRefused when a type cannot be said without data."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([pa.field(column.name, arrow_type(column)) for column in columns])
    path = to / EMPTY
    pq.write_table(schema.empty_table(), path)
    return path


def arrow_type(column: ExportColumn) -> Any:
    """Return the Arrow type of a column as Spark or Athena names it."""
    import pyarrow as pa

    if found := _DECIMAL.fullmatch(column.type.strip().lower()):
        return pa.decimal128(int(found[1]), int(found[2]))
    build = _TYPES.get(_plain(column.type))
    if build is None:
        raise ExportRefused(
            f"Column {column.name} of an export without rows is {column.type}, whose parts only data could show.",
            remedy="Leave the column out, or compare a date that has rows.",
        )
    return build(pa)


_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")
_NESTED = {"array": "is_list", "map": "is_map", "struct": "is_struct"}
_TYPES: dict[str, Callable[[Any], Any]] = {
    "boolean": lambda pa: pa.bool_(),
    "tinyint": lambda pa: pa.int8(),
    "smallint": lambda pa: pa.int16(),
    "int": lambda pa: pa.int32(),
    "integer": lambda pa: pa.int32(),
    "bigint": lambda pa: pa.int64(),
    "float": lambda pa: pa.float32(),
    "real": lambda pa: pa.float32(),
    "double": lambda pa: pa.float64(),
    "string": lambda pa: pa.string(),
    "varchar": lambda pa: pa.string(),
    "char": lambda pa: pa.string(),
    "json": lambda pa: pa.string(),
    "binary": lambda pa: pa.binary(),
    "varbinary": lambda pa: pa.binary(),
    "date": lambda pa: pa.date32(),
    "timestamp": lambda pa: pa.timestamp("us", "UTC"),
    "timestamp_ntz": lambda pa: pa.timestamp("us"),
}
"""By the names of Spark and of Athena."""


def _plain(kind: str) -> str:
    """Return a type's name without its length: ``varchar(20)`` is ``varchar``."""
    return re.sub(r"^(varchar|char)\(\d+\)$", r"\1", kind.strip().lower())


def _fits(declared: str, kind: Any) -> bool:
    import pyarrow as pa

    plain = declared.strip().lower()
    if nested := _NESTED.get(plain.partition("<")[0]):
        return bool(getattr(pa.types, nested)(kind))
    if plain in ("timestamp", "timestamp_ntz"):
        return bool(kind == pa.timestamp("us"))
    if not _DECIMAL.fullmatch(plain) and _plain(declared) not in _TYPES:
        return False
    return bool(kind == arrow_type(ExportColumn("", declared)))
