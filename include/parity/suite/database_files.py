"""Databases read from a folder: every valid one, and an error with file, line and suggestion for each mistake.

A folder holds ``<database>.yaml`` and ``waivers.yaml``. A broken file does not affect the others. Nothing heavy
is imported: this runs whenever Dag files are parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from parity.suite.checks import check_expression, check_times
from parity.suite.databases import Database, TableRules
from parity.suite.diagnostics import Diagnostic
from parity.suite.model_loader import WAIVERS_FILE, LoadedModels, ModelLoader, files_sha, yaml_files
from parity.suite.models import Waiver
from parity.suite.waivers import with_waivers
from parity.wording import did_you_mean

_DATABASE_KEY = re.compile(r"^database\s*:", re.MULTILINE)


def load_databases(folder: Path) -> LoadedModels[Database]:
    """Read every ``*.yaml`` of ``folder`` and its waivers; none where the folder does not exist."""
    loaded = ModelLoader("database", Database, check_database).read_all(yaml_files(folder))
    return with_waivers(loaded, folder, _check)


def database_sha(path: Path) -> str:
    """Return the SHA-256 of the database's file and the folder's waivers, as 64 hex digits."""
    return files_sha((path, path.parent / WAIVERS_FILE))


def holds_databases(path: Path) -> bool:
    """Return whether a file, or any file of a folder, describes a database rather than a suite."""
    files = yaml_files(path) if path.is_dir() else [path]
    return any(_DATABASE_KEY.search(file.read_text(errors="replace")) for file in files if file.is_file())


def check_database(database: Database) -> Iterator[Diagnostic]:
    """Yield every mistake in a well-formed database."""
    yield from check_times(database.timezone, database.schedule)
    for name, rules in database.tables.items():
        if why := database.exclusion(name):
            yield Diagnostic(("tables", name), f"there are rules for table {name!r}, which is left out: {why}.")
        yield from _table(name, rules)


def _table(name: str, rules: TableRules) -> Iterator[Diagnostic]:
    for column in rules.key:
        if (rule := rules.columns.get(column)) and rule.ignore:
            yield Diagnostic(("tables", name, "key"), f"key column {column!r} is ignored.", "Compare it.")
    yield from check_expression(rules.where, ("tables", name, "where"))
    for column, rule in rules.columns.items():
        if rule.legacy_sql or rule.target_sql or rule.legacy_timezone != rule.target_timezone:
            yield Diagnostic(
                ("tables", name, "columns", column),
                "the rule rewrites a side, but the servers' digests compare what is stored.",
                "Use tolerance, trim, case or ignore.",
            )


def _check(waiver: Waiver, databases: Mapping[str, Database], broken: frozenset[str]) -> Iterator[Diagnostic]:
    """Check what the files show; whether a table exists is checked against the servers."""
    if (database := databases.get(waiver.suite)) is None:
        if waiver.suite not in broken:
            remedy = did_you_mean(waiver.suite, databases, "Known:")
            yield Diagnostic(("suite",), f"no database is called {waiver.suite!r}.", remedy)
        return
    if why := database.exclusion(waiver.activity):
        yield Diagnostic(("activity",), f"table {waiver.activity!r} is left out ({why}): nothing to waive.")
    rule = database.rules(waiver.activity).columns.get(waiver.column or "")
    if rule and rule.ignore:
        yield Diagnostic(("column",), f"column {waiver.column!r} is ignored, so there is nothing to waive.")
