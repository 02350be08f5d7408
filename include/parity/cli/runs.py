"""``parity runs``: recent runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from parity.cli.columns import aligned, coloured, shortened, terminal_width

if TYPE_CHECKING:
    from parity.history.records import RunRecord

RUNNING = "running"
SEEDED = " (seeded)"
"""Marks a run that is an example."""
_WITH_START, _WITH_RUN_ID = 100, 160
"""Columns of the terminal from which on these are shown."""


@click.command("runs")
@click.option("--suite", help="Only runs of this suite.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(suite: str | None, limit: int, as_json: bool) -> None:
    """List recent runs, the newest first."""
    from parity.history.store import open_store
    from parity.settings import settings

    runs = open_store(settings().results_store).runs(suite, limit)
    if as_json:
        click.echo(json.dumps([run_json(run) for run in runs], indent=1))
    elif not runs:
        click.echo("No run is recorded yet." if suite is None else f"No run of {suite} is recorded yet.")
    else:
        _print(runs)


def run_json(run: RunRecord) -> dict[str, Any]:
    """Return one run as JSON."""
    return {
        "run": run.id,
        "suite": run.suite,
        "run_id": run.run_id,
        "business_date": run.business_date.isoformat(),
        "started": run.started.isoformat(),
        "ended": run.ended.isoformat() if run.ended else None,
        "verdict": run.verdict,
        "reason": run.reason,
        "wave": run.wave,
        "suite_sha": run.suite_sha,
        "url": run.url,
        "seeded": run.seeded,
    }


def table(runs: Sequence[RunRecord], width: int | None) -> list[str]:
    """Return one line per run under a heading, in at most ``width`` columns; None shows everything."""
    started = width is None or width >= _WITH_START
    run_id = width is None or width >= _WITH_RUN_ID
    rows = [["Run", "Verdict", "Suite", "Date", "Started (UTC)", "Run id", "Reason"]]
    rows += [
        [
            str(run.id),
            run.verdict or RUNNING,
            shortened(run.suite, max(12, width // 4)) if width else run.suite,
            f"{run.business_date}{SEEDED if run.seeded else ''}",
            f"{run.started:%Y-%m-%d %H:%M}",
            run.run_id,
            run.reason,
        ]
        for run in runs
    ]
    shown = [0, 1, 2, 3, *([4] if started else []), *([5] if run_id else []), 6]
    return aligned([[row[at] for at in shown] for row in rows], width)


def _print(runs: Sequence[RunRecord]) -> None:
    heading, *lines = table(runs, terminal_width())
    click.secho(heading, dim=True)
    for line in lines:
        click.echo(coloured(line))
