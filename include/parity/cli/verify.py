"""``parity verify``: what an archive of evidence proves, offline."""

from __future__ import annotations

from pathlib import Path

import click

from parity.errors import BadInput


@click.command("verify")
@click.argument("archive", type=click.Path(path_type=Path))
@click.option(
    "--key", "keys", type=click.Path(path_type=Path), multiple=True, required=True, help="Public key, PEM."
)
@click.option(
    "--tsa",
    "authorities",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Certificate of the timestamp authority to trust, PEM.",
)
def command(archive: Path, keys: tuple[Path, ...], authorities: tuple[Path, ...]) -> None:
    """Verify ARCHIVE by a public key: no database, no Airflow, no network.

    Exit status: 0 proven, 1 something is not as it was recorded, 2 bad input.
    """
    from parity.evidence.verify import read_certificates, read_keys, verify
    from parity.wording import visible

    try:
        report = verify(archive, read_keys(keys), read_certificates(authorities))
    except ValueError as error:
        raise BadInput(f"{error}.") from error
    except OSError as error:
        raise BadInput(f"{error.filename} cannot be read: {error.strerror}.") from error
    for line in report.lines():
        click.echo(visible(line))
    raise click.exceptions.Exit(0 if report.proven else 1)
