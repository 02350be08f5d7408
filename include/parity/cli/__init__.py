"""The ``parity`` command: a table of contents whose chapters are imported only when opened."""

from __future__ import annotations

import importlib
import sys

import click

from parity.errors import ParityError

COMMANDS = {
    "compare": "Compare two Parquet or CSV files, directories or globs.",
    "mysql": "Compare two MySQL databases.",
    "runs": "List recent runs.",
    "sandbox": "Both clouds on this machine: up, down, status, reset, defect.",
    "show": "Show one run.",
    "suites": "Check suites, or print their JSON Schema.",
}
"""Name and one-line help; the command itself is ``command`` in ``parity.cli.<name>``."""


class Chapters(click.Group):
    """Imports a command only when it is used, so that ``--help`` stays instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command, or None when there is no such name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"parity.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.command(cls=Chapters)
@click.version_option(package_name="parity")
def cli() -> None:
    """Prove that data which moved from AWS to Azure is still the same data.

    Exit status: 0 equal, 1 different, 2 could not compare or bad input.
    """


def main() -> None:
    """Run the command line; a known error is one line on stderr and exit status 2."""
    try:
        sys.exit(cli(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except ParityError as error:
        click.echo(f"parity: {error}", err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("parity: interrupted", err=True)
        sys.exit(130)
