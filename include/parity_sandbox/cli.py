"""``python -m parity_sandbox up|down|status|reset|defect``: both clouds on this machine."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from pathlib import Path
from typing import Any

import click

from parity_sandbox.lock import AlreadyUp, holder
from parity_sandbox.options import Options, SparkMode
from parity_sandbox.services import NAMES
from parity_sandbox.spark.runner import DatabricksSpark
from parity_sandbox.world.cli import defect, world

PROJECT = Path(__file__).resolve().parents[2]

state_option = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=PROJECT / ".sandbox",
    help="Folder that holds everything; default: .sandbox in the project.",
)


class Names(click.ParamType[tuple[str, ...]]):
    """Comma-separated names of services."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Return the names; unknown ones are refused."""
        names = tuple(str(value).split(",")) if isinstance(value, str) else tuple(value)
        unknown = sorted(set(names) - set(NAMES))
        if unknown:
            self.fail(f"unknown service {', '.join(unknown)}; there are {', '.join(NAMES)}", param, ctx)
        return names


@click.group()
def cli() -> None:
    """Both clouds on this machine: real wire protocols, real execution, loopback only."""


@cli.command()
@state_option
@click.option("--foreground", is_flag=True, help="Serve until Ctrl-C, SIGTERM or the end of the parent.")
@click.option("--only", type=Names(), default=NAMES, help="Services to start, comma-separated.")
@click.option(
    "--spark",
    type=click.Choice(["eager", "lazy", "none"]),
    default="eager",
    help="Start Spark now, with the first job, or never.",
)
@click.option(
    "--databricks",
    type=click.Choice(["connect", "classic"]),
    default="connect",
    help="Spark of Databricks jobs: Spark Connect, as serverless and standard compute give it, or classic.",
)
@click.option("--no-spark", is_flag=True, help="The same as --spark none.")
@click.option("--no-world", is_flag=True, help="Leave the clouds empty.")
@click.option("--detached", is_flag=True, hidden=True)
def up(state: Path, only: tuple[str, ...], spark: SparkMode, databricks: DatabricksSpark, **flags: bool) -> None:
    """Start the sandbox; return when it is ready."""
    mode: SparkMode = "none" if flags["no_spark"] else spark
    options = Options(state.resolve(), only, mode, databricks, world=not flags["no_world"])
    if flags["foreground"]:
        from parity_sandbox.supervisor import supervise

        sys.exit(supervise(options, None if flags["detached"] else os.getppid()))
    from parity_sandbox.detached import launch

    launch(options)


@cli.command()
@state_option
def down(state: Path) -> None:
    """Stop the sandbox and wait until nothing of it is left."""
    from parity_sandbox.lock import wait_until_free
    from parity_sandbox.supervisor import sweep

    state = state.resolve()
    pid = holder(state)
    if pid is None:
        click.echo(f"No sandbox is up in {state}.")
        return
    os.kill(pid, signal.SIGTERM)
    wait_until_free(state, patience=20)
    sweep(state)
    click.echo("The sandbox is down.")


@cli.command()
@state_option
def status(state: Path) -> None:
    """Show what runs, where it listens, and how much memory it takes."""
    from parity_sandbox.status import table

    state = state.resolve()
    click.echo(table(state, _holder(state)))


@cli.command()
@state_option
def reset(state: Path) -> None:
    """Clear all data and seed the world again, without a restart."""
    from parity_sandbox.status import ask_reset

    state = state.resolve()
    _holder(state)
    ask_reset(state)
    click.echo("The sandbox is as new.")


@cli.command("connections")
@state_option
def connections_command(state: Path) -> None:
    """Print Airflow's connections to this sandbox as lines for a shell: eval "$(parity sandbox connections)"."""
    from parity_sandbox.demo.connections import connections
    from parity_sandbox.endpoints import Endpoints

    state = state.resolve()
    _holder(state)
    for name, fields in connections(Endpoints.read(state)).items():
        whole = {**fields, "extra": json.loads(fields.get("extra", "{}"))}
        click.echo(f"export AIRFLOW_CONN_{name.upper()}={shlex.quote(json.dumps(whole))}")


cli.add_command(defect)
cli.add_command(world)


def _holder(state: Path) -> int:
    pid = holder(state)
    if pid is None:
        raise click.ClickException(
            f"No sandbox is up in {state}. Start one with 'parity sandbox up --state {state}'."
        )
    return pid


def main() -> None:
    """Run the command line; a known error is one line on stderr and exit status 2."""
    try:
        sys.exit(cli(standalone_mode=False, prog_name="parity sandbox"))
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except AlreadyUp as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
