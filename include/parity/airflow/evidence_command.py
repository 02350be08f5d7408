"""``parity evidence build``: one archive of what was recorded. It stands here because it reads the signing key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from parity.errors import BadInput
from parity.wording import visible

if TYPE_CHECKING:
    from parity.evidence.archive import Scope
    from parity.settings import Settings


@click.group("evidence")
def command() -> None:
    """Keep proof of what was compared."""


@command.command("build")
@click.option("--wave", type=click.IntRange(min=1), help="Everything that was recorded of a wave.")
@click.option("--run", help="One run, by its number or its run id, with its suite's chain.")
@click.option("--suite", help="Whose run it is, where several have its id.")
@click.option("--out", type=click.Path(path_type=Path), help="Default: evidence-….zip in this folder.")
def build_command(wave: int | None, run: str | None, suite: str | None, out: Path | None) -> None:
    """Build one archive for an auditor: rules, results, reports, query and run ids, versions and sign-offs.

    It is verified at once. Exit status: 0 proven, 1 something is not as it was recorded, 2 bad input.
    """
    from parity.airflow.connections.lookup import quiet, stored_connection
    from parity.airflow.step.evidence import open_recorder
    from parity.airflow.step.results import open_results
    from parity.evidence.archive import build, scope_of_run
    from parity.evidence.verify import fingerprint, verify
    from parity.settings import settings

    now, store = settings(), open_results()
    if (wave is None) == (run is None):
        raise BadInput("Give either --wave or --run.")
    scope = scope_of_wave(now, wave) if wave else scope_of_run(store.run(run or "", suite).run)
    path = out or Path(f"evidence-{scope.title.replace(' ', '-')}.zip")
    with quiet():
        recorder = open_recorder(stored_connection)
        digest = build(path, scope, store, recorder, now.keep_artefact_days)
    public = recorder.signer.public
    report = verify(path, {fingerprint(public): public})
    for line in report.lines():
        click.echo(visible(line))
    click.echo(f"{path}\nsha256 {digest}, signed by key {fingerprint(public)}")
    raise click.exceptions.Exit(0 if report.proven else 1)


def scope_of_wave(now: Settings, wave: int) -> Scope:
    """Return the scope of a wave: every suite and database that says it belongs to it."""
    from parity.evidence.archive import Scope
    from parity.evidence.members import members_of

    return Scope(f"wave {wave}", tuple(members_of(now, wave).rules), f"wave.{wave}")
