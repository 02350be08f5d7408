"""Databases from a folder: every good one, and for every bad one the file, the line and what was meant.

A folder holds ``<database>.yaml`` and ``waivers.yaml``. One broken file never takes another down. Nothing heavy
is imported, because Dag files come through here whenever they are parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from parity.errors import SuiteError
from parity.suite.checks import check_expression, check_times
from parity.suite.databases import Database, TableRules
from parity.suite.diagnostics import Problem
from parity.suite.loading import Reader, sha_of
from parity.suite.models import Waiver
from parity.suite.waivers import FILE, checked_waivers, names_of
from parity.suite.yaml_source import read_document
from parity.wording import did_you_mean

_OF_A_DATABASE = re.compile(r"^database\s*:", re.MULTILINE)


@dataclass(frozen=True)
class LoadedDatabases:
    """What a folder holds: the databases that are right, and an error for each mistake."""

    databases: tuple[Database, ...] = ()
    errors: tuple[SuiteError, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    paths: Mapping[str, Path] = field(default_factory=dict)
    """File of each database, by the database's name; broken ones are left out."""


def load_databases(folder: Path) -> LoadedDatabases:
    """Read every ``*.yaml`` of ``folder`` and its waivers; a folder that is not there holds none."""
    held = _reader().read_all(_files(folder))
    waivers, found = _waivers(folder, held.models, names_of(held.errors))
    return LoadedDatabases(tuple(held.models.values()), (*held.errors, *found), waivers, held.paths)


def load_database(path: Path) -> Database:
    """Read one database's file; raise the first :class:`SuiteError` when it is wrong."""
    return _reader().read_one(path)


def _reader() -> Reader[Database]:
    return Reader("database", Database, check_database)


def database_sha(path: Path) -> str:
    """Return the SHA-256 of the database's file and the folder's waivers, as 64 hex digits."""
    return sha_of((path, path.parent / FILE))


def holds_databases(path: Path) -> bool:
    """Tell whether a file, or any file of a folder, describes a database rather than a suite."""
    files = _files(path) if path.is_dir() else [path]
    return any(_OF_A_DATABASE.search(file.read_text(errors="replace")) for file in files if file.is_file())


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.y*ml") if path.suffix in (".yaml", ".yml") and path.name != FILE)


def check_database(database: Database) -> Iterator[Problem]:
    """Yield everything that is wrong with a well-formed database."""
    yield from check_times(database.timezone, database.schedule)
    for name, rules in database.tables.items():
        if why := database.wants(name):
            yield Problem(("tables", name), f"there are rules for table {name!r}, which is left out: {why}.")
        yield from _table(name, rules)


def _table(name: str, rules: TableRules) -> Iterator[Problem]:
    for column in rules.key:
        if (rule := rules.columns.get(column)) and rule.ignore:
            yield Problem(("tables", name, "key"), f"key column {column!r} is ignored.", "Compare it.")
    yield from check_expression(rules.where, ("tables", name, "where"))
    for column, rule in rules.columns.items():
        if rule.legacy_sql or rule.target_sql or rule.legacy_timezone != rule.target_timezone:
            yield Problem(
                ("tables", name, "columns", column),
                "the rule rewrites a side, but the servers' digests compare what is stored.",
                "Use tolerance, trim, case or ignore.",
            )


def _waivers(
    folder: Path, databases: Mapping[str, Database], broken: frozenset[str]
) -> tuple[tuple[Waiver, ...], list[SuiteError]]:
    path = folder / FILE
    if not path.exists():
        return (), []
    try:
        return checked_waivers(read_document(path), partial(_check, databases=databases, broken=broken))
    except SuiteError as error:
        return (), [error]


def _check(waiver: Waiver, databases: Mapping[str, Database], broken: frozenset[str]) -> Iterator[Problem]:
    """Check what the files know; whether the table exists only the servers can tell."""
    if (database := databases.get(waiver.suite)) is None:
        if waiver.suite not in broken:
            remedy = did_you_mean(waiver.suite, databases, "Known:")
            yield Problem(("suite",), f"no database is called {waiver.suite!r}.", remedy)
        return
    if why := database.wants(waiver.activity):
        yield Problem(("activity",), f"table {waiver.activity!r} is left out ({why}): nothing to waive.")
    rule = database.rules(waiver.activity).columns.get(waiver.column or "")
    if rule and rule.ignore:
        yield Problem(("column",), f"column {waiver.column!r} is ignored, so there is nothing to waive.")
