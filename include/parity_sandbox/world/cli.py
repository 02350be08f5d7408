"""``parity sandbox defect …`` and ``parity sandbox world …``: what goes wrong, and on which dates."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from parity_sandbox.endpoints import Endpoints

PROJECT = Path(__file__).resolve().parents[3]

state_option = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=PROJECT / ".sandbox",
    help="Folder of the sandbox; default: .sandbox in the project.",
)
day_argument = click.argument("business_date", type=click.DateTime(["%Y-%m-%d"]))


@click.group()
def defect() -> None:
    """Bugs that real migrations have, switched on and off in the migrated scripts."""


@defect.command("list")
@state_option
def list_(state: Path) -> None:
    """List every defect and whether it is on."""
    from parity_sandbox.mysql import ledger
    from parity_sandbox.world.defects import listing

    for one, on in listing(state.resolve()):
        _list(one.name, one.activity, f"{one.verdict:<8} {one.what}", on=on)
    planted = ledger.switched_on(state.resolve())
    for name, defect in ledger.defects().items():
        _list(name, f"table {defect.table}", f"FAIL     {defect.what}", on=name in planted)


def _list(name: str, where: str, what: str, *, on: bool) -> None:
    click.echo(f"{'on ' if on else 'off'}  {name:<21} {where:<21} {what}")


@defect.command("on")
@click.argument("name")
@state_option
def switch_on(name: str, state: Path) -> None:
    """Switch a defect on; the next pipeline run has it."""
    _switch(state, name, on=True)


@defect.command("off")
@click.argument("name")
@state_option
def switch_off(name: str, state: Path) -> None:
    """Switch a defect off; the next pipeline run is without it."""
    _switch(state, name, on=False)


def _switch(state: Path, name: str, *, on: bool) -> None:
    from parity_sandbox.mysql.ledger import defects as of_the_ledger
    from parity_sandbox.world.defects import UnknownDefect, switch

    if not (state / "volumes").is_dir():
        raise click.ClickException(f"There is no sandbox in {state}. Start one with 'parity sandbox up'.")
    if name in of_the_ledger():
        _switch_ledger(state.resolve(), name, on=on)
        return
    try:
        switched = switch(state.resolve(), name, on)
    except UnknownDefect as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{switched.name} is {'on' if on else 'off'}: {switched.activity}: {switched.what}")


def _switch_ledger(state: Path, name: str, *, on: bool) -> None:
    """Switch a defect of the ledger, and have the databases of a sandbox that is up made anew."""
    from parity_sandbox.lock import holder
    from parity_sandbox.mysql.ledger import switch
    from parity_sandbox.status import ask

    switched = switch(state, name, on=on)
    if holder(state) is not None:
        ask(state, "databases", method="POST")
    click.echo(f"{name} is {'on' if on else 'off'}: table {switched.table}: {switched.what}")


@click.group()
def world() -> None:
    """The demo's payments company: any business date on demand."""


@world.command("seed")
@day_argument
@state_option
def seed_day(business_date: datetime, state: Path) -> None:
    """Add the raw files of a business date; the same date always brings the same files."""
    from parity_sandbox.world import seed_date

    seed_date(_endpoints(state), _day(business_date))
    click.echo(f"The raw files of {_day(business_date)} are in S3.")


@world.command("night")
@day_argument
@state_option
def legacy_night(business_date: datetime, state: Path) -> None:
    """Run the legacy Glue jobs of a business date."""
    from parity_sandbox.world import run_legacy_night
    from parity_sandbox.world.night import NightFailed

    try:
        runs = run_legacy_night(_endpoints(state), _day(business_date))
    except NightFailed as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{len(runs)} Glue jobs have run for {_day(business_date)}.")


def _day(moment: datetime) -> date:
    return moment.date()


def _endpoints(state: Path) -> Endpoints:
    try:
        return Endpoints.read(state.resolve())
    except FileNotFoundError as error:
        message = f"No sandbox is up in {state}. Start one with 'parity sandbox up'."
        raise click.ClickException(message) from error
