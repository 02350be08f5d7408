"""The ``parity`` command, whose subcommands are imported only when used."""

from __future__ import annotations

import importlib
import io
import sys
import traceback
from typing import Any

import click

from parity.errors import BadInput, ParityError
from parity.wording import visible

COMMANDS = {
    "compare": "Compare two Parquet or CSV files, directories or globs.",
    "databases": "Draft a database's file from both servers' catalogues.",
    "doctor": "Look whether everything is in place, cloud by cloud.",
    "evidence": "Build an archive that proves what was compared.",
    "helper-job": "Bring the helper job into a Databricks workspace.",
    "mysql": "Compare two MySQL databases.",
    "readiness": "Say whether a wave is ready to be cut over.",
    "runs": "List recent runs.",
    "sandbox": "Both clouds on this machine: up, down, status, reset, defect.",
    "show": "Show one run.",
    "suites": "Draft a suite, check suites, try them on stored runs, print their JSON Schema, or export them.",
    "verify": "Verify an archive of evidence, offline.",
}
"""Name and one-line help; the command itself is ``command`` in ``parity.cli.<name>``, or where ELSEWHERE says."""
ELSEWHERE = {
    "databases": "parity.airflow.draft.databases",
    "doctor": "parity.airflow.doctor.command",
    "evidence": "parity.airflow.evidence_command",
    "helper-job": "parity.airflow.helper_job",
}
"""Commands that read Airflow's connections. They live in the only room that may, above this one, which therefore
knows them by name only."""


class LazyGroup(click.Group):
    """Imports a command only when it is used, so that ``--help`` stays instant."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; output that cannot be written is BadInput, where click would exit with status 1."""
        try:
            return super().invoke(ctx)
        except OSError as error:
            raise _unwritten(error) from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command, or None when there is no such name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(ELSEWHERE.get(cmd_name, f"parity.cli.{cmd_name}")).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.command(cls=LazyGroup)
@click.version_option(package_name="parity")
def cli() -> None:
    """Prove that data which moved from AWS to Azure is still the same data.

    Exit status: 0 equal, 1 different, 2 could not compare or bad input.
    """


def main() -> None:
    """Run the command line; an error is one line on stderr and exit status 2.

    No error may end with 1, which means "different", although Python's own status after a traceback is 1.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _status()
        click.echo(nl=False)
    except OSError as error:
        status = _refuse(str(_unwritten(error)))
    except Exception:  # noqa: BLE001 - a defect is not "different" either
        traceback.print_exc()
        status = _refuse("This is a defect of Parity. Please report it with the lines above.")
    sys.exit(status)


def _status() -> int:
    try:
        return int(cli(standalone_mode=False) or 0)
    except SystemExit as done:
        return int(done.code or 0)
    except click.ClickException as error:
        vars(error)["message"] = visible(error.message)
        error.show()
        return 2
    except ParityError as error:
        return _refuse(str(error))
    except (click.Abort, KeyboardInterrupt):
        return _refuse("interrupted", 130)


def _unwritten(error: OSError) -> BadInput:
    # What is left in the buffer would fail again when Python ends, and set the exit status.
    sys.stdout = None
    return BadInput(f"{error.filename or 'The output'} cannot be written: {error.strerror}.")


def _refuse(words: str, status: int = 2) -> int:
    try:
        click.echo(f"parity: {words}", err=True)
    except OSError:  # what is left in the buffer would fail again when Python ends, and set the exit status
        sys.stderr = None
    return status
