"""``parity readiness``: whether a wave is ready to be cut over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from parity.cli.columns import terminal_width, wrapped

if TYPE_CHECKING:
    from parity.flow.readiness import Criterion, Readiness

COLOURS = {True: "green", False: "red", None: "yellow"}


@click.command("readiness")
@click.argument("wave", required=False, type=click.IntRange(min=1))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(wave: int | None, as_json: bool) -> None:
    """Say whether WAVE, or each wave of waves.yaml, is ready to be cut over, and what blocks it.

    Exit status: 0 all are ready, 1 not yet, 2 cannot say.
    """
    from parity.flow.readiness import readiness_of_waves
    from parity.history.store import open_store
    from parity.settings import settings

    configured = settings()
    found = readiness_of_waves(open_store(configured.results_store), configured, datetime.now(UTC), wave)
    if as_json:
        click.echo(json.dumps([one.to_json() for one in found], indent=1))
    else:
        width = terminal_width()
        for one in found:
            for line in report(one, width):
                click.echo(line)
    raise click.exceptions.Exit(max(one.exit_code for one in found))


def report(found: Readiness, width: int | None) -> Iterator[str]:
    """Yield the lines of one wave, at most ``width`` columns wide; None wraps nothing."""
    from parity.flow.readiness import ANSWERS, MARKS

    head = f"Wave {found.wave.wave}: {ANSWERS[found.ready]}, {found.done:.0%} done."
    if not found.ready and found.earliest:
        head += f" All nights green by {found.earliest} at the earliest."
    yield click.style(head, bold=True)
    names = max(len(criterion.name) for criterion in found.criteria)
    subjects = max(len(criterion.subject) for criterion in found.criteria)
    for criterion in found.criteria:
        start = f"{MARKS[criterion.met]:8}{criterion.subject:{subjects}}  {criterion.name:{names}}"
        line = wrapped(_detail(criterion), " " * (len(start) + 4), width).strip()
        yield f"  {click.style(start, fg=COLOURS[criterion.met])}  {line}"
    yield wrapped(found.risk, "  ", width)
    if found.sign_off:
        yield click.style(wrapped(found.sign_off.sentence, "  ", width), bold=True)


def _detail(criterion: Criterion) -> str:
    return criterion.detail if criterion.met else f"{criterion.detail} ({criterion.owner})"
