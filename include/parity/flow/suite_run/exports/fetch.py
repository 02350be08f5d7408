"""What both sides wrote, fetched to the worker and used only when everything agrees.

The target side comes with a manifest, which the helper job writes last: it must be of this very run, and agree
with the files beside it and with every file's own footer. The legacy side comes with the list of files that
Athena wrote; what lies in the folder must be exactly those. Anything off is ExportRefused: half an export, or
yesterday's, can look like a perfectly good table.

An UNLOAD without rows writes no file at all, so its columns are unknown. Then the query runs once more,
for no rows (``LIMIT 0``), and they are read from its result's metadata.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from parity.clients.remote import Phase, RunStatus
from parity.clients.storage import ObjectInfo, Storage, download_folder
from parity.errors import ExportRefused, NotFound
from parity.flow.suite_run.exports.manifest import (
    AGAIN,
    MANIFEST,
    PROTOCOL,
    Manifest,
    disagreements,
    mismatches,
    parse,
)
from parity.flow.suite_run.exports.parquet import (
    ExportColumn,
    Footer,
    columns_of,
    moments_of,
    read_footer,
    schema_disagreements,
    write_empty,
)
from parity.suite.models import Mode, TargetSource
from parity.wording import plural

LONGEST_REQUEST = 8_000
"""Characters of a request that still travel as they are."""
UNLOAD_AGAIN = "Clear the activity's athena_unload task to unload again."
HIDDEN = ("_", ".")
"""How names begin of files and folders in which Spark, Databricks, Hadoop and Athena keep notes, and no data."""


@dataclass(frozen=True)
class ExpectedExport:
    """Which export the run is waiting for."""

    activity: str
    run_id: str
    business_date: date
    mode: Mode


@dataclass(frozen=True)
class Export:
    """Parquet files on this machine, verified; an empty export is one file without rows."""

    folder: Path
    files: tuple[Path, ...]
    rows: int
    bytes: int
    columns: tuple[ExportColumn, ...]
    source: Mapping[str, Any] = field(default_factory=dict)
    moments: tuple[str, ...] = ()
    """Columns of moments whose files hold wall times in UTC."""


def target_request(
    expected: ExpectedExport,
    target: TargetSource,
    destination: str,
    columns: Sequence[str] | None = None,
    digest_sql: str | None = None,
    version: str = "",
) -> dict[str, str]:
    """Return the helper job's parameters: all text, the request itself as JSON, packed when it is long.

    ``digest_sql`` belongs to mode digest alone; ``version`` is the table's state to read, empty for the newest.
    """
    request: dict[str, Any] = {
        "table": target.table,
        "where": target.where,
        "columns": list(columns) if columns is not None else None,
        **({"version": version} if version else {}),
        **({"digest_sql": digest_sql} if digest_sql else {}),
    }
    return {
        "protocol": str(PROTOCOL),
        "activity": expected.activity,
        "run_id": expected.run_id,
        "business_date": expected.business_date.isoformat(),
        "mode": expected.mode.value,
        "destination": destination,
        "request": _packed(json.dumps(request)),
    }


def _packed(request: str) -> str:
    """Return a long request compressed: Databricks documents 10,000 bytes as the most of a run's parameters."""
    if len(request) <= LONGEST_REQUEST:
        return request
    return "zlib:" + base64.b64encode(zlib.compress(request.encode(), 9)).decode()


def fetch_target(storage: Storage, destination: str, expected: ExpectedExport, to: Path) -> Export:
    """Fetch and verify what the helper job wrote; ExportRefused when anything is off."""
    manifest = _manifest(storage, destination)
    where = f"The export in {destination}"
    asked = (expected.activity, expected.run_id, expected.business_date, expected.mode)
    _refuse(where + " is not the one that this run asked for", mismatches(manifest, *asked))
    listed = _data_files(storage, destination)
    _refuse(where + " disagrees with its manifest", disagreements(manifest, listed))
    files, footers = _fetch(storage, listed, to)
    _refuse(where + " changed while it was fetched", _changes(listed, _data_files(storage, destination)))
    columns = tuple(ExportColumn(column.name, column.type) for column in manifest.columns)
    _refuse(where + " disagrees with its manifest", _footer_disagreements(manifest, columns, listed, footers))
    source = {**manifest.source, "export": manifest.run_id, "helper": manifest.helper}
    return replace(_export(to, files, footers, columns, source), moments=moments_of(columns))


def fetch_legacy(
    storage: Storage,
    query: RunStatus,
    destination: str,
    to: Path,
    schema: Callable[[], Sequence[ExportColumn]],
) -> Export:
    """Fetch and verify what an UNLOAD wrote; ``schema`` is called only when it wrote no file."""
    written = _written_by(storage, query, destination)
    listed = _data_files(storage, destination)
    _refuse(f"The unload in {destination} is not whole", _listing_disagreements(written, listed), UNLOAD_AGAIN)
    files, footers = _fetch(storage, listed, to)
    changes = _changes(listed, _data_files(storage, destination))
    _refuse(f"The unload in {destination} changed while it was fetched", changes, UNLOAD_AGAIN)
    _refuse(f"The unload in {destination} is not one table", _mixed_schemas(listed, footers), UNLOAD_AGAIN)
    columns = columns_of(footers[0]) if footers else tuple(_zoneless(column) for column in schema())
    source = {"query": query.run_id, "url": query.url}
    return _export(to, files, footers, columns, source)


def _manifest(storage: Storage, destination: str) -> Manifest:
    """Return the manifest: the one file that Spark committed to its folder."""
    folder = f"{destination.rstrip('/')}/{MANIFEST}"
    try:
        texts = {stored.url: storage.read(stored.url) for stored in _data_files(storage, folder)}
    except NotFound:
        texts = {}
    if not texts:
        raise ExportRefused(
            f"There is no {MANIFEST} in {destination}: the helper job did not finish writing.",
            remedy="Look at the helper job's run; " + AGAIN[0].lower() + AGAIN[1:],
        )
    if len(texts) > 1:
        raise ExportRefused(
            f"There are {len(texts)} manifests in {folder}, of which one can be right.", remedy=AGAIN
        )
    return parse(*(next((text, url) for url, text in texts.items())))


def _written_by(storage: Storage, query: RunStatus, destination: str) -> set[str]:
    """Return the names, relative to ``destination``, of the files that Athena says it wrote."""
    if query.phase is not Phase.SUCCEEDED:
        raise ExportRefused(f"Athena query {query.run_id} ended as {query.state}; it unloaded nothing whole.")
    if query.output.get("reused"):
        raise ExportRefused(
            f"Athena query {query.run_id} was answered from an earlier query's result.",
            remedy=f"Switch result reuse off in the workgroup. {UNLOAD_AGAIN}",
        )
    manifest = query.output.get("manifest")
    if not manifest:
        raise ExportRefused(
            f"Athena query {query.run_id} names no manifest of the files that it wrote.",
            remedy=f"Only an UNLOAD can be fetched. {UNLOAD_AGAIN}",
        )
    try:
        urls = storage.read(str(manifest)).decode().split()
    except NotFound:
        raise ExportRefused(
            f"{manifest}, Athena's list of the files of query {query.run_id}, is gone.",
            remedy=UNLOAD_AGAIN,
        ) from None
    folder = destination.rstrip("/") + "/"
    if strangers := [url for url in urls if not url.startswith(folder)]:
        raise ExportRefused(f"Athena query {query.run_id} wrote {strangers[0]}, outside of {destination}.")
    return {url.removeprefix(folder) for url in urls}


def _fetch(storage: Storage, listed: Sequence[ObjectInfo], to: Path) -> tuple[list[Path], list[Footer]]:
    # Athena gives its files no suffix, and what comes after us goes by it.
    named = [replace(stored, name=stored.name.removesuffix(".parquet") + ".parquet") for stored in listed]
    files = download_folder(storage, named, to)
    return files, [read_footer(path, stored.url) for path, stored in zip(files, listed, strict=True)]


def _zoneless(column: ExportColumn) -> ExportColumn:
    """Return an Athena column in Spark's words, for which a bare timestamp has a zone."""
    return replace(column, type=_ATHENA_TIMES.get(column.type.lower(), column.type))


_ATHENA_TIMES = {"timestamp": "timestamp_ntz", "timestamp with time zone": "timestamp"}


def _data_files(storage: Storage, destination: str) -> list[ObjectInfo]:
    found = storage.list(destination)
    return [stored for stored in found if not _is_hidden(stored.name)]


def _is_hidden(name: str) -> bool:
    return any(part.startswith(HIDDEN) for part in name.split("/"))


def _changes(before: Sequence[ObjectInfo], after: Sequence[ObjectInfo]) -> Iterable[str]:
    """Yield the files that were written again, added or removed between two listings."""
    versions = {stored.name: (stored.size, stored.modified, stored.version) for stored in after}
    for stored in before:
        if versions.pop(stored.name, None) != (stored.size, stored.modified, stored.version):
            yield f"{stored.name} was written again or removed"
    yield from (f"{name} was added" for name in sorted(versions))


def _listing_disagreements(written: set[str], listed: Sequence[ObjectInfo]) -> Iterable[str]:
    names = {stored.name for stored in listed}
    yield from (f"{name} is missing" for name in sorted(written - names))
    yield from (f"{name} lies there, but the query did not write it" for name in sorted(names - written))


def _footer_disagreements(
    manifest: Manifest, columns: Sequence[ExportColumn], listed: Sequence[ObjectInfo], footers: Sequence[Footer]
) -> Iterable[str]:
    rows = {file.name: file.rows for file in manifest.files}
    for stored, footer in zip(listed, footers, strict=True):
        if footer.rows != rows[stored.name]:
            yield f"{stored.name} holds {plural(footer.rows, 'row')}, not {rows[stored.name]:,}"
        yield from (f"{stored.name}: {reason}" for reason in schema_disagreements(columns, footer))


def _mixed_schemas(listed: Sequence[ObjectInfo], footers: Sequence[Footer]) -> Iterable[str]:
    for stored, footer in zip(listed, footers, strict=True):
        if footer.arrow != footers[0].arrow:
            yield f"{stored.name} has other columns or types than {listed[0].name}"


def _refuse(headline: str, reasons: Iterable[str], remedy: str = AGAIN) -> None:
    if found := list(reasons):
        more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
        raise ExportRefused(f"{headline}: {'; '.join(found[:3])}{more}.", remedy=remedy)


def _export(
    folder: Path,
    files: Sequence[Path],
    footers: Sequence[Footer],
    columns: Sequence[ExportColumn],
    source: Mapping[str, Any],
) -> Export:
    paths = tuple(files) or (write_empty(columns, folder),)
    return Export(
        folder=folder,
        files=paths,
        rows=sum(footer.rows for footer in footers),
        bytes=sum(path.stat().st_size for path in paths),
        columns=tuple(columns),
        source=dict(source),
    )
