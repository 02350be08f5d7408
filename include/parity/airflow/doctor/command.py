"""``parity doctor``: is everything in place, cloud by cloud?

It stands here and not among the other commands because it reads Airflow's connections; ``parity.cli`` knows it by
name only.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from parity.cli.columns import GAP, aligned, shortened, terminal_width, wrapped
from parity.doctor.line import Status
from parity.errors import BadInput
from parity.wording import visible

if TYPE_CHECKING:
    from parity.doctor.checks import Progress
    from parity.doctor.implementation import Move
    from parity.doctor.report import Report, Shown

COLOURS = {
    Status.OK: "green",
    Status.MISSING: "red",
    Status.DIFFERS: "red",
    Status.UNREADABLE: "yellow",
    Status.OPTIONAL: "cyan",
}
STATUS = 19
"""Columns of the longest status of the implementation."""
MARGIN = 16
"""Columns before the text: the longest status, and two blanks on both of its sides."""


@click.command("doctor")
@click.argument("names", nargs=-1)
@click.option("--connection", default="", metavar="ID", help="Look at this Airflow connection alone.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option("--send-test-alert", "send", is_flag=True, help="Send each alert channel a message that says TEST.")
@click.option("--patch", is_flag=True, help="Print only what the suite's pipeline lacks, as a JSON merge patch.")
@click.option("--all", "every", is_flag=True, help="List every line; else right ones of a kind are counted.")
def command(
    names: tuple[str, ...], connection: str, *, as_json: bool, send: bool, patch: bool, every: bool
) -> None:
    """Look whether everything is in place that suites and databases need, cloud by cloud.

    NAMES are suites and databases; default: all. Nothing is started, written or paid for; with --send-test-alert
    each channel of alerts gets a message.

    Exit status: 0 all is in place, 1 something is missing or differs, 2 something could not be read, or bad input.
    """
    if patch:
        raise click.exceptions.Exit(_patch(names))
    report = _report(names, connection, send=send)
    if as_json:
        click.echo(json.dumps(report.to_json(), indent=1))
    else:
        for line in text(report, terminal_width(), every=every):
            click.echo(line)
    raise click.exceptions.Exit(report.exit_code)


def _patch(names: tuple[str, ...]) -> int:
    """Print the patch of the one suite's pipeline and return the exit status."""
    from parity.airflow.connections.lookup import quiet, stored_connection
    from parity.airflow.doctor.examination import load_subjects
    from parity.airflow.doctor.opened import pipeline_of
    from parity.doctor.data_factory import pipeline_patch
    from parity.settings import settings

    suites = load_subjects(settings(), names).suites
    if len(suites) != 1:
        raise BadInput("--patch is for one suite.", remedy="Name it: parity doctor SUITE --patch")
    with quiet():
        found = pipeline_patch(pipeline_of(suites[0], stored_connection), suites[0])
    click.echo(json.dumps(found, indent=2))
    return 1 if found else 0


def _report(names: tuple[str, ...], connection: str, *, send: bool) -> Report:
    from parity.airflow.connections.lookup import quiet, stored_connection
    from parity.airflow.doctor.examination import examine, load_subjects
    from parity.settings import settings

    now = settings()
    subjects = load_subjects(now, names)
    with quiet():
        report = examine(subjects, now, stored_connection, only=connection, send=send, progress=_progress())
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    return report


def text(report: Report, width: int | None, *, every: bool = False) -> Iterator[str]:
    """Yield the report in lines of at most ``width`` columns; None leaves them whole."""
    from parity.doctor.report import by_place, shown

    for place, lines in by_place(report.lines):
        yield click.style(visible(place), bold=True)
        for one in shown(lines, every=every):
            yield from _lines(one, width)
        yield ""
    if report.moves:
        yield from _implementation(report, width)
        yield ""
    yield visible(report.summary)


def _implementation(report: Report, width: int | None) -> Iterator[str]:
    """Yield the implementation status, wave by wave; why something has not moved stands below it."""
    from parity.doctor.implementation import Implementation, by_wave, counts

    yield click.style("Implementation status", bold=True)
    for wave, moves in by_wave(report.moves):
        counted = ", ".join(f"{count} {status}" for status, count in counts(moves).items())
        yield visible(f"  {'No wave' if wave is None else f'Wave {wave}'}: {counted}")
        cell = max(12, (width - 2 * len(GAP) - STATUS - 4 - len(GAP)) // 3) if width else sys.maxsize
        rows = [[move.status, *(shortened(name, cell) for name in _cells(move))] for move in moves]
        heading = ["", "Glue job, RDS", "activity", "Databricks, Azure MySQL"]
        first, *others = aligned([heading, *rows], width and width - 4)
        yield click.style(f"    {first}", dim=True)
        for move, line in zip(moves, others, strict=True):
            moved = move.status in (Implementation.MIGRATED, Implementation.UNTRIED)
            yield (
                click.style(f"    {line[: len(move.status)]}", fg="green" if moved else "red")
                + line[len(move.status) :]
            )
            if move.why and move.wave is not None:
                yield wrapped(move.why, " " * 8, width)


def _cells(move: Move) -> tuple[str, str, str]:
    """Return the names side by side; a dash where there is nothing."""
    parts = (move.legacy, move.activity, move.target)
    legacy, activity, target = (part.name if part.name and part.there is not False else "–" for part in parts)
    return legacy, activity, target


def _lines(one: Shown, width: int | None) -> Iterator[str]:
    status = click.style(f"  {one.status:<{MARGIN - 2}}", fg=COLOURS[one.status])
    said = f"{one.what}: {one.detail}" if one.detail else one.what
    body = wrapped(said, " " * MARGIN, width)
    yield status + body[MARGIN:]
    if one.remedy:
        yield wrapped(f"→ {one.remedy}", " " * MARGIN, width)


def _progress() -> Progress | None:
    """Return what shows on a terminal how many checks are done, or None in a pipe."""
    if not sys.stderr.isatty():
        return None
    return lambda done, of: click.echo(f"\r{done} of {of} checks", nl=False, err=True)
