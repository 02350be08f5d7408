"""``python -m parity_sandbox.past DATE``: seed the sixty dates before DATE into the results store."""

from __future__ import annotations

import os
from datetime import datetime

import click

from parity.history.store import open_store
from parity.settings import settings
from parity_sandbox.past.seed import seed
from parity_sandbox.past.story import NIGHTS


@click.command()
@click.argument("until", metavar="DATE", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--nights", default=NIGHTS, show_default=True)
def past(until: datetime, nights: int) -> None:
    """Compare and record the dates before DATE."""
    os.nice(10)  # whoever waits for the demo waits for Airflow and Spark
    results = seed(open_store(settings().results_store), settings(), until.date(), nights)
    click.echo(f"{results} results of {nights} dates")


past()
