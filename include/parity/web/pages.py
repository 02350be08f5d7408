"""The pages as HTML; everything that came from outside is escaped by the template engine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from parity.history.records import RunDetail, RunRecord


def runs_page(runs: Sequence[RunRecord]) -> str:
    """Return the list of runs."""
    return _render("runs.html", runs=runs)


def run_page(detail: RunDetail, artefacts: Path, base: str = "../artefacts") -> str:
    """Return one run: its activities, and links to what lies below ``base``."""
    return _render("run.html", detail=detail, base=base, has=lambda path: (artefacts / path).exists())


def _render(name: str, **values: Any) -> str:
    return str(_templates().get_template(name).render(**values))


@cache
def _templates() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("parity.web"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    return environment
