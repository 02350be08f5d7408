"""The files of one activity of one run: exports in scratch, results among the artefacts."""

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
from parity.flow import codec
from parity.flow.suite_run.exports.fetch import Export

Kind = TypeVar("Kind")

REPORT = "report.json"
PAGE = "report.html"
FINDINGS = "expectations.json"
EXPORTS = "exports.json"


def page_of(report: str) -> str:
    """Return the name of the HTML page beside the JSON ``report``."""
    return report.removesuffix(REPORT) + PAGE


@dataclass(frozen=True)
class ActivityFiles:
    """The folders of one activity of one run; created when they are first written to."""

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
        """Write a file and return its name among the artefacts."""
        return self.artefacts.write(f"{self.folder}/{name}", text)

    def write_result(self, result: Result) -> str:
        """Write ``report.json``, the contract's JSON."""
        return self.write(REPORT, json.dumps(result.to_json(), indent=1, ensure_ascii=False, default=str))

    def result(self) -> Result:
        """Read ``report.json`` back."""
        return codec.from_text(Result, self.artefacts.read(f"{self.folder}/{REPORT}"))

    def findings(self) -> Findings:
        """Read the findings of Great Expectations back."""
        return codec.from_text(Findings, self.artefacts.read(f"{self.folder}/{FINDINGS}"))

    def write_json(self, name: str, value: Any) -> str:
        """Write a frozen dataclass as JSON."""
        return self.write(name, codec.to_text(value))

    def read_json(self, name: str, kind: type[Kind]) -> Kind:
        """Read back what :meth:`write_json` wrote; ExportRefused when it is missing or is something else."""
        try:
            text = self.artefacts.read(f"{self.folder}/{name}")
        except NotFound:
            raise ExportRefused(f"{name} is missing.", remedy=codec.CLEAR) from None
        return codec.from_text(kind, text)

    def export(self, side: str, mark: str, fetch: Callable[[Path], Export]) -> Export:
        """Return a side's export, fetching it unless this worker has all of it already.

        ``mark`` identifies the export (its destination), so that an older one is never taken for it, and a process
        of an earlier attempt that still fetches writes elsewhere.
        """
        name = f"{side}-{fingerprint(mark)[:12]}"
        receipt = self.downloads / f"{name}.json"
        if (downloaded := _downloaded(receipt, mark)) is not None:
            return downloaded
        folder = self.downloads / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        export = fetch(folder)
        sizes = [file.stat().st_size for file in export.files]
        receipt.write_text(json.dumps({"mark": mark, "sizes": sizes, "export": codec.to_json(export)}))
        return export

    def clear_downloads(self) -> None:
        """Delete the downloads; results stay."""
        shutil.rmtree(self.scratch / self.folder, ignore_errors=True)


def _downloaded(receipt: Path, mark: str) -> Export | None:
    if not receipt.exists():
        return None
    found = json.loads(receipt.read_text())
    if found["mark"] != mark:
        return None
    export = codec.from_json(Export, found["export"])
    size = sum(file.stat().st_size for file in export.files if file.exists())
    return export if size == sum(found["sizes"]) else None
