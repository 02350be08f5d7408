"""Where the files of one activity of one run lie: exports in scratch, results among the artefacts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from parity.compare.result import Result
from parity.errors import ExportRefused
from parity.expectations.findings import Findings
from parity.flow.exports import Export
from parity.flow.plan import Plan
from parity.settings import Settings

Kind = TypeVar("Kind")

REPORT = "report.json"
PAGE = "report.html"
FINDINGS = "expectations.json"


@dataclass(frozen=True)
class Shelf:
    """The folders of one activity of one run; made when they are first written to."""

    artefacts: Path
    scratch: Path
    folder: str
    """``<suite>/<date>/<run>/<activity>``, the same below every root."""

    @classmethod
    def of(cls, settings: Settings, plan: Plan, activity: str) -> Shelf:
        """Return the shelf of ``activity`` in the run that ``plan`` describes."""
        return cls(Path(settings.artefact_root), settings.scratch_root, f"{plan.folder}/{activity}")

    @property
    def results(self) -> Path:
        """Return the folder of results, existing."""
        path = self.artefacts / self.folder
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def downloads(self) -> Path:
        """Return the folder of downloads, existing."""
        path = self.scratch / self.folder
        path.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, name: str, text: str) -> str:
        """Write a result in one step and return its path relative to the artefacts' root."""
        draft = self.results / f".{name}.new"
        draft.write_text(text, encoding="utf-8")
        draft.replace(self.results / name)
        return f"{self.folder}/{name}"

    def write_result(self, result: Result) -> str:
        """Write ``report.json``, the contract's JSON."""
        return self.write(REPORT, json.dumps(result.to_json(), indent=1, ensure_ascii=False, default=str))

    def result(self) -> Result:
        """Read ``report.json`` back."""
        data = json.loads((self.results / REPORT).read_text(encoding="utf-8"))
        data.pop("version")
        return _parse(Result, data)

    def findings(self) -> Findings:
        """Read the findings of Great Expectations back."""
        data = json.loads((self.results / FINDINGS).read_text(encoding="utf-8"))
        return _parse(Findings, data)

    def export(self, side: str, mark: str, fetch: Callable[[Path], Export]) -> Export:
        """Return a side's export, fetching it unless this worker has it whole already.

        ``mark`` names the export (its destination), so that an older one is never taken for it.
        """
        ticket = self.downloads / f"{side}.json"
        if (kept := _kept(ticket, mark)) is not None:
            return kept
        folder = self.downloads / side
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        export = fetch(folder)
        ticket.write_text(json.dumps({"mark": mark, "export": _plain(export)}))
        return export

    def clear_downloads(self) -> None:
        """Delete what was downloaded; results stay."""
        shutil.rmtree(self.scratch / self.folder, ignore_errors=True)


def _kept(ticket: Path, mark: str) -> Export | None:
    if not ticket.exists():
        return None
    kept = json.loads(ticket.read_text())
    if kept["mark"] != mark:
        return None
    export = _parse(Export, kept["export"])
    sizes = sum(file.stat().st_size for file in export.files if file.exists())
    return export if sizes == sum(kept["export"]["sizes"]) else None


def _plain(export: Export) -> dict[str, Any]:
    from pydantic import TypeAdapter

    data: dict[str, Any] = TypeAdapter(Export).dump_python(export, mode="json")
    return {**data, "sizes": [file.stat().st_size for file in export.files]}


def _parse(kind: type[Kind], data: dict[str, Any]) -> Kind:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        raise ExportRefused(
            f"A {kind.__name__.lower()} that this run wrote cannot be read back ({error.error_count()} errors).",
            remedy="Clear the activity's tasks to run it again.",
        ) from error
