"""``python -m parity_sandbox.demo [--once]``: what ``make demo`` runs."""

from __future__ import annotations

import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from parity_sandbox.demo.night import Night

PROJECT = Path(__file__).resolve().parents[3]


@click.command()
@click.option("--once", is_flag=True, help="End when the run has ended.")
@click.option("--date", "business_date", help="Business date; else yesterday, as for a run that is scheduled.")
def demo(*, once: bool, business_date: str | None) -> None:
    """Run the nightly parity run on the sandbox, through a real Airflow."""
    business_date = business_date or (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(Night(PROJECT, business_date).run(once=once))


demo()
