"""``parity suites backtest``: what stored runs would have said under the suites as they are now.

It stands here because the artefacts may need one of Airflow's connections; ``parity.cli`` knows it by name only.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

RECENT = timedelta(days=90)


@click.command("backtest")
@click.argument("suite", default="")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First business date; else ninety days ago.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write a comment for a pull request here, too.")
def backtest(suite: str, since: datetime | None, markdown: Path | None, *, as_json: bool) -> None:
    """Say what the stored results of SUITE, or of all suites, would have said under the rules and waivers of now.

    Lists the verdicts that change, and rows and money that are newly hidden or shown; where reports do not decide
    it, that it cannot be said. Prints no value of a row. Exit status: 0 nothing changes, 1 something does, 2 of
    some results it cannot be said, or bad input.
    """
    from parity.airflow.connections.artefacts import open_artefacts
    from parity.airflow.connections.lookup import quiet, stored_connection
    from parity.flow.backtest import stored, words
    from parity.history.store import open_store_to_read
    from parity.settings import settings

    now = settings()
    first = since.date() if since else datetime.now(UTC).date() - RECENT
    store = open_store_to_read(now.results_store)
    with quiet():
        found = stored.backtest(store, open_artefacts(stored_connection), now.suites, first, suite)
    if markdown:
        markdown.write_text(words.markdown(found), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(words.as_json(found), indent=1))
    else:
        click.echo("\n".join(words.text(found)))
    raise click.exceptions.Exit(found.exit_code)
