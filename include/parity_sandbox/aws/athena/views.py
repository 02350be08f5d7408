"""A catalogued table as a DuckDB view over its files, with the types of the catalogue."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from parity_sandbox.aws.athena import text_files
from parity_sandbox.aws.athena.failures import QueryFailed
from parity_sandbox.aws.athena.tables import JSON, PARQUET, Column, Partition, Table
from parity_sandbox.aws.s3.paths import Disk

if TYPE_CHECKING:
    import duckdb

FAMILIES = (
    ("whole", re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$")),
    ("float", re.compile(r"FLOAT|DOUBLE|REAL")),
    ("decimal", re.compile(r"DECIMAL")),
    ("text", re.compile(r"VARCHAR$|TEXT$|VARCHAR\(|CHAR")),
    ("date", re.compile(r"DATE$")),
    ("time", re.compile(r"TIMESTAMP")),
)


def quoted(name: str) -> str:
    """Return a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Return a quoted text."""
    return "'" + value.replace("'", "''") + "'"


def data_files(disk: Disk, location: str) -> list[Path]:
    """Return the files that Athena reads under a location: nothing that begins with ``_`` or ``.``."""
    at = disk.path(location)
    if at.is_file():
        return [at]
    found = (path for path in at.rglob("*") if path.is_file())
    return sorted(path for path in found if not any(part[0] in "._" for part in path.relative_to(at).parts))


class Views:
    """Makes views in one connection, and remembers which files each reads."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, disk: Disk) -> None:
        self._connection, self._disk = connection, disk

    def create(self, table: Table, partitions: Sequence[Partition] | None) -> None:
        """Make the view of ``table`` over these of its partitions; None for a table without keys."""
        chosen = [Partition((), table.location)] if partitions is None else partitions
        selects = [self._select(table, one) for one in chosen if self.files(one)]
        body = " union all ".join(selects) or self._nothing(table)
        self._connection.execute(f"create temp view {quoted(f'{table.database}.{table.name}')} as {body}")

    def files(self, partition: Partition) -> list[Path]:
        """Return a partition's files."""
        return data_files(self._disk, partition.location)

    def _nothing(self, table: Table) -> str:
        columns = ", ".join(f"cast(null as {one.duck}) as {quoted(one.name)}" for one in table.all_columns)
        return f"select {columns} where false"

    def _select(self, table: Table, partition: Partition) -> str:
        source = self._source(table, self.files(partition))
        columns = self._data_columns(table, source)
        keys = [
            f"cast({literal(value)} as {key.duck}) as {quoted(key.name)}"
            for key, value in zip(table.keys, partition.values, strict=True)
        ]
        return f"select {', '.join(columns + keys)} from {source}"

    def _source(self, table: Table, files: Sequence[Path]) -> str:
        paths = "[" + ", ".join(literal(str(path)) for path in files) + "]"
        if table.format == PARQUET:
            return f"read_parquet({paths}, union_by_name = true, hive_partitioning = false)"
        if table.format == JSON:
            kinds = ", ".join(f"{literal(one.name)}: {literal(one.duck)}" for one in table.columns)
            lines = "format = 'newline_delimited', hive_partitioning = false"
            return f"read_json({paths}, columns = {{{kinds}}}, {lines})"
        return self._text(table, files)

    def _text(self, table: Table, files: Sequence[Path]) -> str:
        """Register the rows of text files in the connection and return their name."""
        if "opencsv" in table.serde.lower() and any(
            c.duck.startswith(("DATE", "TIMESTAMP")) for c in table.columns
        ):
            raise QueryFailed("sandbox limitation: OpenCSVSerDe reads dates as numbers; declare them as string")
        name = f"_text_{uuid.uuid4().hex}"
        self._connection.register(name, text_files.arrow_table(table, files))
        return name

    def _data_columns(self, table: Table, source: str) -> list[str]:
        if table.format != PARQUET:
            return [_parsed(table, one) for one in table.columns]
        described = self._connection.execute(f"describe select * from {source}").fetchall()
        there = {name.lower(): (name, kind) for name, kind, *_ in described}
        return [_from_parquet(table, one, there.get(one.name)) for one in table.columns]


def _parsed(table: Table, column: Column) -> str:
    """Return a field as its type: OpenCSVSerde reads texts, of which a cast makes the rest."""
    name = quoted(column.name)
    if table.format == JSON:
        return _milliseconds(name, column)
    return _milliseconds(f"cast({name} as {column.duck})", column)


def _from_parquet(table: Table, column: Column, there: tuple[str, str] | None) -> str:
    if there is None:
        return f"cast(null as {column.duck}) as {quoted(column.name)}"
    name, kind = there
    if _family(kind) != _family(column.duck) or _loses_scale(kind, column.duck):
        raise QueryFailed(
            f"HIVE_BAD_DATA: Field {column.name}'s type {kind} in parquet file is incompatible with type "
            f"{column.hive} defined in table schema of {table.database}.{table.name}"
        )
    return _milliseconds(f"cast({quoted(name)} as {column.duck})", column)


def _milliseconds(expression: str, column: Column) -> str:
    """Athena's timestamps have milliseconds, whatever the file holds."""
    finer = column.duck.startswith("TIMESTAMP")
    return f"{f't_millis({expression})' if finer else expression} as {quoted(column.name)}"


def _family(kind: str) -> str:
    return next((name for name, pattern in FAMILIES if pattern.match(kind)), kind.partition("(")[0])


def _loses_scale(stored: str, wanted: str) -> bool:
    scales = [re.search(r"DECIMAL\(\d+,\s*(\d+)\)", kind) for kind in (stored, wanted)]
    return bool(scales[0] and scales[1] and int(scales[0].group(1)) > int(scales[1].group(1)))
