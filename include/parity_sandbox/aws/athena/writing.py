"""Statements that write files: UNLOAD, CREATE TABLE AS, INSERT."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlglot import exp

from parity_sandbox.aws.athena import writable
from parity_sandbox.aws.athena.failures import QueryFailed
from parity_sandbox.aws.athena.query import Result
from parity_sandbox.aws.athena.session import Session
from parity_sandbox.aws.athena.tables import PARQUET, Partition, Table
from parity_sandbox.aws.athena.values import ResultColumn
from parity_sandbox.aws.athena.views import literal, quoted
from parity_sandbox.aws.rights import writing

ROWS = (ResultColumn("rows", "bigint", 19, 0),)
PARQUET_CODECS = frozenset({"GZIP", "SNAPPY", "ZSTD", "LZ4", "NONE", "UNCOMPRESSED"})
HIVE_TYPES = {
    "INTEGER": "int", "VARCHAR": "string", "BLOB": "binary", "TIMESTAMP WITH TIME ZONE": "timestamp",
    "HUGEINT": "decimal(38,0)", "FLOAT": "float",
}  # fmt: skip


@dataclass(frozen=True)
class Target:
    """Where and how rows are written."""

    location: str
    format: str = "PARQUET"
    compression: str = ""
    delimiter: str = ","
    partitioned_by: tuple[str, ...] = ()

    @property
    def suffix(self) -> str:
        """The file name's ending."""
        return ".gz" if self.format != "PARQUET" and self.codec == "GZIP" else ""

    @property
    def codec(self) -> str:
        """The compression in DuckDB's words; GZIP is Athena's default."""
        wanted = (self.compression or "GZIP").upper()
        return "UNCOMPRESSED" if wanted == "NONE" else wanted

    @property
    def copy_options(self) -> str:
        """The options of DuckDB's COPY."""
        if self.format == "PARQUET" and self.codec in PARQUET_CODECS:
            return f"format parquet, compression {self.codec.lower()}"
        if self.format in ("TEXTFILE", "JSON") and self.codec in ("GZIP", "UNCOMPRESSED"):
            delimiter = f"delimiter {literal(self.delimiter)}"
            text = f"format csv, header false, {delimiter}, quote '', escape '', nullstr '\\N'"
            packed = "gzip" if self.codec == "GZIP" else "none"
            return f"{text if self.format == 'TEXTFILE' else 'format json'}, compression {packed}"
        raise QueryFailed(f"sandbox limitation: format {self.format} with compression {self.codec}")


@dataclass(frozen=True)
class Written:
    """What was written."""

    rows: int
    uris: Sequence[str]
    columns: Sequence[tuple[str, str]]
    """Names and DuckDB types."""


def write(session: Session, query: exp.Expression, target: Target, *, append: bool = False) -> Written:
    """Write a query's rows under ``target``; the files appear there at once, when all are complete."""
    folder = session.disk.path(target.location)
    if not session.disk.bucket(target.location.split("/")[2]).is_dir():
        raise QueryFailed(f"HIVE_WRITER_OPEN_ERROR: the bucket of {target.location} does not exist")
    if not append and folder.is_dir() and any(path.is_file() for path in folder.rglob("*")):
        raise QueryFailed(
            f"HIVE_PATH_ALREADY_EXISTS: Target directory for table '{target.location}' already exists: "
            f"{target.location}. You may need to manually clean the data at location "
            f"'{session.query.request.output}' before retrying. Athena will not delete data in your account."
        )
    session.require(f"Access denied when writing output to url: {target.location}.", writing(target.location))
    writable.check_names(query)
    prepared = session.prepare(query)
    writable.check_columns(prepared.columns, prepared.types)
    columns = [(name.lower(), kind) for name, kind in prepared.columns]
    rows, drafts = _copy(session, _named(prepared.sql, columns), target)
    session.query.check()
    return Written(rows, [_publish(session, draft, folder) for draft in drafts], columns)


def _named(sql: str, columns: Sequence[tuple[str, str]]) -> str:
    return f"select * from ({sql}) as _result({', '.join(quoted(name) for name, _ in columns)})"


def _copy(session: Session, sql: str, target: Target) -> tuple[int, list[Path]]:
    name = f"{time.strftime('%Y%m%d_%H%M%S')}_00000_{session.query.id[:5]}_{uuid.uuid4()}{target.suffix}"
    folder = session.drafts / "out"
    folder.mkdir()
    if target.partitioned_by:
        keys = ", ".join(map(quoted, target.partitioned_by))
        pattern = name.removesuffix(target.suffix) + "_{i}"
        extra = f", partition_by ({keys}), filename_pattern {literal(pattern)}"
        row = session.connection.execute(
            f"copy ({sql}) to {literal(str(folder))} ({target.copy_options}{extra})"
        ).fetchone()
        return int(row[0]) if row else 0, sorted(path for path in folder.rglob("*") if path.is_file())
    path = folder / name
    row = session.connection.execute(f"copy ({sql}) to {literal(str(path))} ({target.copy_options})").fetchone()
    rows = int(row[0]) if row else 0
    return rows, [path] if rows else []


def _publish(session: Session, draft: Path, folder: Path) -> str:
    final = folder / draft.relative_to(session.drafts / "out")
    final.parent.mkdir(parents=True, exist_ok=True)
    draft.replace(final)
    return session.disk.uri(final)


def unload(session: Session, query: exp.Expression, location: str, options: str) -> Result:
    """``UNLOAD (…) TO '…' WITH (…)``: files and a manifest; no rows leave no file."""
    written = write(session, query, unload_target(location, options))
    base = f"{session.query.request.output}/{session.query.id}"
    manifest = session.disk.path(f"{base}-manifest.csv")
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text("".join(f"{uri}\n" for uri in written.uris))
    return Result(ROWS, update_count=written.rows, substatement="UNLOAD", manifest=f"{base}-manifest.csv")


def unload_target(location: str, options: str) -> Target:
    """Read UNLOAD's options; QueryFailed for one that Athena does not know."""
    texts = {name.lower(): value for name, value in re.findall(r"(\w+)\s*=\s*'([^']*)'", options)}
    keys = re.search(r"partitioned_by\s*=\s*array\s*\[([^\]]*)\]", options, re.IGNORECASE)
    unknown = set(texts) - {"format", "compression", "field_delimiter", "compression_level"}
    if unknown or "format" not in texts:
        raise QueryFailed(
            f"SYNTAX_ERROR: UNLOAD property {', '.join(sorted(unknown)) or 'format'} is not valid", 1001
        )
    names = tuple(re.findall(r"'([^']+)'", keys.group(1))) if keys else ()
    form = texts["format"].upper()
    return Target(location, form, texts.get("compression", ""), texts.get("field_delimiter", ","), names)


def create_table_as(session: Session, tree: exp.Create) -> Result:
    """``CREATE TABLE … AS``: files, a table, its partitions."""
    database, name = session.split(tree.find(exp.Table))
    if session.catalog.has_table(database, name):
        raise QueryFailed(
            f"TABLE_ALREADY_EXISTS: line 1:1: Destination table 'awsdatacatalog.{database}.{name}' already exists"
        )
    target = _table_target(session, tree)
    written = write(session, tree.expression, target)
    session.catalog.create_table(database, _definition(name, target, written.columns))
    if target.partitioned_by:
        register(session, session.catalog.table(database, name))
    return Result(ROWS, update_count=written.rows, statement="DDL", substatement="CREATE_TABLE_AS_SELECT")


def _table_target(session: Session, tree: exp.Create) -> Target:
    given: dict[str, Any] = {}
    properties = tree.args.get("properties")
    for one in properties.expressions if properties else []:
        if isinstance(one, exp.PartitionedByProperty):
            given["partitioned_by"] = tuple(part.name for part in one.this.find_all(exp.Literal, exp.Identifier))
        elif isinstance(one, exp.FileFormatProperty):
            given["format"] = one.this.name.upper()
        elif isinstance(one, exp.Property):
            given[one.name.lower()] = one.args["value"].name
    fallback = f"{session.query.request.output}/tables/{session.query.id}/"
    compression = given.get("write_compression") or given.get("parquet_compression") or ""
    if given.get("format", "PARQUET") != "PARQUET":
        raise QueryFailed(f"sandbox limitation: CREATE TABLE AS in format {given['format']}")
    return Target(
        given.get("external_location", fallback),
        "PARQUET",
        compression,
        partitioned_by=given.get("partitioned_by", ()),
    )


def _definition(name: str, target: Target, columns: Sequence[tuple[str, str]]) -> dict[str, Any]:
    described = {column: {"Name": column, "Type": hive_type(kind)} for column, kind in columns}
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
        "PartitionKeys": [described.pop(key) for key in target.partitioned_by],
        "StorageDescriptor": {
            "Columns": list(described.values()),
            "Location": target.location,
            "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
            "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
        },
    }


def hive_type(kind: str) -> str:
    """Return a DuckDB type as the catalogue spells it."""
    if kind.endswith("[]"):
        return f"array<{hive_type(kind[:-2])}>"
    if kind.startswith(("STRUCT", "MAP")):
        raise QueryFailed(f"sandbox limitation: a table with a column of type {kind}")
    return HIVE_TYPES.get(kind, kind.lower())


def insert(session: Session, tree: exp.Insert) -> Result:
    """``INSERT INTO … SELECT|VALUES``."""
    table = session.catalog.table(*session.split(tree.find(exp.Table)))
    if table.format != PARQUET:
        raise QueryFailed("sandbox limitation: INSERT INTO a table that is not Parquet")
    if isinstance(tree.this, exp.Schema):
        raise QueryFailed("sandbox limitation: INSERT with a list of columns; select them in the table's order")
    query = _in_order(tree.expression, table)
    target = Target(table.location, compression="SNAPPY", partitioned_by=tuple(key.name for key in table.keys))
    written = write(session, query, target, append=True)
    if table.keys:
        register(session, table)
    return Result(ROWS, update_count=written.rows, substatement="INSERT")


def _in_order(query: exp.Expression, table: Table) -> exp.Expression:
    """Return the query with the table's names and types."""
    names = [column.name for column in table.all_columns]
    alias = exp.TableAlias(this=exp.to_identifier("_rows"), columns=[exp.to_identifier(name) for name in names])
    source = query if isinstance(query, exp.Values) else exp.Subquery(this=query)
    source.set("alias", alias)
    casts = [
        exp.alias_(
            exp.Cast(this=exp.column(one.name, "_rows"), to=exp.DataType.build(one.hive, dialect="hive")), one.name
        )
        for one in table.all_columns
    ]
    return exp.select(*casts).from_(source)


def register(session: Session, table: Table) -> list[Partition]:
    """Add the partitions whose folders are there, and return the new ones."""
    root = session.disk.path(table.location)
    found = []
    for folder in sorted(root.glob("/".join(f"{key.name}=*" for key in table.keys))):
        values = tuple(part.partition("=")[2] for part in folder.relative_to(root).parts)
        found.append(Partition(values, f"{session.disk.uri(folder)}/"))
    return session.catalog.add_partitions(table, found)
