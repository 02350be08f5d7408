"""The report in a terminal: verdict, counts, columns and their causes, samples, and what was left out."""

from __future__ import annotations

import io

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from parity.compare.result import Result, Verdict
from parity.report.data import ColumnLine, MarkedText, ReportData, SampleGroup, report_data
from parity.wording import plural

COLOURS = {Verdict.PASS: "green", Verdict.WAIVED: "cyan", Verdict.FAIL: "red", Verdict.INVALID: "yellow"}
_MOST_COLUMNS = 40
_MOST_GROUPS = 20
_MOST_SMALLEST = 8


def render_text(result: Result, title: str = "", width: int = 120) -> str:
    """Return the report without colours, ``width`` characters wide."""
    out = io.StringIO()
    Console(file=out, width=width, no_color=True, legacy_windows=False).print(layout(report_data(result, title)))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def layout(report: ReportData) -> RenderableType:
    """Return the report for a rich console."""
    parts: list[RenderableType] = [_verdict(report)]
    parts += [_counts(report)] if report.counts[0][1] or report.counts[1][1] else []
    parts += (
        [_lines("Control totals", (*report.totals, *(("", gap) for gap in report.gaps)))] if report.totals else []
    )
    parts += [_columns(report.differing)] if report.differing else []
    parts += [_lines("Rows", report.row_causes)] if report.row_causes else []
    parts += [_schema(report)] if report.schema else []
    parts += [_samples(group) for group in report.samples[:_MOST_GROUPS]]
    hidden = len(report.samples) - _MOST_GROUPS
    parts += [Text(f"… and {hidden} more groups of samples; --html shows all", "dim")] if hidden > 0 else []
    parts += [_proposals(report)] if report.proposals else []
    parts += [_coverage(report)]
    return Group(*parts)


def _verdict(report: ReportData) -> Panel:
    colour = COLOURS[report.verdict]
    words = Text.assemble((f"{report.verdict}", f"bold {colour}"), "  ", report.reason)
    return Panel(words, title=Text(report.title), title_align="left", border_style=colour)


def _counts(report: ReportData) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for name, _ in report.counts:
        table.add_column(name, justify="right", header_style="dim")
    table.add_row(*(f"{n:,}" for _, n in report.counts))
    return table


def _columns(lines: tuple[ColumnLine, ...]) -> Padding:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("column")
    table.add_column("type", style="dim")
    table.add_column("different", justify="right")
    table.add_column("of rows", justify="right")
    table.add_column("causes")
    for line in lines[:_MOST_COLUMNS]:
        table.add_row(Text(line.name), Text(line.kind), f"{line.different:,}", f"{line.share:.2%}", _causes(line))
    if len(lines) > _MOST_COLUMNS:
        table.add_row(f"… and {len(lines) - _MOST_COLUMNS} more", "", "", "", "")
    return _titled("Columns that differ", table)


def _titled(title: str, body: RenderableType) -> Padding:
    return Padding(Group(Text(title, "bold"), body), (1, 0, 0, 0))


def _causes(line: ColumnLine) -> Text:
    words = [f"{s.name} {s.rows:,}" + (f" ({s.detail})" if s.detail else "") for s in line.slices]
    return Text("\n".join([*words, *line.money]))


def _lines(title: str, lines: tuple[tuple[str, ...], ...]) -> Padding:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for line in lines:
        table.add_row(*(Text(part) for part in line))
    return _titled(title, table)


def _schema(report: ReportData) -> Padding:
    rows = tuple((name, verdict, f"{left} → {right}", note) for name, left, right, verdict, note in report.schema)
    return _lines("Schema", rows[:_MOST_COLUMNS])


def _samples(group: SampleGroup) -> Padding:
    title = group.title + (f" ({group.detail})" if group.detail else "")
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("key", style="dim")
    table.add_column("legacy" if group.pairs else "row")
    if group.pairs:
        table.add_column("target")
    for line in group.lines:
        cells = [_piece(line.legacy), _piece(line.target)] if group.pairs else [_piece(line.legacy)]
        table.add_row(Text(line.key), *cells)
    return _titled(title, table)


def _piece(piece: MarkedText) -> Text:
    if piece.null:
        return Text("NULL", "dim italic")
    return Text.assemble(piece.before, (piece.marked, "bold reverse"), piece.after)


def _proposals(report: ReportData) -> Padding:
    parts: list[RenderableType] = [Text("What would cover it (nothing was applied)", "bold")]
    for yaml, effect in report.proposals:
        parts += [Text(effect, "dim"), Padding(Text(yaml.rstrip()), (0, 0, 0, 2))]
    return Padding(Group(*parts), (1, 0, 0, 0))


def _smallest(smallest: tuple[str, ...]) -> Text:
    more = f" … and {len(smallest) - _MOST_SMALLEST} more" if len(smallest) > _MOST_SMALLEST else ""
    return Text(f"  smallest difference seen: {'; '.join(smallest[:_MOST_SMALLEST])}{more}", "dim")


def _coverage(report: ReportData) -> Padding:
    """Return what was not compared, what rules let through, and the smallest difference found."""
    parts: list[RenderableType] = [Text(f"{report.coverage:.1%} of the columns were compared. {report.canary}")]
    parts += [Text(f"  invisible: {words}", "yellow") for words in report.hidden]
    parts += [_smallest(report.smallest)] if report.smallest else []
    parts += [Text(f"  not compared: {what}: {why}") for what, why in report.not_compared[:_MOST_COLUMNS]]
    parts += [Text(f"  let through: {what}: {why}: {plural(rows, 'row')}") for what, why, rows in report.loosened]
    parts += [Text(f"  waiver {state}: {what} ({effect})") for what, state, effect in report.waivers]
    parts += [Text(report.footer, "dim")]
    return Padding(Group(*parts), (1, 0, 0, 0))
