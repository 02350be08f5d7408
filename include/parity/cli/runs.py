"""``parity runs``: what ran lately."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from parity.history.records import RunRecord

COLOURS = {"PASS": "green", "WAIVED": "cyan", "FAIL": "red", "INVALID": "yellow"}


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
    }


def verdict_text(verdict: str | None) -> str:
    """Return a verdict with its colour, for rich."""
    return f"[{COLOURS[verdict]}]{verdict}[/]" if verdict else "[dim]running[/]"


def _print(runs: tuple[RunRecord, ...]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("Run", "Suite", "Business date", "Verdict", "Started (UTC)", "Run id", "Reason")
    for run in runs:
        table.add_row(
            str(run.id),
            escape(run.suite),
            run.business_date.isoformat(),
            verdict_text(run.verdict),
            f"{run.started:%Y-%m-%d %H:%M}",
            escape(run.run_id),
            escape(run.reason),
        )
    Console().print(table)
