"""The pages as HTML; everything that came from outside is escaped by the template engine."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from parity.compare.result import Verdict
from parity.flow.shelf import FINDINGS, PAGE
from parity.history.records import ActivityRecord, RunDetail, RunRecord

WORST_FIRST = (Verdict.INVALID, Verdict.FAIL, Verdict.WAIVED, Verdict.PASS)


def runs_page(runs: Sequence[RunRecord]) -> str:
    """Return the list of runs."""
    return _render("runs.html", runs=runs)


def run_page(detail: RunDetail, artefacts: Path, base: str = "../artefacts") -> str:
    """Return one run: its activities, with links to what lies among the ``artefacts``, seen from ``base``."""
    looks = {record.key.activity: _looks(record, artefacts) for record in detail.activities}
    worst_first = sorted(detail.activities, key=lambda a: (WORST_FIRST.index(a.verdict), a.key.activity))
    return _render("run.html", run=detail.run, activities=worst_first, base=base, looks=looks)


def write_run_page(detail: RunDetail, artefacts: Path, folder: str) -> Path:
    """Write the run's page into its ``folder`` of the artefacts, for whoever opens them without a server."""
    page = artefacts / folder / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(run_page(detail, artefacts, base="/".join(".." for _ in Path(folder).parts)), encoding="utf-8")
    return page


def _looks(record: ActivityRecord, artefacts: Path) -> dict[str, str]:
    """Return the pages of one activity by name, relative to the artefacts."""
    if not record.report:
        return {}
    folder = Path(record.report).parent
    found = {"report": str(folder / PAGE)}
    with contextlib.suppress(OSError, ValueError, KeyError):
        found["Data Docs"] = json.loads((artefacts / folder / FINDINGS).read_text(encoding="utf-8"))["docs"]
    return {name: path for name, path in found.items() if path and (artefacts / path).exists()}


def _render(name: str, **values: Any) -> str:
    return str(_templates().get_template(name).render(**values))


@cache
def _templates() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("parity.flow"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    return environment
