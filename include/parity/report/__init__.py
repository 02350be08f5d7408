"""Reports: one typed report, and its views in a terminal and in HTML.

::

    report_data(result, title="payments · settle_card_payments")    the report as data
    render_text(result)                                             for a log or a pipe
    render_html(result)                                             one self-contained page

Both views show the same :class:`~parity.report.data.ReportData`; neither computes anything.
"""

from __future__ import annotations

from parity.compare.result import Result
from parity.report.data import ReportData, report_data

__all__ = ["ReportData", "render_html", "render_text", "report_data"]


def render_text(result: Result, title: str = "", width: int = 120) -> str:
    """Return the report as plain text, ``width`` characters wide."""
    from parity.report.text import as_text

    return as_text(report_data(result, title), width)


def render_html(result: Result, title: str = "") -> str:
    """Return the report as one HTML page that needs nothing else."""
    from parity.report.html import as_html

    return as_html(report_data(result, title))
