"""The helper job's manifest, protocol 2: its fields, and whether it describes the requested export."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parity.clients.storage import ObjectInfo
from parity.errors import ExportRefused
from parity.suite.models import Mode
from parity.wording import plural

MANIFEST = "_manifest"
"""The folder of the one text file that Spark writes it to, under a name of its own."""
PROTOCOL = 2
DEPLOY = "Deploy the helper job of this version of Parity: parity helper-job deploy."
AGAIN = "Clear the activity's helper_job task to export again."


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ManifestFile(_Frozen):
    """One part file, by its name relative to the export's folder."""

    name: str
    bytes: int = Field(ge=0)
    rows: int = Field(ge=0)


class ManifestColumn(_Frozen):
    """One column with its Spark type, such as ``decimal(18,2)``."""

    name: str
    type: str


class Manifest(_Frozen):
    """What the helper job wrote, written last."""

    protocol: int
    helper: str
    """Version of the helper job."""
    activity: str
    run_id: str
    business_date: date
    mode: Mode
    rows: int = Field(ge=0)
    columns: tuple[ManifestColumn, ...] = Field(alias="schema", min_length=1)
    files: tuple[ManifestFile, ...]
    bytes: int = Field(ge=0)
    source: Mapping[str, Any]
    written_at: datetime


def parse(text: bytes, where: str) -> Manifest:
    """Return the manifest; ExportRefused, with the first thing that is wrong, when it cannot be read."""
    _refuse_protocol(text, where)
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ExportRefused(
            f"{where} is not a manifest of protocol {PROTOCOL}: {place or 'the text'}: {first['msg']}.",
            remedy=DEPLOY,
        ) from None


def _refuse_protocol(text: bytes, where: str) -> None:
    try:
        written = json.loads(text)
    except ValueError:
        return  # the model says what is wrong with it
    if isinstance(written, dict) and written.get("protocol") != PROTOCOL:
        raise ExportRefused(
            f"{where} was written by helper job {written.get('helper') or 'of an unknown version'}, which speaks"
            f" protocol {written.get('protocol')}; this is Parity {version('parity')}, which speaks {PROTOCOL}.",
            remedy=DEPLOY,
        )


def mismatches(manifest: Manifest, activity: str, run_id: str, day: date, mode: Mode) -> Iterator[str]:
    """Yield each way in which a manifest describes another export than the requested one."""
    said = (
        ("activity", manifest.activity, activity),
        ("run_id", manifest.run_id, run_id),
        ("business_date", manifest.business_date, day),
        ("mode", manifest.mode.value, mode.value),
    )
    for name, found, wanted in said:
        if found != wanted:
            yield f"{name} is {str(found)!r}, not {str(wanted)!r}"


def disagreements(manifest: Manifest, listed: Sequence[ObjectInfo]) -> Iterator[str]:
    """Yield each way in which a manifest disagrees with itself and with the files beside it."""
    names = [file.name for file in manifest.files]
    if len(set(names)) != len(names):
        yield "it names a file twice"
    if (rows := sum(file.rows for file in manifest.files)) != manifest.rows:
        yield f"its files hold {plural(rows, 'row')}, its total says {manifest.rows:,}"
    if (size := sum(file.bytes for file in manifest.files)) != manifest.bytes:
        yield f"its files hold {size:,} bytes, its total says {manifest.bytes:,}"
    sizes = {stored.name: stored.size for stored in listed}
    for file in manifest.files:
        if file.name not in sizes:
            yield f"{file.name} is missing"
        elif sizes[file.name] != file.bytes:
            yield f"{file.name} is {sizes[file.name]:,} bytes, not {file.bytes:,}"
    for extra in sorted(sizes.keys() - set(names)):
        yield f"{extra} lies there, but is not listed"
