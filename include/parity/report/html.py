"""The report as one page that needs nothing else: no script, no request, readable without colours."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from parity.compare.result import Result
from parity.report.data import report_data
from parity.wording import plural


def render_html(result: Result, title: str = "") -> str:
    """Return the report as HTML."""
    template = templates("parity.report").get_template("report.html")
    return template.render(report=report_data(result, title), shade=_shade)


@cache
def templates(package: str) -> Environment:
    """Return a package's pages, which escape every value and have filters for numbers."""
    environment = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    environment.filters["plural"] = plural
    environment.filters["percent"] = lambda share: f"{share:.2%}"
    return environment


def _shade(cause: str, position: int) -> str:
    """Return the class of a slice: causes take turns at six hues, the unexplained part is grey."""
    return "c-none" if cause == "unexplained" else f"c{position % 6}"
