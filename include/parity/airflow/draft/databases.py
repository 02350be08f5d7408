"""``parity databases draft``: from the catalogues of two MySQL servers to a database's file.

It stands here and not among the other commands because it reads Airflow's connections; ``parity.cli`` knows it by
name only.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parity.errors import BadInput
from parity.wording import plural

if TYPE_CHECKING:
    from parity.draft.activity import Line
    from parity.tablediff.mysql.catalogue import Table


@click.group("databases")
def command() -> None:
    """Draft a database's file; parity suites check checks it."""


@command.command("draft")
@click.argument("name")
@click.option("--legacy", default="", metavar="ID", help="Airflow connection of the RDS database.")
@click.option("--target", default="", metavar="ID", help="Airflow connection of the Azure database.")
@click.option("--owner", default="", help="Whom to ask about the database.")
@click.option("--wave", default=1, show_default=True, help="Migration phase.")
def draft(name: str, legacy: str, target: str, owner: str, wave: int) -> None:
    """Draft the file of database NAME, or add to the draft that is there.

    Reads both catalogues, and no row. What is not certain has a TODO, which suites check refuses. Values that
    people wrote stay. Exit status 0: written, 2: could not be drafted.
    """
    from parity.draft.databases import database_document, draft_tables, include_line, merge_tables, open_entries
    from parity.draft.document import dump, load
    from parity.settings import settings
    from parity.suite.yaml_source import read_yaml

    path = settings().databases / f"{name}.yaml"
    written = read_yaml(path).data if path.exists() else {}
    if not isinstance(written, dict):
        raise BadInput(f"{path} is no database's file.", remedy="Move it away, or take another name.")
    sides = {side: given or written.get(side) or "" for side, given in (("legacy", legacy), ("target", target))}
    if absent := [side for side, connection in sides.items() if not connection]:
        raise BadInput(f"Which connection leads to the {absent[0]} database?", remedy=f"Give --{absent[0]} ID.")
    old, new = (_tables(connection) for connection in sides.values())
    tables = draft_tables(old, new)
    head = {"include": include_line(old, new)}
    if path.exists():
        document = load(path)
        merge_tables(document, head, tables)
    else:
        document = database_document({**_head(name, owner, wave, sides), **head}, tables)
    _write(path, dump(document))
    open_ones = list(open_entries(document))
    click.echo(
        f"{path}: {plural(len(old.keys() & new.keys()), 'table')} on both sides; "
        f"{plural(len(open_ones), 'decision')} left to you (parity suites check lists them)."
    )


def _head(name: str, owner: str, wave: int, sides: dict[str, str]) -> dict[str, Line]:
    from parity.draft.activity import Line

    asked = Line(owner) if owner else Line("unknown", "TODO unknown: whom to ask about this database")
    named = {side: Line(connection) for side, connection in sides.items()}
    return {"database": Line(name), "owner": asked, "wave": Line(wave), **named}


def _tables(connection_id: str) -> dict[str, Table]:
    """Return the tables of one side."""
    from parity.airflow.connections.lookup import quiet, stored_connection
    from parity.airflow.connections.mysql import mysql_address
    from parity.clients.mysql import connect
    from parity.tablediff.mysql.catalogue import read_catalogue

    with quiet():
        where = mysql_address(stored_connection(connection_id))
    with closing(connect(where, name="parity draft")) as session:
        found = read_catalogue(session, mariadb=session.mariadb)
    if refused := found.unreadable.get("tables") or next(iter(sorted(found.denied)), ""):
        raise BadInput(
            f"Not all tables of {where} can be read: {refused}.", remedy="Grant SELECT on the database."
        )
    return found.tables


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
