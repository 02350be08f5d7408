"""The helper job: exports one activity's data from Databricks, because the data cannot be read from outside.

It is deployed alone, as a file or a notebook: the standard library and pyspark's public API only, so that it runs
alike on serverless compute, in standard access mode (both are Spark Connect) and on classic clusters. Seven job
parameters say what to export and where to; a run writes Parquet there, and last of all the manifest, one JSON text
in the folder ``_manifest``. An export without it is refused, so a run that fails, at whatever moment, leaves none.

Protocol 2. Parameters, all text: ``protocol``, ``activity``, ``run_id``, ``business_date``, ``mode``
(rows or digest), ``destination`` (a folder that does not exist) and ``request``, a JSON object::

    {"table": "prod-lake.payments.refunds", "where": "settlement_date = :business_date", "columns": ["refund_id"],
     "version": "delta-7", "digest_sql": "SELECT … FROM parity_source"}

All but ``table`` may be null. ``version`` is the state to read, as an earlier manifest reported it; null for the
newest. ``digest_sql`` belongs to mode digest alone, whose manifest also lists the table's own columns; it reads
the wanted rows, in that state, as ``parity_source``. ``:business_date`` is bound by Spark as a date, never pasted.
A long ``request`` may come packed (``zlib:`` and base64): Databricks limits the text of a run's parameters.

No setting of Spark decides how a timestamp is written: it travels as its wall time in UTC (``timestamp_ntz``). The
manifest names the types that the columns have in Spark.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
import traceback
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession
from pyspark.sql.functions import col
from pyspark.sql.types import (
    ArrayType,
    DataType,
    MapType,
    StructField,
    StructType,
    TimestampNTZType,
    TimestampType,
)

VERSION = "0.1.0"
"""Version of Parity that this file belongs to."""
PROTOCOL = "2"
PARAMETERS = ("protocol", "activity", "run_id", "business_date", "mode", "destination", "request")
MODES = ("rows", "digest")
REQUEST_KEYS = frozenset({"table", "where", "columns", "version", "digest_sql"})
MANIFEST = "_manifest"
SOURCE = "parity_source"
"""Temporary view of the rows that are exported or digested."""
PACKED = "zlib:"
FILE_BYTES = 128 * 1024 * 1024
"""Source bytes that go into one exported file, about."""
ACTIVITY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
TABLE_PART = re.compile(r"[^\x00-\x20./\x7f]{1,255}")
"""What Unity Catalog allows as a name: anything but a period, a space, a slash and ASCII's control characters."""
DATE_MARK = re.compile(r":business_date\b")
DATE_OR_TEXT = re.compile(
    r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`|--[^\n]*|/\*.*?\*/|(:business_date\b)""", re.DOTALL
)
"""The date, or a text, a name or a comment, in which it is none."""
SUBQUERY = re.compile(r"\bselect\b", re.IGNORECASE)
DELTA = "delta-"
PLAIN_WRITE = {"mapreduce.fileoutputcommitter.marksuccessfuljobs": "false"}


class Refused(Exception):
    """The export cannot be made; the message is one line of the run's output."""


@dataclass(frozen=True)
class ExportRequest:
    """The validated parameters of one run."""

    activity: str
    run_id: str
    business_date: date
    mode: str
    destination: str
    table: str
    where: str | None
    columns: tuple[str, ...] | None
    version: str | None
    digest_sql: str | None


@dataclass(frozen=True)
class TableState:
    """The state of what is read."""

    version: str | None
    """Another one when the rows have changed; None when that cannot be known."""
    as_of: str | None
    bytes: int | None
    pinned: int | None = None
    """Version of a Delta table, which every statement reads, whatever is written meanwhile."""


def read_request(given: dict[str, str]) -> ExportRequest:
    """Parse the job parameters; raise :class:`Refused` for the first mistake."""
    missing = [name for name in PARAMETERS if not given.get(name)]
    if missing:
        raise Refused(f"job parameter {missing[0]} is missing or empty")
    if given["protocol"] != PROTOCOL:
        raise Refused(
            f"protocol {given['protocol']} was requested, but this helper job is version {VERSION}, which speaks"
            f" protocol {PROTOCOL}; deploy the export.py of the Parity that asks"
        )
    if given["mode"] not in MODES:
        raise Refused(f"mode {given['mode']!r} is none of {', '.join(MODES)}")
    if not ACTIVITY.fullmatch(given["activity"]):
        raise Refused(f"activity {given['activity']!r} is not a name; letters, digits and underscores make one")
    request = _parse_request(given["request"])
    if given["mode"] == "digest" and not request.get("digest_sql"):
        raise Refused("mode digest needs digest_sql in the request")
    return ExportRequest(
        activity=given["activity"],
        run_id=given["run_id"],
        business_date=_read_date(given["business_date"]),
        mode=given["mode"],
        destination=given["destination"].rstrip("/"),
        table=request["table"],
        where=request.get("where") or None,
        columns=tuple(request["columns"]) if request.get("columns") else None,
        version=request.get("version") or None,
        digest_sql=request.get("digest_sql"),
    )


def _parse_request(text: str) -> dict[str, Any]:
    try:
        request = json.loads(unpacked(text))
    except (ValueError, zlib.error) as error:
        raise Refused(f"job parameter request is not JSON: {error}") from error
    if not isinstance(request, dict) or not isinstance(request.get("table"), str):
        raise Refused("job parameter request must be a JSON object with a table")
    unknown = sorted(set(request) - REQUEST_KEYS)
    if unknown:
        raise Refused(f"the request has {unknown[0]!r}, which protocol {PROTOCOL} does not have")
    parts = request["table"].split(".")
    if len(parts) > 3 or not all(TABLE_PART.fullmatch(part) for part in parts):
        raise Refused(
            f"table {request['table']!r} is not a name: up to three parts of 1 to 255 characters, without spaces,"
            " slashes and control characters"
        )
    columns = request.get("columns")
    if columns is not None and not (isinstance(columns, list) and all(isinstance(name, str) for name in columns)):
        raise Refused("columns in the request must be a list of names, or null")
    return request


def unpacked(text: str) -> str:
    """Return a request as JSON, however it came."""
    if not text.startswith(PACKED):
        return text
    return zlib.decompress(base64.b64decode(text.removeprefix(PACKED), validate=True)).decode()


def _read_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"business_date {text!r} is not a date such as 2026-03-02") from error


def quoted(name: str) -> str:
    """Return ``name`` as an identifier that cannot be anything else."""
    return "`" + name.replace("`", "``") + "`"


def table_of(request: ExportRequest) -> str:
    """Return the table's name, quoted part by part."""
    return ".".join(quoted(part) for part in request.table.split("."))


def select(request: ExportRequest, pinned: int | None, wanted: str | None = None) -> str:
    """Return the statement that yields the rows; ``:business_date`` is still a parameter.

    ``wanted`` replaces the columns of the request; ``pinned`` is the version of a Delta table.
    """
    columns = wanted or (", ".join(quoted(name) for name in request.columns) if request.columns else "*")
    table = table_of(request) + ("" if pinned is None else f" VERSION AS OF {pinned}")
    return f"SELECT {columns} FROM {table}" + (f" WHERE ({request.where})" if request.where else "")


def run_query(spark: Any, statement: str, day: date) -> Any:
    """Return the statement's rows as a DataFrame; an error of Spark becomes one line."""
    try:
        return ask(spark, statement, day)
    except Exception as error:
        raise Refused(first_line(error)) from error


def ask(spark: Any, statement: str, day: date) -> Any:
    """Return the statement's rows as a DataFrame, with the date bound.

    Delta's parser loses the parameters of a statement (4.4 on Spark 4.2), which then has the date as a literal.
    """
    args = {"business_date": day} if DATE_MARK.search(statement) else None
    try:
        return resolved(spark.sql(statement, args=args))
    except AnalysisException as error:
        if not args or error.getErrorClass() != "UNBOUND_SQL_PARAMETER":
            raise
    literal = f"DATE'{day.isoformat()}'"
    return resolved(spark.sql(DATE_OR_TEXT.sub(lambda found: literal if found[1] else found[0], statement)))


def resolved(rows: Any) -> Any:
    """Return the rows, whose names Spark Connect resolves no sooner than when it is asked for their schema."""
    rows.schema  # noqa: B018
    return rows


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def files_in(spark: Any, folder: str) -> dict[str, int]:
    """Return bytes by name of the files in a folder, but for notes of Spark's own; none when it does not exist."""
    listing = spark.read.format("binaryFile").option("recursiveFileLookup", "true")
    try:
        found = listing.load(folder).select("path", "length").collect()  # without their content
    except AnalysisException as error:
        if error.getErrorClass() == "PATH_NOT_FOUND":
            return {}
        raise
    return {row["path"].rpartition("/")[2]: row["length"] for row in found}


def rows_in(spark: Any, folder: str) -> dict[str, int]:
    """Return rows by name of a folder's Parquet files, as their footers count them, but for files without rows."""
    # A schema of its own: an exported column called _metadata would hide Spark's.
    written = spark.read.schema("parity INT").option("recursiveFileLookup", "true").parquet(folder)
    counted = written.select(col("_metadata.file_name").alias("name")).groupBy("name").count().collect()
    return {row["name"]: row["count"] for row in counted}


def state_of(spark: Any, request: ExportRequest) -> TableState:
    """Return the state that is read: the version of a Delta table, a print of other tables' files, or None.

    A view, or a table over JDBC, lists no files: one name for every state would hide each change.
    """
    columns, facts = describe(spark, request)
    table = facts.get("type", "managed") in ("managed", "external")
    delta = table and facts.get("provider") == "delta"
    hidden = "_metadata" in columns  # its own column by that name hides what Spark says of files
    if delta:
        state = _delta_state(spark, request, hidden)
    else:
        state = _state_of_files(spark, request) if table and not hidden else TableState(None, None, None)
    if request.where and SUBQUERY.search(request.where):  # which may read other tables
        return TableState(None, None, state.bytes, state.pinned)
    return state


def describe(spark: Any, request: ExportRequest) -> tuple[set[str], dict[str, str]]:
    """Return the names of the table's columns, and what the catalogue says of it, all in lower case."""
    rows = spark.sql(f"DESCRIBE TABLE EXTENDED {table_of(request)}").select("col_name", "data_type").collect()
    lines = [(row["col_name"].strip().lower(), str(row["data_type"]).lower()) for row in rows]
    start = next((at for at, (name, _) in enumerate(lines) if name.startswith("#")), len(lines))
    detail = next((at for at, (name, _) in enumerate(lines) if name.startswith("# detailed table")), len(lines))
    return {name for name, _ in lines[:start]}, dict(lines[detail:])


def _delta_state(spark: Any, request: ExportRequest, hidden: bool) -> TableState:
    """Return the wanted version of a Delta table, or the newest."""
    wanted = request.version or ""
    if wanted and not wanted.startswith(DELTA):
        raise Refused(f"{request.table} is a Delta table now; it was {wanted}")
    history = spark.sql(f"DESCRIBE HISTORY {table_of(request)}" + ("" if wanted else " LIMIT 1"))
    if wanted:
        history = history.where(f"version = {int(wanted.removeprefix(DELTA))}")
    found = history.selectExpr("version", _text_of("timestamp")).collect()
    version = int(found[0]["version"]) if found else int(wanted.removeprefix(DELTA))
    files = None if hidden else _files_read(spark, request, version)
    size = None if files is None else sum(size for _, size, _ in files)
    return TableState(f"{DELTA}{version}", _iso(found[0]["at"]) if found else None, size, version)


def _state_of_files(spark: Any, request: ExportRequest) -> TableState:
    files = _files_read(spark, request, None)
    if not files:  # of no rows, too: no file shows of which state
        return TableState(None, None, None if files is None else 0)
    text = "\n".join(f"{path} {size} {at}" for path, size, at in sorted(files))
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    size = sum(size for _, size, _ in files)
    return TableState(f"files-{digest}", _iso(max(at for _, _, at in files)), size)


def _files_read(spark: Any, request: ExportRequest, pinned: int | None) -> list[tuple[str, int, str]] | None:
    """Return path, bytes and time of change of the files that hold the rows; None where Spark does not tell."""
    wanted = f"_metadata.file_path, _metadata.file_size, {_text_of('_metadata.file_modification_time')}"
    statement = select(request, pinned, f"DISTINCT {wanted}")
    try:
        rows = ask(spark, statement, request.business_date).collect()
    except AnalysisException:
        return None
    return [(row["file_path"], row["file_size"], row["at"]) for row in rows]


def _text_of(moment: str) -> str:
    """Return SQL for a moment as text in UTC: as a value, Python would take it for one in a zone of its own."""
    return f"CAST({moment} AS STRING) AS at"


def _iso(text: str) -> str:
    return text.replace(" ", "T") + "Z"


def refuse_other_state(request: ExportRequest, before: str | None, now: TableState) -> None:
    """Refuse rows of another state than an earlier one."""
    if before is not None and now.version != before:
        raise Refused(f"{request.table} changed meanwhile: it was {before} and is {now.version or 'unknown'}")


def portable(rows: Any) -> Any:
    """Return the rows with every timestamp as its wall time in UTC, which is the session's time zone."""
    return rows.select(
        [
            col(quoted(field.name)).cast(_zoneless(field.dataType)).alias(field.name)
            if _zoneless(field.dataType) != field.dataType
            else col(quoted(field.name))
            for field in rows.schema.fields
        ]
    )


def _zoneless(kind: DataType) -> DataType:
    if isinstance(kind, TimestampType):
        return TimestampNTZType()
    if isinstance(kind, ArrayType):
        return ArrayType(_zoneless(kind.elementType), kind.containsNull)
    if isinstance(kind, MapType):
        return MapType(_zoneless(kind.keyType), _zoneless(kind.valueType), kind.valueContainsNull)
    if isinstance(kind, StructType):
        return StructType([StructField(f.name, _zoneless(f.dataType), f.nullable) for f in kind.fields])
    return kind


def export(spark: Any, request: ExportRequest) -> dict[str, Any]:
    """Write the export and return its manifest, which is written last."""
    if files_in(spark, request.destination) or files_in(spark, f"{request.destination}/{MANIFEST}"):
        raise Refused(f"{request.destination} is not empty; every export needs a folder of its own")
    with reading(request):
        before = state_of(spark, request)
    refuse_other_state(request, request.version, before)
    with reading(request):
        rows, answer = write_rows(spark, request, before)
    if before.pinned is None:
        refuse_other_state(request, before.version, state_of(spark, request))
    extra = {"columns": _columns(rows)} if request.mode == "digest" else {}
    manifest = _manifest(request, before, answer, listed(spark, request.destination), extra)
    write_manifest(spark, request.destination, manifest)
    return manifest


@contextmanager
def reading(request: ExportRequest) -> Iterator[None]:
    """Name the version of a Delta table that an earlier export has read and that cannot be read now."""
    try:
        yield
    except Exception as error:
        if not (request.version or "").startswith(DELTA):
            raise
        version = str(request.version).removeprefix(DELTA)
        raise Refused(
            f"{request.table} can no longer be read at version {version}, which this run has read before (was it"
            f" vacuumed? then clear the activity's tasks): {first_line(error)}"
        ) from error


def write_rows(spark: Any, request: ExportRequest, state: TableState) -> tuple[Any, Any]:
    """Write the wanted rows or their digest; return the rows and what was written, both as Spark has them."""
    rows = run_query(spark, select(request, state.pinned), request.business_date)
    answer, size = rows, state.bytes
    if request.mode == "digest":
        rows.createOrReplaceTempView(SOURCE)
        answer, size = run_query(spark, str(request.digest_sql), request.business_date), 0
    written = portable(answer) if size is None else portable(answer).coalesce(max(1, -(-size // FILE_BYTES)))
    written.write.options(compression="snappy", **PLAIN_WRITE).parquet(request.destination)
    return rows, answer


def listed(spark: Any, folder: str) -> list[dict[str, Any]]:
    """Return name, bytes and rows of every file that was written."""
    rows = rows_in(spark, folder)
    return [
        {"name": name, "bytes": size, "rows": rows.get(name, 0)}
        for name, size in sorted(files_in(spark, folder).items())
    ]


def write_manifest(spark: Any, folder: str, manifest: dict[str, Any]) -> None:
    """Write the manifest as one line of a text file, whose name Spark chooses; a part of it would be no JSON."""
    # As bytes: no parser reads a part of them otherwise, and Delta's loses a statement's parameters (Spark 4.2).
    text = json.dumps(manifest, ensure_ascii=False).encode().hex()
    line = spark.sql(f"SELECT CAST(X'{text}' AS STRING) AS value")
    line.coalesce(1).write.options(compression="none", **PLAIN_WRITE).text(f"{folder}/{MANIFEST}")


def _columns(rows: Any) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in rows.dtypes]


def _manifest(
    request: ExportRequest, source: TableState, answer: Any, files: list[dict[str, Any]], extra: dict[str, Any]
) -> dict[str, Any]:
    return {
        "protocol": int(PROTOCOL),
        "helper": VERSION,
        "activity": request.activity,
        "run_id": request.run_id,
        "business_date": request.business_date.isoformat(),
        "mode": request.mode,
        "rows": sum(file["rows"] for file in files),
        "schema": _columns(answer),
        "files": files,
        "bytes": sum(file["bytes"] for file in files),
        "source": {"table": request.table, "version": source.version, "as_of": source.as_of, **extra},
        "written_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def parameters(argv: list[str], widgets: Any | None) -> dict[str, str]:
    """Return the job parameters: widgets as a notebook has them, under ``--name value`` of a script."""
    parser = argparse.ArgumentParser(prog="export")
    for name in PARAMETERS:
        parser.add_argument(f"--{name}")
    given = {name: value for name, value in vars(parser.parse_known_args(argv)[0]).items() if value}
    return {**_widget_values(widgets), **given}


def _widget_values(widgets: Any | None) -> dict[str, str]:
    found = {}
    for name in PARAMETERS if widgets is not None else ():
        try:
            found[name] = str(widgets.get(name))  # type: ignore[union-attr]
        except Exception:  # noqa: BLE001, S112 - its class is Java's; a missing one is reported later
            continue
    return found


def session() -> Any:
    """Return a session in UTC.

    On a classic cluster, which others may share, it is one of our own. A run on Spark Connect has one to itself.
    """
    spark = SparkSession.builder.getOrCreate()
    if not type(spark).__module__.startswith("pyspark.sql.connect"):
        spark = spark.newSession()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    return spark


def main(argv: list[str], widgets: Any | None = None) -> None:
    """Export what the parameters ask for; a refusal is one line, and the run fails with it."""
    try:
        request = read_request(parameters(argv, widgets))
        manifest = export(session(), request)
    except Refused as refusal:
        sys.exit(f"parity-helper: {refusal}")
    except Exception as error:  # noqa: BLE001 - whatever Spark raises fails the run, with one line
        traceback.print_exc()
        sys.exit(f"parity-helper: {first_line(error)}")
    print(f"parity-helper {VERSION}: {request.activity}: {manifest['rows']} rows, {manifest['bytes']} bytes")


if __name__ == "__main__":
    main(sys.argv[1:], getattr(globals().get("dbutils"), "widgets", None))
