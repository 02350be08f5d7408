"""``parity sandbox``: hands its arguments to ``python -m parity_sandbox``, which the product never imports."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

import click

from parity.errors import BadInput


@click.command(
    "sandbox",
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Both clouds on this machine: up, down, status, reset, defect."""
    if find_spec("parity_sandbox") is None:
        raise BadInput("The sandbox is not installed here; no image has it.", remedy="Use a checkout: make setup.")
    # Replaced and not started: signals and the end of the terminal then reach the sandbox itself.
    os.execv(sys.executable, [sys.executable, "-m", "parity_sandbox", *arguments])  # noqa: S606 - our own module
