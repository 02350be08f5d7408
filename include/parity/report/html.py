"""The report as one page: no script, no request, everything escaped, readable without colours."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from parity.report.data import ReportData
from parity.wording import plural

if TYPE_CHECKING:
    from jinja2 import Template

_GREY = ("unexplained",)


def as_html(report: ReportData) -> str:
    """Return the page."""
    return _template().render(report=report, shade=_shade)


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    environment.filters["plural"] = plural
    environment.filters["percent"] = lambda share: f"{share:.2%}"
    return environment.get_template("report.html.j2")


def _shade(cause: str, position: int) -> str:
    """Return the class of a slice: causes take turns at six hues, the unexplained part is grey."""
    return "c-none" if cause in _GREY else f"c{position % 6}"
