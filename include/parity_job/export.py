"""The helper job: exports one activity's data from Databricks, because the data cannot be read from outside.

It is deployed alone: one file, the standard library and pyspark. Seven job parameters say what to
export and where to; a run writes Parquet there, and last of all ``_manifest.json``. An export without
that manifest is refused, so a run that fails, at whatever moment, leaves none.

Protocol 1. Parameters, all text: ``protocol``, ``activity``, ``run_id``, ``business_date``, ``mode``
(rows or digest), ``destination`` (an empty or absent folder) and ``request``, a JSON object::

    {"table": "payments.refunds", "where": "settlement_date = :business_date", "columns": ["refund_id"],
     "digest_sql": "SELECT …"}

``where`` and ``columns`` may be null; ``digest_sql`` belongs to mode digest alone, whose manifest also lists
the table's own columns. ``:business_date`` is bound by Spark as a date, never pasted. A long ``request`` may
come packed (``zlib:`` and base64), because Databricks limits how much text a run's parameters hold.
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
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from pyspark.sql import SparkSession

PROTOCOL = "1"
PARAMETERS = ("protocol", "activity", "run_id", "business_date", "mode", "destination", "request")
MODES = ("rows", "digest")
REQUEST_KEYS = frozenset({"table", "where", "columns", "digest_sql"})
MANIFEST = "_manifest.json"
PACKED = "zlib:"
FILE_BYTES = 128 * 1024 * 1024
"""Source bytes that go into one exported file, about."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
DATE_MARK = re.compile(r":business_date\b")


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
    digest_sql: str | None


@dataclass(frozen=True)
class TableState:
    """The state of the table that was read; ``version`` and ``as_of`` differ when it has changed."""

    table: str
    version: str | None
    as_of: str | None
    bytes: int


def read_request(given: dict[str, str]) -> ExportRequest:
    """Parse the job parameters; raise :class:`Refused` for the first mistake."""
    missing = [name for name in PARAMETERS if not given.get(name)]
    if missing:
        raise Refused(f"job parameter {missing[0]} is missing or empty")
    if given["protocol"] != PROTOCOL:
        raise Refused(f"protocol {given['protocol']} was requested, but this job has {PROTOCOL}; deploy it again")
    if given["mode"] not in MODES:
        raise Refused(f"mode {given['mode']!r} is none of {', '.join(MODES)}")
    _require_name(given["activity"], "activity")
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
    for part in request["table"].split("."):
        _require_name(part, "table")
    columns = request.get("columns")
    if columns is not None and not (isinstance(columns, list) and all(isinstance(name, str) for name in columns)):
        raise Refused("columns in the request must be a list of names, or null")
    return request


def unpacked(text: str) -> str:
    """Return a request as JSON, however it came."""
    if not text.startswith(PACKED):
        return text
    return zlib.decompress(base64.b64decode(text.removeprefix(PACKED), validate=True)).decode()


def _require_name(text: str, what: str) -> None:
    if not NAME.fullmatch(text):
        raise Refused(f"{what} {text!r} is not a name; letters, digits and underscores make one")


def _read_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"business_date {text!r} is not a date such as 2026-03-02") from error


def quoted(name: str) -> str:
    """Return ``name`` as an identifier that cannot be anything else."""
    return "`" + name.replace("`", "``") + "`"


def select(request: ExportRequest) -> str:
    """Return the statement that yields the rows; ``:business_date`` is still a parameter."""
    table = ".".join(quoted(part) for part in request.table.split("."))
    columns = ", ".join(quoted(name) for name in request.columns) if request.columns else "*"
    return f"SELECT {columns} FROM {table}" + (f" WHERE ({request.where})" if request.where else "")


def run_query(spark: Any, statement: str, day: date) -> Any:
    """Return the statement's rows as a DataFrame; an error of Spark becomes one line."""
    args = {"business_date": day} if DATE_MARK.search(statement) else None
    try:
        return spark.sql(statement, args=args)
    except Exception as error:
        raise Refused(first_line(error)) from error


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


class ExportFolder:
    """A folder as Hadoop sees it, so that abfss:// needs no mount."""

    def __init__(self, spark: Any, uri: str) -> None:
        self._java = spark._jvm  # noqa: SLF001 - pyspark's only door to Hadoop's file systems
        self._conf = spark._jsparkSession.sessionState().newHadoopConf()  # noqa: SLF001
        self.uri = uri
        self._files = self.path().getFileSystem(self._conf)

    def path(self, name: str = "") -> Any:
        """Return Hadoop's path of the folder or of a file in it."""
        return self._java.org.apache.hadoop.fs.Path(f"{self.uri}/{name}" if name else self.uri)

    def status(self, uri: str) -> Any:
        """Return Hadoop's status of any file."""
        path = self._java.org.apache.hadoop.fs.Path(uri)
        return path.getFileSystem(self._conf).getFileStatus(path)

    def is_empty(self) -> bool:
        """Return whether nothing is there, or not even the folder."""
        return not self._files.exists(self.path()) or not list(self._files.listStatus(self.path()))

    def parts(self) -> list[dict[str, Any]]:
        """Return name, bytes and rows of every Parquet file, the rows as its own footer counts them."""
        found = sorted(self._files.listStatus(self.path()), key=lambda status: status.getPath().getName())
        return [self._part(status) for status in found if status.getPath().getName().endswith(".parquet")]

    def _part(self, status: Any) -> dict[str, Any]:
        parquet = self._java.org.apache.parquet.hadoop
        source = parquet.util.HadoopInputFile.fromStatus(status, self._conf)
        reader = parquet.ParquetFileReader.open(source)
        try:
            rows = reader.getRecordCount()
        finally:
            reader.close()
        return {"name": status.getPath().getName(), "bytes": status.getLen(), "rows": rows}

    def write(self, name: str, content: bytes) -> None:
        """Write a file in one step, so that no part of it is ever visible."""
        draft = self.path(f"{name}.draft")
        stream = self._files.create(draft, True)
        try:
            stream.write(bytearray(content))
        finally:
            stream.close()
        if not self._files.rename(draft, self.path(name)):
            raise Refused(f"cannot rename {draft} to {name}")


def source_of(spark: Any, folder: ExportFolder, table: str, rows: Any) -> TableState:
    """Return the state of what is read: a Delta table's version, a print of its files, or None for neither.

    A view over JDBC lists no file, whatever it holds: one name for every state would hide each change.
    """
    statuses = [folder.status(uri) for uri in rows.inputFiles()]
    size = sum(status.getLen() for status in statuses)
    newest = max((status.getModificationTime() for status in statuses), default=None)
    as_of = _iso(datetime.fromtimestamp(newest / 1000, UTC)) if newest is not None else None
    listed = _fingerprint(statuses) if statuses and only_files(rows) else None
    return TableState(table, delta_version(spark, table) or listed, as_of, size)


def read(spark: Any, folder: Any, request: ExportRequest) -> tuple[Any, TableState]:
    """Return the rows and the state that they are of; a Delta table that moves on meanwhile is refused.

    Spark fixes the version when it parses the statement; it can be read only before and after.
    """
    before = delta_version(spark, request.table)
    rows = run_query(spark, select(request), request.business_date)
    source = source_of(spark, folder, request.table, rows)
    if before is not None and source.version != before:
        raise Refused(f"{request.table} changed while it was read: it was {before} and is {source.version}")
    return rows, source


def only_files(rows: Any) -> bool:
    """Return whether the rows come from files alone, so that a list of these identifies their state."""
    leaves = rows._jdf.queryExecution().optimizedPlan().collectLeaves()  # noqa: SLF001 - no public name
    return all(_reads_files(leaves.apply(at)) for at in range(leaves.size()))


def _reads_files(leaf: Any) -> bool:
    kind = leaf.getClass().getSimpleName()
    return kind == "LogicalRelation" and str(leaf.relation().getClass().getSimpleName()) == "HadoopFsRelation"


def delta_version(spark: Any, table: str) -> str | None:
    """Return a Delta table's newest version, or None when it is no Delta table."""
    detail = spark.sql(f"DESCRIBE TABLE EXTENDED {table}").where("lower(col_name) = 'provider'").collect()
    if not detail or detail[0]["data_type"].lower() != "delta":
        return None
    newest = spark.sql(f"DESCRIBE HISTORY {table} LIMIT 1").collect()
    return f"delta-{newest[0]['version']}"


def _fingerprint(statuses: list[Any]) -> str:
    files = sorted(f"{s.getPath()} {s.getLen()} {s.getModificationTime()}" for s in statuses)
    return "files-" + hashlib.sha256("\n".join(files).encode()).hexdigest()[:16]


def export(spark: Any, request: ExportRequest) -> dict[str, Any]:
    """Write the export and return its manifest, which is written last."""
    folder = ExportFolder(spark, request.destination)
    if not folder.is_empty():
        raise Refused(f"{request.destination} is not empty; every export needs a folder of its own")
    rows, source = read(spark, folder, request)
    answer = rows if request.mode == "rows" else run_query(spark, str(request.digest_sql), request.business_date)
    files = max(1, -(-source.bytes // FILE_BYTES)) if request.mode == "rows" else 1
    extra = {"columns": _columns(rows)} if request.mode == "digest" else {}
    settings = {"compression": "snappy", "mapreduce.fileoutputcommitter.marksuccessfuljobs": "false"}
    answer.coalesce(files).write.options(**settings).parquet(request.destination)
    if request.mode == "digest":
        _refuse_change(spark, folder, request, source)
    manifest = _manifest(request, source, answer, folder.parts(), extra)
    folder.write(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1).encode())
    return manifest


def _refuse_change(spark: Any, folder: ExportFolder, request: ExportRequest, before: TableState) -> None:
    """Refuse a table that was written to meanwhile: the state of the digests would be unknown."""
    spark.catalog.refreshTable(".".join(quoted(part) for part in request.table.split(".")))
    after = source_of(spark, folder, request.table, run_query(spark, select(request), request.business_date))
    if after.version != before.version:
        raise Refused(f"{request.table} changed while it was read: it was {before.version} and is {after.version}")


def _columns(rows: Any) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in rows.dtypes]


def _manifest(
    request: ExportRequest, source: TableState, answer: Any, files: list[dict[str, Any]], extra: dict[str, Any]
) -> dict[str, Any]:
    return {
        "protocol": int(PROTOCOL),
        "activity": request.activity,
        "run_id": request.run_id,
        "business_date": request.business_date.isoformat(),
        "mode": request.mode,
        "rows": sum(file["rows"] for file in files),
        "schema": _columns(answer),
        "files": files,
        "bytes": sum(file["bytes"] for file in files),
        "source": {"table": source.table, "version": source.version, "as_of": source.as_of, **extra},
        "written_at": _iso(datetime.now(UTC)),
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
    """Return a session of our own, whose settings affect no other: UTC, and timestamps as whole microseconds."""
    spark = SparkSession.builder.getOrCreate().newSession()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
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
    print(f"parity-helper: {request.activity}: {manifest['rows']} rows, {manifest['bytes']} bytes")


if __name__ == "__main__":
    main(sys.argv[1:], getattr(globals().get("dbutils"), "widgets", None))
