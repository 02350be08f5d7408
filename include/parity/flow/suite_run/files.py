"""Where the files of one activity of one run lie: exports in scratch, results among the artefacts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from parity.clients.artefacts import Artefacts
from parity.clients.remote import fingerprint
from parity.compare.result import Result
from parity.errors import ExportRefused, NotFound
from parity.expectations.findings import Findings
from parity.flow.suite_run.exports.fetch import Export

Kind = TypeVar("Kind")

REPORT = "report.json"
PAGE = "report.html"
FINDINGS = "expectations.json"


def page_of(report: str) -> str:
    """Return the name of the page that says what the JSON ``report`` says."""
    return report.removesuffix(REPORT) + PAGE


@dataclass(frozen=True)
class ActivityFiles:
    """The folders of one activity of one run; made when they are first written to."""

    artefacts: Artefacts
    scratch: Path
    folder: str
    """``<suite>/<date>/<run>/<activity>``, the same below every root."""

    @property
    def downloads(self) -> Path:
        """Return the folder of downloads, existing."""
        path = self.scratch / self.folder
        path.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, name: str, text: str) -> str:
        """Write a result and return its name among the artefacts."""
        return self.artefacts.write(f"{self.folder}/{name}", text)

    def write_result(self, result: Result) -> str:
        """Write ``report.json``, the contract's JSON."""
        return self.write(REPORT, json.dumps(result.to_json(), indent=1, ensure_ascii=False, default=str))

    def result(self) -> Result:
        """Read ``report.json`` back."""
        data = json.loads(self.artefacts.read(f"{self.folder}/{REPORT}"))
        data.pop("version")
        return _parse(Result, data)

    def findings(self) -> Findings:
        """Read the findings of Great Expectations back."""
        data = json.loads(self.artefacts.read(f"{self.folder}/{FINDINGS}"))
        return _parse(Findings, data)

    def keep(self, name: str, value: Any) -> str:
        """Write a frozen dataclass as JSON."""
        from pydantic import TypeAdapter

        data = TypeAdapter(type(value)).dump_python(value, mode="json")
        return self.write(name, json.dumps(data, indent=1, ensure_ascii=False))

    def read(self, name: str, kind: type[Kind]) -> Kind:
        """Read back what :meth:`keep` wrote; ExportRefused when it is not there or is something else."""
        try:
            text = self.artefacts.read(f"{self.folder}/{name}")
        except NotFound:
            raise ExportRefused(
                f"{name} is not there.", remedy="Clear the activity's tasks to run it again."
            ) from None
        return _parse(kind, json.loads(text))

    def export(self, side: str, mark: str, fetch: Callable[[Path], Export]) -> Export:
        """Return a side's export, fetching it unless this worker has it whole already.

        ``mark`` names the export (its destination), so that an older one is never taken for it, and a process of
        an earlier attempt that still fetches writes elsewhere.
        """
        name = f"{side}-{fingerprint(mark)[:12]}"
        ticket = self.downloads / f"{name}.json"
        if (kept := _kept(ticket, mark)) is not None:
            return kept
        folder = self.downloads / name
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
