"""What a person sees while the sandbox starts: one line per step, with the seconds since the beginning."""

from __future__ import annotations

import os
import time
from typing import Final

import click

STARTED: Final = "PARITY_SANDBOX_STARTED"
"""When the supervisor began, in seconds since the epoch; its children inherit it."""


def start_the_clock() -> None:
    """Count seconds from now on, here and in every child."""
    os.environ[STARTED] = str(time.time())


def say(step: str) -> None:
    """Print one step."""
    seconds = time.time() - float(os.environ.get(STARTED, time.time()))
    click.echo(f"{seconds:6.1f} s  {step}")
