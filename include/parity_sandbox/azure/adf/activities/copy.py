"""Copy between the clouds' storages: files as they are, counted by row where the format has rows."""

from __future__ import annotations

import csv
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from parity_sandbox.azure.adf.activities.places import Place, place
from parity_sandbox.azure.adf.failures import ActivityFailure, limitation
from parity_sandbox.azure.adf.step import Step

PARQUET, TEXT, BINARY = "Parquet", "DelimitedText", "Binary"
FORMATS = (PARQUET, TEXT, BINARY)
MISSING = "2200"


@dataclass(frozen=True)
class Side:
    """One end of a copy."""

    format: str
    place: Place
    header: bool


def copy(step: Step) -> Mapping[str, Any]:
    """Copy the source's files and return what was read and written."""
    properties = step.properties()
    source, sink = _side(step, "inputs"), _side(step, "outputs")
    if source.format != sink.format:
        raise limitation(f"Copy cannot convert {source.format} to {sink.format}; it copies files as they are.")
    began = time.monotonic()
    files = _files(source, properties.get("source") or {})
    rows = sum(_rows(path, source) for path in files)
    for path in files:
        step.watch.check()
        _copy(path, source, sink)
    return _output(files, rows, source, max(time.monotonic() - began, 0.001))


def _side(step: Step, end: str) -> Side:
    references = step.activity.get(end) or []
    if len(references) != 1:
        raise ActivityFailure("BadRequest", f"The copy activity needs exactly one dataset as {end}.")
    kind, properties, where = place(step, references[0])
    if kind not in FORMATS:
        raise limitation(f"Copy knows datasets of type {', '.join(FORMATS)}, not '{kind}'.")
    return Side(kind, where, bool(properties.get("firstRowAsHeader")))


def _files(source: Side, properties: Mapping[str, Any]) -> list[Path]:
    settings = properties.get("storeSettings") or {}
    start = source.place.path
    if start.is_file():
        return [start]
    pattern = settings.get("wildcardFileName") or "*"
    found = start.rglob("*") if settings.get("recursive", True) else start.glob("*")
    files = sorted(path for path in found if path.is_file() and fnmatchcase(path.name, pattern))
    if not files:
        text = f"The required file or folder is missing. Path: {source.place.shown}"
        raise ActivityFailure(MISSING, f"ErrorCode=UserErrorFileNotFound, {text}.")
    return files


def _copy(path: Path, source: Side, sink: Side) -> None:
    """Copy one file; several keep their places below the sink's folder."""
    target = sink.place.path
    if path != source.place.path:
        target = target / path.relative_to(source.place.path)
    elif not sink.place.is_file:
        target = target / path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f"_{target.name}.copying")
    shutil.copyfile(path, draft)
    draft.replace(target)


def _rows(path: Path, side: Side) -> int:
    try:
        return _parquet_rows(path) if side.format == PARQUET else _text_rows(path, side)
    except (OSError, ValueError, csv.Error) as error:
        text = f"ErrorCode=UserErrorInvalidData, the file {path.name} is not valid {side.format}: {error}"
        raise ActivityFailure(MISSING, text) from error


def _parquet_rows(path: Path) -> int:
    from pyarrow import ArrowInvalid
    from pyarrow.parquet import ParquetFile

    try:
        return int(ParquetFile(path).metadata.num_rows)
    except ArrowInvalid as error:
        raise ValueError(str(error)) from error


def _text_rows(path: Path, side: Side) -> int:
    if side.format == BINARY:
        return 0
    with path.open(newline="", encoding="utf-8") as lines:
        count = sum(1 for row in csv.reader(lines) if row)
    return max(count - side.header, 0)


def _output(files: list[Path], rows: int, source: Side, seconds: float) -> dict[str, Any]:
    size = sum(path.stat().st_size for path in files)
    counted = {} if source.format == BINARY else {"rowsRead": rows, "rowsCopied": rows}
    return {
        "dataRead": size,
        "dataWritten": size,
        "filesRead": len(files),
        "filesWritten": len(files),
        **counted,
        "copyDuration": max(round(seconds), 1),
        "throughput": round(size / 1024 / seconds, 3),
        "errors": [],
        "effectiveIntegrationRuntime": "AutoResolveIntegrationRuntime (West Europe)",
        "usedDataIntegrationUnits": 4,
    }
